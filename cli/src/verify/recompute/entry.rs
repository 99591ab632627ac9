//! (8) What was logged is what is in the bundle.

use lite_bundle::body::{Body, EntryVerifier};
use lite_bundle::{Content, TransparencyLogEntry};
use lite_keys::HashAlgorithm;
use lite_verifier::Step;

use super::block::Block;
use super::facts::Facts;
use super::shell::{Script, base64};

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let entries = facts.given.bundle.entries.iter().enumerate();
    entries.flat_map(|(index, entry)| of_entry(facts, index, entry)).collect()
}

fn of_entry(facts: &Facts<'_>, index: usize, entry: &TransparencyLogEntry) -> Vec<Block> {
    let leaf = &entry.canonicalized_body;
    let title = |words: &str| {
        Block::new(Step::Entry, format!("entry {index}: {words}"))
            .value("kind", format!("{} {}", entry.kind, entry.version))
            .value("leaf", format!("{} bytes", leaf.len()))
    };
    let Ok(body) = Body::parse(&entry.kind, &entry.version, leaf) else {
        return vec![title("the leaf cannot be read")];
    };
    let mut blocks = Vec::new();
    if let Some(digest) = digest(facts, &body) {
        blocks.push(held(title("the leaf holds the digest"), leaf, &digest));
    }
    let signature = base64(facts.given.bundle.content.signature());
    let signature = match body {
        // The older kind encodes what is encoded already.
        Body::Intoto002(_) => base64(signature.as_bytes()),
        _ => signature,
    };
    blocks.push(held(title("the leaf holds the signature"), leaf, &signature));
    blocks.push(signer(facts, title("the leaf holds the signer"), &body, leaf));
    blocks
}

/// A text of ours stands in the leaf.
fn held(block: Block, leaf: &[u8], text: &str) -> Block {
    let mut script = Script::new();
    script.write("leaf.json", leaf);
    script.line(format!("grep -o -F '{text}' leaf.json | head -n 1"));
    block.run(script, text)
}

/// What the leaf must hold of what was signed, in its own encoding.
fn digest(facts: &Facts<'_>, body: &Body) -> Option<String> {
    let of_payload = |hash: HashAlgorithm| match &facts.given.bundle.content {
        Content::Dsse(envelope) => Some(hash.digest(&envelope.payload)),
        Content::Message(_) => None,
    };
    match body {
        Body::HashedRekord002(body) => {
            let hash = body.hash();
            let digest = match &facts.given.bundle.content {
                Content::Message(_) => facts.given.artifact.digest(hash)?,
                Content::Dsse(envelope) => hash.digest(&envelope.pae()),
            };
            Some(base64(&digest))
        }
        Body::HashedRekord001(body) => facts.given.artifact.digest(body.hash).map(hex::encode),
        Body::Dsse001(body) => of_payload(body.payload_hash.0).map(hex::encode),
        Body::Intoto002(body) => of_payload(body.payload_hash.as_ref()?.0).map(hex::encode),
        _ => None,
    }
}

/// The certificate or key in the leaf is the signer's.
fn signer(facts: &Facts<'_>, block: Block, body: &Body, leaf: &[u8]) -> Block {
    let ours = match (&facts.leaf, &facts.key) {
        (Some(leaf), _) => leaf.certificate.der(),
        (None, Some(key)) => key.spki_der(),
        (None, None) => return block,
    };
    let block = block.value("SHA-256", hex::encode(HashAlgorithm::Sha256.digest(ours)));
    let pem = match body {
        Body::HashedRekord002(body) => {
            let kind = match body.verifier {
                EntryVerifier::Certificate(_) => "a certificate",
                EntryVerifier::PublicKey(_) => "a key",
            };
            return held(block.value("in the leaf", kind), leaf, &base64(ours));
        }
        Body::HashedRekord001(body) => Some(&body.signature.verifier_pem),
        Body::Dsse001(body) => body.signatures.first().map(|first| &first.verifier_pem),
        Body::Intoto002(body) => body.signatures.first().map(|first| &first.verifier_pem),
        _ => None,
    };
    // v1 holds PEM, and what counts is the DER in it.
    let Some(pem) = pem else { return block };
    let mut script = Script::new();
    script.write("leaf.json", leaf);
    script.write("ours.der", ours);
    let (bytes, text) = (script.bytes(pem.as_bytes()), base64(pem.as_bytes()));
    let to_der = if facts.leaf.is_some() {
        "openssl x509 -outform DER"
    } else {
        "openssl pkey -pubin -outform DER"
    };
    script.note("the PEM in the leaf, and the DER in that");
    script.line(format!("{bytes} | {to_der} > logged.der"));
    script.line(format!("grep -q -F '{text}' leaf.json && cmp ours.der logged.der && echo OK"));
    block.run(script, "OK")
}
