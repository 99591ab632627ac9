//! The reader against a log that is honest, and against logs that are not.

use super::super::made::{FIRST_AT, MadeLog, leaves};
use super::*;

#[tokio::test]
async fn every_entry_of_an_honest_log_is_proven() {
    for version in [LogVersion::V1, LogVersion::V2] {
        for size in [1, 2, 255, 256, 257, 600] {
            let log = MadeLog::with(version, leaves(size));
            let mut reader = log.open().await.unwrap();
            for index in [0, size / 2, size - 1] {
                let entry = reader.entry(index).await.unwrap();
                let leaf = &log.leaves[usize::try_from(index).unwrap()];
                assert_eq!(&entry.leaf, leaf, "{index} of {size}");
            }
        }
    }
}

#[tokio::test]
async fn older_trees_are_proven_out_of_the_newest_tiles() {
    for version in [LogVersion::V1, LogVersion::V2] {
        let log = MadeLog::with(version, leaves(600));
        let mut reader = log.open().await.unwrap();
        for old in [1, 3, 255, 256, 300, 599, 600] {
            let (root, proof) = reader.inclusion(0, old).await.unwrap();
            verify_inclusion(&leaf_hash(&log.leaves[0]), 0, old, &proof, &root).unwrap();
            let (old_root, new_root, proof) = reader.consistency(old, 600).await.unwrap();
            assert_eq!(old_root, root);
            verify_consistency(old, &old_root, 600, &new_root, &proof).unwrap();
        }
    }
}

#[tokio::test]
async fn an_entry_that_was_changed_is_refused() {
    let log = MadeLog::of(3).damage("tile/entries/000.p/3");
    let mut reader = log.open().await.unwrap();
    let failure = reader.entry(2).await.unwrap_err();
    assert_eq!(failure.exit, Exit::Refused);
    assert!(reader.entry(0).await.is_ok());
}

