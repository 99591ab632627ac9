//! (1) The certificate leads to a trusted authority.

use lite_keys::HashAlgorithm;
use lite_pki::oid::{self, ObjectIdentifier};
use lite_pki::{Certificate, FulcioExtension};
use lite_verifier::Step;

use super::block::Block;
use super::facts::{Facts, Leaf, Path, clamped};
use super::place::Place;
use super::shell::{Script, cut};
use super::times::window_block;

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let Some(leaf) = &facts.leaf else { return Vec::new() };
    let mut blocks = vec![serial_block(leaf)];
    let Some(path) = facts.path() else { return blocks };
    blocks.push(path_block(facts, leaf, &path));
    blocks.extend(signature_block(leaf, &path));
    blocks.push(purpose_block(leaf));
    for (index, at) in facts.times.iter().enumerate() {
        let title = format!("the authority was trusted at time {index}");
        let block = Block::new(Step::Chain, title).value("authority", &path.uri);
        blocks.push(window_block(block, *at, &path.window));
    }
    blocks
}

/// What the certificate is made of, and where that lies.
fn serial_block(leaf: &Leaf) -> Block {
    let (certificate, places) = (&leaf.certificate, &leaf.places);
    let digest = HashAlgorithm::Sha256.digest(certificate.der());
    let mut block = Block::new(Step::Chain, "the certificate")
        .value("SHA-256", hex::encode(digest))
        .value("size", certificate.der().len())
        .value("TBSCertificate", places.tbs)
        .value("validity", places.validity)
        .value("SPKI", places.spki);
    for (id, extension, value) in &places.each {
        let Ok(id) = ObjectIdentifier::from_bytes(id) else { continue };
        let what = format!("{extension}, value {value}, {}{}", id, named(&id));
        block = block.value("extension", what);
    }
    let hex = hex::encode_upper(certificate.serial());
    // openssl prints the number, and not the zero that keeps it positive.
    let number = hex.trim_start_matches("00");
    let mut script = Script::new();
    script.write("leaf.der", certificate.der());
    script.line("openssl asn1parse -inform DER -in leaf.der");
    script.line("openssl x509 -inform DER -in leaf.der -noout -serial");
    block.run(script, format!("serial={number}"))
}

fn named(id: &ObjectIdentifier) -> String {
    let name = match FulcioExtension::from_oid(id) {
        Some(extension) => extension.name(),
        None if *id == oid::SUBJECT_ALT_NAME => "subjectAltName",
        None if *id == oid::SCT_LIST => "SCT list",
        None => return String::new(),
    };
    format!(", {name}")
}

/// `openssl verify` finds the same path.
fn path_block(facts: &Facts<'_>, leaf: &Leaf, path: &Path) -> Block {
    let certificate = &leaf.certificate;
    let signed_at = facts.times.first().copied().unwrap_or(certificate.not_before());
    let at = clamped(certificate, signed_at);
    let mut block = Block::new(Step::Chain, "the path to the trusted root").value(
        "leaf valid",
        format!("{} to {}", certificate.not_before(), certificate.not_after()),
    );
    for issuer in &path.issuers {
        block = block.value("issued by", format!("{} {}", issuer.subject(), fingerprint(issuer)));
    }
    let Some((anchor, between)) = path.issuers.split_last() else { return block };
    let mut script = Script::new();
    script.certificates("root.pem", std::slice::from_ref(anchor));
    let mut options = String::new();
    if !between.is_empty() {
        script.certificates("untrusted.pem", between);
        options.push_str(" -untrusted untrusted.pem");
    }
    if !anchor.is_self_issued() {
        options.push_str(" -partial_chain");
    }
    script.certificates("leaf.pem", std::slice::from_ref(certificate));
    if at != signed_at {
        script.note("inside of the certificate's validity: whether it was valid is step (6)");
    }
    script.line(format!(
        "openssl verify -no-CApath -no-CAstore -attime {} -CAfile root.pem{options} leaf.pem 2>&1",
        at.secs()
    ));
    block.value("at", format!("{}, {at}", at.secs())).run(script, "leaf.pem: OK")
}

/// The issuer's signature, over the bytes that lie where the offsets say.
fn signature_block(leaf: &Leaf, path: &Path) -> Option<Block> {
    let issuer = path.issuer()?;
    let der = leaf.certificate.der();
    let (tbs, signature) = (leaf.places.tbs, leaf.places.signature);
    let hash = hash_of(der, leaf.places.algorithm)?;
    let key = issuer.public_key().ok()?;
    // The first byte of a BIT STRING counts unused bits.
    let (start, length) = signature.inner();
    let bits = der.get(start + 1..start + length)?;
    let mut script = Script::new();
    script.write("leaf.der", der);
    script.line(format!("{} > tbs.der", cut("leaf.der", tbs.span())));
    let expect = script.verify(&key, hash, bits, "tbs.der");
    let block = Block::new(Step::Chain, "the issuer signed the certificate")
        .value("TBSCertificate", tbs)
        .value("signature", signature)
        .value("algorithm", format!("{} with {}", key.kind(), hash.short_name()))
        .value("issuer", fingerprint(issuer));
    Some(block.run(script, expect))
}

/// The certificate is for signing code. `openssl verify` of version 3.0 knows no such purpose.
fn purpose_block(leaf: &Leaf) -> Block {
    let mut script = Script::new();
    script.write("leaf.der", leaf.certificate.der());
    script.line(
        "openssl x509 -inform DER -in leaf.der -noout -ext extendedKeyUsage | grep -o 'Code Signing'",
    );
    Block::new(Step::Chain, "the certificate is for signing")
        .maybe(
            "extKeyUsage",
            leaf.places.extension(&oid::EXTENDED_KEY_USAGE).map(|(_, place)| place),
        )
        .run(script, "Code Signing")
}

pub(super) fn fingerprint(certificate: &Certificate) -> String {
    format!("sha256:{}", hex::encode(HashAlgorithm::Sha256.digest(certificate.der())))
}

/// The hash that an `AlgorithmIdentifier` names, RFC 5758 and RFC 4055.
fn hash_of(der: &[u8], algorithm: Place) -> Option<HashAlgorithm> {
    let (start, length) = algorithm.child(der, &[0])?.inner();
    let id = ObjectIdentifier::from_bytes(der.get(start..start + length)?).ok()?;
    match id.to_string().as_str() {
        "1.2.840.10045.4.3.2" | "1.2.840.113549.1.1.11" => Some(HashAlgorithm::Sha256),
        "1.2.840.10045.4.3.3" | "1.2.840.113549.1.1.12" => Some(HashAlgorithm::Sha384),
        // Ed25519 hashes for itself.
        "1.2.840.10045.4.3.4" | "1.2.840.113549.1.1.13" | "1.3.101.112" => {
            Some(HashAlgorithm::Sha512)
        }
        _ => None,
    }
}
