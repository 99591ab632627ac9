//! The routes, and who answers behind them.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use lite_http::shell::Deadline;
use lite_oci::{Digest, RepositoryName};

use crate::access::{Action, Resource, token};
use crate::app::App;
use crate::http::endpoint::{Endpoint, Parameters};
use crate::http::{blobs, listing, manifests, page, uploads};
use crate::refusal::Refusal;

/// The whole API below `/v2`, and the page for people.
pub(crate) fn router(app: App) -> Router {
    let api = Router::new()
        .route("/v2", any(base))
        .route("/v2/", any(base))
        .route("/v2/_catalog", any(catalog))
        .route(token::PATH, any(token::exchange))
        .route("/v2/{*rest}", any(repository))
        .layer(map_response(version));
    Router::new().merge(api).route("/registry", get(page::registry)).with_state(app)
}

/// end-1: whether this is a registry, and who may use it.
async fn base(State(app): State<App>, request: Request) -> Result<Response, Response> {
    only_reads(request.method()).map_err(Refusal::into_response)?;
    app.access.check(request.headers(), Resource::Registry).await?;
    Ok(([(CONTENT_TYPE, "application/json")], "{}").into_response())
}

async fn catalog(State(app): State<App>, request: Request) -> Result<Response, Response> {
    only_reads(request.method()).map_err(Refusal::into_response)?;
    app.access.check(request.headers(), Resource::Catalog).await?;
    listing::catalog(&app, &parameters(&request)).map_err(Refusal::into_response)
}

/// The other endpoints: they belong to a repository.
async fn repository(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Response> {
    let unknown = || Refusal::NameUnknown.into_response();
    let Ok(Path(path)) = path else { return Err(unknown()) };
    let (name, endpoint) = Endpoint::of(&path).ok_or_else(unknown)?;
    let name: RepositoryName =
        name.parse().map_err(|error| Refusal::Name(error).into_response())?;
    let action =
        Action::of(request.method(), matches!(endpoint, Endpoint::Upload(_) | Endpoint::Uploads));
    app.access.check(request.headers(), Resource::Repository(&name, action)).await?;
    serve(&app, name, endpoint, request).await.map_err(Refusal::into_response)
}

async fn serve(
    app: &App,
    name: RepositoryName,
    endpoint: Endpoint<'_>,
    request: Request,
) -> Result<Response, Refusal> {
    let parameters = parameters(&request);
    let deadline = request.extensions().get::<Deadline>().cloned();
    let (parts, body) = request.into_parts();
    let (method, headers) = (parts.method, parts.headers);
    match (endpoint, method.as_str()) {
        (Endpoint::Blob(digest), "GET" | "HEAD") => {
            blobs::get(app, &method, name, digest.parse()?, &headers).await
        }
        (Endpoint::Blob(digest), "DELETE") => blobs::delete(app, name, digest.parse()?).await,
        (Endpoint::Manifest(reference), "GET" | "HEAD") => {
            manifests::get(app, &method, name, reference, &headers).await
        }
        (Endpoint::Manifest(reference), "PUT") => {
            manifests::put(app, name, reference, &parameters, &headers, body).await
        }
        (Endpoint::Manifest(reference), "DELETE") => manifests::delete(app, name, reference).await,
        (Endpoint::Referrers(digest), "GET" | "HEAD") => {
            listing::referrers(app, &name, &digest.parse::<Digest>()?, &parameters)
        }
        (Endpoint::History(tag), "GET" | "HEAD") => listing::history(app, &name, tag),
        (Endpoint::Tags, "GET" | "HEAD") => listing::tags(app, &name, &parameters),
        (Endpoint::Uploads | Endpoint::Upload(_), _) => {
            let request = uploads::Request { app, name, parameters, headers, deadline };
            match (endpoint, method.as_str()) {
                (Endpoint::Uploads, "POST") => request.begin(body).await,
                (Endpoint::Upload(id), "GET" | "HEAD") => request.status(id).await,
                (Endpoint::Upload(id), "PATCH") => request.append(id, body).await,
                (Endpoint::Upload(id), "PUT") => request.end(id, body).await,
                (Endpoint::Upload(id), "DELETE") => request.cancel(id),
                _ => Err(Refusal::Method),
            }
        }
        _ => Err(Refusal::Method),
    }
}

fn only_reads(method: &Method) -> Result<(), Refusal> {
    if [Method::GET, Method::HEAD].contains(method) { Ok(()) } else { Err(Refusal::Method) }
}

fn parameters(request: &Request) -> Parameters {
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    Parameters(query.map(|Query(pairs)| pairs).unwrap_or_default())
}

/// Older clients look for it.
async fn version(mut response: Response) -> Response {
    let name = HeaderName::from_static("docker-distribution-api-version");
    response.headers_mut().insert(name, HeaderValue::from_static("registry/2.0"));
    response
}
