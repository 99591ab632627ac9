//! What a reader needs in order to believe nobody: the values behind each step of a verification,
//! and lines for a bare shell that make each of them again.
//!
//! Read in this order: [`Block`] (one value), [`shell`] (how lines are written), [`facts`] (what
//! all steps share), then one file a step.
//!
//! Nothing here is part of a verdict. What is shown of a refused bundle ends with the step that
//! refuses, so that the reader sees with other tools where it parts from what it should be.

mod artifact;
mod block;
mod bundle;
mod chain;
mod checkpoint;
mod entry;
mod facts;
mod identity;
mod inclusion;
mod place;
mod sct;
mod set;
mod shell;
mod signature;
mod times;
mod validity;

use lite_bundle::Bundle;
use lite_bundle::trust::TrustedRoot;
use lite_verifier::{Outcome, Policy, Report, Step};
use serde_json::Value;

pub(crate) use artifact::Named;
pub(crate) use block::Block;
use facts::Facts;

/// What was verified, against what, and how it ended.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The bundle.
    pub(crate) bundle: &'a Bundle,
    /// What is trusted.
    pub(crate) root: &'a TrustedRoot,
    /// Who must have signed.
    pub(crate) policy: &'a Policy,
    /// What must have been signed.
    pub(crate) artifact: &'a Named<'a>,
    /// How it ended.
    pub(crate) report: &'a Report,
}

/// Everything that can be recomputed, up to the step that refuses.
pub(crate) fn blocks(given: Given<'_>) -> Vec<Block> {
    let facts = Facts::of(given);
    let mut blocks = Vec::new();
    for line in given.report.steps() {
        match line.outcome {
            Outcome::Passed(_) => blocks.extend(of_step(line.step, &facts)),
            Outcome::Refused(_) => {
                blocks.extend(of_step(line.step, &facts));
                break;
            }
            Outcome::NotApplicable(_) | Outcome::Skipped(_) | Outcome::NotReached => {}
        }
    }
    blocks
}

fn of_step(step: Step, facts: &Facts<'_>) -> Vec<Block> {
    match step {
        Step::Bundle => bundle::blocks(facts),
        Step::Times => times::blocks(facts),
        Step::Chain => chain::blocks(facts),
        Step::Sct => sct::blocks(facts),
        Step::Identity => identity::blocks(facts),
        Step::Inclusion => inclusion::blocks(facts),
        Step::Set => set::blocks(facts),
        Step::Validity => validity::blocks(facts),
        Step::Signature => signature::blocks(facts),
        Step::Entry => entry::blocks(facts),
    }
}

/// The blocks as a script with comments.
pub(crate) fn text(blocks: &[Block]) -> String {
    let blocks: String = blocks.iter().map(Block::text).collect();
    format!("# recompute each value in a shell; docs/explain.md tells how to read this\n\n{blocks}")
}

/// The blocks as `recompute` of a document.
pub(crate) fn json(blocks: &[Block]) -> Value {
    blocks.iter().map(Block::json).collect()
}
