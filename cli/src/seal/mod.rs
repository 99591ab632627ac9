//! `--sealed`: a verification that cannot reach anybody, and says what it believed.
//!
//! [`close`] comes first in a run, before any input is read and before there is a second thread:
//! from then on the kernel refuses this process every way to a socket, and so it does to whoever
//! takes the process over through a parser. What the verdict rests on is then files alone, so a
//! sealed run says which trusted root that was and how old it is ([`Trusted`]).
//!
//! docs/decisions/0020-sealed.md says what is given up, by which means, and what is not.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use linux as kernel;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod elsewhere;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use elsewhere as kernel;

mod trusted;

use std::cell::OnceCell;
use std::path::PathBuf;

use lite_time::Time;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::render::Screen;

pub(crate) use trusted::{Source, Trusted};

/// The flag of every command that can work from files.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Trust")]
pub(crate) struct SealFlag {
    /// Give up the ability to open sockets before anything is read, and say what was trusted and
    /// how old that is
    #[arg(long, hide_short_help = true)]
    pub(crate) sealed: bool,
}

/// What a sealed run keeps beside reading files and its open streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    /// Files that will be written.
    pub(crate) writes: Vec<PathBuf>,
}

/// How the kernel was told, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locks {
    /// The version of Landlock's interface that is in force beside seccomp, where there is one.
    pub(crate) landlock: Option<u8>,
    /// Sockets that whoever started the process left open in it, beyond the three standard streams.
    pub(crate) inherited: usize,
}

/// A process that opens no socket any more.
#[derive(Debug)]
pub(crate) struct Seal {
    locks: Locks,
    trusted: OnceCell<Trusted>,
}

/// Gives the rights up, and has the kernel say that they are gone. No socket is tried: a trace of a
/// sealed run shows no call of that family at all, and the tests try every way to one.
pub(crate) fn close(rights: &Rights) -> Outcome<Seal> {
    let locks = kernel::lock(rights)?;
    if kernel::is_filtered() {
        Ok(Seal { locks, trusted: OnceCell::new() })
    } else {
        Err(unsealed("the kernel took the filter, and does not say that it is in force"))
    }
}

/// Tells what a sealed run trusts; an unsealed one keeps it to itself.
pub(crate) fn tell(context: &Context, trusted: impl FnOnce(Time) -> Trusted) {
    if let Some(seal) = context.seal() {
        seal.trusts(trusted(context.clock().now()), *context.screen());
    }
}

/// Why nothing was verified: an answer that was asked for sealed is not given unsealed.
fn unsealed(why: impl Into<String>) -> Failure {
    Failure::usage("the process cannot be sealed, so nothing was read")
        .note("cause", why)
        .hint("--sealed needs seccomp, which some containers take away; without it the verdict is the same")
}

impl Seal {
    /// Keeps what is trusted for the report, and tells people at once.
    fn trusts(&self, trusted: Trusted, screen: Screen) {
        let words = trusted.words();
        // Several images are verified by one root, and one telling is enough.
        if self.trusted.set(trusted).is_err() {
            return;
        }
        screen.say(&self.words());
        screen.say(&words);
        if self.locks.inherited > 0 {
            screen.warn(&format!(
                "{} sockets were open before the process was sealed, and still are: whoever \
                 started it left them open",
                self.locks.inherited
            ));
        }
    }

    fn words(&self) -> String {
        let landlock = match self.locks.landlock {
            Some(abi) => format!("and Landlock (ABI {abi})"),
            None => "alone: this kernel has no Landlock".to_owned(),
        };
        format!("Sealed by seccomp {landlock}: every way to a socket is refused")
    }

    /// The report as an object.
    pub(crate) fn json(&self) -> Value {
        json!({
            "seccomp": true,
            "landlock": self.locks.landlock.map(|abi| json!({ "abi": abi })),
            "sockets": "refused",
            "inheritedSockets": self.locks.inherited,
            "trustedRoot": self.trusted.get().and_then(Trusted::json),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_by_which_means() {
        let seal =
            |landlock| Seal { locks: Locks { landlock, inherited: 0 }, trusted: OnceCell::new() };
        assert!(seal(Some(7)).words().contains("Landlock (ABI 7)"));
        assert!(seal(None).words().contains("seccomp alone"));
        assert_eq!(seal(Some(7)).json()["landlock"]["abi"], 7);
        assert_eq!(seal(None).json()["landlock"], Value::Null);
        assert_eq!(seal(None).json()["sockets"], "refused");
    }
}
