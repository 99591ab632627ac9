//! What makes a timestamp true.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use lite_keys::{KeyError, VerifyError};
use lite_time::Time;

use super::response::TimestampResponse;
use super::signer::SigningCertificate;
use crate::cert::Certificate;
use crate::chain::{ChainError, Purpose, verify_chain};

/// A timestamp authority of a trusted root.
#[derive(Clone, Debug)]
pub struct TrustedAuthority {
    /// Leaf first (or no leaf at all, for authorities that embed it), the trust anchor last.
    pub chain: Vec<Certificate>,
    /// The first instant for which the trusted root vouches.
    pub valid_from: Option<Time>,
    /// The last instant for which the trusted root vouches, included.
    pub valid_until: Option<Time>,
}

/// A proven instant: the message existed then.
#[derive(Clone, Debug)]
pub struct VerifiedTimestamp {
    /// `genTime`.
    pub time: Time,
    /// From the signer's certificate to the trust anchor.
    pub path: Vec<Certificate>,
}

/// Why a timestamp proves nothing about a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The timestamp is of another message.
    #[error("the timestamp is not of this message")]
    Imprint,
    /// Neither the trusted root nor the timestamp has the signer's certificate.
    #[error("the certificate of the timestamp's signer is not at hand")]
    UnknownSigner,
    /// The embedded certificate is not the trusted one.
    #[error("the certificate in the timestamp is not the trusted authority's")]
    OtherSigner,
    /// The signed attributes name another certificate.
    #[error("the signed attributes name another certificate")]
    SigningCertificate,
    /// `messageDigest` is not the digest of the `TSTInfo`.
    #[error("the signed digest is not of the timestamp's content")]
    MessageDigest,
    /// The signature algorithm does not go with the signer's key.
    #[error("the timestamp's signature algorithm does not fit the signer's key")]
    Algorithm,
    /// The signer's key is not of a kind that is accepted.
    #[error("the key of the timestamp's signer is refused: {0}")]
    Key(#[from] KeyError),
    /// The signature does not verify.
    #[error("the signature of the timestamp does not verify: {0}")]
    Signature(#[from] VerifyError),
    /// The signer does not chain to the trusted authority at the timestamp's time.
    #[error("the timestamp's signer is not trusted: {0}")]
    Chain(#[from] ChainError),
    /// The trusted root does not vouch for the authority at that time.
    #[error("the timestamp is outside the authority's validity window")]
    Window,
}

impl TimestampResponse {
    /// Proves that the authority stamped `message`, and says when.
    pub fn verify(
        &self,
        message: &[u8],
        authority: &TrustedAuthority,
    ) -> Result<VerifiedTimestamp, TimestampError> {
        // (1) The timestamp is of this message, and of no other with the same hash function.
        if self.hash.digest(message) != self.digest {
            return Err(TimestampError::Imprint);
        }

        // (2) Who signed: the trusted leaf, or an embedded one where the trusted root has none.
        let signer = self.signer_certificate(authority)?;
        self.check_signing_certificate(signer)?;

        // (3) RFC 5652, Section 5.4: the signature is over the attributes, and through their
        // `messageDigest` over the content.
        if self.signer.digest_hash.digest(&self.info) != self.signer.message_digest {
            return Err(TimestampError::MessageDigest);
        }
        self.check_signature(signer)?;

        // (4) The signer chains to the authority at the time it claims, and is for timestamps.
        let (anchor, others) = authority.chain.split_last().ok_or(ChainError::NoAnchor)?;
        let intermediates: Vec<Certificate> =
            others.iter().chain(&self.certificates).filter(|c| c.is_ca()).cloned().collect();
        let anchors = std::slice::from_ref(anchor);
        let path =
            verify_chain(signer, &intermediates, anchors, self.gen_time, Purpose::TimeStamping)?;

        // (5) The trusted root vouches for the authority at that time, both ends included.
        let early = authority.valid_from.is_some_and(|from| self.gen_time < from);
        let late = authority.valid_until.is_some_and(|until| self.gen_time > until);
        if early || late {
            return Err(TimestampError::Window);
        }
        Ok(VerifiedTimestamp { time: self.gen_time, path })
    }

    /// Whether `authority` may have signed: its leaf, or the issuer of the embedded certificate, is
    /// the one this response names. A quick look before [`TimestampResponse::verify`], no proof.
    #[must_use]
    pub fn names(&self, authority: &TrustedAuthority) -> bool {
        self.signer_certificate(authority).is_ok()
    }

    fn signer_certificate<'a>(
        &'a self,
        authority: &'a TrustedAuthority,
    ) -> Result<&'a Certificate, TimestampError> {
        let named = |certificate: &&Certificate| {
            certificate.issuer_der() == self.signer.issuer
                && certificate.serial() == self.signer.serial
        };
        let Some(leaf) = authority.chain.first().filter(|first| !first.is_ca()) else {
            return self.certificates.iter().find(named).ok_or(TimestampError::UnknownSigner);
        };
        // RFC 3161, Section 2.4.1: who embeds certificates embeds the signer's.
        let embedded = self.certificates.is_empty() || self.certificates.contains(leaf);
        if named(&leaf) && embedded { Ok(leaf) } else { Err(TimestampError::OtherSigner) }
    }

    /// RFC 3161, Section 2.4.2 and RFC 5816: the attributes bind the signature to one certificate.
    fn check_signing_certificate(&self, signer: &Certificate) -> Result<(), TimestampError> {
        let matches = match &self.signer.signing_certificate {
            SigningCertificate::Sha2(hash, expected) => hash.digest(signer.der()) == *expected,
            // SHA-1 only names the certificate here; the signature still has to verify under it.
            SigningCertificate::Sha1(expected) => {
                digest(&SHA1_FOR_LEGACY_USE_ONLY, signer.der()).as_ref() == expected
            }
        };
        if matches { Ok(()) } else { Err(TimestampError::SigningCertificate) }
    }

    fn check_signature(&self, signer: &Certificate) -> Result<(), TimestampError> {
        let key = signer.public_key()?;
        if !self.signer.algorithm.fits(key.kind()) {
            return Err(TimestampError::Algorithm);
        }
        // `rsaEncryption` leaves the hash to the digest algorithm (RFC 3370, Section 3.2).
        let hash = self.signer.algorithm.hash().unwrap_or(self.signer.digest_hash);
        Ok(key.verify(hash, &self.signer.attributes, &self.signer.signature)?)
    }
}
