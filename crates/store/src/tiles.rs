//! Tiles, entry bundles, margins and the public checkpoint, as files.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lite_sequencer::ports::{Piece, StoreError, TileStore};
use lite_tlog::{EntryBundlePath, TilePath, tile_path};

use crate::{durable, fault};

/// How many generations of a partial tile stay for readers of the files. Such a reader may hold a
/// checkpoint that is some publications old.
const PARTIALS_KEPT: usize = 8;

/// Files under `tree/` (servable as they are) and `margin/`.
pub(crate) struct FileTiles {
    tree: PathBuf,
    margin: PathBuf,
    /// The folders that this process knows to be there, durably.
    folders: Mutex<BTreeSet<PathBuf>>,
}

impl FileTiles {
    pub(crate) fn new(dir: &Path) -> Self {
        let folders = Mutex::default();
        Self { tree: dir.join("tree"), margin: dir.join("margin"), folders }
    }

    /// The public checkpoint's file.
    pub(crate) fn checkpoint(dir: &Path) -> PathBuf {
        dir.join("tree").join("checkpoint")
    }

    pub(crate) fn path(&self, piece: Piece) -> PathBuf {
        match piece {
            Piece::Tile { level, index } => {
                let index = tile_path::format_index(index, tile_path::TILE_WIDTH);
                self.tree.join("tile").join(level.to_string()).join(index)
            }
            Piece::Bundle(index) => {
                let index = tile_path::format_index(index, tile_path::TILE_WIDTH);
                self.tree.join("tile/entries").join(index)
            }
            Piece::Margin(index) => {
                self.margin.join(tile_path::format_index(index, tile_path::TILE_WIDTH))
            }
        }
    }

    fn mode(piece: Piece) -> u32 {
        match piece {
            Piece::Margin(_) => durable::PRIVATE,
            Piece::Tile { .. } | Piece::Bundle(_) => durable::PUBLIC,
        }
    }

    fn put_all(&self, pieces: &[(Piece, Vec<u8>)]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for (piece, bytes) in pieces {
            let path = self.path(*piece);
            folders.extend(self.folder_of(&path)?);
            put_immutable(&path, bytes, Self::mode(*piece))?;
        }
        folders.iter().try_for_each(|folder| durable::sync_dir(folder))
    }

    fn put_copies(&self, copies: &[(PathBuf, &[u8])]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for (path, bytes) in copies {
            folders.extend(self.folder_of(path)?);
            // Copies of what the log has in memory: whatever is there is replaced.
            durable::replace(path, bytes, durable::PUBLIC)?;
        }
        folders.iter().try_for_each(|folder| durable::sync_dir(folder))
    }

    /// The folder of a file, which is there, durably: also one that a process made that died
    /// before it was.
    fn folder_of(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let Some(folder) = path.parent() else { return Ok(None) };
        let mut known = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(folder) {
            durable::create_dir_all(folder)?;
            known.insert(folder.to_path_buf());
        }
        Ok(Some(folder.to_path_buf()))
    }

    /// The folder of the partial copies of a tile or a bundle.
    fn partials_of(&self, piece: Piece) -> PathBuf {
        let mut path = self.path(piece).into_os_string();
        path.push(".p");
        path.into()
    }

    fn drop_copies(&self, previous: u64, size: u64) -> io::Result<()> {
        // Once a full tile is covered by the published checkpoint, nobody needs its partials.
        for piece in edge(previous).into_iter().filter(|piece| is_full(*piece, size)) {
            let folder = self.partials_of(piece);
            self.folders.lock().unwrap_or_else(PoisonError::into_inner).remove(&folder);
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for piece in edge(size) {
            let folder = self.partials_of(piece);
            let mut widths: Vec<u16> = match fs::read_dir(&folder) {
                Ok(entries) => entries.filter_map(|entry| width_of(&entry.ok()?.path())).collect(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            widths.sort_unstable_by(|a, b| b.cmp(a));
            for width in widths.iter().skip(PARTIALS_KEPT) {
                fs::remove_file(folder.join(width.to_string()))?;
            }
        }
        Ok(())
    }
}

impl TileStore for FileTiles {
    fn put(&self, pieces: &[(Piece, Vec<u8>)]) -> Result<(), StoreError> {
        self.put_all(pieces).map_err(store_error)
    }

    fn get(&self, piece: Piece) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.path(piece)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::Failed(error.into())),
        }
    }

    fn put_partials(
        &self,
        tiles: &[(TilePath, Vec<u8>)],
        bundle: Option<&(EntryBundlePath, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let tiles = tiles.iter().map(|(path, bytes)| (path.to_string(), bytes));
        let bundle = bundle.iter().map(|(path, bytes)| (path.to_string(), bytes));
        let copies = tiles.chain(bundle).map(|(path, bytes)| (self.tree.join(path), &bytes[..]));
        let copies: Vec<_> = copies.collect();
        self.put_copies(&copies).map_err(store_error)
    }

    fn put_checkpoint(&self, checkpoint: &str) -> Result<(), StoreError> {
        let path = self.tree.join("checkpoint");
        durable::write(&path, checkpoint.as_bytes(), durable::PUBLIC).map_err(store_error)
    }

    fn drop_partials(&self, previous: u64, size: u64) -> Result<(), StoreError> {
        fault::step("drop partials")
            .and_then(|()| self.drop_copies(previous, size))
            .map_err(store_error)
    }
}

/// What an I/O error means: a full disk is certain to have kept nothing under the final name,
/// since the rename comes after the sync. Anything else is not certain.
pub(crate) fn store_error(error: io::Error) -> StoreError {
    if is_full_disk(&error) {
        StoreError::Full(error.into())
    } else {
        StoreError::Failed(error.into())
    }
}

/// Whether there is no room, for this file or for this user.
pub(crate) fn is_full_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Creates a file, or finds it equal.
fn put_immutable(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::read(path) {
        Ok(found) if found == bytes => Ok(()),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{} is there with other bytes", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            durable::replace(path, bytes, mode)
        }
        Err(error) => Err(error),
    }
}

/// The partial tiles and the partial bundle of a tree.
fn edge(size: u64) -> Vec<Piece> {
    let tile = |path: TilePath| Piece::Tile { level: path.level(), index: path.index() };
    let bundle = (!size.is_multiple_of(256)).then_some(Piece::Bundle(size / 256));
    TilePath::partials(size).map(tile).chain(bundle).collect()
}

fn is_full(piece: Piece, size: u64) -> bool {
    let there = match piece {
        Piece::Tile { level, index } => {
            return TilePath::in_tree(level, index, size).is_some_and(|path| path.is_full());
        }
        Piece::Bundle(index) | Piece::Margin(index) => EntryBundlePath::in_tree(index, size),
    };
    there.is_some_and(|path| path.is_full())
}

fn width_of(path: &Path) -> Option<u16> {
    path.file_name()?.to_str()?.parse().ok()
}
