//! gRPC beside REST, on the same listener: each service a route, and for all of them together health and
//! reflection.
//!
//! HTTP/2 comes by ALPN or, in plain HTTP, by prior knowledge. What surrounds every router surrounds
//! these: deadlines, panics as answers, metrics; a client reads a status of HTTP as the code of gRPC
//! that stands for it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lite_grpc::health::v1::health_check_response::ServingStatus;
use lite_grpc::health::v1::health_server::{self, HealthServer};
use lite_grpc::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use lite_grpc::{DESCRIPTORS, MAX_MESSAGE};
use tonic::codegen::{BoxStream, Service};
use tonic::server::NamedService;
use tonic::{Code, Status};
use tonic_reflection::server::Builder;

use crate::{Health, rpc};

/// The services of a server, or of several on one address.
#[derive(Default)]
pub struct GrpcServices {
    router: Router,
    /// Each with the part of [`Health`] that it is healthy with.
    parts: Vec<(&'static str, &'static str)>,
}

impl GrpcServices {
    /// Adds a service of tonic's. It is as healthy as the part of this name.
    #[must_use]
    pub fn with<S>(mut self, part: &'static str, service: S) -> Self
    where
        S: Service<Request, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.router = self.router.merge(route(service));
        self.parts.push((S::NAME, part));
        self
    }

    /// Those of another server on the same address.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.parts.extend(other.parts);
        self
    }

    /// Changes the routes so far: for what a server puts in front of its doors.
    #[must_use]
    pub fn map(mut self, change: impl FnOnce(Router) -> Router) -> Self {
        self.router = change(self.router);
        self
    }

    /// The routes, with the health of the parts and with reflection of what is served here. None at
    /// all where there is no service.
    pub fn router(self, health: &Health) -> Router {
        let Self { router, parts } = self;
        if parts.is_empty() {
            return router;
        }
        let names: Vec<&'static str> = parts.iter().map(|(name, _)| *name).collect();
        let health = Doctor { health: health.clone(), parts: parts.into() };
        let router = router.merge(route(
            HealthServer::new(health)
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE),
        ));
        reflect(router, &names).layer(middleware::from_fn(count))
    }
}

/// The route of one service: its name, and below it its methods.
fn route<S>(service: S) -> Router
where
    S: Service<Request, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    Router::new().route_service(&format!("/{}/{{*method}}", S::NAME), service)
}

/// Adds server reflection, in the version of today and in the one that most tools still ask for.
fn reflect(router: Router, names: &[&'static str]) -> Router {
    let builder = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .with_service_name(health_server::SERVICE_NAME);
        names.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    // They fail where the descriptors cannot be read, and ours were written by the build.
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => router.merge(route(v1)).merge(route(v1alpha)),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "no server reflection");
            router
        }
    }
}

/// Counts an answer under its code. An answer with messages ends with 0 or breaks off, because
/// nothing here streams.
async fn count(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let code = match response.headers().get("grpc-status") {
        Some(code) => Code::from_bytes(code.as_bytes()),
        None if response.status().is_success() => Code::Ok,
        None => Code::Unknown,
    };
    metrics::counter!("grpc_requests_total", "code" => i32::from(code).to_string()).increment(1);
    response
}

impl From<rpc::Status> for Status {
    fn from(status: rpc::Status) -> Self {
        Self::new(Code::from_i32(status.code), status.message)
    }
}

/// An answer that holds nothing but a status, for what is in front of a door.
#[must_use]
pub fn refusal(status: Status) -> Response {
    status.into_http::<Body>()
}

/// `grpc.health.v1.Health` over the checks of this process.
#[derive(Clone)]
struct Doctor {
    health: Health,
    parts: Arc<[(&'static str, &'static str)]>,
}

#[tonic::async_trait]
impl health_server::Health for Doctor {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(
        &self,
        request: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        let failing = self.health.failing();
        let is_well = if service.is_empty() {
            failing.is_empty()
        } else {
            let known = self.parts.iter().find(|(name, _)| *name == service);
            let (_, part) = known.ok_or_else(|| Status::not_found("unknown service"))?;
            !failing.iter().any(|(name, _)| name == part)
        };
        let status = if is_well { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(tonic::Response::new(HealthCheckResponse { status: status.into() }))
    }

    /// As upstream's servers have it.
    async fn list(
        &self,
        _: tonic::Request<HealthListRequest>,
    ) -> Result<tonic::Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("method List not implemented"))
    }

    /// As upstream's servers have it: a client asks again.
    async fn watch(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("method Watch not implemented"))
    }
}
