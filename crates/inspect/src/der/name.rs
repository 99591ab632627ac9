//! Names: of issuers and subjects, and the alternative ones.

use const_oid::ObjectIdentifier;

use super::{Element, Fault, OID, Reader, SEQUENCE, SET, explicit, implicit, oids, primitive};
use crate::tree::Tree;

/// A `Name` on one line, the most general part first, as it stands.
pub(super) fn name(label: &str, element: &Element<'_>) -> Tree {
    let tree = Tree::new(label).at(element.span());
    match parts(element) {
        Ok(parts) if parts.is_empty() => tree.with_text("").noting("empty"),
        Ok(parts) => tree.with_text(parts.join(", ")),
        Err(fault) => tree.noting(format_args!("unreadable: {fault}")),
    }
}

fn parts(element: &Element<'_>) -> Result<Vec<String>, Fault> {
    let mut parts = Vec::new();
    let mut sets = element.reader();
    while !sets.is_empty() {
        let mut attributes = sets.expect(SET, "relative distinguished name")?.reader();
        while !attributes.is_empty() {
            let mut attribute = attributes.expect(SEQUENCE, "attribute of a name")?.reader();
            let id = attribute.expect(OID, "type of an attribute")?;
            let value = attribute.any("value of an attribute")?;
            let word = oids::oid(&id).map_or_else(|| "?".to_owned(), |id| short(&id));
            parts.push(format!("{word}={}", primitive::string(&value)));
        }
    }
    Ok(parts)
}

fn short(id: &ObjectIdentifier) -> String {
    oids::name(id).map_or_else(|| id.to_string(), ToOwned::to_owned)
}

/// `GeneralNames`, one node each.
pub(super) fn general_names(tree: &mut Tree, mut reader: Reader<'_>) -> Result<(), Fault> {
    while !reader.is_empty() {
        tree.push(general_name(&reader.any("general name")?));
    }
    Ok(())
}

/// `GeneralName`, RFC 5280, Section 4.2.1.6.
pub(super) fn general_name(element: &Element<'_>) -> Tree {
    const OTHER: u8 = explicit(0);
    const EMAIL: u8 = implicit(1);
    const DNS: u8 = implicit(2);
    const DIRECTORY: u8 = explicit(4);
    const URI: u8 = implicit(6);
    const IP: u8 = implicit(7);
    let text = || String::from_utf8_lossy(element.content).into_owned();
    let tree = match element.tag {
        OTHER => other_name(element),
        EMAIL => Tree::text("e-mail", text()),
        DNS => Tree::text("DNS name", text()),
        URI => Tree::text("URI", text()),
        IP => Tree::text("IP address", address(element.content)),
        DIRECTORY => match element.reader().expect(SEQUENCE, "directory name") {
            Ok(inner) => name("directory name", &inner),
            Err(fault) => Tree::unreadable("directory name", fault),
        },
        _ => Tree::bytes(format!("general name [{}]", element.tag & 0x1F), element.content),
    };
    tree.at(element.span())
}

fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        std::net::Ipv4Addr::from(four).to_string()
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
        std::net::Ipv6Addr::from(sixteen).to_string()
    } else {
        hex::encode(bytes)
    }
}

/// `otherName`: Fulcio's user names, `NAME!DOMAIN`.
fn other_name(element: &Element<'_>) -> Tree {
    let read = || -> Result<Tree, Fault> {
        let mut reader = element.reader();
        let id = reader.expect(OID, "type of another name")?;
        let value = reader.expect(explicit(0), "value of another name")?;
        let value = value.reader().any("value of another name")?;
        let label = oids::oid(&id).as_ref().and_then(oids::name).unwrap_or("other name");
        Ok(Tree::text(label, primitive::string(&value)).noting(oids::told(&id)))
    };
    read().unwrap_or_else(|fault| Tree::unreadable("other name", fault))
}
