//! `/healthz` and `/readyz`: whether every part does what it promises.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::json;

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The checks of every part of this process. Clones share them.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Vec<(String, Check)>>>);

impl Health {
    /// Adds a part. `check` must answer at once, from memory; its error is for the operator and
    /// is shown to whoever asks, so it holds no secret.
    pub fn add(
        &self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.lock().push((name.into(), Box::new(check)));
    }

    /// The parts that do not do what they promise, with their reasons.
    #[must_use]
    pub fn failing(&self) -> Vec<(String, String)> {
        self.lock()
            .iter()
            .filter_map(|(name, check)| check().err().map(|why| (name.clone(), why)))
            .collect()
    }

    /// The routes `/healthz` and `/readyz`: 200 `{"status":"SERVING"}`, the words of gRPC's
    /// health service, or 503 with the parts that fail.
    pub fn router(&self) -> Router {
        let health = self.clone();
        let handler = move || std::future::ready(health.respond());
        Router::new().route("/healthz", get(handler.clone())).route("/readyz", get(handler))
    }

    fn respond(&self) -> Response {
        let failing = self.failing();
        if failing.is_empty() {
            return axum::Json(json!({ "status": "SERVING" })).into_response();
        }
        let failing: serde_json::Map<_, _> =
            failing.into_iter().map(|(name, why)| (name, why.into())).collect();
        let body = axum::Json(json!({ "status": "NOT_SERVING", "failing": failing }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Check)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn one_failing_part_makes_the_whole_unhealthy() {
        let health = Health::default();
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        health.add("log", move || {
            if flag.load(Ordering::SeqCst) { Err("stopped".to_owned()) } else { Ok(()) }
        });
        assert_eq!(health.respond().status(), 200);
        broken.store(true, Ordering::SeqCst);
        assert_eq!(health.respond().status(), 503);
        assert_eq!(health.failing(), [("log".to_owned(), "stopped".to_owned())]);
    }
}
