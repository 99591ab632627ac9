//! The follower, and a log that misbehaves.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::rig::{FakeLog, QUICK, any, until};
use crate::error::{OpenError, SearchError};
use crate::files::Engine;
use crate::query::{MAX_KEYS, Query};
use crate::request::{Requested, is_requested, request_rebuild};
use crate::search::Search;
use crate::shared::Timing;

fn open(dir: &Path, log: &Arc<FakeLog>) -> Search {
    timed(dir, log, QUICK)
}

fn timed(dir: &Path, log: &Arc<FakeLog>, timing: Timing) -> Search {
    let log = Arc::clone(log);
    Search::open_timed(Engine::Redb, dir, log, timing).unwrap()
}

#[test]
fn a_query_sees_every_leaf_that_was_there_when_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(5000);
    // Neither polled nor woken in time: the query itself hurries the follower.
    let slow = Duration::from_secs(600);
    let search = timed(dir.path(), &log, Timing { poll: slow, linger: slow, ..QUICK });
    for _ in 0..20 {
        let answer = search.answer(&any(&["mod 3"])).unwrap();
        let size = answer.size;
        assert!(!answer.lags() && answer.indexes.len() as u64 == size / 10);
        log.grow(10);
    }
    assert_eq!(search.reached(), 5190);
}

#[test]
fn a_woken_follower_catches_up_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(0);
    let search = timed(dir.path(), &log, Timing { poll: Duration::from_secs(600), ..QUICK });
    for size in [1, 300, 301] {
        log.grow(size - search.reached());
        search.wake();
        until("the follower follows", || search.reached() == size);
    }
}

#[test]
fn a_follower_that_nobody_wakes_looks_now_and_then() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(0);
    let search = open(dir.path(), &log);
    log.grow(7);
    until("the follower polls", || search.reached() == 7);
}

#[test]
fn an_index_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(1000);
    let search = open(dir.path(), &log);
    search.find(&any(&[])).unwrap();
    search.close();
    let read = log.reads.load(Ordering::SeqCst);
    let search = open(dir.path(), &log);
    assert_eq!(search.reached(), 1000);
    assert_eq!(search.find(&any(&["leaf 999"])).unwrap(), [999]);
    assert_eq!(log.reads.load(Ordering::SeqCst), read, "nothing is read again");
}

#[test]
fn a_log_that_fails_is_asked_again_later_and_does_not_hold_queries() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(256);
    let search = open(dir.path(), &log);
    search.find(&any(&[])).unwrap();
    log.failures.store(usize::MAX, Ordering::SeqCst);
    log.grow(10);
    let (since, read) = (Instant::now(), log.reads.load(Ordering::SeqCst));
    for _ in 0..200 {
        let answer = search.answer(&any(&["leaf 255", "leaf 256"])).unwrap();
        assert!(answer.lags());
        assert_eq!((answer.indexes, answer.reached, answer.size), (vec![255], 256, 266));
    }
    // Patience is a minute; each of these would have waited for it.
    assert!(since.elapsed() < QUICK.patience);
    let tries = (log.reads.load(Ordering::SeqCst) - read) as u128;
    assert!(tries <= 2 + since.elapsed().as_millis() / QUICK.retry.0.as_millis(), "{tries}");
    log.failures.store(0, Ordering::SeqCst);
    until("the follower recovers", || search.reached() == 266);
    assert_eq!(search.find(&any(&["leaf 256"])).unwrap(), [256]);
}

#[test]
fn a_log_that_panics_does_not_end_the_follower() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(10);
    log.panics.store(true, Ordering::SeqCst);
    let search = open(dir.path(), &log);
    until("the log is read", || log.reads.load(Ordering::SeqCst) > 1);
    log.panics.store(false, Ordering::SeqCst);
    until("the follower recovers", || search.reached() == 10);
}

