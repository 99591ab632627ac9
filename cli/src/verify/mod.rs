//! From a bundle and a policy to a verdict in words: who signed, when, where it is logged, or
//! which step refuses and what helps.
//!
//! The steps themselves are `lite_verifier`'s. Nothing here opens a socket.

mod accepted;
mod authorities;
pub(crate) mod explain;
mod flags;
mod image;
mod moved;
mod other_formats;
pub(crate) mod own;
pub(crate) mod predicate_policy;
mod recompute;
mod scene;
mod words;

pub(crate) use accepted::{Accepted, accepted};
pub(crate) use flags::{Explain, VerifyFlags};
pub(crate) use image::{Demand, Good, Wanted, judge};
pub(crate) use moved::explain as explain_moved;
pub(crate) use scene::Scene;

use std::path::Path;

use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Bundle, Content, MAX_BUNDLE_BYTES, Statement};
use lite_keys::HashAlgorithm;
use lite_verifier::{Policy, Report, Trust, Verifier};
use serde_json::json;

use crate::artifact::{self, Artifact, ArtifactDigest};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::render::OutputForm;
use accepted::accepted_in;
use own::Own;
use predicate_policy::Policies;
use recompute::{Block, Given, Named};

/// Files up to this size are held in memory: pure Ed25519 signs the bytes themselves.
const MAX_IN_MEMORY: u64 = 64 * 1024 * 1024;

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
