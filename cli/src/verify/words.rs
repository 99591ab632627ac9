//! A refusal of the verifier in words: the numbered step, expected, found, and what helps.

use lite_bundle::{Bundle, Content, Statement};
use lite_verifier::{Reason, Refusal, Report, Step};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// A statement about a file is no signature of the file: who verifies one for the other would
/// accept "this build failed its tests" as approval.
pub(super) fn not_a_statement(json: &str) -> Outcome {
    let content = Bundle::parse(json.as_bytes()).map(|bundle| bundle.content);
    let Ok(Content::Dsse(envelope)) = content else {
        return Ok(());
    };
    let kind = Statement::parse(&envelope.payload).map(|statement| statement.predicate_type);
    let kind = kind.unwrap_or_else(|_| envelope.payload_type.clone());
    Err(Failure::new(Exit::Refused, "the bundle is a statement about a file, not its signature")
        .note("expected", "a signature")
        .note("found", format!("a statement of type {kind}"))
        .hint(format!("siglite verify-blob-attestation --type {kind} verifies it")))
}

/// The failure that a report without proof is told as.
pub(super) fn no_proof(report: &Report) -> Failure {
    report.refusal().map_or_else(
        || Failure::new(Exit::Refused, "nothing is proven").hint("--explain shows every step"),
        refusal,
    )
}

/// The failure that a refusal is told as.
fn refusal(refusal: &Refusal) -> Failure {
    let step = refusal.reason.step();
    let place = match step.number() {
        Some(number) => format!("step {number} ({})", step.name()),
        None => "the first look".to_owned(),
    };
    Failure::new(Exit::Refused, format!("{place} refuses: {}", refusal.reason))
        .note("expected", &refusal.expected)
        .note("found", &refusal.found)
        .note("reason", refusal.reason.code())
        .hint(hint(refusal, step))
}

fn hint(refusal: &Refusal, step: Step) -> String {
    match refusal.reason {
        Reason::IdentityMismatch => format!(
            "if {found} is who should have signed, say so with --certificate-identity {found}",
            found = refusal.found
        ),
        Reason::IssuerMismatch => format!(
            "if {found} is to be believed, say so with --certificate-oidc-issuer {found}",
            found = refusal.found
        ),
        Reason::CertificateMissing => "a key signed: verify with --key FILE".to_owned(),
        Reason::SignerIsCertificate => {
            "an identity signed: verify with --certificate-identity and --certificate-oidc-issuer"
                .to_owned()
        }
        Reason::ArtifactMismatch | Reason::SubjectMismatch | Reason::SignatureInvalid => {
            "has the file changed since it was signed, or is this another file's bundle?".to_owned()
        }
        Reason::EntryMissing => "was it signed with --tlog-upload=false? --insecure-ignore-tlog \
                                 accepts what no log holds"
            .to_owned(),
        Reason::PredicateTypeMismatch => format!("--type {} accepts it", refusal.found),
        reason if of_another_instance(reason) => {
            "was it signed at another instance? siglite use URL fetches an instance's trust, and \
             --trusted-root FILE names it"
                .to_owned()
        }
        _ if step == Step::Bundle => {
            "--bundle names a bundle (FILE.sigstore.json); is this one whole?".to_owned()
        }
        _ => "--explain shows every step".to_owned(),
    }
}

/// Reasons that a bundle of one instance gives to the trusted root of another, or of an earlier day.
const fn of_another_instance(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CertificateAuthorityUnknown
            | Reason::CertificateAuthorityWindow
            | Reason::CheckpointOrigin
            | Reason::LogUnknown
            | Reason::LogWindow
            | Reason::LogWindowMissing
            | Reason::SctLogUnknown
            | Reason::SctLogWindow
            | Reason::TimestampAuthorityUnknown
            | Reason::TimestampAuthorityWindow
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reason: Reason) -> Failure {
        refusal(&Refusal { reason, expected: "this".to_owned(), found: "that".to_owned() })
    }

    #[test]
    fn every_reason_has_its_step_its_values_and_a_hint() {
        for reason in Reason::ALL {
            let failure = told(*reason);
            assert_eq!(failure.exit, Exit::Refused, "{reason}");
            assert!(failure.notes.contains(&("expected", "this".to_owned())), "{reason}");
            assert!(failure.notes.contains(&("reason", reason.code().to_owned())), "{reason}");
            assert!(failure.hint.is_some(), "{reason}");
        }
    }

    #[test]
    fn the_step_carries_its_number() {
        assert_eq!(
            told(Reason::IdentityMismatch).sentence,
            "step 3 (identity) refuses: somebody else signed"
        );
    }
}
