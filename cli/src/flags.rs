//! Flags that several commands share, named as cosign names them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::attached::Format;
use crate::failure::{Failure, Outcome};

/// The client that tokens for Sigstore are for, wherever they come from.
pub(crate) const CLIENT_ID: &str = "sigstore";

/// Who signs: a key, a token, or where a token comes from.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Identity")]
pub(crate) struct SignerFlags {
    /// Sign with this private key instead of an identity: cosign's (the password is taken from
    /// `COSIGN_PASSWORD`, a prompt, or standard input) or any in PEM
    #[arg(long, value_name = "FILE|env://VAR", conflicts_with_all = ["identity_token", "account", "machine", "device", "oob"])]
    pub(crate) key: Option<String>,

    #[command(flatten)]
    pub(crate) login: LoginFlags,
}

/// Where an identity token comes from.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Identity")]
pub(crate) struct LoginFlags {
    /// An identity token: the JWT itself, a file that holds it, or - for standard input
    #[arg(long, value_name = "JWT|FILE|-", conflicts_with_all = ["account", "machine", "device", "oob"])]
    pub(crate) identity_token: Option<String>,

    /// Sign in as this person; the password is taken from `SIGLITE_PASSWORD`, a prompt, or standard
    /// input
    #[arg(long, value_name = "EMAIL", conflicts_with_all = ["machine", "device", "oob"])]
    pub(crate) account: Option<String>,

    /// Sign in as this machine account; the secret is taken from `SIGLITE_PASSWORD`, a prompt, or
    /// standard input
    #[arg(long, value_name = "NAME", conflicts_with_all = ["device", "oob"])]
    pub(crate) machine: Option<String>,

    /// Sign in on another device, with a code
    #[arg(long, conflicts_with = "oob")]
    pub(crate) device: bool,

    /// Sign in in a browser that cannot reach this machine, and paste the code here
    #[arg(long)]
    pub(crate) oob: bool,

    /// The identity provider [default: the signing config's]
    #[arg(long, value_name = "URL", env = "SIGSTORE_OIDC_ISSUER", hide_env_values = true)]
    pub(crate) oidc_issuer: Option<String>,

    /// The client to sign in as
    #[arg(
        long,
        value_name = "ID",
        default_value = CLIENT_ID,
        env = "SIGSTORE_OIDC_CLIENT_ID",
        hide_env = true
    )]
    pub(crate) oidc_client_id: String,

    /// Do not look for a token in the environment
    #[arg(long)]
    pub(crate) oidc_disable_ambient_providers: bool,
}

/// Which servers sign, log and timestamp.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Servers")]
pub(crate) struct ServiceFlags {
    /// Which servers to sign with [default: the instance's]
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_config: Option<PathBuf>,

    /// The certificate authority, instead of the signing config's
    #[arg(long, value_name = "URL")]
    pub(crate) fulcio_url: Option<String>,

    /// The transparency log, instead of the signing config's
    #[arg(long, value_name = "URL")]
    pub(crate) rekor_url: Option<String>,

    /// The API version of the transparency log [default: the newest that the signing config
    /// names, 2 with --rekor-url]
    #[arg(long, value_name = "1|2", value_parser = clap::value_parser!(u32).range(1..=2), hide_short_help = true)]
    pub(crate) rekor_version: Option<u32>,

    /// The timestamp authority, with its path, instead of the signing config's
    #[arg(long, value_name = "URL")]
    pub(crate) timestamp_server_url: Option<String>,

    /// Whether the signature is logged [default: true]. With =false and --key nobody but the
    /// servers named here is asked: not the log, and no timestamp authority of a signing config
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_short_help = true)]
    pub(crate) tlog_upload: Option<bool>,
}

impl ServiceFlags {
    /// Whether a log was asked not to be told.
    pub(crate) fn leaves_the_log_out(&self) -> bool {
        self.tlog_upload == Some(false)
    }
}

