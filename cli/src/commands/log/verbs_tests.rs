//! `upload`, `verify` and `search`, against logs that answer well and against logs that do not.

use std::path::PathBuf;

use axum::http::StatusCode;
use clap::Parser;
use lite_bundle::{InclusionProof, TransparencyLogEntry};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use serde_json::{Value, json};

use super::super::made::{MadeLog, leaves};
use super::super::{search, verify};
use super::*;
use crate::files::{self, Reader};
use crate::render::ColourChoice;

const ARTIFACT: &[u8] = b"hello\n";

/// A verb's arguments, as a command line has them.
#[derive(Parser)]
struct Line<T: clap::Args> {
    #[command(flatten)]
    args: T,
}

fn parsed<T: clap::Args>(words: &[String]) -> T {
    Line::<T>::try_parse_from(std::iter::once("log").chain(words.iter().map(String::as_str)))
        .map_or_else(|error| panic!("{error}"), |line| line.args)
}

/// An artifact, its signature and its key, in files.
struct Signed {
    dir: tempfile::TempDir,
}

impl Signed {
    fn new() -> Self {
        let signed = Self { dir: tempfile::tempdir().unwrap() };
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let signature = key.sign(HashAlgorithm::Sha256, ARTIFACT).unwrap();
        signed.put("artifact", ARTIFACT);
        signed.put("artifact.sig", &signature);
        signed.put("key.pub", key.public().to_pem().as_bytes());
        signed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        files::write(&self.path(name), bytes, Reader::Everyone).unwrap();
    }

    fn words(&self) -> Vec<String> {
        [("--artifact", "artifact"), ("--signature", "artifact.sig"), ("--public-key", "key.pub")]
            .iter()
            .flat_map(|(flag, name)| [(*flag).to_owned(), self.path(name).display().to_string()])
            .collect()
    }

    fn args<T: clap::Args>(&self) -> T {
        parsed(&self.words())
    }

    /// The leaf that a log of this version makes of it.
    fn leaf(&self, version: LogVersion) -> Vec<u8> {
        let submission = self.args::<Args>().submission.read().unwrap();
        match version {
            LogVersion::V1 => submission.leaf_of_v1().unwrap(),
            LogVersion::V2 => submission.for_v2().canonical(),
        }
    }

    /// A log that has it as its third entry, and says so when it is sent again.
    async fn logged(&self, version: LogVersion) -> MadeLog {
        let mut leaves = leaves(5);
        leaves[2] = self.leaf(version);
        let mut log = MadeLog::with(version, leaves);
        let answer = match version {
            LogVersion::V1 => log.answers["GET /api/v1/log/entries?logIndex=2"].1.clone(),
            LogVersion::V2 => answer_of_v2(&log, 2).await.into_bytes(),
        };
        let door = log.name("log/entries").replace("GET", "POST");
        log.answers.insert(door, (StatusCode::CREATED, answer));
        log
    }
}

/// What a log of v2 answers with.
async fn answer_of_v2(log: &MadeLog, index: u64) -> String {
    let entry = log.open().await.unwrap().entry(index).await.unwrap();
    let checkpoint = &entry.signed.checkpoint;
    let answer = TransparencyLogEntry {
        log_index: index,
        log_id: log.root.tlogs[0].log_id.key_id.clone(),
        kind: "hashedrekord".to_owned(),
        version: "0.0.2".to_owned(),
        integrated_time: None,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: index,
            root_hash: checkpoint.root.to_vec(),
            tree_size: checkpoint.size,
            hashes: entry.proof.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: Some(entry.signed.note.clone()),
        }),
        canonicalized_body: entry.leaf,
    };
    answer.to_answer_json()
}

fn silent() -> Screen {
    Screen::new(ColourChoice::Never, true)
}

async fn uploaded(signed: &Signed, log: &MadeLog) -> Outcome<Said> {
    upload(&signed.args(), &log.serve().await.place, silent()).await
}

