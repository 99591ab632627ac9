//! Which path leads from a leaf to a trust anchor, at which time, for which purpose.
//!
//! `rustls-webpki` builds the path and checks signatures, names, basic constraints, path lengths,
//! critical extensions and windows. It knows web servers, so what Sigstore's verifiers check beyond
//! that is checked here: the anchor's own window and limits (webpki takes an anchor as a bare key),
//! key usage, the leaf's extended key usage, key identifiers, and windows to the millisecond.
//!
//! Signatures: ECDSA on P-256, P-384 and P-521 with SHA-256, SHA-384 or SHA-512, RSA PKCS#1 v1.5
//! and PSS from 2048 bits, Ed25519.

use std::time::Duration;

use lite_time::Time;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::aws_lc_rs as algorithms;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::cert::Certificate;
use crate::links::Links;
use crate::oid::{self, ObjectIdentifier};

/// What a leaf is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Fulcio's leaves.
    CodeSigning,
    /// A timestamp authority's leaf.
    TimeStamping,
}

/// Why no path leads from a leaf to a trust anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No trust anchor was given.
    #[error("there is no trust anchor")]
    NoAnchor,
    /// No certificate at hand issued one of the path.
    #[error("no path leads to a trust anchor")]
    UnknownIssuer,
    /// A signature in the path does not verify.
    #[error("a signature in the chain does not verify")]
    Signature,
    /// The window of a certificate of the path begins later.
    #[error("a certificate of the chain is not yet valid at that time")]
    NotYetValid,
    /// The window of a certificate of the path ended before.
    #[error("a certificate of the chain is no longer valid at that time")]
    Expired,
    /// The leaf is a CA.
    #[error("the leaf is a CA")]
    LeafIsCa,
    /// A certificate above the leaf is not a CA, or may not sign certificates.
    #[error("a certificate above the leaf may not issue certificates")]
    NotACa,
    /// More intermediates than a CA allows.
    #[error("the chain is longer than a CA of it allows")]
    PathLength,
    /// The extended key usage of a certificate of the path excludes the purpose.
    #[error("the extended key usage of a certificate of the chain excludes the purpose")]
    ExtendedKeyUsage,
    /// RFC 3161, Section 2.3: critical, and the only purpose.
    #[error("the extended key usage of the leaf is not timeStamping alone and critical")]
    TimeStampingUsage,
    /// The leaf's key usage excludes signatures.
    #[error("the key usage of the leaf excludes signatures")]
    KeyUsage,
    /// The key identifiers of issuer and subject differ.
    #[error("the key identifiers of the chain do not match")]
    KeyIdentifier,
    /// A critical extension that nobody here understands, such as a precertificate's poison.
    #[error("a certificate of the chain has an unknown critical extension")]
    CriticalExtension,
    /// Any other reason of the path builder.
    #[error("the chain is not valid: {0}")]
    Other(webpki::Error),
}

/// The algorithms a chain may be signed with; the list of the module's documentation.
pub(crate) const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA256,
    algorithms::ECDSA_P521_SHA384,
    algorithms::ECDSA_P521_SHA512,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

impl Purpose {
    /// The purpose as extended key usage names it.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::CodeSigning => oid::CODE_SIGNING,
            Self::TimeStamping => oid::TIME_STAMPING,
        }
    }
}

/// Finds the path from `leaf` over `intermediates` to one of `anchors`, all of it valid at `at`,
/// both ends of each window included. The answer is the path: leaf, its issuer, …, the anchor.
///
/// Each of `anchors` is trusted without further proof, intermediates may come from anybody.
pub fn verify_chain(
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[Certificate],
    at: Time,
    purpose: Purpose,
) -> Result<Vec<Certificate>, ChainError> {
    verify_chain_with(&Links::default(), leaf, intermediates, anchors, at, purpose)
}

/// The same for who asks often: signatures among `links` are not verified again, and all the rest
/// is.
pub fn verify_chain_with(
    links: &Links,
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[Certificate],
    at: Time,
    purpose: Purpose,
) -> Result<Vec<Certificate>, ChainError> {
    if leaf.is_ca() {
        return Err(ChainError::LeafIsCa);
    }
    let path = build(links, leaf, intermediates, anchors, at, purpose)?;
    check_windows(&path, at)?;
    check_leaf(leaf, purpose)?;
    check_issuers(&path[1..], purpose)?;
    check_key_identifiers(&path)?;
    Ok(path)
}

