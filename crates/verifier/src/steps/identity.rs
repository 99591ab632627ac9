//! (3) Is it who we expect?

use lite_bundle::Signer;
use lite_keys::PublicKey;
use lite_pki::Certificate;

use super::{Passed, short};
use crate::policy::Identity;
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;

/// The certificate must be of one of the identities; the evidence says of which.
pub(crate) fn verify(leaf: &Certificate, identities: &[Identity]) -> Passed<()> {
    let names: Vec<&str> = leaf.alt_names().iter().filter_map(|name| name.as_text()).collect();
    let issuer = leaf.fulcio().issuer();
    let mut nearest = None;
    for identity in identities {
        match matches(identity, &names, issuer, leaf) {
            Ok(evidence) => return Ok(((), evidence)),
            // The identity that came closest is the one worth explaining.
            Err(refusal) => {
                let better = |best: &Refusal| rank(refusal.reason) > rank(best.reason);
                if nearest.as_ref().is_none_or(better) {
                    nearest = Some(refusal);
                }
            }
        }
    }
    Err(nearest.unwrap_or_else(|| {
        Refusal::new(
            Reason::IdentityMismatch,
            "nobody: the policy names no identity",
            names.join(", "),
        )
    }))
}

const fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::IdentityMismatch => 0,
        Reason::IssuerMismatch => 1,
        _ => 2,
    }
}

fn matches(
    identity: &Identity,
    names: &[&str],
    issuer: Option<&str>,
    leaf: &Certificate,
) -> Result<Evidence, Refusal> {
    let Some(name) = names.iter().find(|name| identity.name.matches(name)) else {
        let found = if names.is_empty() {
            "a certificate without a name".to_owned()
        } else {
            names.join(", ")
        };
        return Err(Refusal::new(Reason::IdentityMismatch, &identity.name, found));
    };
    let Some(issuer) = issuer.filter(|issuer| identity.issuer.matches(issuer)) else {
        return Err(Refusal::new(
            Reason::IssuerMismatch,
            &identity.issuer,
            issuer.unwrap_or("no issuer"),
        ));
    };
    let mut evidence = Evidence::default().with("signer", name).with("issuer", issuer);
    for claim in &identity.claims {
        let found = leaf.fulcio().get(claim.extension);
        let name = claim.extension.name();
        let Some(text) = found.filter(|text| claim.value.matches(text)) else {
            let expected = format!("{name} {}", claim.value);
            let found = found.unwrap_or("no such extension");
            return Err(Refusal::new(Reason::ClaimMismatch, expected, found));
        };
        evidence.add(name, text);
    }
    Ok(evidence)
}

/// A managed key: the bundle must not claim that somebody with a certificate signed.
pub(crate) fn verify_key(signer: &Signer, key: &PublicKey) -> Passed<()> {
    match signer {
        Signer::PublicKey { .. } => Ok((
            (),
            Evidence::default().with("key", format!("{} {}", key.kind(), fingerprint(key))),
        )),
        Signer::Certificate(_) | Signer::CertificateChain(_) => Err(Refusal::new(
            Reason::SignerIsCertificate,
            format!("the key {}", fingerprint(key)),
            "a certificate",
        )),
    }
}

/// SHA-256 of the SPKI, as cosign's hints have it.
fn fingerprint(key: &PublicKey) -> String {
    short(&lite_keys::HashAlgorithm::Sha256.digest(key.spki_der()))
}
