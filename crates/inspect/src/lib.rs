//! Any document of Sigstore's as a labelled tree, without believing it.
//!
//! Read in this order: [`kind`] (what there is), [`mod@recognise`] (what a document is, by looking),
//! [`tree`] (what is shown), then one file of `json` or `der` (what a kind is made of).
//!
//! In scope: reading, naming, and saying what the strict reader of a format would refuse. Not here:
//! verifying anything, files, sockets, colours. The time is an argument.
//!
//! **Invariant:** what is damaged is shown up to the damage, with its place: an inspector is asked
//! most about what other readers refuse.
//!
//! **Invariant:** every text in a tree is escaped, and no tree is much larger than what it shows.
//!
//! **Invariant:** no private key, and no signature of a token, is ever in a tree: what is shown can be
//! shared.

mod der;
mod json;
pub mod kind;
mod leaves;
mod note;
mod pem;
pub mod recognise;
mod strict;
mod token;
pub mod tree;
mod when;

use lite_time::Time;

pub use kind::Kind;
pub use recognise::{MAX_BYTES, Unknown, recognise};
pub use tree::{Span, Tree, Value, escape};

use recognise::Content;
use when::Scope;

/// Recognises a document and takes it apart. `now` is what times are compared with.
pub fn inspect(bytes: &[u8], now: Time) -> Result<Tree, Unknown> {
    let found = recognise::look(bytes)?;
    let scope = Scope { now };
    let label = found.kind.name();
    let tree = match &found.content {
        Content::Text(text) if found.wrapping == Some("PEM") => pem::file(label, text, scope),
        content => render(found.kind, label, content, scope),
    };
    Ok(match found.wrapping {
        Some("base64") => tree.noting("in base64"),
        _ => tree,
    })
}

/// The tree of a document whose kind is known.
pub(crate) fn render(kind: Kind, label: &str, content: &Content, scope: Scope) -> Tree {
    match content {
        Content::Json(value, bytes) => {
            let tree = json::document(kind, label, value, scope);
            tree.noting_some(strict::refusal(kind, bytes))
        }
        Content::Several(values) => several(label, values, scope),
        Content::Der(der) => structure(kind, label, der, scope),
        Content::Text(text) => match kind {
            Kind::Token => token::token(label, text, scope),
            Kind::VerifierKey => {
                note::verifier_key(label, text).unwrap_or_else(|| Tree::text(label, text))
            }
            Kind::Checkpoint | Kind::Note => note::note(label, text, scope),
            _ => pem::file(label, text, scope),
        },
        Content::Bytes(bytes) => leaves::entry_bundle(label, bytes, scope),
    }
}

fn several(label: &str, values: &[serde_json::Value], scope: Scope) -> Tree {
    let tree = Tree::list(label, values, |index, value| {
        let label = format!("document {}", index + 1);
        match recognise::json_kind(value) {
            Ok(kind) => json::document(kind, &label, value, scope)
                .noting(kind)
                .noting_some(strict::refusal(kind, value.to_string().as_bytes())),
            Err(error) => json::generic(&label, value).noting(error),
        }
    });
    tree.of_kind(Kind::Several).noting(format_args!("{} documents", values.len()))
}

fn structure(kind: Kind, label: &str, der: &[u8], scope: Scope) -> Tree {
    match kind {
        Kind::Certificate => der::certificate(label, der, 0, scope),
        Kind::CertificateRequest => der::certificate_request(label, der, scope),
        Kind::TimestampRequest => der::timestamp_request(label, der, scope),
        Kind::TimestampResponse if der::is_bare_token(der) => {
            der::timestamp_token(label, der, scope)
        }
        Kind::TimestampResponse => der::timestamp_response(label, der, scope),
        Kind::PublicKey => der::public_key(label, der).with(der::key_hints(der)),
        Kind::PrivateKey => der::private_key(label, der),
        Kind::SealedKey => Tree::new(label)
            .of_kind(Kind::SealedKey)
            .noting("a password opens it; none of it is shown"),
        _ => Tree::bytes(label, der).of_kind(kind),
    }
}
