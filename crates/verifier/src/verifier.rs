//! The numbered story.

use lite_bundle::{Bundle, BundleError};
use lite_keys::PublicKey;

use crate::artifact::Artifact;
use crate::near;
use crate::policy::{Policy, SignerPolicy};
use crate::reason::{Reason, Refusal};
use crate::report::{Evidence, Outcome, Report, Step, StepReport, Verified};
use crate::steps::entry::EntrySigner;
use crate::steps::{
    Passed, chain, entry, identity, inclusion, sct, set, signature, times, validity,
};
use crate::trust::Trust;

/// Verifies bundles against one trusted root; made once, used for many, by many threads.
#[derive(Debug)]
pub struct Verifier {
    trust: Trust,
}

impl Verifier {
    /// A verifier that believes this.
    #[must_use]
    pub const fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// Reads a bundle and verifies it.
    #[must_use]
    pub fn verify_json(&self, bundle: &[u8], artifact: &Artifact<'_>, policy: &Policy) -> Report {
        match Bundle::parse(bundle) {
            Ok(bundle) => self.verify(&bundle, artifact, policy),
            Err(error) => {
                let mut trace = Trace::default();
                trace.refuse(Step::Bundle, malformed(&error));
                trace.finish(None)
            }
        }
    }

    /// Verifies a bundle. The steps are those of ARCHITECTURE.md, "Life of a verification".
    ///
    /// A step whose needs are met runs even after a refusal, so that the trace shows all that is
    /// wrong; the verdict is the first refusal.
    #[must_use]
    pub fn verify(&self, bundle: &Bundle, artifact: &Artifact<'_>, policy: &Policy) -> Report {
        let mut trace = Trace::default();
        trace.record(Step::Bundle, readable(bundle, artifact));
        let identities = match &policy.signer {
            SignerPolicy::Identities(identities) => Some(identities),
            SignerPolicy::Key(_) => None,
        };

        // (0) Times. A certificate lives ten minutes: without a time there is nothing to ask it.
        let times = trace.record(Step::Times, times::establish(bundle, &self.trust, policy));

        // (1) Chain, at each of the times. The leaf is read even if no path leads from it.
        let leaf = match identities {
            Some(_) => trace.note(Step::Chain, chain::leaf(&bundle.signer)),
            None => None,
        };
        let issuer = match (identities, &leaf, &times) {
            (None, ..) => trace.not_applicable(Step::Chain, "a managed key has no chain"),
            (Some(_), Some(leaf), Some(times)) => {
                trace.record(Step::Chain, chain::verify(leaf, &bundle.signer, &self.trust, times))
            }
            _ => trace.not_reached(Step::Chain),
        };

        // (2) SCT. It needs the issuer: what CT logs sign names its key.
        match (identities, &leaf, &issuer) {
            (None, ..) => trace.not_applicable(Step::Sct, "a managed key has no SCT"),
            _ if policy.insecure.insecure_skip_sct => trace.skip(Step::Sct, "insecure_skip_sct"),
            (Some(_), Some(leaf), Some(issuer)) => {
                let promised =
                    sct::verify(&leaf.certificate, issuer, &self.trust, policy.required_scts());
                trace.record(Step::Sct, promised)
            }
            _ => trace.not_reached(Step::Sct),
        };

        // (3) Identity.
        let signer = match (&policy.signer, &leaf) {
            (SignerPolicy::Identities(identities), Some(leaf)) => {
                identity::verify(&leaf.certificate, identities)
            }
            (SignerPolicy::Key(key), _) => identity::verify_key(&bundle.signer, key),
            (SignerPolicy::Identities(_), None) => return trace.finish(None),
        };
        trace.record(Step::Identity, signer);

        // (4) Inclusion and checkpoint, then (5) the SET, which needs the same log.
        if policy.insecure.insecure_skip_log {
            trace.skip::<()>(Step::Inclusion, "insecure_skip_log");
            trace.skip::<()>(Step::Set, "insecure_skip_log");
        } else {
            let known = times.as_deref().unwrap_or_default();
            let logs = trace.record(
                Step::Inclusion,
                inclusion::verify(bundle, &self.trust, known, policy.required_logs()),
            );
            match logs {
                Some(logs) => trace.record_if(
                    Step::Set,
                    set::verify(&bundle.entries, &logs, bundle.media_type),
                    "no entry has a SET",
                ),
                None => trace.not_reached::<()>(Step::Set),
            };
        }

        // (6) Times within the certificate's validity.
        match (&leaf, &times) {
            (Some(leaf), Some(times)) => {
                trace.record(Step::Validity, validity::verify(&leaf.certificate, times))
            }
            (None, _) => trace.not_applicable(Step::Validity, "a managed key does not expire"),
            (Some(_), None) => trace.not_reached(Step::Validity),
        };

        // (7) Signature over the artifact.
        let key: &PublicKey = match (&policy.signer, &leaf) {
            (SignerPolicy::Key(key), _) => key,
            (SignerPolicy::Identities(_), Some(leaf)) => &leaf.key,
            (SignerPolicy::Identities(_), None) => return trace.finish(None),
        };
        let predicate_type = policy.predicate_type.as_deref();
        let statement = trace.record(
            Step::Signature,
            signature::verify(&bundle.content, key, artifact, predicate_type)
                .map_err(|refusal| by_another(refusal, bundle, key)),
        );

        // (8) The log holds this signature of this signer. Also where the log is not asked: an
        // entry that is there must be the right one.
        let entry_signer = match &leaf {
            Some(leaf) => EntrySigner::Certificate(&leaf.certificate),
            None => EntrySigner::Key(key),
        };
        trace.record(Step::Entry, entry::verify(bundle, &entry_signer, key, artifact));

        let verified = statement.zip(times).map(|(statement, times)| Verified {
            certificate: leaf.as_ref().map(|leaf| leaf.certificate.clone()),
            key: key.clone(),
            times,
            statement,
        });
        trace.finish(verified)
    }
}

