//! OpenSSH's keys and signatures, as `ssh-keygen -Y sign -n file` makes them.
//!
//! Keys: Ed25519, ECDSA on the NIST curves, RSA from 2048 bits. No certificates of SSH's, and no
//! keys that live in a token (`sk-…`).

mod key;
mod signature;
mod wire;

pub(crate) use key::SshKey;
pub(crate) use signature::SshSignature;

/// Why a signature or a key of OpenSSH's is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SshError {
    /// The key's type, or the signature's, is none of ours.
    #[error("ssh: algorithm is not supported")]
    Algorithm,
    /// Not one PEM block of type `SSH SIGNATURE`.
    #[error("unable to decode pem file")]
    Armor,
    /// A length that does not fit, or something behind the end.
    #[error("ssh: malformed encoding")]
    Encoding,
    /// The message's hash is not SHA-512. Upstream reads `sha256`, and then verifies as if it said
    /// `sha512`, because its leaf can say nothing else.
    #[error("unsupported hash algorithm: only sha512 can be logged")]
    HashAlgorithm,
    /// The key is not a line of `ssh-keygen`'s, or over 64 KiB.
    #[error("ssh: no key found")]
    KeyLine,
    /// The key's value is refused.
    #[error("ssh: {0}")]
    KeyValue(lite_keys::KeyError),
    /// Signed for something else than files.
    #[error("invalid signature namespace: expected file")]
    Namespace,
    /// The signature holds another key than the entry.
    #[error("ssh: the signature is of another key")]
    OtherKey,
    /// The signature is not of this key over this data.
    #[error("ssh: signature did not verify")]
    Signature,
    /// Not version 1 of the format, or the reserved field is in use.
    #[error("unsupported signature version")]
    Version,
}
