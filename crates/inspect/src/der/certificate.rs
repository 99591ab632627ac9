//! X.509 certificates, RFC 5280, Section 4.1.

use sha2::{Digest, Sha256};

use super::{
    BIT_STRING, Element, Fault, INTEGER, Reader, SEQUENCE, explicit, extension, implicit, key,
    name, primitive, until_fault,
};
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::{Scope, length};

/// A certificate that begins `at` bytes into the document.
pub(crate) fn certificate(label: impl AsRef<str>, der: &[u8], at: usize, scope: Scope) -> Tree {
    let tree =
        Tree::new(label).of_kind(Kind::Certificate).noting_some(key::refused_certificate(der));
    until_fault(tree, |tree| {
        let mut outer = Reader::new(der, at);
        let element = outer.expect(SEQUENCE, "certificate")?;
        tree.span = Some(element.span());
        tree.push(Tree::bytes("SHA-256 fingerprint", Sha256::digest(element.raw).to_vec()));
        let mut reader = element.reader();
        let tbs = reader.expect(SEQUENCE, "signed part")?;
        fill_tbs(tree, tbs.reader(), scope)?;
        tree.push(primitive::next_algorithm(&mut reader, "signature algorithm")?);
        let signature = reader.expect(BIT_STRING, "signature")?;
        let bits = signature.bits("signature")?.0;
        tree.push(Tree::bytes("signature", bits).at(signature.span()));
        tree.children.extend(reader.leftover());
        tree.children.extend(outer.leftover());
        Ok(())
    })
}

/// `TBSCertificate`.
fn fill_tbs(tree: &mut Tree, mut reader: Reader<'_>, scope: Scope) -> Result<(), Fault> {
    match reader.optional(explicit(0), "version")? {
        Some(version) => tree.push(primitive::version(&mut version.reader(), 0)?),
        None => tree.push(Tree::text("version", 1)),
    }
    let serial = reader.expect(INTEGER, "serial number")?;
    tree.push(primitive::serial("serial number", &serial));
    // The algorithm stands here and beside the signature; the one there is shown.
    reader.expect(SEQUENCE, "signature algorithm")?;
    tree.push(name::name("issuer", &reader.expect(SEQUENCE, "issuer")?));
    tree.push(validity(&reader.expect(SEQUENCE, "validity")?, scope));
    tree.push(name::name("subject", &reader.expect(SEQUENCE, "subject")?));
    tree.push(key::spki("public key", &reader.expect(SEQUENCE, "public key")?));
    for (n, label) in [(1, "issuer unique ID"), (2, "subject unique ID")] {
        if let Some(id) = reader.optional(implicit(n), label)? {
            tree.push(Tree::bytes(label, id.content).at(id.span()));
        }
    }
    if let Some(wrapped) = reader.optional(explicit(3), "extensions")? {
        let list = wrapped.reader().expect(SEQUENCE, "extensions")?;
        tree.push(extension::extensions(&list, scope));
    }
    tree.children.extend(reader.leftover());
    Ok(())
}

/// RFC 5280, Section 4.1.2.5: both ends are part of it.
fn validity(element: &Element<'_>, scope: Scope) -> Tree {
    until_fault(Tree::new("validity").at(element.span()), |tree| {
        let mut reader = element.reader();
        let from = reader.any("not before")?;
        let until = reader.any("not after")?;
        let begin = primitive::time(&from).ok_or(from.fault("not before"))?;
        tree.push(scope.begin("not before", begin).at(from.span()));
        let end = primitive::time(&until).ok_or(until.fault("not after"))?;
        tree.push(scope.end("not after", end).at(until.span()));
        let seconds = end.secs() - begin.secs();
        let lasts = Tree::text("lasts", length(seconds));
        tree.push(if seconds < 0 { lasts.noting("ends before it begins") } else { lasts });
        Ok(())
    })
}
