//! Principals that are machines: a URI or a username made from the subject.

use lite_identity::Claims;
use serde_json::Value;

use super::email::is_address;
use super::{Alt, Draft, PrincipalError};
use crate::uri;

/// Type `uri`.
pub(super) fn uri(claims: &Claims, scheme: &str, host: &str) -> Result<Draft, PrincipalError> {
    let subject = claims.subject();
    if is_address(subject) {
        return Err(PrincipalError::SubjectIsEmail);
    }
    let parts = uri::split(subject).ok_or(PrincipalError::SubjectNotUri)?;
    if parts.scheme != scheme || parts.host != host {
        return Err(PrincipalError::SubjectForeign);
    }
    Ok(Draft::uri(claims, subject.to_owned()))
}

/// Type `username`.
pub(super) fn username(claims: &Claims, domain: &str) -> Result<Draft, PrincipalError> {
    let subject = claims.subject();
    if subject.is_empty() {
        return Err(PrincipalError::ClaimMissing);
    }
    if subject.contains('!') || subject.contains('\0') {
        return Err(PrincipalError::UsernameShape);
    }
    if is_address(subject) {
        return Err(PrincipalError::SubjectIsEmail);
    }
    let mut draft = Draft::uri(claims, String::new());
    draft.alt_name = Ok(Alt::Username(format!("{subject}!{domain}")));
    Ok(draft)
}

/// Type `spiffe`.
pub(super) fn spiffe(claims: &Claims, trust_domain: &str) -> Result<Draft, PrincipalError> {
    let subject = claims.subject();
    let domain = uri::spiffe_trust_domain(subject).ok_or(PrincipalError::SubjectNotUri)?;
    if domain != trust_domain {
        return Err(PrincipalError::SubjectForeign);
    }
    Ok(Draft::uri(claims, subject.to_owned()))
}

/// Type `kubernetes`. Upstream does not ask that the names be there, and neither do we: the URI then names
/// nobody.
pub(super) fn kubernetes(claims: &Claims) -> Draft {
    let text = |path: &[&str]| {
        let first = claims.get("kubernetes.io");
        let found = path.iter().fold(first, |value, name| value.and_then(|value| value.get(name)));
        found.and_then(Value::as_str).unwrap_or("")
    };
    let (namespace, account) = (text(&["namespace"]), text(&["serviceaccount", "name"]));
    Draft::uri(
        claims,
        format!("https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{account}"),
    )
}

/// Type `chainguard-identity`: `issuer/subject`, and clients sign the address where the token has one.
pub(super) fn chainguard(claims: &Claims) -> Result<Draft, PrincipalError> {
    let uri = format!("{}/{}", claims.issuer().trim_end_matches('/'), claims.subject());
    let mut draft = Draft::uri(claims, uri);
    if let Some(address) = claims.email() {
        if !claims.email_verified() {
            return Err(PrincipalError::EmailUnverified);
        }
        address.clone_into(&mut draft.name);
    }
    Ok(draft)
}

/// Type `siglite` without an address: a machine account, whose subject is a URI of its own, with the scheme
/// and the host of its issuer: an issuer of this type names nobody elsewhere.
pub(super) fn machine(claims: &Claims) -> Result<Draft, PrincipalError> {
    let subject = claims.subject();
    let parts = uri::split(subject).ok_or(PrincipalError::SubjectNotUri)?;
    uri::for_certificate(subject).ok_or(PrincipalError::SubjectNotUri)?;
    if uri::split(claims.issuer()) != Some(parts) {
        return Err(PrincipalError::SubjectForeign);
    }
    Ok(Draft::uri(claims, subject.to_owned()))
}
