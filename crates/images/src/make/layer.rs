//! A layer: a tar archive, compressed, that is the same for the same files.
//!
//! Names are sorted; owner, group and times are zero; of a mode only whether it may be run counts.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::{Compression, GzBuilder, write::GzEncoder};
use lite_oci::{Descriptor, Digest, DigestAlgorithm, Hasher, media_type};
use tar::EntryType;

use super::MakeError;
use crate::archive::header;
use crate::error::ImageError;
use crate::layout::Layout;
use crate::layout::files::Unnamed;

/// A layer in a layout.
pub(super) struct Layer {
    pub(super) blob: Descriptor,
    /// The digest of the archive before it was compressed.
    pub(super) diff_id: Digest,
}

/// Counts and hashes what passes.
struct Hashed<W> {
    inner: W,
    hasher: Hasher,
    size: u64,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::new(DigestAlgorithm::Sha256), size: 0 }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

type Tar<'a> = tar::Builder<Hashed<GzEncoder<Hashed<&'a mut File>>>>;

impl Layer {
    /// A layer with one file that may be run.
    pub(super) fn of_file(layout: &Layout, name: &str, bytes: &[u8]) -> Result<Self, MakeError> {
        Self::build(layout, |tar| Ok(append(tar, name, bytes.len() as u64, 0o755, bytes)?))
    }

    /// A layer of a file, which may be run, or of what is in a folder; and what is run.
    pub(super) fn of_path(
        layout: &Layout,
        path: &Path,
    ) -> Result<(Self, Option<String>), MakeError> {
        let about = fs::metadata(path).map_err(ImageError::io(path))?;
        if about.is_dir() {
            return Ok((Self::build(layout, |tar| folder(tar, path, ""))?, None));
        }
        if !about.is_file() {
            return Err(MakeError::Special(path.to_owned()));
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
        let layer = Self::build(layout, |tar| {
            let file = File::open(path).map_err(ImageError::io(path))?;
            Ok(append(tar, name, about.len(), 0o755, file.take(about.len()))?)
        })?;
        Ok((layer, Some(format!("/{name}"))))
    }

    fn build(
        layout: &Layout,
        fill: impl FnOnce(&mut Tar<'_>) -> Result<(), MakeError>,
    ) -> Result<Self, MakeError> {
        let place = layout.path().join("blobs/sha256/layer");
        let io = || ImageError::io(&place);
        let mut packed_file = Unnamed::beside(&place)?;
        // No name and no time in gzip's head.
        let gzip =
            GzBuilder::new().write(Hashed::new(packed_file.as_file()), Compression::default());
        let mut tar = tar::Builder::new(Hashed::new(gzip));
        fill(&mut tar)?;
        let Hashed { inner: gzip, hasher: plain, .. } = tar.into_inner().map_err(io())?;
        let diff_id = plain.finish();
        let Hashed { hasher: packed, size, .. } = gzip.finish().map_err(io())?;
        let digest = packed.finish();
        let blob = Descriptor::new(media_type::LAYER_TAR_GZIP, digest, size);
        packed_file.name_as(&layout.blob_path(&blob.digest))?;
        Ok(Self { blob, diff_id })
    }
}

fn append(
    tar: &mut Tar<'_>,
    name: &str,
    size: u64,
    mode: u32,
    bytes: impl Read,
) -> Result<(), ImageError> {
    let mut header = header(size);
    header.set_mode(mode);
    tar.append_data(&mut header, name, bytes).map_err(ImageError::io(name))
}

fn folder(tar: &mut Tar<'_>, path: &Path, below: &str) -> Result<(), MakeError> {
    let entries = fs::read_dir(path).map_err(ImageError::io(path))?;
    let mut entries = entries.collect::<io::Result<Vec<_>>>().map_err(ImageError::io(path))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let io = || ImageError::io(&path);
        // A name that is no text would be another on another machine.
        let name = entry.file_name().into_string();
        let name = name.map_err(|_| MakeError::Special(path.clone()))?;
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        let about = fs::symlink_metadata(&path).map_err(io())?;
        if about.is_dir() {
            let mut header = header(0);
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, format!("{name}/"), io::empty()).map_err(io())?;
            folder(tar, &path, &name)?;
        } else if about.is_symlink() {
            let target = fs::read_link(&path).map_err(io())?;
            let mut header = header(0);
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            tar.append_link(&mut header, &name, target).map_err(io())?;
        } else if about.is_file() {
            let mode = if about.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
            let file = File::open(&path).map_err(io())?;
            append(tar, &name, about.len(), mode, file.take(about.len()))?;
        } else {
            return Err(MakeError::Special(path));
        }
    }
    Ok(())
}
