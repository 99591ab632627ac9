//! A signature to be logged, or to be found in the log: artifact, signature, and who made it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use lite_bundle::Envelope;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_keys::{HashAlgorithm, KeyDetails, PublicKey};
use lite_pki::Certificate;
use serde_json::Value;

use crate::artifact::{Artifact, ArtifactDigest};
use crate::client::rekor_v1;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// Keys, certificates and signatures are small.
pub(super) const MAX_PIECE_BYTES: u64 = 1024 * 1024;

/// What was signed, and how, with rekor-cli's names.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SubmissionFlags {
    /// What was signed: a file, - for standard input, or a digest as sha256:…; with --type dsse the
    /// envelope
    #[arg(long, value_name = "FILE", required_unless_present = "artifact_hash")]
    artifact: Option<Artifact>,

    /// The SHA-256 of what was signed, instead of the file
    #[arg(long, value_name = "HEX", conflicts_with = "artifact")]
    artifact_hash: Option<String>,

    /// The signature, as it is or in base64; an envelope has its own
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// The public key of the signer, or the certificate, in PEM
    #[arg(long, value_name = "FILE", alias = "certificate")]
    public_key: PathBuf,

    /// The kind of entry
    #[arg(long = "type", id = "kind", value_name = "KIND", default_value = "hashedrekord")]
    kind: EntryKind,

    /// Taken for rekor-cli's sake
    #[arg(long, value_name = "FORMAT", hide = true, value_parser = ["x509"])]
    pki_format: Option<String>,
}

/// The kinds of entries that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EntryKind {
    /// A signature over a digest
    Hashedrekord,
    /// A signed envelope
    Dsse,
}

/// A signature that verifies, ready for a log of either version.
#[derive(Debug)]
pub(super) struct Submission {
    details: KeyDetails,
    /// What is signed: the artifact's digest, or that of the envelope's encoding.
    digest: ArtifactDigest,
    signature: Vec<u8>,
    verifier: EntryVerifier,
    pem: String,
    envelope: Option<Envelope>,
}

impl SubmissionFlags {
    /// Reads the pieces, and verifies the signature: what does not verify is not worth asking for.
    pub(super) fn read(&self) -> Outcome<Submission> {
        let (verifier, key, pem) = verifier(&self.public_key)?;
        let details = key.details_for_entries().ok_or_else(|| {
            Failure::usage("no log takes signatures of a key of this kind and size")
                .note("key", self.public_key.display().to_string())
        })?;
        let (digest, signature, envelope) = match self.kind {
            EntryKind::Hashedrekord => {
                let path = self.signature.as_deref().ok_or_else(|| {
                    Failure::usage("a hashedrekord needs its signature").hint("--signature FILE")
                })?;
                (self.artifact_digest(details.hash())?, signature(path)?, None)
            }
            EntryKind::Dsse => {
                if self.signature.is_some() {
                    return Err(Failure::usage("an envelope has its own signature")
                        .hint("leave --signature out"));
                }
                let envelope = self.envelope()?;
                let signature = envelope.signature.sig.clone();
                (digest_of(details.hash(), &envelope.pae()), signature, Some(envelope))
            }
        };
        key.verify_digest(digest.algorithm, &digest.bytes, &signature).map_err(|error| {
            Failure::new(Exit::Refused, "the signature is not this key's over this artifact")
                .note("key", self.public_key.display().to_string())
                .because(&error)
        })?;
        Ok(Submission { details, digest, signature, verifier, pem, envelope })
    }

    fn artifact(&self) -> Outcome<Artifact> {
        match (&self.artifact, &self.artifact_hash) {
            (Some(artifact), _) => Ok(artifact.clone()),
            (None, Some(hex)) => ArtifactDigest::parse(HashAlgorithm::Sha256, hex)
                .map(Artifact::Digest)
                .map_err(Failure::usage),
            (None, None) => Err(Failure::usage("no artifact is named").hint("--artifact FILE")),
        }
    }

    fn artifact_digest(&self, hash: HashAlgorithm) -> Outcome<ArtifactDigest> {
        self.artifact()?.digest(hash)
    }

    fn envelope(&self) -> Outcome<Envelope> {
        let json = match self.artifact()? {
            Artifact::File(path) => files::read(&path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?,
            Artifact::Stdin => files::read_stdin(files::MAX_DOCUMENT_BYTES)?,
            Artifact::Digest(_) => {
                return Err(Failure::usage("an envelope cannot be named by its digest")
                    .hint("--artifact FILE with the envelope in it"));
            }
        };
        Envelope::parse(&json).map_err(|error| {
            Failure::usage("the artifact is not a DSSE envelope with one signature").because(&error)
        })
    }
}

impl Submission {
    /// The digest that is signed.
    pub(super) const fn digest(&self) -> &ArtifactDigest {
        &self.digest
    }

    /// The entry of a log of v2. An envelope is one signature over its encoding there.
    pub(super) fn for_v2(&self) -> HashedRekord002 {
        HashedRekord002 {
            digest: self.digest.bytes.clone(),
            signature: self.signature.clone(),
            key_details: self.details,
            verifier: self.verifier.clone(),
        }
    }

    /// The entry as it is proposed to a log of v1.
    pub(super) fn for_v1(&self) -> Value {
        match &self.envelope {
            Some(envelope) => rekor_v1::dsse(envelope, &self.pem),
            None => rekor_v1::hashedrekord(
                self.digest.algorithm,
                &self.digest.bytes,
                &self.signature,
                &self.pem,
            ),
        }
    }

    /// The leaf that a log of v1 makes of it.
    pub(super) fn leaf_of_v1(&self) -> Outcome<Vec<u8>> {
        let proposed = self.for_v1().to_string();
        let accepted = lite_entries::accept(proposed.as_bytes(), &lite_entries::Rules::default());
        accepted
            .map(|accepted| accepted.leaf)
            .map_err(|error| Failure::usage("no log of v1 takes this entry").because(&error))
    }
}

fn digest_of(algorithm: HashAlgorithm, bytes: &[u8]) -> ArtifactDigest {
    ArtifactDigest { algorithm, bytes: algorithm.digest(bytes) }
}

/// A signature as it is, or its base64, as cosign writes it.
fn signature(path: &Path) -> Outcome<Vec<u8>> {
    let bytes = files::read(path, MAX_PIECE_BYTES, Exit::Usage)?;
    let text = std::str::from_utf8(&bytes).ok();
    let decoded = text.and_then(|text| STANDARD.decode(text.trim()).ok());
    Ok(decoded.filter(|decoded| !decoded.is_empty()).unwrap_or(bytes))
}

/// Key or certificate, and the PEM that is logged.
fn verifier(path: &Path) -> Outcome<(EntryVerifier, PublicKey, String)> {
    let text = files::read_pem(path, MAX_PIECE_BYTES, Exit::Usage)?;
    let refuse = || {
        Failure::usage(format!("{} is not a public key and not a certificate", path.display()))
            .note("expected", "PEM: PUBLIC KEY or CERTIFICATE")
            .hint("siglite public-key --key FILE prints the public half of a private key")
    };
    if let Ok(key) = PublicKey::from_pem(&text) {
        let pem = key.to_pem();
        return Ok((EntryVerifier::PublicKey(key.spki_der().to_vec()), key, pem));
    }
    let chain = Certificate::chain_from_pem(&text).map_err(|error| refuse().because(&error))?;
    let leaf = chain.first().ok_or_else(refuse)?;
    let key = leaf.public_key().map_err(|error| refuse().because(&error))?;
    Ok((EntryVerifier::Certificate(leaf.der().to_vec()), key, leaf.to_pem()))
}
