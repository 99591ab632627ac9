//! From bytes to [`Contents`]: `x509-cert` reads, and must write the same bytes back.

use der::{Decode, Encode};
use lite_time::Time;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix;

use super::{BasicConstraints, CertificateError, Contents, ExtendedKeyUsage, Extension, KeyUsage};
use crate::asn1;
use crate::extensions::{FulcioExtension, FulcioExtensions};
use crate::name::AltName;
use crate::oid::{self, ObjectIdentifier};

pub(super) fn contents(der: &[u8]) -> Result<Contents, CertificateError> {
    let parsed = x509_cert::Certificate::from_der(der)?;
    if parsed.to_der()? != der {
        return Err(CertificateError::NotCanonical);
    }
    let tbs = parsed.tbs_certificate();
    if tbs.version() != Version::V3 {
        return Err(CertificateError::Version);
    }
    if tbs.signature() != parsed.signature_algorithm() {
        return Err(CertificateError::AlgorithmMismatch);
    }
    let extensions = extensions(tbs.extensions().map_or(&[], |list| list.as_slice()))?;
    let find = |id: ObjectIdentifier| extensions.iter().find(|extension| extension.oid == id);
    Ok(Contents {
        tbs: asn1::elements(der)?.first().copied().unwrap_or_default().to_vec(),
        der: der.to_vec(),
        serial: tbs.serial_number().as_bytes().to_vec(),
        issuer: tbs.issuer().to_der()?,
        subject: tbs.subject().to_der()?,
        spki: tbs.subject_public_key_info().to_der()?,
        key_bits: tbs.subject_public_key_info().subject_public_key.raw_bytes().to_vec(),
        not_before: time(tbs.validity().not_before),
        not_after: time(tbs.validity().not_after),
        alt_names: find(oid::SUBJECT_ALT_NAME).map_or(Ok(Vec::new()), alt_names)?,
        basic_constraints: find(oid::BASIC_CONSTRAINTS).map(basic_constraints).transpose()?,
        key_usage: find(oid::KEY_USAGE).map(key_usage).transpose()?,
        extended_key_usage: find(oid::EXTENDED_KEY_USAGE).map(extended_key_usage).transpose()?,
        subject_key_id: find(oid::SUBJECT_KEY_IDENTIFIER).map(subject_key_id).transpose()?,
        authority_key_id: find(oid::AUTHORITY_KEY_IDENTIFIER).map_or(Ok(None), authority_key_id)?,
        fulcio: fulcio(&extensions)?,
        extensions,
    })
}

fn extensions(list: &[x509_cert::ext::Extension]) -> Result<Vec<Extension>, CertificateError> {
    let mut extensions: Vec<Extension> = Vec::with_capacity(list.len());
    for item in list {
        if extensions.iter().any(|seen| seen.oid == item.extn_id) {
            return Err(CertificateError::DuplicateExtension(item.extn_id));
        }
        extensions.push(Extension {
            oid: item.extn_id,
            critical: item.critical,
            value: item.extn_value.as_bytes().to_vec(),
        });
    }
    Ok(extensions)
}

/// Reads an extension's content, which must be the one DER encoding of what it says.
fn decode<'a, T: Decode<'a> + Encode>(extension: &'a Extension) -> Result<T, CertificateError> {
    let malformed = || CertificateError::MalformedExtension(extension.oid);
    let value = T::from_der(&extension.value).map_err(|_| malformed())?;
    let again = value.to_der().map_err(|_| malformed())?;
    if again == extension.value { Ok(value) } else { Err(malformed()) }
}

fn alt_names(extension: &Extension) -> Result<Vec<AltName>, CertificateError> {
    let malformed = || CertificateError::MalformedExtension(extension.oid);
    if extension.value.first() != Some(&asn1::SEQUENCE) {
        return Err(malformed());
    }
    let names = asn1::elements(&extension.value).map_err(|_| malformed())?;
    // RFC 5280, Section 4.2.1.6: "MUST contain at least one entry".
    if names.is_empty() {
        return Err(malformed());
    }
    names.into_iter().map(|name| AltName::from_der(name).ok_or_else(malformed)).collect()
}

fn basic_constraints(extension: &Extension) -> Result<BasicConstraints, CertificateError> {
    let value: pkix::BasicConstraints = decode(extension)?;
    Ok(BasicConstraints {
        ca: value.ca,
        path_len: value.path_len_constraint,
        critical: extension.critical,
    })
}

fn key_usage(extension: &Extension) -> Result<KeyUsage, CertificateError> {
    let value: pkix::KeyUsage = decode(extension)?;
    Ok(KeyUsage {
        digital_signature: value.digital_signature(),
        non_repudiation: value.non_repudiation(),
        cert_sign: value.key_cert_sign(),
        crl_sign: value.crl_sign(),
        other: value.key_encipherment()
            || value.data_encipherment()
            || value.key_agreement()
            || value.encipher_only()
            || value.decipher_only(),
        critical: extension.critical,
    })
}

fn extended_key_usage(extension: &Extension) -> Result<ExtendedKeyUsage, CertificateError> {
    let value: pkix::ExtendedKeyUsage = decode(extension)?;
    if value.0.is_empty() {
        return Err(CertificateError::MalformedExtension(extension.oid));
    }
    Ok(ExtendedKeyUsage { purposes: value.0, critical: extension.critical })
}

fn subject_key_id(extension: &Extension) -> Result<Vec<u8>, CertificateError> {
    asn1::content(asn1::OCTET_STRING, &extension.value)
        .map(<[u8]>::to_vec)
        .ok_or(CertificateError::MalformedExtension(extension.oid))
}

fn authority_key_id(extension: &Extension) -> Result<Option<Vec<u8>>, CertificateError> {
    let value: pkix::AuthorityKeyIdentifier = decode(extension)?;
    Ok(value.key_identifier.map(|id| id.as_bytes().to_vec()))
}

fn fulcio(extensions: &[Extension]) -> Result<FulcioExtensions, CertificateError> {
    let mut fulcio = FulcioExtensions::default();
    for extension in extensions {
        if let Some(known) = FulcioExtension::from_oid(&extension.oid) {
            let text = known
                .decode(&extension.value)
                .ok_or(CertificateError::MalformedExtension(extension.oid))?;
            fulcio.set(known, &text);
        }
    }
    Ok(fulcio)
}

fn time(at: x509_cert::time::Time) -> Time {
    let seconds = at.to_unix_duration().as_secs();
    Time::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}
