//! What a start finds in the folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use lite_oci::{Digest, DigestAlgorithm, Manifest, RepositoryName, Tag};
use lite_time::Time;

use super::layout::{BLOBS, Folder, Layout, MANIFESTS, TAGS};
use super::repository::{Blob, Entry, Repository, State, Tagged};
use super::tag_file::TagFile;

/// All repositories, by name.
pub(super) type Repositories = BTreeMap<RepositoryName, Arc<Repository>>;

/// Reads every manifest and every tag, and the names and sizes of the blobs.
pub(super) fn repositories(layout: &Layout) -> io::Result<Repositories> {
    let mut found = Repositories::new();
    walk(&layout.repositories(), "", &mut found)?;
    Ok(found)
}

fn walk(folder: &Path, name: &str, found: &mut Repositories) -> io::Result<()> {
    let mut is_repository = false;
    for entry in list(folder)? {
        let file_name = entry.file_name();
        let Some(part) = file_name.to_str() else { continue };
        if [BLOBS, MANIFESTS, TAGS].contains(&part) {
            is_repository = true;
        } else if entry.file_type()?.is_dir() {
            let name = if name.is_empty() { part.to_owned() } else { format!("{name}/{part}") };
            walk(&entry.path(), &name, found)?;
        }
    }
    match name.parse::<RepositoryName>() {
        Ok(name) if is_repository => {
            let folder = Folder::at(folder);
            let state = state(&name, &folder)?;
            found.insert(name.clone(), Arc::new(Repository::new(name, folder, state)));
        }
        _ if is_repository => tracing::warn!(folder = %folder.display(), "not a repository's name"),
        _ => {}
    }
    Ok(())
}

fn state(name: &RepositoryName, folder: &Folder) -> io::Result<State> {
    let mut state = State::default();
    for_each_content(&folder.kind(BLOBS), |digest, path| {
        let metadata = fs::metadata(path)?;
        state.blobs.insert(digest, Blob::new(metadata.len(), modified(&metadata)));
        Ok(())
    })?;
    for_each_content(&folder.kind(MANIFESTS), |digest, path| {
        let at = modified(&fs::metadata(path)?);
        let bytes = fs::read(path)?;
        match Manifest::parse(&bytes, None) {
            Ok(manifest) if digest.matches(&bytes) => {
                let entry = Entry::new(&manifest, bytes.len() as u64, at);
                state.insert_manifest(digest, entry);
            }
            // Never served, and left for the operator to look at.
            _ => tracing::error!(repository = %name, %digest, "a manifest is damaged"),
        }
        Ok(())
    })?;
    for entry in list(&folder.kind(TAGS))? {
        let Some(tag) = parse::<Tag>(&entry.file_name()) else { continue };
        match TagFile::read(&entry.path()) {
            Ok(file) if state.manifests.contains_key(&file.digest) => {
                let at = Time::from_millis(file.at);
                let tagged = Tagged { digest: file.digest, at, former: file.former };
                state.tags.insert(tag, tagged);
            }
            _ => tracing::error!(repository = %name, %tag, "a tag leads nowhere"),
        }
    }
    Ok(state)
}

/// Each `ALGORITHM/HEX` below a folder.
pub(super) fn for_each_content(
    folder: &Path,
    mut visit: impl FnMut(Digest, &Path) -> io::Result<()>,
) -> io::Result<()> {
    for algorithm in DigestAlgorithm::ALL {
        for entry in list(&folder.join(algorithm.as_str()))? {
            // Whatever else lies here was not complete when a process died.
            let hex = entry.file_name();
            let text = hex.to_str().map(|hex| format!("{}:{hex}", algorithm.as_str()));
            if let Some(digest) = text.and_then(|text| text.parse().ok()) {
                visit(digest, &entry.path())?;
            }
        }
    }
    Ok(())
}

/// The entries of a folder; none of a folder that is not there.
pub(super) fn list(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn parse<T: std::str::FromStr>(name: &OsStr) -> Option<T> {
    name.to_str()?.parse().ok()
}

fn modified(metadata: &fs::Metadata) -> Time {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
    Time::from_millis(millis.unwrap_or(0))
}
