//! Which of the things attached to an image hold, and why the others do not.
//!
//! Everything attached is judged, in either format: one that holds is enough, and one that does not
//! is never silently passed over for another. A statement of another type is no signature, whoever
//! signed it: "this build failed its tests" must not read as approval.

use std::collections::BTreeMap;

use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Content, Signer, Statement, Subject};
use lite_oci::signatures::SIGN_PREDICATE_TYPE;
use lite_oci::{Digest, SimpleSigning};
use lite_verifier::{Artifact, Policy, Report, SignerPolicy, Trust, Verifier};
use serde_json::{Map, Value, json};

use super::accepted::{Accepted, told};
use super::explain;
use super::own::Own;
use super::predicate_policy::Policies;
use super::recompute::{self, Given, Named};
use super::scene::Scene;
use crate::artifact::algorithm;
use crate::attached::{Candidate, Found, Image, Kind, Source, hashed};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::Line;

/// How many refusals are told one by one.
const TOLD: usize = 4;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A signature of the image.
    Signature,
    /// A statement of this type about it.
    Attestation(String),
}

/// What a signature is held to.
pub(crate) struct Demand<'a> {
    /// What is looked for.
    pub(crate) wanted: &'a Wanted,
    /// Who must have signed.
    pub(crate) policy: &'a Policy,
    /// What is trusted.
    pub(crate) root: &'a TrustedRoot,
    /// What the signer must have said, `-a key=value`.
    pub(crate) annotations: &'a BTreeMap<String, String>,
    /// Whether it must be about this very image; `--check-claims=false` leaves that out.
    pub(crate) claims: bool,
    /// What an attestation must say.
    pub(crate) policies: Option<&'a Policies>,
    /// How the command that helps is written.
    pub(crate) scene: &'a Scene,
}

/// One that holds.
pub(crate) struct Good {
    /// What was found.
    pub(crate) candidate: Candidate,
    /// Who, when, where.
    pub(crate) accepted: Accepted,
    /// What else the signer said.
    pub(crate) said: Map<String, Value>,
    /// Every step.
    pub(crate) report: Report,
}

/// One that does not.
pub(crate) struct Bad {
    /// Where it is.
    source: Source,
    /// Why.
    failure: Failure,
    /// What it is and every step, if it came to steps.
    judged: Option<(Candidate, Report)>,
    /// Whether a key signed it, where an identity is asked for.
    lacks_certificate: bool,
}

/// Everything attached, judged.
pub(crate) struct Judged {
    /// Those that hold.
    pub(crate) good: Vec<Good>,
    /// Those that do not.
    pub(crate) bad: Vec<Bad>,
    /// What was not looked for: its kind.
    other: Vec<String>,
}

/// Judges everything that was found.
pub(crate) fn judge(found: Found, image: &Image, demand: &Demand<'_>) -> Judged {
    let verifier = Verifier::new(Trust::new(demand.root));
    let asks_for_identity = matches!(demand.policy.signer, SignerPolicy::Identities(_));
    let mut judged = Judged { good: Vec::new(), bad: Vec::new(), other: Vec::new() };
    for candidate in found.candidates {
        if !is_wanted(&candidate.kind, demand.wanted) {
            judged.other.push(shown(&candidate.kind));
            continue;
        }
        let source = candidate.source.clone();
        let key_signed = matches!(candidate.bundle.signer, Signer::PublicKey { .. });
        let report = verify(&verifier, &candidate, image, demand);
        let outcome = told(demand.scene, &report, &candidate.bundle)
            .and_then(|accepted| Ok((accepted, claims(&candidate, image, demand)?)));
        match outcome {
            Ok((accepted, said)) => judged.good.push(Good { candidate, accepted, said, report }),
            Err(failure) => judged.bad.push(Bad {
                source,
                failure,
                judged: Some((candidate, report)),
                lacks_certificate: asks_for_identity && key_signed,
            }),
        }
    }
    for (source, why) in found.unreadable {
        let word = Own::AttachedUnreadable;
        let failure = Failure::new(Exit::Refused, format!("it cannot be read: {why}"))
            .teach(word.lesson(demand.scene.look()));
        judged.bad.push(Bad { source, failure, judged: None, lacks_certificate: false });
    }
    judged
}

/// Every step of the verifier over one candidate.
fn verify(
    verifier: &Verifier,
    candidate: &Candidate,
    image: &Image,
    demand: &Demand<'_>,
) -> Report {
    let mut policy = demand.policy.clone();
    match &candidate.kind {
        Kind::SimpleSigning(payload) => {
            verifier.verify(&candidate.bundle, &Artifact::of_bytes(payload), &policy)
        }
        Kind::Signature | Kind::Attestation(_) => {
            policy.predicate_type = Some(match demand.wanted {
                Wanted::Signature => SIGN_PREDICATE_TYPE.to_owned(),
                Wanted::Attestation(kind) => kind.clone(),
            });
            let own = if demand.claims { None } else { own_subject(candidate) };
            let artifact = own.unwrap_or_else(|| image.artifact());
            verifier.verify(&candidate.bundle, &artifact, &policy)
        }
    }
}

