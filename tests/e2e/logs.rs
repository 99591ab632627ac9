//! Both logs as they are served, read and recomputed by `tlog_tiles`, `signed_note`,
//! `static_ct_api` and `rs_merkle`: nothing of ours takes part.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{KeyKind, SigningKey};
use lite_tests::{Stack, http};
use p256::ecdsa::VerifyingKey;
use p256::pkcs8::DecodePublicKey as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use static_ct_api::{RFC6962Verifier, tile_path};
use tlog_tiles::{
    Checkpoint, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, tree_hash,
};

/// More than a tile is wide.
const ENTRIES: usize = 300;
const WRITERS: usize = 8;

/// A log over HTTP. Tiles never change, so each is fetched once.
struct Remote {
    base: String,
    tiles: RefCell<HashMap<String, Vec<u8>>>,
}

impl Remote {
    fn new(base: String) -> Self {
        Self { base, tiles: RefCell::default() }
    }

    #[track_caller]
    fn get(&self, path: &str) -> Vec<u8> {
        let answer = http().get(format!("{}/{path}", self.base)).send().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().unwrap().to_vec()
    }

    #[track_caller]
    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path)).unwrap()
    }

    /// The checkpoint, after `verifier` has verified its signature.
    #[track_caller]
    fn checkpoint(&self, verifier: impl Verifier + 'static) -> Checkpoint {
        let note = Note::from_bytes(&self.get("checkpoint")).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let (known_lines, unknown) = note.verify(&known).unwrap();
        assert_eq!((known_lines.len(), unknown.len()), (1, 0));
        Checkpoint::from_bytes(note.text()).unwrap()
    }

    /// The leaves of a Rekor log, from its entry bundles.
    fn leaves(&self, size: u64) -> Vec<Vec<u8>> {
        let mut leaves = Vec::new();
        for tile in Tile::new_tiles(8, 0, size).into_iter().filter(|tile| tile.level() == 0) {
            let path = tile_path(&tile).replace("tile/0/", "tile/entries/");
            let bundle = self.get(&path);
            let mut rest = &bundle[..];
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (leaf, after) = after.split_at(u16::from_be_bytes(*length).into());
                leaves.push(leaf.to_vec());
                rest = after;
            }
        }
        assert_eq!(leaves.len() as u64, size);
        leaves
    }
}

impl TileReader for Remote {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        // tlog_tiles 0.2 puts the height into names, as Go's checksum database does; static-ct-api
        // and c2sp.org/tlog-tiles do not.
        let one = |tile| {
            let path = tile_path(tile);
            let known = self.tiles.borrow().get(&path).cloned();
            known.unwrap_or_else(|| {
                let fetched = self.get(&path);
                self.tiles.borrow_mut().insert(path, fetched.clone());
                fetched
            })
        };
        Ok(tiles.iter().map(one).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// RFC 6962's hashes, with SHA-256 from elsewhere; a node without a right child is promoted.
#[derive(Clone)]
struct Rfc6962;

impl rs_merkle::Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([0]).chain_update(data).finalize().into()
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        let Some(right) = right else { return *left };
        Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
    }
}

#[track_caller]
fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[track_caller]
fn hash(value: &Value) -> Hash {
    Hash(bytes(value).try_into().unwrap())
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

#[track_caller]
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

/// The SPKI of the newest log of this kind in the trusted root: logs of API v1 stand before v2's.
fn key(stack: &Stack, logs: &str) -> Vec<u8> {
    let text = std::fs::read(stack.client("trusted_root.json")).unwrap();
    let root: Value = serde_json::from_slice(&text).unwrap();
    bytes(&root[logs].as_array().unwrap().last().unwrap()["publicKey"]["rawBytes"])
}

/// The signature log's key as a verifier key: `<name>+<hash>+<key>` (c2sp.org/signed-note).
fn rekor_verifier(stack: &Stack) -> StandardVerifier {
    let spki = key(stack, "tlogs");
    // RFC 8410: the key's 32 bytes are the end of the structure. 1 is Ed25519.
    let key = [&[1][..], &spki[spki.len() - 32..]].concat();
    let id = signed_note::key_id("localhost", &key);
    let vkey = format!("localhost+{id:08x}+{}", STANDARD.encode(&key));
    StandardVerifier::new(&vkey).unwrap()
}

/// Fills the signature log from several clients at once.
fn fill(stack: &Stack) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let (key, client) = (SigningKey::generate(KeyKind::EcdsaP256), http());
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= ENTRIES {
                        return;
                    }
                    let request = crate::crash::request(&key, &format!("entry {number}"));
                    let url = format!("{}/api/v2/log/entries", stack.url());
                    let answer = client.post(url).body(request).send().unwrap();
                    assert_eq!(answer.status(), 201, "{:?}", answer.text());
                }
            });
        }
    });
}

