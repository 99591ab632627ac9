//! `siglite attest-blob`: a statement about a file in, a bundle out.

use std::path::{Path, PathBuf};

use lite_keys::HashAlgorithm;

use super::sign_blob::ResultFlags;
use crate::artifact::{Artifact, ArtifactDigest};
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::CosignFlags;
use crate::predicate;
use crate::sign::{self, Payload, SigningFlags};

/// Sign a statement about a file; the result is a bundle
///
/// The statement is an in-toto statement: what --predicate says, in the type --type names, about the
/// file's digest; or, with --statement, a statement that is complete.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite attest-blob FILE --type slsaprovenance1 --predicate provenance.json
                                        writes FILE.attestation.sigstore.json
  siglite attest-blob FILE --type https://example.org/review/v1 --predicate review.json \\
      --bundle FILE.review.json
  siglite attest-blob sha256:9f86d0… --type cyclonedx --predicate bom.json --bundle B
  siglite attest-blob --statement statement.json --bundle B")]
pub(crate) struct Args {
    /// The file, - for standard input, or a digest as sha256:…
    #[arg(value_name = "FILE", required_unless_present_any = ["statement", "hash"])]
    artifact: Option<Artifact>,

    /// What is said about the file; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "statement")]
    predicate: Option<PathBuf>,

    /// What kind of thing is said: a short name of cosign's, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: String,

    /// A complete in-toto statement, signed as it is; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["predicate", "kind", "hash"])]
    statement: Option<PathBuf>,

    /// The SHA-256 digest of a file that is not here, in hexadecimal
    #[arg(long, value_name = "SHA256", conflicts_with = "artifact")]
    hash: Option<String>,

    #[command(flatten)]
    result: ResultFlags,

    #[command(flatten)]
    cosign: CosignFlags,

    #[command(flatten)]
    signing: SigningFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.cosign.check()?;
    let artifact = args.artifact()?;
    let name = artifact.as_ref().map_or_else(|| "the statement".to_owned(), Artifact::name);
    // Without an artifact there is no name to put the bundle beside.
    let beside = artifact.as_ref().and_then(Artifact::default_attestation);
    let destination = args.result.destination(beside)?;
    let payload = Payload::Statement(args.statement(artifact.as_ref(), context)?);
    let signed = block_on(sign::sign(&payload, &args.signing, context))?;
    args.result.hand_out(&signed, &destination, &name, context)
}

impl Args {
    fn artifact(&self) -> Outcome<Option<Artifact>> {
        let Some(hash) = &self.hash else {
            return Ok(self.artifact.clone());
        };
        let digest = ArtifactDigest::parse(HashAlgorithm::Sha256, hash).map_err(Failure::usage)?;
        Ok(Some(Artifact::Digest(digest)))
    }

    fn statement(&self, artifact: Option<&Artifact>, context: &Context) -> Outcome<Vec<u8>> {
        if let Some(path) = &self.statement {
            return predicate::whole(document(path)?);
        }
        // clap asks for an artifact and a predicate where there is no statement.
        let (Some(artifact), Some(path)) = (artifact, &self.predicate) else {
            return Err(Failure::usage("there is nothing to say, or nothing to say it about"));
        };
        predicate::type_uri(&self.kind)?;
        if *artifact == Artifact::Stdin && files::is_dash(path) {
            return Err(Failure::usage("standard input cannot be both the file and the predicate"));
        }
        let digest = match artifact {
            Artifact::Digest(digest) => digest.clone(),
            other => other.digest(HashAlgorithm::Sha256)?,
        };
        let now = context.clock().now();
        predicate::statement(&self.kind, &document(path)?, &artifact.name(), &digest, now)
    }
}

fn document(path: &Path) -> Outcome<Vec<u8>> {
    if files::is_dash(path) {
        return files::read_stdin(files::MAX_DOCUMENT_BYTES);
    }
    files::read(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)
}
