//! `rekord` 0.0.1: a signature over bytes that are sent along.
//!
//! ```text
//! sent    {…,"spec":{"data":{"content":"<base64>","hash"?:{…}},
//!          "signature":{"format":"x509","content":"<base64>","publicKey":{"content":"<base64>"}}}}
//! logged  {…,"spec":{"data":{"hash":{…}},"signature":{"content":"…","format":"x509","publicKey":{"content":"…"}}}}
//! ```
//!
//! Of upstream's formats `x509` and `ssh` are taken; `pgp` and `minisign` would each need a library
//! that nothing else here uses. Upstream fetches no data any more, and neither do we.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{WireContent, WireHash, given};
use crate::json::{self, Object, Text};
use crate::ssh::{SshKey, SshSignature};
use crate::verifier::Verifier;
use crate::{Accepted, Refusal, SearchKey};

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
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    hash: Option<Object<WireHash<'a>>>,
    #[serde(default)]
    url: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    format: Option<Text<'a>>,
    #[serde(borrow, default)]
    public_key: Option<Object<WireContent<'a>>>,
}

pub(crate) fn accept(proposed: &[u8]) -> Result<Accepted, Refusal> {
    let spec: Spec<'_> = json::spec(proposed)?;
    let wire = spec.signature.ok_or(Refusal::Missing("signature"))?.0;
    let format = given(wire.format).ok_or(Refusal::Missing("signature.format"))?;
    let format = Format::named(&format)?;
    let signature = given(wire.content).ok_or(Refusal::Missing("signature.content"))?;
    let signature = json::base64(&signature, "signature content")?;
    let key = wire.public_key.and_then(|Object(key)| given(key.content));
    let key = key.ok_or(Refusal::Missing("signature.publicKey.content"))?;
    let key = json::base64(&key, "signature publicKey content")?;
    let data = spec.data.ok_or(Refusal::Missing("data"))?.0;
    let (data, digest) = data_of(data)?;

    let (signature, key) = match format {
        Format::X509 => {
            let verifier = Verifier::parse(&key)?;
            verifier.check_chain()?;
            verifier.verify(&data, &signature)?;
            (signature, verifier.canonical().to_owned())
        }
        Format::Ssh => {
            let (signature, key) = (SshSignature::parse(&signature)?, SshKey::parse_line(&key)?);
            signature.verify(&key, &data)?;
            (signature.canonical().into_bytes(), key.canonical())
        }
    };

    let leaf = format!(
        concat!(
            r#"{{"apiVersion":"0.0.1","kind":"rekord","spec":{{"data":{{"hash":{{"algorithm":"sha256","value":"{}"}}}},"#,
            r#""signature":{{"content":"{}","format":"{}","publicKey":{{"content":"{}"}}}}}}}}"#
        ),
        digest,
        STANDARD.encode(signature),
        format.name(),
        STANDARD.encode(key),
    );
    let leaf = leaf.into_bytes();
    Ok(Accepted { kind: "rekord", version: "0.0.1", leaf, beside: Vec::new() })
}

/// The data and its digest in hex, which is what the entry says where it says one.
fn data_of(data: Data<'_>) -> Result<(Vec<u8>, String), Refusal> {
    let missing =
        if data.url.is_some() { Refusal::DataUrl } else { Refusal::NotInsertable("data content") };
    let content = json::base64(&given(data.content).ok_or(missing)?, "data content")?;
    let computed = hex::encode(HashAlgorithm::Sha256.digest(&content));
    if let Some(Object(hash)) = data.hash {
        let given = hash.read_sha256("data.hash")?.value.0;
        if *given != *computed {
            return Err(Refusal::HashMismatch { computed, given: given.into_owned() });
        }
    }
    Ok((content, computed))
}

#[derive(Clone, Copy)]
enum Format {
    Ssh,
    X509,
}

impl Format {
    fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "ssh" => Ok(Self::Ssh),
            "x509" => Ok(Self::X509),
            "minisign" => Err(Refusal::SignatureFormat("minisign")),
            "pgp" => Err(Refusal::SignatureFormat("pgp")),
            _ => Err(Refusal::SignatureFormatUnknown),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::X509 => "x509",
        }
    }
}

pub(crate) fn search_keys(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let spec: Spec<'_> = json::spec(leaf).ok()?;
    let hash = spec.data?.0.hash?.0.read_sha256("data.hash").ok()?;
    let signature = spec.signature?.0;
    let key = json::base64(&signature.public_key?.0.content?, "public key").ok()?;
    let mut keys = vec![hash.search_key()];
    match Format::named(&signature.format?).ok()? {
        Format::X509 => keys.extend(Verifier::parse(&key).ok()?.search_keys()),
        Format::Ssh => {
            let canonical = SshKey::parse_line(&key).ok()?.canonical();
            keys.push(SearchKey::of_canonical_key(canonical.as_bytes()));
        }
    }
    Some(keys)
}
