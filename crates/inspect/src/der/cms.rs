//! CMS signed data, RFC 5652, as far as timestamps use it.

use super::{
    Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, certificate, explicit,
    implicit, name, oids, primitive, timestamp, until_fault,
};
use crate::tree::{MAX_CHILDREN, Tree};
use crate::when::Scope;

/// `ContentInfo` that holds `SignedData`.
pub(super) fn fill_signed_data(
    tree: &mut Tree,
    element: &Element<'_>,
    scope: Scope,
) -> Result<(), Fault> {
    let mut reader = element.reader();
    let kind = reader.expect(OID, "type of the token")?;
    let wrapped = reader.expect(explicit(0), "signed data")?;
    let mut data = wrapped.reader().expect(SEQUENCE, "signed data")?.reader();
    let version = data.expect(INTEGER, "version")?;
    let digests = data.expect(SET, "digest algorithms")?;
    let mut content = data.expect(SEQUENCE, "content")?.reader();
    let content_kind = content.expect(OID, "type of the content")?;
    if let Some(wrapped) = content.optional(explicit(0), "content")? {
        let octets = wrapped.reader().expect(OCTET_STRING, "content")?;
        tree.push(timestamp::tst_info(octets.content, octets.inside(), scope));
    }
    let mut envelope = Tree::new("signed data")
        .at(wrapped.span())
        .with(Tree::text("type", oids::told(&kind)))
        .with(primitive::integer("version", &version))
        .with(Tree::text("type of the content", oids::told(&content_kind)));
    let mut algorithms = digests.reader();
    while !algorithms.is_empty() {
        envelope.push(primitive::next_algorithm(&mut algorithms, "digest algorithm")?);
    }
    let envelope = until_fault(envelope, |tree| fill_signers(tree, &mut data, scope));
    tree.push(envelope);
    Ok(())
}

fn fill_signers(tree: &mut Tree, data: &mut Reader<'_>, scope: Scope) -> Result<(), Fault> {
    if let Some(list) = data.optional(explicit(0), "certificates")? {
        let mut certificates = list.reader();
        let mut shown = Tree::new("certificates").at(list.span());
        while !certificates.is_empty() && shown.children.len() < MAX_CHILDREN {
            let one = certificates.any("certificate")?;
            let label = format!("certificate {}", shown.children.len() + 1);
            shown.push(certificate(label, one.raw, one.offset, scope));
        }
        tree.push(shown);
    }
    data.optional(explicit(1), "revocation lists")?;
    let mut signers = data.expect(SET, "signers")?.reader();
    while !signers.is_empty() && tree.children.len() < MAX_CHILDREN {
        let one = signers.expect(SEQUENCE, "signer")?;
        let signer = Tree::new("signer").at(one.span());
        tree.push(until_fault(signer, |tree| fill_signer(tree, &one, scope)));
    }
    Ok(())
}

/// `SignerInfo`, RFC 5652, Section 5.3.
fn fill_signer(tree: &mut Tree, element: &Element<'_>, scope: Scope) -> Result<(), Fault> {
    let mut reader = element.reader();
    let version = reader.expect(INTEGER, "version of the signer")?;
    tree.push(primitive::integer("version", &version));
    if let Some(key) = reader.optional(implicit(0), "key identifier")? {
        tree.push(Tree::bytes("key identifier", key.content));
    } else {
        let mut named = reader.expect(SEQUENCE, "issuer and serial number")?.reader();
        tree.push(name::name("issuer", &named.expect(SEQUENCE, "issuer")?));
        tree.push(primitive::serial("serial number", &named.expect(INTEGER, "serial number")?));
    }
    tree.push(primitive::next_algorithm(&mut reader, "digest algorithm")?);
    if let Some(list) = reader.optional(explicit(0), "signed attributes")? {
        let attributes = Tree::new("signed attributes").at(list.span());
        tree.push(until_fault(attributes, |tree| fill_attributes(tree, list.reader(), scope)));
    }
    tree.push(primitive::next_algorithm(&mut reader, "signature algorithm")?);
    let signature = reader.expect(OCTET_STRING, "signature")?;
    tree.push(Tree::bytes("signature", signature.content).at(signature.span()));
    if let Some(list) = reader.optional(explicit(1), "unsigned attributes")? {
        tree.push(Tree::bytes("unsigned attributes", list.content).at(list.span()));
    }
    Ok(())
}

fn fill_attributes(tree: &mut Tree, mut reader: Reader<'_>, scope: Scope) -> Result<(), Fault> {
    while !reader.is_empty() {
        let mut attribute = reader.expect(SEQUENCE, "attribute")?.reader();
        let id = attribute.expect(OID, "type of an attribute")?;
        let values = attribute.expect(SET, "values of an attribute")?;
        let value = values.reader().any("value of an attribute")?;
        let label = oids::told(&id);
        let node = match value.tag {
            OID => Tree::text(label, oids::told(&value)),
            OCTET_STRING => Tree::bytes(label, value.content),
            0x17 | 0x18 => match primitive::time(&value) {
                Some(at) => scope.moment(&label, at),
                None => Tree::bytes(label, value.content),
            },
            SEQUENCE => match signing_certificate(&value) {
                Some(hash) => Tree::bytes(label, hash).noting("hash of the signer's certificate"),
                None => Tree::bytes(label, value.content),
            },
            _ => Tree::bytes(label, value.content),
        };
        tree.push(node.at(value.span()));
    }
    Ok(())
}

/// `SigningCertificate` and its second version: the hash of the first certificate (RFC 5035).
fn signing_certificate<'a>(element: &Element<'a>) -> Option<&'a [u8]> {
    let list = element.reader().expect(SEQUENCE, "list").ok()?;
    let mut first = list.reader().expect(SEQUENCE, "certificate").ok()?.reader();
    first.optional(SEQUENCE, "algorithm").ok()?;
    Some(first.expect(OCTET_STRING, "hash").ok()?.content)
}
