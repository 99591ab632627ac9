//! Torn tails and changed bits.

use std::fs;
use std::path::PathBuf;

use lite_sequencer::RecoverError;

use super::rig::{World, copy, files};
use crate::{JournalError, OpenError};

fn segment(world: &World) -> PathBuf {
    world.log().join("journal/0000000000.journal")
}

/// A log whose last record was never published: its process was killed while it wrote it.
fn unpublished() -> (World, Vec<u8>, usize) {
    let mut world = World::new();
    world.grow(1..4, 1);
    let whole = fs::read(segment(&world)).unwrap().len();
    let mut opened = world.open().unwrap();
    let answered = world.answered.clone();
    world.append(&mut opened, &[4, 5]).unwrap();
    world.answered = answered;
    let bytes = fs::read(segment(&world)).unwrap();
    (world, bytes, whole)
}

#[test]
fn a_tail_that_is_torn_at_any_byte_is_dropped() {
    let (mut world, bytes, whole) = unpublished();
    let before = world.dir.path().join("before");
    copy(&world.log(), &before);
    for at in whole..bytes.len() {
        for garbled in [false, true] {
            let mut torn = bytes[..at].to_vec();
            if garbled {
                // The length is there, and the data is not.
                torn.resize(bytes.len(), 0);
                if torn == bytes {
                    continue;
                }
            }
            fs_for_test::write(&segment(&world), &torn);
            let mut opened = world.open().unwrap();
            assert_eq!(opened.sequencer.shared().view().tree().size, 4, "cut at {at}");
            if at % 16 == 0 {
                // What goes on after it is found again; then all is as before.
                let saved = world.answered.clone();
                world.append(&mut opened, &[6]).unwrap();
                drop(opened);
                let opened = world.open().unwrap();
                world.check_promises(&opened);
                drop(opened);
                world.answered = saved;
                fs::remove_dir_all(world.log()).unwrap();
                copy(&before, &world.log());
            }
        }
    }
    fs_for_test::write(&segment(&world), &bytes);
    assert_eq!(world.open().unwrap().sequencer.shared().view().tree().size, 6);
}

#[test]
fn a_tail_that_was_published_is_not_a_torn_one() {
    let mut world = World::new();
    world.grow(1..4, 1);
    let bytes = fs::read(segment(&world)).unwrap();
    fs_for_test::write(&segment(&world), &bytes[..bytes.len() - 1]);
    let error = world.open().map(|_| ()).unwrap_err();
    let rollback = matches!(
        error,
        OpenError::Refused { source: RecoverError::Rollback { promised: 4, size: 3, .. }, .. }
    );
    assert!(rollback, "{error:?}");
    assert_eq!(fs::read(segment(&world)).unwrap().len(), bytes.len() - 1, "nothing is changed");
}

#[test]
fn a_record_that_is_damaged_in_the_middle_is_refused_by_name() {
    let (world, bytes, whole) = unpublished();
    for at in 0..whole {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs_for_test::write(&segment(&world), &damaged);
        let error = world.open().map(|_| ()).unwrap_err();
        let named = matches!(
            &error,
            OpenError::Journal(JournalError::Damaged { path, .. }) if *path == segment(&world)
        );
        assert!(named, "byte {at}: {error:?}");
        assert_eq!(fs::read(segment(&world)).unwrap(), damaged, "nothing is changed");
    }
}

#[test]
fn fsck_names_every_file_in_which_a_bit_is_flipped() {
    let mut world = World::new();
    world.segment_bytes = 4_000;
    world.grow(1..600, 50);
    assert_eq!(world.fsck().findings, []);
    for (name, bytes) in files(&world.log()) {
        let path = world.log().join(&name);
        let step = (bytes.len() / 24).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            // `created` in log.json is for people: nothing else knows it.
            if name == "log.json" {
                continue;
            }
            fs_for_test::write(&path, &damaged);
            let report = world.fsck();
            let named = report
                .findings
                .iter()
                .any(|finding| path.starts_with(&finding.path) || finding.path.starts_with(&path));
            // The end of the journal may look torn; then it is behind what was published.
            let behind = name.starts_with("journal/") && !report.findings.is_empty();
            assert!(named || behind, "{name} at {at}: {:?}", report.findings);
        }
        fs_for_test::write(&path, &bytes);
    }
}

#[test]
fn a_damaged_right_edge_is_refused_and_a_damaged_old_bundle_is_not_served() {
    let mut world = World::new();
    world.segment_bytes = 1_000;
    world.grow(1..900, 100);
    let tile = world.log().join("tree/tile/0/001");
    let bytes = fs::read(&tile).unwrap();
    let mut damaged = bytes.clone();
    damaged[77] ^= 1;
    fs_for_test::write(&tile, &damaged);
    let error = world.open().map(|_| ()).unwrap_err();
    let edge = matches!(
        error,
        OpenError::Refused { source: RecoverError::EdgeDamaged | RecoverError::Unreadable(_), .. }
    );
    assert!(edge, "{error:?}");
    fs::remove_file(&tile).unwrap();
    let error = world.open().map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("tile/0/001"), "{error}");
    fs_for_test::write(&tile, &bytes);

    let bundle = world.log().join("tree/tile/entries/001");
    let whole = fs::read(&bundle).unwrap();
    fs_for_test::write(&bundle, &whole[..whole.len() - 1]);
    let opened = world.open().unwrap();
    let view = opened.sequencer.shared().view();
    assert!(matches!(view.leaf(300), Err(crate::ReadError::Damaged(_))));
    let path = lite_tlog::EntryBundlePath::new(1, 256).unwrap();
    assert!(matches!(view.read_bundle(&path), Err(crate::ReadError::Damaged(_))));
}

#[test]
fn a_lost_index_is_rebuilt_and_finds_every_duplicate() {
    let mut world = World::new();
    world.segment_bytes = 1_000;
    world.grow(1..600, 100);
    fs::remove_dir_all(world.log().join("index")).unwrap();
    let mut opened = world.open().unwrap();
    let size = opened.sequencer.shared().view().tree().size;
    world.append(&mut opened, &[1, 255, 256, 400, 599]).unwrap();
    assert_eq!(opened.sequencer.shared().view().tree().size, size);
}

/// Plain writes, as an accident makes them.
mod fs_for_test {
    use std::io::Write;
    use std::path::Path;

    pub(super) fn write(path: &Path, bytes: &[u8]) {
        let mut file = std::fs::File::create(path).unwrap();
        file.write_all(bytes).unwrap();
    }
}
