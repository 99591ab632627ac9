//! Object identifiers and their names.

use const_oid::ObjectIdentifier;
use const_oid::db::DB;
use lite_pki::FulcioExtension;

use super::{Element, OID};

/// The names that people use, where the registry's are others or are missing.
const NAMES: &[(&str, &str)] = &[
    ("1.2.840.10045.2.1", "EC public key"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.101.112", "Ed25519"),
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.3.14.3.2.26", "SHA-1"),
    ("2.16.840.1.101.3.4.2.1", "SHA-256"),
    ("2.16.840.1.101.3.4.2.2", "SHA-384"),
    ("2.16.840.1.101.3.4.2.3", "SHA-512"),
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.5.29.14", "subject key identifier"),
    ("2.5.29.15", "key usage"),
    ("2.5.29.17", "subject alternative names"),
    ("2.5.29.19", "basic constraints"),
    ("2.5.29.30", "name constraints"),
    ("2.5.29.31", "CRL distribution points"),
    ("2.5.29.32", "certificate policies"),
    ("2.5.29.35", "authority key identifier"),
    ("2.5.29.37", "extended key usage"),
    ("1.3.6.1.5.5.7.1.1", "authority information access"),
    ("1.3.6.1.4.1.11129.2.4.2", "signed certificate timestamps"),
    ("1.3.6.1.4.1.11129.2.4.3", "precertificate poison"),
    ("1.3.6.1.5.5.7.3.1", "TLS server"),
    ("1.3.6.1.5.5.7.3.2", "TLS client"),
    ("1.3.6.1.5.5.7.3.3", "code signing"),
    ("1.3.6.1.5.5.7.3.4", "e-mail protection"),
    ("1.3.6.1.5.5.7.3.8", "time stamping"),
    ("1.3.6.1.4.1.57264.1.7", "Fulcio user name"),
    ("1.3.6.1.4.1.57264.2", "Sigstore's timestamp policy"),
    ("1.2.840.113549.1.7.1", "data"),
    ("1.2.840.113549.1.7.2", "signed data"),
    ("1.2.840.113549.1.9.16.1.4", "TSTInfo"),
    ("1.2.840.113549.1.9.3", "content type"),
    ("1.2.840.113549.1.9.4", "message digest"),
    ("1.2.840.113549.1.9.5", "signing time"),
    ("1.2.840.113549.1.9.14", "extension request"),
    ("1.2.840.113549.1.9.16.2.12", "signing certificate"),
    ("1.2.840.113549.1.9.16.2.47", "signing certificate v2"),
];

/// The identifier that an element holds.
pub(super) fn oid(element: &Element<'_>) -> Option<ObjectIdentifier> {
    (element.tag == OID).then(|| ObjectIdentifier::from_bytes(element.content).ok()).flatten()
}

/// The name alone, where there is one.
pub(super) fn name(id: &ObjectIdentifier) -> Option<&'static str> {
    let text = id.to_string();
    let ours = NAMES.iter().find(|(digits, _)| *digits == text).map(|(_, name)| *name);
    ours.or_else(|| FulcioExtension::from_oid(id).map(FulcioExtension::name))
        .or_else(|| DB.by_oid(id))
}

/// `name (1.2.3)`, or the digits alone.
pub(super) fn named(id: &ObjectIdentifier) -> String {
    name(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

/// The same for an element, which may hold something else.
pub(super) fn told(element: &Element<'_>) -> String {
    match oid(element) {
        Some(id) => named(&id),
        None => format!("malformed identifier {}", hex::encode(element.content)),
    }
}
