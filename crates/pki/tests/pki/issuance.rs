//! The Fulcio leaf: its bytes, its refusals, and what OpenSSL and our own path validation say.

use std::sync::Arc;
use std::time::Duration;

use lite_keys::{KeyKind, SigningKey};
use lite_pki::chain::{ChainError, Purpose, verify_chain};
use lite_pki::hierarchy::IssuingCa;
use lite_pki::profile::{Issued, LeafSpec, LintError, Precertificate, Prepared, ProfileError};
use lite_pki::sct::{CtEntry, EntryError, Sct, SctList};
use lite_pki::{AltName, FulcioExtension, FulcioExtensions, oid};

use crate::authorities::{NOW, issuing_ca};
use crate::openssl::OpenSsl;

const ISSUER: &str = "https://accounts.example.com";

pub(crate) fn leaf_spec(key: &SigningKey) -> LeafSpec {
    LeafSpec {
        public_key: key.public().clone(),
        name: AltName::Email("alice@example.com".into()),
        extensions: FulcioExtensions::for_issuer(ISSUER),
        serial: [0xFF; 20],
        now: NOW,
    }
}

pub(crate) fn precertificate(ca: &Arc<IssuingCa>, spec: LeafSpec) -> Precertificate {
    Prepared::new(Arc::clone(ca), spec).unwrap().precertificate().unwrap()
}

pub(crate) fn sct_for(log: &SigningKey, entry: &CtEntry) -> Sct {
    Sct::sign(log, u64::try_from(NOW.millis()).unwrap(), Vec::new(), entry).unwrap()
}

pub(crate) fn issue(ca: &Arc<IssuingCa>, spec: LeafSpec, log: &SigningKey) -> Issued {
    let precertificate = precertificate(ca, spec);
    let sct = sct_for(log, precertificate.entry());
    precertificate.finish(sct).unwrap()
}

#[test]
fn the_list_of_extensions_is_golden() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    let mut spec = leaf_spec(&key);
    // Given out of order on purpose.
    spec.extensions = [
        (FulcioExtension::TokenSubject, "sub"),
        (FulcioExtension::BuildSignerUri, "https://b.example"),
        (FulcioExtension::IssuerV2, "i"),
        (FulcioExtension::GithubWorkflowTrigger, "push"),
        (FulcioExtension::Issuer, "i"),
    ]
    .into_iter()
    .collect();
    let precertificate = precertificate(&ca, spec);
    let certificate = precertificate.certificate();
    let ski = hex(certificate.subject_key_id().unwrap());
    let aki = hex(ca.certificate().subject_key_id().unwrap());
    let line = |e: &lite_pki::cert::Extension| {
        let critical = if e.critical { " critical" } else { "" };
        format!("{}{critical} {}", e.oid, hex(&e.value))
    };
    let list = certificate.extensions().iter().map(line).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(
        list,
        format!(
            "2.5.29.15 critical 03020780
2.5.29.37 300a06082b06010505070303
2.5.29.14 0414{ski}
2.5.29.35 30168014{aki}
2.5.29.17 critical 30138111616c696365406578616d706c652e636f6d
1.3.6.1.4.1.57264.1.1 69
1.3.6.1.4.1.57264.1.2 70757368
1.3.6.1.4.1.57264.1.8 0c0169
1.3.6.1.4.1.57264.1.9 0c1168747470733a2f2f622e6578616d706c65
1.3.6.1.4.1.57264.1.24 0c03737562
1.3.6.1.4.1.11129.2.4.3 critical 0500
"
        )
    );
}

#[test]
fn the_fixed_fields_are_those_of_the_profile() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP384);
    let mut spec = leaf_spec(&key);
    spec.now = NOW.plus(Duration::from_millis(999));
    let issued = issue(&ca, spec, &SigningKey::generate(KeyKind::EcdsaP256));
    let certificate = &issued.certificate;
    assert_eq!(certificate.serial().len(), 20);
    assert_eq!(certificate.serial()[0], 0x7F, "the top bit is clear");
    assert_eq!(certificate.subject_der(), [0x30, 0]);
    assert_eq!(certificate.not_before(), NOW);
    assert_eq!(certificate.not_after(), NOW.plus(Duration::from_secs(600)));
    assert_eq!(certificate.spki_der(), key.public().spki_der());
    assert_eq!(certificate.extensions().last().unwrap().oid, oid::SCT_LIST);
    assert_eq!(issued.full_chain().len(), 3);
    assert_eq!(certificate.fulcio().issuer(), Some(ISSUER));
}

#[test]
fn what_was_logged_is_what_is_issued() {
    let log = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    for kind in [
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::EcdsaP521,
        KeyKind::Ed25519,
        KeyKind::Rsa(2048),
    ] {
        let key = SigningKey::generate(kind);
        let precertificate = precertificate(&ca, leaf_spec(&key));
        let entry = precertificate.entry().clone();
        let issued = precertificate.finish(sct_for(&log, &entry)).unwrap();
        assert_eq!(
            CtEntry::of_certificate(&issued.certificate, ca.certificate()),
            Ok(entry.clone())
        );
        let scts = SctList::of_certificate(&issued.certificate).unwrap();
        assert_eq!(scts.0.len(), 1);
        scts.0[0].verify(log.public(), &entry).unwrap();
        verify_chain(&issued.certificate, ca.chain(), &ca.chain()[1..], NOW, Purpose::CodeSigning)
            .unwrap();
    }
}

