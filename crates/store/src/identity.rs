//! `log.json`: whose log a folder is. Written once, when the log is created.

use std::io;
use std::path::Path;

use lite_sequencer::ports::CheckpointSigner;
use lite_time::Time;
use serde::{Deserialize, Serialize};

use crate::durable;

/// The version of the folder's layout.
const FORMAT: u32 = 1;

/// What `log.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    format: u32,
    pub(crate) origin: String,
    /// In hex.
    pub(crate) log_id: String,
    created: String,
}

impl Identity {
    pub(crate) fn of(signer: &dyn CheckpointSigner, created: Time) -> Self {
        let (origin, log_id) = (signer.origin().to_owned(), hex::encode(signer.log_id()));
        Self { format: FORMAT, origin, log_id, created: created.to_rfc3339() }
    }

    /// Reads `log.json`; `None` if there is none.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let identity: Self = serde_json::from_slice(&bytes)?;
        if identity.format != FORMAT {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "layout of another version"));
        }
        Ok(Some(identity))
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        durable::write(path, &text, durable::PUBLIC)
    }
}
