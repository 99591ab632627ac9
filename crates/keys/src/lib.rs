//! Public keys, signing keys, and the algorithms Sigstore allows for them.
//!
//! Read in this order: [`HashAlgorithm`] and [`KeyDetails`] (the words), [`PublicKey`] (foreign
//! bytes become a key or a refusal), [`SigningKey`] (our own keys), [`PrivateKeyFile`] (other
//! people's private keys, as they lie in files), [`SealedKey`] (cosign's encrypted ones).
//!
//! In scope: SPKI and PKCS#8 in DER and PEM, PKCS#1, SEC1 and cosign's keys to read, ECDSA on the NIST curves, RSA PKCS#1 v1.5, Ed25519
//! and Ed25519ph. Not here: certificates (`lite-pki`), note key names and log IDs (`lite-tlog`),
//! JSON Web Keys (`lite-identity`), files and their modes (`lite-store`).
//!
//! **Invariant:** a [`PublicKey`] is a point on its curve, or a modulus of an accepted size, in
//! strict DER: whoever holds one need not look again.
//!
//! **Invariant:** no private key material reaches `Debug`, an error or a plain `String`.

mod algorithm;
mod pem;
mod prehash;
mod private;
mod public;
mod sealed;
mod signing;
mod spki;

pub use algorithm::{HashAlgorithm, KeyDetails, KeyKind};
pub use private::{EncryptedPkcs8, PrivateKeyFile};
pub use public::{KeyError, PublicKey, VerifyError};
pub use sealed::{SealedKey, SealedKeyError};
pub use signing::{SignError, SigningKey, SigningKeyError, fill_random};
