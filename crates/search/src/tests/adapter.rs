//! What every engine must do.

use std::fs;
use std::path::{Path, PathBuf};

use lite_time::Time;

use super::rig::{FakeLog, any, key, row, rows};
use crate::files::{Engine, Files};
use crate::index::{Index, Row};
use crate::query::{MAX_LIMIT, Query, TooBroad};
use crate::source::Source as _;

macro_rules! of_each_engine {
    ($($test:ident),* $(,)?) => {
        mod redb {
            use super::*;
            $(#[test] fn $test() { super::$test(Engine::Redb); })*
        }
        #[cfg(feature = "index-sled")]
        mod sled {
            use super::*;
            $(#[test] fn $test() { super::$test(Engine::Sled); })*
        }
    };
}

of_each_engine!(
    a_key_finds_its_leaves_in_the_order_of_the_log,
    several_keys_are_or_unless_they_are_and,
    times_are_a_window_with_both_ends,
    order_is_of_time_first,
    a_limit_cuts_and_has_a_limit,
    what_is_repeated_is_found_once,
    a_hundred_thousand_rows_are_found_again_after_a_restart,
    reached_never_goes_back,
    a_damaged_index_begins_again,
    an_index_of_a_longer_log_begins_again,
    an_index_of_another_scheme_begins_again,
    the_index_that_reaches_furthest_is_chosen,
    a_query_that_would_walk_forever_is_given_up,
);

/// A folder with an index in it, as a process opens it.
struct Opened {
    files: Files,
    index: Box<dyn Index>,
    number: u64,
}

fn open(engine: Engine, dir: &Path, size: u64) -> Opened {
    let files = Files::hold(dir, engine, FakeLog::of(0).scheme()).unwrap();
    let chosen = files.choose(size).unwrap();
    assert_eq!(chosen.reached, chosen.index.reached().unwrap());
    Opened { files, index: chosen.index, number: chosen.number }
}

/// An index with the first `size` rows.
fn filled(engine: Engine, dir: &Path, size: u64) -> Opened {
    let opened = open(engine, dir, u64::MAX);
    opened.index.add(&rows(0..size), size).unwrap();
    opened
}

#[track_caller]
fn check(index: &dyn Index, query: &Query, expected: &[u64]) {
    assert_eq!(index.find(query).unwrap(), expected, "{query:?}");
    let newest = Query { newest_first: true, ..query.clone() };
    let reversed: Vec<u64> = expected.iter().rev().copied().collect();
    assert_eq!(index.find(&newest).unwrap(), reversed, "{newest:?}");
}

fn a_key_finds_its_leaves_in_the_order_of_the_log(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = filled(engine, dir.path(), 42);
    check(&*index, &any(&["mod 7"]), &[7, 17, 27, 37]);
    check(&*index, &any(&["leaf 41"]), &[41]);
    check(&*index, &any(&["leaf 42"]), &[]);
    check(&*index, &any(&["mod"]), &[]);
    check(&*index, &any(&[""]), &[]);
    check(&*index, &any(&[]), &(0..42).collect::<Vec<_>>());
}

fn several_keys_are_or_unless_they_are_and(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = filled(engine, dir.path(), 25);
    let all = |keys: &[&str]| Query { all: true, ..any(keys) };
    check(&*index, &any(&["mod 3", "mod 1", "leaf 11"]), &[1, 3, 11, 13, 21, 23]);
    check(&*index, &any(&["nothing", "mod 4"]), &[4, 14, 24]);
    check(&*index, &all(&["mod 3", "leaf 13"]), &[13]);
    check(&*index, &all(&["all", "mod 3", "all"]), &[3, 13, 23]);
    check(&*index, &all(&["mod 3", "mod 4"]), &[]);
    check(&*index, &all(&["all", "nothing"]), &[]);
    check(&*index, &all(&[]), &(0..25).collect::<Vec<_>>());
}

fn times_are_a_window_with_both_ends(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = filled(engine, dir.path(), 40);
    let window = |keys: &[&str], from: u64, until: u64| Query {
        from: Some(row(from).time),
        until: Some(row(until).time),
        ..any(keys)
    };
    check(&*index, &window(&["mod 0"], 10, 30), &[10, 20, 30]);
    check(&*index, &window(&["mod 0"], 11, 29), &[20]);
    check(&*index, &window(&[], 7, 9), &[7, 8, 9]);
    check(&*index, &window(&["mod 0"], 30, 10), &[]);
    check(&*index, &Query { all: true, ..window(&["mod 0", "all"], 1, 20) }, &[10, 20]);
    check(&*index, &Query { from: Some(row(35).time), ..any(&["mod 5"]) }, &[35]);
    check(&*index, &Query { until: Some(row(5).time), ..any(&["mod 5"]) }, &[5]);
    let never = Query { until: Some(Time::from_secs(0)), ..any(&[]) };
    check(&*index, &never, &[]);
}

fn order_is_of_time_first(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = open(engine, dir.path(), 0);
    let at = |index, secs| Row { index, time: Time::from_secs(secs), keys: vec![key("k")] };
    let rows = [at(0, 5), at(1, 5), at(2, -7), at(3, 0), at(4, 5)];
    index.add(&rows, 5).unwrap();
    check(&*index, &any(&["k"]), &[2, 3, 0, 1, 4]);
    check(&*index, &any(&[]), &[2, 3, 0, 1, 4]);
    let before = Query { until: Some(Time::from_secs(0)), ..any(&["k"]) };
    check(&*index, &before, &[2, 3]);
}

fn a_limit_cuts_and_has_a_limit(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let size = MAX_LIMIT as u64 + 5;
    let Opened { index, .. } = filled(engine, dir.path(), size);
    let limited = |limit, newest_first| Query { limit, newest_first, ..any(&["mod 2"]) };
    assert_eq!(index.find(&limited(2, false)).unwrap(), [2, 12]);
    assert_eq!(index.find(&limited(2, true)).unwrap(), [size - 3, size - 13]);
    assert_eq!(index.find(&limited(0, false)).unwrap(), [0_u64; 0]);
    let everything = Query { limit: usize::MAX, ..any(&["all"]) };
    assert_eq!(index.find(&everything).unwrap().len(), MAX_LIMIT);
}

fn what_is_repeated_is_found_once(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = open(engine, dir.path(), 0);
    let mut row = row(0);
    row.keys.extend(row.keys.clone());
    index.add(&[row.clone()], 1).unwrap();
    index.add(&[row], 1).unwrap();
    check(&*index, &any(&["all", "leaf 0", "all"]), &[0]);
    check(&*index, &Query { all: true, ..any(&["all", "leaf 0", "all"]) }, &[0]);
    check(&*index, &any(&[]), &[0]);
}

fn a_hundred_thousand_rows_are_found_again_after_a_restart(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let (size, batch) = (100_000, 4096);
    {
        let Opened { index, .. } = open(engine, dir.path(), 0);
        for from in (0..size).step_by(4096) {
            let to = size.min(from + batch);
            index.add(&rows(from..to), to).unwrap();
        }
    }
    let Opened { index, .. } = open(engine, dir.path(), size);
    assert_eq!(index.reached().unwrap(), size);
    for leaf in (0..size).step_by(777) {
        check(&*index, &any(&[&format!("leaf {leaf}")]), &[leaf]);
    }
    let newest = Query { newest_first: true, limit: 3, ..any(&["mod 9"]) };
    assert_eq!(index.find(&newest).unwrap(), [99_999, 99_989, 99_979]);
    let both = Query { all: true, limit: 3, ..any(&["all", "mod 9"]) };
    assert_eq!(index.find(&both).unwrap(), [9, 19, 29]);
}

fn reached_never_goes_back(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    {
        let Opened { index, .. } = filled(engine, dir.path(), 5);
        index.add(&rows(0..2), 2).unwrap();
        assert_eq!(index.reached().unwrap(), 5);
        index.add(&[], 6).unwrap();
        assert_eq!(index.reached().unwrap(), 6);
    }
    assert_eq!(open(engine, dir.path(), 6).index.reached().unwrap(), 6);
}

/// The biggest file of an index: that of redb, and of sled the one with the postings.
fn heart(dir: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.into_iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap()
}

fn a_damaged_index_begins_again(engine: Engine) {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, Harm); 5] = [
        ("emptied", |bytes| bytes.fill(0)),
        ("noise", |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x5a)),
        ("another file", |bytes| *bytes = b"not an index, and long enough to be read".to_vec()),
        ("cut in two", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut short", |bytes| bytes.truncate(100)),
    ];
    for (harm, spoil) in harms {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(engine, dir.path(), 500));
        let file = heart(dir.path());
        let mut bytes = fs::read(&file).unwrap();
        spoil(&mut bytes);
        fs::File::create(&file)
            .and_then(|mut it| std::io::Write::write_all(&mut it, &bytes))
            .unwrap();
        let Opened { index, .. } = open(engine, dir.path(), 500);
        // Whatever is left of it is told truly, and can be filled again.
        let reached = index.reached().unwrap();
        assert!(reached == 0 || index.find(&any(&["leaf 7"])).unwrap() == [7], "{harm}");
        index.add(&rows(reached..500), 500).unwrap();
        check(&*index, &any(&["leaf 499", "leaf 7"]), &[7, 499]);
    }
}

