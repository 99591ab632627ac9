//! Appends with 64 threads for some seconds, and prints what came out of it.
//!
//! ```text
//! cargo run -p lite-store --release --example append_bench [SECONDS [THREADS [FOLDER]]]
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lite_keys::{KeyKind, SigningKey};
use lite_store::{Log, LogConfig, NoteCheckpointSigner, SystemClock};
use lite_tlog::{NoteSigner, verify_inclusion};

#[expect(clippy::print_stdout, reason = "it prints figures")]
fn main() {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().and_then(|n| n.parse().ok()).unwrap_or(5);
    let threads = args.next().and_then(|n| n.parse().ok()).unwrap_or(64);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let dir = args.next().map_or_else(|| temporary.path().join("log"), PathBuf::from);

    let key = SigningKey::generate(KeyKind::Ed25519);
    let key = NoteSigner::new("bench.example", key).expect("the name has no space and no plus");
    let signer = Arc::new(NoteCheckpointSigner::new(key));
    let config = LogConfig::new(signer, Arc::new(SystemClock)).or_create(b"seed".to_vec());
    let log = Log::open(&dir, config).expect("the log opens");

    let (began, over, checked) = (Instant::now(), AtomicBool::new(false), AtomicU64::new(0));
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let run = |thread: u64| {
            let (log, over, checked) = (&log, &over, &checked);
            move || client(log, thread, over, checked)
        };
        let clients: Vec<_> = (0..threads).map(|thread| scope.spawn(run(thread))).collect();
        std::thread::sleep(Duration::from_secs(seconds));
        over.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().expect("no client panics")).collect()
    });
    let took = began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let rate = waits.len() as f64 / took;
    println!(
        "{threads} threads, {took:.1} s, 500 byte leaves, each answer with proof and checkpoint"
    );
    println!("{rate:.0} appends/s; p50 {:?}, p99 {:?}", at(50), at(99));
    println!("{} proofs verified; {:?}", checked.load(Ordering::Relaxed), log.health());
    let size = log.checkpoint().size;
    log.close();
    println!("closed at {size} leaves after {:.1} s", began.elapsed().as_secs_f64());
}

/// Appends in a loop, as a client that waits for each answer does.
fn client(log: &Log, thread: u64, over: &AtomicBool, checked: &AtomicU64) -> Vec<Duration> {
    let mut waits = Vec::new();
    for n in 0_u64.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let mut leaf = vec![0; 500];
        leaf[..8].copy_from_slice(&thread.to_be_bytes());
        leaf[8..16].copy_from_slice(&n.to_be_bytes());
        let (sender, receiver) = mpsc::sync_channel(1);
        let began = Instant::now();
        log.append(leaf, move |answer| drop(sender.send(answer)));
        let answer = receiver.recv().expect("every append is answered").expect("the leaf is taken");
        waits.push(began.elapsed());
        if n % 100 == 0 {
            let (index, tree) = (answer.index, &answer.tree);
            verify_inclusion(&answer.leaf_hash, index, tree.size, &answer.proof, &tree.root)
                .expect("the proof verifies");
            checked.fetch_add(1, Ordering::Relaxed);
        }
    }
    waits
}
