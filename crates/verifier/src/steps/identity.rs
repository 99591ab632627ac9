//! (3) Is it who we expect?

use lite_bundle::Signer;
use lite_keys::PublicKey;
use lite_pki::Certificate;

use super::{Passed, short};
use crate::near;
use crate::policy::{Identity, Matcher};
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;

/// The certificate must be of one of the identities; the evidence says of which.
pub(crate) fn verify(leaf: &Certificate, identities: &[Identity]) -> Passed<()> {
    let names: Vec<&str> = leaf.alt_names().iter().filter_map(|name| name.as_text()).collect();
    let issuer = leaf.fulcio().issuer();
    let mut nearest: Option<(Rank, Refusal)> = None;
    for identity in identities {
        match matches(identity, &names, issuer, leaf) {
            Ok(evidence) => return Ok(((), evidence)),
            // The identity that came closest is the one worth explaining.
            Err((rank, refusal)) => {
                if nearest.as_ref().is_none_or(|(best, _)| rank > *best) {
                    nearest = Some((rank, refusal));
                }
            }
        }
    }
    let nearest = nearest.map(|(_, refusal)| match identities.len() {
        0 | 1 => refusal,
        several => {
            let which = format!("of {several} identities this one came nearest");
            let words = refusal.nearest.iter().cloned().chain([which]).collect::<Vec<_>>();
            refusal.near(Some(words.join("; ")))
        }
    });
    Err(nearest.unwrap_or_else(|| {
        Refusal::new(
            Reason::IdentityMismatch,
            "nobody: the policy names no identity",
            names.join(", "),
        )
    }))
}

/// How near an identity came: how many of its parts were met, and how nearly the next one.
type Rank = (u8, u8);

fn matches(
    identity: &Identity,
    names: &[&str],
    issuer: Option<&str>,
    leaf: &Certificate,
) -> Result<Evidence, (Rank, Refusal)> {
    let Some(name) = names.iter().find(|name| identity.name.matches(name)) else {
        let found = if names.is_empty() {
            "a certificate without a name".to_owned()
        } else {
            names.join(", ")
        };
        let (score, words) = near_name(identity, names, issuer);
        let refusal = Refusal::new(Reason::IdentityMismatch, &identity.name, found);
        return Err(((0, score), refusal.near(words)));
    };
    let Some(issuer) = issuer.filter(|issuer| identity.issuer.matches(issuer)) else {
        let miss = issuer.and_then(|issuer| near::names::miss(&identity.issuer, issuer));
        let score = miss.as_ref().map_or(0, |miss| miss.score);
        let how = miss.map_or_else(String::new, |miss| format!(": {}", miss.words));
        let words = format!("the name did match, {name}; the issuer did not{how}");
        let found = issuer.unwrap_or("no issuer");
        let refusal = Refusal::new(Reason::IssuerMismatch, &identity.issuer, found);
        return Err(((1, score), refusal.near(Some(words))));
    };
    let mut evidence = Evidence::default().with("signer", name).with("issuer", issuer);
    for (label, matcher) in [("name as", &identity.name), ("issuer as", &identity.issuer)] {
        if matches!(matcher, Matcher::Pattern { .. }) {
            evidence.add(label, matcher);
        }
    }
    for claim in &identity.claims {
        let found = leaf.fulcio().get(claim.extension);
        let name = claim.extension.name();
        let Some(text) = found.filter(|text| claim.value.matches(text)) else {
            let expected = format!("{name} {}", claim.value);
            let found = found.unwrap_or("no such extension");
            let how = near::names::miss(&claim.value, found);
            let how = how.map_or_else(String::new, |miss| format!(": {}", miss.words));
            let words = format!("name and issuer did match, and {name} did not{how}");
            let refusal = Refusal::new(Reason::ClaimMismatch, expected, found);
            return Err(((2, 0), refusal.near(Some(words))));
        };
        evidence.add(name, text);
    }
    Ok(evidence)
}

/// What did match where the name did not, and how nearly the name did.
fn near_name(identity: &Identity, names: &[&str], issuer: Option<&str>) -> (u8, Option<String>) {
    let misses = names.iter().filter_map(|name| near::names::miss(&identity.name, name));
    let miss = misses.max_by_key(|miss| miss.score);
    let score = miss.as_ref().map_or(0, |miss| miss.score * 2);
    let vouched = issuer.filter(|issuer| identity.issuer.matches(issuer));
    match (miss, vouched) {
        (Some(miss), Some(issuer)) => {
            (score + 1, Some(format!("{}; the issuer did match, {issuer}", miss.words)))
        }
        (Some(miss), None) => (score, Some(format!("{}; the issuer differs, too", miss.words))),
        (None, Some(issuer)) => (1, Some(format!("the issuer did match, {issuer}"))),
        (None, None) => (0, None),
    }
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
        )
        .near(near::certificates::instead_of_key(signer, key))),
    }
}

/// SHA-256 of the SPKI, as cosign's hints have it.
fn fingerprint(key: &PublicKey) -> String {
    short(&lite_keys::HashAlgorithm::Sha256.digest(key.spki_der()))
}
