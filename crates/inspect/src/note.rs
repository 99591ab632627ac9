//! Signed notes, and the checkpoints among them (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).

use lite_time::Time;
use lite_tlog::{NoteSignature, SignedNote};

use crate::json::decode;
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// The length of an Ed25519 signature.
const ED25519_BYTES: usize = 64;
/// c2sp.org/tlog-cosignature: a time of eight bytes before it.
const COSIGNATURE_BYTES: usize = 8 + ED25519_BYTES;

/// Whether a text looks like a note: a blank line, and signature lines behind it.
pub(crate) fn looks_signed(text: &str) -> bool {
    text.rsplit_once("\n\n").is_some_and(|(_, lines)| lines.starts_with("\u{2014} "))
}

/// Whether the text of a note is a checkpoint's: origin, size, root hash.
pub(crate) fn is_checkpoint(text: &str) -> bool {
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (origin, size, root) = (next(), next(), next());
    !origin.is_empty() && size.parse::<u64>().is_ok() && decode(root).is_some_and(|r| r.len() == 32)
}

/// A note. What a strict reader refuses is shown line by line.
pub(crate) fn note(label: &str, text: &str, scope: Scope) -> Tree {
    let (body, lines) = match text.rsplit_once("\n\n") {
        Some((body, lines)) => (body, lines),
        None => (text, ""),
    };
    let is_checkpoint = is_checkpoint(body);
    let kind = if is_checkpoint { Kind::Checkpoint } else { Kind::Note };
    let refused = SignedNote::parse(text.as_bytes()).err();
    let mut tree = Tree::new(label)
        .of_kind(kind)
        .noting_some(refused.map(|error| format!("siglite would refuse it: {error}")));
    if is_checkpoint {
        fill_checkpoint(&mut tree, body);
    } else {
        let shown = Tree::list("text", body.lines(), |at, line| {
            Tree::text(format!("line {}", at + 1), line)
        });
        tree.push(shown.noting("not origin, size and root hash of a checkpoint"));
    }
    let signed = lines.lines().filter(|line| !line.is_empty());
    let origin = body.lines().next().unwrap_or_default();
    let shown = Tree::list("signatures", signed, |_, line| signature(line, origin, scope));
    tree.push(if shown.children.is_empty() { shown.noting("none") } else { shown });
    tree
}

fn fill_checkpoint(tree: &mut Tree, body: &str) {
    let mut lines = body.lines();
    for label in ["origin", "tree size"] {
        tree.push(Tree::text(label, lines.next().unwrap_or_default()));
    }
    let root = lines.next().unwrap_or_default();
    tree.push(Tree::bytes("root hash", decode(root).unwrap_or_default()));
    // Rekor v1 writes its clock here.
    tree.children.extend(Tree::list("", lines, |_, line| Tree::text("extension", line)).children);
}

/// A line tells who and with which key; of which type it is, only its length.
fn signature(line: &str, origin: &str, scope: Scope) -> Tree {
    let signature = match NoteSignature::parse(line) {
        Ok(signature) => signature,
        Err(error) => {
            return Tree::text("signature", line).noting(format_args!("unreadable: {error}"));
        }
    };
    let bytes = signature.signature();
    let by_log = signature.name() == origin;
    let tree = Tree::text("by", signature.name())
        .noting(if by_log { "the log's own name" } else { "a witness, or another key" })
        .with(Tree::text("key ID", signature.key_id()));
    // An ECDSA signature may have this length, too; it begins with 0x30, which no time does.
    if bytes.len() == COSIGNATURE_BYTES && bytes[0] == 0 {
        let (time, signature) = bytes.split_at(8);
        let seconds = time.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let at = Time::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        return tree
            .with(Tree::text("type", "cosignature, by its length"))
            .with(scope.moment("cosigned", at))
            .with(Tree::bytes("signature", signature));
    }
    let kind = if bytes.len() == ED25519_BYTES {
        "Ed25519, by its length"
    } else {
        "ECDSA or RSA, by its length"
    };
    tree.with(Tree::text("type", kind)).with(Tree::bytes("signature", bytes))
}

/// `name+id+key`.
pub(crate) fn verifier_key(label: &str, text: &str) -> Option<Tree> {
    let mut parts = text.trim().splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, decode(parts.next()?)?);
    let is_id = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (kind, raw) = key.split_first().filter(|_| is_id && !name.is_empty())?;
    let word = match kind {
        1 => "Ed25519",
        2 => "ECDSA",
        4 => "cosignature with Ed25519",
        6 => "cosignature with ML-DSA-44",
        _ => "unknown",
    };
    let tree = Tree::new(label)
        .of_kind(Kind::VerifierKey)
        .with(Tree::text("name", name))
        .with(Tree::text("key ID", id))
        .with(Tree::text("type", word).noting(format_args!("0x{kind:02x}")))
        .with(Tree::bytes("key", raw));
    Some(tree)
}
