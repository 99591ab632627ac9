//! What is accepted, and the promise that is given for it.

use std::time::Duration;

use lite_pki::sct::leaf_index;
use lite_pki::{CtEntry, Sct};

use crate::common::{Answer, START, Site, base64, der, get, hash, submit};

fn sct(answer: &Answer) -> Sct {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["sct_version"], 0);
    Sct::from_response(
        hash(&json["id"]),
        json["timestamp"].as_u64().unwrap(),
        base64(&json["extensions"]),
        &base64(&json["signature"]),
    )
    .unwrap()
}

#[tokio::test]
async fn a_precertificate_gets_an_sct_that_its_certificate_can_carry() {
    let site = Site::new();
    let server = site.open();
    site.clock.advance(Duration::from_millis(1234));
    let precertificate = site.ca.precertificate(1);
    let sct = sct(&submit(&server, "add-pre-chain", &der(&precertificate.submission())).await);
    sct.verify(server.log().key(), precertificate.entry()).unwrap();
    assert_eq!(sct.log_id, server.log().id());
    assert_eq!(sct.time(), START.plus(Duration::from_millis(1234)));
    assert_eq!(sct.extensions, [0; 0], "sigstore-python before 4.2 fails on any");
    precertificate.finish(sct).unwrap();
}

#[tokio::test]
async fn a_certificate_may_be_logged_too() {
    let site = Site::new();
    let server = site.open();
    let precertificate = site.ca.precertificate(1);
    let first = sct(&submit(&server, "add-pre-chain", &der(&precertificate.submission())).await);
    let issued = precertificate.finish(first).unwrap();
    let second = sct(&submit(&server, "add-chain", &der(&issued.full_chain())).await);
    let entry = CtEntry::X509(issued.certificate.der().to_vec());
    second.verify(server.log().key(), &entry).unwrap();
    assert_eq!(get(&server, "/ct/v1/get-sth").await.json()["tree_size"], 3);
}

#[tokio::test]
async fn the_root_may_be_left_out() {
    let site = Site::new();
    let server = site.open();
    let precertificate = site.ca.precertificate(1);
    let mut chain = der(&precertificate.submission());
    chain.pop();
    let sct = sct(&submit(&server, "add-pre-chain", &chain).await);
    sct.verify(server.log().key(), precertificate.entry()).unwrap();
}

#[tokio::test]
async fn a_duplicate_gets_the_first_promise_again() {
    let site = Site::new();
    let server = site.open();
    let precertificate = site.ca.precertificate(1);
    let chain = der(&precertificate.submission());
    let first = sct(&submit(&server, "add-pre-chain", &chain).await);
    site.clock.advance(Duration::from_secs(60));
    // Without its root it is the same precertificate all the same.
    for chain in [&chain[..], &chain[..2]] {
        let again = sct(&submit(&server, "add-pre-chain", chain).await);
        again.verify(server.log().key(), precertificate.entry()).unwrap();
        assert_eq!(again.timestamp, first.timestamp);
    }
    assert_eq!(get(&server, "/ct/v1/get-sth").await.json()["tree_size"], 2);
}

#[tokio::test]
async fn the_leaf_index_is_in_the_sct_where_it_is_asked_for() {
    let mut site = Site::with(|config| config.leaf_index = true);
    let server = site.open();
    let precertificate = site.ca.precertificate(1);
    let chain = der(&precertificate.submission());
    let first = sct(&submit(&server, "add-pre-chain", &chain).await);
    first.verify(server.log().key(), precertificate.entry()).unwrap();
    assert_eq!(leaf_index(&first.extensions), Some(1));
    server.close();
    // What was promised stays promised when the setting changes.
    site.config.leaf_index = false;
    let server = site.open();
    let again = sct(&submit(&server, "add-pre-chain", &chain).await);
    again.verify(server.log().key(), precertificate.entry()).unwrap();
    assert_eq!((again.timestamp, again.extensions), (first.timestamp, first.extensions));
}

#[tokio::test]
async fn many_at_once_get_each_their_own_leaf() {
    let site = Site::new();
    let server = site.open();
    let tasks: Vec<_> = (1..=40)
        .map(|serial| {
            let (log, precertificate) = (server.log(), site.ca.precertificate(serial));
            tokio::spawn(async move {
                let sct = log.submit_pre_chain(&der(&precertificate.submission())).await.unwrap();
                sct.verify(log.key(), precertificate.entry()).unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(get(&server, "/ct/v1/get-sth").await.json()["tree_size"], 41);
}

#[tokio::test]
async fn the_accepted_roots_are_listed() {
    let site = Site::new();
    let roots = get(&site.open(), "/ct/v1/get-roots").await.json();
    let roots = roots["certificates"].as_array().unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(base64(&roots[0]), site.ca.root.der());
}

#[tokio::test]
async fn the_right_one_of_two_roots_with_one_name_is_found() {
    let mut site = Site::new();
    let other = crate::common::Ca::new();
    site.config.roots_pem = other.root.to_pem() + &site.ca.root.to_pem();
    let server = site.open();
    for ca in [&site.ca, &other] {
        let chain = der(&ca.precertificate(1).submission());
        server.log().submit_pre_chain(&chain[..2]).await.unwrap();
    }
}
