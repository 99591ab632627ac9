//! PEM: blocks by their labels.

use lite_pki::pem::{Block, first_block};
use serde_json::Value;

use crate::der;
use crate::json;
use crate::kind::Kind;
use crate::recognise::{self, Content};
use crate::tree::{MAX_CHILDREN, Tree};
use crate::when::Scope;

/// What a block holds, by its label.
pub(crate) fn kind_of(label: &str) -> Option<Kind> {
    Some(match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Kind::Certificate,
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Kind::CertificateRequest,
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Kind::PublicKey,
        "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => Kind::PrivateKey,
        "ENCRYPTED SIGSTORE PRIVATE KEY"
        | "ENCRYPTED COSIGN PRIVATE KEY"
        | "ENCRYPTED PRIVATE KEY" => Kind::SealedKey,
        _ => return None,
    })
}

/// All blocks of a text: one alone is the document itself.
pub(crate) fn file(label: &str, text: &str, scope: Scope) -> Tree {
    let mut tree = Tree::new(label).of_kind(Kind::PemFile);
    let mut rest = text;
    loop {
        match first_block(rest) {
            Ok(Some(found)) if tree.children.len() < MAX_CHILDREN => {
                rest = found.after;
                let number = tree.children.len() + 1;
                tree.push(block(&format!("block {number}"), &found, scope));
            }
            Ok(Some(_)) => {
                tree.push(Tree::new("… and more"));
                break;
            }
            Ok(None) => break,
            Err(error) => {
                tree.push(Tree::unreadable("the rest", error));
                break;
            }
        }
    }
    if tree.children.len() == 1 {
        let only = tree.children.remove(0);
        return only.named(label);
    }
    let all_certificates = tree.children.iter().all(|c| c.kind == Some(Kind::Certificate));
    if all_certificates && !tree.children.is_empty() {
        let many = tree.children.len();
        tree = tree.noting(format_args!("{many} certificates"));
    }
    tree
}

fn block(label: &str, block: &Block<'_>, scope: Scope) -> Tree {
    let bytes = match block.decode() {
        Ok(bytes) => bytes,
        Err(error) => return Tree::unreadable(format!("{label}: {}", block.label), error),
    };
    match kind_of(block.label) {
        // cosign's are JSON, OpenSSL's are DER.
        Some(Kind::SealedKey) => match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => json::sealed(label, &value).of_kind(Kind::SealedKey),
            Err(_) => Tree::text(label, block.label)
                .of_kind(Kind::SealedKey)
                .noting("a password opens it; none of it is shown"),
        },
        Some(Kind::PrivateKey) => der::private_key(label, &bytes),
        Some(kind) => crate::render(kind, label, &Content::Der(bytes), scope),
        None if block.label.contains("PRIVATE") => Tree::text(label, block.label)
            .of_kind(Kind::PrivateKey)
            .noting("of a form that siglite does not know; none of it is shown"),
        None => match recognise::der(&bytes) {
            Ok(kind) => crate::render(kind, label, &Content::Der(bytes), scope)
                .noting(format_args!("labelled {}", block.label)),
            Err(_) => Tree::bytes(label, bytes).noting(format_args!("labelled {}", block.label)),
        },
    }
}
