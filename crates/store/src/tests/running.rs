//! The log with its threads.

use std::sync::Arc;
use std::sync::mpsc;

use lite_sequencer::{AppendError, PoolState, Submission};
use lite_time::Clock;
use lite_tlog::{EntryBundlePath, TilePath, verify_inclusion};

use super::rig::{World, check_answer, leaf};
use crate::{Log, fsck};

fn append(log: &Log, leaf: Vec<u8>) -> Result<crate::Sequenced, AppendError> {
    let (sender, receiver) = mpsc::channel();
    log.append(leaf, move |answer| sender.send(answer).unwrap());
    receiver.recv().unwrap()
}

#[test]
fn many_threads_share_durable_writes_and_each_gets_its_proof() {
    let world = World::new();
    let log = Arc::new(Log::open(&world.log(), world.config()).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..16_u64 {
            let log = Arc::clone(&log);
            scope.spawn(move || {
                for n in 0..40 {
                    // Every leaf is submitted by two threads.
                    let n = (thread / 2) * 1_000 + n;
                    check_answer(&leaf(n), &append(&log, leaf(n)).unwrap());
                }
            });
        }
    });
    assert_eq!(log.checkpoint().size, 1 + 8 * 40, "no duplicate got in");
    log.close();
    assert_eq!(append(&log, leaf(1)), Err(AppendError::Closed));
    assert_eq!(log.health().published, 321);
    let report = fsck(&world.log(), &*world.signer);
    assert_eq!((report.findings, report.published), (vec![], 321));
}

#[test]
fn a_reader_never_meets_a_checkpoint_whose_tiles_are_not_there() {
    let world = World::new();
    let log = Log::open(&world.log(), world.config()).unwrap();
    for round in 0..12_u64 {
        let (sender, receiver) = mpsc::channel();
        for n in 0..50 {
            let sender = sender.clone();
            log.append(leaf(round * 50 + n), move |answer| sender.send(answer).unwrap());
        }
        drop(sender);
        for answer in receiver {
            let size = answer.unwrap().tree.size;
            // Whatever was stored meanwhile, the tiles of the answer's tree are served.
            for path in TilePath::partials(size) {
                assert!(log.read_tile(&path).unwrap().is_some(), "{path} of {size}");
            }
            for bundle in 0..size.div_ceil(256) {
                let path = EntryBundlePath::in_tree(bundle, size).unwrap();
                let bytes = log.read_bundle(&path).unwrap().unwrap();
                lite_tlog::entry_bundle::decode_exact(&bytes, path.width()).unwrap();
            }
        }
    }
    let size = log.checkpoint().size;
    let proof = log.inclusion_proof(3, size - 5).unwrap();
    let root = log.view().root_at(size - 5).unwrap();
    verify_inclusion(&log.view().leaf_hash(3).unwrap(), 3, size - 5, &proof, &root).unwrap();
}

#[test]
fn a_leaf_may_depend_on_its_index_and_time_and_its_identity_makes_the_duplicate() {
    let world = World::new();
    let identity = [9; 32];
    let submit = |log: &Log| {
        let (sender, receiver) = mpsc::channel();
        let submission = Submission::built(identity, 20, |index, time| {
            format!("{index} at {}", time.millis()).into_bytes()
        });
        let done = move |answer| sender.send(answer).unwrap();
        log.append(submission.with_extra(*b"chain"), done);
        receiver.recv().unwrap().unwrap()
    };
    let first = {
        let log = Log::open(&world.log(), world.config()).unwrap();
        submit(&log)
    };
    world.clock.advance(std::time::Duration::from_secs(60));
    for _ in 0..2 {
        // Also after a start, and also once the bundle is on the disk.
        let log = Log::open(&world.log(), world.config()).unwrap();
        let again = submit(&log);
        assert!(again.duplicate && !first.duplicate);
        assert_eq!((again.index, again.time, again.leaf_hash), (1, first.time, first.leaf_hash));
        let found = log.leaf(1).unwrap();
        let expected = format!("1 at {}", first.time.millis());
        assert_eq!((&*found.bytes, &*found.extra), (expected.as_bytes(), &b"chain"[..]));
        for n in 0..300 {
            log.append(leaf(n), |_| {});
        }
        assert!(first.time < world.clock.now());
    }
}

#[test]
fn what_no_log_takes_is_refused_and_nothing_of_it_is_in_the_log() {
    let world = World::new();
    let log = Log::open(&world.log(), world.config()).unwrap();
    assert_eq!(append(&log, vec![0; 65_536]), Err(AppendError::TooLarge));
    append(&log, vec![0; 65_535]).unwrap();
    for (builder, error) in [
        (Box::new(|| vec![0_u8; 65_536]) as Box<dyn Fn() -> Vec<u8> + Send>, AppendError::TooLarge),
        (Box::new(|| panic!("a server's bug")), AppendError::BuilderFailed),
    ] {
        let (sender, receiver) = mpsc::channel();
        let submission = Submission::built([1; 32], 10, move |_, _| builder());
        log.append(submission, move |answer| sender.send(answer).unwrap());
        assert_eq!(receiver.recv().unwrap(), Err(error));
    }
    assert_eq!(log.checkpoint().size, 2);
    assert_eq!(log.health().state, PoolState::Accepting);
    append(&log, leaf(1)).unwrap();
}

#[test]
fn a_full_queue_pushes_back_and_everyone_is_answered() {
    let world = World::new();
    let mut config = world.config();
    config.limits.waiting_leaves = 8;
    let log = Arc::new(Log::open(&world.log(), config).unwrap());
    let (sender, receiver) = mpsc::channel();
    let (hold, wait) = mpsc::channel::<()>();
    // The sequencer is busy with this callback until it is told to go on.
    log.append(leaf(0), move |_| wait.recv().unwrap_or_default());
    let mut refused = 0;
    for n in 1..=200 {
        let sender = sender.clone();
        log.append(leaf(n), move |answer| sender.send(answer.map(|_| ())).unwrap());
    }
    drop((hold, sender));
    for answer in receiver {
        match answer {
            Ok(()) => {}
            Err(AppendError::Pushback) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!((150..=193).contains(&refused), "{refused}");
}

#[test]
fn a_renewed_checkpoint_has_the_same_tree_and_a_later_time() {
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let renewed = {
        let log = Log::open(&world.log(), world.config()).unwrap();
        let first = runtime.block_on(log.append_async(leaf(1))).unwrap();
        world.clock.advance(std::time::Duration::from_secs(5));
        let renewed = runtime.block_on(log.renew_checkpoint()).unwrap();
        assert_eq!((renewed.size, renewed.root), (first.tree.size, first.tree.root));
        assert!(renewed.time > first.tree.time);
        renewed
    };
    let log = Log::open(&world.log(), world.config()).unwrap();
    assert_eq!(log.checkpoint(), renewed);
}
