//! From bytes to [`Contents`]: `x509-cert` reads, and must write the same bytes back.

use std::sync::OnceLock;

use der::{Decode, Encode};
use lite_time::Time;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix;

use super::{
    BasicConstraints, CertificateError, Contents, ExtendedKeyUsage, Extension, KeyUsage,
    MAX_EXTENSIONS,
};
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
        key: OnceLock::new(),
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
    if list.len() > MAX_EXTENSIONS {
        return Err(CertificateError::TooManyExtensions);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::Certificate;
    use crate::tbs::{self, Tbs};

    /// A certificate with this one extension; nobody reads its key or signature here.
    #[track_caller]
    fn check(extension: &[u8], refused: Option<&CertificateError>) {
        let algorithm = asn1::sequence(&[&asn1::oid(&oid::CODE_SIGNING)]);
        let tbs = Tbs {
            serial: &[1],
            algorithm: &algorithm,
            issuer: &[0x30, 0],
            not_before: Time::from_secs(0),
            not_after: Time::from_secs(1),
            subject: &[0x30, 0],
            spki: &asn1::sequence(&[&algorithm, &asn1::bit_string(&[])]),
            extensions: &[extension.to_vec()],
        };
        let der = tbs::assemble(&tbs.encode(), &algorithm, &[]);
        assert_eq!(Certificate::from_der(&der).err().as_ref(), refused);
    }

    #[test]
    fn a_default_is_not_written() {
        let value = asn1::octet_string(&asn1::octet_string(&[7]));
        let id = asn1::oid(&oid::SUBJECT_KEY_IDENTIFIER);
        check(&asn1::sequence(&[&id, &value]), None);
        check(&asn1::sequence(&[&id, &asn1::TRUE, &value]), None);
        check(&asn1::sequence(&[&id, &[1, 1, 0], &value]), Some(&CertificateError::NotCanonical));
    }

    #[test]
    fn extensions_are_refused_by_their_own_rules() {
        let refuse = |id: ObjectIdentifier, value: &[u8]| {
            let why = CertificateError::MalformedExtension(id);
            check(&asn1::extension(&id, false, value), Some(&why));
        };
        refuse(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0]); // the default, written
        refuse(oid::KEY_USAGE, &[3, 3, 7, 0x80, 0]); // a trailing zero byte
        refuse(oid::EXTENDED_KEY_USAGE, &[0x30, 0]);
        refuse(oid::SUBJECT_ALT_NAME, &[0x30, 0]);
        refuse(oid::SUBJECT_ALT_NAME, &[0x30, 2, 0x81, 1]);
        refuse(oid::SUBJECT_KEY_IDENTIFIER, &[4, 1]);
        refuse(oid::AUTHORITY_KEY_IDENTIFIER, &[0x30, 1]);
        refuse(FulcioExtension::IssuerV2.oid(), b"https://raw.example");
        refuse(FulcioExtension::Issuer.oid(), &[0xFF]);
    }
}
