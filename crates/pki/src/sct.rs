//! Certificate transparency: the SCT, the entry it promises to log, and the list in a certificate.
//!
//! ```text
//! SCT         00 | log id [32] | u64 ms | u16 len, extensions | 04 sha256 | 03 ecdsa | u16 len, signature
//! SCT list    u16 len ( u16 len, SCT )+        in a certificate: inside an OCTET STRING of its own
//! signed      00 v1 | 00 certificate_timestamp | u64 ms | entry | u16 len, extensions
//! entry       00 00 | u24 len, certificate                                   (x509_entry)
//!             00 01 | issuer key hash [32] | u24 len, TBSCertificate         (precert_entry)
//! leaf        00 v1 | 00 timestamped_entry | u64 ms | entry | u16 len, extensions
//! ```
//!
//! RFC 6962, Sections 3.2 to 3.4. [`CtEntry`] is the entry, [`TileLeaf`] what static-ct-api stores.

use lite_keys::{HashAlgorithm, KeyKind, PublicKey, SignError, SigningKey, VerifyError};
use lite_time::Time;
use sha2::{Digest, Sha256};

use crate::asn1;
use crate::cert::Certificate;
use crate::oid;
use crate::tls::{self, Reader};

mod entry;
mod tile;

pub use entry::{CtEntry, EntryError, poison_extension};
pub use tile::{TileLeaf, TileLeafError, leaf_index, leaf_index_extension};

/// The most SCTs that are read from one certificate.
pub const MAX_SCTS: usize = 32;

const VERSION_1: u8 = 0;
const HASH_SHA256: u8 = 4;
const SIGNATURE_RSA: u8 = 1;
const SIGNATURE_ECDSA: u8 = 3;

/// A signed certificate timestamp: a log's promise to include an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// `id.key_id`: SHA-256 of the log's `SubjectPublicKeyInfo`.
    pub log_id: [u8; 32],
    /// `timestamp`, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// `extensions`: empty, or static-ct-api's `leaf_index`.
    pub extensions: Vec<u8>,
    /// `signature.algorithm.hash`: 4 is SHA-256, and nothing else verifies.
    pub hash_algorithm: u8,
    /// `signature.algorithm.signature`: 3 is ECDSA, 1 is RSA.
    pub signature_algorithm: u8,
    /// `signature.signature`.
    pub signature: Vec<u8>,
}

/// The SCTs of a certificate, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SctList(pub Vec<Sct>);

/// Why bytes are not an SCT or a list of SCTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SctError {
    /// The input ends inside a field, or goes on after the last one.
    #[error("the SCT has the wrong length")]
    Length,
    /// Not version 1.
    #[error("the SCT is not of version 1")]
    Version,
    /// RFC 6962, Section 3.3: at least one SCT in a list.
    #[error("the list of SCTs is empty")]
    Empty,
    /// More than [`MAX_SCTS`].
    #[error("more than {MAX_SCTS} SCTs")]
    TooMany,
    /// The certificate has no list of SCTs.
    #[error("the certificate has no SCT")]
    Missing,
}

/// Why an SCT does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SctVerifyError {
    /// The SCT is of another log than this key's.
    #[error("the SCT names another log")]
    Log,
    /// Not SHA-256, or a signature algorithm that is not the key's.
    #[error("the SCT's signature algorithm is not the log's")]
    Algorithm,
    /// The entry is too long to be signed.
    #[error("the entry is too long for RFC 6962")]
    Entry,
    /// The signature is over something else, or of another key.
    #[error("the SCT's signature does not verify: {0}")]
    Signature(#[from] VerifyError),
}

/// The ID of the CT log with this key: SHA-256 of its `SubjectPublicKeyInfo`.
#[must_use]
pub fn log_id(key: &PublicKey) -> [u8; 32] {
    Sha256::digest(key.spki_der()).into()
}

impl Sct {
    /// Signs the promise to log `entry`. The entry and extensions must fit their RFC 6962 lengths.
    pub fn sign(
        key: &SigningKey,
        timestamp: u64,
        extensions: Vec<u8>,
        entry: &CtEntry,
    ) -> Result<Self, SignError> {
        let message = entry.signed_data(timestamp, &extensions).ok_or(SignError::Library)?;
        Ok(Self {
            log_id: log_id(key.public()),
            timestamp,
            extensions,
            hash_algorithm: HASH_SHA256,
            signature_algorithm: signature_algorithm(key.kind()),
            signature: key.sign(HashAlgorithm::Sha256, &message)?,
        })
    }

