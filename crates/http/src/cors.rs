//! Which APIs the pages of other origins may use.
//!
//! Upstream's Fulcio and timestamp authority are open to all of them, for clients that run in a
//! browser: what they answer is public, and what they ask for stands in the request, never in a
//! cookie. Nothing that knows cookies may be opened like this.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};

/// A layer, for [`axum::middleware::from_fn`], that lets every page read the answers (Fetch
/// standard, Section 3.3), with the methods and headers that upstream allows.
pub async fn open(request: Request, next: Next) -> Response {
    let from_page = request.headers().contains_key(ORIGIN);
    let asks_first = from_page
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if asks_first { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if from_page {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if asks_first {
        let methods = HeaderValue::from_static("GET, HEAD, POST");
        let names = HeaderValue::from_static("Accept, Content-Type, X-Requested-With");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}