#[tokio::test]
async fn a_signature_is_logged_and_the_answer_verified() {
    let signed = Signed::new();
    for version in [LogVersion::V1, LogVersion::V2] {
        let said = uploaded(&signed, &signed.logged(version).await).await.unwrap();
        assert_eq!(said.data["logIndex"], 2);
        assert_eq!(said.data.get("uuid").is_some(), version == LogVersion::V1);
        assert!(said.text.starts_with("logIndex:     2"), "{}", said.text);
    }
}

#[tokio::test]
async fn a_signature_that_is_logged_already_is_answered_with_its_entry() {
    let signed = Signed::new();
    let mut log = signed.logged(LogVersion::V1).await;
    let conflict = (StatusCode::CONFLICT, b"{}".to_vec());
    log.answers.insert("POST /api/v1/log/entries".to_owned(), conflict);
    assert_eq!(uploaded(&signed, &log).await.unwrap().data["logIndex"], 2);
}

#[tokio::test]
async fn an_answer_about_another_entry_is_refused() {
    let (signed, other) = (Signed::new(), Signed::new());
    for version in [LogVersion::V1, LogVersion::V2] {
        let log = other.logged(version).await;
        let failure = uploaded(&signed, &log).await.err().unwrap();
        assert_eq!(failure.exit, Exit::Refused);
        assert!(failure.sentence.contains("another entry"), "{}", failure.sentence);
    }
}

#[tokio::test]
async fn a_signature_that_does_not_verify_is_not_sent() {
    let signed = Signed::new();
    signed.put("artifact", b"something else");
    let log = MadeLog::of(1);
    let failure = uploaded(&signed, &log).await.err().unwrap();
    assert_eq!(failure.exit, Exit::Refused);
    assert!(failure.sentence.contains("not this key's"), "{}", failure.sentence);
}

#[test]
fn a_signature_comes_as_it_is_or_in_base64_and_an_artifact_as_its_digest() {
    let signed = Signed::new();
    let leaf = signed.leaf(LogVersion::V2);
    let bytes = files::read(&signed.path("artifact.sig"), 1000, Exit::Usage).unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    signed.put("artifact.sig", format!("{text}\n").as_bytes());
    assert_eq!(signed.leaf(LogVersion::V2), leaf);
    let digest = hex::encode(HashAlgorithm::Sha256.digest(ARTIFACT));
    let mut words = signed.words();
    words.splice(..2, ["--artifact-hash".to_owned(), digest]);
    let by_digest: Args = parsed(&words);
    assert_eq!(by_digest.submission.read().unwrap().for_v2().canonical(), leaf);
}

#[test]
fn an_envelope_is_logged_as_each_version_has_it() {
    let signed = Signed::new();
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let statement = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"t","predicate":{}}"#;
    let pae = lite_bundle::dsse::pae(lite_bundle::dsse::IN_TOTO_PAYLOAD_TYPE, statement);
    let signature = key.sign(HashAlgorithm::Sha256, &pae).unwrap();
    let envelope = lite_bundle::Envelope::in_toto(statement.to_vec(), signature);
    signed.put("envelope", envelope.to_json().as_bytes());
    signed.put("key.pub", key.public().to_pem().as_bytes());
    let path = |name: &str| signed.path(name).display().to_string();
    let mut words =
        ["--type", "dsse", "--artifact", &path("envelope"), "--public-key", &path("key.pub")]
            .map(str::to_owned)
            .to_vec();
    let submission = parsed::<Args>(&words).submission.read().unwrap();
    assert_eq!(submission.for_v2().digest, HashAlgorithm::Sha256.digest(&pae));
    let leaf: Value = serde_json::from_slice(&submission.leaf_of_v1().unwrap()).unwrap();
    assert_eq!(leaf["kind"], "dsse");
    words.extend(["--signature".to_owned(), path("artifact.sig")]);
    assert_eq!(parsed::<Args>(&words).submission.read().unwrap_err().exit, Exit::Usage);
}

/// Teaches a log of v2 to find these entries.
fn finds(log: &mut MadeLog, query: &[(&str, &str)], indexes: &[&str], reached: &str) {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let answer = json!({ "logIndexes": indexes, "reached": reached });
    log.set(format!("GET /api/v2/index?{query}"), &answer);
}

fn digest() -> String {
    format!("sha256:{}", hex::encode(HashAlgorithm::Sha256.digest(ARTIFACT)))
}

