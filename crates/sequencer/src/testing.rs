//! Doubles that assert as they serve: a world of ports in memory, in which any write can fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use lite_time::{ManualClock, Time};
use lite_tlog::{EntryBundlePath, Hash, TilePath};

use crate::ports::{
    Cause, CheckpointContent, CheckpointMemory, CheckpointRefusal, CheckpointSigner, CommitError,
    DedupIndex, Journal, Piece, Record, StoreError, TileStore,
};
use crate::{DedupKey, Machine};

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is lost.
    Lose,
    /// It is kept, and reported lost.
    Keep,
    /// It is lost, and the storage says that it is full.
    Full,
}

/// All that outlives a process, and the diary of all writes.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) records: Vec<Record>,
    pub(crate) pieces: BTreeMap<Piece, Vec<u8>>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) remembered: Option<String>,
    pub(crate) diary: Vec<String>,
    pub(crate) fault: Option<(&'static str, Fault)>,
    keys: HashMap<DedupKey, u64>,
    reached: u64,
}

/// The ports, all in one.
#[derive(Clone, Default)]
pub(crate) struct Ports(Arc<Mutex<Memory>>);

impl Ports {
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap()
    }

    pub(crate) fn machine(&self, clock: &Arc<ManualClock>) -> Machine {
        Machine {
            clock: clock.clone(),
            index: Arc::new(self.clone()),
            journal: Arc::new(self.clone()),
            memory: Some(Arc::new(self.clone())),
            signer: Arc::new(Signer("log.example")),
            tiles: Arc::new(self.clone()),
        }
    }

    /// Does a write, unless its fault is due.
    fn write(&self, name: &str, write: impl FnOnce(&mut Memory)) -> Result<(), Fault> {
        let mut memory = self.memory();
        let fault = memory.fault.filter(|(due, _)| *due == name).map(|(_, fault)| fault);
        if fault.is_none_or(|fault| fault == Fault::Keep) {
            memory.diary.push(name.to_owned());
            write(&mut memory);
        }
        fault.map_or(Ok(()), Err)
    }

    fn store(&self, name: &str, write: impl FnOnce(&mut Memory)) -> Result<(), StoreError> {
        self.write(name, write).map_err(|fault| match fault {
            Fault::Full => StoreError::Full(cause()),
            Fault::Lose | Fault::Keep => StoreError::Failed(cause()),
        })
    }
}

impl Journal for Ports {
    fn commit(&self, record: &Record) -> Result<(), CommitError> {
        let committed = self.write("journal", |memory| {
            let end = memory.records.last().map_or(0, |record| record.tree.size);
            assert_eq!(record.first, end, "records follow each other");
            memory.records.push(record.clone());
        });
        committed.map_err(|fault| match fault {
            Fault::Full => CommitError::NotCommitted(cause()),
            Fault::Lose | Fault::Keep => CommitError::Uncertain(cause()),
        })
    }

    fn discard_below(&self, size: u64) -> Result<(), Cause> {
        let mut memory = self.memory();
        for bundle in 0..size / 256 {
            let stored = memory.pieces.contains_key(&Piece::Bundle(bundle));
            assert!(stored, "leaves leave the journal after they are stored");
        }
        let newest = memory.records.len().saturating_sub(1);
        let done = memory.records.iter().take(newest).take_while(|r| r.tree.size <= size).count();
        memory.records.drain(..done);
        Ok(())
    }
}

impl TileStore for Ports {
    fn put(&self, pieces: &[(Piece, Vec<u8>)]) -> Result<(), StoreError> {
        for (piece, bytes) in pieces {
            self.store("piece", |memory| {
                let committed = memory.records.last().map_or(0, |record| record.tree.size);
                let (Piece::Tile { index, .. } | Piece::Bundle(index) | Piece::Margin(index)) =
                    piece;
                assert!(index * 256 < committed, "pieces are stored after they are committed");
                let old = memory.pieces.insert(*piece, bytes.clone());
                assert!(old.is_none_or(|old| old == *bytes), "{piece:?} never changes");
            })?;
        }
        Ok(())
    }

    fn get(&self, piece: Piece) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.memory().pieces.get(&piece).cloned())
    }

    fn put_partials(
        &self,
        _: &[(TilePath, Vec<u8>)],
        _: Option<&(EntryBundlePath, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.store("partials", |_| {})
    }

    fn put_checkpoint(&self, checkpoint: &str) -> Result<(), StoreError> {
        self.store("checkpoint", |memory| {
            let content = Signer("log.example").open(checkpoint).unwrap();
            for bundle in 0..content.size / 256 {
                let stored = memory.pieces.contains_key(&Piece::Bundle(bundle));
                assert!(stored, "a checkpoint is published after what it commits to");
            }
            let newest = memory.records.last().map(|record| record.tree.size);
            assert!(newest >= Some(content.size), "a checkpoint is committed before it is public");
            memory.checkpoint = Some(checkpoint.to_owned());
        })
    }

    fn drop_partials(&self, _: u64, _: u64) -> Result<(), StoreError> {
        self.store("drop", |_| {})
    }
}

impl DedupIndex for Ports {
    fn find(&self, keys: &[DedupKey]) -> Result<Vec<Option<u64>>, Cause> {
        let memory = self.memory();
        if memory.fault.is_some_and(|(name, _)| name == "index") {
            return Err(cause());
        }
        Ok(keys.iter().map(|key| memory.keys.get(key).copied()).collect())
    }

    fn insert(&self, keys: &[(DedupKey, u64)], reached: u64, _: bool) -> Result<(), Cause> {
        let write = |memory: &mut Memory| {
            assert!(reached >= memory.reached);
            for (key, index) in keys {
                memory.keys.entry(*key).or_insert(*index);
            }
            memory.reached = reached;
        };
        self.write("index", write).map_err(|_| cause())
    }

    fn reached(&self) -> Result<u64, Cause> {
        Ok(self.memory().reached)
    }
}

impl CheckpointMemory for Ports {
    fn remember(&self, checkpoint: &str) -> Result<(), StoreError> {
        self.store("memory", |memory| memory.remembered = Some(checkpoint.to_owned()))
    }
}

/// Signs by adding its name: what is signed is what is tested here, not how.
pub(crate) struct Signer(pub(crate) &'static str);

impl CheckpointSigner for Signer {
    fn origin(&self) -> &str {
        self.0
    }

    fn log_id(&self) -> Vec<u8> {
        self.0.into()
    }

    fn sign(&self, size: u64, root: &Hash, _: Time) -> Result<String, Cause> {
        let root: Vec<String> = root.iter().map(u8::to_string).collect();
        Ok(format!("{}\n{size}\n{}\n", self.0, root.join(" ")))
    }

    fn open(&self, checkpoint: &str) -> Result<CheckpointContent, CheckpointRefusal> {
        let lines: Vec<&str> = checkpoint.lines().collect();
        let [origin, size, root] = lines[..] else { return Err(CheckpointRefusal::Syntax) };
        if origin != self.0 {
            return Err(CheckpointRefusal::Origin);
        }
        let root: Vec<u8> = root.split(' ').map(|byte| byte.parse().unwrap()).collect();
        let size = size.parse().map_err(|_| CheckpointRefusal::Syntax)?;
        Ok(CheckpointContent { size, root: root.try_into().unwrap() })
    }
}

fn cause() -> Cause {
    "the double fails".into()
}
