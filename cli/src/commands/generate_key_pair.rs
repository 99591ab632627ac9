//! `siglite generate-key-pair`: a new key in two files, as cosign makes it.

use std::path::PathBuf;

use lite_keys::{KeyKind, SigningKey};

use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::keys::pair::PairFiles;
use crate::keys::password::KeyPassword;

/// Make a key pair to sign with: an encrypted private key and its public key
///
/// The files are cosign's: it signs and verifies with them, too. The password is taken from
/// `COSIGN_PASSWORD` (even if empty), from a prompt, or from standard input.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite generate-key-pair                               writes cosign.key and cosign.pub
  siglite generate-key-pair --output-key-prefix release   writes release.key and release.pub
  COSIGN_PASSWORD= siglite generate-key-pair              the password is empty")]
pub(crate) struct Args {
    /// What the names of the two files begin with
    #[arg(long, short, value_name = "PREFIX", default_value = "cosign")]
    output_key_prefix: PathBuf,

    /// Overwrite files that are there without asking
    #[arg(long, short)]
    yes: bool,

    /// Taken for cosign's sake, and refused: siglite makes keys in files
    #[arg(value_name = "k8s://…", hide = true)]
    place: Option<String>,

    /// Taken for cosign's sake, and refused: siglite makes keys in files
    #[arg(long, value_name = "URI", hide = true)]
    kms: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if let Some(place) = args.place.as_ref().or(args.kms.as_ref()) {
        return Err(elsewhere(place));
    }
    let files = PairFiles::agreed(&args.output_key_prefix, args.yes, context)?;
    let password = KeyPassword::new(context.env())?;
    files.write(&SigningKey::generate(KeyKind::EcdsaP256), &password, context)
}

/// cosign can put the key into a cluster, a code host or a key management service.
fn elsewhere(place: &str) -> Failure {
    let failure = Failure::usage("siglite makes keys in files only").note("found", place);
    match place.split_once("://") {
        Some(("k8s", name)) => {
            let (namespace, secret) = name.split_once('/').unwrap_or(("NAMESPACE", name));
            failure.hint(format!(
                "make the files, then: kubectl create secret generic {secret} -n {namespace} \
                 --from-file=cosign.key --from-file=cosign.pub --from-literal=cosign.password=…"
            ))
        }
        Some(("gitlab" | "github", _)) => failure.hint(
            "make the files, then store cosign.key as the pipeline's secret COSIGN_PRIVATE_KEY and \
             sign with --key env://COSIGN_PRIVATE_KEY",
        ),
        Some(_) => failure.hint("a key management service makes its keys with its own tools"),
        None => failure.hint("--output-key-prefix names the files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_is_no_file_is_refused_with_a_way_out() {
        for (place, hint) in [
            ("k8s://ns/name", "create secret generic name -n ns"),
            ("gitlab://7", "env://COSIGN_PRIVATE_KEY"),
            ("github://a/b", "env://COSIGN_PRIVATE_KEY"),
            ("awskms:///alias/a", "own tools"),
            ("release", "--output-key-prefix"),
        ] {
            assert!(elsewhere(place).hint.unwrap().contains(hint), "{place}");
        }
    }
}
