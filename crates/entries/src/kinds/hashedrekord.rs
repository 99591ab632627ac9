//! `hashedrekord` 0.0.1: a signature over a digest.
//!
//! ```text
//! {"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"<hex>"}},
//!  "signature":{"content":"<base64>","publicKey":{"content":"<base64 of PEM>"}}}}
//! ```
//!
//! What is sent and what is logged have the same shape; the PEM is written anew, and nothing else of
//! what was sent is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::HashedRekord001;
use lite_keys::{HashAlgorithm, KeyDetails, PublicKey, VerifyError};
use serde::Deserialize;

use super::{WireContent, WireHash, given};
use crate::json::{self, Object, Text};
use crate::verifier::Verifier;
use crate::{Accepted, Refusal, Rules, SearchKey};

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(borrow, default)]
    data: Option<Object<Data<'a>>>,
    #[serde(borrow, default)]
    signature: Option<Object<Signature<'a>>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    hash: Option<Object<WireHash<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    public_key: Option<Object<WireContent<'a>>>,
}

pub(crate) fn accept(proposed: &[u8], rules: &Rules) -> Result<Accepted, Refusal> {
    let spec: Spec<'_> = json::spec(proposed)?;
    let data = spec.data.ok_or(Refusal::Missing("data"))?.0;
    let hash = data.hash.ok_or(Refusal::Missing("data.hash"))?.0;
    let hash = hash.read("data.hash", &HashAlgorithm::ALL, "sha256 sha384 sha512")?;
    let signature = spec.signature.ok_or(Refusal::Missing("signature"))?.0;
    let content = given(signature.content).ok_or(Refusal::NotInsertable("signature content"))?;
    let content = json::base64(&content, "signature content")?;
    let key = signature.public_key.and_then(|Object(key)| given(key.content));
    let key = key.ok_or(Refusal::NotInsertable("publicKey content"))?;
    let verifier = Verifier::parse(&json::base64(&key, "public key content")?)?;

    verifier.check_chain()?;
    let key = verifier.key()?;
    key.verify_digest(hash.algorithm, &hash.digest, &content).map_err(|error| match error {
        // Ed25519ph over anything but SHA-512.
        VerifyError::Digest => Refusal::AlgorithmNotAllowed,
        _ => Refusal::Signature(key.kind()),
    })?;
    if !allows(rules, key, hash.algorithm) {
        return Err(Refusal::AlgorithmNotAllowed);
    }

    let leaf = format!(
        concat!(
            r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{}}},"#,
            r#""signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#
        ),
        hash.canonical(),
        STANDARD.encode(&content),
        STANDARD.encode(verifier.canonical()),
    );
    let leaf = leaf.into_bytes();
    Ok(Accepted { kind: "hashedrekord", version: "0.0.1", leaf, beside: Vec::new() })
}

fn allows(rules: &Rules, key: &PublicKey, hash: HashAlgorithm) -> bool {
    rules.algorithms.iter().any(|details| {
        *details != KeyDetails::Ed25519 && details.kind() == key.kind() && details.hash() == hash
    })
}

pub(crate) fn search_keys(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let entry = HashedRekord001::parse(leaf).ok()?;
    let mut keys = vec![SearchKey::digest(entry.hash, &entry.digest)];
    keys.extend(Verifier::parse(entry.signature.verifier_pem.as_bytes()).ok()?.search_keys());
    Some(keys)
}
