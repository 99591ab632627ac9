//! Checkpoints: what a log promises about its tree.
//!
//! ```text
//! <origin>
//! <tree size, decimal>
//! <base64 of the root hash>
//! [extension lines]
//! ```
//!
//! c2sp.org/tlog-checkpoint, "Note text". A checkpoint travels as the text of a signed note.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::note::{NoteError, SignedNote};
use crate::note_key::{NoteSigner, NoteVerifier};

/// The text of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root hash.
    pub root: Hash,
    /// Further lines, each without its newline.
    pub extensions: Vec<String>,
}

/// Why a text is not a checkpoint, or a checkpoint is not one of the expected log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A line is empty.
    #[error("checkpoint has an empty line")]
    EmptyLine,
    /// There are fewer than three lines, or the last one has no newline.
    #[error("checkpoint is cut short")]
    Incomplete,
    /// The note around the checkpoint is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is of another log.
    #[error("checkpoint is of another origin")]
    Origin,
    /// The root hash is not the base64 of 32 bytes.
    #[error("root hash is not the base64 of 32 bytes")]
    RootHash,
    /// The key has no signature to give.
    #[error("checkpoint cannot be signed")]
    Signing,
    /// The tree size is not a decimal number without leading zero.
    #[error("tree size is not a decimal number")]
    Size,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// Signs the checkpoint and returns the note.
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedNote, CheckpointError> {
        let text = self.to_string();
        // What would not be read again is not signed.
        text.parse::<Self>()?;
        let signature = signer.sign(&text).map_err(|_| CheckpointError::Signing)?;
        Ok(SignedNote::new(&text, signature)?)
    }

    /// Reads a signed checkpoint and verifies that the expected log signed it, under its own name.
    pub fn open(note: &[u8], verifier: &NoteVerifier) -> Result<Self, CheckpointError> {
        Self::open_of(note, verifier, verifier.name())
    }

    /// The same for a log whose origin is not the name of its key: Rekor v1's is
    /// `NAME - TREE_ID`.
    pub fn open_of(
        note: &[u8],
        verifier: &NoteVerifier,
        origin: &str,
    ) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        note.verify(verifier)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::Origin);
        }
        Ok(checkpoint)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Incomplete)?;
        let mut lines = text.split('\n');
        let mut line = || match lines.next() {
            None => Err(CheckpointError::Incomplete),
            Some("") => Err(CheckpointError::EmptyLine),
            Some(line) => Ok(line),
        };
        let origin = line()?.to_owned();
        let size = parse_size(line()?).ok_or(CheckpointError::Size)?;
        let root = parse_root(line()?).ok_or(CheckpointError::RootHash)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::EmptyLine);
        }
        Ok(Self { origin, size, root, extensions })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// c2sp.org/tlog-checkpoint: "ASCII decimal … with no leading zeroes (unless the tree is empty, in
/// which case the tree size is `0`)".
fn parse_size(line: &str) -> Option<u64> {
    let plain = line.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = line == "0" || !line.starts_with('0');
    (plain && shortest).then(|| line.parse().ok())?
}

