//! Steps 1 to 4 of the life of a leaf: from the pool to a promised tree.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lite_time::{Clock, Time};
use lite_tlog::{Hash, MAX_LEAF_BYTES, leaf_hash, verify_inclusion};

use crate::leaf::{MAX_EXTRA_BYTES, Source};
use crate::ports::{
    CheckpointMemory, CheckpointSigner, CommitError, DedupIndex, Journal, Record, TileStore,
};
use crate::right_edge::{EdgeProver, FullTile, RightEdge, WIDTH};
use crate::view::Pending;
use crate::{
    AppendError, DedupKey, Finder, Leaf, ReadError, SequenceError, Shared, Submission, Tree, View,
};

/// The ports of a log.
#[derive(Clone)]
pub struct Machine {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Finds duplicates among old leaves.
    pub index: Arc<dyn DedupIndex>,
    /// Holds what is promised.
    pub journal: Arc<dyn Journal>,
    /// Remembers the newest promise in another place, if there is one.
    pub memory: Option<Arc<dyn CheckpointMemory>>,
    /// Signs checkpoints.
    pub signer: Arc<dyn CheckpointSigner>,
    /// Holds what is published.
    pub tiles: Arc<dyn TileStore>,
}

/// The place of a submission in a promised tree.
#[derive(Clone)]
pub struct Answer {
    index: u64,
    duplicate: bool,
    view: Arc<View>,
    /// The proof, where the right edge gave it at once.
    proof: Option<Vec<Hash>>,
}

/// An [`Answer`] with its proof: the leaf is in the tree, durably, and `proof` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// The leaf's index.
    pub index: u64,
    /// Whether the leaf was there before.
    pub duplicate: bool,
    /// The leaf's hash.
    pub leaf_hash: Hash,
    /// When the leaf was sequenced; for a duplicate, when it was the first time.
    pub time: Time,
    /// A tree that covers the leaf.
    pub tree: Arc<Tree>,
    /// The inclusion proof of the leaf in that tree.
    pub proof: Vec<Hash>,
}

impl Answer {
    /// Completes the answer. For an old duplicate this reads tiles, so it is for the thread that
    /// waits, not for the sequencer.
    pub fn complete(self) -> Result<Sequenced, ReadError> {
        let Self { index, duplicate, view, proof } = self;
        let proof = match proof {
            Some(proof) => proof,
            None => view.inclusion_proof(index, view.tree.size)?,
        };
        let (leaf_hash, time) = (view.leaf_hash(index)?, view.time_of(index)?);
        Ok(Sequenced { index, duplicate, leaf_hash, time, tree: Arc::clone(&view.tree), proof })
    }
}

/// Orders leaves, and promises trees. There is one for each log, on one thread.
pub struct Sequencer {
    machine: Machine,
    shared: Arc<Shared>,
}

/// What becomes of each submission of a batch, before there is a tree.
enum Place {
    New(u64),
    Duplicate(u64),
    Refused(AppendError),
}

/// A batch that is integrated, and not promised.
struct Integrated {
    edge: RightEdge,
    bundle: Arc<Vec<Arc<Leaf>>>,
    leaves: Vec<Arc<Leaf>>,
    full: Vec<FullTile>,
    pending: Vec<Arc<Pending>>,
    keys: HashMap<DedupKey, u64>,
    order: Vec<(DedupKey, u64)>,
    last_hash: Hash,
}

impl Sequencer {
    /// A sequencer that goes on from what recovery has found.
    #[must_use]
    pub fn new(machine: Machine, shared: Arc<Shared>) -> Self {
        Self { machine, shared }
    }

    /// What readers see.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Finds what was sequenced, for readers.
    #[must_use]
    pub fn finder(&self) -> Finder {
        Finder::new(Arc::clone(&self.machine.index), Arc::clone(&self.shared))
    }

