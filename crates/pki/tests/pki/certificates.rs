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

/// Each extension is compared with those before it, so their number is what a stranger could make
/// us work with.
#[test]
fn a_certificate_has_at_most_128_extensions() {
    let der = leaf();
    let with = |extensions: usize| {
        let theirs = x509_cert::Certificate::from_der(&der).unwrap();
        let tbs = theirs.tbs_certificate();
        let one = |n: usize| {
            let [high, low] = [n / 128, n % 128].map(|part| u8::try_from(part).unwrap());
            tlv(0x30, &[tlv(0x06, &[[0x2A, 0x80 | 0x40 | high, low]]), tlv(0x04, &[[]; 0])])
        };
        let list = tlv(0x30, &(0..extensions).map(one).collect::<Vec<_>>());
        let fields = [
            tlv(0xA0, &[[2, 1, 2]]),
            tbs.serial_number().to_der().unwrap(),
            tbs.signature().to_der().unwrap(),
            tbs.issuer().to_der().unwrap(),
            tbs.validity().to_der().unwrap(),
            tbs.subject().to_der().unwrap(),
            tbs.subject_public_key_info().to_der().unwrap(),
            tlv(0xA3, &[list]),
        ];
        let algorithm = theirs.signature_algorithm().to_der().unwrap();
        Certificate::from_der(&tlv(0x30, &[tlv(0x30, &fields), algorithm, tlv(3, &[[0, 1]])]))
    };
    assert_eq!(with(128).unwrap().extensions().len(), 128);
    assert_eq!(with(129), Err(CertificateError::TooManyExtensions));
}

/// A DER value of up to 65,535 bytes.
fn tlv(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.as_ref().to_vec()).collect();
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..0x80) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [vec![tag], length, content].concat()
}