/// Checks that each certificate of an authority's chain issued the one before it, at `at`.
pub(crate) fn verify_issuers(
    chain: &[Certificate],
    root: &Certificate,
    at: Time,
) -> Result<(), ChainError> {
    check_windows(chain, at)?;
    check_issuers(chain, Purpose::CodeSigning)?;
    check_key_identifiers(chain)?;
    let issuers = chain.iter().skip(1).chain(std::iter::once(root));
    for (certificate, issuer) in chain.iter().zip(issuers) {
        check_issued(certificate, issuer)?;
    }
    Ok(())
}

/// Checks that each certificate of `path`, all of them CAs, issued the one before it.
///
/// For CT logs, which accept a chain as it was submitted, and show what was issued whether it is
/// valid now or not.
pub fn verify_path(path: &[Certificate], purpose: Purpose) -> Result<(), ChainError> {
    check_issuers(path, purpose)?;
    check_key_identifiers(path)?;
    for pair in path.windows(2) {
        if let [certificate, issuer] = pair {
            check_issued(certificate, issuer)?;
        }
    }
    Ok(())
}

/// Checks that `issuer` issued `leaf` for this purpose, whatever the time. The leaf may be
/// poisoned: see [`verify_path`], which is for the certificates above it.
pub fn verify_leaf_of_path(
    leaf: &Certificate,
    issuer: &Certificate,
    purpose: Purpose,
) -> Result<(), ChainError> {
    if leaf.is_ca() {
        return Err(ChainError::LeafIsCa);
    }
    check_leaf(leaf, purpose)?;
    check_key_identifiers(&[leaf.clone(), issuer.clone()])?;
    check_issued(leaf, issuer)
}

fn check_issued(certificate: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
    if certificate.issuer_der() != issuer.subject_der() {
        return Err(ChainError::UnknownIssuer);
    }
    check_signature(certificate, issuer)
}

/// Path building by `rustls-webpki`, in its types.
fn build(
    links: &Links,
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[Certificate],
    at: Time,
    purpose: Purpose,
) -> Result<Vec<Certificate>, ChainError> {
    let anchor_ders: Vec<CertificateDer<'_>> = anchors.iter().map(webpki_der).collect();
    let trusted = anchor_ders
        .iter()
        .map(anchor_from_trusted_cert)
        .collect::<Result<Vec<TrustAnchor<'_>>, _>>()
        .map_err(refusal)?;
    if trusted.is_empty() {
        return Err(ChainError::NoAnchor);
    }
    let intermediate_ders: Vec<CertificateDer<'_>> = intermediates.iter().map(webpki_der).collect();
    let leaf_der = webpki_der(leaf);
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(refusal)?;
    let seconds = u64::try_from(at.secs()).unwrap_or(0);
    let remembering: Vec<_> = ALGORITHMS.iter().map(|algorithm| links.before(*algorithm)).collect();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = remembering
        .iter()
        .map(|algorithm| -> &dyn SignatureVerificationAlgorithm { algorithm })
        .collect();
    let verified = end_entity
        .verify_for_usage(
            &algorithms,
            &trusted,
            &intermediate_ders,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            key_usage(purpose),
            None, // Sigstore has no revocation: leaves live ten minutes.
            None,
        )
        .map_err(refusal)?;
    let mut path = vec![leaf.clone()];
    for step in verified.intermediate_certificates() {
        path.extend(intermediates.iter().find(|c| c.der() == step.der().as_ref()).cloned());
    }
    let position = trusted.iter().position(|anchor| std::ptr::eq(anchor, verified.anchor()));
    path.extend(position.and_then(|position| anchors.get(position)).cloned());
    Ok(path)
}

fn webpki_der(certificate: &Certificate) -> CertificateDer<'_> {
    CertificateDer::from(certificate.der())
}

/// An intermediate without extended key usage is not limited; the leaf must have it, see `check_leaf`.
fn key_usage(purpose: Purpose) -> KeyUsage {
    static CODE_SIGNING: ObjectIdentifier = oid::CODE_SIGNING;
    static TIME_STAMPING: ObjectIdentifier = oid::TIME_STAMPING;
    KeyUsage::required_if_present(match purpose {
        Purpose::CodeSigning => CODE_SIGNING.as_bytes(),
        Purpose::TimeStamping => TIME_STAMPING.as_bytes(),
    })
}

