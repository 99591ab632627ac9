//! The machine against doubles: orders, faults, duplicates.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use lite_time::{ManualClock, Time};
use lite_tlog::verify_inclusion;

use crate::ports::CheckpointSigner;
use crate::testing::{Fault, Ports, Signer};
use crate::{
    AppendError, Events, Limits, Machine, Pool, PoolState, Promise, Publisher, RecoverError,
    Sequenced, Sequencer, Shared, Submission, recover,
};

struct Log {
    ports: Ports,
    clock: Arc<ManualClock>,
    sequencer: Sequencer,
    publisher: Publisher,
}

impl Log {
    /// A log of `size` leaves, all published.
    fn of(size: u64) -> Self {
        let (ports, clock) = (Ports::default(), Arc::new(ManualClock::at(Time::from_secs(1_000))));
        let machine = ports.machine(&clock);
        let shared = Shared::of_new_log(machine.tiles.clone());
        let mut log = Self::on(ports, clock, machine, shared, 0);
        log.append(0..size).unwrap();
        log.publisher.publish().unwrap();
        log.publisher.index(true).unwrap();
        log.ports.memory().diary.clear();
        log
    }

    fn on(
        ports: Ports,
        clock: Arc<ManualClock>,
        machine: Machine,
        shared: Arc<Shared>,
        size: u64,
    ) -> Self {
        let publisher = Publisher::new(machine.clone(), shared.clone(), size);
        Self { ports, clock, sequencer: Sequencer::new(machine, shared), publisher }
    }

    /// The next process on the same memory.
    fn restart(self) -> Result<Self, RecoverError> {
        let Self { ports, clock, .. } = self;
        let machine = ports.machine(&clock);
        let (records, texts) = {
            let memory = ports.memory();
            (memory.records.clone(), [memory.checkpoint.clone(), memory.remembered.clone()])
        };
        let promises: Vec<_> = (texts.into_iter())
            .zip(["published", "remembered"])
            .filter_map(|(text, name)| Some(Promise { name, checkpoint: text? }))
            .collect();
        let recovered = recover(&machine, records, &promises)?;
        recovered.shared.fill_index(&machine)?;
        let published = recovered.promised.first().copied().unwrap_or(0);
        Ok(Self::on(ports, clock, machine, recovered.shared, published))
    }

    fn size(&self) -> u64 {
        self.sequencer.shared().view().tree().size
    }

    fn append(
        &mut self,
        leaves: std::ops::Range<u64>,
    ) -> Result<Vec<Sequenced>, crate::SequenceError> {
        self.submit(leaves.map(|n| Submission::leaf(n.to_be_bytes())).collect())
    }

    fn submit(&mut self, batch: Vec<Submission>) -> Result<Vec<Sequenced>, crate::SequenceError> {
        let answers = self.sequencer.sequence(batch)?;
        let checked = |answer: Result<crate::Answer, crate::AppendError>| {
            let answer = answer.unwrap().complete().unwrap();
            let Sequenced { index, leaf_hash, tree, proof, .. } = &answer;
            verify_inclusion(leaf_hash, *index, tree.size, proof, &tree.root).unwrap();
            answer
        };
        Ok(answers.into_iter().map(checked).collect())
    }

    /// One batch, and all that follows it: the word of what failed, and whether it is fatal.
    fn round(&mut self, leaves: std::ops::Range<u64>) -> Option<(&'static str, bool)> {
        if let Err(error) = self.append(leaves) {
            return Some((error.kind(), error.is_fatal()));
        }
        self.publisher.publish().err().map(|error| (error.kind(), error.is_fatal()))
    }

    fn diary(&self) -> Vec<String> {
        std::mem::take(&mut self.ports.memory().diary)
    }
}

/// Every write fails in every way, around every edge of a tile; then another process goes on.
#[track_caller]
fn check(name: &'static str, fault: Fault, told: Option<(&'static str, bool)>) {
    for size in 254..=258 {
        for more in 1..=4 {
            let mut log = Log::of(size);
            log.ports.memory().fault = Some((name, fault));
            // No piece is written by a batch that fills no tile.
            let expected = told.filter(|_| name != "piece" || size < 256 && size + more >= 256);
            assert_eq!(log.round(size..size + more), expected, "{name} {fault:?} {size} + {more}");
            log.ports.memory().fault = None;
            if expected.is_none_or(|(_, fatal)| !fatal) {
                assert_eq!(log.round(size..size + more), None, "the same batch may come again");
                assert_eq!(log.size(), size + more);
            }
            let before = log.size();
            let mut log = log.restart().unwrap();
            assert!(log.size() == before || log.size() == size + more);
            // The same batch, of which all, some or nothing is there, and another one.
            assert_eq!(log.round(size..size + more + 2), None);
            assert_eq!(log.size(), size + more + 2);
        }
    }
}

