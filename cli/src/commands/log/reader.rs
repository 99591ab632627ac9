//! A log of either version, read over the network and believed only as far as a signed checkpoint
//! reaches.

use std::collections::BTreeMap;

use lite_bundle::trust::TrustedRoot;
use lite_tlog::tile_path::{TILE_HEIGHT, TILE_WIDTH};
use lite_tlog::{
    Checkpoint, EntryBundlePath, Hash, MAX_LEAF_BYTES, ProveError, Prover, TilePath, TileReader,
    entry_bundle, leaf_hash, verify_consistency, verify_inclusion,
};

use super::checkpoints::Signed;
use super::entry::Entry;
use crate::client::rekor_v1::Name;
use crate::client::{Web, below, rekor, rekor_v1};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::trust::{LogService, LogVersion};

/// More tiles than the largest proof of the largest tree needs.
const MAX_TILES_OF_A_PROOF: usize = 64;

/// Tiles that are kept: two megabytes.
const MAX_TILES: usize = 256;

/// The largest entry bundle: 256 leaves, each behind its length.
pub(super) const MAX_BUNDLE_BYTES: usize = (MAX_LEAF_BYTES + 2) * TILE_WIDTH as usize;

/// A log with its newest checkpoint, verified.
pub(super) struct LogReader {
    web: Web,
    log: LogService,
    root: TrustedRoot,
    signed: Signed,
    tiles: Tiles,
    prover: Prover,
    /// The entry bundle that was read last: entries are often read in a row.
    bundle: Option<(u64, Vec<u8>)>,
}

impl LogReader {
    /// Fetches the newest checkpoint, and holds it to the logs of the trusted root.
    pub(super) async fn open(web: Web, log: LogService, root: &TrustedRoot) -> Outcome<Self> {
        let note = match log.version {
            LogVersion::V2 => rekor::checkpoint(&web, &log.url).await?,
            LogVersion::V1 => rekor_v1::checkpoint(&web, &log.url).await?,
        };
        let signed = Signed::open(&note, root, log.version).ok_or_else(|| {
            Failure::new(Exit::Refused, "the checkpoint is not signed by a log that is trusted")
                .note("log", &log.url)
                .note("checkpoint", String::from_utf8_lossy(&note).lines().next().unwrap_or(""))
                .hint("does this log belong to the trusted root? siglite use URL fetches another")
        })?;
        let (tiles, prover) = (Tiles::default(), Prover::new());
        Ok(Self { web, log, root: root.clone(), signed, tiles, prover, bundle: None })
    }

    /// The newest checkpoint.
    pub(super) const fn checkpoint(&self) -> &Checkpoint {
        &self.signed.checkpoint
    }

    /// The newest checkpoint as it is signed, and by whom.
    pub(super) const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Which log this is.
    pub(super) const fn service(&self) -> &LogService {
        &self.log
    }

    /// An entry with the proof that it is in the newest tree.
    pub(super) async fn entry(&mut self, index: u64) -> Outcome<Entry> {
        if self.log.version == LogVersion::V1 {
            return self.entry_of_v1(Name::Index(index)).await;
        }
        let size = self.checkpoint().size;
        check_index(index, size)?;
        let leaf = self.leaf(index).await?;
        let proof = self.prove(|prover, tiles| prover.inclusion(tiles, index, size)).await?;
        verify_inclusion(&leaf_hash(&leaf), index, size, &proof, &self.checkpoint().root)
            .map_err(|error| self.broken("the log does not hold this entry", &error))?;
        let signed = self.signed.clone();
        Ok(Entry { index, leaf, leaf_index: index, proof, signed, promised: None })
    }

