//! What is refused: the status, the words, and that nothing of it reaches the log.

use lite_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};

use crate::common::{Ca, Site, der, get, send, submit};

/// Certificates that no authority of ours would issue.
struct Odd {
    root: CertifiedIssuer<'static, KeyPair>,
}

const POISON: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];

impl Odd {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self { root: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    fn root(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    fn pem(&self) -> String {
        Certificate::from_der(&self.root()).unwrap().to_pem()
    }

    /// A leaf and its root, with the poison as given: content and criticality.
    fn chain(&self, poison: Option<(&[u8], bool)>, usage: ExtendedKeyUsagePurpose) -> Vec<Vec<u8>> {
        let mut params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if let Some((content, critical)) = poison {
            let mut extension = CustomExtension::from_oid_content(POISON, content.to_vec());
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        }
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &self.root).unwrap();
        vec![leaf.der().to_vec(), self.root()]
    }
}

const NULL: &[u8] = &[5, 0];

/// A log that accepts the CA of its site and `odd`'s root.
fn site_for(odd: &Odd) -> Site {
    Site::with(|config| config.roots_pem.push_str(&odd.pem()))
}

async fn check(site: &Site, endpoint: &str, chain: &[Vec<u8>], words: &str) {
    let server = site.open();
    let before = get(&server, "/ct/v1/get-sth").await.body;
    let answer = submit(&server, endpoint, chain).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text().as_str()),
        (400, format!("{words}\n").as_str())
    );
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(get(&server, "/ct/v1/get-sth").await.body, before, "nothing was logged");
    server.close();
}

#[tokio::test]
async fn an_odd_but_acceptable_chain_is_accepted() {
    let odd = Odd::new();
    let site = site_for(&odd);
    let server = site.open();
    let chain = odd.chain(Some((NULL, true)), ExtendedKeyUsagePurpose::CodeSigning);
    assert_eq!(submit(&server, "add-pre-chain", &chain).await.status, 200);
    let chain = odd.chain(None, ExtendedKeyUsagePurpose::CodeSigning);
    assert_eq!(submit(&server, "add-chain", &chain).await.status, 200);
}

#[tokio::test]
async fn a_precertificate_must_be_poisoned_as_rfc_6962_says() {
    let odd = Odd::new();
    let site = site_for(&odd);
    let with = |poison| odd.chain(poison, ExtendedKeyUsagePurpose::CodeSigning);
    let malformed = "the leaf is not acceptable: the poison extension is not critical or not NULL";
    check(&site, "add-pre-chain", &with(Some((NULL, false))), malformed).await;
    check(&site, "add-pre-chain", &with(Some((&[1, 1, 0xFF], true))), malformed).await;
    let none = "the leaf is not acceptable: the precertificate has no poison extension";
    check(&site, "add-pre-chain", &with(None), none).await;
}

#[tokio::test]
async fn a_certificate_must_not_be_poisoned() {
    let site = Site::new();
    let chain = der(&site.ca.precertificate(1).submission());
    let words = "the leaf is not acceptable: the certificate is a precertificate";
    check(&site, "add-chain", &chain, words).await;
}

#[tokio::test]
async fn a_leaf_for_another_purpose_is_refused() {
    let odd = Odd::new();
    let site = site_for(&odd);
    let chain = odd.chain(Some((NULL, true)), ExtendedKeyUsagePurpose::ServerAuth);
    let words = "the chain is not acceptable: the extended key usage of a certificate of the chain \
                 excludes the purpose";
    check(&site, "add-pre-chain", &chain, words).await;
}

#[tokio::test]
async fn a_chain_of_another_authority_is_refused() {
    let site = Site::new();
    let chain = der(&Ca::new().precertificate(1).submission());
    let words = "the chain does not lead to a root of this log";
    check(&site, "add-pre-chain", &chain, words).await;
    // Without its root, the names say ours; the keys do not.
    check(&site, "add-pre-chain", &chain[..2], words).await;
    let odd = Odd::new().chain(Some((NULL, true)), ExtendedKeyUsagePurpose::CodeSigning);
    check(&site, "add-pre-chain", &odd, words).await;
}

#[tokio::test]
async fn a_chain_out_of_order_or_with_a_stranger_in_it_is_refused() {
    let site = Site::new();
    let good = der(&site.ca.precertificate(1).submission());
    let [leaf, intermediate, root] = <[Vec<u8>; 3]>::try_from(good).unwrap();
    let unissued =
        "the chain is not acceptable: a certificate above the leaf may not issue certificates";
    let chain = [leaf.clone(), leaf.clone(), intermediate.clone(), root.clone()];
    check(&site, "add-pre-chain", &chain, unissued).await;
    let unknown = "the chain is not acceptable: the key identifiers of the chain do not match";
    check(&site, "add-pre-chain", &[leaf.clone(), root.clone()], unknown).await;
    let chain = [leaf, root, intermediate];
    check(
        &site,
        "add-pre-chain",
        &chain,
        "the chain is not acceptable: the chain is longer than a CA of it allows",
    )
    .await;
}

