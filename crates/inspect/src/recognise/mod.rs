//! What a document is, by looking at it.
//!
//! No name of a file and no word of a caller is asked: people inspect what they found somewhere.

mod binary;
mod shape;

pub(crate) use binary::der;
use serde_json::Value;

use crate::json::decode;
use crate::kind::Kind;
use crate::{leaves, note, pem, token};

/// The largest document that is looked at: the largest bundle.
pub const MAX_BYTES: usize = lite_bundle::MAX_BUNDLE_BYTES;

/// A document whose kind is known.
#[derive(Clone, Debug)]
pub(crate) struct Recognised {
    pub(crate) kind: Kind,
    /// What it was wrapped in, such as base64.
    pub(crate) wrapping: Option<&'static str>,
    pub(crate) content: Content,
}

/// A document in the form that its kind has.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// One JSON value, and the bytes it was read from.
    Json(Value, Vec<u8>),
    /// Several JSON values.
    Several(Vec<Value>),
    Der(Vec<u8>),
    /// PEM, a note, a token.
    Text(String),
    /// Something else that is not text.
    Bytes(Vec<u8>),
}

/// Why a document was not recognised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// Over [`MAX_BYTES`].
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// It begins as JSON and does not go on so.
    #[error("it is not whole JSON: line {line}, column {column}: {why}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// JSON of no shape that is known.
    #[error("it is JSON of no known shape; {tried}")]
    Shape {
        /// What came nearest, or what was found.
        tried: String,
    },
    /// PEM that does not end, or holds no block.
    #[error("it is PEM that cannot be read: {0}")]
    Pem(lite_pki::pem::PemError),
    /// DER of no known structure.
    #[error("it begins as DER and is none of the known structures; {tried}")]
    Der {
        /// What was tried, and where that failed.
        tried: String,
    },
    /// Neither of the above.
    #[error("it is neither JSON, PEM, DER, a signed note, a token nor base64 of one of these")]
    Nothing,
}

impl Unknown {
    /// Everything that would have been recognised.
    #[must_use]
    pub fn known() -> String {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.join(", ")
    }
}

/// What a document is.
pub fn recognise(bytes: &[u8]) -> Result<Kind, Unknown> {
    look(bytes).map(|found| found.kind)
}

/// The same, with its content.
pub(crate) fn look(bytes: &[u8]) -> Result<Recognised, Unknown> {
    if bytes.len() > MAX_BYTES {
        return Err(Unknown::TooLarge);
    }
    match plain(bytes) {
        Err(Unknown::Nothing) => wrapped(bytes),
        looked => looked,
    }
}

/// Base64 around a document, once: in layers there would be no end.
fn wrapped(bytes: &[u8]) -> Result<Recognised, Unknown> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unknown::Nothing)?;
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let inner = decode(&text).filter(|inner| !inner.is_empty()).ok_or(Unknown::Nothing)?;
    let found = plain(&inner)?;
    Ok(Recognised { wrapping: Some("base64"), ..found })
}

fn plain(bytes: &[u8]) -> Result<Recognised, Unknown> {
    let found = |kind, content| Ok(Recognised { kind, wrapping: None, content });
    let Ok(text) = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) else {
        return binary(bytes);
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Unknown::Empty);
    }
    if trimmed.starts_with(['{', '[']) {
        return json(trimmed);
    }
    if trimmed.contains("-----BEGIN ") {
        return pem_file(trimmed);
    }
    if note::looks_signed(text) {
        let (body, _) = text.rsplit_once("\n\n").unwrap_or((text, ""));
        let kind = if note::is_checkpoint(body) { Kind::Checkpoint } else { Kind::Note };
        return found(kind, Content::Text(text.to_owned()));
    }
    if token::looks_like_one(trimmed) {
        return found(Kind::Token, Content::Text(trimmed.to_owned()));
    }
    if note::verifier_key("", trimmed).is_some() {
        return found(Kind::VerifierKey, Content::Text(trimmed.to_owned()));
    }
    // Small DER may happen to be UTF-8, and so may an entry bundle.
    binary(bytes)
}

fn binary(bytes: &[u8]) -> Result<Recognised, Unknown> {
    let found = |kind, content| Ok(Recognised { kind, wrapping: None, content });
    if leaves::looks_like_one(bytes) {
        return found(Kind::EntryBundle, Content::Bytes(bytes.to_vec()));
    }
    // A text that begins with a zero is base64 sooner than DER.
    let looks_der = bytes.first() == Some(&0x30)
        && bytes.get(1).is_some_and(|length| !length.is_ascii_alphanumeric() || bytes.len() < 128);
    if !looks_der || bytes.is_ascii() && decode_is_sound(bytes) {
        return Err(Unknown::Nothing);
    }
    der(bytes).and_then(|kind| found(kind, Content::Der(bytes.to_vec())))
}

fn decode_is_sound(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| decode(text.trim()).is_some())
}

fn pem_file(text: &str) -> Result<Recognised, Unknown> {
    let block = lite_pki::pem::first_block(text).map_err(Unknown::Pem)?;
    let block = block.ok_or(Unknown::Pem(lite_pki::pem::PemError::Missing))?;
    let alone = !block.after.contains("-----BEGIN ");
    let kind = pem::kind_of(block.label).filter(|_| alone).unwrap_or(Kind::PemFile);
    Ok(Recognised { kind, wrapping: Some("PEM"), content: Content::Text(text.to_owned()) })
}

fn json(text: &str) -> Result<Recognised, Unknown> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let malformed = |error: serde_json::Error| Unknown::Json {
        line: error.line(),
        column: error.column(),
        why: words(&error),
    };
    let first = values.next().ok_or(Unknown::Empty)?.map_err(malformed)?;
    let mut all = vec![first];
    // One document a line, as attestations are listed.
    for value in values {
        all.push(value.map_err(malformed)?);
    }
    if let [one] = all.as_slice() {
        // An array of Rekor's answers is one answer.
        let is_document =
            |item: &Value| shape::shape(item).is_ok_and(|kind| kind != Kind::RekorAnswer);
        let listed = one.as_array().filter(|items| items.first().is_some_and(is_document));
        if let Some(items) = listed {
            let content = Content::Several(items.clone());
            return Ok(Recognised { kind: Kind::Several, wrapping: None, content });
        }
        let kind = shape::shape(one)?;
        let content = Content::Json(all.remove(0), text.as_bytes().to_vec());
        return Ok(Recognised { kind, wrapping: None, content });
    }
    shape::shape(&all[0])?;
    Ok(Recognised { kind: Kind::Several, wrapping: None, content: Content::Several(all) })
}

/// The shape of a JSON value that is one of several.
pub(crate) fn json_kind(value: &Value) -> Result<Kind, Unknown> {
    shape::shape(value)
}

/// `serde_json` says the place again at the end.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
