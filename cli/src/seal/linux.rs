//! The two means of Linux: a seccomp filter, which must hold, and Landlock, where there is one.

use std::collections::BTreeMap;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

use super::{Locks, Rights, unsealed};
use crate::failure::Outcome;

/// The newest interface of Landlock that is asked for; an older kernel gives what it has.
const NEWEST: ABI = ABI::V10;

/// Every call that makes, takes over or uses a socket, that has the kernel do so out of sight, or
/// that reaches into or becomes another process.
const REFUSED: &[i64] = &[
    // A socket, and what is done with one.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    // A file descriptor may come in with a message, too.
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    // A queue whose entries are calls that no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Somebody else's socket, or somebody else.
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// Both locks, the optional one first: setting it up takes calls of its own.
pub(super) fn lock(rights: &Rights) -> Outcome<Locks> {
    let inherited = inherited_sockets();
    let landlock = landlock(&rights.writes).map_err(|error| {
        unsealed("Landlock is here, and does not take the rules").because(&error)
    })?;
    let program = filter().map_err(|error| unsealed("no filter").because(&error))?;
    apply_filter_all_threads(&program)
        .map_err(|error| unsealed("seccomp takes no filter").because(&error))?;
    Ok(Locks { landlock, inherited })
}

/// Whether the kernel says that a filter is in force, proc(5): 2 is a filter.
pub(super) fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"));
    mode.is_some_and(|mode| mode.trim() == "2")
}

/// The filter: the calls above fail with `EPERM`, as if the process had no right to them, and all
/// others go on as they were.
fn filter() -> Result<BpfProgram, seccompiler::Error> {
    // A call of another architecture ends the process: the filter's first instructions see to it.
    let calls = REFUSED.iter().flat_map(|call| also_in_x32(*call)).chain(x32_alone());
    let rules: BTreeMap<i64, Vec<_>> = calls.map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?.try_into()?)
}

/// x86-64 kernels may take the same calls with 32-bit pointers, under numbers with this bit set.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

#[cfg(target_arch = "x86_64")]
fn also_in_x32(call: i64) -> impl Iterator<Item = i64> {
    [call, call | X32].into_iter()
}

/// And some under numbers that only x32 has, `sendmsg` and `execve` among them.
#[cfg(target_arch = "x86_64")]
fn x32_alone() -> impl Iterator<Item = i64> {
    (512..=547).map(|call| call | X32)
}

#[cfg(not(target_arch = "x86_64"))]
fn also_in_x32(call: i64) -> impl Iterator<Item = i64> {
    std::iter::once(call)
}

#[cfg(not(target_arch = "x86_64"))]
fn x32_alone() -> impl Iterator<Item = i64> {
    std::iter::empty()
}

/// No port, no Unix socket and signal of others, no program, and no file written but those that
/// are named. Returns the version in force.
fn landlock(writes: &[impl AsRef<Path>]) -> Result<Option<u8>, RulesetError> {
    let change = AccessFs::from_write(NEWEST);
    // What is written is renamed into place, so the right is to its folder.
    let folders = writes.iter().map(|file| match file.as_ref().parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    });
    let status = Ruleset::default()
        .handle_access(change | AccessFs::Execute)?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(folders, change))?
        .restrict_self()?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => None,
        (_, LandlockStatus::Available { effective_abi, .. }) => Some(effective_abi as u8),
        _ => None,
    })
}

/// Sockets that were here before us, the standard streams aside: those are how a caller speaks to
/// us, and some callers use sockets for them.
fn inherited_sockets() -> usize {
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    descriptors
        .filter_map(Result::ok)
        .filter(|entry| !matches!(entry.file_name().to_str(), Some("0" | "1" | "2")))
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    use std::process::Command;

    use super::*;
    use crate::files;

    /// In a process of its own, because it is for good.
    #[test]
    fn a_sealed_process_reaches_nobody_runs_nothing_and_writes_nothing() {
        let me = std::env::current_exe().unwrap();
        let mut child = Command::new(me);
        child.args(["--ignored", "--exact", "seal::linux::tests::sealed"]);
        let said = child.output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    #[ignore = "it seals the process that runs it; the test above has it one of its own"]
    fn sealed() {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let allowed = dir.path().join("allowed");
        std::fs::create_dir(&allowed).unwrap();
        let locks = lock(&Rights { writes: vec![allowed.join("file")] }).unwrap();
        assert_eq!(locks.inherited, 1, "the listener");
        assert!(is_filtered());
        // No way to a socket, and none with one that is here.
        refused(TcpStream::connect(address));
        refused(TcpListener::bind("127.0.0.1:0"));
        refused(UdpSocket::bind("[::1]:0"));
        refused(UnixStream::pair());
        refused(UnixListener::bind(dir.path().join("socket")));
        refused(UnixDatagram::unbound());
        refused(listener.accept());
        // A thread that starts later is sealed, too.
        refused(std::thread::spawn(UnixStream::pair).join().unwrap());
        refused(Command::new("true").spawn());
        // Files can be read; where there is Landlock, none can be written but the named one.
        std::fs::read("/proc/self/status").unwrap();
        files::write(&allowed.join("file"), b"", files::Reader::Everyone).unwrap();
        let elsewhere = dir.path().join("elsewhere");
        let written = files::write(&elsewhere, b"", files::Reader::Everyone);
        assert_eq!(written.is_err(), locks.landlock.is_some());
    }

    #[track_caller]
    fn refused<T: std::fmt::Debug>(tried: std::io::Result<T>) {
        assert_eq!(tried.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn every_refused_call_is_in_the_filter_under_each_of_its_numbers() {
        // Applying it would seal the other tests of this process; whether it holds is asked of the
        // binary.
        let program = filter().unwrap();
        for call in REFUSED.iter().flat_map(|call| also_in_x32(*call)) {
            let number = u32::try_from(call).unwrap();
            assert!(program.iter().any(|step| step.k == number), "{call}");
        }
    }
}
