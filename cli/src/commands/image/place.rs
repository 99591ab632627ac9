//! Where an image is or goes, as it is written on the command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lite_images::archive::{self, Unpacked};
use lite_images::copy::{self, Copied, Options};
use lite_images::layout::Layout;
use lite_images::{Registry, Repository};
use lite_oci::{Reference, Tag, Target};

use super::told::{copy_told, write_told};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_words::Told as _;

/// A place on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An archive as `docker save` writes it.
    Archive(PathBuf),
    /// A folder in OCI's image layout, and which of its images.
    Layout(PathBuf, Option<Tag>),
    /// A reference of a registry.
    Registry(Reference),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("oci:") {
            return layout(rest);
        }
        if let Some(path) = text.strip_prefix("docker-archive:") {
            return match path {
                "" => Err("docker-archive: wants a file behind it".to_owned()),
                path => Ok(Self::Archive(path.into())),
            };
        }
        let text = text.strip_prefix("docker://").unwrap_or(text);
        let path = Path::new(text);
        if path.join("oci-layout").is_file() {
            return Ok(Self::Layout(path.into(), None));
        }
        if path.is_file() {
            return Ok(Self::Archive(path.into()));
        }
        // What cannot be a reference and looks like a path is taken as one, so that the error is
        // about the path.
        if text.starts_with(['/', '.']) {
            let is_tar = [".tar", ".tar.gz", ".tgz"].iter().any(|end| text.ends_with(end));
            return Ok(if is_tar {
                Self::Archive(path.into())
            } else {
                Self::Layout(path.into(), None)
            });
        }
        text.parse().map(Self::Registry).map_err(|error| format!("{error}: {text}"))
    }
}

/// `DIR[:TAG]`: a colon with a tag behind it parts them.
fn layout(text: &str) -> Result<Place, String> {
    let parted = text.rsplit_once(':').and_then(|(folder, tag)| Some((folder, tag.parse().ok()?)));
    let (folder, tag) = parted.map_or((text, None), |(folder, tag)| (folder, Some(tag)));
    match folder {
        "" => Err("oci: wants a folder behind it".to_owned()),
        folder => Ok(Place::Layout(folder.into(), tag)),
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Archive(path) => write!(f, "docker-archive:{}", path.display()),
            Self::Layout(path, None) => write!(f, "oci:{}", path.display()),
            Self::Layout(path, Some(tag)) => write!(f, "oci:{}:{tag}", path.display()),
            Self::Registry(reference) => reference.fmt(f),
        }
    }
}

/// A place that is read.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where.
    pub(crate) repository: Repository,
    /// What of it.
    pub(crate) target: Target,
    /// The folder an archive was unpacked into, for as long as it is read.
    _unpacked: Option<Unpacked>,
}

impl Place {
    /// Opens a place to read one image of it.
    pub(crate) fn open(&self, session: &Registry) -> Outcome<Source> {
        match self {
            Self::Registry(reference) => Ok(Source {
                repository: session.repository(reference),
                target: reference.target(),
                _unpacked: None,
            }),
            Self::Layout(path, tag) => {
                let layout = Layout::open(path).told()?;
                let target = self.chosen(&layout, tag.as_ref())?;
                Ok(Source { repository: Repository::Layout(layout), target, _unpacked: None })
            }
            Self::Archive(path) => {
                let unpacked = archive::unpack(path, None).told()?;
                let target = self.chosen(&unpacked.layout, None)?;
                let repository = Repository::Layout(unpacked.layout.clone());
                Ok(Source { repository, target, _unpacked: Some(unpacked) })
            }
        }
    }

    /// The image with this tag, or the only one.
    fn chosen(&self, layout: &Layout, tag: Option<&Tag>) -> Outcome<Target> {
        if let Some(tag) = tag {
            return Ok(Target::Tag(tag.clone()));
        }
        if let Some(only) = layout.only_image().told()? {
            return Ok(Target::Digest(only.digest));
        }
        let tags: Vec<String> = layout.tags().told()?.iter().map(ToString::to_string).collect();
        Err(Failure::new(Exit::Usage, format!("{self} holds no image, or several"))
            .note("tags", tags.join(" "))
            .hint("choose one as in oci:DIR:TAG"))
    }

    /// Copies an image here. `name` is what it is called where this place has no name for it.
    pub(crate) async fn receive(
        &self,
        source: &Source,
        attached: &Repository,
        session: &Registry,
        options: &Options,
        name: Option<&str>,
    ) -> Outcome<Copied> {
        let Source { repository: from, target: what, .. } = source;
        let copied = match self {
            Self::Registry(reference) => {
                let to = session.repository(reference);
                // A digest in the destination's name must be the image's own.
                copy::copy(from, what, attached, &to, Some(&reference.target()), options).await
            }
            Self::Layout(path, tag) => {
                let layout = Layout::open_or_create(path).told()?;
                let to = Repository::Layout(layout);
                let tag = tag.clone().map(Target::Tag).or_else(|| match what {
                    Target::Tag(tag) => Some(Target::Tag(tag.clone())),
                    Target::Digest(_) => None,
                });
                copy::copy(from, what, attached, &to, tag.as_ref(), options).await
            }
            Self::Archive(path) => return self.archive(path, source, options, name).await,
        };
        copied.map_err(|error| copy_told(&error))
    }

    async fn archive(
        &self,
        path: &Path,
        source: &Source,
        options: &Options,
        name: Option<&str>,
    ) -> Outcome<Copied> {
        let failed = |error: &std::io::Error| {
            Failure::new(Exit::Usage, format!("cannot write {}", path.display())).because(error)
        };
        let scratch = tempfile::tempdir().map_err(|error| failed(&error))?;
        let layout = Layout::open_or_create(&scratch.path().join("layout")).told()?;
        let to = Repository::Layout(layout.clone());
        // The form has no place for anything but the image.
        let bare = Options { attached: Vec::new(), referrers: false, ..options.clone() };
        let Source { repository: from, target: what, .. } = source;
        let copied = copy::copy(from, what, from, &to, None, &bare).await;
        let copied = copied.map_err(|error| copy_told(&error))?;
        let path = std::path::absolute(path).map_err(|error| failed(&error))?;
        archive::write(&path, &layout, &copied.image.digest, name)
            .map_err(|error| write_told(&error))?;
        Ok(copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_told_apart_by_how_they_are_written() {
        let tag = |text: &str| Some(text.parse().unwrap());
        assert_eq!(read("oci:a/b"), Place::Layout("a/b".into(), None));
        assert_eq!(read("oci:a/b:v1"), Place::Layout("a/b".into(), tag("v1")));
        assert_eq!(read("oci:/a:b/c"), Place::Layout("/a:b/c".into(), None));
        assert_eq!(read("docker-archive:x.tar"), Place::Archive("x.tar".into()));
        assert_eq!(read("./x.tar"), Place::Archive("./x.tar".into()));
        assert_eq!(read("./x"), Place::Layout("./x".into(), None));
        assert_eq!(read("docker://localhost:1/a"), read("localhost:1/a:latest"));
        for wrong in ["oci:", "docker-archive:", "http://x/y", ""] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_exists_needs_no_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        Layout::open_or_create(&path).unwrap();
        let text = path.display().to_string();
        assert_eq!(read(&text), Place::Layout(path.clone(), None));
        let file = path.join("index.json").display().to_string();
        assert_eq!(read(&file), Place::Archive(file.into()));
    }
}
