//! A start: what is refused, in which order things are looked at, and when the first byte changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lite_sequencer::ports::{
    Cause, CheckpointMemory, CheckpointSigner, CommitError, DedupIndex, Journal, Record, TileStore,
};
use lite_sequencer::{
    DedupKey, Limits, Machine, Promise, Publisher, RecoverError, Sequencer, Shared, Submission,
    recover,
};
use lite_time::Clock;

use crate::checkpoint_memory::{self, FileMemory};
use crate::identity::Identity;
use crate::index::RedbIndex;
use crate::journal::FileJournal;
use crate::scan::{Scan, scan};
use crate::tiles::FileTiles;
use crate::{FolderLock, OpenError, durable};

/// How a log is opened.
pub struct LogConfig {
    /// Signs checkpoints; its origin and its key are this log's for ever.
    pub signer: Arc<dyn CheckpointSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The first leaf of a log that is created where there is none. `None`: a folder without a
    /// log is refused, so that a wrong path does not begin another log under the same name.
    pub create: Option<Submission>,
    /// A file outside the folder that remembers the newest promised checkpoint: with it, a folder
    /// that was restored from an older copy is refused.
    pub memory: Option<PathBuf>,
    /// How much the log takes on at once.
    pub limits: Limits,
    /// When a segment of the journal is closed. Default 8 MiB: a start reads the one or two
    /// segments that are left.
    pub segment_bytes: u64,
}

impl LogConfig {
    /// A log that must exist, without memory, with the default limits.
    #[must_use]
    pub fn new(signer: Arc<dyn CheckpointSigner>, clock: Arc<dyn Clock>) -> Self {
        Self {
            signer,
            clock,
            create: None,
            memory: None,
            limits: Limits::default(),
            segment_bytes: 8 << 20,
        }
    }

    /// Creates the log, with this first leaf, where there is none.
    #[must_use]
    pub fn or_create(mut self, seed: impl Into<Submission>) -> Self {
        self.create = Some(seed.into());
        self
    }
}

/// A log that may run.
pub(crate) struct Opened {
    pub(crate) sequencer: Sequencer,
    pub(crate) publisher: Publisher,
    pub(crate) origin: String,
    pub(crate) lock: FolderLock,
}

/// Where a folder's parts are.
pub(crate) struct Layout {
    dir: PathBuf,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf() }
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.dir.join("log.json")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn index(&self) -> PathBuf {
        self.dir.join("index")
    }
}

/// Opens the log in a folder.
pub(crate) fn open(dir: &Path, mut config: LogConfig) -> Result<Opened, OpenError> {
    let layout = Layout::new(dir);
    let create = config.create.take();
    // (1) A folder without a log is left alone, unless one is asked for.
    if create.is_none() && !is_there(&layout.identity())? && !is_there(&layout.journal())? {
        return Err(OpenError::Missing(dir.to_path_buf()));
    }
    if create.is_some() {
        durable::create_dir_all(dir).map_err(|source| OpenError::io(dir, source))?;
    }

    // (2) No other process.
    let lock = FolderLock::acquire(dir)?;

    // (3) The same origin and the same key as when it was created.
    let identity = Identity::read(&layout.identity());
    let identity = identity.map_err(|source| OpenError::io(&layout.identity(), source))?;
    if let Some(recorded) = &identity {
        check_identity(dir, recorded, &*config.signer)?;
    }

    // (4) What the journal holds, and what was promised elsewhere.
    let mut found = scan(&layout.journal())?;
    let promises = promises(dir, config.memory.as_deref())?;
    if identity.is_none() && !(found.records.is_empty() && found.segments.is_empty()) {
        return Err(OpenError::IdentityMissing(dir.to_path_buf()));
    }
    if found.records.is_empty() {
        check_empty(&layout, &*config.signer, &promises)?;
        let Some(seed) = create else { return Err(OpenError::Missing(dir.to_path_buf())) };
        if identity.is_none() {
            let path = layout.identity();
            let identity = Identity::of(&*config.signer, config.clock.now());
            identity.write(&path).map_err(|source| OpenError::io(&path, source))?;
        }
        let machine = dry_machine(&layout, &config);
        let shared = Shared::of_new_log(Arc::clone(&machine.tiles));
        let start = Start { layout: &layout, found: &found, lock, config: &config };
        return start.run(machine, shared, 0, Some(seed));
    }

    // (5) Recover, in memory; then the first byte changes.
    let machine = dry_machine(&layout, &config);
    let records = std::mem::take(&mut found.records);
    let recovered =
        recover(&machine, records, &promises).map_err(|error| OpenError::refused(dir, error))?;
    let public = published_size(&promises, &recovered.promised);
    let start = Start { layout: &layout, found: &found, lock, config: &config };
    start.run(machine, recovered.shared, public, None)
}

/// A journal without records is that of a log that has never answered anyone: one that is to be
/// created, or whose creation did not end. Unless something tells of records that were there.
fn check_empty(
    layout: &Layout,
    signer: &dyn CheckpointSigner,
    promises: &[Promise],
) -> Result<(), OpenError> {
    let dir = &layout.dir;
    if let Some(promise) = promises.first() {
        let opened = signer.open(&promise.checkpoint);
        let leaves = opened.map_or(0, |content| content.size);
        let source = RecoverError::Rollback { promise: promise.name, promised: leaves, size: 0 };
        return Err(OpenError::refused(dir, source));
    }
    // Tiles follow the journal: with them, and without records, records are lost.
    if is_there(&dir.join("tree").join("tile"))? {
        return Err(OpenError::refused(dir, RecoverError::JournalEmpty));
    }
    Ok(())
}

