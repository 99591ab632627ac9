//! Certificates, SCTs and timestamps of the public Sigstore instances.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::PublicKey;
use lite_pki::chain::{ChainError, Purpose, verify_chain};
use lite_pki::sct::{CtEntry, SctList, SctVerifyError, leaf_index};
use lite_pki::timestamp::{TimestampError, TimestampResponse, TrustedAuthority, VerifiedTimestamp};
use lite_pki::{AltName, Certificate, pem};
use lite_time::Time;
use serde_json::Value;

pub(crate) struct Vector(Value);

impl Vector {
    pub(crate) fn load(name: &str) -> Self {
        let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    pub(crate) fn leaf(&self) -> Certificate {
        Certificate::from_der(&bytes(&self.0["leaf"])).unwrap()
    }

    pub(crate) fn message(&self) -> Vec<u8> {
        bytes(&self.0["message"])
    }

    pub(crate) fn timestamp(&self) -> Vec<u8> {
        bytes(&self.0["timestamps"][0])
    }

    pub(crate) fn authorities(&self, field: &str) -> Vec<TrustedAuthority> {
        let time = |value: &Value| value.as_str().map(|text| Time::parse_rfc3339(text).unwrap());
        let all = self.0[field].as_array().unwrap();
        all.iter()
            .map(|authority| TrustedAuthority {
                chain: certificates(&authority["chain"]),
                valid_from: time(&authority["start"]),
                valid_until: time(&authority["end"]),
            })
            .collect()
    }

    /// The staging instance's oldest log has its RSA key in PKCS#1.
    fn ct_logs(&self) -> Vec<PublicKey> {
        let key = |der: &[u8]| {
            PublicKey::from_spki_der(der)
                .or_else(|_| PublicKey::from_pem(&pem::encode("RSA PUBLIC KEY", der)))
        };
        let logs = self.0["ctlogs"].as_array().unwrap();
        logs.iter().map(|log| key(&bytes(log)).unwrap()).collect()
    }

    /// The verdict on the first timestamp: of the authority it names, else of the last one.
    fn verify(&self) -> Result<VerifiedTimestamp, TimestampError> {
        let response = TimestampResponse::from_der(&self.timestamp()).unwrap();
        let authorities = self.authorities("timestampAuthorities");
        let named = authorities.iter().find(|authority| response.names(authority));
        response.verify(&self.message(), named.or(authorities.last()).unwrap())
    }

    /// The path of the leaf at the middle of its window.
    fn path(&self) -> Result<Vec<Certificate>, ChainError> {
        let leaf = self.leaf();
        let mut refusal = ChainError::NoAnchor;
        for authority in self.authorities("certificateAuthorities") {
            let (anchor, others) = authority.chain.split_last().unwrap();
            let anchors = std::slice::from_ref(anchor);
            match verify_chain(&leaf, others, anchors, leaf.not_before(), Purpose::CodeSigning) {
                Ok(path) => return Ok(path),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }

    fn verify_sct(&self) -> Result<u64, SctVerifyError> {
        let leaf = self.leaf();
        let entry = CtEntry::of_certificate(&leaf, &self.path().unwrap()[1]).unwrap();
        let [sct] = &SctList::of_certificate(&leaf).unwrap().0[..] else { panic!("one SCT") };
        let mut verdict = Err(SctVerifyError::Log);
        for log in self.ct_logs() {
            match sct.verify(&log, &entry) {
                Err(SctVerifyError::Log) => {}
                other => verdict = other,
            }
        }
        verdict.map(|()| leaf_index(&sct.extensions).unwrap_or(0))
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    // One of the suite's bundles has line feeds in its base64, which Go's decoder passes over.
    STANDARD.decode(value.as_str().unwrap().replace('\n', "")).unwrap()
}

fn certificates(list: &Value) -> Vec<Certificate> {
    list.as_array().unwrap().iter().map(|c| Certificate::from_der(&bytes(c)).unwrap()).collect()
}

#[test]
fn leaves_of_fulcio_chain_and_their_scts_verify() {
    for name in [
        "rekor2-happy-path",
        "bundle-with-sct-with-extensions",
        "rekor2-timestamp-with-embedded-cert",
    ] {
        let vector = Vector::load(name);
        let path = vector.path().unwrap();
        assert!(path.len() >= 2, "{name}");
        vector.verify_sct().unwrap();
        assert!(vector.leaf().fulcio().issuer().is_some());
        assert_eq!(vector.leaf().alt_names().len(), 1);
    }
}

#[test]
fn a_static_ct_log_puts_its_index_into_the_sct() {
    assert_eq!(Vector::load("bundle-with-sct-with-extensions").verify_sct(), Ok(112));
    assert_eq!(Vector::load("rekor2-dsse-happy-path").verify_sct(), Ok(908_820));
}

#[test]
fn an_sct_of_another_key_is_refused() {
    let refused = Vector::load("invalid-ct-key_fail").verify_sct();
    assert!(
        matches!(refused, Err(SctVerifyError::Log | SctVerifyError::Signature(_))),
        "{refused:?}"
    );
}

#[test]
fn an_identity_is_read_from_a_real_leaf() {
    let leaf = Vector::load("bundle-with-sct-with-extensions").leaf();
    let [AltName::Email(_) | AltName::Uri(_)] = leaf.alt_names() else {
        panic!("{:?}", leaf.alt_names());
    };
    let fulcio = leaf.fulcio();
    assert!(fulcio.iter().count() >= 2, "{fulcio:?}");
}

#[test]
fn timestamps_of_real_authorities_verify() {
    for name in [
        "rekor2-happy-path",
        "bundle-with-sct-with-extensions",
        "intoto-with-custom-trust-root",
        "rekor2-timestamp-with-embedded-cert",
        "rekor2-timestamp-without-embedded-cert",
        "rekor2-timestamp-with-expired-cert-chain",
        "trust-root-tsa-validity-end-inclusive",
        // Its timestamp is true; it lies outside the leaf's window, which is the verifier's to see.
        "rekor2-timestamp-with-incorrect-time_fail",
    ] {
        let verified = Vector::load(name).verify();
        assert!(verified.is_ok(), "{name}: {:?}", verified.err());
    }
}

#[track_caller]
fn refuse(name: &str, why: &TimestampError) {
    let refused = Vector::load(name).verify().map(|verified| verified.time);
    assert_eq!(refused.as_ref(), Err(why), "{name}");
}

#[test]
fn timestamps_are_refused_by_reason() {
    refuse("rekor2-timestamp-payload-mismatch_fail", &TimestampError::Imprint);
    refuse("rekor2-timestamp-outside-trust-root-tsa-validity_fail", &TimestampError::Window);
    refuse(
        "rekor2-timestamp-outside-tsa-cert-validity_fail",
        &TimestampError::Chain(ChainError::Expired),
    );
    refuse("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", &TimestampError::OtherSigner);
    refuse(
        "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
        &TimestampError::OtherSigner,
    );
}

#[test]
fn an_authority_without_a_leaf_takes_the_embedded_one() {
    let vector = Vector::load("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail");
    let response = TimestampResponse::from_der(&vector.timestamp()).unwrap();
    let root = response.certificates().iter().find(|c| c.is_self_issued()).unwrap().clone();
    let trusted = TrustedAuthority { chain: vec![root], valid_from: None, valid_until: None };
    let verified = response.verify(&vector.message(), &trusted);
    assert!(verified.is_ok(), "{:?}", verified.err());
}
