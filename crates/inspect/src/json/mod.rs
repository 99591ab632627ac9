//! Documents in JSON, and JSON that nobody here knows.

mod body;
mod bundle;
mod cosign;
mod entry;
mod envelope;
mod fields;
mod image;
mod key;
mod signing_config;
mod statement;
mod trusted_root;
mod tuf;

pub(crate) use body::body;
pub(crate) use fields::{Fields, decode, generic};
pub(crate) use key::{sct_answer, sealed};

use serde_json::Value;

use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// The tree of a document whose kind is known.
pub(crate) fn document(kind: Kind, label: &str, value: &Value, scope: Scope) -> Tree {
    let tree = match kind {
        Kind::Bundle => bundle::bundle(label, value, scope),
        Kind::TrustedRoot => trusted_root::trusted_root(label, value, scope),
        Kind::SigningConfig => signing_config::signing_config(label, value, scope),
        Kind::ClientTrustConfig => signing_config::client_trust_config(label, value, scope),
        Kind::TufRoot | Kind::TufTargets | Kind::TufSnapshot | Kind::TufTimestamp => {
            tuf::metadata(label, value, scope)
        }
        Kind::LogEntry => entry::entry(label, value, scope),
        Kind::RekorAnswer => entry::rekor_answer(label, value, scope),
        Kind::EntryBody => body(label, value, scope),
        Kind::Statement => statement::statement(label, value),
        Kind::Envelope => envelope::envelope(label, value, scope),
        Kind::ImageManifest | Kind::ImageIndex => image::manifest(label, value, scope),
        Kind::SimpleSigning => image::simple_signing(label, value),
        Kind::CosignBundle => cosign::bundle(label, value, scope),
        Kind::SealedKey => sealed(label, value),
        Kind::SctAnswer => sct_answer(label, value, scope),
        _ => generic(label, value),
    };
    tree.of_kind(kind)
}
