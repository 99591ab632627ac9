//! The pages of `docs/errors`, one per code with which something can be refused. They are part of the
//! program, so that it can explain itself where there is no network.

use lite_verifier::Reason;

use crate::verify::own::Own;

/// One code and what is written about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The code.
    pub(crate) code: &'static str,
    /// The page, Markdown.
    pub(crate) text: &'static str,
}

macro_rules! pages {
    ($($code:literal,)+) => {
        /// All pages: those of the verifier's steps in their order, then the others.
        pub(crate) const PAGES: &[Page] = &[$(Page {
            code: $code,
            text: include_str!(concat!("../../docs/errors/", $code, ".md")),
        },)+];
    };
}

pages! {
    "bundle-malformed",
    "bundle-version-unknown",
    "bundle-chain-empty",
    "bundle-too-large",
    "artifact-missing",
    "integrated-time-in-v2",
    "time-missing",
    "timestamp-duplicate",
    "timestamp-malformed",
    "timestamp-authority-unknown",
    "timestamp-authority-window",
    "timestamp-chain",
    "timestamp-imprint",
    "timestamp-signature",
    "certificate-missing",
    "certificate-malformed",
    "chain-holds-root",
    "chain-holds-stranger",
    "certificate-authority-unknown",
    "certificate-authority-window",
    "chain-invalid",
    "sct-missing",
    "sct-malformed",
    "sct-log-unknown",
    "sct-log-window",
    "sct-signature",
    "signer-is-certificate",
    "identity-mismatch",
    "issuer-mismatch",
    "claim-mismatch",
    "entry-missing",
    "entry-duplicate",
    "log-unknown",
    "log-window",
    "log-window-missing",
    "inclusion-proof-missing",
    "inclusion-proof-invalid",
    "log-index-mismatch",
    "checkpoint-missing",
    "checkpoint-malformed",
    "checkpoint-origin",
    "checkpoint-unsigned",
    "checkpoint-signature",
    "checkpoint-mismatch",
    "set-missing",
    "set-in-v2",
    "set-signature",
    "time-outside-certificate",
    "artifact-digest-unavailable",
    "artifact-mismatch",
    "message-digest-mismatch",
    "payload-type-unknown",
    "predicate-type-mismatch",
    "signature-invalid",
    "statement-malformed",
    "subject-mismatch",
    "entry-kind-unknown",
    "entry-malformed",
    "entry-artifact-mismatch",
    "entry-payload-mismatch",
    "entry-signature-mismatch",
    "entry-verifier-mismatch",
    "statement-not-signature",
    "annotation-mismatch",
    "attached-unreadable",
    "image-mismatch",
    "log-entry-missing",
    "log-entry-other",
    "payload-malformed",
    "policy-refused",
}

/// The page of a code.
pub(crate) fn page(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.code == code)
}

/// What a code means, in one sentence.
pub(crate) fn message(code: &str) -> Option<&'static str> {
    let of_reason = Reason::ALL.iter().find(|reason| reason.code() == code);
    let of_own = || Own::ALL.iter().find(|own| own.code() == code).map(|own| own.message());
    of_reason.map(|reason| reason.message()).or_else(of_own)
}

/// Codes that share words with what was typed, the likeliest first.
pub(crate) fn near(typed: &str) -> Vec<&'static str> {
    let typed = typed.to_ascii_lowercase().replace(['_', ' '], "-");
    let words: Vec<&str> = typed.split('-').filter(|word| word.len() > 2).collect();
    let shared = |code: &str| {
        let has = |word: &&&str| {
            code.split('-').any(|own| own.starts_with(**word) || word.starts_with(own))
        };
        words.iter().filter(has).count()
    };
    let mut scored: Vec<(usize, &str)> = PAGES
        .iter()
        .map(|page| (shared(page.code), page.code))
        .filter(|(score, _)| *score > 0)
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().take(5).map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_its_page_and_every_page_a_refusal() {
        let reasons = Reason::ALL.iter().map(|reason| reason.code());
        let own = Own::ALL.iter().map(|own| own.code());
        let codes: BTreeSet<&str> = reasons.chain(own).collect();
        let pages: BTreeSet<&str> = PAGES.iter().map(|page| page.code).collect();
        assert_eq!(codes, pages);
        assert_eq!(pages.len(), PAGES.len(), "a page stands twice");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .filter(|name| name != "README")
            .collect();
        assert_eq!(files, pages.iter().map(|code| (*code).to_owned()).collect());
    }

    #[test]
    fn a_page_says_its_code_its_message_and_all_that_a_page_says() {
        let contents = include_str!("../../docs/errors/README.md");
        for Page { code, text } in PAGES {
            let message = message(code).unwrap();
            assert!(text.starts_with(&format!("# {code}\n\n> {message}\n")), "{code}: {message}");
            for part in
                ["## What was checked", "## What helps", "## What an attacker could have done"]
            {
                assert!(text.contains(part), "{code} lacks {part}");
            }
            let lines = text.lines().count();
            assert!((12..=45).contains(&lines), "{code} has {lines} lines");
            assert!(contents.contains(&format!("[{code}]({code}.md)")), "README lacks {code}");
        }
    }

    #[test]
    fn a_mistyped_code_has_a_neighbour() {
        assert_eq!(near("identity-mismatched").first(), Some(&"identity-mismatch"));
        assert!(near("LOG_UNKNOWN").contains(&"log-unknown"));
        assert!(near("zzz").is_empty());
    }
}
