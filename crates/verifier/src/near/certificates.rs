//! Certificates, timestamps and keys that are almost trusted, and who they say they are.

use lite_bundle::body::{Body, EntryVerifier, V1Signature};
use lite_bundle::{Bundle, Signer};
use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::Certificate;
use lite_pki::name::AuthorityName;
use lite_pki::timestamp::TimestampResponse;

use crate::steps::short;
use crate::trust::{Authority, Trust};

/// What an authority is called by its certificate.
pub(crate) fn called(name: &AuthorityName) -> String {
    match (name.common_name.as_str(), name.organization.as_str()) {
        ("", "") => "an authority without a name".to_owned(),
        (common, "") => common.to_owned(),
        ("", organization) => organization.to_owned(),
        (common, organization) => format!("{common} of {organization}"),
    }
}

/// Who a certificate is of, by its own word.
pub(crate) fn holder(certificate: &Certificate) -> String {
    let name = certificate.alt_names().iter().find_map(|name| name.as_text());
    let name = name.map_or_else(|| called(&certificate.subject()), str::to_owned);
    match certificate.fulcio().issuer() {
        Some(issuer) => format!("{name} ({issuer})"),
        None => name,
    }
}

/// The authority that a certificate names, and with which key.
pub(crate) fn issuer(leaf: &Certificate) -> String {
    let key = leaf.authority_key_id().map(|id| format!(", key {}", short(id)));
    format!("one of {}{}", called(&leaf.issuer()), key.unwrap_or_default())
}

/// The trusted authorities, by name.
pub(crate) fn trusted(authorities: &[Authority]) -> String {
    let issuing = |authority: &Authority| {
        let certificate = authority.below.first().unwrap_or(&authority.anchor);
        format!("{} ({})", authority.name(), called(&certificate.subject()))
    };
    let names: Vec<String> = authorities.iter().map(issuing).collect();
    if names.is_empty() {
        "a trusted root with certificate authorities".to_owned()
    } else {
        format!("one of {}", names.join(", "))
    }
}

/// The trusted authority that comes nearest to the issuer which a certificate names.
pub(crate) fn authority(leaf: &Certificate, trust: &Trust) -> Option<String> {
    if leaf.is_self_issued() {
        return Some("it vouches for itself: nobody issued it".to_owned());
    }
    let key = leaf.authority_key_id();
    for authority in &trust.authorities {
        for certificate in authority.below.iter().chain([&authority.anchor]) {
            let same_key = key.is_some() && certificate.subject_key_id() == key;
            let same_name = certificate.subject_der() == leaf.issuer_der();
            let name = authority.name();
            match (same_name, same_key) {
                (true, true) => {
                    return Some(format!(
                        "name and key are those of {name}, and its signature does not verify"
                    ));
                }
                (true, false) => {
                    let known = certificate.subject_key_id().map(short).unwrap_or_default();
                    return Some(format!(
                        "an authority of that name is trusted, {name}, with another key, {known}: \
                         another instance, or this one before it was made anew"
                    ));
                }
                (false, true) => {
                    let known = called(&certificate.subject());
                    return Some(format!("the key is that of {name}, under the name {known}"));
                }
                (false, false) => {}
            }
        }
    }
    None
}

/// Who made a timestamp, by its own word, and whether the name is a trusted one.
pub(crate) fn stamper(response: &TimestampResponse, trust: &Trust) -> (String, Option<String>) {
    let name = response.unverified_signer_issuer();
    let found = format!(
        "a timestamp of {}, by the certificate with serial {} of {}",
        response.unverified_time(),
        short(response.unverified_signer_serial()),
        called(&name)
    );
    let same_name = trust.timestamp_authorities.iter().find(|authority| {
        authority.trusted.chain.iter().any(|certificate| {
            let subject = certificate.subject();
            subject == name && !name.common_name.is_empty()
        })
    });
    let nearest = same_name.map(|authority| {
        format!(
            "an authority of that name is trusted, {}, with another certificate: another instance, \
             or this one before it was made anew",
            authority.name()
        )
    });
    (found, nearest)
}