#[test]
fn others_read_the_signature_log() {
    let stack = Stack::start();
    let log = Remote::new(stack.url().to_owned());
    let before = log.checkpoint(rekor_verifier(&stack));
    let bundle = stack.sign(&stack.file("artifact.txt", "logged\n"));
    fill(&stack);
    let checkpoint = log.checkpoint(rekor_verifier(&stack));
    assert_eq!((checkpoint.origin(), checkpoint.extension()), ("localhost", ""));
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    assert_eq!(size, before.size() + ENTRIES as u64 + 1);

    // The root, three times: from the leaves twice, and from the tiles.
    let leaves = log.leaves(size);
    let leaf_hashes: Vec<_> = leaves.iter().map(|leaf| record_hash(leaf).0).collect();
    let tree = rs_merkle::MerkleTree::<Rfc6962>::from_leaves(&leaf_hashes);
    assert_eq!(tree.root(), Some(root.0));
    let tiles = TileHashReader::new(size, root, &log);
    assert_eq!(tree_hash(size, &tiles).unwrap(), root);

    // Every entry is in the tree, by proofs made of served tiles.
    for (index, leaf) in (0..).zip(&leaves) {
        let proof = prove_record(size, index, &tiles).unwrap();
        check_record(&proof, size, root, index, record_hash(leaf)).unwrap();
    }
    // The tree of before is a part of this one.
    let proof = prove_tree(size, before.size(), &tiles).unwrap();
    check_tree(&proof, size, root, before.size(), *before.hash()).unwrap();

    // The proof that a client was given is one, under a checkpoint that is genuine.
    let bundle: Value = serde_json::from_slice(&std::fs::read(bundle).unwrap()).unwrap();
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let (index, body) = (number(&entry["logIndex"]), bytes(&entry["canonicalizedBody"]));
    assert_eq!(leaves[usize::try_from(index).unwrap()], body);
    let proof = &entry["inclusionProof"];
    let (shown_size, shown) = (number(&proof["treeSize"]), hash(&proof["rootHash"]));
    let leaf = record_hash(&body);
    check_record(&hashes(&proof["hashes"]), shown_size, shown, index, leaf).unwrap();
    let envelope = proof["checkpoint"]["envelope"].as_str().unwrap();
    let note = Note::from_bytes(envelope.as_bytes()).unwrap();
    let known = VerifierList::new(vec![Box::new(rekor_verifier(&stack))]);
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
    let signed = Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((signed.size(), *signed.hash()), (shown_size, shown));
}

#[test]
fn others_read_the_certificate_log() {
    let stack = Stack::start();
    let log = Remote::new(format!("{}/ct", stack.url()));
    let origin = log.base.strip_prefix("http://").unwrap().to_owned();
    let key = VerifyingKey::from_public_key_der(&key(&stack, "ctlogs")).unwrap();
    let verifier = || RFC6962Verifier::new(&origin, &key).unwrap();
    let sth = |log: &Remote| {
        let sth = log.json("ct/v1/get-sth");
        (number(&sth["tree_size"]), hash(&sth["sha256_root_hash"]))
    };
    let (first, first_root) = sth(&log);
    for number in 0..5 {
        let _ = stack.sign(&stack.file(&format!("{number}.txt"), "certified\n"));
    }
    let (size, root) = sth(&log);
    assert_eq!(size, first + 5);

    // Two views of one tree.
    let checkpoint = log.checkpoint(verifier());
    assert_eq!((checkpoint.origin(), checkpoint.extension()), (origin.as_str(), ""));
    assert_eq!((checkpoint.size(), *checkpoint.hash()), (size, root));
    let tiles = TileHashReader::new(size, root, &log);
    let path = format!("ct/v1/get-entries?start=0&end={}", size - 1);
    let entries = log.json(&path)["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len() as u64, size);
    let mut leaf_hashes = Vec::new();
    for (index, entry) in (0..).zip(&entries) {
        let leaf = record_hash(&bytes(&entry["leaf_input"]));
        leaf_hashes.push(leaf.0);
        // By tiles, by hash, and by the entry with its proof.
        let proof = prove_record(size, index, &tiles).unwrap();
        check_record(&proof, size, root, index, leaf).unwrap();
        let escaped = STANDARD.encode(leaf.0).replace('+', "%2B");
        let by_hash = format!("ct/v1/get-proof-by-hash?hash={escaped}&tree_size={size}");
        let by_hash = log.json(&by_hash);
        assert_eq!(number(&by_hash["leaf_index"]), index);
        assert_eq!(hashes(&by_hash["audit_path"]), proof);
        let both = format!("ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}");
        let both = log.json(&both);
        assert_eq!(both["leaf_input"], entry["leaf_input"]);
        assert_eq!(hashes(&both["audit_path"]), proof);
    }
    let tree = rs_merkle::MerkleTree::<Rfc6962>::from_leaves(&leaf_hashes);
    assert_eq!(tree.root(), Some(root.0));

    // RFC 6962, Section 4.4, between all sizes that there have been.
    for old in 1..=size {
        let old_root = if old == first {
            first_root
        } else {
            let leaves = &leaf_hashes[..usize::try_from(old).unwrap()];
            Hash(rs_merkle::MerkleTree::<Rfc6962>::from_leaves(leaves).root().unwrap())
        };
        let path = format!("ct/v1/get-sth-consistency?first={old}&second={size}");
        let proof = hashes(&log.json(&path)["consistency"]);
        check_tree(&proof, size, root, old, old_root).unwrap();
    }
}

#[test]
fn these_judges_refuse_another_root() {
    let stack = Stack::start();
    let log = Remote::new(stack.url().to_owned());
    let _ = stack.sign(&stack.file("artifact.txt", "logged\n"));
    let checkpoint = log.checkpoint(rekor_verifier(&stack));
    let tiles = TileHashReader::new(checkpoint.size(), Hash([7; 32]), &log);
    assert!(tiles.read_hashes(&[0]).is_err());
    let tiles = TileHashReader::new(checkpoint.size(), *checkpoint.hash(), &log);
    assert!(tiles.read_hashes(&[0]).is_ok());
}