fn an_index_of_a_longer_log_begins_again(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(engine, dir.path(), 9));
    let Opened { index, .. } = open(engine, dir.path(), 8);
    assert_eq!(index.reached().unwrap(), 0);
    check(&*index, &any(&[]), &[]);
}

fn an_index_of_another_scheme_begins_again(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(engine, dir.path(), 9));
    let chosen = Files::hold(dir.path(), engine, 2).unwrap().choose(9).unwrap();
    assert_eq!(chosen.reached, 0);
    drop(chosen);
    assert_eq!(open(engine, dir.path(), 9).index.reached().unwrap(), 0);
}

fn the_index_that_reaches_furthest_is_chosen(engine: Engine) {
    for (next, chosen) in [(3, 1), (9, 2), (12, 2), (13, 1)] {
        let dir = tempfile::tempdir().unwrap();
        {
            let Opened { files, index, number } = filled(engine, dir.path(), 9);
            assert_eq!(number, 1);
            let other = files.begin(2).unwrap();
            other.index.add(&rows(0..next), next).unwrap();
            drop(index);
        }
        let opened = open(engine, dir.path(), 12);
        assert_eq!(opened.number, chosen, "{next}");
        let left = fs::read_dir(dir.path()).unwrap();
        assert_eq!(left.count(), 2, "the lock and one index");
    }
}

fn a_query_that_would_walk_forever_is_given_up(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let Opened { index, .. } = open(engine, dir.path(), 0);
    // Two keys that are never on one leaf, turn by turn.
    let parity = |index: u64| Row { keys: vec![key(&format!("{}", index % 2))], ..row(index) };
    let size = 300_000;
    for from in (0..size).step_by(10_000) {
        let rows: Vec<Row> = (from..from + 10_000).map(parity).collect();
        index.add(&rows, from + 10_000).unwrap();
    }
    let both = Query { all: true, ..any(&["0", "1"]) };
    assert!(index.find(&both).unwrap_err().is::<TooBroad>());
    let narrow = Query { from: Some(row(size - 1000).time), ..both };
    check(&*index, &narrow, &[]);
}