/// Who the log says signed, where the key does not fit.
fn by_another(refusal: Refusal, bundle: &Bundle, key: &PublicKey) -> Refusal {
    if refusal.reason != Reason::SignatureInvalid || refusal.nearest.is_some() {
        return refusal;
    }
    refusal.near(near::certificates::logged_signer(bundle, key))
}

/// Nothing can be verified against an artifact of which nothing is known.
fn readable(bundle: &Bundle, artifact: &Artifact<'_>) -> Passed<()> {
    let shown = artifact.shown();
    if shown.is_empty() {
        return Err(Refusal::new(
            Reason::ArtifactMissing,
            "the artifact or one of its digests",
            "neither",
        ));
    }
    Ok((
        (),
        Evidence::default().with("media type", bundle.media_type.as_str()).with("artifact", shown),
    ))
}

fn malformed(error: &BundleError) -> Refusal {
    let (reason, expected) = match error {
        BundleError::UnknownVersion => {
            (Reason::BundleVersionUnknown, "a bundle of v0.1, v0.2 or v0.3")
        }
        BundleError::EmptyChain => (Reason::BundleChainEmpty, "a certificate"),
        BundleError::TooLarge | BundleError::TooLong(_) | BundleError::TooMany(_) => {
            (Reason::BundleTooLarge, "a bundle within the limits")
        }
        _ => (Reason::BundleMalformed, "a Sigstore bundle"),
    };
    Refusal::new(reason, expected, error)
}

/// The steps so far.
#[derive(Default)]
struct Trace {
    steps: Vec<StepReport>,
}

impl Trace {
    /// Writes down how a step ended, and hands on what it gives.
    fn record<T>(&mut self, step: Step, passed: Passed<T>) -> Option<T> {
        match passed {
            Ok((value, evidence)) => {
                self.push(step, Outcome::Passed(evidence));
                Some(value)
            }
            Err(refusal) => {
                self.refuse(step, refusal);
                None
            }
        }
    }

    /// The same for a step that may find nothing to do.
    fn record_if(
        &mut self,
        step: Step,
        passed: Passed<bool>,
        otherwise: &'static str,
    ) -> Option<()> {
        match passed {
            Ok((false, _)) => self.not_applicable(step, otherwise),
            other => self.record(step, other.map(|(_, evidence)| ((), evidence))),
        }
    }

    /// Writes down only a refusal: the step has more to say when this succeeds.
    fn note<T>(&mut self, step: Step, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.refuse(step, refusal)).ok()
    }

    fn not_applicable<T>(&mut self, step: Step, why: &'static str) -> Option<T> {
        self.push(step, Outcome::NotApplicable(why));
        None
    }

    fn skip<T>(&mut self, step: Step, option: &'static str) -> Option<T> {
        self.push(step, Outcome::Skipped(option));
        None
    }

    fn not_reached<T>(&mut self, step: Step) -> Option<T> {
        self.push(step, Outcome::NotReached);
        None
    }

    fn refuse(&mut self, step: Step, refusal: Refusal) {
        self.push(step, Outcome::Refused(refusal));
    }

    /// A step speaks once: a leaf that could not be read has said so before its chain is asked.
    fn push(&mut self, step: Step, outcome: Outcome) {
        if self.steps.last().is_none_or(|last| last.step < step) {
            self.steps.push(StepReport { step, outcome });
        }
    }

    /// The report. Only if every step is there, and none refused, something is proven.
    fn finish(mut self, verified: Option<Verified>) -> Report {
        for step in Step::ALL {
            if !self.steps.iter().any(|line| line.step == step) {
                self.steps.push(StepReport { step, outcome: Outcome::NotReached });
            }
        }
        self.steps.sort_by_key(|line| line.step);
        let holds =
            |line: &StepReport| !matches!(line.outcome, Outcome::Refused(_) | Outcome::NotReached);
        let verified = verified.filter(|_| self.steps.iter().all(holds));
        Report { steps: self.steps, verified }
    }
}
