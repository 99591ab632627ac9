//! Certificate signing requests, RFC 2986.

use super::{
    BIT_STRING, Element, Fault, INTEGER, OID, Reader, SEQUENCE, SET, explicit, extension, key,
    name, oids, primitive, until_fault,
};
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// A `CertificationRequest`.
pub(crate) fn certificate_request(label: &str, der: &[u8], scope: Scope) -> Tree {
    let tree = Tree::new(label).of_kind(Kind::CertificateRequest);
    until_fault(tree, |tree| {
        let mut outer = Reader::new(der, 0);
        let element = outer.expect(SEQUENCE, "certificate signing request")?;
        tree.span = Some(element.span());
        let mut reader = element.reader();
        let mut info = reader.expect(SEQUENCE, "signed part")?.reader();
        let version = info.expect(INTEGER, "version")?;
        tree.push(primitive::integer("version", &version));
        tree.push(name::name("subject", &info.expect(SEQUENCE, "subject")?));
        let spki = info.expect(SEQUENCE, "public key")?;
        tree.push(key::spki("public key", &spki));
        if let Some(attributes) = info.optional(explicit(0), "attributes")? {
            tree.push(until_fault(Tree::new("attributes"), |tree| {
                fill_attributes(tree, attributes.reader(), scope)
            }));
        }
        tree.push(primitive::next_algorithm(&mut reader, "signature algorithm")?);
        let signature = reader.expect(BIT_STRING, "signature")?;
        let bits = signature.bits("signature")?.0;
        tree.push(Tree::bytes("signature", bits).at(signature.span()));
        tree.children.extend(outer.leftover());
        Ok(())
    })
}

fn fill_attributes(tree: &mut Tree, mut reader: Reader<'_>, scope: Scope) -> Result<(), Fault> {
    while !reader.is_empty() {
        let attribute = reader.expect(SEQUENCE, "attribute")?;
        tree.push(attribute_tree(&attribute, scope)?);
    }
    Ok(())
}

fn attribute_tree(element: &Element<'_>, scope: Scope) -> Result<Tree, Fault> {
    /// `extensionRequest`, RFC 2985, Section 5.4.2.
    const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
    let mut reader = element.reader();
    let id = reader.expect(OID, "type of an attribute")?;
    let values = reader.expect(SET, "values of an attribute")?;
    let tree = Tree::new(oids::told(&id)).at(element.span());
    let asks = oids::oid(&id).is_some_and(|id| id.to_string() == EXTENSION_REQUEST);
    if asks {
        let list = values.reader().expect(SEQUENCE, "extensions")?;
        return Ok(tree.with(extension::extensions(&list, scope)));
    }
    Ok(tree.with(Tree::bytes("values", values.content)))
}
