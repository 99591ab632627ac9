//! What the log signs: tree heads, as RFC 6962 has them, inside of checkpoints.
//!
//! ```text
//! TreeHeadSignature   00 v1 | 01 tree_hash | u64 ms | u64 size | root [32]      RFC 6962, Section 3.5
//! DigitallySigned     04 sha256 | 03 ecdsa | u16 len, signature
//! note signature      key ID [4] | u64 ms | DigitallySigned                     static-ct-api
//! key ID              SHA-256(name | 0A | 05 | log ID [32]) [:4]
//! ```
//!
//! c2sp.org/static-ct-api, "Checkpoints", for the last two.

use sha2::{Digest, Sha256};

use lite_keys::{HashAlgorithm, PublicKey, SigningKey};
use lite_pki::sct;
use lite_sequencer::ports::{Cause, CheckpointContent, CheckpointRefusal, CheckpointSigner};
use lite_time::Time;
use lite_tlog::note::KeyId;
use lite_tlog::{Checkpoint, Hash, NoteSignature, SignedNote};

/// An STH: what `get-sth` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeHead {
    pub(crate) timestamp: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// `DigitallySigned`
    pub(crate) signature: Vec<u8>,
}

/// Signs this log's tree heads and SCTs, and knows its own.
pub(crate) struct Signer {
    origin: String,
    key: std::sync::Arc<SigningKey>,
    log_id: [u8; 32],
}

/// c2sp.org/signed-note, "Signature types": a tree head of RFC 6962.
const NOTE_RFC6962: u8 = 0x05;
/// RFC 5246, Section 7.4.1.4.1: sha256, ecdsa.
const ALGORITHM: [u8; 2] = [4, 3];

impl Signer {
    pub(crate) fn new(origin: &str, key: std::sync::Arc<SigningKey>) -> Self {
        let log_id = sct::log_id(key.public());
        Self { origin: origin.to_owned(), key, log_id }
    }

    fn sign_note(&self, size: u64, root: &Hash, time: Time) -> Result<String, Cause> {
        let timestamp = millis(time);
        let signature =
            (self.key).sign(HashAlgorithm::Sha256, &tree_head(timestamp, size, root))?;
        let length = u16::try_from(signature.len())?.to_be_bytes();
        let body = [&timestamp.to_be_bytes()[..], &ALGORITHM, &length, &signature].concat();
        let line = NoteSignature::new(&self.origin, self.key_id(), body)?;
        let text = Checkpoint::new(self.origin.as_str(), size, *root).to_string();
        Ok(SignedNote::new(&text, line)?.to_string())
    }

    fn key_id(&self) -> KeyId {
        key_id(&self.origin, &self.log_id)
    }
}

impl CheckpointSigner for Signer {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn log_id(&self) -> Vec<u8> {
        self.log_id.to_vec()
    }

    fn sign(&self, size: u64, root: &Hash, time: Time) -> Result<String, Cause> {
        self.sign_note(size, root, time)
    }

    fn open(&self, checkpoint: &str) -> Result<CheckpointContent, CheckpointRefusal> {
        let head = open(checkpoint, &self.origin, self.key.public())?;
        Ok(CheckpointContent { size: head.size, root: head.root })
    }
}

/// Reads the tree head of a checkpoint that the log of this name and key signed.
pub(crate) fn open(
    checkpoint: &str,
    origin: &str,
    key: &PublicKey,
) -> Result<TreeHead, CheckpointRefusal> {
    let head = read(checkpoint, origin, &sct::log_id(key))?;
    let signed = tree_head(head.timestamp, head.size, &head.root);
    // DigitallySigned is algorithm, length, signature: `read` has checked the first two.
    key.verify(HashAlgorithm::Sha256, &signed, &head.signature[4..])
        .map_err(|_| CheckpointRefusal::Signature)?;
    Ok(head)
}

/// The same without the check, for a checkpoint that this process made.
pub(crate) fn read(
    checkpoint: &str,
    origin: &str,
    log_id: &[u8; 32],
) -> Result<TreeHead, CheckpointRefusal> {
    let note = SignedNote::parse(checkpoint.as_bytes()).map_err(|_| CheckpointRefusal::Syntax)?;
    let text: Checkpoint = note.text().parse().map_err(|_| CheckpointRefusal::Syntax)?;
    if text.origin != origin {
        return Err(CheckpointRefusal::Origin);
    }
    let ours = key_id(origin, log_id);
    let line = note.signatures().iter().find(|line| line.name() == origin && line.key_id() == ours);
    let line = line.ok_or(CheckpointRefusal::Signature)?.signature();
    let (timestamp, signature) = line.split_first_chunk().ok_or(CheckpointRefusal::Signature)?;
    let (head, value) = signature.split_first_chunk::<4>().ok_or(CheckpointRefusal::Signature)?;
    let length = u16::from_be_bytes([head[2], head[3]]);
    if head[..2] != ALGORITHM || value.len() != usize::from(length) {
        return Err(CheckpointRefusal::Signature);
    }
    Ok(TreeHead {
        timestamp: u64::from_be_bytes(*timestamp),
        size: text.size,
        root: text.root,
        signature: signature.to_vec(),
    })
}

/// Milliseconds since the Unix epoch, which no clock of ours is before.
pub(crate) fn millis(time: Time) -> u64 {
    u64::try_from(time.millis()).unwrap_or(0)
}

fn tree_head(timestamp: u64, size: u64, root: &Hash) -> Vec<u8> {
    [&[0, 1][..], &timestamp.to_be_bytes(), &size.to_be_bytes(), root].concat()
}

fn key_id(name: &str, log_id: &[u8; 32]) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', NOTE_RFC6962])
        .chain_update(log_id)
        .finalize();
    KeyId([hash[0], hash[1], hash[2], hash[3]])
}
