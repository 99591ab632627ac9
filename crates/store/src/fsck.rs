//! The oracle: derives a log's tree again from every stored byte.
//!
//! It checks two sentences: what is public is complete, and what is committed can still be made
//! public. It changes nothing and takes no lock; on a log that runs, it may report what is just
//! being written.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lite_sequencer::ports::{CheckpointSigner, Piece, Record};
use lite_sequencer::{Leaf, Tree, margin};
use lite_time::Time;
use lite_tlog::{
    Edge, EntryBundlePath, Hash, MemoryTiles, TilePath, TileReader, entry_bundle, leaf_hash,
};

use crate::checkpoint_memory;
use crate::identity::Identity;
use crate::open::Layout;
use crate::scan::{Scan, scan};
use crate::tiles::FileTiles;

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Finding {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What may be wrong with a file of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is of another log or key.
    #[error("belongs to another log or another key")]
    Another,
    /// Its bytes are not those of the tree.
    #[error("is damaged")]
    Damaged,
    /// It must be there.
    #[error("is missing")]
    Missing,
    /// The published checkpoint promises what the journal does not have.
    #[error("promises more leaves than the journal has")]
    Rollback,
    /// A signed checkpoint has another root than the leaves.
    #[error("has a checkpoint with another root than the leaves")]
    Root,
    /// A leaf is older than the one before.
    #[error("has a leaf that is older than the one before")]
    TimeGoesBack,
    /// It cannot be read.
    #[error("is not readable")]
    Unreadable,
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of leaves, each hashed again.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The size of the published checkpoint.
    pub published: u64,
    /// What is wrong; nothing, in a sound log.
    pub findings: Vec<Finding>,
}

/// Checks the log in `dir`, whose checkpoints `signer` knows.
#[must_use]
pub fn fsck(dir: &Path, signer: &dyn CheckpointSigner) -> Report {
    let mut check = Check::new(dir, signer);
    check.identity();
    match scan(&Layout::new(dir).journal()) {
        Ok(found) => check.tree(found),
        Err(_) => check.find(Layout::new(dir).journal(), Problem::Damaged),
    }
    check.report
}

struct Check<'a> {
    dir: &'a Path,
    signer: &'a dyn CheckpointSigner,
    tiles: FileTiles,
    report: Report,
    edge: Edge,
    /// The tiles above level 0, derived again.
    derived: MemoryTiles,
    last_time: Option<Time>,
}

impl<'a> Check<'a> {
    fn new(dir: &'a Path, signer: &'a dyn CheckpointSigner) -> Self {
        Self {
            dir,
            signer,
            tiles: FileTiles::new(dir),
            report: Report::default(),
            edge: Edge::new(),
            derived: MemoryTiles::default(),
            last_time: None,
        }
    }

    fn find(&mut self, path: PathBuf, problem: Problem) {
        self.report.findings.push(Finding { path, problem });
    }

    fn identity(&mut self) {
        let path = Layout::new(self.dir).identity();
        match Identity::read(&path) {
            Err(_) => self.find(path, Problem::Damaged),
            Ok(None) => self.find(path, Problem::Missing),
            Ok(Some(identity)) => {
                let log_id = hex::encode(self.signer.log_id());
                if identity.origin != self.signer.origin() || identity.log_id != log_id {
                    self.find(path, Problem::Another);
                }
            }
        }
    }