/// All refusals are behind us.
struct Start<'a> {
    layout: &'a Layout,
    found: &'a Scan,
    lock: FolderLock,
    config: &'a LogConfig,
}

impl Start<'_> {
    /// From here the folder changes: the journal goes on, the index catches up, and what is
    /// promised is published, by the code that always publishes.
    fn run(
        self,
        mut machine: Machine,
        shared: Arc<Shared>,
        public: u64,
        seed: Option<Submission>,
    ) -> Result<Opened, OpenError> {
        let (layout, size) = (self.layout, shared.view().tree().size);
        self.create_folders()?;
        let bytes = self.config.segment_bytes;
        machine.journal = Arc::new(FileJournal::resume(&layout.journal(), self.found, bytes)?);
        let index = RedbIndex::open(&layout.index(), size);
        let index = index.map_err(|source| OpenError::Index { path: layout.index(), source })?;
        machine.index = Arc::new(index);
        let origin = machine.signer.origin().to_owned();
        let lacked = shared.fill_index(&machine);
        let lacked = lacked.map_err(|error| OpenError::refused(&layout.dir, error))?;
        tracing::info!(origin, size, lacked, "log opened");
        let mut publisher = Publisher::new(machine.clone(), Arc::clone(&shared), public);
        let mut sequencer = Sequencer::new(machine, shared);
        if let Some(seed) = seed {
            for answer in sequencer.sequence(vec![seed])? {
                answer.map_err(OpenError::Seed)?;
            }
        }
        publisher.publish()?;
        // Tidying is for the disk, not for safety.
        let _ = publisher.tidy();
        Ok(Opened { sequencer, publisher, origin, lock: self.lock })
    }

    fn create_folders(&self) -> Result<(), OpenError> {
        let dir = &self.layout.dir;
        let parts = [
            (self.layout.journal(), 0o700),
            (dir.join("tree"), 0o755),
            (dir.join("margin"), 0o700),
        ];
        // The memory is a file; the folder that it is in may be new, too.
        let memory = self.config.memory.as_deref().and_then(Path::parent);
        let memory = memory.filter(|folder| !folder.as_os_str().is_empty());
        let memory = memory.map(|folder| (folder.to_path_buf(), 0o755));
        for (path, mode) in parts.into_iter().chain(memory) {
            durable::create_dir_all_with_mode(&path, mode)
                .map_err(|source| OpenError::io(&path, source))?;
        }
        Ok(())
    }
}

/// The ports that recovery reads; journal and index are not open yet.
fn dry_machine(layout: &Layout, config: &LogConfig) -> Machine {
    let memory = config.memory.clone().map(FileMemory::new);
    Machine {
        clock: Arc::clone(&config.clock),
        index: Arc::new(Closed),
        journal: Arc::new(Closed),
        memory: memory.map(|memory| Arc::new(memory) as Arc<dyn CheckpointMemory>),
        signer: Arc::clone(&config.signer),
        tiles: Arc::new(FileTiles::new(&layout.dir)) as Arc<dyn TileStore>,
    }
}

fn check_identity(
    dir: &Path,
    recorded: &Identity,
    signer: &dyn CheckpointSigner,
) -> Result<(), OpenError> {
    let (dir, given) = (dir.to_path_buf(), signer.origin().to_owned());
    if recorded.origin != given {
        return Err(OpenError::AnotherOrigin { dir, recorded: recorded.origin.clone(), given });
    }
    let given = hex::encode(signer.log_id());
    if recorded.log_id != given {
        return Err(OpenError::AnotherKey { dir, recorded: recorded.log_id.clone(), given });
    }
    Ok(())
}

/// The names of the promises.
const PUBLISHED: &str = "published";
const REMEMBERED: &str = "remembered";

fn promises(dir: &Path, memory: Option<&Path>) -> Result<Vec<Promise>, OpenError> {
    let published = FileTiles::checkpoint(dir);
    let files = [(PUBLISHED, Some(published.as_path())), (REMEMBERED, memory)];
    let mut promises = Vec::new();
    for (name, path) in files {
        let Some(path) = path else { continue };
        let text = checkpoint_memory::read(path).map_err(|source| OpenError::io(path, source))?;
        promises.extend(text.map(|checkpoint| Promise { name, checkpoint }));
    }
    Ok(promises)
}

fn published_size(promises: &[Promise], sizes: &[u64]) -> u64 {
    let mut both = promises.iter().zip(sizes);
    both.find(|(promise, _)| promise.name == PUBLISHED).map_or(0, |(_, size)| *size)
}

fn is_there(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|source| OpenError::io(path, source))
}

/// Stands where a port is not open yet.
struct Closed;

#[derive(Debug, thiserror::Error)]
#[error("not open yet")]
struct NotOpen;

impl DedupIndex for Closed {
    fn find(&self, _: &[DedupKey]) -> Result<Vec<Option<u64>>, Cause> {
        Err(NotOpen.into())
    }

    fn insert(&self, _: &[(DedupKey, u64)], _: u64, _: bool) -> Result<(), Cause> {
        Err(NotOpen.into())
    }

    fn reached(&self) -> Result<u64, Cause> {
        Err(NotOpen.into())
    }
}

impl Journal for Closed {
    fn commit(&self, _: &Record) -> Result<(), CommitError> {
        Err(CommitError::NotCommitted(NotOpen.into()))
    }

    fn discard_below(&self, _: u64) -> Result<(), Cause> {
        Err(NotOpen.into())
    }
}
