//! Durable files, folder locks, the log's journal and tiles, and derived indexes.
//!
//! Read in this order: [`durable`] (how a file becomes durable), [`FolderLock`], [`key_file`] and
//! [`public`] (what a server keeps for itself, and what for everybody), then [`Log`]: a running log
//! in one folder, which puts these adapters behind the ports of `lite-sequencer`:
//!
//! ```text
//! DIR/log.json      origin, log ID, time of creation: written once
//! DIR/lock          locked by the kernel while a process runs the log
//! DIR/journal/      leaves and signed checkpoints, in write-ahead segments; trusted
//! DIR/tree/         checkpoint, tile/…: servable by any web server as C2SP tlog-tiles
//! DIR/margin/       what is known of leaves and not hashed: times, identities, extras
//! DIR/index/        finds duplicates; derived, may be lost
//! ```
//!
//! Not here: the order of the steps that makes a log safe (`lite-sequencer`), formats of the tree
//! (`lite-tlog`), HTTP.
//!
//! **Invariant:** a log that is refused at a start is left as it was found.
//!
//! **Invariant:** after a write or a sync that may have failed, nothing is written again by the
//! same process, unless it is certain that nothing was kept.

mod checkpoint_memory;
mod clock;
pub mod durable;
#[cfg(not(feature = "faults"))]
mod fault;
#[cfg(feature = "faults")]
pub mod fault;
mod fsck;
mod identity;
mod index;
mod journal;
pub mod key_file;
mod lock;
mod log;
mod open;
mod open_error;
pub mod public;
mod scan;
mod segment;
mod signer;
#[cfg(test)]
mod tests;
mod tiles;

pub use clock::SystemClock;
pub use fsck::{Finding, Problem, Report, fsck};
pub use journal::JournalError;
pub use lite_sequencer::{
    AppendError, Leaf, Limits, PoolState, ReadError, Sequenced, Submission, Tree, View,
};
pub use lock::{FolderLock, LockError};
pub use log::{Log, LogHealth};
pub use open::LogConfig;
pub use open_error::OpenError;
pub use signer::NoteCheckpointSigner;
