//! What must not verify does not, in any client; and siglite says at which step.

use std::path::{Path, PathBuf};

use lite_tests::Stack;

use crate::clients::{Client, Policy};

/// A thing that went wrong with a signature.
struct Wrong {
    what: &'static str,
    /// A word of siglite's refusal that names the step.
    step: &'static str,
    file: PathBuf,
    bundle: PathBuf,
    policy: Policy,
}

fn everything_that_can_be_wrong(stack: &Stack, other: &Stack) -> Vec<Wrong> {
    let file = stack.file("artifact.txt", "as it was signed\n");
    let bundle = stack.sign(&file);
    let policy = Policy::of(stack);
    let wrong = |what, step| Wrong {
        what,
        step,
        file: file.clone(),
        bundle: bundle.clone(),
        policy: policy.clone(),
    };
    let identity = "bob@example.org".to_owned();
    let issuer = "https://issuer.example.org".to_owned();
    vec![
        Wrong {
            policy: Policy { identity, ..policy.clone() },
            ..wrong("another identity", "identity")
        },
        Wrong {
            policy: Policy { issuer, ..policy.clone() },
            ..wrong("another issuer", "identity")
        },
        Wrong {
            file: stack.file("changed.txt", "as it was not signed\n"),
            ..wrong("a changed file", "signature")
        },
        Wrong {
            bundle: with_changed_body(stack, &bundle),
            ..wrong("a changed bundle", "inclusion")
        },
        Wrong {
            policy: Policy {
                trusted_root: Some(other.client("trusted_root.json")),
                ..policy.clone()
            },
            ..wrong("another instance's trusted root", "")
        },
    ]
}

/// The bundle with one character of the logged entry changed.
fn with_changed_body(stack: &Stack, bundle: &Path) -> PathBuf {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let text = std::fs::read_to_string(bundle).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let body = &mut json["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
    let entry = String::from_utf8(engine.decode(body.as_str().unwrap()).unwrap()).unwrap();
    *body = engine.encode(entry.replace("0.0.2", "0.0.3")).into();
    stack.file("changed.sigstore.json", &json.to_string())
}

#[test]
fn every_client_refuses_what_is_wrong() {
    let (stack, other) = (Stack::start(), Stack::start());
    let clients: Vec<Client> =
        Client::WITH_FILES.into_iter().filter(|client| client.is_here()).collect();
    for Wrong { what, step, file, bundle, policy } in everything_that_can_be_wrong(&stack, &other) {
        for client in &clients {
            let ran = client.verify(&stack, &file, &bundle, &policy);
            assert!(ran.code.is_some_and(|code| code != 0), "{client:?} accepts {what}: {ran}");
            if *client == Client::Siglite {
                assert_eq!(ran.code, Some(1), "{what}: {ran}");
                assert!(ran.stderr.contains(step), "{what} should name {step}: {ran}");
                assert!(ran.stderr.contains("hint:"), "{what} should say what helps: {ran}");
            }
        }
    }
}
