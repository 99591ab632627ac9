//! `POST /api/v2/signingCert`

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use bytes::Bytes;
use http::HeaderMap;
use lite_http::rpc::{Base64Bytes, Status};
use lite_issuer::{Evidence, Request};
use lite_pki::profile::Issued;
use serde::{Deserialize, Serialize};

use super::input;
use crate::app::App;

pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Response>, Status> {
    let message: Message = input::message(body)?;
    let request = message.into_request(&headers)?;
    let issued = app.issue(request).await?;
    Ok(Json(Response::of(&issued)))
}

/// `CreateSigningCertificateRequest` (fulcio.proto). `publicKey.algorithm` is not read: the key says it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    credentials: Option<Credentials>,
    #[serde(alias = "public_key_request")]
    public_key_request: Option<PublicKeyRequest>,
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<Base64Bytes>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Credentials {
    #[serde(alias = "oidc_identity_token")]
    oidc_identity_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PublicKeyRequest {
    #[serde(alias = "public_key")]
    public_key: Option<PublicKey>,
    #[serde(alias = "proof_of_possession")]
    proof_of_possession: Option<Base64Bytes>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PublicKey {
    content: Option<String>,
}

/// `SigningCertificate`, with the SCT embedded.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    signed_certificate_embedded_sct: EmbeddedSct,
}

#[derive(Serialize)]
struct EmbeddedSct {
    chain: Chain,
}

#[derive(Serialize)]
struct Chain {
    certificates: Vec<String>,
}

impl Message {
    fn into_request(self, headers: &HeaderMap) -> Result<Request, Status> {
        if self.public_key_request.is_some() && self.certificate_signing_request.is_some() {
            return Err(Status::invalid_argument("oneof key is already set"));
        }
        // The body goes before the header.
        let in_body = self.credentials.and_then(|credentials| credentials.oidc_identity_token);
        let token =
            in_body.filter(|token| !token.is_empty()).unwrap_or_else(|| input::bearer(headers));
        let csr = self.certificate_signing_request.unwrap_or_default().0;
        let evidence = if csr.is_empty() {
            let request = self.public_key_request.unwrap_or_default();
            let key = request.public_key.unwrap_or_default().content.unwrap_or_default();
            let proof = request.proof_of_possession.unwrap_or_default().0;
            Evidence::PublicKey { key: key.into_bytes(), proof }
        } else {
            Evidence::SigningRequest(csr)
        };
        Ok(Request { token, evidence })
    }
}

impl Response {
    fn of(issued: &Issued) -> Self {
        let chain = Chain { certificates: chain(issued) };
        Self { signed_certificate_embedded_sct: EmbeddedSct { chain } }
    }
}

/// One certificate a string, without a newline at its end, down to the root: sigstore-java looks for the
/// trusted chain as the exact end of this one.
pub(crate) fn chain(issued: &Issued) -> Vec<String> {
    issued.full_chain().into_iter().map(|one| one.to_pem().trim_end().to_owned()).collect()
}
