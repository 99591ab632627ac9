//! Killed under load, twenty times: what was acknowledged is there, and no history is another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_tests::{Stack, http};
use serde_json::{Value, json};

const KILLS: usize = 20;
const WRITERS: usize = 8;

/// What the log has said to its clients, kept outside it.
#[derive(Default)]
struct Memory {
    /// Acknowledged bodies, by index.
    entries: BTreeMap<u64, Vec<u8>>,
    /// Every tree that an answer showed: size and root.
    trees: BTreeMap<u64, Vec<u8>>,
}

/// A genuine request, different each time.
pub(crate) fn request(key: &SigningKey, text: &str) -> String {
    let digest = HashAlgorithm::Sha256.digest(text.as_bytes());
    let signature = key.sign_digest(HashAlgorithm::Sha256, &digest).unwrap();
    json!({ "hashedRekordRequestV002": {
        "digest": STANDARD.encode(digest),
        "signature": {
            "content": STANDARD.encode(signature),
            "verifier": {
                "publicKey": { "rawBytes": STANDARD.encode(key.public().spki_der()) },
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            },
        },
    }})
    .to_string()
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// Verifies an answer and remembers it.
fn remember(memory: &Mutex<Memory>, answer: &Value) {
    let index = number(&answer["logIndex"]);
    let proof = &answer["inclusionProof"];
    let (size, root) = (number(&proof["treeSize"]), bytes(&proof["rootHash"]));
    let body = bytes(&answer["canonicalizedBody"]);
    let hashes: Vec<lite_tlog::Hash> = proof["hashes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| bytes(hash).try_into().unwrap())
        .collect();
    let leaf = lite_tlog::leaf_hash(&body);
    let known_root: lite_tlog::Hash = root.clone().try_into().unwrap();
    lite_tlog::verify_inclusion(&leaf, index, size, &hashes, &known_root).unwrap();
    let mut memory = memory.lock().unwrap();
    let earlier = memory.entries.insert(index, body.clone());
    assert!(earlier.is_none_or(|earlier| earlier == body), "index {index} has two entries");
    let earlier = memory.trees.insert(size, root.clone());
    assert!(earlier.is_none_or(|earlier| earlier == root), "size {size} has two roots");
}

/// Writes until told to stop or the log is gone.
fn write(url: &str, name: &str, memory: &Mutex<Memory>, stop: &AtomicBool) {
    let (key, client) = (SigningKey::generate(KeyKind::EcdsaP256), http());
    for count in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let sent = client
            .post(format!("{url}/api/v2/log/entries"))
            .body(request(&key, &format!("{name}/{count}")))
            .send();
        let Ok(answer) = sent else { return };
        let (status, Ok(text)) = (answer.status(), answer.text()) else { return };
        assert_eq!(status, 201, "{text}");
        remember(memory, &serde_json::from_str(&text).unwrap());
    }
}

/// Reads the log with another program's eyes: every bundle, byte for byte.
fn read_all(url: &str) -> (u64, Vec<u8>, Vec<Vec<u8>>) {
    let get = |path: &str| http().get(format!("{url}/{path}")).send().unwrap();
    let checkpoint = get("checkpoint").text().unwrap();
    let mut lines = checkpoint.lines().skip(1);
    let size: u64 = lines.next().unwrap().parse().unwrap();
    let root = STANDARD.decode(lines.next().unwrap()).unwrap();
    let mut entries = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        let width = (size - bundle * 256).min(256);
        let suffix = if width == 256 { String::new() } else { format!(".p/{width}") };
        let path = format!("tile/entries/{}{suffix}", tile_index(bundle));
        let answer = get(&path);
        assert!(answer.status().is_success(), "{path}");
        let mut rest = &answer.bytes().unwrap()[..];
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
            entries.push(entry.to_vec());
            rest = after;
        }
    }
    assert_eq!(entries.len() as u64, size);
    (size, root, entries)
}

/// c2sp.org/tlog-tiles: `<N>` in elements of three digits, all but the last with an `x`.
fn tile_index(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// The roots of all trees of the first 1, 2, … leaves: RFC 6962, Section 2.1, written once more.
fn roots_of(leaves: &[lite_tlog::Hash]) -> Vec<lite_tlog::Hash> {
    // The complete subtrees so far, largest first, each with its number of leaves.
    let mut complete: Vec<(usize, lite_tlog::Hash)> = Vec::new();
    let mut roots = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        complete.push((1, *leaf));
        while let [.., (left_size, left), (right_size, right)] = complete[..]
            && left_size == right_size
        {
            complete.truncate(complete.len() - 2);
            complete.push((left_size * 2, lite_tlog::node_hash(&left, &right)));
        }
        let hashes = complete.iter().rev().map(|(_, hash)| *hash);
        roots.extend(hashes.reduce(|right, left| lite_tlog::node_hash(&left, &right)));
    }
    roots
}

#[test]
fn twenty_kills_lose_nothing_and_fork_nothing() {
    let mut stack = Stack::start();
    let memory = Arc::new(Mutex::new(Memory::default()));
    for round in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let url = stack.url().to_owned();
        let before = memory.lock().unwrap().entries.len();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (url, memory, stop) = (url.clone(), Arc::clone(&memory), Arc::clone(&stop));
                std::thread::spawn(move || {
                    write(&url, &format!("{round}/{writer}"), &memory, &stop);
                })
            })
            .collect();
        // Killed after so many answers, so that load and not time decides when.
        let enough = before + 20 + round * 13 % 97;
        while memory.lock().unwrap().entries.len() < enough {
            std::thread::yield_now();
        }
        stack.kill();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.join().unwrap();
        }
        stack.restart();
        let (size, root, entries) = read_all(stack.url());
        let hashes: Vec<_> = entries.iter().map(|entry| lite_tlog::leaf_hash(entry)).collect();
        let roots = roots_of(&hashes);
        let last = roots.last().map(<[u8; 32]>::as_slice);
        assert_eq!(last, Some(&root[..]), "the checkpoint is of these entries");
        let memory = memory.lock().unwrap();
        for (index, body) in &memory.entries {
            let kept = usize::try_from(*index).ok().and_then(|index| entries.get(index));
            assert_eq!(kept, Some(body), "round {round}: entry {index} of {size}");
        }
        // Every tree ever shown is a prefix of this one: that is what consistency means.
        for (size, root) in &memory.trees {
            let shown = usize::try_from(*size).ok().and_then(|size| roots.get(size - 1));
            let shown = shown.map(<[u8; 32]>::as_slice);
            assert_eq!(shown, Some(&root[..]), "round {round}: size {size}");
        }
    }
}
