//! Signing checkpoints as C2SP tlog-checkpoint notes with one key.

use lite_keys::SigningKey;
use lite_sequencer::ports::{Cause, CheckpointContent, CheckpointRefusal, CheckpointSigner};
use lite_time::Time;
use lite_tlog::{Checkpoint, CheckpointError, Hash, NoteSigner};

/// Signs checkpoints with exactly one signature.
pub struct NoteCheckpointSigner {
    key: NoteSigner,
    origin: String,
}

impl NoteCheckpointSigner {
    /// A signer for the log that is named as the key is: Rekor v2's.
    #[must_use]
    pub fn new(key: NoteSigner) -> Self {
        let origin = key.name().to_owned();
        Self { key, origin }
    }

    /// A signer for a log whose origin is not the name of its key: Rekor v1's.
    #[must_use]
    pub fn with_origin(key: NoteSigner, origin: impl Into<String>) -> Self {
        Self { key, origin: origin.into() }
    }

    /// The key, for what else the log signs: Rekor v1's promises.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        self.key.key()
    }
}

impl CheckpointSigner for NoteCheckpointSigner {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn log_id(&self) -> Vec<u8> {
        self.key.log_id().0.to_vec()
    }

    fn sign(&self, size: u64, root: &Hash, _: Time) -> Result<String, Cause> {
        let note = Checkpoint::new(&*self.origin, size, *root).sign(&self.key)?;
        Ok(note.to_string())
    }

    fn open(&self, checkpoint: &str) -> Result<CheckpointContent, CheckpointRefusal> {
        let opened = Checkpoint::open_of(checkpoint.as_bytes(), self.key.verifier(), &self.origin);
        match opened {
            Ok(Checkpoint { size, root, .. }) => Ok(CheckpointContent { size, root }),
            Err(CheckpointError::Origin) => Err(CheckpointRefusal::Origin),
            Err(CheckpointError::Note(_)) => Err(self.refusal(checkpoint)),
            Err(_) => Err(CheckpointRefusal::Syntax),
        }
    }
}

impl NoteCheckpointSigner {
    /// Whose note it is, when ours is not among its signatures.
    fn refusal(&self, checkpoint: &str) -> CheckpointRefusal {
        match lite_tlog::SignedNote::parse(checkpoint.as_bytes()) {
            Err(_) => CheckpointRefusal::Syntax,
            Ok(note) if note.text().lines().next() != Some(&*self.origin) => {
                CheckpointRefusal::Origin
            }
            Ok(_) => CheckpointRefusal::Signature,
        }
    }
}
