//! Whatever is sent, the log neither panics nor grows.

use http::Method;
use lite_keys::KeyKind;
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::support::{Client, Stack, valid_request};
use crate::v1::{V1_ENTRIES, hashedrekord};

/// One log for a whole property: its tree must stay as it is.
struct Target {
    runtime: Runtime,
    stack: Stack,
    request: String,
    v1_request: String,
}

impl Target {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let stack = Stack::new();
        let request = valid_request(b"artifact").to_string();
        assert_eq!(runtime.block_on(stack.post(request.clone())).index(), 1);
        let entry = hashedrekord(&Client::new(KeyKind::EcdsaP256), b"artifact");
        assert_eq!(runtime.block_on(stack.post_v1(V1_ENTRIES, &entry)).status, 201);
        Self { runtime, stack, request, v1_request: entry.to_string() }
    }

    /// The same at the door of API v1: upstream's refusals, and never a fault of ours.
    #[track_caller]
    fn knock_v1(&self, path: &str, body: &[u8], allowed: &[u16]) {
        let body = String::from_utf8_lossy(body);
        let json = Some("application/json");
        let answer = self.runtime.block_on(self.stack.send_v1(Method::POST, path, &body, json));
        let status = answer.status.as_u16();
        assert!(allowed.contains(&status), "{status}: {}", answer.text());
        if status >= 400 {
            assert!(answer.json()["code"].as_u64().unwrap() >= 400);
        }
        assert_eq!(self.stack.server.v1_log().unwrap().checkpoint().size, 2);
    }

    /// A refusal, or the entry that is there already: what was changed did not matter then.
    #[track_caller]
    fn knock(&self, body: &[u8]) {
        let answer = self.runtime.block_on(self.stack.post(body.to_vec()));
        match answer.status.as_u16() {
            201 => assert_eq!(answer.index(), 1),
            status => assert_eq!(status, 400, "{}", answer.text()),
        }
        assert_eq!(self.stack.size(), 2);
    }
}

/// How a request is damaged.
#[derive(Clone, Debug)]
enum Damage {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (place(), prop::sample::select(&b"{}[],:\"\\0nt A=+/-_"[..]))
            .prop_map(|(at, byte)| Damage::Insert(at, byte)),
        place().prop_map(Damage::Remove),
        place().prop_map(Damage::Cut),
        (place(), place()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match damage {
        Damage::Replace(at, byte) => bytes[at.index(length)] = *byte,
        Damage::Insert(at, byte) => bytes.insert(at.index(length), *byte),
        Damage::Remove(at) => drop(bytes.remove(at.index(length))),
        Damage::Cut(at) => bytes.truncate(at.index(length)),
        Damage::Repeat(from, to) => {
            let (from, to) = (from.index(length), to.index(length));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(to..to, part);
        }
    }
}

const NAMES: [&str; 32] = [
    "kind",
    "apiVersion",
    "spec",
    "data",
    "hash",
    "algorithm",
    "value",
    "proposedContent",
    "entryUUIDs",
    "logIndexes",
    "entries",
    "email",
    "subject",
    "operator",
    "format",
    "hashedRekordRequestV002",
    "dsseRequestV002",
    "digest",
    "signature",
    "content",
    "verifier",
    "verifiers",
    "publicKey",
    "x509Certificate",
    "rawBytes",
    "keyDetails",
    "envelope",
    "payload",
    "payloadType",
    "signatures",
    "sig",
    "keyid",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[A-Za-z0-9+/_=-]{0,60}".prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let name = prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
        let members = prop::collection::hash_map(name, inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_damaged_request_never_grows_the_log() {
    let target = Target::new();
    let damages = prop::collection::vec(damage(), 1..4);
    let config = ProptestConfig::with_cases(600);
    proptest!(config, |(damages in damages)| {
        let mut body = target.request.clone().into_bytes();
        for damage in &damages {
            apply(&mut body, damage);
        }
        target.knock(&body);
    });
}

#[test]
fn json_at_random_never_grows_the_log() {
    let target = Target::new();
    proptest!(ProptestConfig::with_cases(600), |(json in any_json())| {
        target.knock(json.to_string().as_bytes());
    });
}

#[test]
fn a_damaged_request_of_api_v1_never_grows_the_log() {
    let target = Target::new();
    let damages = prop::collection::vec(damage(), 1..4);
    proptest!(ProptestConfig::with_cases(600), |(damages in damages)| {
        let mut body = target.v1_request.clone().into_bytes();
        for damage in &damages {
            apply(&mut body, damage);
        }
        // 201: what was changed did not matter, and the entry is the one that is there.
        target.knock_v1(V1_ENTRIES, &body, &[201, 400, 422]);
    });
}

#[test]
fn json_at_random_gets_an_answer_from_every_door_of_api_v1() {
    let target = Target::new();
    proptest!(ProptestConfig::with_cases(400), |(json in any_json())| {
        let body = json.to_string();
        target.knock_v1(V1_ENTRIES, body.as_bytes(), &[400, 422]);
        for path in ["/api/v1/log/entries/retrieve", "/api/v1/index/retrieve"] {
            target.knock_v1(path, body.as_bytes(), &[200, 400, 422]);
        }
    });
}

#[test]
fn bytes_at_random_never_grow_the_log() {
    let target = Target::new();
    proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..300))| target.knock(&bytes));
}

#[test]
fn paths_at_random_are_not_found_or_read() {
    let target = Target::new();
    proptest!(ProptestConfig::with_cases(600), |(path in "/(api/v[12]/)?tile/[0-9x./pentris%]{0,30}")| {
        let answer = target.runtime.block_on(target.stack.get(&path));
        let status = answer.status.as_u16();
        prop_assert!(status == 200 || status == 404, "{path}: {status}");
    });
}
