//! What is refused as a certificate, and what another decoder makes of ours.

use der::{Decode, Encode};
use lite_keys::{KeyKind, SigningKey};
use lite_pki::cert::{Certificate, CertificateError, MAX_CERTIFICATE};
use lite_pki::oid;

use crate::authorities::issuing_ca;
use crate::issuance::{issue, leaf_spec};
use crate::openssl::OpenSsl;

fn leaf() -> Vec<u8> {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    issue(&ca, leaf_spec(&key), &SigningKey::generate(KeyKind::EcdsaP256))
        .certificate
        .der()
        .to_vec()
}

#[test]
fn another_encoder_writes_our_certificates_alike() {
    let der = leaf();
    let theirs = x509_cert::Certificate::from_der(&der).unwrap();
    assert_eq!(theirs.to_der().unwrap(), der);
    let tbs = theirs.tbs_certificate().to_der().unwrap();
    assert_eq!(Certificate::from_der(&der).unwrap().tbs_der(), tbs);
}

#[test]
fn a_certificate_has_one_spelling() {
    let der = leaf();
    Certificate::from_der(&der).unwrap();
    let refuse = |der: &[u8]| Certificate::from_der(der).unwrap_err();
    assert!(matches!(refuse(&[&der[..], &[0]].concat()), CertificateError::Der(_)));
    assert!(matches!(refuse(&der[..der.len() - 1]), CertificateError::Der(_)));
    assert!(matches!(refuse(&[]), CertificateError::Der(_)));
    assert_eq!(refuse(&vec![0; MAX_CERTIFICATE + 1]), CertificateError::TooLarge);

    // The identifier of one extension over that of another of the same length.
    let mut twice = der.clone();
    let at = find(&twice, &[0x55, 0x1D, 0x23]);
    twice[at + 2] = 0x0E;
    assert_eq!(refuse(&twice), CertificateError::DuplicateExtension(oid::SUBJECT_KEY_IDENTIFIER));
    // A key usage with a padding bit that is set.
    let mut padded = der.clone();
    let at = find(&padded, &[0x03, 0x02, 0x07, 0x80]);
    padded[at + 3] = 0x81;
    assert!(matches!(
        refuse(&padded),
        CertificateError::MalformedExtension(oid::KEY_USAGE) | CertificateError::Der(_)
    ));
    // ecdsa-with-SHA384 inside, ecdsa-with-SHA256 beside the signature.
    let mut two = der.clone();
    let at = find(&two, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]);
    two[at + 7] = 0x03;
    assert_eq!(refuse(&two), CertificateError::AlgorithmMismatch);
    // `TRUE` written as 01, which only BER allows.
    let mut loose = der;
    let at = find(&loose, &[0x01, 0x01, 0xFF]);
    loose[at + 2] = 1;
    assert!(matches!(refuse(&loose), CertificateError::Der(_)));
}

#[test]
fn version_1_is_refused() {
    let Some(openssl) = OpenSsl::find() else { return };
    openssl.agree("genpkey -algorithm ed25519 -out key.pem");
    openssl.agree("req -new -key key.pem -subj /CN=old -out csr.pem");
    openssl.agree("x509 -req -in csr.pem -signkey key.pem -days 1 -out cert.pem");
    let pem = String::from_utf8(openssl.get("cert.pem")).unwrap();
    assert_eq!(Certificate::from_pem(&pem), Err(CertificateError::Version));
}

#[test]
fn a_chain_has_at_most_ten_certificates() {
    let pem = Certificate::from_der(&leaf()).unwrap().to_pem();
    assert_eq!(Certificate::chain_from_pem(&pem.repeat(10)).unwrap().len(), 10);
    assert!(matches!(Certificate::chain_from_pem(&pem.repeat(11)), Err(CertificateError::Pem(_))));
    assert!(matches!(Certificate::from_pem(&pem.repeat(2)), Err(CertificateError::Pem(_))));
}

fn find(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).position(|window| window == needle).unwrap()
}
