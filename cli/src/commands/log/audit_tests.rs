//! The audit of logs that are honest, and of logs that are not, each in one place.

use std::collections::BTreeSet;

use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_keys::{KeyDetails, KeyKind, SigningKey};
use lite_time::Time;

use super::super::made::{MadeLog, Served, leaves};
use super::*;
use crate::trust::LogVersion;

async fn audited(log: &MadeLog) -> Round {
    let mut reader = log.open().await.unwrap();
    Audit::new(None).round(&mut reader, &Watch::new(&[])).await.unwrap()
}

#[track_caller]
fn names(round: &Round, what: &str, why: &str) {
    let found = round.findings.iter().find(|finding| finding.what == what);
    let found = found.unwrap_or_else(|| panic!("nothing about {what}: {:?}", round.findings));
    assert!(found.why.contains(why), "{found:?}");
    assert_eq!(round.failure("http://log").unwrap().exit, Exit::Refused);
}

#[tokio::test]
async fn an_honest_log_is_found_good() {
    for version in [LogVersion::V1, LogVersion::V2] {
        for size in [1, 2, 255, 256, 257, 600, 66_000] {
            let round = audited(&MadeLog::with(version, leaves(size))).await;
            assert!(round.findings.is_empty(), "{size}: {:?}", round.findings);
            assert_eq!(round.json()["entries"], size);
            // One tile for each bundle, and those above.
            let above = if size > 65_536 { 1 + 2 } else { u64::from(size > 255) };
            assert_eq!(round.json()["tiles"], size.div_ceil(256) + above, "{size}");
        }
    }
}

#[tokio::test]
async fn the_tile_that_is_wrong_is_named() {
    let log = MadeLog::of(600);
    for (path, why) in [
        ("tile/0/000", "the hash of entry 255"),
        ("tile/0/002.p/88", "the hash of entry 599"),
        ("tile/1/000.p/2", "hash 1 is not that of the entries below"),
    ] {
        names(&audited(&log.clone().damage(path)).await, path, why);
    }
    let large = MadeLog::of(66_000).damage("tile/1/000");
    names(&audited(&large).await, "tile/1/000", "hash 255");
}

#[tokio::test]
async fn the_entry_that_is_wrong_is_named() {
    let log = MadeLog::of(600);
    for (path, entry) in [("tile/entries/000", 255), ("tile/entries/002.p/88", 599)] {
        let why = format!("entry {entry} is not the one that is signed");
        let round = audited(&log.clone().damage(path)).await;
        names(&round, path, &why);
        assert_eq!(round.findings.len(), 1, "what else there is is good: {:?}", round.findings);
    }
}

#[tokio::test]
async fn an_entry_and_its_tile_that_were_changed_together_are_named() {
    let log = MadeLog::of(600);
    let mut other = leaves(600);
    other[300] = b"{}".to_vec();
    let mut forged = log.clone();
    let changed = log.become_of(other);
    for path in ["tile/entries/001", "tile/0/001"] {
        let name = log.name(path);
        forged.answers.insert(name.clone(), changed.answers[&name].clone());
    }
    let round = audited(&forged).await;
    names(&round, "tile/entries/001 and tile/0/001", "another hash than tile/1/000.p/2 has");
    names(&round, "checkpoint", "another tree");
    // All of it changed: the tiles agree with each other, and not with what is signed.
    let name = log.name("tile/1/000.p/2");
    forged.answers.insert(name.clone(), changed.answers[&name].clone());
    let round = audited(&forged).await;
    let what: BTreeSet<_> = round.findings.iter().map(|finding| &*finding.what).collect();
    assert_eq!(what, ["checkpoint"].into());
}

#[tokio::test]
async fn what_has_another_shape_is_named() {
    let log = MadeLog::of(300);
    for (path, why) in [
        ("tile/entries/000", "cannot be read"),
        ("tile/1/000.p/1", "another length"),
        ("tile/0/000", "another length"),
    ] {
        let mut log = log.clone();
        let name = log.name(path);
        let (_, bytes) = log.answers.get_mut(&name).unwrap();
        bytes.truncate(bytes.len() - 3);
        names(&audited(&log).await, path, why);
    }
    let mut log = log.clone();
    log.answers.remove(&log.name("tile/1/000.p/1"));
    let mut reader = log.open().await.unwrap();
    let missing = Audit::new(None).round(&mut reader, &Watch::new(&[])).await.unwrap_err();
    assert_eq!(missing.exit, Exit::Instance);
    assert!(missing.sentence.contains("tile/1/000.p/1"), "{}", missing.sentence);
}

