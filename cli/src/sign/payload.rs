//! What is signed: an artifact, or a statement about one.

use std::collections::BTreeMap;

use lite_bundle::dsse::{self, IN_TOTO_PAYLOAD_TYPE};
use lite_bundle::{Content, Envelope, MessageSignature, Statement};
use lite_keys::{HashAlgorithm, KeyKind};

use crate::artifact::{Artifact, algorithm};
use crate::failure::{Failure, Outcome};

/// What is signed.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// An artifact as it is.
    Artifact(Artifact),
    /// These bytes as they are.
    Bytes(Vec<u8>),
    /// The bytes of an in-toto statement, which go into a DSSE envelope.
    Statement(Vec<u8>),
}

/// A payload reduced to what a key signs.
#[derive(Clone, Debug)]
pub(crate) struct Digested<'a> {
    payload: &'a Payload,
    pub(super) hash: HashAlgorithm,
    pub(super) digest: Vec<u8>,
}

impl Payload {
    /// The digest that a key of this kind signs. Reads the artifact, once.
    pub(super) fn digest(&self, hash: HashAlgorithm, kind: KeyKind) -> Outcome<Digested<'_>> {
        let digest = match self {
            Self::Artifact(artifact) => artifact.digest(hash)?.bytes,
            Self::Bytes(bytes) => hash.digest(bytes),
            // The log knows Ed25519 only prehashed, and DSSE knows it only pure.
            Self::Statement(_) if kind == KeyKind::Ed25519 => {
                return Err(Failure::usage(
                    "an Ed25519 key cannot sign statements that are logged",
                )
                .hint("use an ECDSA or RSA key, or an identity"));
            }
            Self::Statement(payload) => hash.digest(&dsse::pae(IN_TOTO_PAYLOAD_TYPE, payload)),
        };
        Ok(Digested { payload: self, hash, digest })
    }
}

impl Digested<'_> {
    /// The bundle's content around a signature.
    pub(super) fn content(&self, signature: Vec<u8>) -> Content {
        match self.payload {
            Payload::Artifact(_) | Payload::Bytes(_) => Content::Message(MessageSignature {
                digest: Some((self.hash, self.digest.clone())),
                signature,
            }),
            Payload::Statement(payload) => {
                Content::Dsse(Envelope::in_toto(payload.clone(), signature))
            }
        }
    }

    /// What a stranger has in hand when verifying: the artifact's digests.
    pub(super) fn artifact_digests(&self) -> Outcome<Vec<(HashAlgorithm, Vec<u8>)>> {
        match self.payload {
            Payload::Artifact(_) | Payload::Bytes(_) => Ok(vec![(self.hash, self.digest.clone())]),
            Payload::Statement(payload) => {
                let statement = Statement::parse(payload)
                    .map_err(|error| Failure::usage("not an in-toto statement").because(&error))?;
                let first = statement.subjects.first();
                Ok(first.map(|subject| digests(&subject.digest)).unwrap_or_default())
            }
        }
    }
}

/// Those digests of a subject whose algorithm we know.
fn digests(subject: &BTreeMap<String, String>) -> Vec<(HashAlgorithm, Vec<u8>)> {
    subject
        .iter()
        .filter_map(|(name, digest)| Some((algorithm(name)?, hex::decode(digest).ok()?)))
        .collect()
}