    fn tree(&mut self, found: Scan) {
        let journal = Layout::new(self.dir).journal();
        let (Some(first), Some(newest)) = (found.records.first(), found.records.last()) else {
            return self.find(journal, Problem::Missing);
        };
        let (first, newest) = (first.first, Arc::clone(&newest.tree));
        // Checkpoints by the size of their tree: each is checked when the tree has that size.
        let mut checkpoints: BTreeMap<u64, Vec<(PathBuf, Hash)>> = BTreeMap::new();
        let published = self.published(newest.size);
        self.report.published = published.map_or(0, |(size, _)| size);
        if let Some((size, root)) = published {
            let at = (FileTiles::checkpoint(self.dir), root);
            checkpoints.entry(size).or_default().push(at);
        }
        for record in &found.records {
            let root = self.signed_root(&record.tree, &journal);
            checkpoints.entry(record.tree.size).or_default().push((journal.clone(), root));
        }
        let leaves = Kept { first, records: found.records }.by_index();
        for bundle in 0..newest.size.div_ceil(256) {
            let end = newest.size.min((bundle + 1) * 256);
            let Some(leaves) = self.bundle(bundle, end, first, &leaves) else { return };
            for leaf in &leaves {
                self.time(leaf, bundle);
            }
            let mut hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash()).collect();
            if end.is_multiple_of(256) {
                let must = bundle * 256 < first || end <= self.report.published;
                self.settle(bundle, &mut hashes, must);
            }
            for hash in hashes {
                let derived = &mut self.derived;
                self.edge.append_hash(hash, |new| derived.push(new));
                for (path, root) in checkpoints.remove(&self.edge.size()).unwrap_or_default() {
                    if root != self.edge.root() {
                        self.find(path, Problem::Root);
                    }
                }
            }
        }
        self.upper_tiles(first);
        self.partials();
        (self.report.size, self.report.root) = (self.edge.size(), self.edge.root());
    }

    /// The published checkpoint's size and root.
    fn published(&mut self, size: u64) -> Option<(u64, Hash)> {
        let path = FileTiles::checkpoint(self.dir);
        match checkpoint_memory::read(&path) {
            Err(_) => self.find(path, Problem::Unreadable),
            // Between the first commit and the first publication.
            Ok(None) => {}
            Ok(Some(text)) => match self.signer.open(&text) {
                Err(_) => self.find(path, Problem::Damaged),
                Ok(content) if content.size > size => self.find(path, Problem::Rollback),
                Ok(content) => return Some((content.size, content.root)),
            },
        }
        None
    }

    fn signed_root(&mut self, tree: &Tree, journal: &Path) -> Hash {
        match self.signer.open(&tree.checkpoint) {
            Ok(content) if content.size == tree.size && content.root == tree.root => {}
            _ => self.find(journal.to_path_buf(), Problem::Root),
        }
        tree.root
    }

    /// The leaves of a bundle: from the store, from the journal, or from both if they agree.
    fn bundle(
        &mut self,
        bundle: u64,
        end: u64,
        first: u64,
        kept: &BTreeMap<u64, Arc<Leaf>>,
    ) -> Option<Vec<Arc<Leaf>>> {
        let range = bundle * 256..end;
        let from_journal: Vec<_> =
            kept.range(range.clone()).map(|(_, leaf)| leaf.clone()).collect();
        let complete = from_journal.len() as u64 == end - range.start;
        if !end.is_multiple_of(256) {
            if !complete {
                self.find(Layout::new(self.dir).journal(), Problem::Missing);
            }
            return complete.then_some(from_journal);
        }
        let must = range.start < first || end <= self.report.published;
        let stored = self.stored_bundle(bundle, must);
        let Some(stored) = stored else { return complete.then_some(from_journal) };
        let skip = stored.len() - from_journal.len();
        if stored[skip..] != from_journal[..] {
            self.find(self.tiles.path(Piece::Bundle(bundle)), Problem::Damaged);
        }
        Some(stored)
    }

    fn stored_bundle(&mut self, bundle: u64, must: bool) -> Option<Vec<Arc<Leaf>>> {
        let bytes = self.stored(Piece::Bundle(bundle), must);
        let notes = self.stored(Piece::Margin(bundle), must);
        let (bytes, notes) = (bytes?, notes?);
        let Ok(leaves) = entry_bundle::decode_exact(&bytes, 256) else {
            self.find(self.tiles.path(Piece::Bundle(bundle)), Problem::Damaged);
            return None;
        };
        let Some(notes) = margin::decode(&notes).ok().filter(|notes| notes.len() == 256) else {
            self.find(self.tiles.path(Piece::Margin(bundle)), Problem::Damaged);
            return None;
        };
        let leaf = |(bytes, note): (&[u8], margin::MarginNote)| {
            let margin::MarginNote { time, identity, extra } = note;
            Arc::new(Leaf { bytes: Arc::from(bytes), time, identity, extra })
        };
        Some(leaves.into_iter().zip(notes).map(leaf).collect())
    }

    fn stored(&mut self, piece: Piece, must: bool) -> Option<Vec<u8>> {
        let path = self.tiles.path(piece);
        match fs::read(&path) {
            Ok(bytes) => return Some(bytes),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.find(path, Problem::Unreadable);
            }
            Err(_) if must => self.find(path, Problem::Missing),
            Err(_) => {}
        }
        None
    }

    fn time(&mut self, leaf: &Leaf, bundle: u64) {
        if self.last_time.is_some_and(|last| leaf.time < last) {
            self.find(self.tiles.path(Piece::Margin(bundle)), Problem::TimeGoesBack);
        }
        self.last_time = Some(leaf.time);
    }

    /// A bundle and the tile over it must agree. Where they do not, the tile above knows which of
    /// them is right, and the check goes on with that one; without it, both are named.
    fn settle(&mut self, bundle: u64, hashes: &mut Vec<Hash>, must: bool) {
        let piece = Piece::Tile { level: 0, index: bundle };
        let Some(stored) = self.stored(piece, must) else { return };
        if stored == hashes.as_flattened() {
            return;
        }
        let above = self.stored_above(bundle);
        if above.is_none_or(|above| above != root_of(hashes)) {
            self.find(self.tiles.path(Piece::Bundle(bundle)), Problem::Damaged);
        }
        let (stored, rest) = stored.as_chunks();
        if rest.is_empty() && stored.len() == 256 && above == Some(root_of(stored)) {
            *hashes = stored.to_vec();
        } else {
            self.find(self.tiles.path(piece), Problem::Damaged);
        }
    }

    /// What the tile above says of a full tile at level 0, from its file or its partial copy.
    fn stored_above(&self, bundle: u64) -> Option<Hash> {
        let mut paths = vec![self.tiles.path(Piece::Tile { level: 1, index: bundle / 256 })];
        let partial = TilePath::in_tree(1, bundle / 256, self.report.published);
        paths.extend(partial.map(|path| self.dir.join("tree").join(path.to_string())));
        let bytes = paths.iter().find_map(|path| fs::read(path).ok())?;
        bytes.as_chunks().0.get(usize::try_from(bundle % 256).ok()?).copied()
    }

    fn upper_tiles(&mut self, first: u64) {
        let size = self.edge.size();
        for level in 1..8_u8 {
            let leaves = 256_u64.pow(u32::from(level));
            for index in 0..size / leaves / 256 {
                let end = (index + 1).saturating_mul(leaves).saturating_mul(256);
                self.tile(level, index, end < first || end <= self.report.published);
            }
        }
    }

    fn tile(&mut self, level: u8, index: u64, must: bool) {
        let piece = Piece::Tile { level, index };
        let Some(stored) = self.stored(piece, must) else { return };
        let derived = TilePath::new(level, index, 256).map(|path| self.derived.read_tile(&path));
        if derived != Some(Ok(stored)) {
            self.find(self.tiles.path(piece), Problem::Damaged);
        }
    }

    /// The partial copies of the published checkpoint.
    fn partials(&mut self) {
        let published = self.report.published;
        for path in TilePath::partials(published) {
            let derived = self.derived.read_tile(&path).unwrap_or_default();
            self.copy(&path.to_string(), |bytes| *bytes == derived);
        }
        if let Some(path) = EntryBundlePath::in_tree(published / 256, published) {
            let width = path.width();
            let hashes = TilePath::new(0, path.index(), width);
            let hashes = hashes.and_then(|path| self.derived.read_tile(&path).ok());
            let hashes = hashes.unwrap_or_default();
            self.copy(&path.to_string(), |bytes| {
                let leaves = entry_bundle::decode_exact(bytes, width).unwrap_or_default();
                let found: Vec<Hash> = leaves.into_iter().map(leaf_hash).collect();
                found.as_flattened() == hashes
            });
        }
    }

    fn copy(&mut self, name: &str, is_right: impl FnOnce(&Vec<u8>) -> bool) {
        let path = self.dir.join("tree").join(name);
        match fs::read(&path) {
            Ok(bytes) if is_right(&bytes) => {}
            Ok(_) => self.find(path, Problem::Damaged),
            Err(_) => self.find(path, Problem::Missing),
        }
    }
}

/// The root over the hashes of a full tile.
fn root_of(hashes: &[Hash]) -> Hash {
    let mut edge = Edge::new();
    for hash in hashes {
        edge.append_hash(*hash, |_| {});
    }
    edge.root()
}

/// The leaves that the journal still has.
struct Kept {
    first: u64,
    records: Vec<Record>,
}

impl Kept {
    fn by_index(self) -> BTreeMap<u64, Arc<Leaf>> {
        (self.first..).zip(self.records.into_iter().flat_map(|record| record.leaves)).collect()
    }
}
