//! From a bundle and a policy to a verdict in words: who signed, when, where it is logged, or
//! which step refuses and what helps.
//!
//! The steps themselves are `lite_verifier`'s. Nothing here opens a socket.

mod authorities;
pub(crate) mod explain;
mod image;
mod moved;
mod other_formats;
pub(crate) mod own;
pub(crate) mod predicate_policy;
mod recompute;
mod scene;
mod words;

pub(crate) use image::{Demand, Good, Wanted, judge};
pub(crate) use moved::explain as explain_moved;
pub(crate) use scene::Scene;

use std::path::Path;

use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Bundle, Content, MAX_BUNDLE_BYTES, Statement};
use lite_keys::HashAlgorithm;
use lite_pki::FulcioExtension;
use lite_time::Time;
use lite_verifier::{Identity, Matcher, Policy, Report, SignerPolicy, Trust, Verifier};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::artifact::{self, Artifact, ArtifactDigest};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::{
    AuthorityFlags, CosignVerifyFlags, InsecureFlags, PolicyFlags, TrustFlags, WorkflowFlags,
};
use crate::keys;
use crate::render::OutputForm;
use crate::seal::{self, SealFlag, Trusted};
use crate::trust;
use own::Own;
use predicate_policy::Policies;
use recompute::{Block, Given, Named};

/// Files up to this size are held in memory: pure Ed25519 signs the bytes themselves.
const MAX_IN_MEMORY: u64 = 64 * 1024 * 1024;

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

/// What an accepted bundle says to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Who signed: an identity, or a key by the SHA-256 of its SPKI.
    pub(crate) signer: String,
    /// Who vouched for the identity.
    pub(crate) issuer: Option<String>,
    /// When it was signed, where somebody trusted says so.
    pub(crate) time: Option<Time>,
    /// The log's name and the index of the entry.
    pub(crate) logged: Option<(String, u64)>,
    /// The statement's predicate type, for attestations.
    pub(crate) predicate_type: Option<String>,
}

/// What a bundle is asked for.
pub(crate) struct Question<'a> {
    /// The bundle's file.
    pub(crate) bundle: &'a Path,
    /// What must have been signed.
    pub(crate) artifact: &'a Artifact,
    /// Who must have signed it, and as what.
    pub(crate) policy: &'a Policy,
    /// What a statement must say.
    pub(crate) policies: Option<&'a Policies>,
    /// Whether a statement about the artifact is as good an answer as its signature.
    pub(crate) any_content: bool,
    /// Whether standard output is for something else than the evidence.
    pub(crate) silent: bool,
    /// The form of the evidence.
    pub(crate) output: OutputForm,
    /// How the command that helps is written.
    pub(crate) scene: Scene,
}

/// Verifies and prints the verdict; what comes back is the bundle that was verified.
pub(crate) fn run(
    question: &Question<'_>,
    flags: &VerifyFlags,
    context: &Context,
) -> Outcome<String> {
    let Question { bundle, artifact, policy, policies, any_content, silent, output, ref scene } =
        *question;
    let json = read_bundle(bundle)?;
    if policy.predicate_type.is_none() && !any_content {
        let fits = words::not_a_statement(&json, scene);
        if let Err(failure) = fits {
            let refused = Err(failure);
            let told = Told { how: flags.explain, output, silent, recomputed: None };
            print(None, &refused, &told, context)?;
            return refused.map(|_| json);
        }
    }
    let parsed = Bundle::parse(json.as_bytes());
    let has_timestamps = !parsed.as_ref().is_ok_and(|bundle| bundle.timestamps.is_empty());
    let root = flags.root(policy, has_timestamps, context)?;
    let bytes = in_memory(artifact)?;
    let digests = match &bytes {
        Some(_) => Vec::new(),
        None => artifact.digests(&algorithms(&json))?,
    };
    let named = Named::on_the_line(artifact, bytes.as_deref(), &digests);
    let file_name = artifact.file_name().unwrap_or_default();
    let artifact = match &bytes {
        Some(bytes) => lite_verifier::Artifact::of_bytes(bytes),
        None => lite_verifier::Artifact::of_digests(
            digests.into_iter().map(|ArtifactDigest { algorithm, bytes }| (algorithm, bytes)),
        ),
    }
    .named(&file_name);
    let report = check(&json, &artifact, policy, &root);
    let recomputed = parsed.ok().filter(|_| flags.explain == Some(Explain::Full)).map(|bundle| {
        let (bundle, root, artifact) = (&bundle, &root, &named);
        recompute::blocks(Given { bundle, root, policy, artifact, report: &report })
    });
    // Only what is verified is worth a policy's opinion.
    let accepted = accepted_in(scene, &report, json.as_bytes())
        .map_err(|refused| other_formats::explain(refused, &report, &json, question))
        .and_then(|accepted| match policies {
            Some(policies) => policies
                .check(&statement(&json)?)
                .map_err(|failure| Own::PolicyRefused.taught(failure, scene.what_it_says()))
                .map(|()| accepted),
            None => Ok(accepted),
        });
    let told = Told { how: flags.explain, output, silent, recomputed: recomputed.as_deref() };
    print(Some(&report), &accepted, &told, context)?;
    let accepted = accepted?;
    context.screen().done("Verified OK:", &format!("signed {}", accepted.sentence()));
    Ok(json)
}

