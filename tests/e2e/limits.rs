//! What the stack may cost. Only the profile that people run is held to it.

use std::time::Instant;

use lite_tests::{Stack, binary};

/// Resident memory of an idle stack.
const MEMORY_KIB: u64 = 64 * 1024;
/// Size of the one binary, with the registry, its client and Rego in it.
const BINARY_BYTES: u64 = 36_000_000;

#[expect(clippy::print_stderr, reason = "a number that is not asserted is worth a look")]
fn check(what: &str, found: u64, limit: u64) {
    eprintln!("{what}: {found}, limit {limit}");
    assert!(cfg!(debug_assertions) || found <= limit, "{what}: {found} is over {limit}");
}

#[test]
fn an_idle_stack_is_small() {
    let start = Instant::now();
    let stack = Stack::start();
    let took = u64::try_from(start.elapsed().as_millis()).unwrap();
    // Other tests run at the same time, so this decides nothing.
    check("milliseconds to a ready first start", took, u64::MAX);
    let status = std::fs::read_to_string(format!("/proc/{}/status", stack.pid())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = resident.trim().trim_end_matches("kB").trim().parse().unwrap();
    check("KiB of resident memory", resident, MEMORY_KIB);
}

#[test]
fn the_binary_is_small() {
    let size = std::fs::metadata(binary("siglite")).unwrap().len();
    check("bytes of siglite", size, BINARY_BYTES);
}
