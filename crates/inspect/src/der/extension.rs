//! Extensions of certificates: Sigstore's by name, and those that every authority writes.

use lite_pki::FulcioExtension;
use lite_pki::oid as ids;

use super::{
    BIT_STRING, BOOLEAN, Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, explicit,
    implicit, name, oids, primitive, sct, until_fault,
};
use crate::tree::Tree;
use crate::when::Scope;

/// The most extensions that are shown.
const MAX_EXTENSIONS: usize = lite_pki::cert::MAX_EXTENSIONS;

/// `Extensions`: all of them, in their order.
pub(super) fn extensions(element: &Element<'_>, scope: Scope) -> Tree {
    until_fault(Tree::new("extensions").at(element.span()), |tree| {
        let mut reader = element.reader();
        while !reader.is_empty() {
            let one = reader.expect(SEQUENCE, "extension")?;
            if tree.children.len() == MAX_EXTENSIONS {
                tree.push(Tree::new("… and more"));
                return Ok(());
            }
            tree.push(
                extension(&one, scope)
                    .unwrap_or_else(|fault| Tree::unreadable("extension", fault).at(one.span())),
            );
        }
        Ok(())
    })
}

fn extension(element: &Element<'_>, scope: Scope) -> Result<Tree, Fault> {
    let mut reader = element.reader();
    let id = reader.expect(OID, "identifier of an extension")?;
    let critical = reader.optional(BOOLEAN, "critical")?.is_some_and(|e| primitive::boolean(&e));
    let value = reader.expect(OCTET_STRING, "value of an extension")?;
    let tree = match oids::oid(&id) {
        Some(oid) => {
            let label = oids::name(&oid).map_or_else(|| oid.to_string(), ToOwned::to_owned);
            let fulcio = FulcioExtension::from_oid(&oid);
            let tree = match fulcio {
                Some(known) => fulcio_extension(known, &value),
                None => content(Tree::new(&label), &oid, &value, scope),
            };
            let number = format!("{oid}");
            if tree.label == number { tree } else { tree.noting(number) }
        }
        None => Tree::bytes(oids::told(&id), value.content),
    };
    let tree = if critical { tree.noting("critical") } else { tree };
    Ok(tree.at(element.span()))
}

/// fulcio:docs/oid-info.md: what the certificate says about whoever signed.
fn fulcio_extension(known: FulcioExtension, value: &Element<'_>) -> Tree {
    let tree = match known.decode(value.content) {
        Some(text) => Tree::text(known.name(), text),
        None => {
            Tree::bytes(known.name(), value.content).noting("unreadable: not the text it must be")
        }
    };
    match known {
        old if old.is_raw() => {
            let new = match old {
                FulcioExtension::Issuer => "issuer-v2",
                FulcioExtension::GithubWorkflowTrigger => "build-trigger",
                FulcioExtension::GithubWorkflowSha => "source-repository-digest",
                FulcioExtension::GithubWorkflowName => "build-config-uri",
                FulcioExtension::GithubWorkflowRepository => "source-repository-uri",
                _ => "source-repository-ref",
            };
            tree.noting(format_args!("deprecated: {new} says it now"))
        }
        _ => tree,
    }
}

fn content(
    tree: Tree,
    id: &const_oid::ObjectIdentifier,
    value: &Element<'_>,
    scope: Scope,
) -> Tree {
    let inner = value.reader();
    let label = tree.label.clone();
    let read = match *id {
        ids::SUBJECT_ALT_NAME => sequence(tree, inner, name::general_names),
        ids::BASIC_CONSTRAINTS => sequence(tree, inner, basic_constraints),
        ids::KEY_USAGE => key_usage(tree, inner),
        ids::EXTENDED_KEY_USAGE => sequence(tree, inner, purposes),
        ids::SUBJECT_KEY_IDENTIFIER => key_identifier(&label, inner),
        ids::AUTHORITY_KEY_IDENTIFIER => sequence(tree, inner, authority_key),
        ids::SCT_LIST => {
            let mut inner = inner;
            inner
                .expect(OCTET_STRING, "list of timestamps")
                .map(|list| sct::sct_list(tree, list.content, scope))
        }
        ids::CT_POISON => {
            Ok(tree.noting("this is no certificate, but what a log was asked to promise"))
        }
        _ => Ok(Tree::bytes(&label, value.content)),
    };
    read.unwrap_or_else(|fault| {
        Tree::bytes(label, value.content).noting(format_args!("unreadable: {fault}"))
    })
}

fn sequence(
    tree: Tree,
    mut reader: Reader<'_>,
    fill: impl FnOnce(&mut Tree, Reader<'_>) -> Result<(), Fault>,
) -> Result<Tree, Fault> {
    let element = reader.expect(SEQUENCE, "content of an extension")?;
    Ok(until_fault(tree, |tree| {
        fill(tree, element.reader())?;
        tree.children.extend(reader.leftover());
        Ok(())
    }))
}

/// RFC 5280, Section 4.2.1.9.
fn basic_constraints(tree: &mut Tree, mut reader: Reader<'_>) -> Result<(), Fault> {
    let ca = reader.optional(BOOLEAN, "cA")?.is_some_and(|element| primitive::boolean(&element));
    tree.push(Tree::text("may issue certificates", if ca { "yes" } else { "no" }));
    if let Some(length) = reader.optional(INTEGER, "pathLenConstraint")? {
        tree.push(primitive::integer("intermediates below it, at most", &length));
    }
    Ok(())
}

/// RFC 5280, Section 4.2.1.3.
fn key_usage(tree: Tree, mut reader: Reader<'_>) -> Result<Tree, Fault> {
    const USES: [&str; 9] = [
        "digital signature",
        "content commitment",
        "key encipherment",
        "data encipherment",
        "key agreement",
        "certificate signing",
        "CRL signing",
        "encipher only",
        "decipher only",
    ];
    let element = reader.expect(BIT_STRING, "key usage")?;
    let (bits, _) = element.bits("key usage")?;
    let is_set = |at: usize| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    let set: Vec<&str> =
        USES.iter().enumerate().filter(|(at, _)| is_set(*at)).map(|(_, name)| *name).collect();
    Ok(tree.with_text(set.join(", ")))
}

/// RFC 5280, Section 4.2.1.12.
fn purposes(tree: &mut Tree, mut reader: Reader<'_>) -> Result<(), Fault> {
    let mut purposes = Vec::new();
    while !reader.is_empty() {
        purposes.push(oids::told(&reader.expect(OID, "purpose")?));
    }
    *tree = std::mem::take(tree).with_text(purposes.join(", "));
    Ok(())
}

fn key_identifier(label: &str, mut reader: Reader<'_>) -> Result<Tree, Fault> {
    Ok(Tree::bytes(label, reader.expect(OCTET_STRING, "key identifier")?.content))
}

/// RFC 5280, Section 4.2.1.1.
fn authority_key(tree: &mut Tree, mut reader: Reader<'_>) -> Result<(), Fault> {
    if let Some(id) = reader.optional(implicit(0), "key identifier")? {
        tree.value = Tree::bytes("", id.content).value;
    }
    if let Some(issuer) = reader.optional(explicit(1), "issuer")? {
        let names = Tree::new("issuer");
        tree.push(until_fault(names, |tree| name::general_names(tree, issuer.reader())));
    }
    if let Some(serial) = reader.optional(implicit(2), "serial number")? {
        tree.push(primitive::serial("serial number", &serial));
    }
    Ok(())
}
