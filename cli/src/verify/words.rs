//! A refusal of the verifier in words: the numbered step, expected, found, the nearest miss, and
//! what helps.

use lite_bundle::{Bundle, Content, Statement};
use lite_verifier::{Help, Reason, Refusal, Report, Step};

use super::own::Own;
use super::scene::{Instead, Scene};
use crate::exit::Exit;
use crate::failure::{Failure, Lesson, Outcome};

/// A statement about a file is no signature of the file: who verifies one for the other would
/// accept "this build failed its tests" as approval.
pub(super) fn not_a_statement(json: &str, scene: &Scene) -> Outcome {
    let content = Bundle::parse(json.as_bytes()).map(|bundle| bundle.content);
    let Ok(Content::Dsse(envelope)) = content else {
        return Ok(());
    };
    let kind = Statement::parse(&envelope.payload).map(|statement| statement.predicate_type);
    let kind = kind.unwrap_or_else(|_| envelope.payload_type.clone());
    let command =
        scene.with_command("verify-blob-attestation", Some(&kind)).again(Instead::Kind(&kind));
    Err(Own::StatementNotSignature
        .failure()
        .note("expected", "a signature")
        .note("found", format!("a statement of type {kind}"))
        .hint(format!("siglite verify-blob-attestation --type {kind} verifies it"))
        .teach(Own::StatementNotSignature.lesson(command)))
}

/// The failure that a report without proof is told as.
pub(super) fn no_proof(report: &Report, scene: &Scene) -> Failure {
    report.refusal().map_or_else(
        || Failure::new(Exit::Refused, "nothing is proven").hint("--explain shows every step"),
        |refused| refusal(refused, scene),
    )
}

/// The failure that a refusal is told as.
fn refusal(refusal: &Refusal, scene: &Scene) -> Failure {
    let step = refusal.reason.step();
    let place = match step.number() {
        Some(number) => format!("step {number} ({})", step.name()),
        None => "the first look".to_owned(),
    };
    let mut failure = Failure::new(Exit::Refused, format!("{place} refuses: {}", refusal.reason))
        .note("expected", &refusal.expected)
        .note("found", &refusal.found);
    if let Some(nearest) = &refusal.nearest {
        failure = failure.note("nearest", nearest);
    }
    failure.hint(hint(refusal, step)).teach(Lesson {
        code: refusal.reason.code(),
        message: refusal.reason.message(),
        step: Some(step.name()),
        attack: refusal.reason.attack(),
        command: command(refusal, scene),
    })
}

/// What was found, where it is one value that a flag can take.
fn value<'a>(refusal: &'a Refusal, otherwise: &'a str) -> &'a str {
    let found = refusal.found.as_str();
    if found.is_empty() || found.contains(char::is_whitespace) { otherwise } else { found }
}

/// The one command that helps.
fn command(refusal: &Refusal, scene: &Scene) -> String {
    match refusal.reason.help() {
        Help::Identity => scene.again(Instead::Identity(value(refusal, "IDENTITY"))),
        Help::Issuer => scene.again(Instead::Issuer(value(refusal, "URL"))),
        Help::Key => scene.again(Instead::Key),
        Help::Signer => scene.again(Instead::Signer),
        Help::PredicateType => scene.again(Instead::Kind(value(refusal, "TYPE"))),
        Help::Bundle => scene.again(Instead::Bundle),
        Help::Sign => scene.sign(),
        Help::Log => "siglite log audit".to_owned(),
        Help::Trust => "siglite use URL".to_owned(),
        _ => scene.look(),
    }
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
        Reason::TimeOutsideCertificate => {
            "it was signed too late for its certificate, or a clock was wrong: sign it again"
                .to_owned()
        }
        reason if reason.help() == Help::Trust => {
            "was it signed at another instance? siglite use URL fetches an instance's trust, and \
             --trusted-root FILE names it"
                .to_owned()
        }
        reason if reason.help() == Help::Log => {
            "siglite log audit asks the log whether it still serves the tree that it signed"
                .to_owned()
        }
        _ if step == Step::Bundle => {
            "--bundle names a bundle (FILE.sigstore.json); is this one whole?".to_owned()
        }
        _ => "--explain shows every step".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reason: Reason) -> Failure {
        let refused = Refusal {
            reason,
            expected: "this".to_owned(),
            found: "that".to_owned(),
            nearest: Some("almost".to_owned()),
        };
        refusal(&refused, &Scene::default())
    }

    #[test]
    fn every_reason_has_its_step_its_values_and_a_hint() {
        for reason in Reason::ALL {
            let failure = told(*reason);
            assert_eq!(failure.exit, Exit::Refused, "{reason}");
            assert_eq!(failure.noted("expected"), Some("this"), "{reason}");
            assert_eq!(failure.noted("nearest"), Some("almost"), "{reason}");
            assert_eq!(failure.noted("reason"), Some(reason.code()), "{reason}");
            assert!(failure.hint.is_some(), "{reason}");
            let lesson = failure.lesson.unwrap();
            assert!(lesson.command.starts_with("siglite "), "{reason}: {}", lesson.command);
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
