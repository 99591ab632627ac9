//! The newest checkpoint that was found good, kept for the next audit.
//!
//! ```json
//! {"origin": "localhost", "checkpoint": "localhost\n8\n…", "at": "2026-01-02T03:04:05Z"}
//! ```
//!
//! *Trusted* not to go back: it is what notices that the log did. It is read as strictly as what
//! the log serves, so that a damaged one is no silent beginning.

use std::path::{Path, PathBuf};

use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::super::checkpoints::Signed;
use super::super::place::Place;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// A checkpoint is a few lines.
const MAX_BYTES: u64 = 256 * 1024;

/// Where the checkpoint of one log is kept.
pub(super) struct Memory(PathBuf);

#[derive(Deserialize, Serialize)]
struct Remembered {
    origin: String,
    checkpoint: String,
    at: String,
}

impl Memory {
    /// The file that a flag names, or that of this log in the instance's client folder.
    pub(super) fn of(file: Option<&Path>, log: &Signed, context: &Context) -> Outcome<Self> {
        if let Some(file) = file {
            return Ok(Self::at(file.to_path_buf()));
        }
        let instance = context.instance().map_err(|failure| {
            failure
                .note("needed for", "the checkpoint to remember")
                .hint("--state FILE names a place for it")
        })?;
        let id = hex::encode(log.log_id.0);
        Ok(Self::at(instance.file(&format!("audit-{}.json", &id[..16]))))
    }

    /// This file.
    pub(super) const fn at(file: PathBuf) -> Self {
        Self(file)
    }

    /// What was remembered; `None` on the first audit.
    pub(super) fn read(&self, place: &Place) -> Outcome<Option<Signed>> {
        let Some(bytes) = files::read_if_there(&self.0, MAX_BYTES)? else { return Ok(None) };
        let refuse = |sentence: &str| {
            Failure::new(Exit::Trust, format!("{} {sentence}", self.0.display())).hint(
                "--state FILE keeps another log's apart; without the file the audit is a first one",
            )
        };
        let kept: Remembered =
            serde_json::from_slice(&bytes).map_err(|error| refuse("is damaged").because(&error))?;
        Signed::open(kept.checkpoint.as_bytes(), &place.root, place.log.version)
            .map(Some)
            .ok_or_else(|| {
                refuse("is not a checkpoint of a log that is trusted").note("found", kept.origin)
            })
    }

    /// Remembers a checkpoint, durably.
    pub(super) fn write(&self, signed: &Signed, at: Time) -> Outcome {
        let kept = Remembered {
            origin: signed.checkpoint.origin.clone(),
            checkpoint: signed.note.clone(),
            at: at.to_rfc3339(),
        };
        let text = serde_json::to_vec_pretty(&kept).map_err(|error| {
            Failure::new(Exit::Internal, "cannot write the checkpoint").because(&error)
        })?;
        files::write(&self.0, &text, files::Reader::Everyone)
    }
}
