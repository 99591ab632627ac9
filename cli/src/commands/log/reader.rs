//! A log, read over the network and believed only as far as a signed checkpoint reaches.

use std::collections::BTreeMap;

use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::PublicKey;
use lite_tlog::{
    Checkpoint, EntryBundlePath, Hash, LogId, NoteVerifier, ProveError, Prover, TilePath,
    TileReader, entry_bundle, leaf_hash, verify_consistency, verify_inclusion,
};
use url::Url;

use crate::client::{Web, rekor};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// More tiles than the largest proof of the largest tree needs.
const MAX_TILES: usize = 256;

/// Entries of one entry bundle.
const BUNDLE_WIDTH: u64 = 256;

/// A log with its newest checkpoint, verified.
pub(super) struct LogReader {
    web: Web,
    url: String,
    checkpoint: Checkpoint,
    note: String,
    log_id: LogId,
    tiles: Tiles,
    prover: Prover,
}

impl LogReader {
    /// Fetches the newest checkpoint, and holds it to the logs of the trusted root.
    pub(super) async fn open(web: Web, url: String, root: &TrustedRoot) -> Outcome<Self> {
        let note = rekor::checkpoint(&web, &url).await?;
        let (checkpoint, verifier) = signed(&note, root).ok_or_else(|| {
            Failure::new(Exit::Refused, "the checkpoint is not signed by a log that is trusted")
                .note("log", &url)
                .note("checkpoint", String::from_utf8_lossy(&note).lines().next().unwrap_or(""))
                .hint("does this log belong to the trusted root? siglite use URL fetches another")
        })?;
        let log_id = verifier.log_id();
        let note = String::from_utf8_lossy(&note).into_owned();
        let (tiles, prover) = (Tiles::default(), Prover::new());
        Ok(Self { web, url, checkpoint, note, log_id, tiles, prover })
    }

    /// The newest checkpoint.
    pub(super) const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint as it is signed.
    pub(super) fn note(&self) -> &str {
        &self.note
    }

    /// The log's ID.
    pub(super) const fn log_id(&self) -> [u8; 32] {
        self.log_id.0
    }

    /// Where the log is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A leaf with the proof that it is in the newest tree.
    pub(super) async fn entry(&mut self, index: u64) -> Outcome<(Vec<u8>, Vec<Hash>)> {
        let size = self.checkpoint.size;
        check_index(index, size)?;
        let leaf = self.leaf(index).await?;
        let proof = self.prove(|prover, tiles| prover.inclusion(tiles, index, size)).await?;
        verify_inclusion(&leaf_hash(&leaf), index, size, &proof, &self.checkpoint.root)
            .map_err(|error| self.broken("the log does not hold this entry", &error))?;
        Ok((leaf, proof))
    }

    /// The root hash of the first `size` entries, and the proof that it holds the entry. The tree
    /// of `size` is proven to be the beginning of the signed one.
    pub(super) async fn inclusion(&mut self, index: u64, size: u64) -> Outcome<(Hash, Vec<Hash>)> {
        self.check_size(size)?;
        check_index(index, size)?;
        let leaf = leaf_hash(&self.leaf(index).await?);
        let root = self.root(size).await?;
        let proof = self.prove(|prover, tiles| prover.inclusion(tiles, index, size)).await?;
        verify_inclusion(&leaf, index, size, &proof, &root)
            .map_err(|error| self.broken("the log does not hold this entry", &error))?;
        Ok((root, proof))
    }

    /// The root hashes of two trees, and the proof that one begins with the other.
    pub(super) async fn consistency(
        &mut self,
        old: u64,
        new: u64,
    ) -> Outcome<(Hash, Hash, Vec<Hash>)> {
        self.check_size(new)?;
        if old > new {
            return Err(Failure::usage("the older tree is larger than the newer one")
                .note("older", old.to_string())
                .note("newer", new.to_string()));
        }
        let new_root = self.root(new).await?;
        let old_root = self.root(old).await?;
        let proof = self.prove(|prover, tiles| prover.consistency(tiles, old, new)).await?;
        verify_consistency(old, &old_root, new, &new_root, &proof)
            .map_err(|error| self.broken("the log has not only grown", &error))?;
        Ok((old_root, new_root, proof))
    }

