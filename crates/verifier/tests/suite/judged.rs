//! How a bundle of the small stack fares.

use lite_bundle::Bundle;
use lite_verifier::{Artifact, Policy, Reason, Report};

use crate::stack::{ARTIFACT, Stack};

pub(crate) fn verify(stack: &Stack, bundle: &Bundle, policy: &Policy) -> Report {
    // Through the wire, so that what we write is also what we judge.
    stack.verifier().verify_json(bundle.to_json().as_bytes(), &Artifact::of_bytes(ARTIFACT), policy)
}

#[track_caller]
pub(crate) fn accept(stack: &Stack, bundle: &Bundle, policy: &Policy) -> Report {
    let report = verify(stack, bundle, policy);
    assert!(report.is_accepted(), "{report}");
    report
}

#[track_caller]
pub(crate) fn refuse(stack: &Stack, bundle: &Bundle, policy: &Policy, reason: Reason) {
    let report = verify(stack, bundle, policy);
    assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(reason), "{report}");
    assert!(report.verified().is_none());
}