/// What is trusted.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct TrustFlags {
    /// The keys and certificates to start from [default: the instance's]
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
}

/// Who must have signed.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Who must have signed")]
pub(crate) struct PolicyFlags {
    /// The signer's identity in the certificate: an email address, a URI, or a machine's name
    #[arg(long, value_name = "IDENTITY", conflicts_with = "certificate_identity_regexp")]
    pub(crate) certificate_identity: Option<String>,

    /// A regular expression the whole identity must match
    #[arg(long, value_name = "REGEXP")]
    pub(crate) certificate_identity_regexp: Option<String>,

    /// The OIDC issuer that vouched for the identity
    #[arg(long, value_name = "URL", conflicts_with = "certificate_oidc_issuer_regexp")]
    pub(crate) certificate_oidc_issuer: Option<String>,

    /// A regular expression the whole issuer must match
    #[arg(long, value_name = "REGEXP")]
    pub(crate) certificate_oidc_issuer_regexp: Option<String>,

    /// The public key (PEM) of a signature made with --key, instead of an identity
    #[arg(
        long,
        value_name = "FILE|env://VAR",
        conflicts_with_all = [
            "certificate_identity",
            "certificate_identity_regexp",
            "certificate_oidc_issuer",
            "certificate_oidc_issuer_regexp",
        ]
    )]
    pub(crate) key: Option<String>,
}

/// What the certificate of a GitHub workflow must say.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Who must have signed")]
pub(crate) struct WorkflowFlags {
    /// The name of the GitHub workflow that signed
    #[arg(
        id = "github-workflow-name",
        long = "certificate-github-workflow-name",
        value_name = "NAME",
        hide_short_help = true,
        conflicts_with = "key"
    )]
    pub(crate) name: Option<String>,

    /// The git reference the GitHub workflow ran on
    #[arg(
        id = "github-workflow-ref",
        long = "certificate-github-workflow-ref",
        value_name = "REF",
        hide_short_help = true,
        conflicts_with = "key"
    )]
    pub(crate) reference: Option<String>,

    /// The repository of the GitHub workflow
    #[arg(
        id = "github-workflow-repository",
        long = "certificate-github-workflow-repository",
        value_name = "OWNER/NAME",
        hide_short_help = true,
        conflicts_with = "key"
    )]
    pub(crate) repository: Option<String>,

    /// The commit the GitHub workflow ran on
    #[arg(
        id = "github-workflow-sha",
        long = "certificate-github-workflow-sha",
        value_name = "SHA",
        hide_short_help = true,
        conflicts_with = "key"
    )]
    pub(crate) sha: Option<String>,

    /// The event that started the GitHub workflow
    #[arg(
        id = "github-workflow-trigger",
        long = "certificate-github-workflow-trigger",
        value_name = "EVENT",
        hide_short_help = true,
        conflicts_with = "key"
    )]
    pub(crate) trigger: Option<String>,
}

/// Checks that are left out: each weakens the verdict, and says so when it is used.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Weaker verdicts")]
pub(crate) struct InsecureFlags {
    /// Accept signatures that no log holds
    #[arg(
        long,
        num_args = 0..=1, require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL",
        hide_short_help = true,
        alias = "private-infrastructure"
    )]
    pub(crate) insecure_ignore_tlog: Option<bool>,

    /// Accept certificates that no certificate-transparency log promised to hold
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_short_help = true)]
    pub(crate) insecure_ignore_sct: Option<bool>,
}

/// Authorities to believe instead of the trusted root's.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct AuthorityFlags {
    /// The certificates of the only authority to believe, in PEM: intermediates first, root last
    #[arg(long, value_name = "FILE", hide_short_help = true, conflicts_with_all = ["ca_roots", "ca_intermediates", "key"])]
    pub(crate) certificate_chain: Option<PathBuf>,

    /// The root certificates of the only authorities to believe, in PEM
    #[arg(long, value_name = "FILE", hide_short_help = true, conflicts_with = "key")]
    pub(crate) ca_roots: Option<PathBuf>,

    /// The certificates between those roots and signers, in PEM
    #[arg(long, value_name = "FILE", hide_short_help = true, requires = "ca_roots")]
    pub(crate) ca_intermediates: Option<PathBuf>,
}