    /// Sequences a batch: on return without error each answer in it is durable, and its proof and
    /// checkpoint are ready. Answers come in the order of the submissions.
    ///
    /// The steps are those of ARCHITECTURE.md, "Life of a leaf"; 5 to 7 are the
    /// [`crate::Publisher`]'s. Their order is the crash safety: before (4) a crash loses nothing
    /// that was promised, and after (4) recovery finds leaves and checkpoint in the journal.
    pub fn sequence(
        &mut self,
        batch: Vec<Submission>,
    ) -> Result<Vec<Result<Answer, AppendError>>, SequenceError> {
        let view = self.shared.view();

        // (1) Pool. Time never goes back in what is recorded, whatever the clock does.
        let time = self.machine.clock.now().max(view.tree.time);

        // (2) Integrate: the new right edge, root and proofs, on a copy in memory. A duplicate
        // gets the place that its first occurrence has, in this batch or before it.
        let mut new = Integrated::on(&view);
        let old = self.find_old(&view, &batch);
        let places: Vec<Place> = (batch.into_iter().zip(old))
            .map(|(submission, old)| new.integrate(submission, old, time))
            .collect();
        if new.leaves.is_empty() {
            return Ok(answers(places, &view, &view.edge.prover(&[])));
        }
        let (size, root) = (new.edge.size(), new.edge.root());
        let root = root.ok_or(SequenceError::ProofMismatch)?;
        new.check_last_leaf(&root)?;

        // (3) Stage and (4) commit, in one durable write: leaves and signed checkpoint are one
        // record. From here the log has promised this tree. If the outcome is not known, no other
        // tree may be signed: recovery looks.
        let tree = self.sign(size, root, time)?;
        let record = Record { first: view.tree.size, leaves: new.leaves, tree: Arc::clone(&tree) };
        self.commit(&record)?;

        // The batch is promised: readers see it, and the waiting are answered from memory.
        self.shared.recent().add(new.order, size);
        let mut pending = view.pending.clone();
        pending.append(&mut new.pending);
        let store = Arc::clone(&view.store);
        let next = View { tree, edge: new.edge, bundle: new.bundle, pending, store };
        let shown = Arc::new(next.clone());
        self.shared.show(next);
        Ok(answers(places, &shown, &shown.edge.prover(&new.full)))
    }

    /// Signs the tree as it stands again, with the time of now, and commits that: for logs whose
    /// checkpoint must not grow old.
    pub fn renew(&mut self) -> Result<Arc<Tree>, SequenceError> {
        let view = self.shared.view();
        let time = self.machine.clock.now().max(view.tree.time);
        let tree = self.sign(view.tree.size, view.tree.root, time)?;
        let record = Record { first: view.tree.size, leaves: Vec::new(), tree: Arc::clone(&tree) };
        self.commit(&record)?;
        self.shared.show(View { tree: Arc::clone(&tree), ..View::clone(&view) });
        Ok(tree)
    }

    fn sign(&self, size: u64, root: Hash, time: Time) -> Result<Arc<Tree>, SequenceError> {
        let signed = self.machine.signer.sign(size, &root, time);
        let checkpoint = Arc::from(signed.map_err(SequenceError::SigningFailed)?);
        Ok(Arc::new(Tree { size, root, time, checkpoint }))
    }

    fn commit(&self, record: &Record) -> Result<(), SequenceError> {
        self.machine.journal.commit(record).map_err(|error| match error {
            CommitError::NotCommitted(cause) => SequenceError::NotCommitted(cause),
            CommitError::Uncertain(cause) => SequenceError::CommitUncertain(cause),
        })
    }

    /// For each submission, the older leaf that it duplicates.
    fn find_old(&self, view: &View, batch: &[Submission]) -> Vec<Result<Option<u64>, AppendError>> {
        let keys: Vec<DedupKey> = batch.iter().map(Submission::key).collect();
        // The order matters: a key leaves `recent` only after the index has it.
        let recent: Vec<Option<u64>> = {
            let recent = self.shared.recent();
            keys.iter().map(|key| recent.find(key)).collect()
        };
        // An index that fails costs duplicates, and no leaf: `Publisher` reports that it fails.
        let indexed = self.machine.index.find(&keys).unwrap_or_default();
        let mut old = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            let hit = indexed.get(at).copied().flatten();
            old.push(match (recent[at], hit) {
                (Some(index), _) => Ok(Some(index)),
                (None, None) => Ok(None),
                // The index is not trusted: the leaf itself has the last word.
                (None, Some(index)) => match view.has_key(index, key) {
                    Ok(confirmed) => Ok(confirmed.then_some(index)),
                    Err(_) => Err(AppendError::Unreadable),
                },
            });
        }
        old
    }
}

