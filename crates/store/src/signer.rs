//! Signing checkpoints as C2SP tlog-checkpoint notes with one key.

use lite_sequencer::ports::{Cause, CheckpointContent, CheckpointRefusal, CheckpointSigner};
use lite_time::Time;
use lite_tlog::{Checkpoint, CheckpointError, Hash, NoteSigner};

/// Signs checkpoints whose origin is the name of the key, as Rekor's are.
pub struct NoteCheckpointSigner(NoteSigner);

impl NoteCheckpointSigner {
    /// A signer for the log that is named as the key is.
    #[must_use]
    pub fn new(key: NoteSigner) -> Self {
        Self(key)
    }
}

impl CheckpointSigner for NoteCheckpointSigner {
    fn origin(&self) -> &str {
        self.0.name()
    }

    fn log_id(&self) -> Vec<u8> {
        self.0.log_id().0.to_vec()
    }

    fn sign(&self, size: u64, root: &Hash, _: Time) -> Result<String, Cause> {
        let note = Checkpoint::new(self.0.name(), size, *root).sign(&self.0)?;
        Ok(note.to_string())
    }

    fn open(&self, checkpoint: &str) -> Result<CheckpointContent, CheckpointRefusal> {
        match Checkpoint::open(checkpoint.as_bytes(), self.0.verifier()) {
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
            Ok(note) if note.text().lines().next() != Some(self.0.name()) => {
                CheckpointRefusal::Origin
            }
            Ok(_) => CheckpointRefusal::Signature,
        }
    }
}
