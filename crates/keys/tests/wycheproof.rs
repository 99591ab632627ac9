//! Wycheproof's signatures: what attackers and careless encoders have made of them.
//!
//! `valid` must verify and `invalid` must not. `acceptable` is a matter of policy, and ours is
//! written down where it is used.

use lite_keys::{HashAlgorithm, KeyError, PublicKey};
use wycheproof::TestResult;

/// How many signatures, of which how many must not verify.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    tried: usize,
    invalid: usize,
    /// Acceptable ones that we refuse.
    declined: usize,
}

impl Tally {
    #[track_caller]
    fn hold(&mut self, verifies: bool, result: TestResult, what: &str) {
        self.tried += 1;
        match result {
            TestResult::Valid => assert!(verifies, "refused, and valid: {what}"),
            TestResult::Invalid => {
                self.invalid += 1;
                assert!(!verifies, "verified, and invalid: {what}");
            }
            TestResult::Acceptable => self.declined += usize::from(!verifies),
        }
    }
}

#[test]
fn ecdsa() {
    use wycheproof::ecdsa::TestName::{
        EcdsaSecp256r1Sha256, EcdsaSecp256r1Sha512, EcdsaSecp384r1Sha256, EcdsaSecp384r1Sha384,
        EcdsaSecp384r1Sha512, EcdsaSecp521r1Sha512,
    };
    for (name, hash) in [
        (EcdsaSecp256r1Sha256, HashAlgorithm::Sha256),
        (EcdsaSecp256r1Sha512, HashAlgorithm::Sha512),
        (EcdsaSecp384r1Sha256, HashAlgorithm::Sha256),
        (EcdsaSecp384r1Sha384, HashAlgorithm::Sha384),
        (EcdsaSecp384r1Sha512, HashAlgorithm::Sha512),
        (EcdsaSecp521r1Sha512, HashAlgorithm::Sha512),
    ] {
        let set = wycheproof::ecdsa::TestSet::load(name).unwrap();
        let mut tally = Tally::default();
        for group in &set.test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            assert_eq!(PublicKey::from_pem(&group.pem).as_ref(), Ok(&key), "the same in PEM");
            for test in &group.tests {
                let verifies = key.verify(hash, &test.msg, &test.sig).is_ok();
                tally.hold(
                    verifies,
                    test.result,
                    &format!("{name:?} {}: {}", test.tc_id, test.comment),
                );
            }
        }
        println!("{name:?}: {tally:?}");
        assert!(tally.tried > 300 && tally.invalid > 200, "{name:?}: {tally:?}");
    }
}

#[test]
fn ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let key = PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let verifies = key.verify(HashAlgorithm::Sha512, &test.msg, &test.sig).is_ok();
            tally.hold(verifies, test.result, &format!("{}: {}", test.tc_id, test.comment));
        }
    }
    println!("{tally:?}");
    assert!(tally.tried > 100 && tally.invalid > 50, "{tally:?}");
}

/// `acceptable` here is the missing NULL of the digest's algorithm, which RFC 8017 has and which we
/// demand.
#[test]
fn rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::TestName::{
        Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha384, Rsa3072Sha512,
        Rsa4096Sha256, Rsa4096Sha384, Rsa4096Sha512, Rsa8192Sha256,
    };
    for (name, hash) in [
        (Rsa2048Sha256, HashAlgorithm::Sha256),
        (Rsa2048Sha384, HashAlgorithm::Sha384),
        (Rsa2048Sha512, HashAlgorithm::Sha512),
        (Rsa3072Sha256, HashAlgorithm::Sha256),
        (Rsa3072Sha384, HashAlgorithm::Sha384),
        (Rsa3072Sha512, HashAlgorithm::Sha512),
        (Rsa4096Sha256, HashAlgorithm::Sha256),
        (Rsa4096Sha384, HashAlgorithm::Sha384),
        (Rsa4096Sha512, HashAlgorithm::Sha512),
        (Rsa8192Sha256, HashAlgorithm::Sha256),
    ] {
        let set = wycheproof::rsa_pkcs1_verify::TestSet::load(name).unwrap();
        let mut tally = Tally::default();
        let mut small = 0;
        for group in &set.test_groups {
            let key = match PublicKey::from_spki_der(&group.der) {
                Ok(key) => key,
                // A modulus or an exponent that is no key of ours.
                Err(KeyError::RsaSize | KeyError::Value) => {
                    small += 1;
                    continue;
                }
                Err(error) => panic!("{name:?}: {error}"),
            };
            for test in &group.tests {
                let verifies = key.verify(hash, &test.msg, &test.sig).is_ok();
                tally.hold(
                    verifies,
                    test.result,
                    &format!("{name:?} {}: {}", test.tc_id, test.comment),
                );
            }
        }
        println!("{name:?}: {tally:?}, {small} keys that are none of ours");
        assert!(tally.tried > 200 && tally.invalid > 200, "{name:?}: {tally:?}");
    }
}
