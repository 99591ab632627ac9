//! Sigstore bundles, v0.1 to v0.3.

use serde_json::Value;

use super::entry;
use super::envelope::envelope;
use super::fields::{Fields, base64_node, decode, generic, items};
use crate::der;
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// What a bundle holds, in the order in which it is verified.
pub(super) fn bundle(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let tree = Tree::new(label)
        .with_some(fields.node("mediaType", "media type"))
        .with_some(fields.take("verificationMaterial").map(|value| material(value, scope)))
        .with_some(fields.take("messageSignature").map(message_signature))
        .with_some(
            fields
                .take("dsseEnvelope")
                .map(|value| envelope("DSSE envelope", value, scope).of_kind(Kind::Envelope)),
        );
    fields.finish(tree)
}

fn material(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "verification material";
    let mut fields = match Fields::or_generic(LABEL, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(LABEL)
        .with_some(fields.take("publicKey").map(|value| match value.get("hint") {
            Some(hint) => Tree::new("public key").with(generic("hint", hint)),
            None => generic("public key", value).noting("without a hint"),
        }))
        .with_some(fields.take("certificate").map(|one| certificate("certificate", one, scope)));
    if let Some(chain) = fields.take("x509CertificateChain") {
        let list = chain.get("certificates").map_or(&[][..], items);
        let shown = Tree::list("certificate chain", list, |index, one| {
            certificate(&format!("certificate {}", index + 1), one, scope)
        });
        tree.push(if list.is_empty() { shown.noting("empty") } else { shown });
    }
    if let Some(entries) = fields.take("tlogEntries") {
        tree.push(entry::entries("log entries", entries, scope));
    }
    if let Some(data) = fields.take("timestampVerificationData") {
        tree.push(timestamps(data, scope));
    }
    fields.finish(tree)
}

/// `{rawBytes}` with a certificate in DER.
pub(super) fn certificate(label: &str, value: &Value, scope: Scope) -> Tree {
    match value.get("rawBytes").or_else(|| value.get("raw_bytes")).and_then(Value::as_str) {
        Some(text) => match decode(text) {
            Some(der) => der::certificate(label, &der, 0, scope),
            None => Tree::text(label, text).noting("not base64"),
        },
        None => generic(label, value).noting("without rawBytes"),
    }
}

fn timestamps(value: &Value, scope: Scope) -> Tree {
    let list = value.get("rfc3161Timestamps").or_else(|| value.get("rfc3161_timestamps"));
    let list = list.map_or(&[][..], items);
    let shown = Tree::list("timestamps", list, |index, one| {
        let label = format!("timestamp {}", index + 1);
        let text = one.get("signedTimestamp").or_else(|| one.get("signed_timestamp"));
        match text.and_then(Value::as_str).map(decode) {
            Some(Some(der)) => der::timestamp_response(label, &der, scope),
            Some(None) => generic(&label, one).noting("not base64"),
            None => generic(&label, one).noting("without signedTimestamp"),
        }
    });
    if list.is_empty() { shown.noting("none") } else { shown }
}

fn message_signature(value: &Value) -> Tree {
    const LABEL: &str = "message signature";
    let mut fields = match Fields::or_generic(LABEL, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let digest = fields.take("messageDigest").map(|digest| {
        let mut inner = Fields::of(digest)?;
        let algorithm = inner.node("algorithm", "algorithm");
        let tree = Tree::new("message digest")
            .noting("a hint only: the artifact itself is verified")
            .with_some(algorithm)
            .with_some(inner.bytes("digest", "digest"));
        Some(inner.finish(tree))
    });
    let signature = fields.take("signature").map(|value| base64_node("signature", value));
    fields.finish(Tree::new(LABEL).with_some(digest.flatten()).with_some(signature))
}
