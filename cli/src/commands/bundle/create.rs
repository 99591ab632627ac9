//! `siglite bundle create`: pieces in, a bundle of v0.3 out.

use std::path::{Path, PathBuf};

use lite_bundle::trust::TrustedRoot;
use lite_bundle::{
    Bundle, Content, MediaType, MessageSignature, Signer, Statement, TransparencyLogEntry,
};
use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::Certificate;
use lite_verifier::Policy;
use serde_json::Value;

use super::pieces::{self, OldBundle, Signature};
use crate::artifact::{Artifact, algorithm};
use crate::client::rekor_v1;
use crate::commands::Context;
use crate::commands::trusted_root::hand_out;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::{keys, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What was signed: a file, - for standard input, or a digest as sha256:…
    #[arg(long, value_name = "FILE")]
    artifact: Artifact,

    /// A bundle of cosign's old format: signature, certificate and the log's promise
    #[arg(long, value_name = "FILE", required_unless_present_any = ["signature", "attestation"])]
    bundle: Option<PathBuf>,

    /// The signature, in base64
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    signature: Option<PathBuf>,

    /// The DSSE envelope of an attestation
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bundle", "signature"])]
    attestation: Option<PathBuf>,

    /// The signer's certificate, in PEM or as cosign writes it
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    certificate: Option<PathBuf>,

    /// The signer's public key
    #[arg(long, value_name = "FILE|env://VAR")]
    key: Option<String>,

    /// A timestamp of the signature (RFC 3161), as cosign writes it or as it is
    #[arg(long, value_name = "FILE")]
    rfc3161_timestamp: Option<PathBuf>,

    /// The log (API v1) that holds the signature, or whose promise the old bundle has: the proof is
    /// fetched from it
    #[arg(long, value_name = "URL", conflicts_with = "ignore_tlog")]
    rekor_url: Option<String>,

    /// Make a bundle of a signature that no log holds
    #[arg(long)]
    ignore_tlog: bool,

    /// Where it goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, context: &Context) -> Outcome {
    let old = match &args.bundle {
        Some(path) => Some((OldBundle::read(path)?, path.as_path())),
        None => None,
    };
    let signer = SignedBy::find(args, old.as_ref(), context)?;
    let signature = signature(args, old.as_ref())?;
    let timestamps = match &args.rfc3161_timestamp {
        Some(path) => vec![pieces::timestamp(path)?],
        None => Vec::new(),
    };
    let (payload, artifact) = content(signature, &args.artifact, signer.key())?;
    check(&payload, &artifact, signer.key())?;
    let proposed = proposed(&payload, &signer);
    let entries = entry(args, old.as_ref(), proposed, context).await?.into_iter().collect();
    let bundle = Bundle {
        media_type: MediaType::V0_3,
        signer: signer.in_bundle(),
        entries,
        timestamps,
        content: payload,
    };
    hand_out(&bundle.to_json(), args.out.as_deref(), "Bundle", context)
}

/// Who signed.
enum SignedBy {
    Certificate(Box<(Certificate, PublicKey)>),
    Key(PublicKey),
}

impl SignedBy {
    /// A key or a certificate that is named, or the old bundle's certificate.
    fn find(args: &Args, old: Option<&(OldBundle, &Path)>, context: &Context) -> Outcome<Self> {
        if let Some(key) = &args.key {
            return keys::public_key(key, context).map(Self::Key);
        }
        let named = args.certificate.as_deref().map(pieces::certificate).transpose()?;
        let certificate = match (named, old) {
            (Some(certificate), _) => Some(certificate),
            (None, Some((old, path))) => old.certificate(path)?,
            (None, None) => None,
        };
        let certificate = certificate.ok_or_else(|| {
            Failure::usage("who signed is not said").hint("add --key FILE or --certificate FILE")
        })?;
        let key = certificate.public_key().map_err(|error| {
            Failure::usage("the certificate's key is not one that Sigstore uses").because(&error)
        })?;
        Ok(Self::Certificate(Box::new((certificate, key))))
    }

    fn key(&self) -> &PublicKey {
        match self {
            Self::Certificate(signer) => &signer.1,
            Self::Key(key) => key,
        }
    }

    /// As a log of API v1 records it.
    fn pem(&self) -> String {
        match self {
            Self::Certificate(signer) => signer.0.to_pem(),
            Self::Key(key) => key.to_pem(),
        }
    }

    fn in_bundle(&self) -> Signer {
        match self {
            Self::Certificate(signer) => Signer::Certificate(signer.0.der().to_vec()),
            Self::Key(key) => Signer::PublicKey { hint: keys::hint(key) },
        }
    }
}

fn signature(args: &Args, old: Option<&(OldBundle, &Path)>) -> Outcome<Signature> {
    match (&args.signature, &args.attestation, old) {
        (Some(path), ..) => pieces::signature(path),
        (_, Some(path), _) => pieces::attestation(path),
        (_, _, Some((old, path))) => old.signature(path),
        // clap asks for one of the three.
        _ => Err(Failure::usage("there is no signature").hint("add --signature FILE")),
    }
}

/// A digest with its algorithm.
type Digest = (HashAlgorithm, Vec<u8>);

