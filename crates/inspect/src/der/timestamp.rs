//! RFC 3161: requests, responses, and what a timestamp says.

use lite_pki::timestamp::TimestampResponse;

use super::{
    BOOLEAN, Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, cms, explicit, implicit,
    name, oids, primitive, until_fault,
};
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::{Scope, length};

/// `TimeStampResp`: a status, and the token.
pub(crate) fn timestamp_response(label: impl AsRef<str>, der: &[u8], scope: Scope) -> Tree {
    let refused = TimestampResponse::from_der(der).err();
    let tree = Tree::new(label)
        .of_kind(Kind::TimestampResponse)
        .noting_some(refused.map(|error| format!("siglite would refuse it: {error}")));
    until_fault(tree, |tree| {
        let mut outer = Reader::new(der, 0);
        let element = outer.expect(SEQUENCE, "timestamp response")?;
        tree.span = Some(element.span());
        let mut reader = element.reader();
        tree.push(status(&reader.expect(SEQUENCE, "status")?));
        if !reader.is_empty() {
            cms::fill_signed_data(tree, &reader.expect(SEQUENCE, "timestamp token")?, scope)?;
        }
        tree.children.extend(reader.leftover());
        tree.children.extend(outer.leftover());
        Ok(())
    })
}

/// `TimeStampToken`: the token alone, as other formats embed it.
pub(crate) fn timestamp_token(label: &str, der: &[u8], scope: Scope) -> Tree {
    let tree = Tree::new(label)
        .of_kind(Kind::TimestampResponse)
        .noting("the token alone, without the status of a response around it");
    until_fault(tree, |tree| {
        let element = Reader::new(der, 0).expect(SEQUENCE, "timestamp token")?;
        cms::fill_signed_data(tree, &element, scope)
    })
}

/// `PKIStatusInfo`, RFC 3161, Section 2.4.2.
fn status(element: &Element<'_>) -> Tree {
    const WORDS: [&str; 6] = [
        "granted",
        "granted with modifications",
        "rejection",
        "waiting",
        "revocation warning",
        "revocation notification",
    ];
    until_fault(Tree::new("status").at(element.span()), |tree| {
        let mut reader = element.reader();
        let number = reader.expect(INTEGER, "status")?;
        let word = primitive::small(&number)
            .and_then(|n| WORDS.get(usize::try_from(n).ok()?).copied())
            .unwrap_or("unknown");
        *tree = std::mem::take(tree).with_text(word);
        if let Some(texts) = reader.optional(SEQUENCE, "status text")? {
            let mut texts = texts.reader();
            while !texts.is_empty() {
                tree.push(Tree::text("text", primitive::string(&texts.any("status text")?)));
            }
        }
        if let Some(info) = reader.optional(super::BIT_STRING, "failure")? {
            tree.push(Tree::text("failure", failures(info.bits("failure")?.0)));
        }
        Ok(())
    })
}

/// `PKIFailureInfo`: the bits that RFC 3161 names.
fn failures(bits: &[u8]) -> String {
    const NAMES: [(usize, &str); 8] = [
        (0, "badAlg"),
        (2, "badRequest"),
        (5, "badDataFormat"),
        (14, "timeNotAvailable"),
        (15, "unacceptedPolicy"),
        (16, "unacceptedExtension"),
        (17, "addInfoNotAvailable"),
        (25, "systemFailure"),
    ];
    let is_set = |at: usize| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    let set: Vec<&str> =
        NAMES.iter().filter(|(at, _)| is_set(*at)).map(|(_, name)| *name).collect();
    set.join(", ")
}