#[tokio::test]
async fn a_changed_signature_is_refused() {
    let site = Site::new();
    let chain = der(&site.ca.precertificate(1).submission());
    // The path above is remembered as valid from here on; the leaf is checked each time.
    let server = site.open();
    assert_eq!(submit(&server, "add-pre-chain", &chain).await.status, 200);
    server.close();
    let words = "the chain is not acceptable: a signature in the chain does not verify";
    for at in 0..2 {
        let mut changed = chain.clone();
        *changed[at].last_mut().unwrap() ^= 1;
        check(&site, "add-pre-chain", &changed, words).await;
        check(&site, "add-pre-chain", &changed[..2], words).await;
    }
}

#[tokio::test]
async fn what_is_no_chain_of_certificates_is_refused() {
    let site = Site::new();
    let good = der(&site.ca.precertificate(1).submission());
    check(&site, "add-pre-chain", &[], "the chain is empty").await;
    let long = vec![good[0].clone(); 11];
    check(&site, "add-pre-chain", &long, "the chain has more than 10 certificates").await;
    for at in 0..2 {
        let words = format!("certificate {at} of the chain is not valid DER of a certificate");
        for broken in [&b""[..], b"no DER", &good[at][1..], &[&good[at][..], b"\0"].concat()] {
            let mut chain = good.clone();
            chain[at] = broken.to_vec();
            check(&site, "add-pre-chain", &chain, &words).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_submission_is_refused() {
    let server = Site::new().open();
    for body in ["", "{", "[]", "{}", r#"{"chain":7}"#, r#"{"chain":["%"]}"#, "\u{fffd}"] {
        let answer = send(&server, "POST", "/ct/v1/add-pre-chain", body.to_owned()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().starts_with("the body is not a chain: "), "{body}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(send(&server, "POST", "/ct/v1/add-pre-chain", deep).await.status, 400);
    let large = " ".repeat((512 << 10) + 1);
    assert_eq!(send(&server, "POST", "/ct/v1/add-pre-chain", large).await.status, 413);
    assert_eq!(get(&server, "/ct/v1/add-pre-chain").await.status, 405);
    assert_eq!(send(&server, "POST", "/ct/v1/get-sth", "").await.status, 405);
}

#[tokio::test]
async fn questions_beyond_the_tree_are_refused() {
    let site = Site::new();
    let server = site.filled(2).await;
    for (path, status) in [
        ("/ct/v1/get-sth-consistency?first=1&second=4", 400),
        ("/ct/v1/get-sth-consistency?first=3&second=2", 400),
        ("/ct/v1/get-sth-consistency?first=1", 400),
        ("/ct/v1/get-sth-consistency?first=-1&second=2", 400),
        ("/ct/v1/get-sth-consistency?first=1&second=99999999999999999999", 400),
        ("/ct/v1/get-proof-by-hash?hash=AAAA&tree_size=1", 400),
        ("/ct/v1/get-proof-by-hash?tree_size=1", 400),
        (
            "/ct/v1/get-proof-by-hash?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=&tree_size=4",
            400,
        ),
        (
            "/ct/v1/get-proof-by-hash?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=&tree_size=3",
            404,
        ),
        ("/ct/v1/get-entries?start=3&end=3", 400),
        ("/ct/v1/get-entries?start=2&end=1", 400),
        ("/ct/v1/get-entries?start=0", 400),
        ("/ct/v1/get-entry-and-proof?leaf_index=3&tree_size=3", 400),
        ("/ct/v1/get-entry-and-proof?leaf_index=0&tree_size=4", 400),
        ("/ct/v1/get-entry-and-proof?leaf_index=0&tree_size=0", 400),
        ("/ct/v1/nothing", 404),
        ("/tile/0/001", 404),
        ("/tile/0/000", 404),
        ("/tile/0/000.p/4", 404),
        ("/tile/0/000.p/0", 404),
        ("/tile/0/0", 404),
        ("/tile/64/000", 404),
        ("/tile/data/000", 404),
        ("/tile/data/000.p/4", 404),
        ("/tile/data/x000/000.p/1", 404),
        ("/tile/entries/000.p/1", 404),
        ("/tile/data", 404),
        ("/tile/../key.pem", 404),
        ("/issuer/00", 404),
        ("/issuer/zz", 404),
        ("/issuer/..%2fkey.pem", 404),
    ] {
        let answer = get(&server, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    }
}
