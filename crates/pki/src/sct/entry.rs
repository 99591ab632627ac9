//! What a CT log logs, cut out of a certificate without re-encoding a byte of it.

use sha2::{Digest, Sha256};

use crate::asn1;
use crate::cert::Certificate;
use crate::oid::{self, ObjectIdentifier};
use crate::tls;

/// An entry of a CT log, RFC 6962, Section 3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CtEntry {
    /// `x509_entry`: a certificate as it is.
    X509(Vec<u8>),
    /// `precert_entry`: what a precertificate and its certificate have in common.
    Precert {
        /// SHA-256 of the issuing CA's `SubjectPublicKeyInfo`.
        issuer_key_hash: [u8; 32],
        /// `TBSCertificate` without the poison, respectively without the list of SCTs.
        tbs: Vec<u8>,
    },
}

/// Why a certificate has no CT entry of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A precertificate must be poisoned.
    #[error("the precertificate has no poison extension")]
    NoPoison,
    /// RFC 6962, Section 3.1: critical, and its content is `05 00`.
    #[error("the poison extension is not critical or not NULL")]
    MalformedPoison,
    /// A certificate must not be poisoned.
    #[error("the certificate is a precertificate")]
    Poisoned,
    /// A certificate without embedded SCTs has no precertificate to speak of.
    #[error("the certificate has no SCT list")]
    NoSctList,
    /// A precertificate cannot have SCTs yet.
    #[error("the precertificate has an SCT list")]
    UnexpectedSctList,
    /// The certificate's extensions are not where X.509 puts them.
    #[error("the certificate has no extensions to cut")]
    Structure,
}

/// The poison extension, DER: `critical TRUE`, content `05 00`.
#[must_use]
pub fn poison_extension() -> Vec<u8> {
    asn1::extension(&oid::CT_POISON, true, &asn1::NULL)
}

impl CtEntry {
    /// The entry of a precertificate, as its log computes it.
    pub fn of_precertificate(
        precertificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Self, EntryError> {
        let poison = precertificate.extension(&oid::CT_POISON).ok_or(EntryError::NoPoison)?;
        if !poison.critical || poison.value != asn1::NULL {
            return Err(EntryError::MalformedPoison);
        }
        if precertificate.extension(&oid::SCT_LIST).is_some() {
            return Err(EntryError::UnexpectedSctList);
        }
        Self::without(precertificate, &oid::CT_POISON, issuer)
    }

    /// The entry that the SCTs embedded in a certificate promise, as its verifiers compute it.
    pub fn of_certificate(
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Self, EntryError> {
        if certificate.extension(&oid::CT_POISON).is_some() {
            return Err(EntryError::Poisoned);
        }
        if certificate.extension(&oid::SCT_LIST).is_none() {
            return Err(EntryError::NoSctList);
        }
        Self::without(certificate, &oid::SCT_LIST, issuer)
    }

    /// The bytes an SCT signs. `None`: a part is longer than RFC 6962 can write.
    #[must_use]
    pub fn signed_data(&self, timestamp: u64, extensions: &[u8]) -> Option<Vec<u8>> {
        // `SignatureType.certificate_timestamp` and `MerkleLeafType.timestamped_entry` are both 0
        // and both follow version 0, so the signed data and the leaf are the same bytes.
        self.merkle_leaf(timestamp, extensions)
    }

    /// `MerkleTreeLeaf`: the leaf in the log. `None`: a part is longer than RFC 6962 can write.
    #[must_use]
    pub fn merkle_leaf(&self, timestamp: u64, extensions: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0, 0];
        out.extend_from_slice(&self.timestamped_entry(timestamp, extensions)?);
        Some(out)
    }

    /// `TimestampedEntry`: time, entry type, entry, extensions.
    pub(super) fn timestamped_entry(&self, timestamp: u64, extensions: &[u8]) -> Option<Vec<u8>> {
        let mut out = timestamp.to_be_bytes().to_vec();
        match self {
            Self::X509(certificate) => {
                out.extend_from_slice(&[0, 0]);
                tls::put_vector24(&mut out, certificate)?;
            }
            Self::Precert { issuer_key_hash, tbs } => {
                out.extend_from_slice(&[0, 1]);
                out.extend_from_slice(issuer_key_hash);
                tls::put_vector24(&mut out, tbs)?;
            }
        }
        tls::put_vector16(&mut out, extensions)?;
        Some(out)
    }

    fn without(
        certificate: &Certificate,
        extension: &ObjectIdentifier,
        issuer: &Certificate,
    ) -> Result<Self, EntryError> {
        Ok(Self::Precert {
            issuer_key_hash: Sha256::digest(issuer.spki_der()).into(),
            tbs: cut(certificate.tbs_der(), extension).ok_or(EntryError::Structure)?,
        })
    }
}

/// `TBSCertificate` without one extension: three lengths shrink, all other bytes stay.
fn cut(tbs: &[u8], extension: &ObjectIdentifier) -> Option<Vec<u8>> {
    const EXTENSIONS: u8 = 0xA3; // [3] EXPLICIT Extensions, the last field
    let fields = asn1::elements(tbs).ok()?;
    let (last, fields) = fields.split_last()?;
    let all = asn1::elements(asn1::content(EXTENSIONS, last)?).ok()?;
    let id = asn1::oid(extension);
    let kept: Vec<&[u8]> = all
        .iter()
        .copied()
        .filter(|item| {
            asn1::elements(item).ok().and_then(|parts| parts.first().copied()) != Some(&id)
        })
        .collect();
    // Never otherwise: the callers found it, and no certificate has an extension twice.
    if kept.len() + 1 != all.len() {
        return None;
    }
    let extensions = asn1::tlv(EXTENSIONS, &[&asn1::sequence(&kept)]);
    let mut parts = fields.to_vec();
    parts.push(&extensions);
    Some(asn1::sequence(&parts))
}