    /// The root hash of the first `size` entries, proven to be the beginning of the signed tree.
    async fn root(&mut self, size: u64) -> Outcome<Hash> {
        let (newest, signed) = (self.checkpoint.size, self.checkpoint.root);
        let root = self.prove(|prover, tiles| prover.root(tiles, size)).await?;
        let proof = self.prove(|prover, tiles| prover.consistency(tiles, size, newest)).await?;
        verify_consistency(size, &root, newest, &signed, &proof).map_err(|error| {
            self.broken("the tiles do not make the tree that is signed", &error)
        })?;
        Ok(root)
    }

    /// Makes something out of tiles, fetching each that turns out to be missing.
    async fn prove<T>(
        &mut self,
        step: impl Fn(&mut Prover, &Tiles) -> Result<T, ProveError<Missing>>,
    ) -> Outcome<T> {
        loop {
            match step(&mut self.prover, &self.tiles) {
                Ok(made) => return Ok(made),
                Err(ProveError::Read { tile, .. }) if self.tiles.0.len() < MAX_TILES => {
                    self.fetch(&tile).await?;
                }
                Err(error) => return Err(self.broken("the tiles make no proof", &error)),
            }
        }
    }

    /// A tile of an older tree is the beginning of the newest tree's, which is sure to be there.
    async fn fetch(&mut self, tile: &TilePath) -> Outcome {
        let (level, index) = (tile.level(), tile.index());
        let newest = TilePath::in_tree(level, index, self.checkpoint.size).unwrap_or(*tile);
        let (path, full) = (newest.to_string(), newest.full().to_string());
        let bytes = rekor::resource(&self.web, &self.url, &path, &full).await?;
        self.tiles.0.insert((level, index), bytes);
        Ok(())
    }

    async fn leaf(&mut self, index: u64) -> Outcome<Vec<u8>> {
        let missing = || Failure::new(Exit::Internal, "the entry has no entry bundle");
        let path = EntryBundlePath::in_tree(index / BUNDLE_WIDTH, self.checkpoint.size)
            .ok_or_else(missing)?;
        let (name, full) = (path.to_string(), path.full().to_string());
        let bundle = rekor::resource(&self.web, &self.url, &name, &full).await?;
        let position = u16::try_from(index % BUNDLE_WIDTH).map_err(|_| missing())?;
        entry_bundle::leaf(&bundle, position)
            .map(<[u8]>::to_vec)
            .map_err(|error| self.broken("the entry bundle is damaged", &error))
    }

    fn check_size(&self, size: u64) -> Outcome {
        if (1..=self.checkpoint.size).contains(&size) {
            return Ok(());
        }
        Err(Failure::usage(format!("the log has no tree of {size}"))
            .note("newest", self.checkpoint.size.to_string()))
    }

    fn broken(&self, sentence: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
        Failure::new(Exit::Refused, sentence)
            .note("log", &self.url)
            .because(error)
            .hint("keep the checkpoint (siglite log info --output json): it is the evidence")
    }
}

fn check_index(index: u64, size: u64) -> Outcome {
    if index < size {
        return Ok(());
    }
    Err(Failure::usage(format!("there is no entry {index} in a tree of {size}"))
        .hint("indexes begin with 0; siglite log info shows the tree's size"))
}

/// The checkpoint and who signed it, if that is a log of the trusted root.
fn signed(note: &[u8], root: &TrustedRoot) -> Option<(Checkpoint, NoteVerifier)> {
    root.tlogs.iter().find_map(|log| {
        let verifier = verifier(log)?;
        let checkpoint = Checkpoint::open(note, &verifier).ok()?;
        Some((checkpoint, verifier))
    })
}

/// A trusted log signs as the host of its URL.
fn verifier(log: &TransparencyLog) -> Option<NoteVerifier> {
    let host = Url::parse(&log.base_url).ok()?.host_str()?.to_owned();
    let key = PublicKey::from_spki_der(&log.public_key.raw_bytes).ok()?;
    NoteVerifier::new(&host, key).ok()
}

/// The tiles fetched so far, by level and index.
///
/// *Not* trusted: what is made of them must lead to the signed root hash.
#[derive(Default)]
struct Tiles(BTreeMap<(u8, u64), Vec<u8>>);

/// A tile that is yet to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not fetched")]
struct Missing;

impl TileReader for Tiles {
    type Tile = Vec<u8>;
    type Error = Missing;

    fn read_tile(&self, tile: &TilePath) -> Result<Vec<u8>, Missing> {
        self.0.get(&(tile.level(), tile.index())).cloned().ok_or(Missing)
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
