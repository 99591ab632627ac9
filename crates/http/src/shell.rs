//! What surrounds a router, whichever server's it is.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use tokio::sync::watch;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::rpc;

/// The longest a request may take. Upstream's Rekor allows 20 s; clients give up at 5 to 30.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(30);
/// The longest pause within a body.
const BODY_PAUSE: Duration = Duration::from_secs(15);
/// The largest body where a route sets no limit of its own, in bytes: upstream's 4 MiB.
pub const BODY_LIMIT: usize = 4 << 20;

/// Puts the shell around a finished router: the last 404, a body limit, deadlines, panics as
/// answers, metrics.
///
/// Duplicate slashes are not this layer's business, because a router has matched by the time its
/// layers run: see [`collapse_slashes`], which [`crate::serve`] applies first.
pub fn wrap(router: Router) -> Router {
    router
        .fallback(rpc::not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(record))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| answer_panic(&*panic)))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::map_response(nosniff))
}

/// The same request target with runs of slashes in its path made one: several clients append
/// `/api/…` to a base URL that ends in a slash.
#[must_use]
pub fn collapse_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") {
        return None;
    }
    let mut collapsed = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !collapsed.ends_with('/') {
            collapsed.push(c);
        }
    }
    if let Some(query) = uri.query() {
        collapsed.push('?');
        collapsed.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(collapsed).ok()?);
    Uri::from_parts(parts).ok()
}

/// When the shell answers for a handler that does not. Each request carries one.
///
/// A handler that takes a body of any length moves it on with each piece, so that its client is held
/// to a pace and not to a length; whoever does nothing with it has [`REQUEST_DEADLINE`].
#[derive(Clone, Debug)]
pub struct Deadline(watch::Sender<Instant>);

impl Deadline {
    /// Gives the handler so long from now on, if that is longer than it has.
    pub fn allow(&self, time: Duration) {
        let by = Instant::now() + time;
        self.0.send_if_modified(|deadline| {
            let later = by > *deadline;
            *deadline = by.max(*deadline);
            later
        });
    }
}

/// Answers for a handler that does not: what it promised by then is kept, and may be asked for again.
async fn in_time(mut request: Request, next: Next) -> Response {
    let (deadline, moved) = watch::channel(Instant::now() + REQUEST_DEADLINE);
    request.extensions_mut().insert(Deadline(deadline));
    let passed = async {
        loop {
            let deadline = *moved.borrow();
            tokio::time::sleep_until(deadline).await;
            if *moved.borrow() == deadline {
                return;
            }
        }
    };
    tokio::select! {
        response = next.run(request) => response,
        () = passed => rpc::Status::unavailable("no answer in time").into_response(),
    }
}

async fn nosniff(mut response: Response) -> Response {
    // Some answers hold bytes that strangers chose; a browser must not guess what they are.
    response.headers_mut().insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Counts the request under its route, not its path: a path is the client's to choose, and every
/// new one would cost memory.
async fn record(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let code = response.status().as_u16().to_string();
    metrics::counter!("http_requests_total", "code" => code, "method" => method, "route" => route.clone())
        .increment(1);
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route)
        .record(start.elapsed().as_secs_f64());
    response
}

fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn answer_panic(panic: &(dyn Any + Send)) -> Response {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(panic = said, "a handler panicked");
    metrics::counter!("http_panics_total").increment(1);
    rpc::Status::internal("internal error").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[track_caller]
    fn check(given: &str, want: Option<&str>) {
        let collapsed = collapse_slashes(&given.parse().unwrap());
        assert_eq!(collapsed.map(|uri| uri.to_string()).as_deref(), want);
    }

    #[test]
    fn runs_of_slashes_become_one() {
        check("/api/v2/signingCert", None);
        check("//api/v2/signingCert", Some("/api/v2/signingCert"));
        check("/api///v2//log?a=//b", Some("/api/v2/log?a=//b"));
        check("http://host//x", Some("http://host/x"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_does_not_answer_is_answered_for() {
        let router = wrap(Router::new().route("/never", get(std::future::pending::<()>)));
        let ask = Request::builder().uri("/never").body(Body::empty()).unwrap();
        let response = router.oneshot(ask).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], "application/json");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_moves_its_deadline_is_waited_for_while_it_moves() {
        async fn streams(request: Request) -> &'static str {
            let deadline = request.extensions().get::<Deadline>().unwrap().clone();
            for _ in 0..10 {
                deadline.allow(REQUEST_DEADLINE);
                deadline.allow(Duration::ZERO);
                tokio::time::sleep(Duration::from_secs(29)).await;
            }
            if request.uri().query().is_some() { std::future::pending().await } else { "done" }
        }
        let router = wrap(Router::new().route("/", get(streams)));
        for (uri, status, seconds) in [("/", 200, 290), ("/?stops", 503, 291)] {
            let start = Instant::now();
            let ask = Request::builder().uri(uri).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(ask).await.unwrap();
            assert_eq!((response.status().as_u16(), start.elapsed().as_secs()), (status, seconds));
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        async fn burst() {
            panic!("burst");
        }
        let router = wrap(Router::new().route("/burst", get(burst)));
        let ask = |path: &str| Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(ask("/burst")).await.unwrap();
        assert_eq!(response.status(), 500);
        let response = router.oneshot(ask("/nowhere")).await.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}
