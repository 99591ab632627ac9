//! The certificate authority: a token and a proven key in, a certificate chain out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lite_keys::PublicKey;
use lite_pki::Certificate;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::token::IdToken;

const WHAT: &str = "the certificate authority";

/// Asks for a certificate of `key`; `proof` is the key's signature over the token's principal.
///
/// The answer is the leaf, its issuers, and the root, as the authority sent them: unverified.
pub(crate) async fn request_certificate(
    web: &Web,
    base: &str,
    token: &IdToken,
    key: &PublicKey,
    proof: &[u8],
) -> Outcome<Vec<Certificate>> {
    let body = json!({
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key.to_pem() },
            "proofOfPossession": STANDARD.encode(proof),
        },
    });
    let url = below(base, "api/v2/signingCert");
    let answer = web.post_json(WHAT, &url, &body, Some(token.as_str())).await?;
    if answer.status != StatusCode::OK {
        return Err(refusal(&answer, token));
    }
    chain(&answer)
}

/// Fulcio has no 401: a token it does not accept is a 400 that says so.
fn refusal(answer: &Answer, token: &IdToken) -> Failure {
    let failure = answer.refusal(WHAT);
    if answer.status != StatusCode::BAD_REQUEST || !answer.message().contains("identity token") {
        return failure;
    }
    Failure { exit: Exit::Identity, ..failure }
        .note("issuer", token.issuer())
        .note("who", token.who())
        .hint(
            "is the issuer one the authority accepts, and the token fresh? siglite token makes one",
        )
}

fn chain(answer: &Answer) -> Outcome<Vec<Certificate>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Issued {
        signed_certificate_embedded_sct: Option<Embedded>,
    }
    #[derive(Deserialize)]
    struct Embedded {
        chain: Chain,
    }
    #[derive(Deserialize)]
    struct Chain {
        certificates: Vec<String>,
    }
    let issued: Issued = answer.json(WHAT)?;
    let embedded = issued.signed_certificate_embedded_sct.ok_or_else(|| {
        answer.nonsense(WHAT).note("expected", "a certificate with an embedded SCT")
    })?;
    let certificates = embedded.chain.certificates;
    if certificates.is_empty() || certificates.len() > lite_pki::cert::MAX_CHAIN {
        return Err(answer
            .nonsense(WHAT)
            .note("found", format!("{} certificates", certificates.len())));
    }
    certificates
        .iter()
        .map(|pem| {
            Certificate::from_pem(pem).map_err(|error| answer.nonsense(WHAT).because(&error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::jwt;

    fn answer(status: StatusCode, body: &str) -> Answer {
        Answer::made(status, body)
    }

    #[test]
    fn a_refused_token_is_an_identity_problem_and_anything_else_the_instances() {
        let claims =
            json!({"iss": "http://i", "sub": "s", "aud": "sigstore", "exp": 2_000_000_000});
        let token = IdToken::parse(&jwt(&claims)).unwrap();
        let said = |message: &str| json!({"code": 3, "message": message}).to_string();
        let bad = said("There was an error processing the identity token");
        let failure = refusal(&answer(StatusCode::BAD_REQUEST, &bad), &token);
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.notes.contains(&("issuer", "http://i".to_owned())));
        let down = said("Error entering certificate in CTL");
        let failure = refusal(&answer(StatusCode::INTERNAL_SERVER_ERROR, &down), &token);
        assert_eq!(failure.exit, Exit::Instance);
    }

    #[test]
    fn a_detached_sct_is_not_what_a_bundle_can_hold() {
        let detached = r#"{"signedCertificateDetachedSct":{"chain":{"certificates":["x"]}}}"#;
        let failure = chain(&answer(StatusCode::OK, detached)).unwrap_err();
        assert_eq!(failure.exit, Exit::Instance);
        for body in
            [r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":[]}}}"#, "[]", "{}"]
        {
            assert!(chain(&answer(StatusCode::OK, body)).is_err(), "{body}");
        }
    }
}
