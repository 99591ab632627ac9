//! What makes a timestamp true.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use lite_keys::{KeyError, VerifyError};
use lite_time::Time;

use super::response::TimestampResponse;
use super::signer::SigningCertificate;
use crate::cert::Certificate;
use crate::chain::{ChainError, Purpose, verify_chain_with};
use crate::links::Links;

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
        self.verify_with(&Links::default(), message, authority)
    }

    /// The same for who asks often: see [`Links`].
    pub fn verify_with(
        &self,
        links: &Links,
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
        self.check_content()?;
        self.check_signature(signer)?;

        // (4) The signer chains to the authority at the time it claims, and is for timestamps.
        let (anchor, others) = authority.chain.split_last().ok_or(ChainError::NoAnchor)?;
        let intermediates: Vec<Certificate> =
            others.iter().chain(&self.certificates).filter(|c| c.is_ca()).cloned().collect();
        let anchors = std::slice::from_ref(anchor);
        let (at, purpose) = (self.gen_time, Purpose::TimeStamping);
        let path = verify_chain_with(links, signer, &intermediates, anchors, at, purpose)?;

        // (5) The trusted root vouches for the authority at that time, both ends included.
        let early = authority.valid_from.is_some_and(|from| self.gen_time < from);
        let late = authority.valid_until.is_some_and(|until| self.gen_time > until);
        if early || late {
            return Err(TimestampError::Window);
        }
        Ok(VerifiedTimestamp { time: self.gen_time, path })
    }

    /// Proves that the certificate that came along signed this response, and nothing about who that
    /// is: for logs, which hold timestamps of any authority.
    pub fn verify_signer(&self) -> Result<(), TimestampError> {
        let mut certificates = self.certificates.iter();
        let signer = certificates.find(|certificate| self.is_signer(certificate));
        let signer = signer.ok_or(TimestampError::UnknownSigner)?;
        self.check_signing_certificate(signer)?;
        self.check_content()?;
        self.check_signature(signer)
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
        let named = |certificate: &&Certificate| self.is_signer(certificate);
        let Some(leaf) = authority.chain.first().filter(|first| !first.is_ca()) else {
            return self.certificates.iter().find(named).ok_or(TimestampError::UnknownSigner);
        };
        // RFC 3161, Section 2.4.1: who embeds certificates embeds the signer's.
        let embedded = self.certificates.is_empty() || self.certificates.contains(leaf);
        if named(&leaf) && embedded { Ok(leaf) } else { Err(TimestampError::OtherSigner) }
    }

    fn is_signer(&self, certificate: &Certificate) -> bool {
        certificate.issuer_der() == self.signer.issuer && certificate.serial() == self.signer.serial
    }

    fn check_content(&self) -> Result<(), TimestampError> {
        let digest = self.signer.digest_hash.digest(&self.info);
        let same = digest == self.signer.message_digest;
        if same { Ok(()) } else { Err(TimestampError::MessageDigest) }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lite_keys::{HashAlgorithm, KeyKind};

    use super::*;
    use crate::hierarchy::{Authority, AuthoritySpec};
    use crate::name::AuthorityName;
    use crate::oid;
    use crate::timestamp::{TimestampAuthority, TimestampRequest};

    const NOW: Time = Time::from_secs(1_790_000_000);

    fn stamped() -> (TimestampResponse, TrustedAuthority) {
        let made = Authority::create(&AuthoritySpec {
            purpose: Purpose::TimeStamping,
            root_name: AuthorityName::new("test", "root"),
            name: AuthorityName::new("test", "leaf"),
            key_kind: KeyKind::EcdsaP256,
            not_before: NOW,
            lifetime: Duration::from_secs(60),
        })
        .unwrap();
        let chain = made.chain();
        let authority = TimestampAuthority::new(made.key, chain.clone(), NOW).unwrap();
        let request = TimestampRequest::of_message(HashAlgorithm::Sha256, b"message");
        let der = authority.respond(&request, &oid::SIGSTORE_TSA_POLICY, [1; 20], NOW).unwrap();
        let trusted = TrustedAuthority { chain, valid_from: None, valid_until: None };
        (TimestampResponse::from_der(&der).unwrap(), trusted)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut TimestampResponse), why: Option<&TimestampError>) {
        let (mut response, trusted) = stamped();
        change(&mut response);
        assert_eq!(response.verify(b"message", &trusted).err().as_ref(), why);
    }

    #[test]
    fn the_attributes_bind_the_signature_to_one_certificate() {
        let wrong = Some(&TimestampError::SigningCertificate);
        check(|_| {}, None);
        check(
            |r| {
                let digest = HashAlgorithm::Sha256.digest(b"another certificate");
                r.signer.signing_certificate =
                    SigningCertificate::Sha2(HashAlgorithm::Sha256, digest);
            },
            wrong,
        );
        check(|r| r.signer.signing_certificate = SigningCertificate::Sha1(vec![0; 20]), wrong);
    }

    #[test]
    fn a_sha_1_attribute_names_its_certificate() {
        let (mut response, trusted) = stamped();
        let named = digest(&SHA1_FOR_LEGACY_USE_ONLY, trusted.chain[0].der()).as_ref().to_vec();
        response.signer.signing_certificate = SigningCertificate::Sha1(named);
        assert!(response.verify(b"message", &trusted).is_ok());
    }

    #[test]
    fn each_part_is_bound_to_the_signature() {
        let digest = Some(&TimestampError::MessageDigest);
        check(|r| r.info[10] ^= 1, digest);
        check(|r| r.signer.message_digest[0] ^= 1, digest);
        let signature = Some(&TimestampError::Signature(VerifyError::Signature));
        check(|r| r.signer.attributes[20] ^= 1, signature);
        check(|r| *r.signer.signature.last_mut().unwrap() ^= 1, signature);
    }
}