    /// An entry of a log of v1, which proves each itself.
    pub(super) async fn entry_of_v1(&self, name: Name<'_>) -> Outcome<Entry> {
        let answer = rekor_v1::entry(&self.web, &self.log.url, name).await?;
        let answer = answer.ok_or_else(|| {
            let named = match name {
                Name::Index(index) => index.to_string(),
                Name::Uuid(uuid) => uuid.to_owned(),
            };
            Failure::usage(format!("the log has no entry {named}"))
                .note("log", &self.log.url)
                .hint("indexes begin with 0; siglite log search finds entries")
        })?;
        let entry = Entry::verify(&answer, &self.root, LogVersion::V1)?;
        let is_asked_for = match name {
            Name::Index(index) => entry.index == index,
            Name::Uuid(uuid) => hex::encode(leaf_hash(&entry.leaf))
                .eq_ignore_ascii_case(&uuid[uuid.len().saturating_sub(64)..]),
        };
        if is_asked_for { Ok(entry) } else { Err(self.another_entry(&entry)) }
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

    /// Whether the newest tree has this hash at a place of a tile level, by the hashes around it.
    pub(super) async fn holds(&mut self, level: u8, index: u64, hash: &Hash) -> Outcome<bool> {
        let Checkpoint { size, root, .. } = *self.checkpoint();
        // The path of a leaf below leads through the place. From there on it is the path of a leaf
        // in the tree over such places.
        let height = TILE_HEIGHT * u32::from(level);
        let Some(leaf) = index.checked_shl(height).filter(|leaf| *leaf < size) else {
            return Ok(false);
        };
        let proof = self.prove(|prover, tiles| prover.inclusion(tiles, leaf, size)).await?;
        let Some(above) = proof.get(height as usize..) else { return Ok(false) };
        let places = ((size - 1) >> height) + 1;
        Ok(verify_inclusion(hash, index, places, above, &root).is_ok())
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

    /// Proves that the newest tree begins with one that the same log signed before.
    pub(super) async fn extends(&mut self, old: &Signed) -> Outcome {
        let (before, now) = (&old.checkpoint, self.checkpoint().clone());
        if before.origin != now.origin || old.log_id != self.signed.log_id {
            return Err(self.parted("this is another log than before", old));
        }
        if before.size > now.size {
            return Err(self.parted("the log is shorter than it was", old));
        }
        if before.size == now.size || before.size == 0 {
            let same = before.size == 0 || before.root == now.root;
            let split = || self.parted("the log signed two trees of one size", old);
            return if same { Ok(()) } else { Err(split()) };
        }
        let (size, newest) = (before.size, now.size);
        let proof = match (self.log.version, self.signed.tree_id()) {
            (LogVersion::V1, Some(tree)) => {
                rekor_v1::consistency(&self.web, &self.log.url, tree, size, newest).await?
            }
            _ => self.prove(|prover, tiles| prover.consistency(tiles, size, newest)).await?,
        };
        verify_consistency(size, &before.root, newest, &now.root, &proof)
            .map_err(|error| self.parted("the log has not only grown", old).because(&error))
    }

    /// A tile as the log serves it: of an older tree it is the beginning of the newest tree's,
    /// which is sure to be there.
    pub(super) async fn tile(&self, tile: &TilePath) -> Outcome<Vec<u8>> {
        self.resource(&tile.to_string(), &tile.full().to_string()).await
    }

    /// An entry bundle as the log serves it.
    pub(super) async fn bundle(&self, bundle: &EntryBundlePath) -> Outcome<Vec<u8>> {
        self.resource(&bundle.to_string(), &bundle.full().to_string()).await
    }

    async fn resource(&self, path: &str, full: &str) -> Outcome<Vec<u8>> {
        let api = match self.log.version {
            LogVersion::V1 => "api/v1",
            LogVersion::V2 => "api/v2",
        };
        rekor::resource(&self.web, &below(&self.log.url, api), path, full).await
    }

    /// The root hash of the first `size` entries, proven to be the beginning of the signed tree.
    async fn root(&mut self, size: u64) -> Outcome<Hash> {
        let Checkpoint { size: newest, root: signed, .. } = *self.checkpoint();
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
        if self.tiles.0.len() > MAX_TILES {
            self.tiles.0.clear();
        }
        let mut fetched = 0;
        loop {
            match step(&mut self.prover, &self.tiles) {
                Ok(made) => return Ok(made),
                Err(ProveError::Read { tile, .. }) if fetched < MAX_TILES_OF_A_PROOF => {
                    fetched += 1;
                    let (level, index) = (tile.level(), tile.index());
                    let newest = TilePath::in_tree(level, index, self.checkpoint().size);
                    let bytes = self.tile(&newest.unwrap_or(tile)).await?;
                    self.tiles.0.insert((level, index), bytes);
                }
                Err(error) => return Err(self.broken("the tiles make no proof", &error)),
            }
        }
    }

    async fn leaf(&mut self, index: u64) -> Outcome<Vec<u8>> {
        let (number, position) = (index / u64::from(TILE_WIDTH), index % u64::from(TILE_WIDTH));
        let missing = || Failure::new(Exit::Internal, "the entry has no entry bundle");
        if self.bundle.as_ref().is_none_or(|(held, _)| *held != number) {
            let path = EntryBundlePath::in_tree(number, self.checkpoint().size);
            let bytes = self.bundle(&path.ok_or_else(missing)?).await?;
            self.bundle = Some((number, bytes));
        }
        let bundle = self.bundle.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        entry_bundle::leaf(bundle, u16::try_from(position).map_err(|_| missing())?)
            .map(<[u8]>::to_vec)
            .map_err(|error| self.broken("the entry bundle is damaged", &error))
    }

    fn check_size(&self, size: u64) -> Outcome {
        if (1..=self.checkpoint().size).contains(&size) {
            return Ok(());
        }
        Err(Failure::usage(format!("the log has no tree of {size}"))
            .note("newest", self.checkpoint().size.to_string()))
    }

    fn broken(&self, sentence: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
        Failure::new(Exit::Refused, sentence)
            .note("log", &self.log.url)
            .because(error)
            .hint("keep the checkpoint (siglite log info --output json): it is the evidence")
    }

    /// Two checkpoints that one honest log cannot have signed, both shown.
    fn parted(&self, sentence: &str, old: &Signed) -> Failure {
        Failure::new(Exit::Refused, sentence)
            .note("log", &self.log.url)
            .note("before", old.note.trim_end())
            .note("now", self.signed.note.trim_end())
            .hint("keep both checkpoints: they are the evidence")
    }

    fn another_entry(&self, entry: &Entry) -> Failure {
        Failure::new(Exit::Refused, "the log answers with another entry than was asked for")
            .note("log", &self.log.url)
            .note("found", entry.line())
    }
}

fn check_index(index: u64, size: u64) -> Outcome {
    if index < size {
        return Ok(());
    }
    Err(Failure::usage(format!("there is no entry {index} in a tree of {size}"))
        .hint("indexes begin with 0; siglite log info shows the tree's size"))
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