#[test]
fn every_write_fails_in_every_way_and_the_word_says_what_is_now_true() {
    for fault in [Fault::Lose, Fault::Keep] {
        check("journal", fault, Some(("commit_uncertain", true)));
        for name in ["piece", "partials", "memory", "checkpoint"] {
            check(name, fault, Some(("publish_incomplete", true)));
        }
        check("drop", fault, None);
        check("index", fault, None);
    }
    check("journal", Fault::Full, Some(("not_committed", false)));
    for name in ["piece", "partials", "memory", "checkpoint"] {
        check(name, Fault::Full, Some(("publish_delayed", false)));
    }
}

#[test]
fn the_order_of_writes_is_the_order_of_the_story() {
    let mut log = Log::of(255);
    log.append(255..256).unwrap();
    assert_eq!(log.diary(), ["journal"], "an answer costs one write");
    log.publisher.publish().unwrap();
    let story = ["piece", "piece", "piece", "partials", "memory", "checkpoint", "drop"];
    assert_eq!(log.diary(), story);
}

#[test]
fn tidying_leaves_in_the_journal_what_is_not_stored() {
    // The double stops whatever is dropped before it is stored.
    let mut log = Log::of(200);
    for n in 200..1_100 {
        log.append(n..n + 1).unwrap();
        log.publisher.tidy().unwrap();
    }
    let mut log = log.restart().unwrap();
    assert_eq!(log.size(), 1_100);
    log.publisher.publish().unwrap();
    log.publisher.tidy().unwrap();
    assert_eq!(log.ports.memory().records[0].first, 1_024);
    assert_eq!(log.restart().unwrap().size(), 1_100);
}

#[test]
fn a_batch_of_duplicates_writes_nothing() {
    let mut log = Log::of(300);
    let answers = log.append(10..20).unwrap();
    assert!(answers.iter().all(|answer| answer.duplicate));
    assert_eq!(
        answers.iter().map(|answer| answer.index).collect::<Vec<_>>(),
        (10..20).collect::<Vec<_>>()
    );
    log.publisher.publish().unwrap();
    assert_eq!((log.diary(), log.size()), (vec![], 300));
}

#[test]
fn duplicates_are_found_in_the_batch_before_the_index_and_after_it() {
    let mut log = Log::of(1);
    let twice = || vec![Submission::leaf(*b"twice"), Submission::leaf(*b"twice")];
    for round in 0..3 {
        let answers = log.submit(twice()).unwrap();
        let found: Vec<_> = answers.iter().map(|a| (a.index, a.duplicate)).collect();
        assert_eq!(found, [(1, round > 0), (1, true)]);
        if round == 1 {
            log.publisher.index(false).unwrap();
        }
    }
    let mut log = log.restart().unwrap();
    assert!(log.submit(twice()).unwrap().iter().all(|answer| answer.duplicate));
}

#[test]
fn a_hit_of_the_index_counts_only_if_the_leaf_confirms_it() {
    let mut log = Log::of(300);
    let lies =
        [(Submission::leaf(*b"never seen").key(), 7), (Submission::leaf(*b"beyond").key(), 7_000)];
    let ports = &log.ports;
    crate::ports::DedupIndex::insert(ports, &lies, 300, true).unwrap();
    let new = vec![Submission::leaf(*b"never seen"), Submission::leaf(*b"beyond")];
    let answers = log.submit(new).unwrap();
    assert!(answers.iter().all(|answer| !answer.duplicate));
    assert_eq!(log.size(), 302);
}

#[test]
fn an_identity_makes_a_duplicate_of_another_leaf_and_equal_leaves_of_two() {
    let mut log = Log::of(1);
    let with = |bytes: &[u8], identity| Submission::leaf(bytes).with_identity([identity; 32]);
    let answers = log.submit(vec![with(b"a", 1), with(b"b", 1), with(b"a", 2)]).unwrap();
    let found: Vec<_> = answers.iter().map(|a| (a.index, a.duplicate)).collect();
    assert_eq!(found, [(1, false), (1, true), (2, false)]);
}

#[test]
fn time_goes_on_or_stands_still() {
    let mut log = Log::of(3);
    let first = log.sequencer.shared().view().tree().time;
    log.clock.set(Time::from_secs(1));
    assert_eq!(log.append(3..4).unwrap()[0].time, first);
    log.clock.set(Time::from_secs(2_000));
    assert_eq!(log.append(4..5).unwrap()[0].time, Time::from_secs(2_000));
    let log = log.restart().unwrap();
    let view = log.sequencer.shared().view();
    assert_eq!(view.time_of(3).unwrap(), first);
    assert_eq!(view.time_of(4).unwrap(), Time::from_secs(2_000));
}

#[test]
fn promises_that_are_larger_or_others_are_refused() {
    let sign = |size| Signer("log.example").sign(size, &[7; 32], Time::default()).unwrap();
    let refusal = |change: &dyn Fn(&Log)| {
        let log = Log::of(300);
        change(&log);
        log.restart().map(|_| ()).unwrap_err()
    };
    let error = refusal(&|log| log.ports.memory().remembered = Some(sign(301)));
    assert!(matches!(error, RecoverError::Rollback { promised: 301, size: 300, .. }));
    let error = refusal(&|log| log.ports.memory().checkpoint = Some(sign(300)));
    assert!(matches!(error, RecoverError::SplitView { promised: 300, .. }));
    let error = refusal(&|log| log.ports.memory().checkpoint = Some(sign(9)));
    assert!(matches!(error, RecoverError::SplitView { promised: 9, .. }));
    let error = refusal(&|log| log.ports.memory().records.clear());
    assert!(matches!(error, RecoverError::JournalEmpty));
    let error = refusal(&|log| {
        let other = Signer("other.example").sign(300, &[7; 32], Time::default()).unwrap();
        log.ports.memory().checkpoint = Some(other);
    });
    assert!(matches!(error, RecoverError::PromiseDamaged { .. }));
}

