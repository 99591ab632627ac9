//! Signed notes: a text, and who signed it.
//!
//! ```text
//! text, ending in a newline
//! <blank line>
//! — <key name> base64( key ID, 4 bytes big-endian ‖ signature )
//! …
//! ```
//!
//! c2sp.org/signed-note, "Format": "the text is separated from the signatures by the last empty
//! line in the note". A frozen log's text holds an em dash, so lines are signature lines by their
//! place only, never by their looks.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note_key::NoteVerifier;

/// c2sp.org/signed-note: verifiers "MUST accept at least up to 16 signatures".
pub const MAX_SIGNATURES: usize = 100;

/// The largest note that is read: room for 100 signatures, post-quantum ones among them.
pub const MAX_NOTE_BYTES: usize = 1 << 20;

/// Which key signed: the first four bytes of a longer hash.
///
/// Short on purpose: it finds a key, it does not prove one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: KeyId,
    signature: Vec<u8>,
}

/// A text with its signature lines, none of them verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// Why bytes are not a signed note, or one is not signed by the expected key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// A control character other than newline.
    #[error("note has a control character")]
    ControlCharacter,
    /// A key name is empty, or has a space or a plus sign.
    #[error("key name is not one")]
    KeyName,
    /// The expected key's signature does not verify.
    #[error("signature of the expected key does not verify")]
    Signature,
    /// A line after the blank line is not a signature line.
    #[error("signature line is malformed")]
    SignatureLine,
    /// The text is empty or does not end in a newline.
    #[error("note text does not end in a newline")]
    Text,
    /// The note is larger than any of ours.
    #[error("note is larger than 1 MiB")]
    TooLarge,
    /// The note has more signatures than we look at.
    #[error("note has more than 100 signatures")]
    TooManySignatures,
    /// The note is not signed by the expected key.
    #[error("note is not signed by the expected key")]
    UnknownKey,
    /// There is no blank line with signature lines after it.
    #[error("note has no signatures")]
    Unsigned,
    /// The bytes are not UTF-8.
    #[error("note is not UTF-8")]
    Utf8,
}

impl NoteSignature {
    /// A signature line from its parts.
    pub fn new(name: &str, key_id: KeyId, signature: Vec<u8>) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::KeyName);
        }
        Ok(Self { name: name.to_owned(), key_id, signature })
    }

    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let line = line.strip_prefix("\u{2014} ").ok_or(NoteError::SignatureLine)?;
        let (name, base64) = line.split_once(' ').ok_or(NoteError::SignatureLine)?;
        let decoded = STANDARD.decode(base64).map_err(|_| NoteError::SignatureLine)?;
        let (key_id, signature) = decoded.split_first_chunk().ok_or(NoteError::SignatureLine)?;
        if signature.is_empty() {
            return Err(NoteError::SignatureLine);
        }
        Self::new(name, KeyId(*key_id), signature.to_vec())
    }

    /// Who signed, as the signer calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// With which key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The signature, without the key ID in front of it.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.key_id.0, self.signature.as_slice()].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(blob))
    }
}

impl SignedNote {
    /// A note from a text and its first signature.
    pub fn new(text: &str, signature: NoteSignature) -> Result<Self, NoteError> {
        check_text(text)?;
        Ok(Self { text: text.to_owned(), signatures: vec![signature] })
    }

