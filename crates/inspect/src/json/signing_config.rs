//! Signing configs, and client trust configs with both halves.

use serde_json::Value;

use super::fields::{Fields, generic, items};
use super::trusted_root::{trusted_root, window};
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// A signing config, v0.1 or v0.2.
pub(super) fn signing_config(label: &str, value: &Value, scope: Scope) -> Tree {
    const SERVICES: [(&str, &str); 5] = [
        ("caUrls", "certificate authorities"),
        ("oidcUrls", "identity providers"),
        ("rekorTlogUrls", "transparency logs"),
        ("tlogUrls", "transparency logs"),
        ("tsaUrls", "timestamp authorities"),
    ];
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(label)
        .with_some(fields.node("mediaType", "media type"))
        // v0.1 named one of each.
        .with_some(fields.node("caUrl", "certificate authority"))
        .with_some(fields.node("oidcUrl", "identity provider"));
    for (name, label) in SERVICES {
        if let Some(list) = fields.take(name) {
            tree.push(Tree::list(label, items(list), |index, one| {
                service(&format!("service {}", index + 1), one, scope)
            }));
        }
    }
    let tree = tree
        .with_some(fields.node("rekorTlogConfig", "how many transparency logs"))
        .with_some(fields.node("tsaConfig", "how many timestamp authorities"));
    fields.finish(tree)
}

fn service(label: &str, value: &Value, scope: Scope) -> Tree {
    let Some(mut fields) = Fields::of(value) else { return generic(label, value) };
    let tree = Tree::new(label)
        .with_some(fields.node("url", "URL"))
        .with_some(fields.node("majorApiVersion", "API version"))
        .with_some(fields.take("validFor").map(|value| window(value, scope)))
        .with_some(fields.node("operator", "operator"));
    fields.finish(tree)
}

/// `ClientTrustConfig`.
pub(super) fn client_trust_config(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let tree = Tree::new(label)
        .with_some(fields.node("mediaType", "media type"))
        .with_some(
            fields
                .take("trustedRoot")
                .map(|value| trusted_root("trusted root", value, scope).of_kind(Kind::TrustedRoot)),
        )
        .with_some(fields.take("signingConfig").map(|value| {
            signing_config("signing config", value, scope).of_kind(Kind::SigningConfig)
        }));
    fields.finish(tree)
}