/// The log with its threads.
struct Running {
    ports: Ports,
    pool: Pool,
    shared: Arc<Shared>,
}

struct Silent;

impl Events for Silent {
    fn batch(&self, _: usize, _: Duration) {}
    fn not_sequenced(&self, _: &crate::SequenceError) {}
    fn not_published(&self, _: &crate::PublishError) {}
    fn degraded(&self, _: &'static str, _: &crate::ports::Cause) {}
}

impl Running {
    fn of(size: u64) -> Self {
        let Log { ports, sequencer, publisher, .. } = Log::of(size);
        let shared = sequencer.shared().clone();
        // Publication waits for nothing, so that a test need not wait for it either.
        let limits = Limits { publish_interval: Duration::ZERO, ..Limits::default() };
        let pool = Pool::start(sequencer, publisher, limits, Arc::new(Silent)).unwrap();
        Self { ports, pool, shared }
    }

    fn fail(&self, fault: Option<(&'static str, Fault)>) {
        self.ports.memory().fault = fault;
    }

    fn append(&self, leaf: u64) -> Result<Sequenced, AppendError> {
        let (sender, receiver) = mpsc::channel();
        let done = Box::new(move |answer| sender.send(answer).unwrap());
        self.pool.submit(Submission::leaf(leaf.to_be_bytes()), done);
        receiver.recv().unwrap().map(|answer| answer.complete().unwrap())
    }
}

#[test]
fn a_full_disk_refuses_and_the_log_goes_on_when_there_is_room_again() {
    let log = Running::of(300);
    log.fail(Some(("journal", Fault::Full)));
    assert_eq!(log.append(300), Err(AppendError::NoSpace));
    assert_eq!(log.pool.status().state, PoolState::Full);
    assert_eq!(log.append(7).unwrap().index, 7, "what is there is answered");
    log.fail(None);
    assert_eq!(log.append(300).unwrap().index, 300);
    assert_eq!(log.pool.status().state, PoolState::Accepting);
}

#[test]
fn an_uncertain_commit_stops_appends_and_not_reads() {
    for fault in [Fault::Lose, Fault::Keep] {
        let log = Running::of(300);
        log.fail(Some(("journal", fault)));
        assert_eq!(log.append(300), Err(AppendError::ReadOnly));
        log.fail(None);
        assert_eq!(log.append(301), Err(AppendError::ReadOnly));
        assert_eq!(log.pool.status().state, PoolState::ReadOnly);
        let view = log.shared.view();
        assert_eq!(view.tree().size, 300, "what may be lost is not shown");
        view.leaf(299).unwrap();
        log.pool.close();
        let records = log.ports.memory().records.len();
        assert_eq!(records, if fault == Fault::Keep { 2 } else { 1 }, "nothing is signed after it");
    }
}

#[test]
fn a_publication_that_fails_stops_appends_and_keeps_what_was_answered() {
    let log = Running::of(255);
    log.fail(Some(("piece", Fault::Lose)));
    assert_eq!(log.append(255).unwrap().index, 255);
    // The publisher fails some time later: until then leaves are taken, and answered truly.
    let mut n = 256;
    while log.append(n).is_ok() {
        n += 1;
    }
    assert_eq!(log.pool.status().state, PoolState::ReadOnly);
    assert!(!log.pool.status().publishing);
    log.shared.view().leaf(255).unwrap();
    log.fail(None);
    log.pool.close();
    assert_eq!(log.ports.memory().records.last().unwrap().tree.size, n);
}

#[test]
fn closing_publishes_what_is_promised() {
    let log = Running::of(1);
    for n in 1..600 {
        log.append(n).unwrap();
    }
    log.pool.close();
    let checkpoint = log.ports.memory().checkpoint.clone().unwrap();
    assert_eq!(Signer("log.example").open(&checkpoint).unwrap().size, 600);
    assert_eq!(log.append(1), Err(AppendError::Closed));
}

#[test]
fn a_callback_may_hold_the_last_handle_of_its_own_log() {
    let Running { ports, pool, .. } = Running::of(1);
    let pool = Arc::new(pool);
    let held = Arc::clone(&pool);
    let (go, gone) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let done = move |_| {
        gone.recv().unwrap();
        drop(held);
        tell.send(()).unwrap();
    };
    pool.submit(Submission::leaf(b"leaf".to_vec()), Box::new(done));
    drop(pool);
    go.send(()).unwrap();
    told.recv_timeout(Duration::from_secs(60)).expect("the callback ends");
    assert_eq!(ports.memory().records.last().unwrap().tree.size, 2);
}
