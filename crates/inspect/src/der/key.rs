//! Public keys, and what logs and checkpoints call them.

use lite_keys::PublicKey;
use lite_pki::Certificate;
use lite_tlog::SpkiLogId;
use sha2::{Digest, Sha256};

use super::{
    BIT_STRING, Element, Fault, INTEGER, OCTET_STRING, Reader, SEQUENCE, explicit, primitive,
    until_fault,
};
use crate::kind::Kind;
use crate::tree::Tree;

/// A `SubjectPublicKeyInfo` that stands alone.
pub(crate) fn public_key(label: &str, der: &[u8]) -> Tree {
    match Reader::new(der, 0).expect(SEQUENCE, "SubjectPublicKeyInfo") {
        Ok(element) => spki(label, &element).of_kind(Kind::PublicKey),
        Err(fault) => Tree::unreadable(label, fault).of_kind(Kind::PublicKey),
    }
}

/// A `SubjectPublicKeyInfo`.
pub(super) fn spki(label: &str, element: &Element<'_>) -> Tree {
    let tree = Tree::new(label).at(element.span());
    let key = PublicKey::from_spki_der(element.raw);
    let tree = match &key {
        Ok(key) => tree.with_text(key.kind()),
        Err(error) => tree.noting(format_args!("siglite would refuse it: {error}")),
    };
    until_fault(tree, |tree| {
        let mut reader = element.reader();
        tree.push(primitive::next_algorithm(&mut reader, "algorithm")?);
        let bits = reader.expect(BIT_STRING, "key bits")?;
        tree.push(Tree::bytes("key bits", bits.bits("key bits")?.0).at(bits.span()));
        tree.push(Tree::bytes("SPKI SHA-256", Sha256::digest(element.raw).to_vec()));
        tree.children.extend(reader.leftover());
        Ok(())
    })
}

/// What a key on its own is found by elsewhere: in logs, trusted roots, bundles.
pub(crate) fn hints(spki_der: &[u8]) -> Tree {
    let log_id = SpkiLogId::of_spki(spki_der).0;
    let tree = Tree::new("how others name it")
        .with(Tree::bytes("log ID (Rekor v1, CT, ECDSA of Rekor v2)", log_id))
        .with(Tree::bytes("key ID on checkpoints (ECDSA)", &log_id[..4]));
    let ed25519 = PublicKey::from_spki_der(spki_der).is_ok_and(|key| key.raw_ed25519().is_some());
    if ed25519 {
        tree.noting("the log ID of an Ed25519 log in Rekor v2 depends on the log's name, too")
    } else {
        tree
    }
}

/// A private key in the clear: what kind it is, and nothing that is secret.
pub(crate) fn private_key(label: &str, der: &[u8]) -> Tree {
    let tree = Tree::new(label)
        .of_kind(Kind::PrivateKey)
        .noting("in the clear: whoever has this file can sign; none of it is shown");
    until_fault(tree, |tree| {
        let outer = Reader::new(der, 0).expect(SEQUENCE, "private key")?;
        let mut reader = outer.reader();
        let version = reader.expect(INTEGER, "version")?;
        tree.push(primitive::integer("version", &version));
        if reader.peek() == Some(SEQUENCE) {
            tree.push(primitive::next_algorithm(&mut reader, "algorithm")?);
            return key_length(tree, &mut reader);
        }
        // SEC 1 has the curve behind the key; PKCS#1 is numbers only.
        if reader.peek() == Some(OCTET_STRING) {
            key_length(tree, &mut reader)?;
            if let Some(curve) = reader.optional(explicit(0), "curve")? {
                let id = curve.reader().any("curve")?;
                tree.push(Tree::text("curve", super::oids::told(&id)));
            }
            return Ok(());
        }
        let modulus = reader.expect(INTEGER, "modulus")?;
        let bits = modulus.content.iter().skip_while(|byte| **byte == 0).count() * 8;
        tree.push(Tree::text("algorithm", format_args!("RSA, about {bits} bits")));
        Ok(())
    })
}

fn key_length(tree: &mut Tree, reader: &mut Reader<'_>) -> Result<(), Fault> {
    let key = reader.expect(OCTET_STRING, "private key")?;
    tree.push(Tree::text("private key", format_args!("{} bytes, not shown", key.content.len())));
    Ok(())
}

/// What the strict reader says against a certificate, where it refuses it.
pub(super) fn refused_certificate(der: &[u8]) -> Option<String> {
    let error = Certificate::from_der(der).err()?;
    Some(format!("siglite would refuse it: {error}"))
}
