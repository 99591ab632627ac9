//! DSSE envelopes with up to ten signatures, each of which some key must verify.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use lite_bundle::dsse::{IN_TOTO_PAYLOAD_TYPE, pae};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::json::{self, Limited, Object, Text};
use crate::verifier::Verifier;
use crate::{MAX_BESIDE, MAX_SIGNATURES, Refusal, SearchKey};

/// An envelope whose base64 was read.
pub(crate) struct Envelope<'a> {
    pub(crate) payload: Vec<u8>,
    pub(crate) payload_type: Cow<'a, str>,
    /// One at least, no text twice, in the order in which they were sent.
    signatures: Vec<Signature<'a>>,
}

struct Signature<'a> {
    /// As it was sent: the leaf holds this.
    text: Cow<'a, str>,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
    #[serde(borrow, default)]
    payload_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    signatures: Option<Limited<Object<WireSignature<'a>>, MAX_SIGNATURES>>,
}

/// The key's name in an envelope is a hint that nothing authenticates; it is passed over.
#[derive(Deserialize)]
struct WireSignature<'a> {
    #[serde(borrow, default)]
    sig: Option<Text<'a>>,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope's JSON.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let wire: Wire<'_> = json::object(text.as_bytes()).map_err(Refusal::Envelope)?;
        let signatures = wire.signatures.ok_or(Refusal::NoSignatures)?;
        if signatures.overflow {
            return Err(Refusal::TooManySignatures);
        }
        let texts = signatures.items.into_iter();
        let texts = texts.map(|Object(signature)| signature.sig.unwrap_or_default().0);
        let payload = wire.payload.unwrap_or_default();
        Self::of_parts(&payload, wire.payload_type.unwrap_or_default().0, texts)
    }

    /// An envelope of its members, payload and signatures in base64.
    pub(crate) fn of_parts(
        payload: &str,
        payload_type: Cow<'a, str>,
        texts: impl Iterator<Item = Cow<'a, str>>,
    ) -> Result<Self, Refusal> {
        let mut signatures: Vec<Signature<'a>> = Vec::new();
        for text in texts {
            if !signatures.iter().any(|signature| signature.text == text) {
                let bytes = json::either_base64(&text, "signature of the envelope")?;
                signatures.push(Signature { text, bytes });
            }
        }
        if signatures.is_empty() {
            return Err(Refusal::NoSignatures);
        }
        let payload = json::either_base64(payload, "payload of the envelope")?;
        Ok(Self { payload, payload_type, signatures })
    }

    /// Finds for each signature the key that verifies it; none must be left over. The answer is in
    /// the order of the signatures' texts, as a leaf has them.
    ///
    /// A key stands for one signature, the first it verifies, and must verify one; keys that are
    /// left when all signatures are verified are not looked at. Both is upstream's way.
    pub(crate) fn verified_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k [u8]>,
    ) -> Result<Vec<(&str, Verifier)>, Refusal> {
        let pae = pae(&self.payload_type, &self.payload);
        let mut by: Vec<Option<Verifier>> = vec![None; self.signatures.len()];
        for pem in keys {
            if by.iter().all(Option::is_some) {
                break;
            }
            let verifier = Verifier::parse(pem)?;
            let position = self.position(&verifier, &pae)?;
            if let Some(place) = by.get_mut(position) {
                *place = Some(verifier);
            }
        }
        let mut pairs = Vec::with_capacity(by.len());
        for (signature, verifier) in self.signatures.iter().zip(by) {
            pairs.push((&*signature.text, verifier.ok_or(Refusal::Unverified)?));
        }
        pairs.sort_by(|one, other| one.0.cmp(other.0));
        Ok(pairs)
    }

    /// Checks that `verifier` verifies one of the signatures.
    pub(crate) fn verify_one(&self, verifier: &Verifier) -> Result<(), Refusal> {
        self.position(verifier, &pae(&self.payload_type, &self.payload)).map(drop)
    }

    fn position(&self, verifier: &Verifier, pae: &[u8]) -> Result<usize, Refusal> {
        verifier.key()?;
        let is_by = |signature: &Signature<'_>| verifier.verify(pae, &signature.bytes).is_ok();
        self.signatures.iter().position(is_by).ok_or(Refusal::VerifiesNothing)
    }

    /// The digests of an in-toto statement's subjects, and of the materials of a provenance, at most
    /// [`MAX_BESIDE`], but for those of `known`; nothing where the payload is something else.
    pub(crate) fn statement_keys(&self, known: &[SearchKey]) -> Vec<SearchKey> {
        let mut keys: Vec<SearchKey> = Vec::new();
        if self.payload_type == IN_TOTO_PAYLOAD_TYPE {
            let about = json::object::<Statement>(&self.payload).ok().and_then(|read| read.subject);
            let made_of = json::object::<Provenance>(&self.payload).ok();
            let made_of = made_of.and_then(|read| read.predicate).and_then(|read| read.0.materials);
            let digested = about.into_iter().chain(made_of).flat_map(|list| list.items);
            for key in digested.flat_map(|Object(item)| item.digest.0) {
                if keys.len() < MAX_BESIDE && !keys.contains(&key) && !known.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}

#[derive(Deserialize)]
struct Statement {
    #[serde(default)]
    subject: Option<Limited<Object<Digested>, MAX_BESIDE>>,
}

#[derive(Deserialize)]
struct Provenance {
    #[serde(default)]
    predicate: Option<Object<Predicate>>,
}

#[derive(Deserialize)]
struct Predicate {
    #[serde(default)]
    materials: Option<Limited<Object<Digested>, MAX_BESIDE>>,
}

#[derive(Deserialize)]
struct Digested {
    #[serde(default)]
    digest: Digests,
}

/// Algorithm to hex; those that can be searched for.
#[derive(Default)]
struct Digests(Vec<SearchKey>);

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<'a>(PhantomData<&'a ()>);
        impl<'a> Visitor<'a> for Pairs<'a> {
            type Value = Digests;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("digests by algorithm")
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
                Ok(Digests::default())
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while found.len() < MAX_BESIDE {
                    let Some((algorithm, hex)) = map.next_entry::<Text<'a>, Text<'a>>()? else {
                        return Ok(Digests(found));
                    };
                    found.extend(SearchKey::named_digest(&algorithm, &hex));
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Digests(found))
            }
        }
        deserializer.deserialize_any(Pairs(PhantomData))
    }
}
