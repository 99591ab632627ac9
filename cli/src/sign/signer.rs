//! Who signs: a key from a file, or a new key that a certificate binds to an identity.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::Signer as BundleSigner;
use lite_bundle::body::EntryVerifier;
use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::{HashAlgorithm, KeyDetails, PublicKey, SigningKey, SigningKeyError};
use lite_pki::{Certificate, CtEntry, Purpose, SctList, verify_chain};
use lite_verifier::{Identity, Matcher, Policy};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::client::{Web, fulcio};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::token::IdToken;

/// A private key is a few lines.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// A key, and what tells a verifier whose it is.
pub(super) struct Signer {
    key: SigningKey,
    certificate: Option<Certificate>,
}

/// The key in a file.
pub(super) fn read_key(path: &Path) -> Outcome<SigningKey> {
    let pem = Zeroizing::new(files::read_text(path, MAX_KEY_BYTES, Exit::Usage)?);
    SigningKey::from_pkcs8_pem(&pem).map_err(|error| {
        let encrypted = error == SigningKeyError::Encrypted || pem.contains("ENCRYPTED");
        Failure::usage(format!("{} is not a key to sign with", path.display()))
            .because(&error)
            .hint(if encrypted {
                "encrypted keys (cosign.key among them) are not read yet: use an unencrypted \
                 PKCS#8 key, as openssl genpkey writes it, or an identity"
            } else {
                "expected is an unencrypted PKCS#8 key in PEM, as openssl genpkey writes it"
            })
    })
}

/// The key and hash under which the log knows the key's signatures.
pub(super) fn details(key: &SigningKey) -> Outcome<KeyDetails> {
    key.public().details_for_entries().ok_or_else(|| {
        Failure::usage("the log has no name for a key of this size")
            .hint("use an ECDSA key, or RSA with 2048, 3072 or 4096 bits")
    })
}

impl Signer {
    /// A key that its verifiers have.
    pub(super) const fn bare(key: SigningKey) -> Self {
        Self { key, certificate: None }
    }

    /// A key with a certificate that binds it to the token's identity.
    ///
    /// The certificate is verified here, although the bundle will be: one that nobody accepts
    /// must not reach the log.
    pub(super) async fn certified(
        key: SigningKey,
        web: &Web,
        authority: &str,
        token: &IdToken,
        root: &TrustedRoot,
    ) -> Outcome<Self> {
        // Whoever holds the token must hold the key, too.
        let proof =
            key.sign_default(token.principal()?.as_bytes()).map_err(|error| cannot_sign(&error))?;
        let chain =
            fulcio::request_certificate(web, authority, token, key.public(), &proof).await?;
        let certificate = check(chain, key.public(), token, root)
            .map_err(|failure| failure.note("authority", authority))?;
        Ok(Self { key, certificate: Some(certificate) })
    }

    /// The signature over a digest.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Outcome<Vec<u8>> {
        self.key.sign_digest(hash, digest).map_err(|error| cannot_sign(&error))
    }

    /// Who can verify, as the log records it.
    pub(super) fn entry_verifier(&self) -> EntryVerifier {
        match &self.certificate {
            Some(certificate) => EntryVerifier::Certificate(certificate.der().to_vec()),
            None => EntryVerifier::PublicKey(self.key.public().spki_der().to_vec()),
        }
    }

    /// Who signed, as a bundle of v0.3 says it.
    pub(super) fn in_bundle(&self) -> BundleSigner {
        match &self.certificate {
            Some(certificate) => BundleSigner::Certificate(certificate.der().to_vec()),
            None => BundleSigner::PublicKey { hint: hint(self.key.public()) },
        }
    }

    /// What a verifier who knows the signer asks for.
    pub(super) fn policy(&self) -> Outcome<Policy> {
        let Some(certificate) = &self.certificate else {
            return Ok(Policy::key(self.key.public().clone()));
        };
        let (name, issuer) = identity(certificate)?;
        Ok(Policy::identity(Identity::new(Matcher::exact(name), Matcher::exact(issuer))))
    }
}

