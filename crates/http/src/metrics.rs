//! Prometheus metrics, on a listener of their own.
//!
//! Servers count with the macros of the `metrics` crate and know nothing of this module.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the latency histograms, in seconds: from a memory read to a full deadline.
const BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded twice in one process")]
pub struct MetricsError;

/// Installs the recorder of this process. Call it once, before the first request.
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .map_err(|_| MetricsError)?
        .build_recorder();
    let handle = recorder.handle();
    ::metrics::set_global_recorder(recorder).map_err(|_| MetricsError)?;
    Ok(handle)
}

/// The route `/metrics`. Never merge it into a public router: names and rates tell an attacker
/// who signs what, when.
pub fn router(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(move || std::future::ready(handle.render())))
}

/// Folds old samples of the histograms together now and then, for as long as the process runs.
pub async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        handle.run_upkeep();
    }
}
