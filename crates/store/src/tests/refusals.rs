//! What is refused at a start, by which word, and that a refusal changes nothing.

use std::fs;

use lite_sequencer::RecoverError;

use super::rig::{World, copy, files, signer};
use crate::open::open;
use crate::{LockError, LogConfig, OpenError, durable};

/// Opens, expects a refusal, and compares all files with those before.
#[track_caller]
fn refused(world: &World) -> OpenError {
    let before = files(&world.log());
    let error = world.open().map(|_| ()).unwrap_err();
    assert_eq!(files(&world.log()), before, "{error}");
    error
}

#[track_caller]
fn recover_refusal(error: OpenError) -> RecoverError {
    match error {
        OpenError::Refused { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_without_a_log_is_left_alone() {
    let world = World::new();
    let config = LogConfig::new(world.signer.clone(), world.clock.clone());
    let error = open(&world.log(), config).map(|_| ()).unwrap_err();
    assert!(matches!(error, OpenError::Missing(_)));
    assert!(!world.log().exists());
}

#[test]
fn a_second_process_is_refused() {
    let world = World::new();
    let first = world.open().unwrap();
    assert!(matches!(refused(&world), OpenError::Lock(LockError::Held(_))));
    drop(first);
    world.open().unwrap();
}

#[test]
fn another_origin_and_another_key_are_refused() {
    let mut world = World::new();
    world.grow(1..3, 1);
    world.signer = signer("another.example");
    assert!(matches!(refused(&world), OpenError::AnotherOrigin { .. }));
    world.signer = signer(super::rig::ORIGIN);
    assert!(matches!(refused(&world), OpenError::AnotherKey { .. }));
}

#[test]
fn a_key_that_log_json_does_not_know_is_refused_by_the_journal() {
    let mut world = World::new();
    world.grow(1..3, 1);
    let path = world.log().join("log.json");
    let mut other = World::new();
    other.grow(1..3, 1);
    fs::copy(other.log().join("log.json"), &path).unwrap();
    world.signer = other.signer.clone();
    let error = recover_refusal(refused(&world));
    assert!(matches!(error, RecoverError::Checkpoint(_)), "{error:?}");
}

#[test]
fn a_folder_that_lost_its_log_json_or_its_journal_is_refused() {
    let mut world = World::new();
    world.grow(1..3, 1);
    let path = world.log().join("log.json");
    let identity = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(&world), OpenError::IdentityMissing(_)));
    durable::write(&path, &identity, durable::PUBLIC).unwrap();

    fs::remove_dir_all(world.log().join("journal")).unwrap();
    let error = recover_refusal(refused(&world));
    assert!(matches!(error, RecoverError::Rollback { promised: 3, size: 0, .. }), "{error:?}");
    fs::remove_file(world.log().join("tree/checkpoint")).unwrap();
    let error = recover_refusal(refused(&world));
    assert!(matches!(error, RecoverError::JournalEmpty), "{error:?}");
}

#[test]
fn an_older_journal_under_a_newer_published_checkpoint_is_refused() {
    let mut world = World::new();
    world.grow(1..5, 2);
    let saved = world.dir.path().join("saved");
    copy(&world.log().join("journal"), &saved);
    world.grow(5..9, 2);
    fs::remove_dir_all(world.log().join("journal")).unwrap();
    copy(&saved, &world.log().join("journal"));
    let error = recover_refusal(refused(&world));
    let expected =
        matches!(error, RecoverError::Rollback { promise: "published", promised: 9, size: 5 });
    assert!(expected, "{error:?}");
}

#[test]
fn an_older_folder_under_a_newer_memory_is_refused() {
    let mut world = World::new();
    world.memory = Some(world.dir.path().join("memory"));
    world.grow(1..5, 2);
    let saved = world.dir.path().join("saved");
    copy(&world.log(), &saved);
    world.grow(5..9, 2);
    fs::remove_dir_all(world.log()).unwrap();
    copy(&saved, &world.log());
    let error = recover_refusal(refused(&world));
    let expected =
        matches!(error, RecoverError::Rollback { promise: "remembered", promised: 9, size: 5 });
    assert!(expected, "{error:?}");
    // Going on elsewhere, with other leaves, is a fork: refused at the same size and above it.
    world.memory = None;
    world.grow(105..109, 2);
    world.memory = Some(world.dir.path().join("memory"));
    let error = recover_refusal(refused(&world));
    assert!(matches!(error, RecoverError::SplitView { promised: 9, .. }), "{error:?}");
    world.memory = None;
    world.grow(109..400, 100);
    world.memory = Some(world.dir.path().join("memory"));
    let error = recover_refusal(refused(&world));
    assert!(matches!(error, RecoverError::SplitView { promised: 9, .. }), "{error:?}");
    // And a memory without any log is no reason to begin anew.
    fs::remove_dir_all(world.log()).unwrap();
    let error = recover_refusal(world.open().map(|_| ()).unwrap_err());
    assert!(matches!(error, RecoverError::Rollback { size: 0, .. }), "{error:?}");
}

#[test]
fn each_refusal_says_what_to_do() {
    let mut world = World::new();
    world.grow(1..5, 2);
    fs::remove_dir_all(world.log().join("journal")).unwrap();
    let text = refused(&world).to_string();
    assert!(text.contains("restore the newest copy of the folder"), "{text}");
}

#[test]
fn time_never_goes_back_in_what_is_recorded() {
    let mut world = World::new();
    world.grow(1..5, 1);
    let last = world.open().unwrap().sequencer.shared().view().tree().time;
    world.clock.set(last.minus(std::time::Duration::from_secs(3600)));
    world.grow(5..9, 1);
    let opened = world.open().unwrap();
    let view = opened.sequencer.shared().view();
    assert_eq!(view.time_of(8).unwrap(), last);
    assert_eq!(view.tree().time, last);
}
