//! The target files: what all fragments together say, in each form that some client reads.

use std::collections::BTreeMap;

use lite_bundle::trust::{Fragment, LegacyTarget, RekorVersions};
use lite_tuf::{Custom, SigstoreCustom, Target};

use crate::error::DocumentError;

/// The trust documents of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Documents {
    /// The TUF targets by name.
    pub(crate) targets: BTreeMap<String, Document>,
    /// `trust_config.json`, which is for people and for `--trust-config`, and not in TUF.
    pub(crate) trust_config: String,
}

/// One target file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) contents: Vec<u8>,
    pub(crate) target: Target,
}

/// The trusted root that every modern client reads.
pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";
/// The services to sign with.
pub(crate) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";
/// The same for `cosign signing-config create --with-default-rekor-v2`.
const SIGNING_CONFIG_REKOR_V2: &str = "signing_config_rekor_v2.v0.2.json";
/// The same for clients that write to logs of API v1 alone.
pub(crate) const SIGNING_CONFIG_REKOR_V1: &str = "signing_config_rekor_v1.v0.2.json";
/// The trusted root without keys that policy-controller does not know.
pub(crate) const TRUSTED_ROOT_ECDSA: &str = "trusted_root_ecdsa.json";

const MAX_BYTES: usize = 1 << 20;

impl Documents {
    /// Composes what `fragment`, the sum of all fragments, says.
    pub(crate) fn of(fragment: &Fragment) -> Result<Self, DocumentError> {
        let only = |version| fragment.signing_config(RekorVersions::Only(version)).to_json();
        let all = fragment.signing_config(RekorVersions::All);
        let documents = [
            (TRUSTED_ROOT, fragment.trusted_root().to_json()),
            (TRUSTED_ROOT_ECDSA, fragment.trusted_root_ecdsa_only().to_json()),
            (SIGNING_CONFIG, all.to_json()),
            (SIGNING_CONFIG_REKOR_V1, only(1)),
            (SIGNING_CONFIG_REKOR_V2, only(2)),
        ];
        let mut targets = BTreeMap::new();
        for (name, text) in documents {
            targets.insert(name.to_owned(), Document::new(text.into_bytes(), None));
        }
        for legacy in &fragment.legacy {
            insert_legacy(&mut targets, legacy)?;
        }
        if let Some((name, _)) = targets.iter().find(|(_, it)| it.contents.len() > MAX_BYTES) {
            return Err(DocumentError::TooLarge(name.clone()));
        }
        Ok(Self { targets, trust_config: fragment.client_trust_config().to_json() })
    }

    /// The contents of one of the documents that are always there.
    pub(crate) fn contents(&self, name: &str) -> &[u8] {
        self.targets.get(name).map_or(&[], |document| &document.contents)
    }

    /// What the targets metadata says of them.
    pub(crate) fn metadata(&self) -> BTreeMap<String, Target> {
        let named =
            |(name, document): (&String, &Document)| (name.clone(), document.target.clone());
        self.targets.iter().map(named).collect()
    }
}

impl Document {
    fn new(contents: Vec<u8>, custom: Option<Custom>) -> Self {
        Self { target: Target::of(&contents, custom), contents }
    }
}

/// Older clients find these by their `custom` metadata, so the second log's `rekor.pub` may have
/// another name, and must: a name stands for one file.
fn insert_legacy(
    targets: &mut BTreeMap<String, Document>,
    legacy: &LegacyTarget,
) -> Result<(), DocumentError> {
    let refused = || DocumentError::Name(legacy.name.clone());
    let custom = Custom {
        sigstore: SigstoreCustom {
            usage: legacy.usage.clone(),
            status: legacy.status.clone(),
            uri: legacy.uri.clone(),
        },
    };
    let document = Document::new(legacy.contents.clone(), Some(custom));
    for attempt in 1..100 {
        let name = numbered(&legacy.name, attempt);
        if !is_plain(&name) {
            return Err(refused());
        }
        match targets.get(&name) {
            None => {
                targets.insert(name, document);
                return Ok(());
            }
            Some(other) if *other == document => return Ok(()),
            Some(other) if other.target.custom.is_none() => return Err(refused()),
            Some(_) => {}
        }
    }
    Err(refused())
}

/// `rekor.pub`, `rekor_2.pub`, `rekor_3.pub`, …
fn numbered(name: &str, attempt: u32) -> String {
    match (attempt, name.split_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, ending))) => format!("{stem}_{attempt}.{ending}"),
        (_, None) => format!("{name}_{attempt}"),
    }
}

/// A file name on every system, and a path segment that nobody has to escape.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legacy(name: &str, contents: &str) -> LegacyTarget {
        LegacyTarget {
            name: name.to_owned(),
            usage: "Rekor".to_owned(),
            status: "Active".to_owned(),
            uri: "http://localhost:7070".to_owned(),
            contents: contents.as_bytes().to_vec(),
        }
    }

    fn names(legacy: Vec<LegacyTarget>) -> Result<Vec<String>, DocumentError> {
        let documents = Documents::of(&Fragment { legacy, ..Fragment::default() })?;
        let legacy =
            |(name, it): (&String, &Document)| it.target.custom.is_some().then(|| name.clone());
        Ok(documents.targets.iter().filter_map(legacy).collect())
    }

    #[test]
    fn two_keys_of_one_name_are_both_published() {
        let two =
            vec![legacy("rekor.pub", "1"), legacy("rekor.pub", "2"), legacy("rekor.pub", "1")];
        assert_eq!(names(two).unwrap(), ["rekor.pub", "rekor_2.pub"]);
        let chain = vec![legacy("fulcio.crt.pem", "1"), legacy("fulcio.crt.pem", "2")];
        assert_eq!(names(chain).unwrap(), ["fulcio.crt.pem", "fulcio_2.crt.pem"]);
    }

    #[test]
    fn refuses_names_that_are_not_plain_or_are_taken() {
        for name in ["", "../x", "a/b", ".hidden", "a b", "é", TRUSTED_ROOT, SIGNING_CONFIG] {
            let refusal = DocumentError::Name(name.to_owned());
            assert_eq!(names(vec![legacy(name, "1")]), Err(refusal), "{name}");
        }
    }

    #[test]
    fn refuses_a_document_beyond_the_limit() {
        let large = vec![legacy("rekor.pub", &"x".repeat(MAX_BYTES + 1))];
        assert_eq!(names(large), Err(DocumentError::TooLarge("rekor.pub".to_owned())));
    }

    #[test]
    fn the_standard_documents_are_always_there() {
        let documents = Documents::of(&Fragment::default()).unwrap();
        let names: Vec<&str> = documents.targets.keys().map(String::as_str).collect();
        let all = [
            SIGNING_CONFIG,
            SIGNING_CONFIG_REKOR_V1,
            SIGNING_CONFIG_REKOR_V2,
            TRUSTED_ROOT,
            TRUSTED_ROOT_ECDSA,
        ];
        assert_eq!(names, all);
        assert!(documents.contents(TRUSTED_ROOT).starts_with(b"{"));
    }
}
