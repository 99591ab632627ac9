//! The first leaf of a new log.
//!
//! Stock clients drop `logIndex` when it is 0 and `hashes` when there are none, and sigstore-python
//! then refuses the bundle. So index 0 is ours: a genuine entry, signed by a key that is forgotten
//! at once.

use lite_bundle::body::{EntryVerifier, HashedRekord001, HashedRekord002, V1Signature};
use lite_keys::{HashAlgorithm, KeyDetails, KeyKind, SignError, SigningKey};

/// What the seed entry is a signature over.
const ARTIFACT: &[u8] = b"The first entry of this log.\n";

/// A new leaf for a log of API v2; no two are the same.
pub(crate) fn v2() -> Result<Vec<u8>, SignError> {
    let details = KeyDetails::EcdsaP256Sha256;
    let (key, digest, signature) = sign(details.hash())?;
    let entry = HashedRekord002 {
        signature,
        digest,
        key_details: details,
        verifier: EntryVerifier::PublicKey(key.public().spki_der().to_vec()),
    };
    Ok(entry.canonical())
}

/// A new leaf for a log of API v1.
pub(crate) fn v1() -> Result<Vec<u8>, SignError> {
    let hash = HashAlgorithm::Sha256;
    let (key, digest, signature) = sign(hash)?;
    let verifier_pem = key.public().to_pem();
    let entry =
        HashedRekord001 { hash, digest, signature: V1Signature { signature, verifier_pem } };
    Ok(entry.canonical())
}

fn sign(hash: HashAlgorithm) -> Result<(SigningKey, Vec<u8>, Vec<u8>), SignError> {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let digest = hash.digest(ARTIFACT);
    let signature = key.sign_digest(hash, &digest)?;
    Ok((key, digest, signature))
}