fn parse_root(line: &str) -> Option<Hash> {
    STANDARD.decode(line).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use lite_keys::PublicKey;

    use super::*;

    /// The checkpoint of sigstore-conformance's `rekor2-checkpoint-two-sigs-from-origin`
    /// (Apache-2.0): an Ed25519 line, then an ECDSA one under the same name.
    const STAGING: &str = "log2025-alpha1.rekor.sigstage.dev\n736\n\
        rs1YPY0ydAV0lxgfrq5pE4oRpUJwo3syeps5+eGUTDI=\n\n\
        — log2025-alpha1.rekor.sigstage.dev 8w1amdbj1mjNN674dHAkD92+QZoEgBC7o0mXYSTRluDjQrOPjrps3zQB9ut+ShLepyZPsWBDi5IB3yXyjgjQT6OG9A8=\n\
        — log2025-alpha1.rekor.sigstage.dev mixjVTBEAiAv6tS03L1YvDipqsZBkJ/aL62be4XzHfDEHYXqNza0cAIgT2PcBzKxE4kHLlw2U1QtO4/YXfPdy5QtFpDw1lWkIXs=\n";

    /// The log's key, from the trusted root beside it.
    const STAGING_SPKI: &str = "MCowBQYDK2VwAyEAPn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=";

    fn staging_verifier(name: &str) -> NoteVerifier {
        let key = PublicKey::from_spki_der(&STANDARD.decode(STAGING_SPKI).unwrap()).unwrap();
        NoteVerifier::new(name, key).unwrap()
    }

    #[test]
    fn opens_a_checkpoint_of_the_staging_log() {
        let verifier = staging_verifier("log2025-alpha1.rekor.sigstage.dev");
        let checkpoint = Checkpoint::open(STAGING.as_bytes(), &verifier).unwrap();
        assert_eq!(checkpoint.size, 736);
        assert_eq!(hex::encode(checkpoint.root)[..8], *"aecd583d");
        assert_eq!(SignedNote::parse(STAGING.as_bytes()).unwrap().to_string(), STAGING);
    }

    #[test]
    fn a_changed_checkpoint_is_refused() {
        let verifier = staging_verifier("log2025-alpha1.rekor.sigstage.dev");
        let open = |note: &str| Checkpoint::open(note.as_bytes(), &verifier).unwrap_err();
        let signature = CheckpointError::Note(NoteError::Signature);
        assert_eq!(open(&STAGING.replace("\n736\n", "\n737\n")), signature);
        let unknown = CheckpointError::Note(NoteError::UnknownKey);
        assert_eq!(open(&STAGING.replace(" 8w1a", " 8w1b")), unknown);
        assert_eq!(open(&STAGING.replace("— log2025", "— log2026")), unknown);
        let other = staging_verifier("another.example");
        assert_eq!(Checkpoint::open(STAGING.as_bytes(), &other).unwrap_err(), unknown);
    }

    #[test]
    fn a_key_does_not_speak_for_another_origin() {
        let key = lite_keys::SigningKey::generate(lite_keys::KeyKind::Ed25519);
        let signer = NoteSigner::new("one.example", key).unwrap();
        let note = Checkpoint::new("two.example", 0, [0; 32]).sign(&signer).unwrap();
        let opened = Checkpoint::open(note.to_string().as_bytes(), signer.verifier());
        assert_eq!(opened, Err(CheckpointError::Origin));
    }

    #[track_caller]
    fn refuse(text: &str, reason: CheckpointError) {
        assert_eq!(text.parse::<Checkpoint>(), Err(reason), "{text:?}");
    }

    #[test]
    fn refuses_every_second_spelling_of_a_checkpoint() {
        let root = STANDARD.encode([0; 32]);
        let spell = |size: &str| format!("log\n{size}\n{root}\n");
        assert_eq!(spell("0").parse::<Checkpoint>().unwrap().to_string(), spell("0"));
        for size in ["00", "01", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"] {
            refuse(&spell(size), CheckpointError::Size);
        }
        refuse(&spell(""), CheckpointError::EmptyLine);
        refuse("", CheckpointError::Incomplete);
        refuse("log\n1\n", CheckpointError::Incomplete);
        refuse(&format!("log\n1\n{root}"), CheckpointError::Incomplete);
        refuse(&format!("\n1\n{root}\n"), CheckpointError::EmptyLine);
        refuse(&format!("log\n1\n{root}\n\n"), CheckpointError::EmptyLine);
        refuse(&format!("log\n1\n{root}\na\n\nb\n"), CheckpointError::EmptyLine);
        refuse("log\n1\nAAAA\n", CheckpointError::RootHash);
        refuse(&format!("log\n1\n{}\n", root.trim_end_matches('=')), CheckpointError::RootHash);
    }

    #[test]
    fn what_would_not_be_read_again_is_not_signed() {
        let key = lite_keys::SigningKey::generate(lite_keys::KeyKind::Ed25519);
        let signer = NoteSigner::new("log.example", key).unwrap();
        let mut checkpoint = Checkpoint::new("log.example", 1, [0; 32]);
        checkpoint.extensions.push(String::new());
        assert_eq!(checkpoint.sign(&signer), Err(CheckpointError::EmptyLine));
        checkpoint.extensions[0] = "Log frozen — Thu Jan  1 00:00:00 UTC 2026".to_owned();
        let note = checkpoint.sign(&signer).unwrap().to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), signer.verifier()), Ok(checkpoint));
    }
}
