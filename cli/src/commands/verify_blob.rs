//! `siglite verify-blob`: a file and its bundle in, a verdict out.

use std::path::PathBuf;

use crate::artifact::{self, Artifact};
use crate::commands::Context;
use crate::failure::Outcome;
use crate::render::OutputForm;
use crate::seal::Rights;
use crate::verify::{self, Question, Scene, VerifyFlags};

/// Verify a file and its bundle, offline
///
/// Reads files only. Prints who signed, when, and where it is logged; or which step refuses, what
/// was expected and what was found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite verify-blob FILE --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc
  siglite verify-blob FILE --bundle B --certificate-identity-regexp '.*@example\\.org' \\
      --certificate-oidc-issuer http://localhost:7070/oidc --explain
  siglite verify-blob FILE --key key.pub --trusted-root trusted_root.json --output json
  siglite verify-blob sha256:9f86d0… --bundle B --key key.pub

Exit codes: 0 verified, 1 refused; siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The file, - for standard input, or a digest as sha256:…
    #[arg(value_name = "FILE")]
    artifact: Artifact,

    /// The bundle; - for standard input [default: FILE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    verify: VerifyFlags,
}

impl Args {
    pub(crate) fn sealed(&self) -> Option<Rights> {
        self.verify.seal.sealed.then(Rights::default)
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let policy = args.verify.policy(context)?;
    let bundle = artifact::bundle_path(args.bundle.as_deref(), args.artifact.default_bundle())?;
    let question = Question {
        bundle: &bundle,
        artifact: &args.artifact,
        policy: &policy,
        policies: None,
        any_content: false,
        silent: false,
        output: args.output,
        scene: Scene::blob("verify-blob", (&args.artifact, &bundle), None, &args.verify),
    };
    verify::run(&question, &args.verify, context).map(|_| ())
}