#[tokio::test]
async fn tiles_that_make_another_tree_are_refused() {
    let log = MadeLog::of(3).damage("tile/0/000.p/3");
    let mut reader = log.open().await.unwrap();
    assert_eq!(reader.inclusion(0, 3).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(reader.consistency(2, 3).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(reader.entry(0).await.unwrap_err().exit, Exit::Refused);
}

#[tokio::test]
async fn a_checkpoint_of_a_stranger_is_refused() {
    for version in [LogVersion::V1, LogVersion::V2] {
        let mut log = MadeLog::with(version, leaves(3));
        log.root = MadeLog::with(version, leaves(3)).root;
        assert_eq!(log.open().await.err().unwrap().exit, Exit::Refused);
    }
}

#[tokio::test]
async fn a_tile_that_is_too_short_ends_the_search() {
    let mut log = MadeLog::of(3);
    let name = log.name("tile/0/000.p/3");
    log.answers.get_mut(&name).unwrap().1.truncate(32);
    let mut reader = log.open().await.unwrap();
    assert_eq!(reader.entry(0).await.unwrap_err().exit, Exit::Refused);
}

#[tokio::test]
async fn a_partial_tile_that_is_gone_is_read_out_of_the_full_one() {
    let log = MadeLog::of(300);
    // The log has grown past this checkpoint: its partial tiles have gone, but for level 1.
    let mut grown = log.become_of(leaves(512));
    let of_then =
        |(name, _): &(&String, _)| name.contains("tile/1/") || name.contains("checkpoint");
    grown.answers.retain(|name, _| !name.contains(".p/"));
    grown.answers.extend(
        log.answers.iter().filter(of_then).map(|(name, answer)| (name.clone(), answer.clone())),
    );
    let mut reader = grown.open().await.unwrap();
    assert_eq!(reader.entry(299).await.unwrap().leaf, log.leaves[299]);
}

#[tokio::test]
async fn what_the_log_does_not_have_is_a_usage_fault() {
    let mut reader = MadeLog::of(3).open().await.unwrap();
    assert_eq!(reader.entry(3).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.inclusion(0, 4).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.inclusion(0, 0).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.consistency(3, 2).await.unwrap_err().exit, Exit::Usage);
    let mut reader = MadeLog::with(LogVersion::V1, leaves(3)).open().await.unwrap();
    assert_eq!(reader.entry(3).await.unwrap_err().exit, Exit::Usage);
}

#[tokio::test]
async fn an_entry_of_v1_has_a_name_a_time_and_a_promise() {
    let log = MadeLog::with(LogVersion::V1, leaves(300));
    let reader = log.open().await.unwrap();
    let uuid = log.uuid(7);
    for name in [Name::Uuid(&uuid), Name::Uuid(&uuid[16..]), Name::Index(7)] {
        let entry = reader.entry_of_v1(name).await.unwrap();
        assert_eq!((entry.index, entry.uuid()), (7, Some(uuid.clone())));
        assert_eq!(entry.promised.unwrap().at.secs(), FIRST_AT + 7);
    }
}

/// What the log says of entry 1, with one word of it changed.
async fn refused_with(from: &str, to: &str) -> Failure {
    let mut log = MadeLog::with(LogVersion::V1, leaves(3));
    let name = "GET /api/v1/log/entries?logIndex=1";
    let (_, bytes) = log.answers.get_mut(name).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    *bytes = text.replacen(from, to, 1).into_bytes();
    log.open().await.unwrap().entry(1).await.unwrap_err()
}

#[tokio::test]
async fn an_entry_of_v1_that_is_not_as_it_was_promised_is_refused() {
    let time = format!("\"integratedTime\":{}", FIRST_AT + 1);
    let failure = refused_with(&time, "\"integratedTime\":1").await;
    assert_eq!(failure.exit, Exit::Refused);
    assert_eq!(failure.sentence, "the promise is not the log's");
    let failure = refused_with("\"body\":\"eyJuIjox", "\"body\":\"eyJuIjoy").await;
    assert_eq!(failure.sentence, "the log does not hold this entry");
    let failure = refused_with("localhost - 291", "localhost - 292").await;
    assert_eq!(failure.sentence, "the checkpoint is not signed by the entry's log");
    let failure = refused_with("\"logID\":\"", "\"logID\":\"00").await;
    assert_eq!(failure.sentence, "the entry is of a log that is not trusted");
}

#[tokio::test]
async fn an_answer_about_another_entry_is_refused() {
    let mut log = MadeLog::with(LogVersion::V1, leaves(3));
    let other = log.answers["GET /api/v1/log/entries?logIndex=2"].clone();
    log.answers.insert("GET /api/v1/log/entries?logIndex=1".to_owned(), other.clone());
    let uuid = log.uuid(1);
    log.answers.insert(format!("GET /api/v1/log/entries/{uuid}"), other);
    let reader = log.open().await.unwrap();
    for name in [Name::Index(1), Name::Uuid(&uuid)] {
        assert_eq!(reader.entry_of_v1(name).await.unwrap_err().exit, Exit::Refused);
    }
}

#[tokio::test]
async fn a_log_is_held_to_what_it_signed_before() {
    for version in [LogVersion::V1, LogVersion::V2] {
        let log = MadeLog::with(version, leaves(300));
        let before = log.open().await.unwrap();
        for size in [300, 301, 600] {
            let mut newer = log.become_of(leaves(size)).open().await.unwrap();
            newer.extends(before.signed()).await.unwrap();
        }
        let mut other = leaves(300);
        other[7] = b"{}".to_vec();
        let longer = [other.clone(), leaves(9)].concat();
        for (leaves, sentence) in [
            (leaves(299), "the log is shorter than it was"),
            (other, "the log signed two trees of one size"),
            (longer, "the log has not only grown"),
        ] {
            let mut newer = log.become_of(leaves).open().await.unwrap();
            let failure = newer.extends(before.signed()).await.unwrap_err();
            assert_eq!((failure.exit, &*failure.sentence), (Exit::Refused, sentence));
            assert_eq!(
                failure.notes.iter().filter(|(name, _)| matches!(*name, "before" | "now")).count(),
                2
            );
        }
        let mut stranger = MadeLog::with(version, leaves(300));
        stranger.root.tlogs.extend(log.root.tlogs.clone());
        let failure = stranger.open().await.unwrap().extends(before.signed()).await.unwrap_err();
        assert_eq!(failure.sentence, "this is another log than before");
    }
}
