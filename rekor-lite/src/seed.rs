//! The first leaf of a new log.
//!
//! Stock clients drop `logIndex` when it is 0 and `hashes` when there are none, and sigstore-python
//! then refuses the bundle. So index 0 is ours: a genuine entry, signed by a key that is forgotten
//! at once.

use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_keys::{KeyDetails, KeyKind, SignError, SigningKey};

/// What the seed entry is a signature over.
const ARTIFACT: &[u8] = b"The first entry of this log.\n";

/// A new leaf; no two are the same.
pub(crate) fn leaf() -> Result<Vec<u8>, SignError> {
    let details = KeyDetails::EcdsaP256Sha256;
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let digest = details.hash().digest(ARTIFACT);
    let entry = HashedRekord002 {
        signature: key.sign_digest(details.hash(), &digest)?,
        digest,
        key_details: details,
        verifier: EntryVerifier::PublicKey(key.public().spki_der().to_vec()),
    };
    Ok(entry.canonical())
}