/// RFC 5280, Section 4.1.2.5: both ends are included. Webpki asks neither the anchor nor the
/// fraction of a second.
fn check_windows(path: &[Certificate], at: Time) -> Result<(), ChainError> {
    for certificate in path {
        if at < certificate.not_before() {
            return Err(ChainError::NotYetValid);
        }
        if at > certificate.not_after() {
            return Err(ChainError::Expired);
        }
    }
    Ok(())
}

fn check_leaf(leaf: &Certificate, purpose: Purpose) -> Result<(), ChainError> {
    // A leaf without extended key usage would be good for anything; Sigstore demands the purpose.
    let usage = leaf.extended_key_usage().ok_or(ChainError::ExtendedKeyUsage)?;
    if !usage.purposes.contains(&purpose.oid()) {
        return Err(ChainError::ExtendedKeyUsage);
    }
    if purpose == Purpose::TimeStamping && (usage.purposes.len() != 1 || !usage.critical) {
        return Err(ChainError::TimeStampingUsage);
    }
    match leaf.key_usage() {
        Some(usage) if !usage.digital_signature => Err(ChainError::KeyUsage),
        _ => Ok(()),
    }
}

/// The certificates above the leaf, the anchor among them.
fn check_issuers(issuers: &[Certificate], purpose: Purpose) -> Result<(), ChainError> {
    for (below, issuer) in issuers.iter().enumerate() {
        let constraints = issuer.basic_constraints().ok_or(ChainError::NotACa)?;
        if !constraints.ca || issuer.key_usage().is_some_and(|usage| !usage.cert_sign) {
            return Err(ChainError::NotACa);
        }
        if constraints.path_len.is_some_and(|limit| below > usize::from(limit)) {
            return Err(ChainError::PathLength);
        }
        let usage = issuer.extended_key_usage();
        if usage.is_some_and(|usage| !usage.purposes.contains(&purpose.oid())) {
            return Err(ChainError::ExtendedKeyUsage);
        }
    }
    Ok(())
}

/// Where both are present they are equal; OpenSSL refuses the rest, and so do we.
fn check_key_identifiers(path: &[Certificate]) -> Result<(), ChainError> {
    for pair in path.windows(2) {
        if let [subject, issuer] = pair
            && let (Some(named), Some(has)) = (subject.authority_key_id(), issuer.subject_key_id())
            && named != has
        {
            return Err(ChainError::KeyIdentifier);
        }
    }
    Ok(())
}

fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
    use crate::algorithm::SignatureAlgorithm;
    use crate::asn1;

    let parts = asn1::elements(certificate.der()).map_err(|_| ChainError::Signature)?;
    let [tbs, algorithm, signature] = parts.as_slice() else {
        return Err(ChainError::Signature);
    };
    let key = issuer.public_key().map_err(|_| ChainError::Signature)?;
    let algorithm = SignatureAlgorithm::from_der(algorithm)
        .filter(|algorithm| algorithm.fits(key.kind()))
        .ok_or(ChainError::Signature)?;
    let hash = algorithm.hash().unwrap_or_else(|| key.kind().default_hash());
    let signature = asn1::content(asn1::BIT_STRING, signature)
        .and_then(|bits| bits.strip_prefix(&[0]))
        .ok_or(ChainError::Signature)?;
    key.verify(hash, tbs, signature).map_err(|_| ChainError::Signature)
}

fn refusal(error: webpki::Error) -> ChainError {
    use webpki::Error;
    match error {
        Error::UnknownIssuer => ChainError::UnknownIssuer,
        Error::InvalidSignatureForPublicKey => ChainError::Signature,
        Error::CertNotValidYet { .. } => ChainError::NotYetValid,
        Error::CertExpired { .. } => ChainError::Expired,
        Error::CaUsedAsEndEntity => ChainError::LeafIsCa,
        Error::EndEntityUsedAsCa => ChainError::NotACa,
        Error::PathLenConstraintViolated => ChainError::PathLength,
        Error::RequiredEkuNotFoundContext(_) => ChainError::ExtendedKeyUsage,
        Error::UnsupportedCriticalExtension => ChainError::CriticalExtension,
        other => ChainError::Other(other),
    }
}
