//! The MUSTs of the certificate profile, each over its own `if`.
//!
//! fulcio:docs/certificate-specification.md, "Issued Certificate", and what stock verifiers demand
//! beyond it. The lint reads bytes, not intentions: it sees what a client will see.

use super::{LIFETIME, LeafSpec, MAX_TEXT};
use crate::cert::Certificate;
use crate::extensions::FulcioExtension;
use crate::name::AltName;
use crate::oid;

/// Which MUST a certificate would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// The name is empty, of a kind Fulcio does not issue, or not what its kind promises.
    #[error("the subject alternative name is not an email, a URI or a username")]
    Name,
    /// `rfc822Name` and URI are `IA5String`.
    #[error("the subject alternative name is not ASCII")]
    NameNotAscii,
    /// More than [`MAX_TEXT`] bytes in one name or extension.
    #[error("a name or extension is longer than {MAX_TEXT} bytes")]
    TextTooLong,
    /// `.1` and `.8` are both present and equal.
    #[error("the certificate does not name the issuer of the token twice and alike")]
    Issuer,
    /// Positive and at most 20 bytes.
    #[error("the serial number is not positive or longer than 20 bytes")]
    Serial,
    /// The subject is empty.
    #[error("the subject is not empty")]
    Subject,
    /// The issuer is the issuing CA's subject.
    #[error("the issuer is not the issuing CA")]
    IssuingCa,
    /// The window is ten minutes, inside the issuing CA's.
    #[error("the validity window is not ten minutes within the issuing CA's")]
    Window,
    /// The key is of a kind and size that Sigstore accepts.
    #[error("the key is not one that Sigstore accepts")]
    Key,
    /// Key usage is critical and `digitalSignature` alone.
    #[error("the key usage is not critical and digitalSignature alone")]
    KeyUsage,
    /// Extended key usage is not critical and `codeSigning` alone.
    #[error("the extended key usage is not codeSigning alone, or critical")]
    ExtendedKeyUsage,
    /// A leaf is no CA.
    #[error("the leaf is a CA")]
    Ca,
    /// The key identifiers are there and right.
    #[error("a key identifier is missing or wrong")]
    KeyIdentifier,
    /// Exactly one name, in a critical extension.
    #[error("there is not exactly one subject alternative name, or it is not critical")]
    AltName,
    /// Poison or SCT list is the last extension, and only one of them is there.
    #[error("the last extension is neither the poison nor the SCT list")]
    LastExtension,
    /// All other extensions are not critical.
    #[error("an extension is critical that clients do not know")]
    Critical,
}

/// Checks a precertificate or certificate against the profile.
pub fn lint(certificate: &Certificate, issuer: &Certificate) -> Result<(), LintError> {
    lint_fields(certificate, issuer)?;
    lint_usage(certificate)?;
    lint_identifiers(certificate, issuer)?;
    lint_names(certificate)?;
    lint_order(certificate)
}

/// Checks what was asked for, before it has bytes.
pub(super) fn lint_spec(spec: &LeafSpec) -> Result<(), LintError> {
    lint_name(&spec.name)?;
    if spec.extensions.iter().any(|(_, text)| text.len() > MAX_TEXT) {
        return Err(LintError::TextTooLong);
    }
    Ok(())
}

fn lint_name(name: &AltName) -> Result<(), LintError> {
    let text = name.as_text().ok_or(LintError::Name)?;
    if text.len() > MAX_TEXT {
        return Err(LintError::TextTooLong);
    }
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(LintError::Name);
    }
    match name {
        AltName::Email(text) | AltName::Uri(text) if !text.is_ascii() => {
            Err(LintError::NameNotAscii)
        }
        AltName::Email(text)
            if text.split_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty()) =>
        {
            Ok(())
        }
        AltName::Uri(text)
            if text.split_once(':').is_some_and(|(s, r)| !s.is_empty() && !r.is_empty()) =>
        {
            Ok(())
        }
        AltName::Username(text) if text.contains('!') => Ok(()),
        _ => Err(LintError::Name),
    }
}

