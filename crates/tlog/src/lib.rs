//! The transparency log's formats: Merkle trees, tiles, signed notes, checkpoints.
//!
//! Merkle trees are those of RFC 6962, Section 2.1 (the same in RFC 9162), over SHA-256. Tiles
//! and entry bundles are C2SP tlog-tiles, notes C2SP signed-note, checkpoints C2SP
//! tlog-checkpoint, cosignatures C2SP tlog-cosignature. Log IDs are those of Sigstore.
//!
//! Not here: who stores tiles (`lite-store`), the life of a leaf (`lite-sequencer`), static-ct's
//! leaves and RFC 6962 tree head signatures (`ct-lite`).
//!
//! Read in this order: [`hash`], [`edge`] (a tree that grows), [`prover`] (proofs out of tiles),
//! [`proof`] (their verification), [`tile_path`] and [`entry_bundle`] (what is stored, and under
//! which name), [`note`] and [`checkpoint`], [`note_key`] (who signs), [`cosignature`],
//! [`log_id`].
//!
//! **Invariant:** nothing here knows a file, a socket or a clock. Tiles come in through
//! [`TileReader`], which is not trusted: a wrong hash makes a proof that does not verify.
//!
//! **Invariant:** parsers are exact. What they accept, they write again byte for byte, so that
//! one thing has one name.

pub mod checkpoint;
pub mod cosignature;
pub mod edge;
pub mod entry_bundle;
pub mod hash;
pub mod log_id;
pub mod note;
pub mod note_key;
pub mod proof;
pub mod prover;
pub mod tile_path;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{CosignatureError, CosignatureVerifier};
pub use edge::{Edge, EdgeError, NewHash};
pub use entry_bundle::{EntryBundleError, MAX_LEAF_BYTES};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use log_id::{LogId, SpkiLogId};
pub use note::{KeyId, NoteError, NoteSignature, SignedNote};
pub use note_key::{NoteSigner, NoteVerifier, VkeyError};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use prover::{MemoryTiles, ProveError, Prover, TileReader, consistency_proof, inclusion_proof};
pub use tile_path::{EntryBundlePath, TilePath, TilePathError};
