//! The life of a leaf: how a verified leaf becomes part of a promised tree.
//!
//! Read in this order: [`ports`] (what the log needs from the world, and how far it is trusted),
//! [`Submission`] (what is submitted), [`Sequencer::sequence`] (steps 1 to 4 of the life of a leaf),
//! [`Publisher`] (steps 5 to 7, off the path to the answer), [`recover()`] (a start), [`Pool`]
//! (the queue, and the two threads that run the machine), [`View`] (what readers see), [`Finder`]
//! (a leaf by its hash).
//!
//! In scope: order, durability, duplicates, pushback, recovery. Not here: files and their formats
//! (`lite-store`), what makes a leaf acceptable (the servers), Merkle proofs for verifiers
//! (`lite-tlog`).
//!
//! **Invariant:** nothing here knows HTTP, a file, or the wall clock.
//!
//! **Invariant:** no answer is given before the journal holds its leaf and the signed checkpoint
//! that covers it; after an uncertain commit no other checkpoint is signed until a restart has
//! looked.
//!
//! **Invariant:** a stored piece never changes, and a checkpoint is published only after every
//! piece it commits to is stored.

mod dedup;
mod error;
mod finder;
mod leaf;
pub mod margin;
mod pool;
pub mod ports;
mod publisher;
mod publishing;
mod reading;
mod recover;
mod right_edge;
mod sequencer;
mod shared;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;

pub use dedup::DedupKey;
pub use error::{AppendError, PublishError, ReadError, RecoverError, SequenceError};
pub use finder::Finder;
pub use leaf::{Leaf, MAX_EXTRA_BYTES, Submission};
pub use pool::{Done, Pool};
pub use publisher::Publisher;
pub use recover::{Promise, Recovered, recover};
pub use sequencer::{Answer, Machine, Sequenced, Sequencer};
pub use shared::Shared;
pub use status::{Events, Limits, PoolState, PoolStatus};
pub use view::{Tree, View};
