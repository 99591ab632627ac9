//! New authorities, and which keys and chains are taken into service.

use std::sync::Arc;
use std::time::Duration;

use lite_keys::{KeyKind, SigningKey};
use lite_pki::Certificate;
use lite_pki::chain::Purpose;
use lite_pki::hierarchy::{Authority, AuthorityError, AuthoritySpec, IssuingCa};
use lite_pki::name::AuthorityName;
use lite_pki::timestamp::{TimestampAuthority, TimestampAuthorityError};
use lite_time::Time;

use crate::openssl::OpenSsl;

pub(crate) const NOW: Time = Time::from_secs(1_790_000_000);
const YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(crate) fn spec(purpose: Purpose, key_kind: KeyKind) -> AuthoritySpec {
    AuthoritySpec {
        purpose,
        root_name: AuthorityName::new("siglite", "test root"),
        name: AuthorityName::new("siglite", "test authority"),
        key_kind,
        not_before: NOW,
        lifetime: YEARS,
    }
}

pub(crate) fn authority(purpose: Purpose, key_kind: KeyKind) -> Authority {
    Authority::create(&spec(purpose, key_kind)).unwrap()
}

pub(crate) fn issuing_ca(key_kind: KeyKind) -> Arc<IssuingCa> {
    let authority = authority(Purpose::CodeSigning, key_kind);
    let chain = authority.chain();
    IssuingCa::new(authority.key, chain, NOW).unwrap()
}

#[test]
fn survives_pem() {
    let authority = authority(Purpose::CodeSigning, KeyKind::EcdsaP256);
    let pem = Certificate::chain_to_pem(&authority.chain());
    let chain = Certificate::chain_from_pem(&pem).unwrap();
    assert_eq!(chain, authority.chain());
    let key = SigningKey::from_pkcs8_pem(&authority.key.to_pkcs8_pem()).unwrap();
    IssuingCa::new(key, chain, NOW).unwrap();
}

#[test]
fn openssl_accepts_the_authorities() {
    let Some(openssl) = OpenSsl::find() else { return };
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        for (purpose, option) in [
            (Purpose::CodeSigning, "-purpose any"),
            (Purpose::TimeStamping, "-purpose timestampsign"),
        ] {
            let authority = authority(purpose, kind);
            openssl.put("root.pem", authority.root.to_pem());
            openssl.put("cert.pem", authority.certificate.to_pem());
            let at = NOW.secs();
            openssl.agree(&format!(
                "verify -x509_strict {option} -attime {at} -CAfile root.pem cert.pem"
            ));
            let text = openssl.agree("x509 -in cert.pem -noout -text");
            assert!(text.contains("Subject: O = siglite, CN = test authority"), "{text}");
        }
    }
}

#[test]
fn refuses_what_no_stock_client_accepts() {
    for kind in [KeyKind::Ed25519, KeyKind::Rsa(2048), KeyKind::EcdsaP521] {
        let refused = Authority::create(&spec(Purpose::CodeSigning, kind));
        assert!(matches!(refused, Err(AuthorityError::KeyKind(k)) if k == kind));
    }
    let mut nameless = spec(Purpose::CodeSigning, KeyKind::EcdsaP256);
    nameless.name.common_name.clear();
    assert!(matches!(Authority::create(&nameless), Err(AuthorityError::EmptyName)));
}

#[test]
fn takes_only_its_own_key_and_a_whole_chain() {
    let one = authority(Purpose::CodeSigning, KeyKind::EcdsaP256);
    let two = authority(Purpose::CodeSigning, KeyKind::EcdsaP256);
    let key =
        |authority: &Authority| SigningKey::from_pkcs8_pem(&authority.key.to_pkcs8_pem()).unwrap();
    let refuse = |key, chain, at| IssuingCa::new(key, chain, at).unwrap_err();

    let short = refuse(key(&one), vec![one.certificate.clone()], NOW);
    assert!(matches!(short, AuthorityError::ShortChain));
    assert!(matches!(refuse(key(&two), one.chain(), NOW), AuthorityError::KeyMismatch));
    // The same names, another root: only the signature and the key identifier tell.
    let foreign = refuse(key(&one), vec![one.certificate.clone(), two.root.clone()], NOW);
    assert!(matches!(foreign, AuthorityError::Chain(_)));
    let early = refuse(key(&one), one.chain(), NOW.minus(Duration::from_secs(1)));
    assert!(matches!(early, AuthorityError::Chain(_)));
    let root_key = SigningKey::from_pkcs8_pem(&one.root_key.to_pkcs8_pem()).unwrap();
    let root = refuse(root_key, vec![one.root.clone(), one.root.clone()], NOW);
    assert!(matches!(root, AuthorityError::NotAnIssuer));
}

#[test]
fn a_code_signing_authority_is_no_timestamp_authority_and_the_other_way_round() {
    let code = authority(Purpose::CodeSigning, KeyKind::EcdsaP256);
    let chain = code.chain();
    assert!(matches!(
        TimestampAuthority::new(code.key, chain, NOW),
        Err(TimestampAuthorityError::Chain(_))
    ));
    let time = authority(Purpose::TimeStamping, KeyKind::EcdsaP256);
    let chain = time.chain();
    assert!(matches!(IssuingCa::new(time.key, chain, NOW), Err(AuthorityError::NotAnIssuer)));
}