/// What a statement says it is about, for who does not care what that is.
fn own_subject(candidate: &Candidate) -> Option<Artifact<'static>> {
    let subject = statement(candidate)?.subjects.into_iter().next()?;
    let digests = subject.digest.into_iter();
    let known = |(name, hex): (String, String)| Some((algorithm(&name)?, hex::decode(hex).ok()?));
    Some(Artifact::of_digests(digests.filter_map(known)))
}

fn statement(candidate: &Candidate) -> Option<Statement> {
    candidate.bundle.content.statement()?.ok()
}

/// What the verifier does not know: what a payload of the older format claims, and what else must
/// have been said.
fn claims(
    candidate: &Candidate,
    image: &Image,
    demand: &Demand<'_>,
) -> Outcome<Map<String, Value>> {
    let said = match &candidate.kind {
        Kind::SimpleSigning(payload) => {
            let claim = SimpleSigning::parse(payload).map_err(|error| {
                let word = Own::PayloadMalformed;
                word.failure().because(&error).teach(word.lesson(demand.scene.look()))
            })?;
            if demand.claims && claim.digest != *image.digest() {
                let word = Own::ImageMismatch;
                return Err(word
                    .failure()
                    .note("expected", image.digest().as_str())
                    .note("found", claim.digest.as_str())
                    .teach(word.lesson(demand.scene.look())));
            }
            claim.optional.unwrap_or_default()
        }
        Kind::Signature | Kind::Attestation(_) => {
            if let (Some(policies), Content::Dsse(envelope)) =
                (demand.policies, &candidate.bundle.content)
            {
                policies
                    .check(&envelope.payload)
                    .map_err(|failure| Own::PolicyRefused.taught(failure, demand.scene.look()))?;
            }
            let subjects = statement(candidate).map(|one| one.subjects).unwrap_or_default();
            said_about(subjects, demand.claims.then(|| image.digest()))
        }
    };
    for (key, value) in demand.annotations {
        let found = said.get(key).and_then(Value::as_str);
        if found != Some(value) {
            return Err(Failure::new(
                Exit::Refused,
                format!("the signer does not say {key}={value}"),
            )
            .note("expected", format!("{key}={value}"))
            .note("found", found.map_or_else(|| "nothing".to_owned(), |v| format!("{key}={v}")))
            .teach(Own::AnnotationMismatch.lesson(demand.scene.look())));
        }
    }
    Ok(said)
}

/// What the signer says about one digest. A statement may have other subjects, and what is said
/// about those is not said about this one; without a digest all of it counts.
fn said_about(subjects: Vec<Subject>, digest: Option<&Digest>) -> Map<String, Value> {
    let is_meant = |subject: &Subject| {
        digest.is_none_or(|digest| {
            let named = subject.digest.get(digest.algorithm().as_str());
            named.is_some_and(|hex| hex == digest.hex())
        })
    };
    let meant = subjects.into_iter().filter(is_meant);
    meant.flat_map(|subject| subject.annotations).collect()
}

fn is_wanted(kind: &Kind, wanted: &Wanted) -> bool {
    match (kind, wanted) {
        (kind, Wanted::Signature) => kind.is_signature(),
        (Kind::Attestation(kind), Wanted::Attestation(wanted)) => kind == wanted,
        _ => false,
    }
}

fn shown(kind: &Kind) -> String {
    match kind {
        Kind::Attestation(kind) => format!("an attestation of type {kind}"),
        Kind::Signature | Kind::SimpleSigning(_) => "a signature".to_owned(),
    }
}

impl Wanted {
    /// The word for several of them.
    pub(crate) const fn plural(&self) -> &'static str {
        match self {
            Self::Signature => "signatures",
            Self::Attestation(_) => "attestations",
        }
    }
}

