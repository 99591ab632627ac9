//! (1) Does the certificate lead to a certificate authority that was trusted at the time?

use lite_bundle::Signer;
use lite_keys::PublicKey;
use lite_pki::chain::ChainError;
use lite_pki::{Certificate, Purpose, verify_chain_with};
use lite_time::Time;

use super::{Passed, short};
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::report::{Evidence, TrustedTime};
use crate::trust::{Authority, Trust, show};

/// A signer's certificate and the one that issued it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) certificate: Certificate,
    pub(crate) key: PublicKey,
}

/// Reads the signer's certificate.
pub(crate) fn leaf(signer: &Signer) -> Result<Leaf, Refusal> {
    let Some(der) = signer.leaf() else {
        let hint = match signer {
            Signer::PublicKey { hint } if !hint.is_empty() => format!("a hint to a key, {hint}"),
            _ => "a hint to a key".to_owned(),
        };
        return Err(Refusal::new(Reason::CertificateMissing, "a certificate", hint));
    };
    let malformed = |error: &dyn std::fmt::Display| {
        Refusal::new(
            Reason::CertificateMalformed,
            "a DER certificate with a known kind of key",
            error,
        )
    };
    let certificate = Certificate::from_der(der).map_err(|error| malformed(&error))?;
    let key = certificate.public_key().map_err(|error| malformed(&error))?;
    Ok(Leaf { certificate, key })
}

/// Verifies the path at every trusted time, and returns the issuing CA.
pub(crate) fn verify(
    leaf: &Leaf,
    signer: &Signer,
    trust: &Trust,
    times: &[TrustedTime],
) -> Passed<Certificate> {
    let others = others(signer)?;
    let mut issuer = None;
    let mut evidence = Evidence::default();
    for time in times {
        let (path, authority) = path_at(leaf, &others, trust, time.at)?;
        refuse_strangers(&others, path.get(1..).unwrap_or_default())?;
        if issuer.is_none() {
            evidence.add("authority", authority.name());
            evidence.add("serial", hex::encode(leaf.certificate.serial()));
            evidence.add("path", format!("{} certificates", path.len()));
        }
        // `verify_chain_with` answers with the leaf, its issuer, and so on: two at least.
        issuer = path.into_iter().nth(1).or(issuer);
    }
    match issuer {
        Some(issuer) => Ok((issuer, evidence)),
        None => {
            Err(Refusal::new(Reason::TimeMissing, "a time at which to verify the chain", "none"))
        }
    }
}

/// The bundle's certificates above the leaf. Bundles before v0.3 may bring intermediates; a root
/// would ask to be believed, and only the trusted root is.
fn others(signer: &Signer) -> Result<Vec<Certificate>, Refusal> {
    let Signer::CertificateChain(chain) = signer else { return Ok(Vec::new()) };
    let mut others = Vec::new();
    for der in chain.iter().skip(1) {
        let certificate = Certificate::from_der(der).map_err(|error| {
            Refusal::new(Reason::CertificateMalformed, "a DER certificate", error)
        })?;
        if certificate.is_self_issued() {
            return Err(Refusal::new(
                Reason::ChainHoldsRoot,
                "a leaf and intermediates",
                format!("a self-issued certificate with key {}", short(certificate.spki_der())),
            )
            .near(Some(format!("it is of {}", near::certificates::holder(&certificate)))));
        }
        others.push(certificate);
    }
    Ok(others)
}

/// Nothing reads a certificate that is not part of the path, and so nobody could say what it is
/// there for. Each may stand there once.
fn refuse_strangers(others: &[Certificate], issuers: &[Certificate]) -> Result<(), Refusal> {
    for (index, other) in others.iter().enumerate() {
        if !issuers.contains(other) || others.iter().take(index).any(|earlier| earlier == other) {
            return Err(Refusal::new(
                Reason::ChainHoldsStranger,
                "only the certificates of the path, once",
                format!("one with serial {}", hex::encode(other.serial())),
            )
            .near(Some(format!("it is of {}", near::certificates::holder(other)))));
        }
    }
    Ok(())
}

/// The path to the first authority that is trusted at `at` and vouches for the leaf.
fn path_at<'a>(
    leaf: &Leaf,
    others: &[Certificate],
    trust: &'a Trust,
    at: Time,
) -> Result<(Vec<Certificate>, &'a Authority), Refusal> {
    // Whether the leaf itself was valid is step (6)'s question; asking it here too would call a
    // late signature a broken chain.
    let (first, last) = (leaf.certificate.not_before(), leaf.certificate.not_after());
    let inside = at.clamp(first.min(last), last.max(first));
    let mut nearest = None;
    for authority in &trust.authorities {
        let intermediates: Vec<Certificate> =
            authority.below.iter().chain(others).cloned().collect();
        let anchors = std::slice::from_ref(&authority.anchor);
        let (links, purpose) = (&authority.links, Purpose::CodeSigning);
        match verify_chain_with(links, &leaf.certificate, &intermediates, anchors, inside, purpose)
        {
            Ok(_) if !authority.window.contains(at) => {
                let expected =
                    format!("{} between {}", authority.name(), show(Some(&authority.window)));
                let refusal = Refusal::new(Reason::CertificateAuthorityWindow, expected, at);
                nearest = Some(refusal.near(near::outside_window(at, Some(&authority.window))));
            }
            Ok(path) => return Ok((path, authority)),
            // Not this authority's, and so no reason to complain about.
            Err(ChainError::UnknownIssuer | ChainError::Signature) => {}
            Err(error) if nearest.is_none() => {
                let expected = format!("a valid chain to {} at {inside}", authority.name());
                nearest = Some(Refusal::new(Reason::ChainInvalid, expected, error));
            }
            Err(_) => {}
        }
    }
    Err(nearest.unwrap_or_else(|| unknown(&leaf.certificate, trust)))
}

/// The refusal where no authority says that the certificate is its own.
fn unknown(leaf: &Certificate, trust: &Trust) -> Refusal {
    Refusal::new(
        Reason::CertificateAuthorityUnknown,
        near::certificates::trusted(&trust.authorities),
        near::certificates::issuer(leaf),
    )
    .near(near::certificates::authority(leaf, trust))
}