/// cosign's hint for a key: base64 of SHA-256 of its SPKI.
fn hint(key: &PublicKey) -> String {
    STANDARD.encode(Sha256::digest(key.spki_der()))
}

/// The leaf of the authority's answer, if it is for our key and our identity, leads to a trusted
/// authority, and a trusted CT log promised to hold it.
fn check(
    chain: Vec<Certificate>,
    key: &PublicKey,
    token: &IdToken,
    root: &TrustedRoot,
) -> Outcome<Certificate> {
    let mut chain = chain.into_iter();
    let leaf = chain.next().ok_or_else(|| wrong("it is missing"))?;
    let intermediates: Vec<Certificate> = chain.collect();
    if leaf.spki_der() != key.spki_der() {
        return Err(wrong("it is for another key"));
    }
    let (name, _) = identity(&leaf)?;
    if let Some(email) = token.email()
        && email != name
    {
        return Err(wrong("it names somebody else").note("expected", email).note("found", name));
    }
    let path = path(&leaf, &intermediates, root)?;
    check_sct(&leaf, &path, root)?;
    Ok(leaf)
}

/// The path to the first authority of the trusted root that leads somewhere.
fn path(
    leaf: &Certificate,
    intermediates: &[Certificate],
    root: &TrustedRoot,
) -> Outcome<Vec<Certificate>> {
    let at = leaf.not_before();
    root.certificate_authorities
        .iter()
        .filter(|authority| authority.valid_for.as_ref().is_none_or(|window| window.contains(at)))
        .filter_map(|authority| Certificate::from_der(authority.chain().next_back()?).ok())
        .find_map(|anchor| {
            verify_chain(leaf, intermediates, &[anchor], at, Purpose::CodeSigning).ok()
        })
        .ok_or_else(|| {
            Failure::new(Exit::Trust, "the certificate is of an authority that is not trusted")
                .hint("do trusted root and signing config belong to one instance? siglite use URL")
        })
}

/// Every SCT must be of a trusted log: stock clients demand it, too.
fn check_sct(leaf: &Certificate, path: &[Certificate], root: &TrustedRoot) -> Outcome {
    let issuer = path.get(1).ok_or_else(|| wrong("it has no issuer"))?;
    let scts = SctList::of_certificate(leaf)
        .map_err(|error| wrong("its SCT is missing or broken").because(&error))?;
    let entry = CtEntry::of_certificate(leaf, issuer)
        .map_err(|error| wrong("no log can hold it").because(&error))?;
    for sct in &scts.0 {
        let log = |log: &&TransparencyLog| {
            log.log_id.key_id == sct.log_id && log.window().is_some_and(|w| w.contains(sct.time()))
        };
        let log = root.ctlogs.iter().find(log).ok_or_else(|| {
            Failure::new(Exit::Trust, "the certificate was logged by a CT log that is not trusted")
                .hint("siglite use URL fetches the newest trusted root")
        })?;
        let key = PublicKey::from_spki_der(&log.public_key.raw_bytes).map_err(|error| {
            Failure::new(Exit::Trust, "a CT log's key in the trusted root is damaged")
                .because(&error)
        })?;
        sct.verify(&key, &entry)
            .map_err(|error| wrong("its SCT does not verify").because(&error))?;
    }
    Ok(())
}

/// The name and the issuer of a certificate of Fulcio's profile.
pub(crate) fn identity(certificate: &Certificate) -> Outcome<(&str, &str)> {
    let name = certificate.alt_names().first().and_then(|name| name.as_text());
    name.zip(certificate.fulcio().issuer()).ok_or_else(|| wrong("it names nobody"))
}

fn wrong(why: &str) -> Failure {
    Failure::new(
        Exit::Instance,
        format!("the authority's certificate is not what was asked for: {why}"),
    )
}

fn cannot_sign(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Internal, "the key does not sign").because(error)
}
