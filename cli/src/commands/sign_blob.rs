//! `siglite sign-blob`: a file in, a bundle out.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::artifact::{self, Artifact};
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::files::{self, Reader};
use crate::flags::CosignFlags;
use crate::render::OutputForm;
use crate::sign::{self, Payload, Signed, SigningFlags};

/// Sign a file; the result is a bundle
///
/// Signs with a new key that a ten-minute certificate binds to who you are, has the signature
/// timestamped and logged, and verifies all of it before the bundle is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite sign-blob FILE                             writes FILE.sigstore.json
  siglite sign-blob FILE --bundle FILE.bundle --account alice@example.org
  siglite sign-blob FILE --identity-token token.jwt --output json
  siglite sign-blob FILE --key cosign.key
  siglite sign-blob sha256:9f86d0… --bundle -")]
pub(crate) struct Args {
    /// The file, - for standard input, or a digest as sha256:…
    #[arg(value_name = "FILE")]
    artifact: Artifact,

    #[command(flatten)]
    result: ResultFlags,

    #[command(flatten)]
    cosign: CosignFlags,

    #[command(flatten)]
    signing: SigningFlags,
}

/// Where a bundle goes, and what is said about it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ResultFlags {
    /// Where the bundle goes; - for standard output [default: beside the file]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.cosign.check()?;
    let destination = args.result.destination(args.artifact.default_bundle())?;
    let payload = Payload::Artifact(args.artifact.clone());
    let signed = block_on(sign::sign(&payload, &args.signing, context))?;
    args.result.hand_out(&signed, &destination, &args.artifact.name(), context)
}

impl ResultFlags {
    /// Into this file, with a line for people.
    pub(crate) fn to_file(bundle: &Path) -> Self {
        Self { bundle: Some(bundle.to_owned()), output: OutputForm::Text }
    }

    /// Where the bundle will go, known before anything is signed.
    pub(crate) fn destination(&self, beside: Option<PathBuf>) -> Outcome<PathBuf> {
        let path = artifact::bundle_path(self.bundle.as_deref(), beside)?;
        if !files::is_dash(&path) {
            files::check_destination(&path)?;
        }
        Ok(path)
    }

    /// Writes the verified bundle and says whose it is. What was there before is replaced only
    /// now.
    pub(crate) fn hand_out(
        &self,
        signed: &Signed,
        destination: &Path,
        name: &str,
        context: &Context,
    ) -> Outcome {
        let to_stdout = files::is_dash(destination);
        if to_stdout {
            context.screen().data(&signed.json)?;
        } else {
            files::write(destination, signed.json.as_bytes(), Reader::Everyone)?;
        }
        let shown = destination.display().to_string();
        if self.output == OutputForm::Json && !to_stdout {
            let mut summary = signed.accepted.json();
            summary["bundle"] = json!(shown);
            context.screen().json(&summary)?;
        }
        context.screen().done("Signed", &format!("{name}: {}", signed.accepted.sentence()));
        if !to_stdout {
            context.screen().say(&format!("Wrote bundle to file {shown}"));
        }
        Ok(())
    }
}
