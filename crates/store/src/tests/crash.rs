//! The process dies: at every single step on the disk, one after the other.

use super::rig::World;
use crate::fault::testing::{After, arm, disarm};

/// A life of a log that meets everything: creation, batches that begin, fill and pass a tile and
/// a journal segment, publication, tidying, another start. `None` once the process is dead.
fn live(world: &mut World) -> Option<()> {
    let mut opened = world.open().ok()?;
    world.append(&mut opened, &[1, 2, 3]).ok()?;
    opened.publisher.publish().ok()?;
    let many: Vec<u64> = (4..255).collect();
    world.append(&mut opened, &many).ok()?;
    opened.publisher.publish().ok()?;
    // Fills the tile: 258 leaves with the seed.
    world.append(&mut opened, &[255, 256, 2, 257]).ok()?;
    opened.publisher.store().ok()?;
    opened.publisher.tidy().ok()?;
    world.append(&mut opened, &[258]).ok()?;
    opened.publisher.publish().ok()?;
    opened.publisher.tidy().ok()?;
    opened.publisher.index(true).ok()?;
    drop(opened);
    let mut opened = world.open().ok()?;
    world.append(&mut opened, &[259, 3]).ok()?;
    opened.publisher.publish().ok()
}

fn world() -> World {
    let mut world = World::new();
    world.segment_bytes = 4_000;
    world.memory = Some(world.dir.path().join("memory"));
    world
}

/// A new process: everything answered is there, and the log goes on.
#[track_caller]
fn check_after(world: &mut World, step: &str) {
    let mut opened = world.open().unwrap_or_else(|error| panic!("{step}: {error:?}"));
    world.check_promises(&opened);
    world.append(&mut opened, &[1_000, 1, 255]).unwrap();
    opened.publisher.publish().unwrap();
    opened.publisher.tidy().unwrap();
    world.check_promises(&opened);
}

#[test]
fn whenever_the_process_dies_nothing_answered_is_lost_and_the_log_goes_on() {
    let mut names = Vec::new();
    for steps in 0.. {
        let mut world = world();
        arm(steps, After::Dead);
        let lived = live(&mut world);
        names = disarm();
        check_after(&mut world, &format!("dead at step {steps}, {:?}", names.last()));
        if lived.is_some() {
            assert!(steps > 100, "each step is counted: {steps}");
            break;
        }
    }
    // The life above met every kind of step there is.
    for name in [
        "append record",
        "create file",
        "create folder",
        "create segment",
        "drop partials",
        "remove file",
        "rename file",
        "renew last record",
        "sync file",
        "sync folder",
        "sync last record",
        "sync record",
        "sync segment",
        "write file",
        "write segment",
    ] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn whenever_the_next_process_dies_too_nothing_is_lost() {
    for first in (5..140).step_by(27) {
        for second in 0.. {
            let mut world = world();
            arm(first, After::Dead);
            live(&mut world);
            arm(second, After::Dead);
            let reopened = world.open();
            disarm();
            let ended = reopened.is_ok();
            drop(reopened);
            if second % 5 == 0 || ended {
                check_after(&mut world, &format!("dead at step {first}, then at {second}"));
            }
            if ended {
                break;
            }
        }
    }
}
