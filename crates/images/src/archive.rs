//! What `docker save` writes, read and written; and an OCI layout in a tar file, read.
//!
//! ```text
//! manifest.json   [{"Config": "HEX.json", "RepoTags": ["NAME:TAG"], "Layers": ["HEX.tar.gz"]}]
//! HEX.json        the configuration
//! HEX.tar.gz      a layer; docker itself writes layers uncompressed
//! ```
//!
//! An archive is foreign: no name in it becomes a path. Every file goes into a layout folder under
//! the digest of its content, and the archive's names are keys of a map.

mod read;
mod write;

pub use read::{Unpacked, unpack};
pub(crate) use write::header;
pub use write::{WriteError, write};

/// Why a file is no image archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A device, a pipe, or something else that no image archive holds.
    #[error("it holds an entry that is neither file, folder nor link")]
    Entry,
    /// A link to what is not in the archive, or in a circle.
    #[error("it holds a link that leads to no file in it")]
    Link,
    /// `manifest.json` or `index.json` is not of its shape.
    #[error("its list of images cannot be read")]
    List,
    /// The list names a file that is not in the archive.
    #[error("its list of images names a file that is not in it")]
    Missing,
    /// Two files by one name: two readers could see two images.
    #[error("it holds two files of one name")]
    Name,
    /// Neither `manifest.json` nor `index.json`.
    #[error("it holds no list of images")]
    NoList,
    /// An absolute path, or one that leads upwards.
    #[error("it holds a path that leads out of it")]
    Path,
    /// Not a tar file, or cut off.
    #[error("it is not a whole tar file")]
    Tar,
    /// More entries than any image has.
    #[error("it holds more than 20,000 entries")]
    TooMany,
    /// More bytes than any image has.
    #[error("it holds more than 64 GiB")]
    TooLarge,
}
