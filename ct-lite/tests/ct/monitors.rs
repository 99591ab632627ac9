//! Monitors of the old kind: everything that RFC 6962's API says is proven.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;
use lite_pki::sct::TileLeaf;
use lite_tlog::{leaf_hash, verify_consistency, verify_inclusion};
use rs_merkle::{Hasher, MerkleTree};
use serde_json::Value;

use crate::common::{START, Site, base64, get, hash};

/// RFC 6962's hashes for `rs_merkle`, whose trees have the same shape.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        leaf_hash(data)
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| lite_tlog::node_hash(left, right))
    }
}

fn root_of(leaves: &[[u8; 32]]) -> [u8; 32] {
    MerkleTree::<Rfc6962>::from_leaves(leaves).root().unwrap()
}

fn hashes(list: &Value) -> Vec<[u8; 32]> {
    list.as_array().unwrap().iter().map(hash).collect()
}

/// All leaves, fetched in as many requests as it takes.
async fn entries(server: &ct_lite::Server, size: u64) -> Vec<Value> {
    let mut entries = Vec::new();
    while (entries.len() as u64) < size {
        let path = format!("/ct/v1/get-entries?start={}&end={}", entries.len(), size + 1000);
        let answer = get(server, &path).await.json();
        entries.extend(answer["entries"].as_array().unwrap().clone());
    }
    entries
}

#[tokio::test]
async fn the_tree_head_is_signed_and_covers_all_entries() {
    let site = Site::new();
    let server = site.filled(20).await;
    let sth = get(&server, "/ct/v1/get-sth").await.json();
    let tree_size = sth["tree_size"].as_u64().unwrap();
    let time = sth["timestamp"].as_u64().unwrap();
    let root = hash(&sth["sha256_root_hash"]);
    // RFC 6962, Section 3.5: version, tree_hash, timestamp, tree_size, sha256_root_hash.
    let signed = [&[0, 1][..], &time.to_be_bytes(), &tree_size.to_be_bytes(), &root].concat();
    let signature = base64(&sth["tree_head_signature"]);
    assert_eq!(signature[..2], [4, 3], "SHA-256, ECDSA");
    assert_eq!(u16::from_be_bytes([signature[2], signature[3]]) as usize, signature.len() - 4);
    server.log().key().verify(HashAlgorithm::Sha256, &signed, &signature[4..]).unwrap();
    assert_eq!((tree_size, time), (21, u64::try_from(START.millis()).unwrap() + 20_000));

    let entries = entries(&server, tree_size).await;
    let leaves: Vec<_> = entries.iter().map(|it| leaf_hash(&base64(&it["leaf_input"]))).collect();
    assert_eq!(root_of(&leaves), root);
}

#[tokio::test]
async fn every_leaf_is_found_by_its_hash_and_proven_in_every_tree() {
    let site = Site::new();
    let server = site.filled(9).await;
    let leaves: Vec<_> = (entries(&server, 10).await.iter())
        .map(|it| leaf_hash(&base64(&it["leaf_input"])))
        .collect();
    for (index, leaf) in (0_u64..).zip(&leaves) {
        let text = STANDARD.encode(leaf).replace('+', "%2B").replace('/', "%2F");
        for size in 1..=10 {
            let path = format!("/ct/v1/get-proof-by-hash?hash={text}&tree_size={size}");
            let answer = get(&server, &path).await;
            if size <= index {
                assert_eq!(answer.status, 404, "leaf {index} in {size}");
                continue;
            }
            let answer = answer.json();
            assert_eq!(answer["leaf_index"], index);
            let root = root_of(&leaves[..usize::try_from(size).unwrap()]);
            let proof = hashes(&answer["audit_path"]);
            verify_inclusion(leaf, index, size, &proof, &root).unwrap();

            let path = format!("/ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}");
            let answer = get(&server, &path).await.json();
            assert_eq!(leaf_hash(&base64(&answer["leaf_input"])), *leaf);
            assert_eq!(hashes(&answer["audit_path"]), proof);
        }
    }
    // A plus sign as it comes from clients that do not escape it.
    if let Some(leaf) = leaves.iter().map(|it| STANDARD.encode(it)).find(|it| it.contains('+')) {
        let path = format!("/ct/v1/get-proof-by-hash?hash={leaf}&tree_size=10");
        assert_eq!(get(&server, &path).await.status, 200);
    }
}

#[tokio::test]
async fn every_two_trees_are_consistent() {
    let site = Site::new();
    let server = site.filled(9).await;
    let leaves: Vec<_> = (entries(&server, 10).await.iter())
        .map(|it| leaf_hash(&base64(&it["leaf_input"])))
        .collect();
    for second in 1..=10_usize {
        for first in 1..=second {
            let path = format!("/ct/v1/get-sth-consistency?first={first}&second={second}");
            let proof = hashes(&get(&server, &path).await.json()["consistency"]);
            let roots = (root_of(&leaves[..first]), root_of(&leaves[..second]));
            verify_consistency(first as u64, &roots.0, second as u64, &roots.1, &proof).unwrap();
        }
        let path = format!("/ct/v1/get-sth-consistency?first=0&second={second}");
        assert_eq!(get(&server, &path).await.text(), r#"{"consistency":[]}"#);
    }
}

#[tokio::test]
async fn an_entry_comes_with_its_precertificate_and_chain() {
    let site = Site::new();
    let server = site.open();
    let precertificate = site.ca.precertificate(1);
    let submitted = precertificate.submission();
    server.log().submit_pre_chain(&crate::common::der(&submitted)).await.unwrap();
    let entries = entries(&server, 2).await;

    // The first leaf is the root itself, without a chain.
    let leaf = base64(&entries[0]["leaf_input"]);
    let mut tile = [&leaf[2..], &[0, 0]].concat();
    let first = TileLeaf::decode_from(&mut &tile[..]).unwrap();
    assert_eq!(first.entry, lite_pki::CtEntry::X509(site.ca.root.der().to_vec()));
    assert_eq!(base64(&entries[0]["extra_data"]), [0, 0, 0]);

    let leaf = base64(&entries[1]["leaf_input"]);
    assert_eq!(leaf[..2], [0, 0], "v1, timestamped_entry");
    tile = [&leaf[2..], &[0, 0, 0, 0, 0]].concat();
    let second = TileLeaf::decode_from(&mut &tile[..]).unwrap();
    assert_eq!(second.entry, *precertificate.entry());
    // PrecertChainEntry: the precertificate, then the chain up to the root.
    let vector = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[1..], bytes].concat()
    };
    let chain: Vec<u8> = submitted[1..].iter().flat_map(|it| vector(it.der())).collect();
    let expected = [vector(submitted[0].der()), vector(&chain)].concat();
    assert_eq!(base64(&entries[1]["extra_data"]), expected);
}
