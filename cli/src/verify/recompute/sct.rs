//! (2) A CT log promised to hold the certificate.

use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::{Certificate, CtEntry, Sct, SctList, oid};
use lite_verifier::Step;

use super::block::Block;
use super::chain::fingerprint;
use super::facts::{Facts, Leaf};
use super::place::Place;
use super::shell::{Script, cut, hashed};
use super::times::window_block;

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let Some(leaf) = &facts.leaf else { return Vec::new() };
    let Some(path) = facts.path() else { return Vec::new() };
    let Some(issuer) = path.issuer() else { return Vec::new() };
    let Ok(list) = SctList::of_certificate(&leaf.certificate) else {
        return vec![Block::new(Step::Sct, "the certificate has no list of SCTs")];
    };
    let mut blocks = vec![issuer_block(issuer)];
    for (index, sct) in list.0.iter().enumerate() {
        let about = Block::new(Step::Sct, format!("SCT {index}"))
            .value("log ID", hex::encode(sct.log_id))
            .value("promised at", format!("{} ms, {}", sct.timestamp, sct.time()));
        match facts.ct_log(&sct.log_id) {
            None => blocks.push(about.value("log", "not in the trusted root, and no evidence")),
            Some((log, key)) => {
                blocks.push(log_block(index, sct, &log.base_url, &key));
                blocks.extend(signature_block(index, sct, leaf, issuer, &key));
                let window = log.window().cloned().unwrap_or_default();
                let title = format!("SCT {index}: the log was trusted");
                blocks.push(window_block(Block::new(Step::Sct, title), sct.time(), &window));
            }
        }
    }
    blocks
}

/// What the log signs names the issuer by the hash of its key.
fn issuer_block(issuer: &Certificate) -> Block {
    let mut script = Script::new();
    script.certificates("issuer.pem", std::slice::from_ref(issuer));
    script.line(format!(
        "openssl x509 -in issuer.pem -noout -pubkey | openssl pkey -pubin -outform DER | {}",
        hashed(HashAlgorithm::Sha256)
    ));
    Block::new(Step::Sct, "the issuer's key hash")
        .value("issuer", fingerprint(issuer))
        .run(script, hex::encode(HashAlgorithm::Sha256.digest(issuer.spki_der())))
}

/// The log's ID is the hash of its key.
fn log_block(index: usize, sct: &Sct, url: &str, key: &PublicKey) -> Block {
    let mut script = Script::new();
    script.key("ctlog.pem", key.spki_der());
    script.line(format!(
        "openssl pkey -pubin -in ctlog.pem -outform DER | {}",
        hashed(HashAlgorithm::Sha256)
    ));
    Block::new(Step::Sct, format!("SCT {index}: the log's ID"))
        .value("log", url)
        .value("key", key.kind())
        .value("promised at", format!("{} ms, {}", sct.timestamp, sct.time()))
        .run(script, hex::encode(sct.log_id))
}

/// The promise, over the certificate without the list of SCTs: what is not a length is cut out of
/// the certificate.
fn signature_block(
    index: usize,
    sct: &Sct,
    leaf: &Leaf,
    issuer: &Certificate,
    key: &PublicKey,
) -> Option<Block> {
    let der = leaf.certificate.der();
    let entry = CtEntry::of_certificate(&leaf.certificate, issuer).ok()?;
    let CtEntry::Precert { issuer_key_hash, tbs } = &entry else { return None };
    let (list, value) = leaf.places.extension(&oid::SCT_LIST)?;
    let (tagged, all) = leaf.places.extensions;
    // RFC 6962, Section 3.2: version, type, time; entry type, key hash, three bytes of length.
    let mut head = vec![0, 0];
    head.extend_from_slice(&sct.timestamp.to_be_bytes());
    let length = u32::try_from(tbs.len()).ok()?.to_be_bytes();
    // The three headers around the extension shrink, and all other bytes stay.
    let outer = Place::whole(tbs)?;
    let fields = (leaf.places.tbs.inner().0, tagged.start - leaf.places.tbs.inner().0);
    let before = (all.inner().0, list.start - all.inner().0);
    let after = (list.end(), all.end() - list.end());
    let middle = tbs.get(outer.header + fields.1..tbs.len() - before.1 - after.1)?;
    let mut script = Script::new();
    script.write("leaf.der", der);
    script.note("version 1, certificate_timestamp, milliseconds");
    script.write("signed.bin", &head);
    script.note("precert_entry, the issuer's key hash, the length of what follows");
    script.append("signed.bin", &[[0, 1].as_slice(), issuer_key_hash, &length[1..]].concat());
    script.note(
        "TBSCertificate without the list of SCTs: headers here, the rest from the certificate",
    );
    script.append("signed.bin", tbs.get(..outer.header)?);
    script.line(format!("{} >> signed.bin", cut("leaf.der", fields)));
    script.append("signed.bin", middle);
    for piece in [before, after].into_iter().filter(|(_, length)| *length > 0) {
        script.line(format!("{} >> signed.bin", cut("leaf.der", piece)));
    }
    script.note("the SCT's own extensions, with their length");
    let extensions = u16::try_from(sct.extensions.len()).ok()?.to_be_bytes();
    script.append("signed.bin", &[extensions.as_slice(), &sct.extensions].concat());
    let expect = script.verify(key, HashAlgorithm::Sha256, &sct.signature, "signed.bin");
    let signed = entry.signed_data(sct.timestamp, &sct.extensions)?;
    let block = Block::new(Step::Sct, format!("SCT {index}: the log's signature"))
        .value("SCT list", list)
        .value("its value", value)
        .value("signed", format!("{} bytes", signed.len()))
        .value("SHA-256 of it", hex::encode(HashAlgorithm::Sha256.digest(&signed)));
    Some(block.run(script, expect))
}