    /// Verifies the promise against the log's key and the entry rebuilt from the certificate.
    pub fn verify(&self, key: &PublicKey, entry: &CtEntry) -> Result<(), SctVerifyError> {
        if self.log_id != log_id(key) {
            return Err(SctVerifyError::Log);
        }
        // RFC 6962, Section 2.1.4: ECDSA or RSA, and SHA-256.
        if self.hash_algorithm != HASH_SHA256
            || self.signature_algorithm != signature_algorithm(key.kind())
        {
            return Err(SctVerifyError::Algorithm);
        }
        let message =
            entry.signed_data(self.timestamp, &self.extensions).ok_or(SctVerifyError::Entry)?;
        Ok(key.verify(HashAlgorithm::Sha256, &message, &self.signature)?)
    }

    /// When the log promised.
    #[must_use]
    pub fn time(&self) -> Time {
        Time::from_millis(i64::try_from(self.timestamp).unwrap_or(i64::MAX))
    }

    /// The serialised SCT. `None`: extensions or signature over 65,535 bytes.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = vec![VERSION_1];
        out.extend_from_slice(&self.log_id);
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        tls::put_vector16(&mut out, &self.extensions)?;
        out.extend_from_slice(&self.digitally_signed()?);
        Some(out)
    }

    /// Reads one SCT; nothing may follow it.
    pub fn decode(bytes: &[u8]) -> Result<Self, SctError> {
        let mut reader = Reader(bytes);
        if reader.u8().ok_or(SctError::Length)? != VERSION_1 {
            return Err(SctError::Version);
        }
        Self::decode_body(&mut reader).filter(|_| reader.is_empty()).ok_or(SctError::Length)
    }

    /// `DigitallySigned`, as the JSON of `add-pre-chain` carries it: `04 03`, length, signature.
    #[must_use]
    pub fn digitally_signed(&self) -> Option<Vec<u8>> {
        let mut out = vec![self.hash_algorithm, self.signature_algorithm];
        tls::put_vector16(&mut out, &self.signature)?;
        Some(out)
    }

    /// An SCT from the fields of an `add-pre-chain` answer.
    pub fn from_response(
        log_id: [u8; 32],
        timestamp: u64,
        extensions: Vec<u8>,
        digitally_signed: &[u8],
    ) -> Result<Self, SctError> {
        let mut reader = Reader(digitally_signed);
        let mut signed = || Some((reader.u8()?, reader.u8()?, reader.vector16()?.to_vec()));
        let (hash_algorithm, signature_algorithm, signature) = signed().ok_or(SctError::Length)?;
        if !reader.is_empty() {
            return Err(SctError::Length);
        }
        Ok(Self { log_id, timestamp, extensions, hash_algorithm, signature_algorithm, signature })
    }

    fn decode_body(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            log_id: reader.array()?,
            timestamp: reader.u64()?,
            extensions: reader.vector16()?.to_vec(),
            hash_algorithm: reader.u8()?,
            signature_algorithm: reader.u8()?,
            signature: reader.vector16()?.to_vec(),
        })
    }
}

impl SctList {
    /// The SCTs embedded in a certificate.
    pub fn of_certificate(certificate: &Certificate) -> Result<Self, SctError> {
        let extension = certificate.extension(&oid::SCT_LIST).ok_or(SctError::Missing)?;
        // RFC 6962, Section 3.3: the list is in an OCTET STRING inside the extension's own.
        let list = asn1::content(asn1::OCTET_STRING, &extension.value).ok_or(SctError::Length)?;
        Self::decode(list)
    }

    /// `SignedCertificateTimestampList`. `None`: over 65,535 bytes.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut list = Vec::new();
        for sct in &self.0 {
            tls::put_vector16(&mut list, &sct.encode()?)?;
        }
        let mut out = Vec::new();
        tls::put_vector16(&mut out, &list)?;
        Some(out)
    }

    /// Reads a `SignedCertificateTimestampList`; nothing may follow it.
    pub fn decode(bytes: &[u8]) -> Result<Self, SctError> {
        let mut outer = Reader(bytes);
        let list = outer.vector16().filter(|_| outer.is_empty()).ok_or(SctError::Length)?;
        let mut reader = Reader(list);
        let mut scts = Vec::new();
        while !reader.is_empty() {
            if scts.len() == MAX_SCTS {
                return Err(SctError::TooMany);
            }
            scts.push(Sct::decode(reader.vector16().ok_or(SctError::Length)?)?);
        }
        if scts.is_empty() { Err(SctError::Empty) } else { Ok(Self(scts)) }
    }

    /// The extension for a certificate, DER. `None`: over 65,535 bytes.
    #[must_use]
    pub fn to_extension(&self) -> Option<Vec<u8>> {
        let value = asn1::octet_string(&self.encode()?);
        Some(asn1::extension(&oid::SCT_LIST, false, &value))
    }
}

/// RFC 5246, Section 7.4.1.4.1. A key that is neither gets 0 ("anonymous"), which nothing verifies.
fn signature_algorithm(kind: KeyKind) -> u8 {
    match kind {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => SIGNATURE_ECDSA,
        KeyKind::Rsa(_) => SIGNATURE_RSA,
        KeyKind::Ed25519 => 0,
    }
}
