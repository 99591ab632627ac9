//! Ed25519ph over a digest that was made elsewhere.
//!
//! `ed25519-dalek` takes a hasher and finishes it; a log has only the digest the client sent. The
//! type here is a hasher that has already finished.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

/// A SHA-512 that answers with the digest it was given.
#[derive(Clone)]
struct Finished([u8; 64]);

impl Default for Finished {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl OutputSizeUser for Finished {
    type OutputSize = U64;
}

impl Update for Finished {
    fn update(&mut self, _: &[u8]) {
        unreachable!("a finished digest takes no more input: this module never updates it")
    }
}

impl FixedOutput for Finished {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

impl HashMarker for Finished {}

/// Verifies an Ed25519ph signature (RFC 8032, Section 5.1, empty context) over a SHA-512 digest.
/// Strict: small-order keys and non-canonical points are refused.
pub(crate) fn verify(key: &VerifyingKey, digest: [u8; 64], signature: &[u8]) -> bool {
    Signature::from_slice(signature)
        .and_then(|signature| key.verify_prehashed_strict(Finished(digest), None, &signature))
        .is_ok()
}

/// Signs a SHA-512 digest with Ed25519ph and the empty context.
pub(crate) fn sign(key: &SigningKey, digest: [u8; 64]) -> Option<[u8; 64]> {
    key.sign_prehashed(Finished(digest), None).ok().map(|signature| signature.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, Section 7.3: the test vector of Ed25519ph, message `abc`.
    #[test]
    fn verifies_the_vector_of_rfc_8032() {
        let key: [u8; 32] =
            hex::decode("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
                .unwrap()
                .try_into()
                .unwrap();
        let signature = hex::decode(concat!(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41",
            "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
        ))
        .unwrap();
        let key = VerifyingKey::from_bytes(&key).unwrap();
        let digest: [u8; 64] = crate::HashAlgorithm::Sha512.digest(b"abc").try_into().unwrap();
        assert!(verify(&key, digest, &signature));
        assert!(!verify(&key, [0; 64], &signature));
        assert!(!verify(&key, digest, &signature[1..]));
    }
}
