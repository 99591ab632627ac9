//! Each step on the disk fails once: what the machine says, and whether it is fatal.

use super::rig::World;
use crate::fault::testing::{After, arm, disarm};
use crate::open::Opened;

/// Runs one batch that fills a tile and begins a segment, publishes it, and says which word came
/// out of what: `None` if all went well.
fn round(world: &mut World, opened: &mut Opened, leaves: &[u64]) -> Option<(&'static str, bool)> {
    if let Err(error) = world.append(opened, leaves) {
        return Some((error.kind(), error.is_fatal()));
    }
    opened.publisher.publish().err().map(|error| (error.kind(), error.is_fatal()))
}

/// Fails the `nth` step named `name` of a round in this way, and checks the word; then that the
/// process goes on if it may, and that another process finds all that was answered.
#[track_caller]
fn check(name: &str, after: After, segment_bytes: u64, kind: &str, fatal: bool) {
    let mut nth = 0;
    loop {
        let mut world = World::new();
        world.segment_bytes = segment_bytes;
        world.grow(1..250, 249);
        let mut opened = world.open().unwrap();
        let leaves: Vec<u64> = (250..260).collect();
        // Where the step is, is found by a round of another world.
        let Some(at) = position(name, nth, segment_bytes) else { break };
        arm(at, after);
        let told = round(&mut world, &mut opened, &leaves);
        disarm();
        assert_eq!(told, Some((kind, fatal)), "{name} {nth} {after:?}");
        if fatal && kind == "commit_uncertain" {
            // Nothing is tried again, also not with a disk that works again.
            let again = round(&mut world, &mut opened, &[1_000]);
            assert_eq!(again, Some((kind, true)), "{name}: a stopped journal stays stopped");
        }
        if !fatal {
            assert_eq!(round(&mut world, &mut opened, &[1_000]), None, "{name} {nth} {after:?}");
            world.check_promises(&opened);
        }
        drop(opened);
        let opened = world.open().unwrap();
        world.check_promises(&opened);
        nth += 1;
    }
    assert!(nth > 0, "no step is named {name}");
}

fn position(name: &str, nth: usize, segment_bytes: u64) -> Option<u64> {
    let mut world = World::new();
    world.segment_bytes = segment_bytes;
    world.grow(1..250, 249);
    let mut opened = world.open().unwrap();
    arm(u64::MAX, After::Dead);
    let leaves: Vec<u64> = (250..260).collect();
    assert_eq!(round(&mut world, &mut opened, &leaves), None);
    let steps = disarm();
    let mut found = steps.iter().enumerate().filter(|(_, step)| **step == name);
    found.nth(nth).map(|(at, _)| at as u64)
}

#[test]
fn an_append_that_fails_is_uncertain_unless_the_disk_is_full() {
    check("append record", After::Broken, 8 << 20, "commit_uncertain", true);
    check("append record", After::NoSpace, 8 << 20, "not_committed", false);
}

#[test]
fn a_sync_that_fails_is_always_uncertain() {
    for after in [After::Broken, After::NoSpace] {
        check("sync record", after, 8 << 20, "commit_uncertain", true);
        check("sync segment", after, 100, "commit_uncertain", true);
    }
}

#[test]
fn a_segment_that_does_not_begin_is_uncertain_unless_the_disk_is_full() {
    for name in ["create segment", "write segment"] {
        check(name, After::Broken, 100, "commit_uncertain", true);
        check(name, After::NoSpace, 100, "not_committed", false);
    }
}

#[test]
fn a_piece_that_is_not_stored_stops_the_log_unless_the_disk_is_full() {
    for name in ["create file", "write file", "sync file", "rename file", "create folder"] {
        check(name, After::Broken, 8 << 20, "publish_incomplete", true);
        check(name, After::NoSpace, 8 << 20, "publish_delayed", false);
    }
    check("sync folder", After::Broken, 8 << 20, "publish_incomplete", true);
    check("sync folder", After::NoSpace, 8 << 20, "publish_incomplete", true);
}

#[test]
fn a_full_disk_that_cannot_even_take_a_record_back_is_uncertain() {
    for later in ["undo record", "sync undone record"] {
        let mut world = World::new();
        world.grow(1..5, 4);
        let mut opened = world.open().unwrap();
        // The append is full at its first step, and then the disk breaks altogether.
        arm(0, After::NoSpaceThenDead(u64::from(later == "sync undone record")));
        let told = round(&mut world, &mut opened, &[5]);
        let steps = disarm();
        assert_eq!((told, steps.last()), (Some(("commit_uncertain", true)), Some(&later)));
        drop(opened);
        let opened = world.open().unwrap();
        world.check_promises(&opened);
    }
}