#[tokio::test]
async fn an_entry_is_verified_to_be_in_the_log() {
    let signed = Signed::new();
    let mut log = signed.logged(LogVersion::V2).await;
    // Others signed the same artifact.
    finds(&mut log, &[("hash", &digest())], &["0", "2"], "5");
    for log in [log, signed.logged(LogVersion::V1).await] {
        let place = log.serve().await.place;
        let said = verify::verify(&signed.args(), &place).await.unwrap();
        assert_eq!(said.data["logIndex"], 2);
        let by_index = [signed.words(), vec!["--entry".to_owned(), "2".to_owned()]].concat();
        assert!(verify::verify(&parsed(&by_index), &place).await.is_ok());
        let another = [signed.words(), vec!["--entry".to_owned(), "3".to_owned()]].concat();
        let failure = verify::verify(&parsed(&another), &place).await.err().unwrap();
        assert_eq!(failure.exit, Exit::Refused);
        assert!(failure.notes.iter().any(|(name, _)| *name == "found"));
    }
}

#[tokio::test]
async fn an_entry_that_is_not_in_the_log_is_not_verified() {
    let signed = Signed::new();
    let mut log = MadeLog::of(5);
    finds(&mut log, &[("hash", &digest())], &["1"], "5");
    for log in [log, MadeLog::with(LogVersion::V1, leaves(5))] {
        let place = log.serve().await.place;
        let failure = verify::verify(&signed.args(), &place).await.err().unwrap();
        assert_eq!(failure.exit, Exit::Refused, "{}", failure.sentence);
        assert!(failure.hint.unwrap().contains("siglite log upload"));
    }
}

async fn searched(words: &[&str], log: &MadeLog) -> Outcome<Said> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    search::search(&parsed(&words), &log.serve().await.place, silent()).await
}

fn indexes(said: &Said) -> Vec<u64> {
    let entries = said.data["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["logIndex"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_a_search_finds_is_held_to_the_question() {
    let signed = Signed::new();
    let (digest, file) = (digest(), signed.path("artifact").display().to_string());
    let mut v2 = signed.logged(LogVersion::V2).await;
    let query = [("hash", &*digest), ("limit", "100"), ("operator", "or")];
    // The search names one entry that has nothing to do with it.
    finds(&mut v2, &query, &["2", "3"], "4");
    let said = searched(&["--artifact", &file], &v2).await.unwrap();
    assert_eq!((indexes(&said), &said.data["reached"]), (vec![2], &json!(4)));
    let mut v1 = signed.logged(LogVersion::V1).await;
    let names = json!([v1.uuid(2), v1.uuid(3)]);
    v1.set("POST /api/v1/index/retrieve".to_owned(), &names);
    let said = searched(&["--hash", &digest], &v1).await.unwrap();
    assert_eq!(indexes(&said), [2]);
    assert!(said.text.contains(&digest), "{}", said.text);
    // The log promises when it took an entry, and that decides.
    let since = ["--hash", &digest, "--since", "2023-11-14T22:13:22Z"];
    assert_eq!(indexes(&searched(&since, &v1).await.unwrap()), [2]);
    let later = ["--hash", &digest, "--since", "2023-11-14T22:13:23Z"];
    assert!(indexes(&searched(&later, &v1).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_search_that_cannot_be_says_why() {
    let log = MadeLog::of(3);
    for (words, exit) in [
        (&["--hash", "sha256:00"][..], Exit::Usage),
        (&[][..], Exit::Usage),
        (&["--email", "a@example.org"][..], Exit::Instance),
    ] {
        let failure = searched(words, &log).await.err().unwrap();
        assert_eq!(failure.exit, exit, "{words:?}: {}", failure.sentence);
        assert!(
            failure.hint.is_some() || failure.notes.iter().any(|(name, _)| *name == "expected")
        );
    }
    let mut v1 = MadeLog::with(LogVersion::V1, leaves(3));
    v1.set("POST /api/v1/index/retrieve".to_owned(), &json!(["../../x"]));
    let failure = searched(&["--email", "a@example.org"], &v1).await.err().unwrap();
    assert_eq!(failure.exit, Exit::Instance);
}