/// The content, and the digests of the artifact that it is about.
fn content(
    signature: Signature,
    artifact: &Artifact,
    key: &PublicKey,
) -> Outcome<(Content, Vec<Digest>)> {
    let digests = |wanted: &[HashAlgorithm]| -> Outcome<Vec<Digest>> {
        let made = artifact.digests(wanted)?;
        Ok(made.into_iter().map(|digest| (digest.algorithm, digest.bytes)).collect())
    };
    match signature {
        Signature::Plain(signature) => {
            // cosign 2 signs SHA-256 whatever the key; newer programs what goes with the key.
            let found = digests(&[key.kind().default_hash(), HashAlgorithm::Sha256])?;
            let verifies =
                |(hash, digest): &&Digest| key.verify_digest(*hash, digest, &signature).is_ok();
            let digest = found.iter().find(verifies).cloned().ok_or_else(not_of_this)?;
            let content = MessageSignature { digest: Some(digest.clone()), signature };
            Ok((Content::Message(content), vec![digest]))
        }
        Signature::Envelope(envelope) => {
            let statement = Statement::parse(&envelope.payload).map_err(|error| {
                Failure::usage("the envelope holds no in-toto statement").because(&error)
            })?;
            let named = statement.subjects.iter().flat_map(|subject| subject.digest.keys());
            let mut wanted: Vec<HashAlgorithm> = named.filter_map(|name| algorithm(name)).collect();
            wanted.sort_unstable();
            wanted.dedup();
            Ok((Content::Dsse(envelope), digests(&wanted)?))
        }
    }
}

fn not_of_this() -> Failure {
    Failure::new(Exit::Refused, "the signature is not of this key over this artifact")
        .hint("do --artifact, the signature and --key or --certificate belong together?")
}

/// A bundle that cannot verify is not written: the signature is held to the artifact with the
/// signer's key. Whose key it is, and when it signed, is for whoever verifies the bundle.
fn check(content: &Content, artifact: &[Digest], key: &PublicKey) -> Outcome {
    let bare = Bundle {
        media_type: MediaType::V0_3,
        signer: Signer::PublicKey { hint: keys::hint(key) },
        entries: Vec::new(),
        timestamps: Vec::new(),
        content: content.clone(),
    };
    let mut policy = Policy::key(key.clone());
    policy.insecure.insecure_skip_log = true;
    let artifact = lite_verifier::Artifact::of_digests(artifact.iter().cloned());
    let json = bare.to_json();
    let report = verify::check(&json, &artifact, &policy, &TrustedRoot::new());
    verify::accepted(&report, json.as_bytes()).map(|_| ())
}

/// What a log of API v1 would hold of a plain signature. An envelope's entry depends on every space
/// in the envelope as it was sent, which nobody knows any more.
fn proposed(content: &Content, signer: &SignedBy) -> Option<Value> {
    let Content::Message(message) = content else { return None };
    let (hash, digest) = message.digest.as_ref()?;
    Some(rekor_v1::hashedrekord(*hash, digest, &message.signature, &signer.pem()))
}

/// The log's entry with its proof: a bundle of v0.3 needs one where a log is to count.
async fn entry(
    args: &Args,
    old: Option<&(OldBundle, &Path)>,
    proposed: Option<Value>,
    context: &Context,
) -> Outcome<Option<TransparencyLogEntry>> {
    let logged = old.and_then(|(old, _)| old.logged.as_ref());
    match (logged, &args.rekor_url) {
        (Some(logged), Some(url)) => {
            let index = rekor_v1::Name::Index(logged.index());
            let entry = rekor_v1::entry(&context.web()?, url, index).await?;
            entry.map(Some).ok_or_else(|| {
                Failure::new(Exit::Instance, "the log has no entry where the old bundle says it is")
                    .note("log", url)
                    .note("index", logged.index().to_string())
            })
        }
        // cosign refuses it, too: evidence is not thrown away on the way.
        (Some(_), None) if args.ignore_tlog => Err(Failure::usage(
            "the old bundle holds a log's promise, which --ignore-tlog would throw away",
        )
        .hint("--rekor-url names the log, and its proof is fetched")),
        (Some(_), None) => Err(Failure::usage(
            "the old bundle holds a log's promise, and a bundle of v0.3 needs the log's proof",
        )
        .hint("--rekor-url names the log (API v1), and its proof is fetched")),
        (None, Some(url)) => {
            let proposed = proposed.ok_or_else(|| {
                Failure::usage("nothing says where in the log the envelope is")
                    .hint("--bundle names the old bundle, which says it; or --ignore-tlog")
            })?;
            rekor_v1::held(&context.web()?, url, &proposed).await?.map(Some).ok_or_else(|| {
                Failure::new(Exit::Refused, "the log does not hold this signature")
                    .note("log", url)
                    .hint("siglite log upload enters it; --ignore-tlog makes a bundle without")
            })
        }
        (None, None) if args.ignore_tlog => Ok(None),
        (None, None) => Err(Failure::usage("nothing says that a log holds the signature")
            .hint("--ignore-tlog makes a bundle that is verified with --insecure-ignore-tlog")),
    }
}