#[test]
fn while_an_index_is_rebuilt_the_old_one_answers_and_follows() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(3000);
    let search = open(dir.path(), &log);
    search.find(&any(&[])).unwrap();
    // The rebuild stops in the middle of the log, until the gate opens.
    let gate = log.gate.lock().unwrap();
    log.gate_from.store(1024, Ordering::SeqCst);
    assert_eq!(search.rebuild().unwrap(), Requested::OfTheRunning);
    until("the rebuild begins", || dir.path().join("index-1-2.redb").exists());
    for _ in 0..50 {
        assert_eq!(search.find(&any(&["leaf 2999"])).unwrap(), [2999]);
    }
    assert!(search.is_rebuilding());
    drop(gate);
    let finding = std::thread::scope(|scope| {
        let finder = scope.spawn(|| {
            let (mut last, mut asked) = (0, 0);
            while search.is_rebuilding() {
                log.grow(1);
                let answer = search.answer(&any(&["all"])).unwrap();
                assert!(answer.reached >= last, "an answer never knows less than one before");
                assert_eq!(answer.indexes.len() as u64, answer.reached);
                (last, asked) = (answer.reached, asked + 1);
                assert!(last < 9000, "the rebuild does not end");
            }
            asked
        });
        finder.join().unwrap()
    });
    assert!(finding > 0);
    assert!(!dir.path().join("index-1-1.redb").exists());
    assert_eq!(search.find(&any(&["leaf 2999"])).unwrap(), [2999]);
}

#[test]
fn a_request_of_another_process_is_done_now_or_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(100);
    let search = open(dir.path(), &log);
    search.find(&any(&[])).unwrap();
    assert_eq!(request_rebuild(dir.path()).unwrap(), Requested::OfTheRunning);
    until("the rebuild is done", || !is_requested(dir.path()));
    assert!(dir.path().join("index-1-2.redb").exists());
    search.close();
    assert_eq!(request_rebuild(dir.path()).unwrap(), Requested::AtTheNextStart);
    assert!(is_requested(dir.path()));
    let search = open(dir.path(), &log);
    assert_eq!(search.find(&any(&["leaf 7"])).unwrap(), [7]);
    until("the rebuild is done", || !is_requested(dir.path()));
    assert!(dir.path().join("index-1-3.redb").exists());
    assert_eq!(search.find(&any(&["leaf 7"])).unwrap(), [7]);
}

#[test]
fn damage_found_at_work_is_repaired_out_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(60_000);
    let search = open(dir.path(), &log);
    assert_eq!(search.find(&any(&["leaf 59999"])).unwrap(), [59_999]);
    search.close();
    // The pages of the file, but not its head: it opens, and contradicts itself later.
    let path = dir.path().join("index-1-1.redb");
    let file = fs::File::options().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    let noise = vec![0xa5; usize::try_from(length).unwrap() - 8192];
    std::os::unix::fs::FileExt::write_all_at(&file, &noise, 8192).unwrap();
    let search = open(dir.path(), &log);
    let found = |leaf: u64| search.find(&any(&[&format!("leaf {leaf}")]));
    until("every leaf is found again", || {
        [0, 30_000, 59_999].iter().all(|leaf| match found(*leaf) {
            Ok(found) => found == [*leaf],
            Err(error) => {
                assert!(matches!(error, SearchError::Damaged(_)), "{error:?}");
                false
            }
        })
    });
}

#[test]
fn a_second_process_is_refused_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = FakeLog::of(10);
    let search = open(dir.path(), &log);
    search.find(&any(&[])).unwrap();
    let second = Search::open(dir.path(), FakeLog::of(0)).unwrap_err();
    assert!(matches!(second, OpenError::Held(_)), "{second}");
    assert_eq!(search.find(&any(&["leaf 9"])).unwrap(), [9]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::File::create(&file).unwrap();
    let error = Search::open(&file.join("search"), FakeLog::of(0)).unwrap_err();
    assert!(matches!(&error, OpenError::Io { path, .. } if path.ends_with("file/search")));
}

#[test]
fn a_query_of_too_many_keys_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let search = open(dir.path(), &FakeLog::of(1));
    let query = Query { any: vec![b"all".to_vec(); MAX_KEYS + 1], ..Query::default() };
    let error = search.find(&query).unwrap_err();
    assert!(matches!(error, SearchError::TooManyKeys) && error.is_of_the_query());
}