fn lint_fields(certificate: &Certificate, issuer: &Certificate) -> Result<(), LintError> {
    // SPEC: "The serial number MUST be a positive integer … up to 20 octets" (RFC 5280, 4.1.2.2).
    let serial = certificate.serial();
    if serial.len() > 20 || serial.first().is_none_or(|byte| *byte >= 0x80) || serial == [0] {
        return Err(LintError::Serial);
    }
    // SPEC: "The issuer MUST match the subject of the issuing CA."
    if certificate.issuer_der() != issuer.subject_der() {
        return Err(LintError::IssuingCa);
    }
    // SPEC: "The subject MUST be empty."
    if certificate.subject_der() != [0x30, 0] {
        return Err(LintError::Subject);
    }
    // SPEC: the window lies in the issuing CA's, and is ten minutes.
    let window = (certificate.not_before(), certificate.not_after());
    if window.0 < issuer.not_before()
        || window.1 > issuer.not_after()
        || window.1 != window.0.plus(LIFETIME)
    {
        return Err(LintError::Window);
    }
    // SPEC: "The public key MUST be ECDSA P-256/384/521, RSA 2048/3072/4096 or Ed25519."
    let key = certificate.public_key().map_err(|_| LintError::Key)?;
    if key.details_for_logs().is_none() {
        return Err(LintError::Key);
    }
    Ok(())
}

fn lint_usage(certificate: &Certificate) -> Result<(), LintError> {
    // SPEC: "Key Usage MUST be critical … MUST set only Digital Signature."
    let usage = certificate.key_usage().ok_or(LintError::KeyUsage)?;
    let others = usage.non_repudiation || usage.cert_sign || usage.crl_sign || usage.other;
    if !usage.critical || !usage.digital_signature || others {
        return Err(LintError::KeyUsage);
    }
    // SPEC: "Extended Key Usage MUST be CodeSigning"; pyca refuses a critical one.
    let extended = certificate.extended_key_usage().ok_or(LintError::ExtendedKeyUsage)?;
    if extended.critical || extended.purposes != [oid::CODE_SIGNING] {
        return Err(LintError::ExtendedKeyUsage);
    }
    // SPEC: "Basic Constraints MUST NOT set CA."
    if certificate.is_ca() {
        return Err(LintError::Ca);
    }
    Ok(())
}

fn lint_identifiers(certificate: &Certificate, issuer: &Certificate) -> Result<(), LintError> {
    // SPEC: "Authority Key Identifier MUST be present and match the issuer's Subject Key Identifier."
    let named = certificate.authority_key_id().ok_or(LintError::KeyIdentifier)?;
    if issuer.subject_key_id() != Some(named) {
        return Err(LintError::KeyIdentifier);
    }
    // SPEC: "Subject Key Identifier MUST be present."
    if certificate.subject_key_id().is_none_or(<[u8]>::is_empty) {
        return Err(LintError::KeyIdentifier);
    }
    Ok(())
}

fn lint_names(certificate: &Certificate) -> Result<(), LintError> {
    // SPEC: "Subject Alternative Name MUST be critical … exactly one name."
    let critical = certificate.extension(&oid::SUBJECT_ALT_NAME).is_some_and(|e| e.critical);
    let [name] = certificate.alt_names() else {
        return Err(LintError::AltName);
    };
    if !critical {
        return Err(LintError::AltName);
    }
    lint_name(name)?;
    // SPEC: "Issuer MUST be present", and both of its forms say the same.
    let issuer = certificate.fulcio().get(FulcioExtension::Issuer);
    if issuer.is_none() || issuer != certificate.fulcio().get(FulcioExtension::IssuerV2) {
        return Err(LintError::Issuer);
    }
    Ok(())
}

fn lint_order(certificate: &Certificate) -> Result<(), LintError> {
    // RFC 6962, Sections 3.1 and 3.3: one of the two, and last, so that taking it out moves nothing.
    let (last, others) = certificate.extensions().split_last().ok_or(LintError::LastExtension)?;
    let transparency = [oid::CT_POISON, oid::SCT_LIST];
    if !transparency.contains(&last.oid) || others.iter().any(|e| transparency.contains(&e.oid)) {
        return Err(LintError::LastExtension);
    }
    // SPEC: unknown critical extensions are refused by every client.
    let known = [oid::KEY_USAGE, oid::SUBJECT_ALT_NAME];
    if others.iter().any(|e| e.critical && !known.contains(&e.oid)) {
        return Err(LintError::Critical);
    }
    Ok(())
}