/// The statement of a bundle that was verified as an attestation.
pub(crate) fn statement(json: &str) -> Outcome<Vec<u8>> {
    match Bundle::parse(json.as_bytes()).map(|bundle| bundle.content) {
        Ok(Content::Dsse(envelope)) => Ok(envelope.payload),
        _ => Err(Failure::new(Exit::Internal, "a verified attestation has no statement")),
    }
}

/// The bundle's text; one that is too large or not text is refused by the verifier's own words.
fn read_bundle(path: &Path) -> Outcome<String> {
    let limit = u64::try_from(MAX_BUNDLE_BYTES).unwrap_or(u64::MAX);
    let bytes = if files::is_dash(path) {
        files::read_stdin(limit)?
    } else {
        files::read(path, limit, Exit::Usage).map_err(|failure| {
            failure.hint("--bundle names the bundle; sign-blob writes FILE.sigstore.json")
        })?
    };
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(Exit::Refused, format!("{} is not a bundle", path.display())).because(&error)
    })
}

/// The bytes of a file that is small enough.
fn in_memory(artifact: &Artifact) -> Outcome<Option<Vec<u8>>> {
    match artifact {
        Artifact::File(path)
            if std::fs::metadata(path).is_ok_and(|meta| meta.len() <= MAX_IN_MEMORY) =>
        {
            files::read(path, MAX_IN_MEMORY, Exit::Usage).map(Some)
        }
        _ => Ok(None),
    }
}

/// The digests a bundle may ask for: those it names, and SHA-256.
fn algorithms(json: &str) -> Vec<HashAlgorithm> {
    let mut wanted = vec![HashAlgorithm::Sha256];
    let content = Bundle::parse(json.as_bytes()).ok().map(|bundle| bundle.content);
    match content {
        Some(Content::Message(message)) => {
            wanted.extend(message.digest.map(|(algorithm, _)| algorithm));
        }
        Some(Content::Dsse(envelope)) => {
            let subjects = Statement::parse(&envelope.payload).map(|statement| statement.subjects);
            let named = subjects.into_iter().flatten().flat_map(|subject| subject.digest);
            wanted.extend(named.filter_map(|(name, _)| artifact::algorithm(&name)));
        }
        None => {}
    }
    HashAlgorithm::ALL.into_iter().filter(|algorithm| wanted.contains(algorithm)).collect()
}

