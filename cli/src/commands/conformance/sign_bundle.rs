//! `siglite sign-bundle`: the suite's signing.

use std::path::PathBuf;

use super::service::{Document, Service};
use crate::artifact::Artifact;
use crate::commands::sign_blob::ResultFlags;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::files;
use crate::flags::{CLIENT_ID, LoginFlags, ServiceFlags, SignerFlags, TrustFlags};
use crate::predicate;
use crate::sign::{self, Payload, SigningFlags};

/// Sign a file or a statement, as the public conformance suite asks for it
///
/// The result is a bundle that verifies with the trusted root.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite sign-bundle --identity-token JWT --bundle B --trusted-root trusted_root.json \\
      --signing-config signing_config.json FILE
  siglite sign-bundle --in-toto --identity-token JWT --bundle B statement.json

Without --trusted-root and --signing-config: the files that SIGLITE_PUBLIC_GOOD_ROOT and
SIGLITE_PUBLIC_GOOD_SIGNING_CONFIG name, with --staging those that SIGLITE_STAGING_ROOT and
SIGLITE_STAGING_SIGNING_CONFIG name.")]
pub(crate) struct Args {
    /// Sign with the staging service
    #[arg(long)]
    staging: bool,

    /// The file is an in-toto statement, to be signed as it is
    #[arg(long)]
    in_toto: bool,

    /// The identity token: the JWT itself
    #[arg(long, value_name = "TOKEN")]
    identity_token: String,

    /// Where the bundle goes
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,

    /// The keys and certificates to verify the result with [default: the public-good service's]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// The servers to sign with [default: the public-good service's]
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// What to sign
    #[arg(value_name = "FILE")]
    artifact: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let service = Service::of(args.staging);
    let document =
        |document, flag: &Option<PathBuf>| service.document(document, flag.as_deref(), context);
    let root = document(Document::TrustedRoot, &args.trusted_root)?;
    let config = document(Document::SigningConfig, &args.signing_config)?;
    let flags = SigningFlags {
        signer: SignerFlags {
            key: None,
            login: LoginFlags {
                identity_token: Some(args.identity_token.clone()),
                oidc_client_id: CLIENT_ID.to_owned(),
                ..LoginFlags::default()
            },
        },
        services: ServiceFlags { signing_config: Some(config), ..ServiceFlags::default() },
        trust: TrustFlags { trusted_root: Some(root) },
    };
    let artifact = Artifact::File(args.artifact.clone());
    let name = artifact.name();
    let payload = if args.in_toto {
        let statement = files::read(&args.artifact, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
        Payload::Statement(predicate::whole(statement)?)
    } else {
        Payload::Artifact(artifact)
    };
    let result = ResultFlags::to_file(&args.bundle);
    let destination = result.destination(None)?;
    let signed = block_on(sign::sign(&payload, &flags, context))?;
    result.hand_out(&signed, &destination, &name, context)
}
