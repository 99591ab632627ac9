//! Chains made by `openssl` with one thing wrong in each, and kinds of keys we do not make ourselves.

use lite_pki::Certificate;
use lite_pki::chain::{ChainError, Purpose, verify_chain};
use lite_time::Time;

use crate::openssl::OpenSsl;

const ROOT: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
const INTERMEDIATE: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n\
    extendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
const LEAF: &str = "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n\
    subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=critical,email:a@b.example\n";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

struct Chain {
    leaf: Certificate,
    intermediate: Certificate,
    root: Certificate,
}

/// Extensions of root, intermediate and leaf; the key algorithm of all three.
fn make(openssl: &OpenSsl, root: &str, intermediate: &str, leaf: &str, key: &str) -> Chain {
    make_for([20, 20, 10], openssl, [root, intermediate, leaf], key)
}

fn make_for(days: [u32; 3], openssl: &OpenSsl, extensions: [&str; 3], key: &str) -> Chain {
    let mut signer = String::from("-signkey root.key");
    for ((name, extensions), days) in ["root", "int", "leaf"].into_iter().zip(extensions).zip(days)
    {
        openssl.put("ext.cnf", extensions);
        openssl.agree(&format!("genpkey -algorithm {key} -out {name}.key"));
        openssl.agree(&format!("req -new -key {name}.key -subj /O=test/CN={name} -out {name}.csr"));
        openssl.agree(&format!(
            "x509 -req -in {name}.csr -days {days} -extfile ext.cnf -out {name}.pem {signer}"
        ));
        signer = format!("-CA {name}.pem -CAkey {name}.key -CAcreateserial");
    }
    let read = |name: &str| {
        let pem = String::from_utf8(openssl.get(name)).unwrap();
        Certificate::from_pem(&pem).unwrap()
    };
    Chain { leaf: read("leaf.pem"), intermediate: read("int.pem"), root: read("root.pem") }
}

fn verify(chain: &Chain, at: Time, purpose: Purpose) -> Result<usize, ChainError> {
    let (intermediate, root) = (&chain.intermediate, &chain.root);
    let path = verify_chain(
        &chain.leaf,
        std::slice::from_ref(intermediate),
        std::slice::from_ref(root),
        at,
        purpose,
    );
    path.map(|path| path.len())
}

#[test]
fn each_kind_of_key_signs_a_chain() {
    let Some(openssl) = OpenSsl::find() else { return };
    let curve = |name: &str| format!("ec -pkeyopt ec_paramgen_curve:{name}");
    let rsa = "rsa -pkeyopt rsa_keygen_bits:2048".to_owned();
    for key in [curve("P-256"), curve("P-384"), curve("P-521"), rsa, "ed25519".to_owned()] {
        let chain = make(&openssl, ROOT, INTERMEDIATE, LEAF, &key);
        assert_eq!(verify(&chain, chain.leaf.not_before(), Purpose::CodeSigning), Ok(3), "{key}");
    }
}

/// `change` is a line of one of the three, and what stands in its place.
#[track_caller]
fn refuse(openssl: &OpenSsl, change: (&str, &str), of: &str, why: &ChainError) {
    let replace = |who: &str, text: &str| {
        if who == of { text.replace(change.0, change.1) } else { text.to_owned() }
    };
    let (root, intermediate) = (replace("root", ROOT), replace("intermediate", INTERMEDIATE));
    let chain = make(openssl, &root, &intermediate, &replace("leaf", LEAF), P256);
    let verdict = verify(&chain, chain.leaf.not_before(), Purpose::CodeSigning);
    assert_eq!(verdict.as_ref(), Err(why), "{of}: {change:?}");
}

#[test]
fn chains_are_refused_for_one_thing_wrong() {
    let Some(openssl) = OpenSsl::find() else { return };
    let refuse = |change, of, why| refuse(&openssl, change, of, &why);
    let sign = "keyUsage=critical,keyCertSign\n";
    refuse(("CA:TRUE", "CA:FALSE"), "root", ChainError::NotACa);
    refuse((sign, "keyUsage=critical,cRLSign\n"), "root", ChainError::NotACa);
    refuse(("CA:TRUE", "CA:TRUE,pathlen:0"), "root", ChainError::PathLength);
    refuse((sign, "extendedKeyUsage=serverAuth\n"), "root", ChainError::ExtendedKeyUsage);
    refuse(("CA:TRUE,pathlen:0", "CA:FALSE"), "intermediate", ChainError::NotACa);
    refuse((sign, "keyUsage=critical,digitalSignature\n"), "intermediate", ChainError::NotACa);
    refuse(("codeSigning", "serverAuth"), "intermediate", ChainError::ExtendedKeyUsage);
    refuse(
        ("authorityKeyIdentifier=keyid", "2.5.29.35=DER:300480020001"),
        "leaf",
        ChainError::KeyIdentifier,
    );
    refuse(("codeSigning", "serverAuth"), "leaf", ChainError::ExtendedKeyUsage);
    refuse(("extendedKeyUsage=codeSigning\n", ""), "leaf", ChainError::ExtendedKeyUsage);
    refuse(("digitalSignature", "keyAgreement"), "leaf", ChainError::KeyUsage);
    refuse(
        ("subjectAltName", "basicConstraints=CA:TRUE\nsubjectAltName"),
        "leaf",
        ChainError::LeafIsCa,
    );
    refuse(
        ("subjectAltName", "1.2.3.4=critical,ASN1:NULL\nsubjectAltName"),
        "leaf",
        ChainError::CriticalExtension,
    );
}

#[test]
fn a_timestamp_leaf_is_for_timestamps_alone() {
    let Some(openssl) = OpenSsl::find() else { return };
    let intermediate = INTERMEDIATE.replace("extendedKeyUsage=codeSigning\n", "");
    for (usage, verdict) in [
        ("critical,timeStamping", Ok(3)),
        ("timeStamping", Err(ChainError::TimeStampingUsage)),
        ("critical,timeStamping,codeSigning", Err(ChainError::TimeStampingUsage)),
        ("critical,codeSigning", Err(ChainError::ExtendedKeyUsage)),
    ] {
        let leaf =
            LEAF.replace("extendedKeyUsage=codeSigning", &format!("extendedKeyUsage={usage}"));
        let chain = make(&openssl, ROOT, &intermediate, &leaf, P256);
        assert_eq!(
            verify(&chain, chain.leaf.not_before(), Purpose::TimeStamping),
            verdict,
            "{usage}"
        );
    }
}

#[test]
fn an_anchor_ends_with_its_window() {
    let Some(openssl) = OpenSsl::find() else { return };
    let chain = make_for([5, 20, 10], &openssl, [ROOT, INTERMEDIATE, LEAF], P256);
    let end = chain.root.not_after();
    assert!(end < chain.leaf.not_after());
    let after = end.plus(std::time::Duration::from_millis(1));
    assert_eq!(verify(&chain, end, Purpose::CodeSigning), Ok(3));
    assert_eq!(verify(&chain, after, Purpose::CodeSigning), Err(ChainError::Expired));
}
