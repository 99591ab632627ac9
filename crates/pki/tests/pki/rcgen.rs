//! `rcgen` builds the same certificate from the same values: every byte that is signed agrees.

use std::sync::Arc;

use lite_keys::{KeyKind, SigningKey};
use lite_pki::chain::Purpose;
use lite_pki::hierarchy::IssuingCa;
use lite_pki::profile::LeafSpec;
use lite_pki::{AltName, Certificate};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, Issuer, KeyPair, SerialNumber,
    SubjectPublicKeyInfo,
};

use crate::authorities::{NOW, authority};
use crate::issuance::{issue, leaf_spec};

/// What `rcgen` makes of the values that a certificate of ours holds.
fn again(ours: &Certificate, ca: &Certificate, key: &SigningKey) -> Certificate {
    let issuer = KeyPair::from_pem(&key.to_pkcs8_pem()).unwrap();
    let issuer = Issuer::from_ca_cert_der(&ca.der().to_vec().into(), issuer).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from_slice(ours.serial()));
    params.not_before = ours.not_before().to_offset();
    params.not_after = ours.not_after().to_offset();
    params.custom_extensions = ours
        .extensions()
        .iter()
        .map(|extension| {
            let arcs: Vec<u64> = extension.oid.arcs().map(u64::from).collect();
            let mut custom = CustomExtension::from_oid_content(&arcs, extension.value.clone());
            custom.set_criticality(extension.critical);
            custom
        })
        .collect();
    let spki = SubjectPublicKeyInfo::from_der(ours.spki_der()).unwrap();
    Certificate::from_der(params.signed_by(&spki, &issuer).unwrap().der()).unwrap()
}

#[test]
fn rcgen_agrees_with_every_byte_that_is_signed() {
    let log = SigningKey::generate(KeyKind::EcdsaP256);
    for ca_kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        let authority = authority(Purpose::CodeSigning, ca_kind);
        let pem = authority.key.to_pkcs8_pem();
        let ca: Arc<IssuingCa> =
            IssuingCa::new(SigningKey::from_pkcs8_pem(&pem).unwrap(), authority.chain(), NOW)
                .unwrap();
        for kind in [
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
            KeyKind::Rsa(2048),
        ] {
            for name in [
                AltName::Email("alice@example.com".into()),
                AltName::Uri(
                    "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main".into(),
                ),
            ] {
                let spec = LeafSpec { name, ..leaf_spec(&SigningKey::generate(kind)) };
                let ours = issue(&ca, spec, &log).certificate;
                let theirs = again(&ours, &authority.certificate, &authority.key);
                assert_eq!(theirs.tbs_der(), ours.tbs_der(), "{ca_kind}, {kind}");
            }
        }
    }
}
