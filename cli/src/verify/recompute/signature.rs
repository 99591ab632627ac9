//! (7) The signature verifies over the artifact.

use lite_bundle::{Content, Envelope, MessageSignature};
use lite_keys::{HashAlgorithm, KeyKind, PublicKey};
use lite_verifier::Step;

use super::block::Block;
use super::bundle::write_pae;
use super::facts::Facts;
use super::shell::{Script, hashed_file};

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let Some(key) = &facts.key else { return Vec::new() };
    match &facts.given.bundle.content {
        Content::Message(message) => of_message(facts, key, message),
        Content::Dsse(envelope) => vec![of_envelope(key, envelope)],
    }
}

fn about(key: &PublicKey, hash: HashAlgorithm, signature: &[u8]) -> Block {
    Block::new(Step::Signature, "the signature")
        .value("key", key.kind())
        .value("SPKI SHA-256", hex::encode(HashAlgorithm::Sha256.digest(key.spki_der())))
        .value("hash", hash.short_name())
        .value("signature", format!("{} bytes", signature.len()))
}

fn of_message(facts: &Facts<'_>, key: &PublicKey, message: &MessageSignature) -> Vec<Block> {
    let artifact = facts.given.artifact;
    let signature = &message.signature;
    let hash = hash_of(key, message.digest.as_ref().map(|(hash, _)| *hash), |hash| {
        let digest = artifact.digest(hash);
        digest.is_some_and(|digest| key.verify_digest(hash, &digest, signature).is_ok())
    });
    let block = about(key, hash, signature);
    let is_pure = artifact.bytes().is_some_and(|bytes| key.verify(hash, bytes, signature).is_ok());
    if key.kind() == KeyKind::Ed25519 && !is_pure {
        return vec![prehashed(facts, block)];
    }
    let mut script = Script::new();
    if let Some(file) = artifact.in_script(&mut script) {
        let expect = script.verify(key, hash, signature, file);
        return vec![block.run(script, expect)];
    }
    let Some(digest) = artifact.digest(hash) else { return vec![block] };
    let block = block.value("digest", hex::encode(&digest));
    let expect = script.verify_digest(key, (hash, &digest), signature);
    vec![block.run(script, expect)]
}

/// Ed25519ph: openssl has it from version 3.2 on, so that here the digest is all that can be had.
fn prehashed(facts: &Facts<'_>, block: Block) -> Block {
    let hash = HashAlgorithm::Sha512;
    let block =
        block.value("Ed25519ph", "openssl 3.0 cannot verify it: only the digest it is over");
    let mut script = Script::new();
    let file = facts.given.artifact.in_script(&mut script);
    match (file, facts.given.artifact.digest(hash)) {
        (Some(file), Some(digest)) => {
            script.line(hashed_file(hash, file));
            block.run(script, hex::encode(digest))
        }
        (_, digest) => block.maybe("digest", digest.map(hex::encode)),
    }
}

fn of_envelope(key: &PublicKey, envelope: &Envelope) -> Block {
    let (pae, signature) = (envelope.pae(), &envelope.signature.sig);
    let hash = hash_of(key, None, |hash| key.verify(hash, &pae, signature).is_ok());
    let block = about(key, hash, signature).value("over", "the PAE of the statement");
    let mut script = Script::new();
    write_pae(&mut script, envelope);
    let prehashed = |digest: &[u8]| key.verify_digest(hash, digest, signature).is_ok();
    if key.kind() == KeyKind::Ed25519 && prehashed(&hash.digest(&pae)) {
        script.line(hashed_file(hash, "pae.bin"));
        return block
            .value("Ed25519ph", "openssl 3.0 cannot verify it: only the digest it is over")
            .run(script, hex::encode(hash.digest(&pae)));
    }
    let expect = script.verify(key, hash, signature, "pae.bin");
    block.run(script, expect)
}

/// The hash with which it verifies, or else the one with which it should: that of the bundle, or
/// the key's own. Older clients used SHA-256 with every curve.
fn hash_of(
    key: &PublicKey,
    hinted: Option<HashAlgorithm>,
    verifies: impl Fn(HashAlgorithm) -> bool,
) -> HashAlgorithm {
    let own = key.kind().default_hash();
    if key.kind() == KeyKind::Ed25519 {
        return own;
    }
    let mut candidates = hinted.into_iter().chain([own, HashAlgorithm::Sha256]);
    let first = candidates.clone().next().unwrap_or(own);
    candidates.find(|hash| verifies(*hash)).unwrap_or(first)
}