/// `TSTInfo`, RFC 3161, Section 2.4.2: what the authority signed.
pub(super) fn tst_info(der: &[u8], at: usize, scope: Scope) -> Tree {
    until_fault(Tree::new("timestamp"), |tree| {
        let element = Reader::new(der, at).expect(SEQUENCE, "TSTInfo")?;
        tree.span = Some(element.span());
        let mut reader = element.reader();
        tree.push(primitive::version(&mut reader, 1)?);
        let policy = reader.expect(OID, "policy")?;
        tree.push(Tree::text("policy", oids::told(&policy)).at(policy.span()));
        tree.push(imprint(&reader.expect(SEQUENCE, "message imprint")?));
        let serial = reader.expect(INTEGER, "serial number")?;
        tree.push(primitive::serial("serial number", &serial));
        let time = reader.expect(0x18, "time")?;
        let stamped = primitive::time(&time).ok_or(time.fault("time"))?;
        tree.push(scope.moment("time", stamped).at(time.span()));
        if let Some(accuracy) = reader.optional(SEQUENCE, "accuracy")? {
            tree.push(until_fault(Tree::new("accuracy"), |tree| fill_accuracy(tree, &accuracy)));
        }
        if let Some(ordering) = reader.optional(BOOLEAN, "ordering")? {
            let ordered = if primitive::boolean(&ordering) { "yes" } else { "no" };
            tree.push(Tree::text("ordering", ordered));
        }
        if let Some(nonce) = reader.optional(INTEGER, "nonce")? {
            tree.push(primitive::serial("nonce", &nonce));
        }
        if let Some(tsa) = reader.optional(explicit(0), "authority")? {
            let one = name::general_name(&tsa.reader().any("authority")?);
            tree.push(one.named("authority"));
        }
        if let Some(extensions) = reader.optional(explicit(1), "extensions")? {
            tree.push(super::extension::extensions(&extensions, scope));
        }
        tree.children.extend(reader.leftover());
        Ok(())
    })
}

/// `MessageImprint`: which bytes existed.
fn imprint(element: &Element<'_>) -> Tree {
    until_fault(Tree::new("message imprint").at(element.span()), |tree| {
        let mut reader = element.reader();
        tree.push(primitive::next_algorithm(&mut reader, "algorithm")?);
        let hash = reader.expect(OCTET_STRING, "hash")?;
        tree.push(Tree::bytes("hash", hash.content).at(hash.span()));
        Ok(())
    })
}

fn fill_accuracy(tree: &mut Tree, element: &Element<'_>) -> Result<(), Fault> {
    let mut reader = element.reader();
    if let Some(seconds) = reader.optional(INTEGER, "seconds")? {
        let told = primitive::small(&seconds)
            .and_then(|n| i64::try_from(n).ok())
            .map_or_else(|| hex::encode(seconds.content), length);
        tree.push(Tree::text("seconds", told));
    }
    for (n, label) in [(0, "milliseconds"), (1, "microseconds")] {
        if let Some(part) = reader.optional(implicit(n), label)? {
            tree.push(primitive::integer(label, &part));
        }
    }
    Ok(())
}

/// `TimeStampReq`, RFC 3161, Section 2.4.1.
pub(crate) fn timestamp_request(label: &str, der: &[u8], scope: Scope) -> Tree {
    until_fault(Tree::new(label).of_kind(Kind::TimestampRequest), |tree| {
        let mut outer = Reader::new(der, 0);
        let element = outer.expect(SEQUENCE, "timestamp request")?;
        tree.span = Some(element.span());
        let mut reader = element.reader();
        tree.push(primitive::version(&mut reader, 1)?);
        tree.push(imprint(&reader.expect(SEQUENCE, "message imprint")?));
        if let Some(policy) = reader.optional(OID, "policy")? {
            tree.push(Tree::text("policy", oids::told(&policy)).at(policy.span()));
        }
        if let Some(nonce) = reader.optional(INTEGER, "nonce")? {
            tree.push(primitive::serial("nonce", &nonce));
        }
        let wanted = reader.optional(BOOLEAN, "certReq")?.is_some_and(|e| primitive::boolean(&e));
        tree.push(Tree::text("wants the certificate", if wanted { "yes" } else { "no" }));
        if let Some(extensions) = reader.optional(explicit(0), "extensions")? {
            tree.push(super::extension::extensions(&extensions, scope));
        }
        tree.children.extend(reader.leftover());
        tree.children.extend(outer.leftover());
        Ok(())
    })
}
