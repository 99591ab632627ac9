//! What a verification says: one line per step, with values.

use std::fmt;

use lite_bundle::Statement;
use lite_keys::PublicKey;
use lite_pki::Certificate;
use lite_time::Time;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::reason::{OneLine, Refusal};

/// The steps of a verification, in order. All but the first carry sigstore-python's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Before the numbers: the bundle and the artifact can be read.
    Bundle,
    /// (0) When was the signature made?
    Times,
    /// (1) Does the certificate lead to a trusted authority?
    Chain,
    /// (2) Did a CT log promise to hold the certificate?
    Sct,
    /// (3) Is it who we expect?
    Identity,
    /// (4) Does the log hold the entry, and did it sign the tree?
    Inclusion,
    /// (5) Is the log's promise of v1 its own?
    Set,
    /// (6) Was the certificate valid when the signature was made?
    Validity,
    /// (7) Does the signature verify over the artifact?
    Signature,
    /// (8) Does the log hold this signature?
    Entry,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 10] = [
        Self::Bundle,
        Self::Times,
        Self::Chain,
        Self::Sct,
        Self::Identity,
        Self::Inclusion,
        Self::Set,
        Self::Validity,
        Self::Signature,
        Self::Entry,
    ];

    /// The number, for all but [`Step::Bundle`].
    #[must_use]
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Bundle => None,
            Self::Times => Some(0),
            Self::Chain => Some(1),
            Self::Sct => Some(2),
            Self::Identity => Some(3),
            Self::Inclusion => Some(4),
            Self::Set => Some(5),
            Self::Validity => Some(6),
            Self::Signature => Some(7),
            Self::Entry => Some(8),
        }
    }

    /// A name for people and programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Times => "times",
            Self::Chain => "chain",
            Self::Sct => "sct",
            Self::Identity => "identity",
            Self::Inclusion => "inclusion",
            Self::Set => "set",
            Self::Validity => "validity",
            Self::Signature => "signature",
            Self::Entry => "entry",
        }
    }

    /// What the step asks, in plain words.
    #[must_use]
    pub const fn question(self) -> &'static str {
        match self {
            Self::Bundle => "Can the bundle and the artifact be read?",
            Self::Times => "When was it signed?",
            Self::Chain => "Is the certificate from an authority we trust?",
            Self::Sct => "Was the certificate published?",
            Self::Identity => "Is it who you expect?",
            Self::Inclusion => "Does a log hold the signature?",
            Self::Set => "Did the log promise it a place and a time?",
            Self::Validity => "Was the certificate valid when it was signed?",
            Self::Signature => "Is it the signature of this artifact?",
            Self::Entry => "Is this signature the one that was logged?",
        }
    }

    /// What it holds the bundle against.
    #[must_use]
    pub const fn against(self) -> &'static str {
        match self {
            Self::Bundle => "the bundle format",
            Self::Times => "the timestamp authorities and logs of the trusted root",
            Self::Chain => "the certificate authorities of the trusted root",
            Self::Sct => "the CT logs of the trusted root",
            Self::Identity => "who you said must have signed",
            Self::Inclusion => "the logs of the trusted root",
            Self::Set => "the key of the log",
            Self::Validity => "the certificate's own dates",
            Self::Signature => "the artifact's digest and the signer's key",
            Self::Entry => "the bundle",
        }
    }
}

/// What one step says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// Which step.
    pub step: Step,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds, and here is why.
    Passed(Evidence),
    /// It does not hold.
    Refused(Refusal),
    /// It does not apply: a key has no chain, a v2 log makes no SET.
    NotApplicable(&'static str),
    /// An option with `insecure` in its name left it out.
    Skipped(&'static str),
    /// It needs what an earlier step could not give.
    NotReached,
}

/// Named values, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evidence(pub Vec<Finding>);

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub name: &'static str,
    /// What it says.
    pub value: String,
}

impl Evidence {
    pub(crate) fn add(&mut self, name: &'static str, value: impl fmt::Display) {
        self.0.push(Finding { name, value: value.to_string() });
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.add(name, value);
        self
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|finding| finding.name == name).map(|finding| finding.value.as_str())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", finding.name, OneLine(&finding.value))?;
        }
        Ok(())
    }
}

