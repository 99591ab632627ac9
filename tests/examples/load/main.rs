//! Loads a running stack in a closed loop, and prints what came out of it as one line of JSON.
//!
//! ```text
//! cargo run -p lite-tests --release --example load -- JOB URL PID CONNECTIONS REQUESTS [EMAIL < TOKEN]
//!     JOB          entries, certificates or timestamps
//!     PID          the process of the server, whose CPU time and writes are counted
//!     CONNECTIONS  each sends its next request when it has the answer to the last
//!     EMAIL        whose TOKEN it is; certificates are for them
//! ```
//!
//! Every request is made before the clock starts, so that a server on the same machine does not
//! pay for its client's signatures. A tenth of them goes ahead unmeasured. One answer in a hundred
//! is verified when the clock has stopped, and one bad answer makes the run worthless: it ends
//! with an error and no figures.

#![expect(clippy::print_stdout, reason = "it prints figures")]

mod process;
mod wire;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use process::Process;
use wire::{Answer, Connection};
use work::Work;

/// Whatever goes wrong ends the run.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// One answer in so many is kept and verified.
const SAMPLE: usize = 100;

/// What one round of requests came to.
#[derive(Default)]
struct Round {
    waits: Vec<Duration>,
    /// Requests by their number, each with its answer.
    samples: Vec<(usize, Answer)>,
    took: Duration,
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [job, url, pid, connections, requests, rest @ ..] = &arguments[..] else {
        return Err("load JOB URL PID CONNECTIONS REQUESTS [EMAIL < TOKEN]".into());
    };
    let (connections, requests): (usize, usize) = (connections.parse()?, requests.parse()?);
    let process = Process::new(pid.parse()?);
    let host = url.strip_prefix("http://").ok_or("the URL begins with http://")?;
    let token = match rest.first() {
        Some(_) => std::io::read_to_string(std::io::stdin())?.trim().to_owned(),
        None => String::new(),
    };
    let email = rest.first().map_or("", String::as_str);
    let work = Arc::new(Work::make(job, host, requests + requests / 10, email, &token)?);

    // One thread: the server has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ahead = requests / 10;
    runtime.block_on(round(host, &work, 0..ahead, connections))?;
    let before = process.usage()?;
    let mut measured =
        runtime.block_on(round(host, &work, ahead..ahead + requests, connections))?;
    let used = process.usage()?.since(&before);

    let verifier = runtime.block_on(work.verifier(host))?;
    for (number, answer) in &measured.samples {
        verifier.verify(&work, *number, answer)?;
    }
    measured.waits.sort_unstable();
    println!("{}", report(job, connections, &measured, &used, process.peak_memory()?));
    Ok(())
}

/// Sends the requests of this range over so many connections, and waits for every answer.
async fn round(
    host: &str,
    work: &Arc<Work>,
    range: std::ops::Range<usize>,
    connections: usize,
) -> Result<Round, Fault> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(host).await?);
    }
    let next = Arc::new(AtomicUsize::new(range.start));
    let began = Instant::now();
    let clients: Vec<_> = open
        .into_iter()
        .map(|connection| {
            tokio::spawn(client(connection, Arc::clone(work), Arc::clone(&next), range.end))
        })
        .collect();
    let mut whole = Round::default();
    for one in clients {
        let one = one.await??;
        whole.waits.extend(one.waits);
        whole.samples.extend(one.samples);
    }
    whole.took = began.elapsed();
    Ok(whole)
}

/// One connection's share of a round.
async fn client(
    mut connection: Connection,
    work: Arc<Work>,
    next: Arc<AtomicUsize>,
    end: usize,
) -> Result<Round, Fault> {
    let mut mine = Round::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return Ok(mine);
        }
        let began = Instant::now();
        let answer = connection.ask(work.request(number)).await?;
        mine.waits.push(began.elapsed());
        if answer.status != work.status() {
            let said = String::from_utf8_lossy(&answer.body);
            return Err(format!("request {number}: {} {said}", answer.status).into());
        }
        if number.is_multiple_of(SAMPLE) {
            mine.samples.push((number, answer));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(
    job: &str,
    connections: usize,
    round: &Round,
    used: &process::Usage,
    peak: u64,
) -> serde_json::Value {
    let count = round.waits.len();
    let at = |thousandth: usize| {
        let wait = round.waits.get(count.saturating_sub(1) * thousandth / 1000);
        (wait.copied().unwrap_or_default().as_secs_f64() * 1e5).round() / 100.0
    };
    let per_request = |total: u64| (total as f64 / count as f64).round();
    serde_json::json!({
        "job": job,
        "connections": connections,
        "requests": count,
        "seconds": (round.took.as_secs_f64() * 1000.0).round() / 1000.0,
        "per_second": (count as f64 / round.took.as_secs_f64()).round(),
        "p50_ms": at(500),
        "p99_ms": at(990),
        "max_ms": at(1000),
        "server_cpu_us": per_request(used.cpu_us),
        "server_bytes_written": per_request(used.bytes_written),
        "server_peak_kib": peak,
        "verified": round.samples.len(),
    })
}
