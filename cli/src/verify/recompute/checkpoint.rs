//! (4), second half: the log signed the root hash that the path leads to.

use lite_bundle::TransparencyLogEntry;
use lite_keys::{HashAlgorithm, KeyKind, PublicKey};
use lite_tlog::{KeyId, SignedNote};
use lite_verifier::Step;

use super::block::Block;
use super::facts::{Facts, is_v2};
use super::shell::{Script, base64, hashed};

pub(super) fn blocks(facts: &Facts<'_>, index: usize, entry: &TransparencyLogEntry) -> Vec<Block> {
    let Some(proof) = &entry.inclusion_proof else { return Vec::new() };
    let Some(text) = &proof.checkpoint else { return Vec::new() };
    let title = |words: &str| Block::new(Step::Inclusion, format!("entry {index}: {words}"));
    let note = match SignedNote::parse(text.as_bytes()) {
        Ok(note) => note,
        Err(error) => {
            let sha256 = hex::encode(HashAlgorithm::Sha256.digest(text.as_bytes()));
            let block = title("the checkpoint cannot be read").value("because", error);
            return vec![block.value("SHA-256", sha256)];
        }
    };
    let origin = note.text().lines().next().unwrap_or_default();
    let mut root = title("the checkpoint has this root hash").value("origin", origin);
    for line in note.signatures() {
        root = root.value("signature line", format!("{} {}", line.name(), line.key_id()));
    }
    let mut blocks = vec![
        root.run(line_of(text, 3), base64(&proof.root_hash)),
        title("the checkpoint has this tree size")
            .run(line_of(text, 2), proof.tree_size.to_string()),
    ];
    let Some((log, key)) = facts.log(entry) else {
        let id = hex::encode(&entry.log_id);
        blocks.push(title("the log is not in the trusted root").value("log ID", id));
        return blocks;
    };
    blocks.push(id_block(title("the log's ID").value("log", &log.base_url), entry, &note, &key));
    let id = entry.log_id.first_chunk().copied().map(KeyId);
    let lines: Vec<_> = note.signatures().iter().filter(|line| Some(line.key_id()) == id).collect();
    if lines.is_empty() {
        blocks.push(title("no signature of the log").maybe("key ID", id));
    }
    for line in lines {
        let mut script = Script::new();
        script.write("note.txt", text.as_bytes());
        script.note("the signed text ends with the line before the blank one");
        script.line(format!("head -n {} note.txt > text.txt", note.text().lines().count()));
        let expect = script.verify(&key, key.kind().default_hash(), line.signature(), "text.txt");
        blocks.push(
            title("the log signed the checkpoint")
                .value("name", line.name())
                .value("key ID", line.key_id())
                .value("key", key.kind())
                .run(script, expect),
        );
    }
    blocks
}

/// One line of a note.
fn line_of(note: &str, number: usize) -> Script {
    let mut script = Script::new();
    script.write("note.txt", note.as_bytes());
    script.line(format!("head -n {number} note.txt | tail -n 1"));
    script
}

/// The log's ID, whose first four bytes stand in front of its signature.
fn id_block(
    block: Block,
    entry: &TransparencyLogEntry,
    note: &SignedNote,
    key: &PublicKey,
) -> Block {
    let mut script = Script::new();
    script.key("log.pem", key.spki_der());
    let spki = "openssl pkey -pubin -in log.pem -outform DER";
    let sha256 = hashed(HashAlgorithm::Sha256);
    let id = hex::encode(&entry.log_id);
    let block = block.value("key", key.kind()).value("key ID", id.get(..8).unwrap_or_default());
    // c2sp.org/signed-note and Rekor v2: name, newline, type, key. Rekor v1: the SPKI alone.
    let origin = note.text().lines().next().unwrap_or_default();
    match (is_v2(entry), key.kind()) {
        (true, KeyKind::Ed25519) => {
            let name = script.bytes(origin.as_bytes());
            script
                .line(format!("{{ {name}; printf '\\n\\001'; {spki} | tail -c 32; }} | {sha256}"));
        }
        (true, KeyKind::Rsa(_)) => {
            let name = script.bytes(origin.as_bytes());
            script.line(format!(
                "{{ {name}; printf '\\n\\377PKIX-RSA-PKCS#1v1.5'; {spki}; }} | {sha256}"
            ));
        }
        _ => script.line(format!("{spki} | {sha256}")),
    }
    block.run(script, id)
}