/// When a signature was made, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedTime {
    /// When.
    pub at: Time,
    /// Who says so.
    pub source: TimeSource,
}

/// Who says when a signature was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeSource {
    /// A timestamp authority, by its place in the trusted root.
    Timestamp {
        /// Index into the trusted root's authorities.
        authority: usize,
    },
    /// A v1 log, by its ID; its SET is verified in step (5).
    IntegratedTime {
        /// The log ID.
        log_id: Vec<u8>,
    },
    /// Nobody: an insecure option.
    Assumed,
}

/// What an accepted bundle proves.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The signer's certificate, unless a managed key signed.
    pub certificate: Option<Certificate>,
    /// The signer's key.
    pub key: PublicKey,
    /// When the signature was made.
    pub times: Vec<TrustedTime>,
    /// What the attestation says about which artifacts; the predicate is in the bundle.
    pub statement: Option<Statement>,
}

/// The whole trace of a verification.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) steps: Vec<StepReport>,
    pub(crate) verified: Option<Verified>,
}

impl Report {
    /// Whether every step holds.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verified.is_some()
    }

    /// The first refusal, unless the bundle is accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.steps.iter().find_map(|step| match &step.outcome {
            Outcome::Refused(refusal) => Some(refusal),
            _ => None,
        })
    }

    /// What an accepted bundle proves.
    #[must_use]
    pub fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }

    /// Every step, in order.
    #[must_use]
    pub fn steps(&self) -> &[StepReport] {
        &self.steps
    }
}

impl Outcome {
    /// One character that says how the step ended.
    #[must_use]
    pub const fn mark(&self) -> char {
        match self {
            Self::Passed(_) => '✓',
            Self::Refused(_) => '✗',
            Self::NotApplicable(_) => '·',
            Self::Skipped(_) => '–',
            Self::NotReached => '?',
        }
    }
}

/// One line without its mark: the number, what was asked, against what, and what was found.
impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step.number() {
            Some(number) => write!(f, "({number}) ")?,
            None => f.write_str("    ")?,
        }
        let (question, against) = (self.step.question(), self.step.against());
        match &self.outcome {
            Outcome::Passed(evidence) => write!(f, "{question} Against {against}: {evidence}"),
            Outcome::Refused(refusal) => {
                write!(f, "{question} Against {against}: {refusal} [{}]", refusal.reason.code())
            }
            Outcome::NotApplicable(why) => write!(f, "{question} Not asked: {why}"),
            Outcome::Skipped(option) => write!(f, "{question} Left out, by {option}"),
            Outcome::NotReached => {
                write!(f, "{question} Not reached: it needs what an earlier step could not give")
            }
        }
    }
}

/// One line per step, for people, each with its mark.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|line| writeln!(f, "{} {line}", line.outcome.mark()))
    }
}

impl Serialize for StepReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("StepReport", 4)?;
        line.serialize_field("step", &self.step.number())?;
        line.serialize_field("name", self.step.name())?;
        match &self.outcome {
            Outcome::Passed(evidence) => {
                line.serialize_field("outcome", "passed")?;
                line.serialize_field("evidence", evidence)?;
            }
            Outcome::Refused(refusal) => {
                line.serialize_field("outcome", "refused")?;
                line.serialize_field("refusal", refusal)?;
            }
            Outcome::NotApplicable(why) => {
                line.serialize_field("outcome", "not-applicable")?;
                line.serialize_field("why", why)?;
            }
            Outcome::Skipped(option) => {
                line.serialize_field("outcome", "skipped")?;
                line.serialize_field("why", option)?;
            }
            Outcome::NotReached => line.serialize_field("outcome", "not-reached")?,
        }
        line.end()
    }
}

/// `{"verdict": …, "refusal": …, "steps": […]}`.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        report
            .serialize_field("verdict", if self.is_accepted() { "accepted" } else { "refused" })?;
        report.serialize_field("refusal", &self.refusal())?;
        report.serialize_field("steps", &self.steps)?;
        report.end()
    }
}
