//! Signatures of certificates on certificates that have been verified once.
//!
//! A trusted root's chains hardly ever change, and each signature in them costs as much as the one
//! that is asked about. Whether a signature verifies under a key over some bytes does not depend on
//! the time or on who asks, so it can be remembered. Nothing else is: windows, usages, names and
//! path lengths are checked anew for every path.

use std::fmt;

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use crate::asn1;
use crate::cert::Certificate;
use crate::chain::ALGORITHMS;

/// Verified links of chains; [`verify_chain_with`](crate::chain::verify_chain_with) does not verify
/// their signatures again.
#[derive(Clone, Default)]
pub struct Links(Vec<Link>);

/// One signature that verifies, with everything that it depends on.
#[derive(Clone)]
struct Link {
    /// The `AlgorithmIdentifier`s of key and signature, as the algorithm is found by them.
    key_algorithm: AlgorithmIdentifier,
    signature_algorithm: AlgorithmIdentifier,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Links {
    /// Verifies each certificate's signature under the key of the one after it, and remembers those
    /// that verify. The others are no error: what needs them is refused when it is asked about.
    #[must_use]
    pub fn of_chain(chain: &[Certificate]) -> Self {
        let pairs = chain.windows(2).filter_map(|pair| match pair {
            [certificate, issuer] => Some((certificate, issuer)),
            _ => None,
        });
        Self(pairs.filter_map(|(below, above)| Link::verify(below, above)).collect())
    }

    /// The algorithm, which passes over signatures that are remembered.
    pub(crate) const fn before(
        &self,
        algorithm: &'static dyn SignatureVerificationAlgorithm,
    ) -> Remembering<'_> {
        Remembering { links: self, algorithm }
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links({})", self.0.len())
    }
}

impl Link {
    fn verify(certificate: &Certificate, issuer: &Certificate) -> Option<Self> {
        let parts = asn1::elements(certificate.der()).ok()?;
        let [message, named, signature] = parts.as_slice() else { return None };
        let named = asn1::content(asn1::SEQUENCE, named)?;
        let signature =
            asn1::content(asn1::BIT_STRING, signature).and_then(|bits| bits.strip_prefix(&[0]))?;
        let of_key = asn1::elements(issuer.spki_der()).ok()?;
        let of_key = asn1::content(asn1::SEQUENCE, of_key.first()?)?;
        ALGORITHMS
            .iter()
            .filter(|algorithm| {
                algorithm.signature_alg_id().as_ref() == named
                    && algorithm.public_key_alg_id().as_ref() == of_key
            })
            .find(|algorithm| {
                algorithm.verify_signature(issuer.key_bits(), message, signature).is_ok()
            })
            .map(|algorithm| Self {
                key_algorithm: algorithm.public_key_alg_id(),
                signature_algorithm: algorithm.signature_alg_id(),
                key: issuer.key_bits().to_vec(),
                message: message.to_vec(),
                signature: signature.to_vec(),
            })
    }
}

/// An algorithm, and what it has verified before.
pub(crate) struct Remembering<'a> {
    links: &'a Links,
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl fmt::Debug for Remembering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let known = self.links.0.iter().any(|link| {
            link.signature == signature
                && link.message == message
                && link.key == key
                && link.key_algorithm == self.algorithm.public_key_alg_id()
                && link.signature_algorithm == self.algorithm.signature_alg_id()
        });
        if known { Ok(()) } else { self.algorithm.verify_signature(key, message, signature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
