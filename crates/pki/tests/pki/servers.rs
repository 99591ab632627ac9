//! The local authority for TLS: OpenSSL and webpki judge what it issues.

use std::time::Duration;

use lite_keys::{KeyKind, SigningKey};
use lite_pki::local::{LocalAuthority, LocalAuthorityError, ServerSpec};
use lite_pki::{AltName, Certificate};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::authorities::NOW;
use crate::openssl::OpenSsl;

const DAY: Duration = Duration::from_secs(86_400);

fn hosts() -> Vec<AltName> {
    vec![
        AltName::Dns("localhost".into()),
        AltName::Dns("lab.example".into()),
        AltName::Ip([127, 0, 0, 1].into()),
        AltName::Ip("::1".parse().unwrap()),
    ]
}

fn certify(authority: &LocalAuthority, key: &SigningKey, days: u32) -> Certificate {
    let (hosts, lifetime) = (hosts(), DAY * days);
    let key = key.public();
    let spec = ServerSpec { key, hosts: &hosts, not_before: NOW, lifetime, random: [7; 20] };
    authority.certify(&spec).unwrap()
}

#[test]
fn webpki_believes_the_certificate_for_its_hosts_alone() {
    let authority = LocalAuthority::create(NOW, DAY * 3650).unwrap();
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let server = certify(&authority, &key, 397);
    let root = CertificateDer::from(authority.certificate().der());
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let der = CertificateDer::from(server.der());
    let end = webpki::EndEntityCert::try_from(&der).unwrap();
    let at = |days: u32| {
        let secs = u64::try_from(NOW.secs()).unwrap() + u64::from(days) * 86_400;
        end.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            std::slice::from_ref(&anchor),
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(secs)),
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )
        .is_ok()
    };
    assert!(at(0) && at(396) && !at(398));
    for (name, valid) in [
        ("localhost", true),
        ("lab.example", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("other.example", false),
        ("127.0.0.2", false),
    ] {
        let name = ServerName::try_from(name).unwrap();
        assert_eq!(end.verify_is_valid_for_subject_name(&name).is_ok(), valid, "{name:?}");
    }
}

#[test]
fn openssl_believes_it_as_strictly_as_it_can() {
    let Some(openssl) = OpenSsl::find() else { return };
    let authority = LocalAuthority::create(NOW, DAY * 3650).unwrap();
    let server = certify(&authority, &SigningKey::generate(KeyKind::EcdsaP256), 397);
    openssl.put("ca.pem", authority.certificate().to_pem());
    openssl.put("server.pem", server.to_pem());
    let at = NOW.secs() + 10;
    let verify =
        format!("verify -x509_strict -check_ss_sig -purpose sslserver -attime {at} -CAfile ca.pem");
    for name in ["-verify_hostname localhost", "-verify_ip ::1", "-verify_ip 127.0.0.1"] {
        openssl.agree(&format!("{verify} {name} server.pem"));
    }
    let (agrees, _) = openssl.ask(&format!("{verify} -verify_hostname evil.example server.pem"));
    assert!(!agrees);
}

#[test]
fn a_certificate_does_not_outlive_its_authority() {
    let authority = LocalAuthority::create(NOW, DAY * 10).unwrap();
    let server = certify(&authority, &SigningKey::generate(KeyKind::EcdsaP256), 397);
    assert_eq!(server.not_after(), authority.certificate().not_after());
}

#[test]
fn what_is_no_authority_is_not_taken_into_service() {
    let authority = LocalAuthority::create(NOW, DAY).unwrap();
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let server = certify(&authority, &key, 1);
    let other = SigningKey::generate(KeyKind::EcdsaP256);
    let refused = LocalAuthority::new(other, authority.certificate().clone());
    assert!(matches!(refused, Err(LocalAuthorityError::KeyMismatch)));
    let none = ServerSpec {
        key: key.public(),
        hosts: &[],
        not_before: NOW,
        lifetime: DAY,
        random: [7; 20],
    };
    assert!(matches!(authority.certify(&none), Err(LocalAuthorityError::NoHost)));
    assert!(matches!(LocalAuthority::new(key, server), Err(LocalAuthorityError::NotAnAuthority)));
}
