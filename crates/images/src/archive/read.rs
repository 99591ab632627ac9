//! An archive into a layout folder that is gone when it is dropped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use lite_oci::{
    Descriptor, Digest, DigestAlgorithm, Hasher, ImageManifest, MAX_MANIFEST_BYTES, Manifest, Tag,
    Target, media_type,
};
use serde::Deserialize;
use tar::EntryType;

use super::ArchiveError;
use crate::error::ImageError;
use crate::layout::Layout;
use crate::layout::files::Unnamed;

/// Most entries of an archive.
const MAX_ENTRIES: usize = 20_000;
/// Most bytes in all files of an archive.
const MAX_BYTES: u64 = 64 << 30;
/// Most links behind each other.
const MAX_LINKS: usize = 8;
/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 << 10;

/// An archive's images as a layout.
#[derive(Debug)]
pub struct Unpacked {
    /// The images, each with the tag it was saved under.
    pub layout: Layout,
    /// The full names they were saved under.
    pub names: Vec<(String, Digest)>,
    /// Removed when dropped.
    _folder: tempfile::TempDir,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// A file of the archive, by its content.
#[derive(Clone, Debug)]
struct Stored {
    digest: Digest,
    size: u64,
    first: [u8; 4],
}

#[derive(Default)]
struct Contents {
    files: BTreeMap<String, Stored>,
    links: BTreeMap<String, String>,
}

/// Unpacks an archive, compressed with gzip or not, into a folder below `scratch`, or the
/// system's place for such.
pub fn unpack(path: &Path, scratch: Option<&Path>) -> Result<Unpacked, ImageError> {
    let folder = match scratch {
        Some(scratch) => tempfile::tempdir_in(scratch),
        None => tempfile::tempdir(),
    };
    let folder = folder.map_err(ImageError::io(scratch.unwrap_or(path)))?;
    let layout = Layout::open_or_create(&folder.path().join("layout"))?;
    let mut file = File::open(path).map_err(ImageError::io(path))?;
    let mut magic = [0; 2];
    let read = file.read(&mut magic).map_err(ImageError::io(path))?;
    file.seek(SeekFrom::Start(0)).map_err(ImageError::io(path))?;
    let file = BufReader::new(file);
    let contents = if read == 2 && magic == [0x1f, 0x8b] {
        contents(MultiGzDecoder::new(file), &layout)
    } else {
        contents(file, &layout)
    };
    let names = contents.and_then(|contents| contents.images(&layout));
    match names {
        Ok(names) => Ok(Unpacked { layout, names, _folder: folder }),
        Err(Refusal::Archive(source)) => Err(ImageError::Archive { path: path.to_owned(), source }),
        Err(Refusal::Image(error)) => Err(error),
    }
}

enum Refusal {
    Archive(ArchiveError),
    Image(ImageError),
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

fn contents(archive: impl Read, layout: &Layout) -> Result<Contents, Refusal> {
    let mut contents = Contents::default();
    let mut budget = MAX_BYTES;
    // Twice the budget: tar's own blocks, and what a compressed stream may hold behind them.
    let mut archive = tar::Archive::new(archive.take(2 * MAX_BYTES));
    for (count, entry) in archive.entries().map_err(|_| ArchiveError::Tar)?.enumerate() {
        if count == MAX_ENTRIES {
            return Err(ArchiveError::TooMany.into());
        }
        let mut entry = entry.map_err(|_| ArchiveError::Tar)?;
        let name = key(&entry.path().map_err(|_| ArchiveError::Path)?, Path::new(""))?;
        let known = contents.files.contains_key(&name) || contents.links.contains_key(&name);
        match entry.header().entry_type() {
            EntryType::Directory => {}
            EntryType::Regular | EntryType::Continuous if !known => {
                budget = budget.checked_sub(entry.size()).ok_or(ArchiveError::TooLarge)?;
                contents.files.insert(name, store(&mut entry, layout)?);
            }
            kind @ (EntryType::Symlink | EntryType::Link) if !known => {
                let target = entry.link_name().ok().flatten().ok_or(ArchiveError::Link)?;
                // A hard link counts from the archive's root, a symbolic one from its own folder.
                let from = Path::new(&name).parent().filter(|_| kind == EntryType::Symlink);
                let target = key(&target, from.unwrap_or(Path::new("")))?;
                contents.links.insert(name, target);
            }
            EntryType::Regular | EntryType::Continuous | EntryType::Symlink | EntryType::Link => {
                return Err(ArchiveError::Name.into());
            }
            _ => return Err(ArchiveError::Entry.into()),
        }
    }
    Ok(contents)
}

/// A path of the archive as a key: no `.`, no `..` left, nothing absolute.
fn key(path: &Path, from: &Path) -> Result<String, ArchiveError> {
    let mut parts: Vec<&str> = Vec::new();
    for part in from.components().chain(path.components()) {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str().ok_or(ArchiveError::Path)?),
            Component::ParentDir => parts.pop().map(drop).ok_or(ArchiveError::Path)?,
            Component::RootDir | Component::Prefix(_) => return Err(ArchiveError::Path),
        }
    }
    Ok(parts.join("/"))
}

