//! `siglite verify-bundle`: the suite's verification.

use std::path::{Path, PathBuf};

use lite_keys::HashAlgorithm;

use super::service::{Document, Service};
use crate::artifact::{Artifact, ArtifactDigest};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::flags::{PolicyFlags, TrustFlags};
use crate::render::OutputForm;
use crate::seal::{Rights, SealFlag};
use crate::verify::{self, Question, Scene, VerifyFlags};

/// Verify a bundle, as the public conformance suite asks for it
///
/// The exit code is the verdict: 0 it holds, 1 it does not, whatever the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite verify-bundle --bundle B --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc --trusted-root trusted_root.json FILE
  siglite verify-bundle --bundle B --key key.pub sha256:9f86d0…

Without --trusted-root: the file that SIGLITE_PUBLIC_GOOD_ROOT names, with --staging the one that
SIGLITE_STAGING_ROOT names.")]
pub(crate) struct Args {
    /// Believe the staging service's trusted root
    #[arg(long)]
    staging: bool,

    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,

    /// The public key (PEM) that must have signed, instead of an identity
    #[arg(long, value_name = "PEM", conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    key: Option<String>,

    /// The identity that must have signed
    #[arg(long, value_name = "IDENTITY", required_unless_present = "key")]
    certificate_identity: Option<String>,

    /// The issuer that must have vouched for it
    #[arg(long, value_name = "URL", required_unless_present = "key")]
    certificate_oidc_issuer: Option<String>,

    /// The keys and certificates to start from [default: the public-good service's]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    #[command(flatten)]
    seal: SealFlag,

    /// The file, or its digest as sha256: and 64 hexadecimal digits
    #[arg(value_name = "FILE_OR_DIGEST")]
    artifact: PathBuf,
}

/// A bundle, a key or a root that cannot be read proves as little as one that is wrong: to the
/// suite all of that is one verdict. A fault of ours is none.
pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.verify(context).map_err(|failure| match failure.exit {
        Exit::Internal => failure,
        _ => Failure { exit: Exit::Refused, ..failure },
    })
}

impl Args {
    pub(crate) fn sealed(&self) -> Option<Rights> {
        self.seal.sealed.then(Rights::default)
    }

    fn verify(&self, context: &Context) -> Outcome {
        let root = self.trusted_root.as_deref();
        let root = Service::of(self.staging).document(Document::TrustedRoot, root, context)?;
        let flags = VerifyFlags {
            policy: PolicyFlags {
                key: self.key.clone(),
                certificate_identity: self.certificate_identity.clone(),
                certificate_oidc_issuer: self.certificate_oidc_issuer.clone(),
                ..PolicyFlags::default()
            },
            trust: TrustFlags { trusted_root: Some(root) },
            ..VerifyFlags::default()
        };
        let policy = flags.policy(context)?;
        let artifact = artifact(&self.artifact);
        let question = Question {
            bundle: &self.bundle,
            artifact: &artifact,
            policy: &policy,
            policies: None,
            any_content: true,
            silent: false,
            output: OutputForm::Text,
            scene: Scene::blob("verify-blob", (&artifact, &self.bundle), None, &flags),
        };
        verify::run(&question, &flags, context).map(|_| ())
    }
}

/// The suite's rule: what has the prefix and the length of a SHA-256 digest and is no path is one;
/// everything else is a path.
fn artifact(given: &Path) -> Artifact {
    let digest = || {
        let hex = given.to_str()?.strip_prefix("sha256:")?;
        ArtifactDigest::parse(HashAlgorithm::Sha256, hex).ok()
    };
    match digest() {
        Some(digest) if !given.exists() => Artifact::Digest(digest),
        _ => Artifact::File(given.to_path_buf()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_its_prefix_and_its_length_and_is_no_path() {
        let whole = format!("sha256:{}", "0a".repeat(32));
        assert!(matches!(artifact(Path::new(&whole)), Artifact::Digest(_)));
        for path in ["sha256:00", "sha512:00", "a.txt", "-", &whole[7..], &format!("{whole}0")] {
            assert_eq!(artifact(Path::new(path)), Artifact::File(path.into()), "{path}");
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(&whole);
        crate::files::write(&file, b"", crate::files::Reader::Everyone).unwrap();
        assert_eq!(artifact(&file), Artifact::File(file));
    }
}
