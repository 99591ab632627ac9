//! Search over a log: an index that is derived from it, follows it, and can be rebuilt.
//!
//! Read in this order: [`Query`] and [`Row`] (what is asked and what is known), [`Index`] (the port
//! of an engine) with its adapters [`RedbIndex`] and, behind the feature `index-sled`, `SledIndex`;
//! [`Source`] (the log, read for indexing), then [`Search`]: a folder, the index in it, and the
//! thread that follows the log.
//!
//! ```text
//! DIR/lock                     locked by the kernel while a process searches here
//! DIR/index-SCHEME-N.redb      the Nth index of this folder, by the source's scheme of keys
//! DIR/rebuild                  somebody asks for a rebuild; removed when it is done
//! ```
//!
//! Not here: what the keys of an entry are (`lite-entries`), where the log keeps its leaves
//! (`lite-store`), HTTP.
//!
//! **Invariant:** the index is written behind the log. Nothing that an answer of the log promises
//! waits for it, and losing the folder loses nothing: it is filled again.
//!
//! **Invariant:** rows and the tree size they reach are one transaction. An index never says that
//! it has what it has not.

mod error;
mod files;
mod find;
mod follower;
mod guard;
mod index;
mod query;
mod redb_index;
mod request;
mod search;
mod shared;
#[cfg(feature = "index-sled")]
mod sled_index;
mod source;
#[cfg(test)]
mod tests;

pub use error::{OpenError, SearchError};
pub use files::Engine;
pub use guard::Damaged;
pub use index::{Cause, Index, Row};
pub use query::{MAX_KEYS, MAX_LIMIT, Query, TooBroad};
pub use redb_index::RedbIndex;
pub use request::{Requested, is_requested, request_rebuild};
pub use search::{Answer, Search};
#[cfg(feature = "index-sled")]
pub use sled_index::SledIndex;
pub use source::Source;
