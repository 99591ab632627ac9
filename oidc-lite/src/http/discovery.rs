//! What clients read before they come: discovery, the key set; and the style sheet of the pages.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, IssuerUrl, JsonWebKeySetUrl, ProviderMetadata,
    ResponseTypes, Scope, TokenUrl, UserInfoUrl, url,
};
use serde::{Deserialize, Serialize};

use super::page::STYLE;
use crate::server::App;

/// Members of the document that the OpenID Connect library does not know.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct More {
    /// RFC 8628, Section 4: cosign without a terminal looks for it.
    device_authorization_endpoint: String,
    /// RFC 8414, Section 2: cosign and sigstore-python refuse a provider without S256.
    code_challenge_methods_supported: Vec<String>,
}

impl AdditionalProviderMetadata for More {}

type Document = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// `GET /.well-known/openid-configuration`
pub(crate) async fn configuration(State(app): State<App>) -> Response {
    match document(&app.config.issuer) {
        Ok(document) => {
            ([(header::CACHE_CONTROL, "public, max-age=300")], Json(document)).into_response()
        }
        // The issuer was parsed when the server opened.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// OpenID Connect Discovery 1.0, Section 3. The password grant is not announced: it is for the
/// project's own command line.
fn document(issuer: &str) -> Result<Document, url::ParseError> {
    let at = |path: &str| format!("{issuer}{path}");
    let more = More {
        device_authorization_endpoint: at("/device/code"),
        code_challenge_methods_supported: vec!["S256".to_owned()],
    };
    let document = Document::new(
        IssuerUrl::new(issuer.to_owned())?,
        AuthUrl::new(at("/auth"))?,
        JsonWebKeySetUrl::new(at("/keys"))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
        more,
    );
    let claims =
        ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "email", "email_verified"];
    Ok(document
        .set_token_endpoint(Some(TokenUrl::new(at("/token"))?))
        .set_userinfo_endpoint(Some(UserInfoUrl::new(at("/userinfo"))?))
        .set_grant_types_supported(Some(vec![
            CoreGrantType::AuthorizationCode,
            CoreGrantType::DeviceCode,
            CoreGrantType::ClientCredentials,
        ]))
        .set_response_modes_supported(Some(vec![CoreResponseMode::Query]))
        .set_scopes_supported(Some(
            ["openid", "email"].map(|scope| Scope::new(scope.to_owned())).to_vec(),
        ))
        .set_token_endpoint_auth_methods_supported(Some(vec![
            CoreClientAuthMethod::None,
            CoreClientAuthMethod::ClientSecretBasic,
            CoreClientAuthMethod::ClientSecretPost,
        ]))
        .set_claims_supported(Some(
            claims.map(|claim| CoreClaimName::new(claim.to_owned())).to_vec(),
        ))
        .set_request_parameter_supported(Some(false))
        .set_request_uri_parameter_supported(Some(false)))
}

/// `GET /keys`. Kept for less time than a key is announced ahead.
pub(crate) async fn keys(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=600"),
    ];
    (headers, app.jwks().to_string()).into_response()
}

/// `GET /static/login.css`
pub(crate) async fn style_sheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE).into_response()
}