fn store(entry: &mut impl Read, layout: &Layout) -> Result<Stored, Refusal> {
    let mut file = Unnamed::beside(&layout.path().join("blobs/sha256/entry"))?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut piece = vec![0; PIECE_BYTES];
    let (mut size, mut first) = (0_u64, [0; 4]);
    loop {
        let read = entry.read(&mut piece).map_err(|_| ArchiveError::Tar)?;
        if read == 0 {
            break;
        }
        for (at, byte) in piece[..read].iter().enumerate().take(4) {
            if let Some(place) = usize::try_from(size).ok().and_then(|s| first.get_mut(s + at)) {
                *place = *byte;
            }
        }
        size += read as u64;
        hasher.update(&piece[..read]);
        file.append(&piece[..read])?;
    }
    let digest = hasher.finish();
    file.name_as(&layout.blob_path(&digest))?;
    Ok(Stored { digest, size, first })
}

impl Contents {
    fn images(&self, layout: &Layout) -> Result<Vec<(String, Digest)>, Refusal> {
        // docker writes both lists, for old and new readers; the layout's names platforms too.
        if self.files.contains_key("oci-layout") && self.files.contains_key("index.json") {
            return self.oci(layout);
        }
        if self.files.contains_key("manifest.json") {
            return self.docker(layout);
        }
        Err(ArchiveError::NoList.into())
    }

    fn find(&self, name: &str) -> Result<&Stored, ArchiveError> {
        let mut name = key(Path::new(name), Path::new(""))?;
        for _ in 0..MAX_LINKS {
            if let Some(stored) = self.files.get(&name) {
                return Ok(stored);
            }
            name.clone_from(self.links.get(&name).ok_or(ArchiveError::Missing)?);
        }
        Err(ArchiveError::Link)
    }

    fn document(&self, name: &str, layout: &Layout) -> Result<Vec<u8>, Refusal> {
        let stored = self.find(name)?;
        if stored.size > MAX_MANIFEST_BYTES as u64 {
            return Err(ArchiveError::List.into());
        }
        let path = layout.blob_path(&stored.digest);
        Ok(std::fs::read(&path).map_err(ImageError::io(&path))?)
    }

    fn oci(&self, layout: &Layout) -> Result<Vec<(String, Digest)>, Refusal> {
        let bytes = self.document("index.json", layout)?;
        let Ok(Manifest::Index(index)) = Manifest::parse(&bytes, None) else {
            return Err(ArchiveError::List.into());
        };
        let mut names = Vec::new();
        for entry in &index.manifests {
            let path =
                format!("blobs/{}/{}", entry.digest.algorithm().as_str(), entry.digest.hex());
            // The content went under its own digest, whatever the archive calls it.
            if self.find(&path)?.digest != entry.digest {
                return Err(ArchiveError::Missing.into());
            }
            // containerd's annotation holds the whole name.
            names.extend(
                entry
                    .annotations
                    .get("io.containerd.image.name")
                    .map(|name| (name.clone(), entry.digest.clone())),
            );
        }
        layout.save(&index)?;
        Ok(names)
    }

    fn docker(&self, layout: &Layout) -> Result<Vec<(String, Digest)>, Refusal> {
        let bytes = self.document("manifest.json", layout)?;
        let saved: Vec<Saved> = serde_json::from_slice(&bytes).map_err(|_| ArchiveError::List)?;
        let mut names = Vec::new();
        for image in saved {
            let config = self.find(&image.config)?;
            let config =
                Descriptor::new(media_type::IMAGE_CONFIG, config.digest.clone(), config.size);
            let mut layers = Vec::new();
            for layer in &image.layers {
                let layer = self.find(layer)?;
                let kind = kind_of_layer(layer.first);
                layers.push(Descriptor::new(kind, layer.digest.clone(), layer.size));
            }
            let manifest = ImageManifest::new(config, layers).to_json();
            let digest = Digest::sha256(&manifest);
            let tags = image.repo_tags.unwrap_or_default();
            let by_digest = Target::Digest(digest.clone());
            layout.put_manifest(&by_digest, media_type::IMAGE_MANIFEST, &manifest)?;
            for name in tags {
                let tag = name.rsplit_once(':').and_then(|(_, tag)| tag.parse::<Tag>().ok());
                if let Some(tag) = tag {
                    let target = Target::Tag(tag);
                    layout.put_manifest(&target, media_type::IMAGE_MANIFEST, &manifest)?;
                }
                names.push((name, digest.clone()));
            }
        }
        Ok(names)
    }
}

