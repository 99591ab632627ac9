//! `GET /api/v2/configuration`

use axum::Json;
use axum::extract::State;
use lite_issuer::Issuer;
use serde::Serialize;

use crate::app::App;

pub(crate) async fn get(State(app): State<App>) -> Json<Configuration> {
    Json(Configuration { issuers: issuers(&app).collect() })
}

/// Whose tokens are believed: issuers first, then patterns of them.
pub(crate) fn issuers(app: &App) -> impl Iterator<Item = OidcIssuer> {
    let issuers = &app.authority().issuers;
    let exact = issuers.exact().map(|issuer| OidcIssuer::of(issuer, false));
    let meta = issuers.meta().map(|issuer| OidcIssuer::of(issuer, true));
    exact.chain(meta)
}

#[derive(Serialize)]
pub(crate) struct Configuration {
    issuers: Vec<OidcIssuer>,
}

/// `OIDCIssuer` (fulcio.proto), with empty fields written out but for the `oneof`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OidcIssuer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wildcard_issuer_url: Option<String>,
    pub(crate) audience: String,
    pub(crate) challenge_claim: String,
    pub(crate) spiffe_trust_domain: String,
    pub(crate) issuer_type: String,
    pub(crate) subject_domain: String,
    pub(crate) skip_email_verification: bool,
}

impl OidcIssuer {
    fn of(issuer: &Issuer, wildcard: bool) -> Self {
        let section = &issuer.section;
        let claim = if section.challenge_claim.is_empty() {
            issuer.kind.challenge_claim()
        } else {
            &section.challenge_claim
        };
        Self {
            issuer_url: (!wildcard).then(|| issuer.url.clone()),
            wildcard_issuer_url: wildcard.then(|| issuer.url.clone()),
            audience: issuer.client_id.clone(),
            challenge_claim: claim.to_owned(),
            spiffe_trust_domain: section.spiffe_trust_domain.clone(),
            issuer_type: issuer.kind.name().to_owned(),
            subject_domain: section.subject_domain.clone(),
            skip_email_verification: section.skip_email_verification,
        }
    }
}
