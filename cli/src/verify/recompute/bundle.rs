//! Before the numbers: the artifact and the bundle speak of the same bytes.

use lite_bundle::dsse::IN_TOTO_PAYLOAD_TYPE;
use lite_bundle::{Content, Envelope, Statement};
use lite_keys::HashAlgorithm;
use lite_verifier::Step;

use super::block::Block;
use super::facts::Facts;
use super::shell::{Script, hashed_file};

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    match &facts.given.bundle.content {
        Content::Message(message) => {
            let named = message.digest.clone();
            let own = || {
                let hash = HashAlgorithm::Sha256;
                Some((hash, facts.given.artifact.digest(hash)?))
            };
            let Some((hash, digest)) = named.or_else(own) else { return Vec::new() };
            vec![artifact(facts, "the artifact's digest is the bundle's", hash, &digest)]
        }
        Content::Dsse(envelope) => envelope_blocks(facts, envelope),
    }
}

/// The digest of the artifact, beside the one that the bundle names.
fn artifact(facts: &Facts<'_>, title: &str, hash: HashAlgorithm, expected: &[u8]) -> Block {
    let artifact = facts.given.artifact;
    let expected = hex::encode(expected);
    let block = Block::new(Step::Bundle, title)
        .value("media type", facts.given.bundle.media_type.as_str())
        .maybe("artifact", artifact.path().map(std::path::Path::display))
        .maybe("size", artifact.bytes().map(<[u8]>::len))
        .value("in the bundle", format!("{}:{expected}", hash.short_name()));
    let mut script = Script::new();
    if let Some(file) = artifact.in_script(&mut script) {
        script.line(hashed_file(hash, file));
        return block.run(script, expected);
    }
    // Only a digest is at hand, and two of them can be compared by eye; the shell's are better.
    let Some(given) = artifact.digest(hash) else { return block };
    let given = hex::encode(given);
    script.line(format!("[ {given} = {expected} ] && echo OK"));
    block.value("given", &given).run(script, "OK")
}

fn envelope_blocks(facts: &Facts<'_>, envelope: &Envelope) -> Vec<Block> {
    let mut blocks = vec![pae_block(envelope)];
    let Ok(statement) = Statement::parse(&envelope.payload) else { return blocks };
    // The subject that is the artifact, or the first, which is not.
    let known = |hash: HashAlgorithm, hex: &str| {
        facts.given.artifact.digest(hash).is_some_and(|digest| hex::encode(digest) == hex)
    };
    let named: Vec<(HashAlgorithm, String)> = statement
        .subjects
        .iter()
        .flat_map(|subject| {
            let of =
                |hash: HashAlgorithm| Some((hash, subject.digest.get(hash.short_name())?.clone()));
            HashAlgorithm::ALL.into_iter().filter_map(of).collect::<Vec<_>>()
        })
        .filter(|(hash, hex)| hex.len() == 2 * hash.size() && hex::decode(hex).is_ok())
        .collect();
    let found = named.iter().find(|(hash, hex)| known(*hash, hex)).or_else(|| named.first());
    if let Some((hash, hex)) = found {
        let mut script = Script::new();
        let payload = script.bytes(&envelope.payload);
        script.line(format!("{payload} | grep -o {hex} | head -n 1"));
        blocks.push(
            Block::new(Step::Bundle, "the statement names a digest")
                .value("predicate type", &statement.predicate_type)
                .value("digest", format!("{}:{hex}", hash.short_name()))
                .run(script, hex.clone()),
        );
        let digest = hex::decode(hex).unwrap_or_default();
        blocks.push(artifact(facts, "the artifact's digest is the statement's", *hash, &digest));
    }
    blocks
}

/// The statement, and the bytes that its signature is over.
fn pae_block(envelope: &Envelope) -> Block {
    let pae = envelope.pae();
    let mut script = Script::new();
    write_pae(&mut script, envelope);
    // JSON has no control characters but white space; another payload is not for a terminal.
    let is_quiet = |text: &str| !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace());
    if std::str::from_utf8(&envelope.payload).is_ok_and(is_quiet) {
        script.note("the statement");
        script.line("head -c 4096 payload.bin; echo");
    }
    script.note("what is signed: PAE, the statement with its type and both lengths");
    script.line(hashed_file(HashAlgorithm::Sha256, "pae.bin"));
    Block::new(Step::Bundle, "the bytes that are signed")
        .value("payload type", &envelope.payload_type)
        .value("payload", format!("{} bytes", envelope.payload.len()))
        .value("PAE", format!("{} bytes", pae.len()))
        .run(script, hex::encode(HashAlgorithm::Sha256.digest(&pae)))
}

/// Writes `payload.bin`, and `pae.bin` around it.
pub(super) fn write_pae(script: &mut Script, envelope: &Envelope) {
    let (kind, payload) = (&envelope.payload_type, &envelope.payload);
    script.write("payload.bin", payload);
    let (length, size) = (kind.len(), payload.len());
    if kind == IN_TOTO_PAYLOAD_TYPE {
        let kind = IN_TOTO_PAYLOAD_TYPE;
        script.line(format!("printf 'DSSEv1 {length} {kind} {size} ' > pae.bin"));
    } else {
        script.line(format!("printf 'DSSEv1 {length} ' > pae.bin"));
        script.append("pae.bin", kind.as_bytes());
        script.line(format!("printf ' {size} ' >> pae.bin"));
    }
    script.line("tail -c +1 payload.bin >> pae.bin");
}