    /// Reads a signed note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Utf8)?;
        let blank = note.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        check_text(text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        if lines.bytes().filter(|byte| *byte == b'\n').count() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signatures = lines.split('\n').map(NoteSignature::parse);
        Ok(Self { text: text.to_owned(), signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The signed bytes: the text with its last newline, without the blank line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in the note's order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line after the others.
    pub fn append(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Verifies that the expected key signed the text, and returns its signature line.
    ///
    /// c2sp.org/signed-note, "Signatures": lines of unknown keys are ignored, "even if they share
    /// a name or ID (but not both) with a known key"; a line of the known key must verify.
    pub fn verify(&self, verifier: &NoteVerifier) -> Result<&NoteSignature, NoteError> {
        let mut found = None;
        for line in &self.signatures {
            if line.name != verifier.name() || line.key_id != verifier.key_id() {
                continue;
            }
            if !verifier.verify(self.text.as_bytes(), &line.signature) {
                return Err(NoteError::Signature);
            }
            found = found.or(Some(line));
        }
        found.ok_or(NoteError::UnknownKey)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// c2sp.org/signed-note: key names "MUST be non-empty and MUST NOT contain any Unicode spaces or
/// plus (U+002B) characters".
pub(crate) fn is_key_name(name: &str) -> bool {
    let foreign = |c: char| c.is_whitespace() || c == '+' || c.is_ascii_control();
    !name.is_empty() && !name.contains(foreign)
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    if !text.ends_with('\n') || text == "\n" {
        return Err(NoteError::Text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// c2sp.org/signed-note, the example at the top.
    const EXAMPLE: &str = "Ognuno sta solo sul cuor della terra\n\
        trafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    #[track_caller]
    fn refuse(note: &str, reason: NoteError) {
        assert_eq!(SignedNote::parse(note.as_bytes()), Err(reason), "{note:?}");
    }

    #[test]
    fn reads_the_specifications_example_and_writes_it_again() {
        let note = SignedNote::parse(EXAMPLE.as_bytes()).unwrap();
        assert!(note.text().ends_with("\n\ned è subito sera.\n"));
        let line = &note.signatures()[0];
        assert_eq!(line.name(), "quasimodo.example/salvatore");
        assert_eq!(line.key_id().to_string(), "367ba04b");
        assert_eq!(line.signature().len(), 64);
        assert_eq!(note.to_string(), EXAMPLE);
    }

    #[test]
    fn refuses_what_is_not_a_note() {
        let line = "\u{2014} a AAAAAAA=\n";
        refuse("", NoteError::Unsigned);
        refuse("a\n", NoteError::Unsigned);
        refuse("a\n\n", NoteError::Unsigned);
        refuse(&format!("a\n{line}"), NoteError::Unsigned);
        refuse(&format!("\n\n{line}"), NoteError::Text);
        refuse(&format!("a\r\n\n{line}"), NoteError::ControlCharacter);
        refuse(&format!("a\0\n\n{line}"), NoteError::ControlCharacter);
        refuse(&format!("a\n\n{}", line.trim_end()), NoteError::Unsigned);
        refuse(&format!("a\n\n{line}b\n"), NoteError::SignatureLine);
        refuse("a\n\n- a AAAAAAA=\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014} a\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014}  AAAAAAA=\n", NoteError::KeyName);
        refuse("a\n\n\u{2014} a+b AAAAAAA=\n", NoteError::KeyName);
        refuse("a\n\n\u{2014} a\u{a0}b AAAAAAA=\n", NoteError::KeyName);
        // No key ID, a key ID alone, base64 that is not canonical, an unexpected third word.
        refuse("a\n\n\u{2014} a AAA=\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014} a AAAAAA==\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014} a AAAAAAB=\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014} a AAAAAAA\n", NoteError::SignatureLine);
        refuse("a\n\n\u{2014} a AAAAAAA= b\n", NoteError::SignatureLine);
        assert_eq!(SignedNote::parse(b"\xff\n\n"), Err(NoteError::Utf8));
    }

    #[test]
    fn counts_signatures_and_bytes_before_it_reads_them() {
        let line = "\u{2014} a AAAAAAA=\n";
        let full = format!("a\n\n{}", line.repeat(MAX_SIGNATURES));
        let mut note = SignedNote::parse(full.as_bytes()).unwrap();
        let more = note.append(note.signatures()[0].clone());
        assert_eq!(more, Err(NoteError::TooManySignatures));
        refuse(&format!("{full}{line}"), NoteError::TooManySignatures);
        refuse(&"a".repeat(MAX_NOTE_BYTES + 1), NoteError::TooLarge);
    }

    #[test]
    fn a_text_that_looks_like_a_signature_line_is_text() {
        // A frozen Rekor log says so in an extension line with an em dash.
        let note = "log\n— frozen AAAAAAA=\n\n— a AAAAAAA=\n";
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        assert_eq!(note.text(), "log\n— frozen AAAAAAA=\n");
        assert_eq!(note.signatures().len(), 1);
    }
}