/// What a signer says about an image beside signing it.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PairsFlag {
    /// What the signer says beside signing, or must have said: KEY=VALUE; repeat for more
    #[arg(long = "annotations", short = 'a', value_name = "KEY=VALUE", value_delimiter = ',')]
    pairs: Vec<String>,
}

impl PairsFlag {
    /// The pairs by key.
    pub(crate) fn pairs(&self) -> Outcome<BTreeMap<String, String>> {
        let mut pairs = BTreeMap::new();
        for given in &self.pairs {
            let (key, value) =
                given.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                    Failure::usage(format!("not KEY=VALUE: {given}"))
                        .hint("-a build=42 -a team=core")
                })?;
            if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::usage(format!("-a says {key} twice")));
            }
        }
        Ok(pairs)
    }
}

/// Flags of cosign that this program has no use for and takes so that copied lines work.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct CosignFlags {
    /// Taken for cosign's sake: siglite never asks before it signs
    #[arg(long, short, hide_short_help = true)]
    pub(crate) yes: bool,

    /// Taken for cosign's sake: there is only the new bundle format
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) new_bundle_format: Option<bool>,

    /// Taken for cosign's sake: there is always a signing config
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) use_signing_config: Option<bool>,
}

/// Flags of cosign's verifiers that say what this program does anyway.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct CosignVerifyFlags {
    /// Taken for cosign's sake: every bundle is of a new format
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) new_bundle_format: Option<bool>,

    /// Taken for cosign's sake: nothing is asked for over the network
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) offline: Option<bool>,

    /// Taken for cosign's sake: timestamps in a bundle always count
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) use_signed_timestamps: Option<bool>,
}

impl CosignVerifyFlags {
    /// What a flag switches off is on here, so that is refused rather than overlooked.
    pub(crate) fn check(&self) -> Outcome {
        match self.new_bundle_format {
            Some(false) => Err(always_on("new-bundle-format")),
            _ => self.check_for_images(),
        }
    }

    /// The same for images, where `--new-bundle-format=false` asks for the older formats only.
    pub(crate) fn check_for_images(&self) -> Outcome {
        let flags =
            [(self.offline, "offline"), (self.use_signed_timestamps, "use-signed-timestamps")];
        match flags.into_iter().find(|(flag, _)| *flag == Some(false)) {
            Some((_, name)) => Err(always_on(name)),
            None => Ok(()),
        }
    }
}

fn always_on(name: &str) -> Failure {
    Failure::usage(format!("--{name}=false is not supported: it is always on"))
}

impl CosignFlags {
    /// The same for images, where `--new-bundle-format=false` asks for the older format.
    pub(crate) fn check_for_images(&self) -> Outcome {
        Self { new_bundle_format: None, ..self.clone() }.check()
    }

    /// The format that cosign's flag asks for, else the one given.
    pub(crate) fn format_or(&self, given: Format) -> Format {
        if self.new_bundle_format == Some(false) { Format::Legacy } else { given }
    }

    /// What a flag asks for and this program does not do is refused rather than overlooked.
    pub(crate) fn check(&self) -> Outcome {
        let off = |flag: Option<bool>, name: &str, why: &str| match flag {
            Some(false) => Err(Failure::usage(format!("--{name}=false is not supported: {why}"))),
            _ => Ok(()),
        };
        off(self.new_bundle_format, "new-bundle-format", "siglite writes v0.3 bundles only")?;
        off(
            self.use_signing_config,
            "use-signing-config",
            "name the servers with --fulcio-url, --rekor-url and --timestamp-server-url instead",
        )
    }
}