#[tokio::test]
async fn a_log_that_grows_is_followed_and_one_that_changes_its_past_is_not() {
    let log = MadeLog::of(250);
    let served = log.serve().await;
    let watch = Watch::new(&[]);
    let mut audit = Audit::new(None);
    let mut reader = served.place.open().await.unwrap();
    assert_eq!(audit.round(&mut reader, &watch).await.unwrap().json()["entries"], 250);
    for (size, new) in [(250, 0), (251, 1), (300, 49), (600, 300)] {
        served.become_of(&log.become_of(leaves(size)));
        let newer = served.place.open().await.unwrap();
        reader = grown(reader, newer).await.unwrap();
        let round = audit.round(&mut reader, &watch).await.unwrap();
        assert!(round.findings.is_empty(), "{:?}", round.findings);
        assert_eq!((&round.json()["entries"], round.is_news()), (&json!(new), new > 0));
    }
    // The same root is signed, and the bundle that had been read is served changed.
    served.become_of(&log.become_of(leaves(601)).damage("tile/entries/002.p/89"));
    let newer = served.place.open().await.unwrap();
    reader = grown(reader, newer).await.unwrap();
    let round = audit.round(&mut reader, &watch).await.unwrap();
    names(&round, "tile/entries/002.p/89", "entry 600");
}

#[tokio::test]
async fn what_was_remembered_must_be_where_the_entries_lead() {
    let log = MadeLog::of(300);
    let mut before = log.become_of(leaves(290)).open().await.unwrap().checkpoint().clone();
    let mut reader = log.open().await.unwrap();
    let mut audit = Audit::new(Some(before.clone()));
    let round = audit.round(&mut reader, &Watch::new(&[])).await.unwrap();
    assert!(round.findings.is_empty());
    assert_eq!(round.json()["oldTreeSize"], 290);
    before.root = [7; 32];
    let mut audit = Audit::new(Some(before));
    let round = audit.round(&mut reader, &Watch::new(&[])).await.unwrap();
    names(&round, "checkpoint", "the first 290 entries");
}

/// A leaf that a key signed.
fn signed_by(key: &SigningKey) -> Vec<u8> {
    let entry = HashedRekord002 {
        digest: vec![7; 32],
        signature: vec![1],
        key_details: KeyDetails::EcdsaP256Sha256,
        verifier: EntryVerifier::PublicKey(key.public().spki_der().to_vec()),
    };
    entry.canonical()
}

#[tokio::test]
async fn who_is_watched_is_seen_once_and_only_when_new() {
    // The vector's certificate is of a workflow.
    const BUNDLE: &[u8] = include_bytes!(
        "../../../../crates/verifier/tests/vectors/bundle-verify/rekor2-happy-path/bundle.sigstore.json"
    );
    const WHO: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    let bundle = lite_bundle::Bundle::parse(BUNDLE).unwrap();
    let theirs = bundle.entries[0].canonicalized_body.clone();
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let log = MadeLog::with(
        LogVersion::V2,
        vec![signed_by(&key), theirs.clone(), b"{}".to_vec(), theirs],
    );
    let mut reader = log.open().await.unwrap();
    let watch = Watch::new(&[WHO.to_uppercase(), "nobody@example.org".to_owned()]);
    let seen = |round: &Round| round.watched.iter().map(|seen| seen.index).collect::<Vec<_>>();
    let first = Audit::new(None).round(&mut reader, &watch).await.unwrap();
    assert_eq!(seen(&first), [1, 3]);
    assert_eq!(watched(&first).unwrap_err().exit, Exit::Watched);
    let before = log.become_of(log.leaves[..2].to_vec()).open().await.unwrap();
    let mut audit = Audit::new(Some(before.checkpoint().clone()));
    let second = audit.round(&mut reader, &watch).await.unwrap();
    assert_eq!(seen(&second), [3]);
    let third = audit.round(&mut reader, &watch).await.unwrap();
    assert!(seen(&third).is_empty() && watched(&third).is_ok());
}

#[tokio::test]
async fn a_checkpoint_is_remembered_and_a_damaged_one_is_no_first_audit() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::at(dir.path().join("state.json"));
    let log = MadeLog::of(5);
    let Served { place, .. } = log.serve().await;
    let reader = place.open().await.unwrap();
    assert!(memory.read(&place).unwrap().is_none());
    memory.write(reader.signed(), Time::from_secs(0)).unwrap();
    assert_eq!(memory.read(&place).unwrap().unwrap().checkpoint, *reader.checkpoint());
    let stranger = MadeLog::of(5).serve().await;
    assert_eq!(memory.read(&stranger.place).unwrap_err().exit, Exit::Trust);
    crate::files::write(&dir.path().join("state.json"), b"{", crate::files::Reader::Everyone)
        .unwrap();
    assert_eq!(memory.read(&place).unwrap_err().exit, Exit::Trust);
}
