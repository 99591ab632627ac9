//! (5) The promise of a v1 log, which is what its integrated time rests on.

use lite_keys::HashAlgorithm;
use lite_time::Time;
use lite_verifier::Step;

use super::block::Block;
use super::facts::Facts;
use super::shell::Script;

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, entry) in facts.given.bundle.entries.iter().enumerate() {
        let Some(set) = &entry.inclusion_promise else { continue };
        let Some((log, key)) = facts.log(entry) else { continue };
        let secs = entry.integrated_time.unwrap_or(0);
        let signed = entry.promised_bytes();
        let mut script = Script::new();
        script.note("RFC 8785: members in order, no white space");
        let body = script.encoded(&entry.canonicalized_body);
        script.line(format!(
            "printf '{{\"body\":\"%s\",\"integratedTime\":%s,\"logID\":\"%s\",\"logIndex\":%s}}' \
             '{body}' {secs} {} {} > set.json",
            hex::encode(&entry.log_id),
            entry.log_index,
        ));
        // Rekor hashes with SHA-256 whatever the curve of its key.
        let expect = script.verify(&key, HashAlgorithm::Sha256, set, "set.json");
        blocks.push(
            Block::new(Step::Set, format!("entry {index}: the log's promise"))
                .value("log", &log.base_url)
                .value("log ID", hex::encode(&entry.log_id))
                .value("index", entry.log_index)
                .value("integrated time", format!("{secs}, {}", Time::from_secs(secs)))
                .value("SHA-256 of it", hex::encode(HashAlgorithm::Sha256.digest(&signed)))
                .run(script, expect),
        );
    }
    blocks
}
