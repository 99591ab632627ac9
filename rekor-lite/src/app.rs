//! What a handler may reach.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use lite_search::Search;
use lite_sequencer::{Sequenced, Tree};
use lite_store::Log;
use lite_tlog::{Checkpoint, Hash, LogId, NoteVerifier, verify_inclusion};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Config;
use crate::entry::Rules;
use crate::workers::Workers;

/// The log, and the limits around it. Clones share everything.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) log: Arc<Log>,
    pub(crate) log_id: LogId,
    pub(crate) rules: Arc<Rules>,
    pub(crate) search: Arc<Search>,
    pub(crate) self_check: Arc<SelfCheck>,
    pub(crate) limits: Limits,
}

/// What a server takes on, and how it answers: the same for both of its APIs, which share it.
#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) strict_duplicates: bool,
    pub(crate) read_only: bool,
    pub(crate) max_body_bytes: usize,
    pub(crate) body_memory: BodyMemory,
    /// Verify signatures.
    pub(crate) workers: Workers,
    /// Read leaves and tiles.
    pub(crate) readers: Workers,
}

/// Reads that wait at once; they are short.
const MAX_READS: usize = 4096;

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            strict_duplicates: config.strict_duplicates,
            read_only: config.read_only,
            max_body_bytes: config.max_body_bytes,
            body_memory: BodyMemory::new(config.max_body_memory, config.max_body_bytes),
            workers: Workers::new(config.max_waiting),
            readers: Workers::new(MAX_READS),
        }
    }
}

/// Memory for the bodies of all requests together, in KiB.
#[derive(Clone, Debug)]
pub(crate) struct BodyMemory {
    room: Arc<Semaphore>,
    largest: usize,
}

const KIB: usize = 1024;

impl BodyMemory {
    /// So many bytes in all; one body has at most `largest`.
    pub(crate) fn new(bytes: usize, largest: usize) -> Self {
        let room = (bytes.max(largest) / KIB + 1).min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)), largest }
    }

    /// Room for a request's body, until the permit is dropped; `None` when there is not enough. A
    /// body that does not say how long it is gets the room of the largest.
    pub(crate) fn reserve(&self, request: &Request) -> Option<OwnedSemaphorePermit> {
        // The header before the body's own hint, which does not survive the layers around the
        // router. A body cannot be longer: whoever parsed the header cuts it there.
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
        let announced = announced.or_else(|| request.body().size_hint().upper());
        let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
        let bytes = announced.map_or(self.largest, |bytes| bytes.min(self.largest));
        let kib = u32::try_from(bytes / KIB + 1).ok()?;
        Arc::clone(&self.room).try_acquire_many_owned(kib).ok()
    }
}

/// Holds what is about to be answered to what a client will hold it to.
#[derive(Debug)]
pub(crate) struct SelfCheck {
    verifier: NoteVerifier,
    origin: String,
    /// The last tree whose checkpoint verified: all answers of a batch share it.
    verified: Mutex<Option<Arc<Tree>>>,
}

/// The answer would not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("proof or checkpoint of an answer does not verify")]
pub(crate) struct NotProven;

impl SelfCheck {
    /// Holds answers to the key of the log and to its origin.
    pub(crate) fn new(verifier: NoteVerifier, origin: String) -> Self {
        Self { verifier, origin, verified: Mutex::new(None) }
    }

    /// Verifies the checkpoint and the inclusion proof of an answer.
    pub(crate) fn check(&self, leaf: &Hash, sequenced: &Sequenced) -> Result<(), NotProven> {
        let tree = &sequenced.tree;
        let included =
            verify_inclusion(leaf, sequenced.index, tree.size, &sequenced.proof, &tree.root);
        if included.is_err() || !self.is_signed(tree) {
            return Err(NotProven);
        }
        Ok(())
    }

    fn is_signed(&self, tree: &Arc<Tree>) -> bool {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.as_ref().is_some_and(|last| Arc::ptr_eq(last, tree)) {
            return true;
        }
        let signed = Checkpoint::open_of(tree.checkpoint.as_bytes(), &self.verifier, &self.origin)
            .is_ok_and(|opened| opened.size == tree.size && opened.root == tree.root);
        if signed {
            *verified = Some(Arc::clone(tree));
        }
        signed
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use lite_keys::{KeyKind, SigningKey};
    use lite_time::Time;
    use lite_tlog::{NoteSigner, leaf_hash, node_hash};

    use super::*;

    #[test]
    fn bodies_share_their_memory_by_what_they_announce() {
        let memory = BodyMemory::new(10 * KIB, 4 * KIB);
        // What carries the body here says nothing of its length, as behind a layer's wrapper.
        let body = || Body::new(Body::from("small").map_frame(|frame| frame));
        let small = Request::builder().header(CONTENT_LENGTH, 5).body(body()).unwrap();
        let unknown = Request::new(body());
        let held: Vec<_> = (0..2).map_while(|_| memory.reserve(&unknown)).collect();
        assert_eq!(held.len(), 2);
        assert!(memory.reserve(&unknown).is_none());
        let one = memory.reserve(&small);
        assert!(one.is_some());
        drop((held, one));
        assert!(memory.reserve(&unknown).is_some());
    }

    /// An answer for the first of two leaves, with everything right.
    fn answer(signer: &NoteSigner) -> Sequenced {
        let (leaf, sibling) = (leaf_hash(b"0"), leaf_hash(b"1"));
        let root = node_hash(&leaf, &sibling);
        let note = Checkpoint::new(signer.name(), 2, root).sign(signer).unwrap();
        Sequenced {
            index: 0,
            duplicate: false,
            leaf_hash: leaf,
            time: Time::from_millis(0),
            tree: Arc::new(Tree {
                size: 2,
                root,
                time: Time::from_millis(0),
                checkpoint: note.to_string().into(),
            }),
            proof: vec![sibling],
        }
    }

    fn signer() -> NoteSigner {
        NoteSigner::new("log.example", SigningKey::generate(KeyKind::Ed25519)).unwrap()
    }

    #[test]
    fn an_answer_that_does_not_verify_is_not_given() {
        let signer = signer();
        let passes = |answer: &Sequenced| {
            let check = SelfCheck::new(signer.verifier().clone(), signer.name().to_owned());
            check.check(&leaf_hash(b"0"), answer).is_ok()
        };
        let with_tree = |change: &dyn Fn(&mut Tree)| {
            let mut answer = answer(&signer);
            change(Arc::make_mut(&mut answer.tree));
            answer
        };
        assert!(passes(&answer(&signer)));
        assert!(!passes(&Sequenced { index: 1, ..answer(&signer) }));
        assert!(!passes(&Sequenced { proof: vec![[0; 32]], ..answer(&signer) }));
        assert!(!passes(&Sequenced { proof: vec![], ..answer(&signer) }));
        assert!(!passes(&with_tree(&|tree| tree.root = [0; 32])));
        assert!(!passes(&with_tree(&|tree| tree.checkpoint = "nonsense".into())));
        // A checkpoint of another tree, and one of another key.
        let other = Checkpoint::new("log.example", 2, [0; 32]).sign(&signer).unwrap();
        assert!(!passes(&with_tree(&|tree| tree.checkpoint = other.to_string().into())));
        assert!(!passes(&answer(&self::signer())));
    }
}
