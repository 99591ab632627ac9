//! The command line: one line per command, in the order a newcomer meets them.

use clap::{Args as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{
    account, attest, attest_blob, bundle, completions, conformance, env, exit_codes, explain,
    generate_key_pair, image, import_key_pair, initialize, inspect, log, public_key, sign,
    sign_blob, signing_config, token, trusted_root, tuf_client, use_instance, verify,
    verify_attestation, verify_blob, verify_blob_attestation, version,
};
use crate::render::ColourChoice;
use crate::up;

/// Sigstore in one binary, offline.
///
/// `siglite up` brings up an identity provider, a certificate authority, transparency logs and a
/// timestamp authority on one address. The other commands sign and verify against them; cosign,
/// sigstore-go and sigstore-python do so too.
#[derive(Debug, Parser)]
#[command(
    name = "siglite",
    version,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Examples:
  siglite up                                        start an instance
  siglite sign-blob FILE                            sign a file as yourself
  siglite verify-blob FILE --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc

Exit codes: siglite exit-codes"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The command line of this process. One that does not parse ends it here with 2, and `--help`
    /// with 0.
    ///
    /// To describe all commands takes longer than to verify a signature, so the verbs that scripts
    /// call by the thousand are described alone. Whatever does not parse that way is parsed again
    /// with the whole tree, and that is what people see.
    pub(crate) fn from_process() -> Self {
        let first = std::env::args_os().nth(1);
        let alone = first.as_ref().and_then(|name| alone(name.to_str()?));
        let parsed = alone.and_then(|tree| tree.try_get_matches().ok());
        parsed
            .and_then(|mut matches| Self::from_arg_matches_mut(&mut matches).ok())
            .unwrap_or_else(Self::parse)
    }
}

/// The tree with one command in it.
fn alone(name: &str) -> Option<clap::Command> {
    use clap::Command as Tree;
    let command = match name {
        "verify" => verify::Args::augment_args(Tree::new("verify")),
        "verify-attestation" => {
            verify_attestation::Args::augment_args(Tree::new("verify-attestation"))
        }
        "verify-blob" => verify_blob::Args::augment_args(Tree::new("verify-blob")),
        "verify-blob-attestation" => {
            verify_blob_attestation::Args::augment_args(Tree::new("verify-blob-attestation"))
        }
        "verify-bundle" => {
            conformance::verify_bundle::Args::augment_args(Tree::new("verify-bundle"))
        }
        _ => return None,
    };
    Some(Globals::augment_args(Tree::new("siglite").subcommand_required(true)).subcommand(command))
}

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Globals {
    /// The instance to work with: its URL, or its data folder [default: the last one started or
    /// used]
    #[arg(
        long,
        global = true,
        env = "SIGLITE_INSTANCE",
        hide_env_values = true,
        value_name = "URL|DIR",
        help_heading = "Global options"
    )]
    pub(crate) instance: Option<String>,

    /// When to colour words
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub(crate) color: ColourChoice,

    /// Say nothing on standard error but warnings and errors
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
}

/// What `siglite` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start an instance: identity provider, authority, logs, timestamps, trust, on one address
    Up(up::Args),
    /// Choose the instance to sign and verify with, and fetch its trust material
    Use(use_instance::Args),
    /// Fetch trust material from a TUF mirror, and sign and verify with it from now on
    Initialize(initialize::Args),
    /// Sign images in a registry
    Sign(sign::Args),
    /// Verify the signatures of images
    Verify(verify::Args),
    /// Sign a statement about an image and attach it
    Attest(attest::Args),
    /// Verify the statements about images
    VerifyAttestation(verify_attestation::Args),
    /// Sign a file; the result is a bundle
    SignBlob(sign_blob::Args),
    /// Verify a file and its bundle, offline
    VerifyBlob(verify_blob::Args),
    /// Sign a statement about a file; the result is a bundle
    AttestBlob(attest_blob::Args),
    /// Verify a statement about a file, offline
    VerifyBlobAttestation(verify_blob_attestation::Args),
    /// Make a key pair to sign with: an encrypted private key and its public key
    GenerateKeyPair(generate_key_pair::Args),
    /// Encrypt an existing private key, and write it with its public key
    ImportKeyPair(import_key_pair::Args),
    /// Print the public half of a key
    PublicKey(public_key::Args),
    /// Make, move and look at images, without a daemon
    Image(image::Args),
    /// Copy an image with its signatures, attestations and bills of materials
    Copy(image::copy::Args),
    /// Save an image with everything that is attached to it into a folder
    Save(image::save::Args),
    /// Load a saved image with everything that is attached to it into a registry
    Load(image::load::Args),
    /// Show what belongs to an image: signatures, attestations, bills of materials
    Tree(image::tree::Args),
    /// Print where an image's signatures of the older format are
    Triangulate(image::triangulate::Args),
    /// Delete what is attached to an image
    Clean(image::clean::Args),
    /// Attach a signature, an attestation or a bill of materials to an image
    Attach(image::attach::Args),
    /// Print what is attached to an image, without verifying it
    Download(image::download::Args),
    /// Log in to a registry
    Login(image::login::Args),
    /// Sign in and print an identity token
    Token(token::Args),
    /// Show what a document or an image says, piece by piece, without verifying it
    Inspect(inspect::Args),
    /// Read the transparency log, with proofs
    Log(log::Args),
    /// Make a bundle of older pieces, or show what one holds
    Bundle(bundle::Args),
    /// Put a trusted root together from keys and certificates
    TrustedRoot(trusted_root::Args),
    /// Put a signing config together from the addresses of servers
    SigningConfig(signing_config::Args),
    /// Manage who can sign in to an instance on this machine
    Account(account::Args),
    /// Print what stock clients need in their environment
    Env(env::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print what the exit codes mean
    ExitCodes(exit_codes::Args),
    /// Explain why a bundle was refused: what a reason means, and what helps
    Explain(explain::Args),
    /// Print the version
    Version(version::Args),
    /// Sign as the public conformance suite asks
    #[command(hide = true)]
    SignBundle(conformance::sign_bundle::Args),
    /// Verify as the public conformance suite asks
    #[command(hide = true)]
    VerifyBundle(conformance::verify_bundle::Args),
    /// Follow a TUF repository as TUF's conformance suite asks
    #[command(hide = true)]
    TufClient(tuf_client::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_command_described_alone_is_the_same_command() {
        let whole = Cli::command();
        let names = whole.get_subcommands().map(|command| command.get_name().to_owned());
        let alone: Vec<_> = names.filter_map(|name| Some((alone(&name)?, name))).collect();
        assert_eq!(alone.len(), 5);
        for (tree, name) in alone {
            tree.clone().debug_assert();
            let arguments = |command: &clap::Command| -> Vec<String> {
                command.get_arguments().map(|argument| format!("{argument:?}")).collect()
            };
            let [one, same] = [&tree, &whole].map(|tree| tree.find_subcommand(&name).unwrap());
            assert_eq!(arguments(one), arguments(same), "{name}");
            assert_eq!(arguments(&tree), arguments(&whole));
        }
    }

    #[test]
    fn every_command_shows_examples() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_subcommands().next().is_none() {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Examples:"), "`{}` has no examples", path.trim());
            }
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                check(sub, &path);
            }
        }
        check(&Cli::command(), "");
    }
}
