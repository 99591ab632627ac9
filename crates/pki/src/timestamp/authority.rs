//! The authority's side: an answer in the one form that every stock client reads.

use lite_keys::{HashAlgorithm, KeyKind, SignError, SigningKey};
use lite_time::Time;

use super::request::{TimestampRequest, imprint};
use crate::algorithm::{hash_oid, signature_identifier};
use crate::asn1;
use crate::cert::Certificate;
use crate::chain::{self, ChainError, Purpose};
use crate::oid::{self, ObjectIdentifier};
use crate::tbs;

/// A timestamp authority at work: its key and its chain, leaf first, root last.
#[derive(Debug)]
pub struct TimestampAuthority {
    key: SigningKey,
    chain: Vec<Certificate>,
}

/// Why a key and certificates are not a timestamp authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampAuthorityError {
    /// sigstore-python needs the leaf and its root.
    #[error("the chain has fewer than two certificates")]
    ShortChain,
    /// The key is not the leaf's.
    #[error("the key is not the key of the chain's first certificate")]
    KeyMismatch,
    /// sigstore-js verifies only ECDSA timestamps.
    #[error("the key is not ECDSA")]
    KeyKind,
    /// `signedAttrs` name the leaf by its subject.
    #[error("the leaf has an empty subject or issuer")]
    EmptyName,
    /// The chain does not lead to its root, or its leaf is not for timestamps alone.
    #[error("the chain is not a timestamp authority's: {0}")]
    Chain(#[from] ChainError),
}

impl TimestampAuthority {
    /// Takes a key and its chain into service, if a client would accept them at `at`.
    pub fn new(
        key: SigningKey,
        chain: Vec<Certificate>,
        at: Time,
    ) -> Result<Self, TimestampAuthorityError> {
        let [leaf, intermediates @ .., root] = chain.as_slice() else {
            return Err(TimestampAuthorityError::ShortChain);
        };
        if leaf.spki_der() != key.public().spki_der() {
            return Err(TimestampAuthorityError::KeyMismatch);
        }
        if !matches!(key.kind(), KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521) {
            return Err(TimestampAuthorityError::KeyKind);
        }
        if leaf.subject_der() == [asn1::SEQUENCE, 0] || leaf.issuer_der() == [asn1::SEQUENCE, 0] {
            return Err(TimestampAuthorityError::EmptyName);
        }
        let anchors = std::slice::from_ref(root);
        chain::verify_chain(leaf, intermediates, anchors, at, Purpose::TimeStamping)?;
        Ok(Self { key, chain })
    }