/// Every step of the verifier.
pub(crate) fn check(
    json: &str,
    artifact: &lite_verifier::Artifact<'_>,
    policy: &Policy,
    root: &TrustedRoot,
) -> Report {
    Verifier::new(Trust::new(root)).verify_json(json.as_bytes(), artifact, policy)
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

/// What the report proves, or its first refusal in words.
pub(crate) fn accepted(report: &Report, json: &[u8]) -> Outcome<Accepted> {
    accepted_in(&Scene::default(), report, json)
}

fn accepted_in(scene: &Scene, report: &Report, json: &[u8]) -> Outcome<Accepted> {
    match Bundle::parse(json) {
        Ok(bundle) => told(scene, report, &bundle),
        // Nothing is proven of what does not parse, and the report says so.
        Err(_) => Err(words::no_proof(report, scene)),
    }
}

/// The same, where the bundle is read already.
pub(crate) fn told(scene: &Scene, report: &Report, bundle: &Bundle) -> Outcome<Accepted> {
    let Some(verified) = report.verified() else {
        return Err(words::no_proof(report, scene));
    };
    let logged = bundle.entries.first().map(|entry| {
        let checkpoint = entry.inclusion_proof.as_ref();
        let checkpoint = checkpoint.and_then(|proof| proof.checkpoint.as_ref());
        let origin = checkpoint.and_then(|text| text.lines().next().map(str::to_owned));
        (origin.unwrap_or_else(|| "the log".to_owned()), entry.log_index)
    });
    let name = verified.certificate.as_ref().and_then(|certificate| {
        certificate.alt_names().first().and_then(|name| name.as_text()).map(str::to_owned)
    });
    let issuer = verified.certificate.as_ref().and_then(|c| c.fulcio().issuer().map(str::to_owned));
    Ok(Accepted {
        signer: name.unwrap_or_else(|| {
            format!("key sha256:{}", hex::encode(Sha256::digest(verified.key.spki_der())))
        }),
        issuer,
        time: verified.times.first().map(|time| time.at),
        logged,
        predicate_type: verified.statement.as_ref().map(|s| s.predicate_type.clone()),
    })
}

impl Accepted {
    /// One line for people.
    pub(crate) fn sentence(&self) -> String {
        let issuer = self.issuer.as_ref().map(|issuer| format!(" ({issuer})"));
        let time = self.time.map(|time| format!(" at {}", time.to_rfc3339()));
        let entry = self.logged.as_ref().map(|(log, index)| format!(", entry {index} of {log}"));
        let parts = [issuer, time, entry].map(Option::unwrap_or_default);
        format!("by {}{}", self.signer, parts.concat())
    }

    /// Labelled values.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("signer", self.signer.clone())];
        fields.extend(self.issuer.clone().map(|issuer| ("issuer", issuer)));
        fields.extend(self.time.map(|time| ("time", time.to_rfc3339())));
        if let Some((origin, index)) = &self.logged {
            fields.push(("log", origin.clone()));
            fields.push(("logIndex", index.to_string()));
        }
        fields.extend(self.predicate_type.clone().map(|kind| ("predicateType", kind)));
        fields
    }

    /// The same as an object.
    pub(crate) fn json(&self) -> serde_json::Value {
        let fields = self.fields().into_iter();
        fields
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// The same as lines.
    pub(crate) fn lines(&self) -> String {
        let fields = self.fields().into_iter();
        let lines: Vec<_> =
            fields.map(|(name, value)| format!("{:15}{value}", format!("{name}:"))).collect();
        lines.join("\n")
    }
}

/// How a verdict is told.
struct Told<'a> {
    /// How much of it.
    how: Option<Explain>,
    /// In which form.
    output: OutputForm,
    /// Whether standard output is for something else.
    silent: bool,
    /// What a reader needs to recompute it.
    recomputed: Option<&'a [Block]>,
}

/// Evidence is data: it goes to standard output, of a refusal too. Where that is for something else,
/// an explanation that was asked for stands beside it.
fn print(
    report: Option<&Report>,
    accepted: &Outcome<Accepted>,
    told: &Told<'_>,
    context: &Context,
) -> Outcome {
    let Told { how, output, silent, recomputed } = *told;
    let refused = accepted.as_ref().err();
    match (output, accepted) {
        _ if silent && how.is_some() => {
            context.screen().explain_aside(&explain::lines(report, refused));
            Ok(())
        }
        _ if silent => Ok(()),
        (OutputForm::Json, accepted) => {
            let exit = if accepted.is_ok() { Exit::Ok } else { Exit::Refused };
            let (trace, refusal) = explain::json(report, refused)?;
            let signature = accepted.as_ref().ok().map(Accepted::json);
            let mut document = json!({
                "exit": exit.word(), "signature": signature, "refusal": refusal, "report": trace,
            });
            if let Some(seal) = context.seal() {
                document["sealed"] = seal.json();
            }
            if let Some(blocks) = recomputed {
                document["recompute"] = recompute::json(blocks);
            }
            context.screen().json(&document)
        }
        (OutputForm::Text, _) if how.is_some() => {
            context.screen().explain(&explain::lines(report, refused))?;
            match recomputed {
                Some(blocks) => context.screen().script(&recompute::text(blocks)),
                None => Ok(()),
            }
        }
        (OutputForm::Text, Ok(accepted)) => context.screen().data(&accepted.lines()),
        (OutputForm::Text, Err(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_sentence_says_who_when_and_where() {
        let accepted = Accepted {
            signer: "alice@example.org".to_owned(),
            issuer: Some("http://localhost:7070/oidc".to_owned()),
            time: Some(Time::from_secs(0)),
            logged: Some(("localhost".to_owned(), 7)),
            predicate_type: None,
        };
        assert_eq!(
            accepted.sentence(),
            "by alice@example.org (http://localhost:7070/oidc) at 1970-01-01T00:00:00Z, \
             entry 7 of localhost"
        );
        assert_eq!(accepted.json()["logIndex"], "7");
    }
}
