//! `siglite verify-blob-attestation`: a file and a statement about it in, a verdict out.

use std::path::PathBuf;

use lite_verifier::Policy;

use crate::artifact::{self, Artifact, ArtifactDigest};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::predicate;
use crate::render::OutputForm;
use crate::seal::Rights;
use crate::verify::predicate_policy::Policies;
use crate::verify::{self, Question, Scene, VerifyFlags};

/// Verify a statement about a file, offline
///
/// Holds the statement to the file's digest, its type, and who signed it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite verify-blob-attestation FILE --bundle B --type slsaprovenance1 \\
      --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc
  siglite verify-blob-attestation --digest 9f86d0… --bundle B --type cyclonedx --key key.pub
  siglite verify-blob-attestation FILE --bundle B --type custom --key key.pub --statement-out -
  siglite verify-blob-attestation FILE --bundle B --type vuln --key key.pub --policy scan.rego

Exit codes: 0 verified, 1 refused; siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The file, - for standard input, or a digest as sha256:…
    #[arg(value_name = "FILE", required_unless_present = "digest")]
    artifact: Option<Artifact>,

    /// The bundle; - for standard input [default:
    /// FILE.attestation.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// What kind of thing must be said: a short name of cosign's, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: String,

    /// The digest of a file that is not here, in hexadecimal
    #[arg(long, value_name = "HEX", conflicts_with = "artifact")]
    digest: Option<String>,

    /// The algorithm of --digest
    #[arg(
        long = "digest-alg",
        alias = "digestAlg",
        value_name = "ALGORITHM",
        default_value = "sha256",
        requires = "digest"
    )]
    digest_algorithm: String,

    /// A policy in Rego that what is said must satisfy: `data.signature.allow`, over the statement
    #[arg(long, value_name = "FILE.rego")]
    policy: Vec<PathBuf>,

    /// Where the verified statement goes; - for standard output
    #[arg(long, value_name = "FILE")]
    statement_out: Option<PathBuf>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    verify: VerifyFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let policy = Policy {
        predicate_type: Some(predicate::type_uri(&args.kind)?.to_owned()),
        ..args.verify.policy(context)?
    };
    let policies = Policies::load(&args.policy)?;
    let artifact = args.artifact()?;
    let bundle = artifact::bundle_path(args.bundle.as_deref(), artifact.default_attestation())?;
    let silent = args.statement_out.as_deref().is_some_and(files::is_dash);
    let question = Question {
        bundle: &bundle,
        artifact: &artifact,
        policy: &policy,
        policies: Some(&policies),
        any_content: false,
        silent,
        output: args.output,
        scene: Scene::blob(
            "verify-blob-attestation",
            (&artifact, &bundle),
            Some(&args.kind),
            &args.verify,
        ),
    };
    let json = verify::run(&question, &args.verify, context)?;
    match &args.statement_out {
        None => Ok(()),
        Some(path) => write_statement(path, &json, context),
    }
}

impl Args {
    pub(crate) fn sealed(&self) -> Option<Rights> {
        let written = self.statement_out.clone().filter(|path| !files::is_dash(path));
        self.verify.seal.sealed.then(|| Rights { writes: written.into_iter().collect() })
    }

    fn artifact(&self) -> Outcome<Artifact> {
        if let Some(artifact) = &self.artifact {
            return Ok(artifact.clone());
        }
        let name = &self.digest_algorithm;
        let algorithm = artifact::algorithm(name).ok_or_else(|| {
            Failure::usage(format!("not a digest algorithm: {name}"))
                .note("expected", "sha256, sha384 or sha512")
        })?;
        let hex = self.digest.as_deref().unwrap_or_default();
        ArtifactDigest::parse(algorithm, hex).map(Artifact::Digest).map_err(Failure::usage)
    }
}

/// The statement of a bundle that was verified.
fn write_statement(path: &std::path::Path, json: &str, context: &Context) -> Outcome {
    let statement = verify::statement(json)?;
    if files::is_dash(path) {
        return context.screen().data(&String::from_utf8_lossy(&statement));
    }
    files::write(path, &statement, files::Reader::Everyone)
}