/// The certificate of a bundle where a key was expected: whose it is, and whether the key is right.
pub(crate) fn instead_of_key(signer: &Signer, key: &PublicKey) -> Option<String> {
    let certificate = Certificate::from_der(signer.leaf()?).ok()?;
    let same = certificate.public_key().is_ok_and(|other| other == *key);
    let key = if same { "it is for this very key" } else { "it is for another key" };
    Some(format!("{key}, and names {}", holder(&certificate)))
}

/// Who an entry of the log names as the signer of this bundle's signature.
pub(crate) fn logged_signer(bundle: &Bundle, expected: &PublicKey) -> Option<String> {
    let entry = bundle.entries.first()?;
    let body = Body::parse(&entry.kind, &entry.version, &entry.canonicalized_body).ok()?;
    let (signature, signer) = signer_of(&body)?;
    if signature != bundle.content.signature() {
        return None;
    }
    Some(match signer {
        Logged::Certificate(certificate) => {
            format!("the log entry of this signature names {}", holder(&certificate))
        }
        Logged::Key(key) if key == *expected => {
            "the log entry of this signature names the same key".to_owned()
        }
        Logged::Key(key) => format!(
            "the log entry of this signature names another key, {}",
            short(&HashAlgorithm::Sha256.digest(key.spki_der()))
        ),
    })
}

/// A signer as an entry holds it.
enum Logged {
    Certificate(Certificate),
    Key(PublicKey),
}

fn signer_of(body: &Body) -> Option<(&[u8], Logged)> {
    let v1 = |logged: &V1Signature| {
        let chain = Certificate::chain_from_pem(&logged.verifier_pem).unwrap_or_default();
        match chain.into_iter().next() {
            Some(certificate) => Some(Logged::Certificate(certificate)),
            None => PublicKey::from_pem(&logged.verifier_pem).ok().map(Logged::Key),
        }
    };
    match body {
        Body::HashedRekord002(body) => {
            let signer = match &body.verifier {
                EntryVerifier::Certificate(der) => {
                    Certificate::from_der(der).ok().map(Logged::Certificate)
                }
                EntryVerifier::PublicKey(spki) => {
                    PublicKey::from_spki_der(spki).ok().map(Logged::Key)
                }
            };
            Some((&body.signature, signer?))
        }
        Body::HashedRekord001(body) => Some((&body.signature.signature, v1(&body.signature)?)),
        Body::Dsse001(body) => {
            let logged = body.signatures.first()?;
            Some((&logged.signature, v1(logged)?))
        }
        Body::Intoto002(body) => {
            let logged = body.signatures.first()?;
            Some((&logged.signature, v1(logged)?))
        }
        _ => None,
    }
}

/// What an entry's signer has in common with the bundle's.
pub(crate) fn entry_signer(
    body: &Body,
    certificate: Option<&Certificate>,
    key: &PublicKey,
) -> Option<String> {
    let (_, logged) = signer_of(body)?;
    Some(match logged {
        Logged::Certificate(logged) => {
            let same_key = logged.public_key().is_ok_and(|logged| logged == *key);
            match (certificate, same_key) {
                (Some(_), true) => format!(
                    "the log's is another certificate for the same key, of {}",
                    holder(&logged)
                ),
                _ => format!("the log names {}", holder(&logged)),
            }
        }
        Logged::Key(logged) if logged == *key => match certificate {
            Some(_) => "the log has the signer's key, without its certificate".to_owned(),
            None => "the key is the same, and is described in another way".to_owned(),
        },
        Logged::Key(logged) => format!(
            "the log names the key {}",
            short(&HashAlgorithm::Sha256.digest(logged.spki_der()))
        ),
    })
}
