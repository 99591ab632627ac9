//! Checks from the files alone, of a registry that is not running, what they promise.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lite_oci::{Digest, Hasher, Manifest, RepositoryName, Tag};

use super::layout::{BLOBS, Folder, Layout, MANIFESTS, TAGS};
use super::load::{self, for_each_content};
use super::tag_file::TagFile;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The bytes do not have the digest that is their name, or are no manifest.
    Damaged(PathBuf),
    /// A manifest names what is not there.
    Missing {
        /// The repository.
        repository: RepositoryName,
        /// The manifest.
        manifest: Digest,
        /// What it names.
        names: Digest,
    },
    /// A tag leads to a manifest that is not there.
    TagLost(RepositoryName, Tag),
}

/// Reads everything in the folder and returns what is wrong with it.
pub fn audit(dir: &Path) -> io::Result<Vec<Finding>> {
    let layout = Layout::new(dir);
    let mut findings = Vec::new();
    for name in load::repositories(&layout)?.into_keys() {
        look_at(&name, &layout.repository(&name), &mut findings)?;
    }
    Ok(findings)
}

fn look_at(name: &RepositoryName, folder: &Folder, findings: &mut Vec<Finding>) -> io::Result<()> {
    for_each_content(&folder.kind(BLOBS), |digest, path| {
        let mut hasher = Hasher::new(digest.algorithm());
        let mut file = fs::File::open(path)?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match io::Read::read(&mut file, &mut buffer)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
        if hasher.finish() != digest {
            findings.push(Finding::Damaged(path.to_owned()));
        }
        Ok(())
    })?;
    for_each_content(&folder.kind(MANIFESTS), |digest, path| {
        let bytes = fs::read(path)?;
        let Ok(manifest) = Manifest::parse(&bytes, None) else {
            findings.push(Finding::Damaged(path.to_owned()));
            return Ok(());
        };
        if !digest.matches(&bytes) {
            findings.push(Finding::Damaged(path.to_owned()));
        }
        for named in manifest.referenced().filter(|named| named.urls.is_empty()) {
            let path = match &manifest {
                Manifest::Index(_) => folder.manifest(&named.digest),
                Manifest::Image(_) => folder.blob(&named.digest),
            };
            if !path.exists() {
                let (repository, manifest) = (name.clone(), digest.clone());
                findings.push(Finding::Missing {
                    repository,
                    manifest,
                    names: named.digest.clone(),
                });
            }
        }
        Ok(())
    })?;
    for entry in load::list(&folder.kind(TAGS))? {
        let file_name = entry.file_name();
        let Some(tag) = file_name.to_str().and_then(|tag| tag.parse::<Tag>().ok()) else {
            continue;
        };
        let leads =
            TagFile::read(&entry.path()).is_ok_and(|file| folder.manifest(&file.digest).exists());
        if !leads {
            findings.push(Finding::TagLost(name.clone(), tag));
        }
    }
    Ok(())
}