#[test]
fn openssl_accepts_each_kind_of_name() {
    let Some(openssl) = OpenSsl::find() else { return };
    let log = SigningKey::generate(KeyKind::EcdsaP256);
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    for (kind, name, shown) in [
        (KeyKind::EcdsaP256, AltName::Email("a@b.example".into()), "email:a@b.example"),
        (KeyKind::EcdsaP384, AltName::Uri("https://b.example/x".into()), "URI:https://b.example/x"),
        (KeyKind::EcdsaP256, AltName::Username("joe!b.example".into()), "othername:"),
    ] {
        let ca = issuing_ca(kind);
        let mut spec = leaf_spec(&key);
        spec.name = name;
        let issued = issue(&ca, spec, &log);
        openssl.put("leaf.pem", issued.certificate.to_pem());
        openssl.put("int.pem", ca.chain()[0].to_pem());
        openssl.put("root.pem", ca.chain()[1].to_pem());
        let at = NOW.secs();
        openssl.agree(&format!(
            "verify -x509_strict -attime {at} -CAfile root.pem -untrusted int.pem leaf.pem"
        ));
        let text = openssl.agree("x509 -in leaf.pem -noout -text");
        for part in [shown, "CT Precertificate SCTs", "Code Signing", "ecdsa-with-SHA256"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        openssl.agree("asn1parse -in leaf.pem -dump");
    }
}

#[test]
fn a_precertificate_is_no_certificate() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    let precertificate = precertificate(&ca, leaf_spec(&key));
    let certificate = precertificate.certificate();
    assert_eq!(
        verify_chain(certificate, ca.chain(), &ca.chain()[1..], NOW, Purpose::CodeSigning),
        Err(ChainError::CriticalExtension)
    );
    assert_eq!(CtEntry::of_certificate(certificate, ca.certificate()), Err(EntryError::Poisoned));
    let submission = precertificate.submission();
    assert_eq!(submission.len(), 3);
    assert!(submission[2].is_self_issued());
}

#[test]
fn windows_include_both_ends_and_no_more() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let ca = issuing_ca(KeyKind::EcdsaP256);
    let issued = issue(&ca, leaf_spec(&key), &SigningKey::generate(KeyKind::EcdsaP256));
    let at = |at| {
        verify_chain(&issued.certificate, ca.chain(), &ca.chain()[1..], at, Purpose::CodeSigning)
            .map(|path| path.len())
    };
    let end = NOW.plus(Duration::from_secs(600));
    let moment = Duration::from_millis(1);
    assert_eq!(at(NOW), Ok(3));
    assert_eq!(at(end), Ok(3));
    assert_eq!(at(NOW.minus(moment)), Err(ChainError::NotYetValid));
    assert_eq!(at(end.plus(moment)), Err(ChainError::Expired));
}

#[test]
fn paths_are_refused_by_reason() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let (ca, other) = (issuing_ca(KeyKind::EcdsaP256), issuing_ca(KeyKind::EcdsaP256));
    let issued = issue(&ca, leaf_spec(&key), &SigningKey::generate(KeyKind::EcdsaP256));
    let leaf = &issued.certificate;
    let verify = |intermediates, anchors, purpose| {
        verify_chain(leaf, intermediates, anchors, NOW, purpose).map(|_| ())
    };
    let (chain, roots) = (ca.chain(), &ca.chain()[1..]);
    assert_eq!(verify(chain, &[], Purpose::CodeSigning), Err(ChainError::NoAnchor));
    assert_eq!(verify(&[], roots, Purpose::CodeSigning), Err(ChainError::UnknownIssuer));
    assert_eq!(verify(chain, roots, Purpose::TimeStamping), Err(ChainError::ExtendedKeyUsage));
    // The intermediate alone may be the anchor, as sigstore-python takes it.
    assert_eq!(verify(&[], &chain[..1], Purpose::CodeSigning), Ok(()));
    // The same names under another key: only signatures tell them apart.
    assert_eq!(
        verify(chain, &other.chain()[1..], Purpose::CodeSigning),
        Err(ChainError::Signature)
    );
    assert_eq!(
        verify_chain(&chain[0], &[], roots, NOW, Purpose::CodeSigning),
        Err(ChainError::LeafIsCa)
    );
}

#[track_caller]
fn refuse(change: impl FnOnce(&mut LeafSpec), why: LintError) {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let mut spec = leaf_spec(&key);
    change(&mut spec);
    let refused = Prepared::new(issuing_ca(KeyKind::EcdsaP256), spec).map(|_| ());
    assert_eq!(refused, Err(ProfileError::Lint(why)));
}

#[test]
fn nothing_is_signed_that_breaks_the_profile() {
    let email = |text: &str| AltName::Email(text.into());
    refuse(|s| s.name = email(""), LintError::Name);
    refuse(|s| s.name = email("alice"), LintError::Name);
    refuse(|s| s.name = email("a\0@b.example"), LintError::Name);
    refuse(|s| s.name = email("ä@b.example"), LintError::NameNotAscii);
    refuse(|s| s.name = email(&("a".repeat(9000) + "@b.example")), LintError::TextTooLong);
    refuse(|s| s.name = AltName::Uri("no scheme".into()), LintError::Name);
    refuse(|s| s.name = AltName::Username("joe".into()), LintError::Name);
    refuse(|s| s.name = AltName::Dns("b.example".into()), LintError::Name);
    refuse(|s| s.extensions = FulcioExtensions::default(), LintError::Issuer);
    refuse(|s| s.extensions.set(FulcioExtension::IssuerV2, "other"), LintError::Issuer);
    refuse(|s| s.extensions.set(FulcioExtension::Issuer, ""), LintError::Issuer);
    refuse(
        |s| s.extensions.set(FulcioExtension::BuildConfigUri, &"x".repeat(9000)),
        LintError::TextTooLong,
    );
    refuse(|s| s.now = NOW.minus(Duration::from_secs(1)), LintError::Window);
    refuse(|s| s.now = NOW.plus(Duration::from_secs(10 * 365 * 86_400)), LintError::Window);
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}