/// docker writes layers as they came or uncompressed, under names that do not tell.
fn kind_of_layer(first: [u8; 4]) -> &'static str {
    match first {
        [0x1f, 0x8b, _, _] => media_type::LAYER_TAR_GZIP,
        [0x28, 0xb5, 0x2f, 0xfd] => media_type::LAYER_TAR_ZSTD,
        _ => media_type::LAYER_TAR,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Made(tar::Builder<Vec<u8>>);

    impl Made {
        fn new() -> Self {
            Self(tar::Builder::new(Vec::new()))
        }

        /// An entry with whatever name, which the library would not write.
        fn entry(mut self, name: &str, kind: EntryType, link: &str, bytes: &[u8]) -> Self {
            let mut header = tar::Header::new_gnu();
            let gnu = header.as_gnu_mut().unwrap();
            gnu.name[..name.len()].copy_from_slice(name.as_bytes());
            gnu.linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_entry_type(kind);
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            self.0.append(&header, bytes).unwrap();
            self
        }

        fn file(self, name: &str, bytes: &[u8]) -> Self {
            self.entry(name, EntryType::Regular, "", bytes)
        }

        fn unpack(self) -> Result<Unpacked, ImageError> {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.tar");
            File::create(&path).unwrap().write_all(&self.0.into_inner().unwrap()).unwrap();
            unpack(&path, None)
        }
    }

    const LIST: &[u8] = br#"[{"Config":"c.json","RepoTags":["a/b:t"],"Layers":["x/layer.tar"]}]"#;

    #[track_caller]
    fn refuse(made: Made, want: ArchiveError) {
        match made.unpack() {
            Err(ImageError::Archive { source, .. }) => assert_eq!(source, want),
            other => panic!("{want:?}: {other:?}"),
        }
    }

    #[test]
    fn what_docker_saves_is_an_image() {
        let made = Made::new()
            .file("c.json", b"{}")
            .file("y/layer.tar", b"layer")
            .entry("x/layer.tar", EntryType::Symlink, "../y/layer.tar", b"")
            .file("manifest.json", LIST);
        let unpacked = made.unpack().unwrap();
        assert_eq!(unpacked.names[0].0, "a/b:t");
        let found = unpacked.layout.manifest(&"t".parse().unwrap()).unwrap().unwrap();
        let Manifest::Image(image) = found.parse().unwrap() else { panic!("an image") };
        assert_eq!(image.layers[0].digest, Digest::sha256(b"layer"));
        assert_eq!(image.layers[0].media_type, media_type::LAYER_TAR);
    }

    #[test]
    fn nothing_leads_out_of_an_archive() {
        use ArchiveError::{Entry, Link, Missing, Name, NoList, Path, Tar};
        let list = || Made::new().file("manifest.json", LIST).file("c.json", b"{}");
        refuse(list().file("../x", b""), Path);
        refuse(list().file("/etc/passwd", b""), Path);
        refuse(list().entry("x/layer.tar", EntryType::Symlink, "../../etc/passwd", b""), Path);
        refuse(list().entry("x/layer.tar", EntryType::Symlink, "/etc/passwd", b""), Path);
        refuse(list().entry("x/layer.tar", EntryType::Symlink, "nothing", b""), Missing);
        refuse(list().entry("x/layer.tar", EntryType::Link, "x/layer.tar", b""), Link);
        refuse(list().entry("dev", EntryType::Char, "", b""), Entry);
        refuse(list().file("c.json", b"[]"), Name);
        refuse(list(), Missing);
        refuse(Made::new().file("c.json", b"{}"), NoList);
        refuse(Made::new().file("manifest.json", b"{"), ArchiveError::List);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        File::create(&path).unwrap().write_all(&[b'x'; 700]).unwrap();
        let error = unpack(&path, None).unwrap_err();
        assert!(matches!(error, ImageError::Archive { source: Tar, .. }), "{error:?}");
    }
}
