//! An image out of nothing, without a daemon: one deterministic layer, a configuration, a manifest.
//!
//! The same recipe makes the same digest, on every machine and at any time.

mod layer;
mod program;

use std::path::PathBuf;

use bytes::Bytes;
use lite_oci::{Descriptor, Digest, ImageManifest, Index, Platform, Target, media_type};
use serde_json::{Value, json};

use crate::error::ImageError;
use crate::layout::Layout;
use layer::Layer;
pub use program::ProgramError;

/// Longest message of a made program, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4096;
/// The program of an image that is made from a message.
const PROGRAM: &str = "hello";

/// What an image is made of.
#[derive(Clone, Debug)]
pub enum Ingredients {
    /// A program that prints this and ends.
    Message(String),
    /// A file, which lies at the root of the image and is run, or a folder, whose content is the
    /// image's.
    Path(PathBuf),
}

/// Why an image cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A place failed.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// No program can be made.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A device, a pipe, a socket: nothing an image of files holds.
    #[error("{} is neither file, folder nor symbolic link", .0.display())]
    Special(PathBuf),
}

/// Makes an image in a layout folder, for these platforms; several make an index.
pub fn make(
    layout: &Layout,
    ingredients: &Ingredients,
    platforms: &[Platform],
    target: Option<&Target>,
) -> Result<Descriptor, MakeError> {
    let mut images = Vec::new();
    for platform in platforms {
        images.push(one(layout, ingredients, platform)?);
    }
    let (kind, bytes) = if let [(_, bytes)] = &images[..] {
        (media_type::IMAGE_MANIFEST, bytes.clone())
    } else {
        let list = images.iter().map(|(descriptor, _)| descriptor.clone()).collect();
        (media_type::IMAGE_INDEX, Bytes::from(Index::new(list).to_json()))
    };
    let by_digest = Target::Digest(Digest::sha256(&bytes));
    layout.put_manifest(target.unwrap_or(&by_digest), kind, &bytes)?;
    Ok(Descriptor::of(kind, &bytes))
}

fn one(
    layout: &Layout,
    ingredients: &Ingredients,
    platform: &Platform,
) -> Result<(Descriptor, Bytes), MakeError> {
    let (layer, entrypoint) = match ingredients {
        Ingredients::Message(message) => {
            let program = program::printing(message, platform)?;
            (Layer::of_file(layout, PROGRAM, &program)?, Some(format!("/{PROGRAM}")))
        }
        Ingredients::Path(path) => Layer::of_path(layout, path)?,
    };
    let config = configuration(platform, entrypoint.as_deref(), &layer.diff_id).to_string();
    let config_descriptor = Descriptor::of(media_type::IMAGE_CONFIG, config.as_bytes());
    layout.write_bytes(&config_descriptor.digest, config.as_bytes())?;
    let bytes = Bytes::from(ImageManifest::new(config_descriptor, vec![layer.blob]).to_json());
    let mut descriptor = Descriptor::of(media_type::IMAGE_MANIFEST, &bytes);
    layout.write_bytes(&descriptor.digest, &bytes)?;
    descriptor.platform = Some(platform.clone());
    Ok((descriptor, bytes))
}

/// OCI image specification, config.md.
fn configuration(platform: &Platform, entrypoint: Option<&str>, diff_id: &Digest) -> Value {
    let mut config = json!({
        "architecture": platform.architecture,
        "os": platform.os,
        "config": {},
        "created": "1970-01-01T00:00:00Z",
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "siglite image make"}],
        "rootfs": {"type": "layers", "diff_ids": [diff_id.as_str()]},
    });
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    if let Some(entrypoint) = entrypoint {
        config["config"] = json!({"Entrypoint": [entrypoint], "WorkingDir": "/"});
    }
    config
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn made(platforms: &[&str]) -> (tempfile::TempDir, Layout, Descriptor) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(&dir.path().join("l")).unwrap();
        let platforms: Vec<Platform> = platforms.iter().map(|p| p.parse().unwrap()).collect();
        let message = Ingredients::Message("hello from nothing\n".to_owned());
        let image = make(&layout, &message, &platforms, None).unwrap();
        (dir, layout, image)
    }

    #[test]
    fn the_same_recipe_makes_the_same_digest() {
        let (_one, _, first) = made(&["linux/amd64", "linux/arm64"]);
        let (_two, _, second) = made(&["linux/amd64", "linux/arm64"]);
        assert_eq!(first, second);
        assert_eq!(first.media_type, media_type::IMAGE_INDEX);
    }

    /// The kernel is the judge: the only file of the image runs from nothing.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn what_is_made_runs() {
        use std::os::unix::fs::OpenOptionsExt as _;
        let (dir, layout, image) = made(&["linux/amd64"]);
        let found = layout.manifest(&Target::Digest(image.digest)).unwrap().unwrap();
        let lite_oci::Manifest::Image(manifest) = found.parse().unwrap() else {
            panic!("an image")
        };
        let layer = std::fs::File::open(layout.blob_path(&manifest.layers[0].digest)).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(layer));
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some(PROGRAM));
        assert_eq!(entry.header().mode().unwrap(), 0o755);
        let mut program = Vec::new();
        entry.read_to_end(&mut program).unwrap();
        let path = dir.path().join("program");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o755).open(&path).unwrap();
        std::io::Write::write_all(&mut file, &program).unwrap();
        drop(file);
        let output = std::process::Command::new(&path).output().unwrap();
        assert_eq!(output.stdout, b"hello from nothing\n");
        assert!(output.status.success());
    }
}
