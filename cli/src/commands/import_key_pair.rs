//! `siglite import-key-pair`: a key that another program made becomes one of cosign's.

use std::path::PathBuf;

use crate::commands::Context;
use crate::failure::Outcome;
use crate::keys;
use crate::keys::pair::PairFiles;
use crate::keys::password::KeyPassword;

/// Encrypt an existing private key, and write it with its public key
///
/// Reads what OpenSSL and cosign write: PKCS#8, PKCS#1 and SEC1 in PEM, encrypted or not. The
/// password of the new file is taken as generate-key-pair takes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite import-key-pair --key openssl.key               writes import-cosign.key and .pub
  siglite import-key-pair -k openssl.key -o release       writes release.key and release.pub")]
pub(crate) struct Args {
    /// The private key to import, in PEM
    #[arg(long, short, value_name = "FILE|env://VAR")]
    key: String,

    /// What the names of the two files begin with
    #[arg(long, short, value_name = "PREFIX", default_value = "import-cosign")]
    output_key_prefix: PathBuf,

    /// Overwrite files that are there without asking
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let files = PairFiles::agreed(&args.output_key_prefix, args.yes, context)?;
    let key = keys::signing_key(&args.key, context)?;
    let password = KeyPassword::new(context.env())?;
    files.write(&key, &password, context)
}
