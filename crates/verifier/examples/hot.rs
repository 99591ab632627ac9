//! How many verifications a second one core makes, with the trusted root read once.
//!
//! ```sh
//! cargo run --release -p lite-verifier --example hot [SECONDS]
//! ```
//!
//! From the bundle's JSON to the report, one thread, SECONDS for each row (2 unless told). Two
//! figures: by the clock on the wall, and by the time that the thread had the processor, which a
//! busy machine does not blur.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, for people")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lite_bundle::trust::TrustedRoot;
use lite_keys::PublicKey;
use lite_verifier::{Artifact, Identity, Policy, Trust, Verifier};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

const ROWS: [(&str, &str); 4] = [
    ("v2 and timestamp", "rekor2-happy-path"),
    ("v2, attestation", "rekor2-dsse-happy-path"),
    ("v1 and SET", "happy-path-v0.1"),
    ("managed key", "managed-key-happy-path"),
];

fn main() {
    let seconds = std::env::args().nth(1).map_or(2, |text| text.parse().unwrap());
    println!("| bundle | a second | a second of processor | µs of processor |");
    println!("|---|--:|--:|--:|");
    for (what, case) in ROWS {
        let (wall, processor) = measure(case, Duration::from_secs(seconds));
        println!("| {what} | {wall:.0} | {processor:.0} | {:.0} |", 1e6 / processor);
    }
}

/// Verifications a second, by the wall and by the processor.
fn measure(case: &str, at_least: Duration) -> (f64, f64) {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let folder = vectors.join("bundle-verify").join(case);
    let or = |own: PathBuf, shared: &str| if own.is_file() { own } else { vectors.join(shared) };
    let root = or(folder.join("trusted_root.json"), "public-good-trusted_root.json");
    let root = TrustedRoot::parse(&std::fs::read(root).unwrap()).unwrap();
    let verifier = Verifier::new(Trust::new(&root));
    let bundle = std::fs::read(folder.join("bundle.sigstore.json")).unwrap();
    let artifact = std::fs::read(vectors.join("a.txt")).unwrap();
    let policy = match std::fs::read_to_string(folder.join("key.pub")) {
        Ok(pem) => Policy::key(PublicKey::from_pem(&pem).unwrap()),
        Err(_) => Policy::identity(Identity::exact(BEACON, ISSUER)),
    };
    let once = || {
        let report = verifier.verify_json(&bundle, &Artifact::of_bytes(&artifact), &policy);
        assert!(report.is_accepted(), "{report}");
    };
    (0..50).for_each(|_| once());
    let (wall, processor, mut count) = (Instant::now(), processor_time(), 0);
    while wall.elapsed() < at_least {
        (0..50).for_each(|_| once());
        count += 50;
    }
    let (wall, processor) = (wall.elapsed(), processor_time().saturating_sub(processor));
    (f64::from(count) / wall.as_secs_f64(), f64::from(count) / processor.as_secs_f64())
}

/// How long this thread had the processor: the first number of Linux's `schedstat`.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
