//! One tree of the server: its folder, its key, its log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lite_keys::{KeyKind, SigningKey};
use lite_store::{Log, LogConfig, NoteCheckpointSigner, Submission, durable};
use lite_time::{Clock, Time};
use lite_tlog::{LogId, NoteSigner, NoteVerifier};

use crate::app::SelfCheck;
use crate::server::OpenError;
use crate::v1::entry_id::TreeId;
use crate::{key, seed};

/// Where a tree is kept, and under which key and name.
pub(crate) struct TreeFiles<'a> {
    /// The server's folder.
    pub(crate) dir: &'a Path,
    /// `v1` or `v2`: the tree's folder, and the stem of its key's file.
    pub(crate) name: &'static str,
    /// The kind of its key, when it is made.
    pub(crate) kind: KeyKind,
    /// The name of its key: the host of the server's URL.
    pub(crate) host: &'a str,
}

/// A running tree.
pub(crate) struct OpenTree {
    pub(crate) log: Arc<Log>,
    pub(crate) signer: Arc<NoteCheckpointSigner>,
    pub(crate) verifier: NoteVerifier,
    pub(crate) self_check: Arc<SelfCheck>,
    /// When its first leaf was sequenced.
    pub(crate) created: Time,
}

impl TreeFiles<'_> {
    fn key(&self) -> PathBuf {
        self.dir.join("keys").join(format!("{}.pem", self.name))
    }

    /// Beside the key, so that whoever restores an old copy of the tree, or loses it, does not go
    /// on under the same key with another tree.
    fn memory(&self) -> PathBuf {
        self.dir.join("keys").join(format!("{}.checkpoint", self.name))
    }

    fn tree(&self) -> PathBuf {
        self.dir.join(self.name)
    }

    /// The tree's signing key: made where there is no tree yet.
    fn signing_key(&self) -> Result<SigningKey, OpenError> {
        create_folder(&self.dir.join("keys"), 0o700)?;
        // A log that was promised keeps its key: another one would begin another log.
        let is_new = !self.tree().join("log.json").exists();
        if is_new && self.memory().exists() {
            return Err(OpenError::TreeMissing(self.tree()));
        }
        Ok(key::load_or_create(&self.key(), self.kind, is_new)?)
    }

    /// Opens the log, or creates it with this first leaf. `origin` is the first line of its
    /// checkpoints.
    fn open(
        &self,
        key: SigningKey,
        origin: String,
        seed: Vec<u8>,
        clock: Arc<dyn Clock>,
    ) -> Result<OpenTree, OpenError> {
        let signer = NoteSigner::new(self.host, key).map_err(|_| OpenError::PublicUrl)?;
        let verifier = signer.verifier().clone();
        let signer = Arc::new(NoteCheckpointSigner::with_origin(signer, &origin));
        let seed = Submission::leaf(seed);
        let mut config = LogConfig::new(Arc::clone(&signer) as Arc<_>, clock).or_create(seed);
        config.memory = Some(self.memory());
        let log = Log::open(&self.tree(), config)?;
        let created = log.time_of(0).map_err(OpenError::Seed)?;
        let self_check = Arc::new(SelfCheck::new(verifier.clone(), origin));
        Ok(OpenTree { log: Arc::new(log), signer, verifier, self_check, created })
    }
}

/// The tree of Rekor v2: its origin is its name.
pub(crate) fn open_v2(files: &TreeFiles<'_>, clock: Arc<dyn Clock>) -> Result<OpenTree, OpenError> {
    files.open(files.signing_key()?, files.host.to_owned(), seed::v2()?, clock)
}

/// The tree of Rekor v1, and its number: its origin is its name and that.
pub(crate) fn open_v1(
    files: &TreeFiles<'_>,
    clock: Arc<dyn Clock>,
) -> Result<(OpenTree, TreeId), OpenError> {
    let key = files.signing_key()?;
    let tree_id = TreeId::of_log(&LogId::of_key(files.host, key.public()));
    Ok((files.open(key, tree_id.origin(files.host), seed::v1()?, clock)?, tree_id))
}

pub(crate) fn create_folder(path: &Path, mode: u32) -> Result<(), OpenError> {
    durable::create_dir_all_with_mode(path, mode)
        .map_err(|source| OpenError::Folder { path: path.to_owned(), source })
}