    /// Leaf first, root last.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The certificate that signs.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        // `new` refuses a chain of fewer than two.
        &self.chain[0]
    }

    /// Answers a request: `TimeStampResp`, DER. `serial` is 20 random bytes; that the time does not
    /// go back, and that `policy` is what the request may ask for, is the caller's to see to.
    pub fn respond(
        &self,
        request: &TimestampRequest,
        policy: &ObjectIdentifier,
        serial: [u8; 20],
        at: Time,
    ) -> Result<Vec<u8>, SignError> {
        let info = self.tst_info(request, policy, serial, at);
        let signed_data = self.signed_data(request, &info, at)?;
        let granted = asn1::sequence(&[&asn1::unsigned(&[0])]);
        let content =
            asn1::sequence(&[&asn1::oid(&oid::SIGNED_DATA), &asn1::tlv(0xA0, &[&signed_data])]);
        Ok(asn1::sequence(&[&granted, &content]))
    }

    /// `TSTInfo`, RFC 3161, Section 2.4.2; `ordering` is false and so not written.
    fn tst_info(
        &self,
        request: &TimestampRequest,
        policy: &ObjectIdentifier,
        serial: [u8; 20],
        at: Time,
    ) -> Vec<u8> {
        let one_second = asn1::sequence(&[&asn1::unsigned(&[1])]);
        let nonce = request.nonce.as_deref().map(|nonce| asn1::tlv(asn1::INTEGER, &[nonce]));
        // [0] EXPLICIT GeneralName, of which directoryName is [4] EXPLICIT.
        let tsa = asn1::tlv(0xA0, &[&asn1::tlv(0xA4, &[self.leaf().subject_der()])]);
        asn1::sequence(&[
            &asn1::unsigned(&[1]),
            &asn1::oid(policy),
            &imprint(request.hash, &request.digest),
            &asn1::unsigned(&tbs::serial(serial)),
            &asn1::generalized_time(at),
            &one_second,
            &nonce.unwrap_or_default(),
            &tsa,
        ])
    }

    /// `SignedData`, RFC 5652, Section 5.1; version 3, as the content is not `id-data`.
    fn signed_data(
        &self,
        request: &TimestampRequest,
        info: &[u8],
        at: Time,
    ) -> Result<Vec<u8>, SignError> {
        let hash = self.key.kind().default_hash();
        let digest_algorithm = asn1::sequence(&[&asn1::oid(&hash_oid(hash))]);
        let encapsulated = asn1::sequence(&[
            &asn1::oid(&oid::TST_INFO),
            &asn1::tlv(0xA0, &[&asn1::octet_string(info)]),
        ]);
        // At most the leaf: sigstore-java takes the first for the leaf, and rfc3161-client demands
        // DER order of the set. Without `certReq` the field is left out.
        let certificates =
            if request.cert_req { asn1::tlv(0xA0, &[self.leaf().der()]) } else { Vec::new() };
        let signer = self.signer_info(request.hash, hash, &digest_algorithm, info, at)?;
        Ok(asn1::sequence(&[
            &asn1::unsigned(&[3]),
            &asn1::set_of(vec![digest_algorithm]),
            &encapsulated,
            &certificates,
            &asn1::set_of(vec![signer]),
        ]))
    }

    /// `SignerInfo`, RFC 5652, Section 5.3, with the signer named by issuer and serial number:
    /// several clients look for nothing else.
    fn signer_info(
        &self,
        imprint_hash: HashAlgorithm,
        hash: HashAlgorithm,
        digest_algorithm: &[u8],
        info: &[u8],
        at: Time,
    ) -> Result<Vec<u8>, SignError> {
        let attributes = asn1::set_of(vec![
            attribute(&oid::CONTENT_TYPE, &asn1::oid(&oid::TST_INFO)),
            attribute(&oid::SIGNING_TIME, &asn1::time(at)),
            attribute(&oid::MESSAGE_DIGEST, &asn1::octet_string(&hash.digest(info))),
            attribute(&oid::SIGNING_CERTIFICATE_V2, &self.signing_certificate(imprint_hash)),
        ]);
        // RFC 5652, Section 5.4: signed as SET OF, written as [0] IMPLICIT.
        let signature = self.key.sign(hash, &attributes)?;
        let mut implicit = attributes;
        implicit[0] = 0xA0;
        let serial = asn1::tlv(asn1::INTEGER, &[self.leaf().serial()]);
        Ok(asn1::sequence(&[
            &asn1::unsigned(&[1]),
            &asn1::sequence(&[self.leaf().issuer_der(), &serial]),
            digest_algorithm,
            &implicit,
            &signature_identifier(self.key.kind()),
            &asn1::octet_string(&signature),
        ]))
    }

    /// `SigningCertificateV2`, RFC 5816, Section 2.2.1. The hash follows the message imprint's, as
    /// the public authority's does; DER omits it when it is SHA-256, the default.
    fn signing_certificate(&self, hash: HashAlgorithm) -> Vec<u8> {
        let leaf = self.leaf();
        let algorithm = match hash {
            HashAlgorithm::Sha256 => Vec::new(),
            other => asn1::sequence(&[&asn1::oid(&hash_oid(other)), &asn1::NULL]),
        };
        let issuer = asn1::sequence(&[&asn1::tlv(0xA4, &[leaf.issuer_der()])]);
        let serial = asn1::tlv(asn1::INTEGER, &[leaf.serial()]);
        let id = asn1::sequence(&[
            &algorithm,
            &asn1::octet_string(&hash.digest(leaf.der())),
            &asn1::sequence(&[&issuer, &serial]),
        ]);
        asn1::sequence(&[&asn1::sequence(&[&id])])
    }
}

/// `Attribute` with one value.
fn attribute(kind: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(kind), &asn1::tlv(asn1::SET, &[value])])
}