impl Judged {
    /// The failure where none holds. cosign's exit codes tell apart that there is none (10), that
    /// none matches (12), and that none has a certificate (13).
    pub(crate) fn failure(&self, image: &Image, wanted: &Wanted) -> Failure {
        let exit = match self.bad.as_slice() {
            [] => Exit::NoSignatures,
            all if all.iter().all(|bad| bad.lacks_certificate) => Exit::NoCertificate,
            _ => Exit::NoMatch,
        };
        // The words of every cosign that answers on the web were written for.
        let sentence = format!("no matching {} found", wanted.plural());
        let mut failure = Failure::new(exit, sentence).note("image", image.by_digest());
        if self.bad.is_empty() {
            let none = format!("no {} for this digest", wanted.plural());
            failure = failure.note("found", none);
        }
        for bad in self.bad.iter().take(TOLD) {
            failure = failure.note("refused", bad.told());
        }
        if self.bad.len() > TOLD {
            failure = failure.note("refused", format!("and {} more", self.bad.len() - TOLD));
        }
        let mut other = self.other.clone();
        other.sort();
        other.dedup();
        for kind in other.into_iter().take(TOLD) {
            failure = failure.note("attached", format!("{kind}, which is not looked for"));
        }
        if exit == Exit::NoCertificate {
            return failure.hint("a key signed, and nobody's identity: verify with --key FILE");
        }
        failure.lesson = self.bad.iter().find_map(|bad| bad.failure.lesson.clone());
        match self.bad.iter().find_map(|bad| bad.failure.hint.clone()) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Every step of everything that was judged, for `--explain`.
    pub(crate) fn explain(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (source, report, failure) in self.all() {
            lines.push(Line::plain(format!("{source}:")));
            lines.extend(explain::lines(report, failure));
        }
        lines
    }

    /// The same as data, with the verdict in front: everything that was judged, and why.
    pub(crate) fn document(&self, image: &Image, wanted: &Wanted) -> Outcome<Value> {
        let exit = if self.good.is_empty() { self.failure(image, wanted).exit } else { Exit::Ok };
        let mut candidates = Vec::new();
        for (source, report, failure) in self.all() {
            let (trace, refusal) = explain::json(report, failure)?;
            let accepted = self.good.iter().find(|good| good.candidate.source == *source);
            candidates.push(json!({
                "source": source.to_string(),
                "verdict": if failure.is_none() { "accepted" } else { "refused" },
                "signature": accepted.map(|good| good.accepted.json()),
                "refusal": refusal,
                "report": trace,
            }));
        }
        Ok(json!({ "exit": exit.word(), "image": image.by_digest(), "candidates": candidates }))
    }

    fn all(&self) -> impl Iterator<Item = (&Source, Option<&Report>, Option<&Failure>)> {
        let good = self.good.iter().map(|one| (&one.candidate.source, Some(&one.report), None));
        let bad = self.bad.iter().map(|one| {
            (&one.source, one.judged.as_ref().map(|(_, report)| report), Some(&one.failure))
        });
        good.chain(bad)
    }

    /// How each value behind it is recomputed, for `--explain=full`.
    pub(crate) fn recompute(&self, image: &Image, demand: &Demand<'_>) -> String {
        let good = self.good.iter().map(|good| (&good.candidate, &good.report));
        let bad = self.bad.iter().filter_map(|bad| bad.judged.as_ref());
        let all = good.chain(bad.map(|(candidate, report)| (candidate, report)));
        let parts = all.map(|(candidate, report)| {
            let artifact = &match &candidate.kind {
                Kind::SimpleSigning(payload) => Named::of_bytes(payload),
                Kind::Signature | Kind::Attestation(_) => {
                    let (hash, digest) = hashed(image.digest());
                    Named::of_digest(hash, digest)
                }
            };
            let bundle = &candidate.bundle;
            let Demand { root, policy, .. } = *demand;
            let blocks = recompute::blocks(Given { bundle, root, policy, artifact, report });
            format!("# {}\n{}", candidate.source, recompute::text(&blocks))
        });
        parts.collect()
    }
}

impl Bad {
    /// One line: where, why, expected, found, and what came nearest.
    fn told(&self) -> String {
        let note = |name: &str| {
            let value = self.failure.noted(name);
            value.map(|value| format!("; {name} {value}"))
        };
        let notes =
            ["expected", "found", "nearest"].map(note).map(Option::unwrap_or_default).concat();
        format!("{}: {}{notes}", self.source, self.failure.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_about_another_subject_is_not_said_about_this_one() {
        let subject = |digest: &Digest, build: &str| {
            let (algorithm, bytes) = crate::attached::hashed(digest);
            let mut subject = Subject::new("", algorithm, &bytes);
            subject.annotations.insert("build".to_owned(), Value::from(build));
            subject
        };
        let (this, other) = (Digest::sha256(b"this"), Digest::sha256(b"other"));
        let both = || vec![subject(&this, "1"), subject(&other, "2")];
        assert_eq!(said_about(both(), Some(&this))["build"], "1");
        assert_eq!(said_about(both(), Some(&other))["build"], "2");
        assert!(said_about(both(), Some(&Digest::sha256(b"third"))).is_empty());
        assert!(!said_about(both(), None).is_empty());
    }
}
