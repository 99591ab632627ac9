//! One image of a layout into an archive that `docker load` takes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use lite_oci::{Descriptor, Digest, Manifest, Target};
use serde_json::json;

use crate::error::ImageError;
use crate::layout::Layout;
use crate::layout::files::Unnamed;

/// Why an image is not put into an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A place failed.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The archive's form holds one image, and this is an index of several.
    #[error("an archive holds one image, and this is an index of several")]
    Index,
}

/// Writes the image with this digest, under a full name. The same image makes the same bytes.
pub fn write(
    path: &Path,
    layout: &Layout,
    digest: &Digest,
    name: Option<&str>,
) -> Result<(), WriteError> {
    let target = Target::Digest(digest.clone());
    let missing = || ImageError::NotFound { name: digest.to_string() };
    let found = layout.manifest(&target)?.ok_or_else(missing)?;
    let Manifest::Image(image) = found.parse()? else { return Err(WriteError::Index) };
    let mut file = Unnamed::beside(path)?;
    let io = || ImageError::io(path);
    let mut tar = tar::Builder::new(file.as_file());
    // go-containerregistry's names, which docker and podman load.
    let config = image.config.digest.to_string();
    append(&mut tar, &config, layout, &image.config, path)?;
    let mut layers = Vec::new();
    for layer in &image.layers {
        let name = format!("{}.tar.gz", layer.digest.hex());
        if !layers.contains(&name) {
            append(&mut tar, &name, layout, layer, path)?;
        }
        layers.push(name);
    }
    let tags: Vec<&str> = name.into_iter().collect();
    let list = json!([{"Config": config, "RepoTags": tags, "Layers": layers}]).to_string();
    tar.append_data(&mut header(list.len() as u64), "manifest.json", list.as_bytes())
        .map_err(io())?;
    tar.finish().map_err(io())?;
    drop(tar);
    Ok(file.name()?)
}

fn append(
    tar: &mut tar::Builder<&mut File>,
    name: &str,
    layout: &Layout,
    blob: &Descriptor,
    path: &Path,
) -> Result<(), ImageError> {
    let from = layout.blob_path(&blob.digest);
    let file = File::open(&from).map_err(ImageError::io(&from))?;
    let size = file.metadata().map_err(ImageError::io(&from))?.len();
    // The layout's own writer checked the content; one that somebody cut since is not carried on.
    if size != blob.size {
        return Err(ImageError::SizeMismatch { digest: blob.digest.clone(), expected: blob.size });
    }
    tar.append_data(&mut header(size), name, file.take(size)).map_err(ImageError::io(path))
}

/// Nothing of this machine, nothing of this moment.
pub(crate) fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(size);
    header
}
