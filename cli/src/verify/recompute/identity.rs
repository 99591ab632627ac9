//! (3) It is who was expected.

use lite_bundle::Signer;
use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::{FulcioExtension, oid};
use lite_verifier::{Identity, Matcher, SignerPolicy, Step};

use super::block::Block;
use super::facts::{Facts, Leaf};
use super::place::Place;
use super::shell::{Script, cut, hashed};

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    match (&facts.given.policy.signer, &facts.leaf) {
        (SignerPolicy::Key(key), _) => vec![key_block(key, &facts.given.bundle.signer)],
        (SignerPolicy::Identities(identities), Some(leaf)) => {
            identities.first().map_or_else(Vec::new, |identity| of_identity(leaf, identity))
        }
        (SignerPolicy::Identities(_), None) => Vec::new(),
    }
}

fn of_identity(leaf: &Leaf, identity: &Identity) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(name_block(leaf, &identity.name));
    blocks.extend(issuer_block(leaf, &identity.issuer));
    for claim in &identity.claims {
        blocks.extend(extension_block(leaf, claim.extension, &claim.value));
    }
    blocks
}

/// The name in `subjectAltName`, byte for byte.
fn name_block(leaf: &Leaf, expected: &Matcher) -> Option<Block> {
    let der = leaf.certificate.der();
    let (extension, value) = leaf.places.extension(&oid::SUBJECT_ALT_NAME)?;
    // Of several names the one that is meant, or the first.
    let names: Vec<&str> =
        leaf.certificate.alt_names().iter().map(|name| name.as_text().unwrap_or("")).collect();
    let index = names.iter().position(|name| expected.matches(name)).unwrap_or(0);
    let name = value.child(der, &[0])?.child(der, &[index])?;
    // Fulcio's usernames are an otherName: an OID, and a text in a tag of its own.
    let text = if name.tag == 0xA0 { name.child(der, &[1, 0])? } else { name };
    let block = Block::new(Step::Identity, "the name in the certificate")
        .value("expected", expected)
        .value("found", names.join(", "))
        .value("subjectAltName", format!("{extension}, value {value}, the name {name}"));
    let mut script = Script::new();
    script.write("leaf.der", der);
    script.line("openssl x509 -inform DER -in leaf.der -noout -ext subjectAltName");
    Some(compared(block, script, expected, names.get(index).copied(), text))
}

/// The issuer of the ID token: of Fulcio's two extensions the newer one, where it is there.
fn issuer_block(leaf: &Leaf, expected: &Matcher) -> Option<Block> {
    let newer = FulcioExtension::from_number(8)?;
    let older = FulcioExtension::from_number(1)?;
    let has = |which: &FulcioExtension| leaf.places.extension(&which.oid()).is_some();
    extension_block(leaf, [newer, older].into_iter().find(has)?, expected)
}

/// One of Fulcio's extensions.
fn extension_block(leaf: &Leaf, which: FulcioExtension, expected: &Matcher) -> Option<Block> {
    let der = leaf.certificate.der();
    let block = Block::new(Step::Identity, format!("the extension {}", which.name()))
        .value("expected", expected)
        .value("OID", which.oid());
    let Some((extension, value)) = leaf.places.extension(&which.oid()) else {
        return Some(block.value("found", "no such extension"));
    };
    let found = leaf.certificate.fulcio().get(which);
    let block = block
        .value("found", found.unwrap_or("nothing that can be read"))
        .value("extension", format!("{extension}, value {value}"));
    let mut script = Script::new();
    script.write("leaf.der", der);
    // The first extensions of Fulcio hold bare text, the others a UTF8String.
    let text = if which.is_raw() { value } else { value.child(der, &[0])? };
    if !which.is_raw() {
        script
            .line(format!("openssl asn1parse -inform DER -in leaf.der -strparse {}", value.start));
    }
    Some(compared(block, script, expected, found, text))
}

/// The bytes at a place beside what was asked for; a pattern is held against them by who reads.
fn compared(
    block: Block,
    mut script: Script,
    expected: &Matcher,
    found: Option<&str>,
    place: Place,
) -> Block {
    let text = match expected {
        Matcher::Exact(text) => text.as_str(),
        Matcher::Pattern { .. } => found.unwrap_or_default(),
    };
    script.line(format!("{} > found.txt", cut("leaf.der", place.inner())));
    let bytes = script.bytes(text.as_bytes());
    script.line(format!("{bytes} | cmp - found.txt && echo OK"));
    block.run(script, "OK")
}

/// A managed key: the one that was named, and none that the bundle brings.
fn key_block(key: &PublicKey, signer: &Signer) -> Block {
    let mut script = Script::new();
    script.key("key.pem", key.spki_der());
    script.line(format!(
        "openssl pkey -pubin -in key.pem -outform DER | {}",
        hashed(HashAlgorithm::Sha256)
    ));
    let hint = match signer {
        Signer::PublicKey { hint } => Some(hint),
        Signer::Certificate(_) | Signer::CertificateChain(_) => None,
    };
    Block::new(Step::Identity, "the key that was named")
        .value("key", key.kind())
        .maybe("hint in bundle", hint)
        .run(script, hex::encode(HashAlgorithm::Sha256.digest(key.spki_der())))
}
