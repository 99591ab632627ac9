//! What a verification takes from the command line: who must have signed, and what is trusted.

use lite_bundle::trust::TrustedRoot;
use lite_pki::FulcioExtension;
use lite_verifier::{Identity, Matcher, Policy, SignerPolicy};

use super::authorities;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::flags::{
    AuthorityFlags, CosignVerifyFlags, InsecureFlags, PolicyFlags, TrustFlags, WorkflowFlags,
};
use crate::keys;
use crate::seal::{self, SealFlag, Trusted};
use crate::trust;

/// What a verification takes from the command line.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct VerifyFlags {
    /// Print every step with its evidence; =full adds the bytes, and how to recompute each value
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true,
          default_missing_value = "steps")]
    pub(crate) explain: Option<Explain>,

    #[command(flatten)]
    pub(crate) cosign: CosignVerifyFlags,

    #[command(flatten)]
    pub(crate) policy: PolicyFlags,

    #[command(flatten)]
    pub(crate) workflow: WorkflowFlags,

    #[command(flatten)]
    pub(crate) insecure: InsecureFlags,

    #[command(flatten)]
    pub(crate) trust: TrustFlags,

    #[command(flatten)]
    pub(crate) seal: SealFlag,

    #[command(flatten)]
    pub(crate) authorities: AuthorityFlags,
}

impl VerifyFlags {
    /// Who must have signed; flags that mean something else than what is done are refused first.
    pub(crate) fn policy(&self, context: &Context) -> Outcome<Policy> {
        self.cosign.check()?;
        self.signer(context)
    }

    /// The same for images, of whose signatures older formats are read, too.
    pub(crate) fn image_policy(&self, context: &Context) -> Outcome<Policy> {
        self.cosign.check_for_images()?;
        self.signer(context)
    }

    fn signer(&self, context: &Context) -> Outcome<Policy> {
        let mut policy = match &self.policy.key {
            Some(key) => Policy::key(keys::public_key(key, context)?),
            None => identity(&self.policy, &self.workflow)?,
        };
        weaken(&mut policy, &self.insecure, context);
        Ok(policy)
    }

    /// What is trusted: the named file, the instance's, and named authorities in its place. A key
    /// alone, with nobody's word to hold against anything, needs no trusted root.
    pub(crate) fn root(
        &self,
        policy: &Policy,
        has_timestamps: bool,
        context: &Context,
    ) -> Outcome<TrustedRoot> {
        if policy.insecure.insecure_skip_log
            && matches!(policy.signer, SignerPolicy::Key(_))
            && !has_timestamps
        {
            seal::tell(context, Trusted::key_alone);
            return Ok(TrustedRoot::new());
        }
        let (mut root, source) = trust::trusted_root_and_source(&self.trust, context)?;
        authorities::replace(&mut root, &self.authorities)?;
        seal::tell(context, |now| Trusted::root(&root, source, now));
        Ok(root)
    }
}

/// How much of a verification is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Explain {
    /// A line a step
    Steps,
    /// And the bytes: hashes, proof, offsets, and the commands that recompute them
    Full,
}

/// Whose certificate it must be, from the flags.
fn identity(flags: &PolicyFlags, workflow: &WorkflowFlags) -> Outcome<Policy> {
    let name = matcher(
        flags.certificate_identity.as_deref(),
        flags.certificate_identity_regexp.as_deref(),
        "certificate-identity",
    )?;
    let issuer = matcher(
        flags.certificate_oidc_issuer.as_deref(),
        flags.certificate_oidc_issuer_regexp.as_deref(),
        "certificate-oidc-issuer",
    )?;
    match (name, issuer) {
        (Some(name), Some(issuer)) => {
            let identity = Identity::new(name, issuer);
            Ok(Policy::identity(claims(workflow).fold(identity, |identity, (extension, value)| {
                identity.with_claim(extension, Matcher::exact(value))
            })))
        }
        (name, issuer) => Err(incomplete(name.is_some(), issuer.is_some())),
    }
}

/// What the extensions of a workflow's certificate must say.
fn claims(flags: &WorkflowFlags) -> impl Iterator<Item = (FulcioExtension, &str)> {
    [
        (FulcioExtension::GithubWorkflowName, &flags.name),
        (FulcioExtension::GithubWorkflowRef, &flags.reference),
        (FulcioExtension::GithubWorkflowRepository, &flags.repository),
        (FulcioExtension::GithubWorkflowSha, &flags.sha),
        (FulcioExtension::GithubWorkflowTrigger, &flags.trigger),
    ]
    .into_iter()
    .filter_map(|(extension, value)| Some((extension, value.as_deref()?)))
}

/// Leaves checks out, and says which.
fn weaken(policy: &mut Policy, flags: &InsecureFlags, context: &Context) {
    if flags.insecure_ignore_tlog == Some(true) {
        policy.insecure.insecure_skip_log = true;
        context
            .screen()
            .warn("--insecure-ignore-tlog: whether a log holds the signature is not asked");
    }
    if flags.insecure_ignore_sct == Some(true) {
        policy.insecure.insecure_skip_sct = true;
        context
            .screen()
            .warn("--insecure-ignore-sct: whether a CT log knows the certificate is not asked");
    }
}

/// A signature says nothing without an answer to "whose?".
fn incomplete(has_name: bool, has_issuer: bool) -> Failure {
    let hint = match (has_name, has_issuer) {
        (true, false) => "add --certificate-oidc-issuer URL",
        (false, true) => "add --certificate-identity IDENTITY",
        _ => "add --certificate-identity IDENTITY --certificate-oidc-issuer URL, or --key FILE",
    };
    Failure::usage("who must have signed is not said").hint(hint)
}

fn matcher(exact: Option<&str>, pattern: Option<&str>, flag: &str) -> Outcome<Option<Matcher>> {
    match (exact, pattern) {
        (Some(exact), _) => Ok(Some(Matcher::exact(exact))),
        (None, Some(pattern)) => Matcher::pattern(pattern).map(Some).map_err(|error| {
            Failure::usage(format!("--{flag}-regexp is not a regular expression")).because(&error)
        }),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn flags(name: Option<&str>, issuer: Option<&str>) -> PolicyFlags {
        PolicyFlags {
            certificate_identity: name.map(str::to_owned),
            certificate_oidc_issuer: issuer.map(str::to_owned),
            ..PolicyFlags::default()
        }
    }

    #[test]
    fn who_must_have_signed_is_always_asked_in_full() {
        for (name, issuer, hint) in [
            (None, None, "--certificate-identity IDENTITY --certificate-oidc-issuer URL"),
            (Some("a"), None, "--certificate-oidc-issuer URL"),
            (None, Some("i"), "--certificate-identity IDENTITY"),
        ] {
            let failure = identity(&flags(name, issuer), &WorkflowFlags::default()).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.hint.unwrap().contains(hint));
        }
        assert!(identity(&flags(Some("a"), Some("i")), &WorkflowFlags::default()).is_ok());
    }

    #[test]
    fn identity_patterns_are_anchored() {
        let admits = |pattern: &str, text: &str| {
            matcher(None, Some(pattern), "x").unwrap().unwrap().matches(text)
        };
        assert!(admits(r".*@example\.org", "alice@example.org"));
        assert!(!admits(r"@example\.org", "alice@example.org"));
        assert!(!admits(r".*@example\.org", "alice@example.org.evil.net"));
        assert!(!admits("alice|bob", "alice2"));
        assert_eq!(matcher(None, Some("("), "x").unwrap_err().exit, Exit::Usage);
    }
}
