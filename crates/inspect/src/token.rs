//! JSON Web Tokens: what an identity provider says, none of it believed.

use serde_json::Value;

use crate::json::{Fields, decode, generic};
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// What the claims mean that Sigstore's services look at, in the order of interest.
const MEANINGS: &[(&str, &str)] = &[
    ("iss", "who says so: the identity provider"),
    ("sub", "about whom, by the provider's own identifier"),
    ("aud", "for whom it was made; Fulcio wants sigstore"),
    ("email", "e-mail address"),
    ("email_verified", "whether the provider checked that address"),
    ("name", "name"),
    ("preferred_username", "user name"),
    ("groups", "groups"),
    ("azp", "the client that asked for it"),
    ("nonce", "the request that it answers"),
    ("at_hash", "the access token that came along"),
    ("c_hash", "the code that it was got with"),
    ("jti", "its own identifier"),
    ("federated_claims", "where the provider has it from"),
    ("job_workflow_ref", "the workflow that runs"),
    ("job_workflow_sha", "the commit of that workflow"),
    ("workflow_ref", "the workflow that was started"),
    ("workflow_sha", "the commit of that workflow"),
    ("repository", "the repository"),
    ("repository_owner", "the owner of the repository"),
    ("repository_visibility", "who may see the repository"),
    ("ref", "the git reference"),
    ("sha", "the commit"),
    ("event_name", "what started the workflow"),
    ("run_id", "the run"),
    ("runner_environment", "who hosts the runner"),
    ("project_path", "the project"),
    ("pipeline_source", "what started the pipeline"),
    ("ci_config_ref_uri", "the configuration of the pipeline"),
    ("kubernetes.io", "the workload in the cluster"),
];

/// Whether a text is three parts in base64url with a header that names an algorithm.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    parts.len() == 3 && part(parts[0]).is_some_and(|header| header.get("alg").is_some())
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&decode(text)?).ok()
}

/// Header and claims. The signature is left out, so that what is shown cannot be used as a token.
pub(crate) fn token(label: &str, text: &str, scope: Scope) -> Tree {
    let mut parts = text.trim().splitn(3, '.');
    let mut next = || parts.next().unwrap_or_default();
    let (header, claims, signature) = (next(), next(), next());
    let length = decode(signature).map_or(signature.len(), |bytes| bytes.len());
    Tree::new(label)
        .of_kind(Kind::Token)
        .noting("the signature is NOT verified here: anybody can write such a token")
        .with(match part(header) {
            Some(value) => generic("header", &value),
            None => Tree::unreadable("header", "not JSON in base64url"),
        })
        .with(match part(claims) {
            Some(value) => claims_tree(&value, scope),
            None => Tree::unreadable("claims", "not JSON in base64url"),
        })
        .with(
            Tree::text("signature", format_args!("{length} bytes, not shown"))
                .noting("not verified"),
        )
}

fn claims_tree(value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic("claims", value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new("claims");
    for (name, meaning) in &MEANINGS[..3] {
        tree.children.extend(fields.node(name, name).map(|node| node.noting(meaning)));
    }
    tree.children.extend(times(&mut fields, scope));
    for (name, meaning) in &MEANINGS[3..] {
        tree.children.extend(fields.node(name, name).map(|node| node.noting(meaning)));
    }
    fields.finish(tree)
}

/// RFC 7519, Section 4.1: numbers of seconds since the Unix epoch.
fn times(fields: &mut Fields<'_>, scope: Scope) -> Vec<Tree> {
    let mut nodes = Vec::new();
    for name in ["iat", "nbf", "exp", "auth_time"] {
        let Some(value) = fields.take(name) else { continue };
        // A fraction is allowed, and nobody writes one.
        #[expect(clippy::cast_possible_truncation, reason = "the cast sticks at the ends")]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let Some(at) = seconds.map(lite_time::Time::from_secs) else {
            nodes.push(generic(name, value).noting("not a number of seconds"));
            continue;
        };
        nodes.push(match name {
            "exp" => scope.end(name, at),
            "nbf" => scope.begin(name, at),
            "iat" => scope.moment(name, at).noting("issued"),
            _ => scope.moment(name, at).noting("signed in"),
        });
    }
    nodes
}

#[cfg(test)]
mod tests {
    use lite_time::Time;

    use super::*;

    #[test]
    fn claims_are_shown_and_the_signature_never_is() {
        // {"alg":"RS256","kid":"k"} . {"iss":"https://i","sub":"s","aud":"sigstore","exp":100}
        let text = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL2kiLCJzdWIiOiJzIiwiYXVkIjoic2lnc3RvcmUiLCJleHAiOjEwMH0.c2VjcmV0c2VjcmV0";
        assert!(looks_like_one(text));
        let tree = token("token", text, Scope { now: Time::from_secs(160) });
        assert_eq!(tree.find("iss").unwrap().value.as_ref().unwrap().shown(true), "https://i");
        let end = tree.find("exp").unwrap();
        assert_eq!(end.note.as_deref(), Some("expired 1 minute before now"));
        let all = format!("{tree:?}");
        assert!(!all.contains("c2VjcmV0") && !all.contains("secretsecret"));
        assert!(!all.contains(&format!("{:?}", b"secretsecret".to_vec())));
    }
}
