//! What a file holds that should hold a key, so that a mistake is told as what it is.

use lite_keys::{KeyError, SigningKeyError};

use super::Reference;
use crate::failure::Failure;

/// What the first PEM block of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `CERTIFICATE`.
    Certificate,
    /// OpenSSH's own form.
    OpenSsh,
    /// A private key, in whatever form.
    Private,
    /// A private key with PEM's own encryption (RFC 1421), as OpenSSL wrote it long ago.
    PrivateOfOld,
    /// `PUBLIC KEY`, `RSA PUBLIC KEY`.
    Public,
    /// Something else.
    Unknown,
}

impl Kind {
    pub(super) fn of(text: &str) -> Self {
        let label = text
            .split_once("-----BEGIN ")
            .and_then(|(_, rest)| rest.split_once("-----"))
            .map_or("", |(label, _)| label);
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Self::Certificate,
            "OPENSSH PRIVATE KEY" => Self::OpenSsh,
            label if label.ends_with("PUBLIC KEY") => Self::Public,
            label if label.ends_with("PRIVATE KEY") && text.contains("Proc-Type: 4,ENCRYPTED") => {
                Self::PrivateOfOld
            }
            label if label.ends_with("PRIVATE KEY") => Self::Private,
            _ => Self::Unknown,
        }
    }
}

/// A signer was given something else than a private key.
pub(super) fn not_a_private_key(
    reference: &Reference,
    found: Kind,
    error: SigningKeyError,
) -> Failure {
    let name = reference.name();
    let failure = |what: &str| Failure::usage(format!("{name} {what}"));
    match found {
        Kind::Public => failure("is a public key; a signature is made with its private half")
            .hint("siglite generate-key-pair writes both: cosign.key signs, cosign.pub verifies"),
        Kind::Certificate => failure("is a certificate; a signature is made with a private key")
            .hint("--key names the private key"),
        Kind::OpenSsh => failure("is in OpenSSH's own form")
            .hint(format!("ssh-keygen -p -m PKCS8 -f {name} rewrites it")),
        Kind::PrivateOfOld => failure("is encrypted as OpenSSL did it long ago")
            .hint(format!("openssl pkcs8 -topk8 -in {name} -out FILE rewrites it")),
        Kind::Private => failure("is a private key that Sigstore does not use")
            .because(&error)
            .note("expected", "ECDSA on P-256, P-384 or P-521, RSA of 2048 bits or more, Ed25519"),
        Kind::Unknown => failure("is not a key to sign with").because(&error).hint(
            "expected is a private key in PEM, as siglite generate-key-pair, cosign and openssl \
             genpkey write it",
        ),
    }
}

/// A verifier was given something else than a public key.
pub(super) fn not_a_public_key(reference: &Reference, found: Kind, error: KeyError) -> Failure {
    let name = reference.name();
    let failure = |what: &str| Failure::usage(format!("{name} {what}"));
    match found {
        Kind::Private | Kind::PrivateOfOld | Kind::OpenSsh => {
            failure("is a private key; who verifies needs, and should have, only its public half")
                .hint(format!("siglite public-key --key {name} --outfile cosign.pub"))
        }
        Kind::Certificate => failure("is a certificate, not a public key").hint(
            "a certificate stands for an identity: verify with --certificate-identity and \
             --certificate-oidc-issuer",
        ),
        Kind::Public | Kind::Unknown => failure("is not a public key that Sigstore uses")
            .because(&error)
            .hint("expected is PEM, as siglite public-key and openssl pkey -pubout write it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    #[test]
    fn every_mistake_is_told_as_what_it_is() {
        #[track_caller]
        fn check(text: &str, kind: Kind, to_sign: &str, to_verify: &str) {
            assert_eq!(Kind::of(text), kind);
            let at = Reference::File("f".into());
            let told = not_a_private_key(&at, kind, SigningKeyError::Pem);
            assert!(told.sentence.contains(to_sign), "{}", told.sentence);
            let told = not_a_public_key(&at, kind, KeyError::Pem);
            assert!(told.sentence.contains(to_verify), "{}", told.sentence);
        }
        check(&block("PUBLIC KEY"), Kind::Public, "is a public key", "not a public key");
        check(&block("CERTIFICATE"), Kind::Certificate, "is a certificate", "is a certificate");
        check(&block("EC PRIVATE KEY"), Kind::Private, "does not use", "is a private key");
        check(
            &block("ENCRYPTED SIGSTORE PRIVATE KEY"),
            Kind::Private,
            "private key",
            "is a private key",
        );
        check(&block("OPENSSH PRIVATE KEY"), Kind::OpenSsh, "OpenSSH", "is a private key");
        let old = block("RSA PRIVATE KEY").replace("AAAA", "Proc-Type: 4,ENCRYPTED\n\nAAAA");
        check(&old, Kind::PrivateOfOld, "long ago", "is a private key");
        check("hello", Kind::Unknown, "not a key to sign with", "not a public key");
    }
}
