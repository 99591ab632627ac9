//! JSON documents by their shapes.

use serde_json::{Map, Value};

use super::Unknown;
use crate::kind::Kind;

/// The fields that make a document one of a kind, the surest first.
const SHAPES: &[(Kind, &[&str])] = &[
    (Kind::ClientTrustConfig, &["trustedRoot", "signingConfig"]),
    (Kind::Bundle, &["verificationMaterial"]),
    (Kind::TrustedRoot, &["tlogs", "certificateAuthorities"]),
    (Kind::TrustedRoot, &["ctlogs"]),
    (Kind::TrustedRoot, &["timestampAuthorities"]),
    (Kind::SigningConfig, &["rekorTlogUrls"]),
    (Kind::SigningConfig, &["caUrls"]),
    (Kind::SigningConfig, &["caUrl", "oidcUrl"]),
    (Kind::Envelope, &["payloadType", "payload", "signatures"]),
    (Kind::Statement, &["_type", "subject", "predicateType"]),
    (Kind::SimpleSigning, &["critical"]),
    (Kind::LogEntry, &["canonicalizedBody"]),
    (Kind::LogEntry, &["logId", "kindVersion"]),
    (Kind::EntryBody, &["apiVersion", "kind", "spec"]),
    (Kind::CosignBundle, &["base64Signature"]),
    (Kind::CosignBundle, &["SignedEntryTimestamp", "Payload"]),
    (Kind::CosignBundle, &["SignedRFC3161Timestamp"]),
    (Kind::ImageIndex, &["schemaVersion", "manifests"]),
    (Kind::ImageManifest, &["schemaVersion", "config", "layers"]),
    (Kind::ImageManifest, &["schemaVersion", "layers"]),
    (Kind::SctAnswer, &["sct_version", "id", "timestamp", "signature"]),
    (Kind::SealedKey, &["kdf", "cipher", "ciphertext"]),
];

/// The media types that say it outright, by their beginnings.
const MEDIA_TYPES: &[(&str, Kind)] = &[
    ("application/vnd.dev.sigstore.bundle", Kind::Bundle),
    ("application/vnd.dev.sigstore.trustedroot", Kind::TrustedRoot),
    ("application/vnd.dev.sigstore.signingconfig", Kind::SigningConfig),
    ("application/vnd.dev.sigstore.clienttrustconfig", Kind::ClientTrustConfig),
    ("application/vnd.oci.image.index", Kind::ImageIndex),
    ("application/vnd.docker.distribution.manifest.list", Kind::ImageIndex),
    ("application/vnd.oci.image.manifest", Kind::ImageManifest),
    ("application/vnd.docker.distribution.manifest", Kind::ImageManifest),
];

/// The kind of a JSON document.
pub(super) fn shape(value: &Value) -> Result<Kind, Unknown> {
    if let Some(items) = value.as_array() {
        let answers = !items.is_empty() && items.iter().all(is_rekor_answer);
        let tried = "an array of documents must begin with one that is known".to_owned();
        return if answers { Ok(Kind::RekorAnswer) } else { Err(Unknown::Shape { tried }) };
    }
    let Some(map) = value.as_object() else {
        return Err(Unknown::Shape { tried: "a document is an object".to_owned() });
    };
    let media_type = map.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    let by_media_type = MEDIA_TYPES.iter().find(|(prefix, _)| media_type.starts_with(prefix));
    if let Some((_, kind)) = by_media_type {
        return Ok(*kind);
    }
    if let Some(kind) = tuf_role(map) {
        return Ok(kind);
    }
    let fits = |(_, fields): &&(Kind, &[&str])| fields.iter().all(|field| map.contains_key(*field));
    match SHAPES.iter().find(fits) {
        Some((kind, _)) => Ok(*kind),
        None if is_rekor_answer(value) => Ok(Kind::RekorAnswer),
        None => Err(Unknown::Shape { tried: nearest(map, media_type) }),
    }
}

/// TUF: the role stands in the signed part.
fn tuf_role(map: &Map<String, Value>) -> Option<Kind> {
    match map.get("signed")?.get("_type")?.as_str()? {
        "root" => Some(Kind::TufRoot),
        "targets" => Some(Kind::TufTargets),
        "snapshot" => Some(Kind::TufSnapshot),
        "timestamp" => Some(Kind::TufTimestamp),
        _ => None,
    }
}

/// `{uuid: {body, …}}`: UUIDs are 64 hexadecimal digits, or 80 with the tree's ID before them.
fn is_rekor_answer(value: &Value) -> bool {
    let is_uuid = |key: &str| {
        matches!(key.len(), 64 | 80) && key.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    value.as_object().is_some_and(|map| {
        !map.is_empty()
            && map.iter().all(|(key, entry)| is_uuid(key) && entry.get("body").is_some())
    })
}

/// The kind with the most of its fields there, and the field that is missing.
fn nearest(map: &Map<String, Value>, media_type: &str) -> String {
    let there = |fields: &[&str]| fields.iter().filter(|field| map.contains_key(**field)).count();
    let best = SHAPES.iter().max_by_key(|(_, fields)| there(fields));
    if let Some((kind, fields)) = best.filter(|(_, fields)| there(fields) > 0) {
        let lacks: Vec<&str> =
            fields.iter().filter(|field| !map.contains_key(**field)).copied().collect();
        return format!("nearest to a {kind}, and lacks {}", lacks.join(" and "));
    }
    if !media_type.is_empty() {
        return format!("its media type {} is not known", crate::escape(media_type));
    }
    let fields: Vec<String> = map.keys().take(8).map(|key| crate::escape(key)).collect();
    if fields.is_empty() {
        "the object is empty".to_owned()
    } else {
        format!("its fields are {}", fields.join(", "))
    }
}
