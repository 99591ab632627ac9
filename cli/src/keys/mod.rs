//! Keys that people name with `--key`: for signers the private one, for verifiers the public one.
//!
//! Read in this order: [`signing_key`] and [`public_key`] (the two doors), [`mod@reference`] (where a
//! key is), [`kind`] (what was found there instead), [`password`] (what opens it),
//! [`pair`] (a new key in two files).
//!
//! **Invariant:** a password comes from the environment, a terminal or standard input, never from
//! the command line, and no file holds a key that was opened.

mod kind;
pub(crate) mod pair;
pub(crate) mod password;
mod reference;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{PrivateKeyFile, PublicKey, SealedKeyError, SigningKey, SigningKeyError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use kind::Kind;
use password::KeyPassword;
pub(crate) use reference::Reference;

/// What a key is for: a scheme that is not supported has another way out for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// To sign, so it is the private key.
    Sign,
    /// To verify, so it is the public key.
    Verify,
}

/// The private key that `--key` names, opened.
///
/// Reads standard input where the key is encrypted, `COSIGN_PASSWORD` is not set and nobody sits
/// at a terminal.
pub(crate) fn signing_key(reference: &str, context: &Context) -> Outcome<SigningKey> {
    let reference = Reference::parse(reference, Use::Sign)?;
    let text = reference.read(context.env())?;
    open(private_key(&text, &reference)?, &reference, || KeyPassword::given(context.env()))
}

/// The public key that `--key` names.
pub(crate) fn public_key(reference: &str, context: &Context) -> Outcome<PublicKey> {
    let reference = Reference::parse(reference, Use::Verify)?;
    let text = reference.read(context.env())?;
    PublicKey::from_pem(&text)
        .map_err(|error| kind::not_a_public_key(&reference, Kind::of(&text), error))
}

/// The public half of whatever key `--key` names, private or public.
pub(crate) fn public_half(reference: &str, context: &Context) -> Outcome<PublicKey> {
    let parsed = Reference::parse(reference, Use::Sign)?;
    let text = parsed.read(context.env())?;
    match PublicKey::from_pem(&text) {
        Ok(key) => Ok(key),
        Err(_) => signing_key(reference, context).map(|key| key.public().clone()),
    }
}

/// How a bundle names a key: base64 of SHA-256 of its SPKI, as cosign writes it.
pub(crate) fn hint(key: &PublicKey) -> String {
    STANDARD.encode(Sha256::digest(key.spki_der()))
}

/// A private key as it lies in a file.
pub(crate) fn private_key(text: &str, reference: &Reference) -> Outcome<PrivateKeyFile> {
    PrivateKeyFile::parse(text).map_err(|error| match error {
        SigningKeyError::Sealed(error) => unreadable(reference, error),
        error => kind::not_a_private_key(reference, Kind::of(text), error),
    })
}

/// Opens a key; the password is asked for only where there is something to open.
pub(crate) fn open(
    key: PrivateKeyFile,
    reference: &Reference,
    password: impl FnOnce() -> Outcome<KeyPassword>,
) -> Outcome<SigningKey> {
    let opened = match key {
        PrivateKeyFile::Open(key) => Ok(*key),
        PrivateKeyFile::Sealed(sealed) => password()?.try_all(|secret| sealed.open(secret)),
        PrivateKeyFile::Pkcs8(pkcs8) => password()?.try_all(|secret| pkcs8.open(secret)),
    };
    opened.map_err(|error| unreadable(reference, error))
}

fn unreadable(reference: &Reference, error: SealedKeyError) -> Failure {
    let key = reference.name();
    match error {
        SealedKeyError::Password => Failure::usage(format!("the password does not open {key}"))
            .hint("the password is COSIGN_PASSWORD's where that is set, even to nothing"),
        SealedKeyError::Encoding => Failure::usage(format!("{key} is a private key, damaged"))
            .because(&error)
            .hint("was it copied in full? restore it from a copy"),
        error => Failure::usage(format!("{key} is encrypted in a way that siglite does not read"))
            .because(&error)
            .hint(
                "openssl pkcs8 -topk8 -v2 aes-256-cbc encrypts a key so that it is read, and \
                 siglite import-key-pair makes it one of cosign's",
            ),
    }
}

/// A key's text, wiped when it is dropped.
pub(crate) type KeyText = Zeroizing<String>;

#[cfg(test)]
mod tests {
    use lite_keys::{KeyKind, SealedKey, fill_random};

    use super::*;
    use crate::surroundings::tests::Made;

    const NAME: &str = "env://KEY";

    fn opened(text: &str, password: &str) -> Outcome<SigningKey> {
        let reference = Reference::parse(NAME, Use::Sign)?;
        let env = Made::of([(password::VARIABLE, password)]);
        open(private_key(text, &reference)?, &reference, || KeyPassword::given(&env))
    }

    #[test]
    fn a_key_of_cosigns_opens_with_its_password_which_may_be_empty() {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        for password in ["", "pw"] {
            let pem = SealedKey::seal(&key, password.as_bytes(), &mut fill_random).to_pem();
            assert_eq!(opened(&pem, password).unwrap().public(), key.public());
            let failure = opened(&pem, "another").unwrap_err();
            assert_eq!(failure.sentence, "the password does not open env://KEY");
            assert!(failure.hint.unwrap().contains("COSIGN_PASSWORD"));
        }
    }

    #[test]
    fn a_key_that_is_not_encrypted_needs_no_password() {
        let key = SigningKey::generate(KeyKind::Ed25519);
        let reference = Reference::parse(NAME, Use::Sign).unwrap();
        let file = private_key(&key.to_pkcs8_pem(), &reference).unwrap();
        let opened = open(file, &reference, || panic!("nobody is asked")).unwrap();
        assert_eq!(opened.public(), key.public());
    }

    #[test]
    fn a_damaged_key_is_told_from_a_wrong_password() {
        let pem = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n\
                   -----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
        assert_eq!(opened(pem, "").unwrap_err().sentence, "env://KEY is a private key, damaged");
    }
}
