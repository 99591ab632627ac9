//! Checkpoints: what a log promises about its tree.
//!
//! ```text
//! <origin>
//! <tree size, decimal>
//! <base64 of the root hash>
//! [extension lines]
//! ```
//!
//! c2sp.org/tlog-checkpoint, "Note text". A checkpoint travels as the text of a signed note.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::note::{NoteError, SignedNote};
use crate::note_key::{NoteSigner, NoteVerifier};

/// The text of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root hash.
    pub root: Hash,
    /// Further lines, each without its newline.
    pub extensions: Vec<String>,
}

/// Why a text is not a checkpoint, or a checkpoint is not one of the expected log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A line is empty.
    #[error("checkpoint has an empty line")]
    EmptyLine,
    /// There are fewer than three lines, or the last one has no newline.
    #[error("checkpoint is cut short")]
    Incomplete,
    /// The note around the checkpoint is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is of another log.
    #[error("checkpoint is of another origin")]
    Origin,
    /// The root hash is not the base64 of 32 bytes.
    #[error("root hash is not the base64 of 32 bytes")]
    RootHash,
    /// The key has no signature to give.
    #[error("checkpoint cannot be signed")]
    Signing,
    /// The tree size is not a decimal number without leading zero.
    #[error("tree size is not a decimal number")]
    Size,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self {
            origin: origin.into(),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// Signs the checkpoint and returns the note.
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedNote, CheckpointError> {
        let text = self.to_string();
        // What would not be read again is not signed.
        text.parse::<Self>()?;
        let signature = signer.sign(&text).map_err(|_| CheckpointError::Signing)?;
        Ok(SignedNote::new(&text, signature)?)
    }

    /// Reads a signed checkpoint and verifies that the expected log signed it, under its own name.
    pub fn open(note: &[u8], verifier: &NoteVerifier) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        note.verify(verifier)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin != verifier.name() {
            return Err(CheckpointError::Origin);
        }
        Ok(checkpoint)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Incomplete)?;
        let mut lines = text.split('\n');
        let mut line = || match lines.next() {
            None => Err(CheckpointError::Incomplete),
            Some("") => Err(CheckpointError::EmptyLine),
            Some(line) => Ok(line),
        };
        let origin = line()?.to_owned();
        let size = parse_size(line()?).ok_or(CheckpointError::Size)?;
        let root = parse_root(line()?).ok_or(CheckpointError::RootHash)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::EmptyLine);
        }
        Ok(Self {
            origin,
            size,
            root,
            extensions,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// c2sp.org/tlog-checkpoint: "ASCII decimal … with no leading zeroes (unless the tree is empty, in
/// which case the tree size is `0`)".
fn parse_size(line: &str) -> Option<u64> {
    let plain = line.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = line == "0" || !line.starts_with('0');
    (plain && shortest).then(|| line.parse().ok())?
}

fn parse_root(line: &str) -> Option<Hash> {
    STANDARD.decode(line).ok()?.try_into().ok()
}
