//! What is written about the reasons: a page each in `docs/errors`, and nothing about anything else.

use std::path::PathBuf;

use lite_verifier::{Reason, Step};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors"))
}

#[test]
fn every_reason_has_its_page_with_its_message_and_its_step() {
    let contents = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for reason in Reason::ALL {
        let (code, message) = (reason.code(), reason.message());
        let page = std::fs::read_to_string(folder().join(format!("{code}.md")))
            .unwrap_or_else(|error| panic!("{code} has no page: {error}"));
        assert!(page.starts_with(&format!("# {code}\n\n> {message}\n")), "{code}: {message}");
        let step = match reason.step().number() {
            Some(number) => format!("Step ({number}), "),
            None => "Before the first step: ".to_owned(),
        };
        assert!(page.contains(&step), "{code} is a word of {step}");
        assert!(contents.contains(&format!("- [{code}]({code}.md): {message}\n")), "{code}");
    }
}

#[test]
fn a_command_on_a_page_is_one_that_exists() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        for command in quoted.filter_map(|text| text.strip_prefix("siglite ")) {
            let word = command.split(' ').next().unwrap();
            assert!(COMMANDS.contains(&word), "siglite {command}");
            seen += 1;
        }
    }
    assert!(seen > 50, "the pages name {seen} commands");
}

/// Those that pages send people to; the command line's own tests hold that they exist.
const COMMANDS: &[&str] = &[
    "attest",
    "attest-blob",
    "bundle",
    "explain",
    "generate-key-pair",
    "initialize",
    "inspect",
    "log",
    "sign",
    "sign-blob",
    "tree",
    "trusted-root",
    "use",
    "verify-blob",
    "verify-blob-attestation",
    "version",
];

#[test]
fn every_step_asks_a_question_of_its_own() {
    for (index, step) in Step::ALL.iter().enumerate() {
        assert!(step.question().ends_with('?'), "{}", step.question());
        let earlier = &Step::ALL[..index];
        assert!(earlier.iter().all(|other| other.question() != step.question()));
        assert!(!step.against().is_empty());
    }
}
