//! A registry made for a test: routes that answer what the test says, and remember who asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use lite_images::{Access, Registry, Repository};

/// What was asked: method, path with query, and `Authorization`.
pub(crate) type Asked = (Method, String, Option<String>);

/// A registry that lives as long as the test's runtime.
#[derive(Clone)]
pub(crate) struct Double {
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

impl Double {
    /// A registry that answers each request with what `answer` makes of it.
    pub(crate) async fn start(
        answer: impl Fn(&Method, &str, &HeaderMap) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (log, answer) = (Arc::clone(&log), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                // A whole body, so that the connection is not cut while the client still sends.
                let _ = axum::body::to_bytes(body, 1 << 24).await;
                let path = parts.uri.to_string();
                let who = parts.headers.get("authorization");
                let who = who.map(|value| value.to_str().unwrap().to_owned());
                log.lock().unwrap().push((parts.method.clone(), path.clone(), who));
                respond(answer(&parts.method, &path, &parts.headers))
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, asked }
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The repository `app` in here.
    pub(crate) fn app(&self, access: Access) -> Repository {
        let reference = format!("{}/app", self.host).parse().unwrap();
        Registry::new(access).unwrap().repository(&reference)
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = answer.body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    response.headers_mut().remove("content-type");
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