impl Integrated {
    fn on(view: &View) -> Self {
        Self {
            edge: view.edge.clone(),
            bundle: Arc::clone(&view.bundle),
            leaves: Vec::new(),
            full: Vec::new(),
            pending: Vec::new(),
            keys: HashMap::new(),
            order: Vec::new(),
            last_hash: Hash::default(),
        }
    }

    fn integrate(
        &mut self,
        submission: Submission,
        old: Result<Option<u64>, AppendError>,
        time: Time,
    ) -> Place {
        let key = submission.key();
        match old {
            Err(error) => return Place::Refused(error),
            Ok(Some(index)) => return Place::Duplicate(index),
            Ok(None) => {}
        }
        if let Some(index) = self.keys.get(&key) {
            return Place::Duplicate(*index);
        }
        let index = self.edge.size();
        match build(submission, index, time) {
            Err(error) => Place::Refused(error),
            Ok((leaf, hash)) => {
                self.keys.insert(key, index);
                self.order.push((key, index));
                self.leaves.push(Arc::clone(&leaf));
                self.push(leaf, hash);
                Place::New(index)
            }
        }
    }

    /// A tree that does not prove what was just added to it must not be promised: one proof for
    /// a batch is cheap, and finds bad memory as well as a bad program.
    fn check_last_leaf(&self, root: &Hash) -> Result<(), SequenceError> {
        let size = self.edge.size();
        let proof = self.edge.prover(&self.full).inclusion(size - 1);
        let proof = proof.ok_or(SequenceError::ProofMismatch)?;
        verify_inclusion(&self.last_hash, size - 1, size, &proof, root)
            .map_err(|_| SequenceError::ProofMismatch)
    }

    /// Enters a leaf into edge and bundle; recovery does the same with the journal's leaves.
    fn push(&mut self, leaf: Arc<Leaf>, hash: Hash) {
        let full = self.full.len();
        self.edge.append(hash, &mut self.full);
        self.last_hash = hash;
        Arc::make_mut(&mut self.bundle).push(leaf);
        if self.edge.size().is_multiple_of(WIDTH) {
            self.pending.push(Arc::new(Pending {
                size: self.edge.size(),
                leaves: std::mem::take(&mut self.bundle),
                tiles: self.full[full..].to_vec(),
            }));
        }
    }
}

/// Enters committed leaves again, at a start: the same code as for new ones.
pub(crate) fn replay(view: &mut View, leaves: impl IntoIterator<Item = Arc<Leaf>>) {
    let mut new = Integrated::on(view);
    for leaf in leaves {
        let hash = leaf.hash();
        new.push(leaf, hash);
    }
    view.edge = new.edge;
    view.bundle = new.bundle;
    view.pending.append(&mut new.pending);
}

/// Makes the leaf of a submission, for this place and time.
fn build(submission: Submission, index: u64, time: Time) -> Result<(Arc<Leaf>, Hash), AppendError> {
    let Submission { source, extra, identity } = submission;
    if extra.len() > MAX_EXTRA_BYTES {
        return Err(AppendError::ExtraTooLarge);
    }
    let (bytes, hash) = match source {
        Source::Bytes { bytes, hash } => (bytes, hash),
        Source::Built { builder, .. } => {
            // A server's builder must not take the log down with it.
            let built = catch_unwind(AssertUnwindSafe(|| builder(index, time)));
            let bytes: Arc<[u8]> = built.map_err(|_| AppendError::BuilderFailed)?.into();
            let hash = leaf_hash(&bytes);
            (bytes, hash)
        }
    };
    // c2sp.org/tlog-tiles, "Log entries": the length of an entry is a uint16.
    if bytes.len() > MAX_LEAF_BYTES {
        return Err(AppendError::TooLarge);
    }
    Ok((Arc::new(Leaf { bytes, time, identity, extra }), hash))
}

fn answers(
    places: Vec<Place>,
    view: &Arc<View>,
    prover: &EdgeProver<'_>,
) -> Vec<Result<Answer, AppendError>> {
    let answer = |index, duplicate| {
        let proof = prover.inclusion(index);
        Ok(Answer { index, duplicate, view: Arc::clone(view), proof })
    };
    let place = |place| match place {
        Place::New(index) => answer(index, false),
        Place::Duplicate(index) => answer(index, true),
        Place::Refused(error) => Err(error),
    };
    places.into_iter().map(place).collect()
}
