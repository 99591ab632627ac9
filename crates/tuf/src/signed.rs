//! Signatures over the canonical form, and the check of them.

use std::collections::BTreeSet;
use std::fmt;

use olpc_cjson::CanonicalFormatter;
use serde::{Deserialize, Serialize};

use lite_keys::HashAlgorithm;

use crate::key::{KeyId, RoleKey};
use crate::metadata::{Metadata, Role, RoleName, Root};

/// A metadata file: what a role says, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "R: Role")]
pub struct Signed<R> {
    /// The signatures over the canonical form of `signed`.
    pub signatures: Vec<Signature>,
    /// What is signed.
    pub signed: Metadata<R>,
}

/// One signature of a metadata file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Whose it is.
    pub keyid: KeyId,
    /// ECDSA signature in DER, as hexadecimal digits.
    pub sig: String,
}

/// Why a metadata file cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key's library gave up.
    #[error("the key cannot sign")]
    Key,
    /// The value has no canonical form: a fraction, or a text outside of printable ASCII.
    ///
    /// Canonical JSON leaves Unicode normalisation open, and libraries differ in it.
    #[error("the metadata has no canonical form")]
    NotCanonical,
    /// The file is larger than clients read.
    #[error("the {0} metadata is larger than clients accept")]
    TooLarge(RoleName),
}

/// Why a metadata file is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file is not JSON of its role.
    #[error("the file is not metadata of its role")]
    Malformed,
    /// Too few of the role's keys have signed these contents.
    #[error("the signatures do not reach the threshold of the role")]
    Threshold,
    /// The file is larger than clients read.
    #[error("the file is larger than clients accept")]
    TooLarge,
    /// The root says nothing about the role.
    #[error("the root does not know the role")]
    UnknownRole,
}

/// OLPC canonical JSON: sorted names, no spaces, only `"` and `\` escaped. TUF signs and names
/// keys by it (TUF specification, section 4.1).
pub fn canonical(value: &impl Serialize) -> Result<Vec<u8>, SignError> {
    let mut bytes = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, CanonicalFormatter::new());
    value.serialize(&mut to).map_err(|_| SignError::NotCanonical)?;
    // A line feed is literal in this form, and PEM needs it.
    let plain = bytes.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~'));
    if plain { Ok(bytes) } else { Err(SignError::NotCanonical) }
}

impl<R: Role> Signed<R> {
    /// Signs `metadata` with each of `keys`; a key given twice signs once.
    pub fn new(metadata: Metadata<R>, keys: &[&RoleKey]) -> Result<Self, SignError> {
        let message = canonical(&metadata)?;
        let mut signatures: Vec<Signature> = Vec::new();
        for key in keys {
            // python-tuf refuses a file in which a key has signed twice.
            if signatures.iter().all(|signature| signature.keyid != *key.id()) {
                let sig = hex::encode(key.sign(&message)?);
                signatures.push(Signature { keyid: key.id().clone(), sig });
            }
        }
        Ok(Self { signatures, signed: metadata })
    }

    /// The file's bytes: ordinary JSON, indented for people.
    pub fn to_file(&self) -> Result<Vec<u8>, SignError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| SignError::NotCanonical)?;
        bytes.push(b'\n');
        let fits = bytes.len() <= R::NAME.max_bytes();
        if fits { Ok(bytes) } else { Err(SignError::TooLarge(R::NAME)) }
    }

    /// Reads a file without checking its signatures.
    pub fn parse(file: &[u8]) -> Result<Self, VerifyError> {
        if file.len() > R::NAME.max_bytes() {
            return Err(VerifyError::TooLarge);
        }
        let signed: Self = serde_json::from_slice(file).map_err(|_| VerifyError::Malformed)?;
        // Beyond 2^53 a client in JavaScript could not tell a version from the next.
        let version = (1..1 << 53).contains(&signed.signed.version);
        let own = signed.signed.has_own_type();
        if own && version { Ok(signed) } else { Err(VerifyError::Malformed) }
    }

    /// Checks that the role's keys, as `root` names them, have signed this.
    ///
    /// A field that this crate does not know was dropped on reading, so it fails here: what is
    /// renewed is what was understood.
    pub fn verify(&self, root: &Root) -> Result<(), VerifyError> {
        let role = root.roles.get(&R::NAME).ok_or(VerifyError::UnknownRole)?;
        let message = canonical(&self.signed).map_err(|_| VerifyError::Malformed)?;
        let signers: BTreeSet<&KeyId> = (self.signatures.iter())
            .filter(|signature| role.keyids.contains(&signature.keyid))
            .filter(|signature| verifies(root, signature, &message))
            .map(|signature| &signature.keyid)
            .collect();
        let enough = role.threshold > 0 && signers.len() as u64 >= u64::from(role.threshold);
        if enough { Ok(()) } else { Err(VerifyError::Threshold) }
    }
}

fn verifies(root: &Root, signature: &Signature, message: &[u8]) -> bool {
    let Some(key) = root.keys.get(&signature.keyid) else {
        return false;
    };
    let (Ok(public), Ok(sig)) = (key.public(), hex::decode(&signature.sig)) else {
        return false;
    };
    // A key filed under another key's name could count twice.
    key.id().is_ok_and(|id| id == signature.keyid)
        && public.verify(HashAlgorithm::Sha256, message, &sig).is_ok()
}

impl<R: Role> fmt::Display for Signed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} until {}", R::NAME, self.signed.version, self.signed.expires)
    }
}
