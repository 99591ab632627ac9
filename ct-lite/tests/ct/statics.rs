//! Monitors of the new kind: static-ct-api's files, judged by Cloudflare's implementation of it.

use p256::ecdsa::VerifyingKey;
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};
use signed_note::{Note, VerifierList};
use static_ct_api::{CertPool, LogEntry, RFC6962Verifier, TileIterator, validate_chain};

use crate::common::{START, Site, base64, der, get};

#[tokio::test]
async fn the_checkpoint_is_a_note_of_the_log_with_the_time_of_its_tree_head() {
    let site = Site::new();
    let server = site.filled(3).await;
    let answer = get(&server, "/checkpoint").await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    let key = VerifyingKey::from_public_key_der(server.log().key().spki_der()).unwrap();
    let verifier = RFC6962Verifier::new("localhost:7070/ct", &key).unwrap();
    let note = Note::from_bytes(&answer.body).unwrap();
    let (ours, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((ours.len(), unknown.len()), (1, 0));
    let time = static_ct_api::rfc6962_signature_timestamp(&ours[0]).unwrap();
    assert_eq!(time, u64::try_from(START.millis()).unwrap() + 3000);

    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    let sth = get(&server, "/ct/v1/get-sth").await.json();
    assert_eq!(checkpoint.origin(), "localhost:7070/ct");
    assert_eq!(checkpoint.size(), sth["tree_size"].as_u64().unwrap());
    assert_eq!(checkpoint.hash().0[..], base64(&sth["sha256_root_hash"]));
    assert_eq!(checkpoint.extension(), "");
    assert_eq!(sth["timestamp"], time);
}

#[tokio::test]
async fn tiles_of_hashes_lead_to_the_root() {
    let site = Site::new();
    let server = site.filled(5).await;
    let tile = get(&server, "/tile/0/000.p/6").await;
    assert_eq!(tile.headers["content-type"], "application/octet-stream");
    assert!(tile.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let hashes: Vec<_> =
        tile.body.chunks(32).map(|hash| tlog_tiles::Hash(hash.try_into().unwrap())).collect();
    assert_eq!(hashes.len(), 6);
    let stored: Vec<_> = {
        let mut all = Vec::new();
        for (index, hash) in (0_u64..).zip(&hashes) {
            let reader = Stored(all.clone());
            all.extend(tlog_tiles::stored_hashes_for_record_hash(index, *hash, &reader).unwrap());
        }
        all
    };
    let root = tlog_tiles::tree_hash(6, &Stored(stored)).unwrap();
    let sth = get(&server, "/ct/v1/get-sth").await.json();
    assert_eq!(root.0[..], base64(&sth["sha256_root_hash"]));
    // Any width up to now is a prefix.
    assert_eq!(get(&server, "/tile/0/000.p/2").await.body, tile.body[..64]);
}

struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

#[tokio::test]
async fn a_data_tile_holds_what_another_implementation_would_put_there() {
    let site = Site::with(|config| config.leaf_index = true);
    let server = site.open();
    let pool =
        CertPool::new(static_ct_api::load_pem_chain(site.ca.root.to_pem().as_bytes()).unwrap());
    let pool = pool.unwrap();
    let mut expected = vec![LogEntry {
        certificate: site.ca.root.der().to_vec(),
        timestamp: u64::try_from(START.millis()).unwrap(),
        ..LogEntry::default()
    }];
    for serial in 1..=3_u8 {
        let precertificate = site.ca.precertificate(serial);
        let chain = der(&precertificate.submission());
        server.log().submit_pre_chain(&chain).await.unwrap();
        // What their log makes of the same submission.
        let theirs = validate_chain(&chain, &pool, None, None, true, false).unwrap();
        expected.push(LogEntry {
            certificate: theirs.certificate,
            is_precert: true,
            issuer_key_hash: theirs.issuer_key_hash,
            chain_fingerprints: theirs.issuers.iter().map(|it| Sha256::digest(it).into()).collect(),
            pre_certificate: theirs.pre_certificate,
            leaf_index: serial.into(),
            timestamp: u64::try_from(START.millis()).unwrap(),
        });
    }
    let tile = get(&server, "/tile/data/000.p/4").await;
    let bytes: Vec<u8> = expected.iter().flat_map(LogEntry::tile_leaf).collect();
    assert_eq!(tile.body, bytes);
    let read: Vec<LogEntry> =
        TileIterator::new(tile.body.to_vec(), 4).map(Result::unwrap).collect();
    assert_eq!(read, expected);

    let entries = get(&server, "/ct/v1/get-entries?start=0&end=3").await.json();
    for (entry, theirs) in entries["entries"].as_array().unwrap().iter().zip(&expected) {
        assert_eq!(base64(&entry["leaf_input"]), theirs.merkle_tree_leaf());
    }
    let one = get(&server, "/tile/data/000.p/1").await;
    assert_eq!(one.body, expected[0].tile_leaf());
}

#[tokio::test]
async fn each_issuer_is_served_by_its_fingerprint() {
    let site = Site::new();
    let server = site.filled(1).await;
    for issuer in site.ca.issuing.chain() {
        let name = hex::encode(Sha256::digest(issuer.der()));
        let answer = get(&server, &format!("/issuer/{name}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/pkix-cert");
        assert_eq!(answer.body, issuer.der());
        let upper = name.to_uppercase();
        assert_eq!(get(&server, &format!("/issuer/{upper}")).await.status, 404, "one name only");
    }
}

#[tokio::test]
async fn a_log_of_more_than_one_tile_is_served_whole() {
    let site = Site::new();
    let server = site.filled(255).await;
    let last = site.ca.precertificate(0);
    server.log().submit_pre_chain(&der(&last.submission())).await.unwrap();
    let full = get(&server, "/tile/data/000").await;
    assert_eq!(full.status, 200);
    let next = get(&server, "/tile/data/001.p/1").await;
    assert_eq!(next.status, 200);
    let entries = get(&server, "/ct/v1/get-entries?start=250&end=400").await.json();
    assert_eq!(entries["entries"].as_array().unwrap().len(), 6, "to the end of a bundle");
    assert_eq!(get(&server, "/tile/0/000").await.body.len(), 256 * 32);
    assert_eq!(get(&server, "/tile/1/000.p/1").await.body.len(), 32);
    let hash = hex::encode(&get(&server, "/tile/0/001.p/1").await.body);
    assert_eq!(hash.len(), 64);
}
