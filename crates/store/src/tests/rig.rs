//! A log in a temporary folder, driven step by step by the test's own thread.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lite_keys::{KeyKind, SigningKey};
use lite_sequencer::ports::CheckpointSigner;
use lite_sequencer::{SequenceError, Sequenced, Submission};
use lite_time::{ManualClock, Time};
use lite_tlog::{Hash, NoteSigner, leaf_hash, verify_consistency, verify_inclusion};

use crate::open::{Opened, open};
use crate::{LogConfig, NoteCheckpointSigner, OpenError, Report, fsck};

pub(crate) const ORIGIN: &str = "log.example";
pub(crate) const SEED: &[u8] = b"seed";

pub(crate) fn signer(origin: &str) -> Arc<dyn CheckpointSigner> {
    let key = SigningKey::generate(KeyKind::Ed25519);
    Arc::new(NoteCheckpointSigner::new(NoteSigner::new(origin, key).unwrap()))
}

/// In memory where there is such a place: these tests lose processes, not power.
fn temporary_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A folder, a key and a clock: what outlives a process.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) signer: Arc<dyn CheckpointSigner>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) memory: Option<PathBuf>,
    pub(crate) segment_bytes: u64,
    /// What was answered, by leaf: nothing of this may ever be lost.
    pub(crate) answered: BTreeMap<Vec<u8>, Sequenced>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            dir: temporary_folder(),
            signer: signer(ORIGIN),
            clock: Arc::new(ManualClock::at(Time::from_secs(1_800_000_000))),
            memory: None,
            segment_bytes: 8 << 20,
            answered: BTreeMap::new(),
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub(crate) fn config(&self) -> LogConfig {
        let mut config =
            LogConfig::new(self.signer.clone(), self.clock.clone()).or_create(SEED.to_vec());
        config.memory.clone_from(&self.memory);
        config.segment_bytes = self.segment_bytes;
        config
    }

    pub(crate) fn open(&self) -> Result<Opened, OpenError> {
        open(&self.log(), self.config())
    }

    /// Opens, appends so many numbered leaves in batches, publishes, and is gone.
    pub(crate) fn grow(&mut self, leaves: std::ops::Range<u64>, batch: usize) {
        let mut opened = self.open().unwrap();
        let leaves: Vec<u64> = leaves.collect();
        for batch in leaves.chunks(batch) {
            self.append(&mut opened, batch).unwrap();
        }
        opened.publisher.publish().unwrap();
        opened.publisher.tidy().unwrap();
    }

    /// Sequences one batch of numbered leaves, and checks and keeps each answer.
    pub(crate) fn append(
        &mut self,
        opened: &mut Opened,
        leaves: &[u64],
    ) -> Result<(), SequenceError> {
        let batch = leaves.iter().map(|n| Submission::leaf(leaf(*n))).collect();
        let answers = opened.sequencer.sequence(batch)?;
        for (n, answer) in leaves.iter().zip(answers) {
            let sequenced = answer.unwrap().complete().unwrap();
            check_answer(&leaf(*n), &sequenced);
            self.answered.entry(leaf(*n)).or_insert(sequenced);
        }
        Ok(())
    }

    pub(crate) fn fsck(&self) -> Report {
        fsck(&self.log(), &*self.signer)
    }

    /// The folder is sound, and all that was answered is in it, under trees that begin with the
    /// ones that were shown before.
    #[track_caller]
    pub(crate) fn check_promises(&self, opened: &Opened) {
        let report = self.fsck();
        assert_eq!(report.findings, [], "size {}", report.size);
        let view = opened.sequencer.shared().view();
        let tree = view.tree();
        assert_eq!((report.size, report.root), (tree.size, tree.root));
        let bundles: Vec<_> =
            (0..tree.size.div_ceil(256)).map(|bundle| view.leaves(bundle).unwrap()).collect();
        let place = |index: u64| (usize::try_from(index / 256).unwrap(), (index % 256) as usize);
        let mut trees = BTreeMap::new();
        for (leaf, answer) in &self.answered {
            let (bundle, at) = place(answer.index);
            let found = &bundles[bundle][at];
            assert_eq!((&*found.bytes, found.time), (&leaf[..], answer.time));
            trees.insert(answer.tree.size, (answer, answer.tree.root));
        }
        for (old, (answer, root)) in trees {
            let proof = view.inclusion_proof(answer.index, tree.size).unwrap();
            verify_inclusion(&answer.leaf_hash, answer.index, tree.size, &proof, &tree.root)
                .unwrap();
            let proof = view.consistency_proof(old, tree.size).unwrap();
            verify_consistency(old, &root, tree.size, &tree.root, &proof).unwrap();
        }
    }
}

pub(crate) fn leaf(n: u64) -> Vec<u8> {
    format!("leaf {n}").into_bytes()
}

#[track_caller]
pub(crate) fn check_answer(leaf: &[u8], answer: &Sequenced) {
    assert_eq!(answer.leaf_hash, leaf_hash(leaf));
    let Sequenced { index, tree, proof, leaf_hash, .. } = answer;
    verify_inclusion(leaf_hash, *index, tree.size, proof, &tree.root).unwrap();
    assert!(tree.checkpoint.contains(&format!("\n{}\n", tree.size)));
}

/// Copies a folder, as a backup does.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// All files of a log but its index and lock, with their bytes.
pub(crate) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != "lock" && !name.starts_with("index/") {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The root over these leaves by another implementation.
pub(crate) fn oracle_root(leaves: impl IntoIterator<Item = Vec<u8>>) -> Hash {
    /// RFC 6962's hashes; `rs_merkle` pairs an odd node with nothing, as the RFC's trees do.
    #[derive(Clone)]
    struct Rfc6962;
    impl rs_merkle::Hasher for Rfc6962 {
        type Hash = Hash;
        fn hash(data: &[u8]) -> Hash {
            leaf_hash(data)
        }
        fn concat_and_hash(left: &Hash, right: Option<&Hash>) -> Hash {
            right.map_or(*left, |right| lite_tlog::node_hash(left, right))
        }
    }
    let hashes: Vec<Hash> = leaves.into_iter().map(|leaf| leaf_hash(&leaf)).collect();
    rs_merkle::MerkleTree::<Rfc6962>::from_leaves(&hashes).root().unwrap()
}
