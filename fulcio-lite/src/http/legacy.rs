//! `POST /api/v1/signingCert` and `GET /api/v1/rootCert`: what cosign before 3.1 speaks.

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use lite_http::rpc::{Base64Bytes, Status};
use lite_issuer::{Evidence, Request};
use lite_pki::Certificate;
use serde::Deserialize;

use super::input;
use crate::app::App;

const PEM_CHAIN: &str = "application/pem-certificate-chain";

/// Answers 201, and nothing else will do: clients compare.
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse, Status> {
    let message: Message = input::message(body)?;
    let token = input::bearer(&headers);
    let issued = app.issue(Request { token, evidence: message.into_evidence() }).await?;
    let pem = Certificate::chain_to_pem(&issued.full_chain());
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, PEM_CHAIN)], pem.trim_end().to_owned()))
}

/// Every chain's certificates in PEM; there is one chain.
pub(crate) async fn root_cert(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, PEM_CHAIN)], Certificate::chain_to_pem(app.chain()))
}

/// `CreateSigningCertificateRequest` of v1beta (`fulcio_legacy.proto`). Go's client sends all three fields, the
/// unused ones null or empty.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    #[serde(alias = "public_key")]
    public_key: Option<PublicKey>,
    #[serde(alias = "signed_email_address")]
    signed_email_address: Option<Base64Bytes>,
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<Base64Bytes>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PublicKey {
    content: Option<Base64Bytes>,
}

impl Message {
    fn into_evidence(self) -> Evidence {
        let csr = self.certificate_signing_request.unwrap_or_default().0;
        if !csr.is_empty() {
            return Evidence::SigningRequest(csr);
        }
        let key = self.public_key.unwrap_or_default().content.unwrap_or_default().0;
        Evidence::PublicKey { key, proof: self.signed_email_address.unwrap_or_default().0 }
    }
}
