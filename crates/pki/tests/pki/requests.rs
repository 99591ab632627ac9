//! CSRs as `openssl req` makes them, and what is refused.

use lite_keys::{HashAlgorithm, KeyKind};
use lite_pki::csr::{CertificateRequest, RequestError};
use lite_pki::pem::{self, PemError};

use crate::openssl::OpenSsl;

/// Each kind of key with the arguments that make it, and the digest option of `req`.
const MADE: [(&str, &str, KeyKind, HashAlgorithm); 7] = [
    ("ec -pkeyopt ec_paramgen_curve:P-256", "-sha256", KeyKind::EcdsaP256, HashAlgorithm::Sha256),
    ("ec -pkeyopt ec_paramgen_curve:P-384", "-sha384", KeyKind::EcdsaP384, HashAlgorithm::Sha384),
    ("ec -pkeyopt ec_paramgen_curve:P-384", "-sha256", KeyKind::EcdsaP384, HashAlgorithm::Sha256),
    ("ec -pkeyopt ec_paramgen_curve:P-521", "-sha512", KeyKind::EcdsaP521, HashAlgorithm::Sha512),
    ("rsa -pkeyopt rsa_keygen_bits:2048", "-sha256", KeyKind::Rsa(2048), HashAlgorithm::Sha256),
    ("rsa -pkeyopt rsa_keygen_bits:2048", "-sha512", KeyKind::Rsa(2048), HashAlgorithm::Sha512),
    ("ed25519", "", KeyKind::Ed25519, HashAlgorithm::Sha512),
];

fn make(openssl: &OpenSsl, key: &str, options: &str) -> String {
    openssl.agree(&format!("genpkey -algorithm {key} -out key.pem"));
    openssl.agree(&format!("req -new -key key.pem -subj /CN=ignored -out csr.pem {options}"));
    String::from_utf8(openssl.get("csr.pem")).unwrap()
}

#[test]
fn reads_what_openssl_writes() {
    let Some(openssl) = OpenSsl::find() else { return };
    for (key, digest, kind, hash) in MADE {
        let text = make(&openssl, key, digest);
        let request = CertificateRequest::from_pem(&text).unwrap();
        assert_eq!((request.public_key().kind(), request.hash()), (kind, hash), "{key}");
        let renamed = text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
        CertificateRequest::from_pem(&renamed).unwrap();
    }
}

#[test]
fn requested_extensions_are_ignored() {
    let Some(openssl) = OpenSsl::find() else { return };
    let key = "ec -pkeyopt ec_paramgen_curve:P-256";
    let text = make(&openssl, key, "-addext basicConstraints=critical,CA:TRUE");
    CertificateRequest::from_pem(&text).unwrap();
}

#[test]
fn refuses_by_reason() {
    let Some(openssl) = OpenSsl::find() else { return };
    let text = make(&openssl, "ec -pkeyopt ec_paramgen_curve:P-256", "-sha256");
    let der = pem::decode_all(&text, &["CERTIFICATE REQUEST"], 1).unwrap().remove(0);
    let refuse = |der: &[u8]| CertificateRequest::from_der(der).map(|_| ()).unwrap_err();

    let mut forged = der.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert!(matches!(refuse(&forged), RequestError::Signature(_) | RequestError::Malformed));
    let mut renamed = der.clone();
    let at = renamed.windows(7).position(|w| w == b"ignored").unwrap();
    renamed[at] = b'I';
    assert!(matches!(refuse(&renamed), RequestError::Signature(_)));
    assert_eq!(refuse(&[&der[..], &[0]].concat()), RequestError::Malformed);
    assert_eq!(refuse(&der[..der.len() - 1]), RequestError::Malformed);
    assert_eq!(refuse(&vec![0; 40_000]), RequestError::TooLarge);

    let sha1 = make(&openssl, "rsa -pkeyopt rsa_keygen_bits:2048", "-sha1");
    assert!(matches!(CertificateRequest::from_pem(&sha1), Err(RequestError::Algorithm)));
    let small = make(&openssl, "rsa -pkeyopt rsa_keygen_bits:1024", "-sha256");
    assert!(matches!(CertificateRequest::from_pem(&small), Err(RequestError::Key(_))));
    let pss =
        make(&openssl, "rsa -pkeyopt rsa_keygen_bits:2048", "-sha256 -sigopt rsa_padding_mode:pss");
    assert!(matches!(CertificateRequest::from_pem(&pss), Err(RequestError::Algorithm)));
    let none = CertificateRequest::from_pem("hello").map(|_| ());
    assert_eq!(none, Err(RequestError::Pem(PemError::Missing)));
}
