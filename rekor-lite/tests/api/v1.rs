//! Rekor v1: what clients put in, they get out, with a promise and a proof that verify.

use http::Method;
use lite_keys::{HashAlgorithm, KeyKind, PublicKey};
use lite_tlog::{Checkpoint, NoteVerifier, leaf_hash, verify_consistency, verify_inclusion};
use serde_json::{Value, json};

use crate::support::{Answer, CREATED, Client, Stack, b64, from_b64, send};

pub(crate) const V1_ENTRIES: &str = "/api/v1/log/entries";

/// A `hashedrekord` 0.0.1 as every client of v1 sends it.
pub(crate) fn hashedrekord(client: &Client, artifact: &[u8]) -> Value {
    let digest = client.hash().digest(artifact);
    let signature = client.key.sign_digest(client.hash(), &digest).unwrap();
    json!({
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": { "hash": { "algorithm": client.hash().short_name(), "value": hex::encode(digest) } },
            "signature": {
                "content": b64(&signature),
                "publicKey": { "content": b64(client.key.public().to_pem().as_bytes()) },
            },
        },
    })
}

pub(crate) fn p256() -> Client {
    Client::new(KeyKind::EcdsaP256)
}

impl Stack {
    pub(crate) async fn post_v1(&self, path: &str, body: &Value) -> Answer {
        self.send_v1(Method::POST, path, &body.to_string(), Some("application/json")).await
    }

    pub(crate) async fn send_v1(
        &self,
        method: Method,
        path: &str,
        body: &str,
        content_type: Option<&str>,
    ) -> Answer {
        let router = lite_http::shell::wrap(self.server.router());
        let router = router.layer(axum::middleware::from_fn({
            let content_type = content_type.map(str::to_owned);
            move |mut request: axum::extract::Request, next: axum::middleware::Next| {
                if let Some(content_type) = &content_type {
                    let value = content_type.parse().unwrap();
                    request.headers_mut().insert(http::header::CONTENT_TYPE, value);
                }
                next.run(request)
            }
        }));
        send(router, method, path, body.to_owned()).await
    }

    async fn public_key(&self) -> PublicKey {
        let answer = self.get("/api/v1/log/publicKey").await;
        assert_eq!(answer.headers["content-type"], "application/x-pem-file");
        PublicKey::from_pem(answer.text()).unwrap()
    }

    /// Posts an entry that is new or known; its name and what is known of it.
    pub(crate) async fn put(&self, entry: &Value) -> (String, Value) {
        let answer = self.post_v1(V1_ENTRIES, entry).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        only(&answer)
    }

    /// Holds an entry to the log's key: promise, checkpoint, proof.
    async fn verify(&self, id: &str, entry: &Value) {
        let key = self.public_key().await;
        let promised = json!({
            "body": entry["body"],
            "integratedTime": entry["integratedTime"],
            "logID": entry["logID"],
            "logIndex": entry["logIndex"],
        });
        let promised = serde_json_canonicalizer::to_vec(&promised).unwrap();
        let set = from_b64(&entry["verification"]["signedEntryTimestamp"]);
        key.verify(HashAlgorithm::Sha256, &promised, &set).unwrap();
        assert_eq!(
            entry["logID"].as_str().unwrap(),
            hex::encode(HashAlgorithm::Sha256.digest(key.spki_der()))
        );

        let proof = &entry["verification"]["inclusionProof"];
        let note = proof["checkpoint"].as_str().unwrap();
        let verifier = NoteVerifier::new("rekor.example", key).unwrap();
        let origin = note.lines().next().unwrap();
        let checkpoint = Checkpoint::open_of(note.as_bytes(), &verifier, origin).unwrap();
        assert_eq!(note.lines().filter(|line| line.starts_with("— ")).count(), 1);
        let tree_id: i64 = origin.strip_prefix("rekor.example - ").unwrap().parse().unwrap();
        assert_eq!(proof["treeSize"], checkpoint.size);
        assert_eq!(proof["rootHash"].as_str().unwrap(), hex::encode(checkpoint.root));
        let leaf = leaf_hash(&from_b64(&entry["body"]));
        let hashes: Vec<[u8; 32]> = proof["hashes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| hex::decode(hash.as_str().unwrap()).unwrap().try_into().unwrap())
            .collect();
        let index = proof["logIndex"].as_u64().unwrap();
        assert_eq!(entry["logIndex"], index);
        verify_inclusion(&leaf, index, checkpoint.size, &hashes, &checkpoint.root).unwrap();
        assert_eq!(id, format!("{tree_id:016x}{}", hex::encode(leaf)));
    }
}

/// The one member of an answer.
#[track_caller]
fn only(answer: &Answer) -> (String, Value) {
    let json = answer.json();
    let members = json.as_object().unwrap();
    assert_eq!(members.len(), 1);
    let (id, entry) = members.iter().next().unwrap();
    (id.clone(), entry.clone())
}

#[tokio::test]
async fn an_entry_is_answered_with_a_promise_and_a_proof() {
    let stack = Stack::new();
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Ed25519] {
        let proposed = hashedrekord(&Client::new(kind), b"artifact");
        let answer = stack.post_v1(V1_ENTRIES, &proposed).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let (id, entry) = only(&answer);
        assert_eq!(answer.headers["etag"], id.as_str(), "bare");
        assert_eq!(answer.headers["location"], format!("{V1_ENTRIES}/{id}").as_str());
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(entry["integratedTime"], CREATED / 1000 + 5);
        let body: Value = serde_json::from_slice(&from_b64(&entry["body"])).unwrap();
        assert_eq!(body, proposed, "what was proposed was canonical but for its order");
        stack.verify(&id, &entry).await;
    }
}

#[tokio::test]
async fn an_entry_is_found_by_every_name_it_has() {
    let stack = Stack::new();
    let client = p256();
    let proposed = hashedrekord(&client, b"artifact");
    let (id, entry) = stack.put(&proposed).await;
    for n in 0..300_u32 {
        stack.clock.advance(std::time::Duration::from_secs(1));
        stack.put(&hashedrekord(&client, &n.to_be_bytes())).await;
    }
    let index = &entry["logIndex"];
    let mut found = vec![
        only(&stack.get(&format!("{V1_ENTRIES}?logIndex={index}")).await),
        only(&stack.get(&format!("{V1_ENTRIES}/{id}")).await),
        only(&stack.get(&format!("{V1_ENTRIES}/{}", &id[16..])).await),
        only(&stack.get(&format!("{V1_ENTRIES}/{}", id[16..].to_uppercase())).await),
    ];
    for (query, path) in [
        (json!({ "entryUUIDs": [id] }), "retrieve"),
        (json!({ "entryUUIDs": [&id[16..]] }), "retrieve/"),
        (json!({ "logIndexes": [index] }), "retrieve"),
        (json!({ "entries": [proposed] }), "retrieve"),
    ] {
        let answer = stack.post_v1(&format!("{V1_ENTRIES}/{path}"), &query).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let list: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(list.len(), 1, "{query}");
        let (id, entry) = list[0].as_object().unwrap().iter().next().unwrap();
        found.push((id.clone(), entry.clone()));
    }
    for (found_id, found) in found {
        assert_eq!(found_id, id);
        for member in ["body", "integratedTime", "logID", "logIndex"] {
            assert_eq!(found[member], entry[member]);
        }
        assert_eq!(found["verification"]["inclusionProof"]["treeSize"], 302);
        stack.verify(&found_id, &found).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_together_comes_together_and_what_is_not_there_is_left_out() {
    let stack = Stack::new();
    let client = p256();
    let (first, _) = stack.put(&hashedrekord(&client, b"1")).await;
    let (_, second) = stack.put(&hashedrekord(&client, b"2")).await;
    let intoto = json!({ "kind": "rpm", "apiVersion": "0.0.1", "spec": {} });
    let query = json!({
        "entryUUIDs": [first, "0".repeat(64), format!("{:016x}{}", 7, &first[16..])],
        "logIndexes": [second["logIndex"], 99],
        "entries": [hashedrekord(&client, b"3"), intoto],
    });
    let answer = stack.post_v1("/api/v1/log/entries/retrieve", &query).await;
    let list: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(list.len(), 2, "{}", answer.text());
    let none = stack.post_v1("/api/v1/log/entries/retrieve", &json!({})).await;
    assert_eq!((none.status.as_u16(), none.text()), (200, "[]\n"), "as Go ends a document");
    let mut forged = hashedrekord(&client, b"3");
    forged["spec"]["data"]["hash"]["value"] = json!("ab".repeat(32));
    let refused =
        stack.post_v1("/api/v1/log/entries/retrieve", &json!({ "entries": [forged] })).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_duplicate_is_answered_with_its_entry_or_as_upstream_does() {
    let stack = Stack::new();
    let proposed = hashedrekord(&p256(), b"artifact");
    let (id, first) = stack.put(&proposed).await;
    stack.clock.advance(std::time::Duration::from_secs(60));
    let (again, second) = stack.put(&proposed).await;
    assert_eq!((&again, &second["integratedTime"]), (&id, &first["integratedTime"]));

    let strict = Stack::with(|config| config.strict_duplicates = true);
    let (id, _) = strict.put(&proposed).await;
    let answer = strict.post_v1(V1_ENTRIES, &proposed).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.headers["location"], format!("{V1_ENTRIES}/{id}").as_str());
    let message =
        format!("an equivalent entry already exists in the transparency log with UUID {id}");
    assert_eq!(answer.json(), json!({ "code": 409, "message": message }));
}

#[tokio::test]
async fn a_restart_changes_nothing_that_was_said() {
    let stack = Stack::new();
    let (id, before) = stack.put(&hashedrekord(&p256(), b"artifact")).await;
    let info = stack.get("/api/v1/log").await.json();
    let clock = stack.clock.clone();
    clock.advance(std::time::Duration::from_secs(3600));
    let (server, dir) = stack.reopen(|_| {});
    let stack = Stack { server: server.unwrap(), dir, clock };
    let (_, after) = only(&stack.get(&format!("{V1_ENTRIES}/{id}")).await);
    assert_eq!(after["integratedTime"], before["integratedTime"]);
    assert_eq!(after["verification"]["inclusionProof"], before["verification"]["inclusionProof"]);
    assert_eq!(stack.get("/api/v1/log").await.json(), info);
    stack.verify(&id, &after).await;
}

#[tokio::test]
async fn the_log_proves_that_it_only_grew() {
    let stack = Stack::new();
    let client = p256();
    for n in 0..9_u8 {
        stack.put(&hashedrekord(&client, &[n])).await;
    }
    let old = stack.get("/api/v1/log").await.json();
    for n in 9..20_u8 {
        stack.put(&hashedrekord(&client, &[n])).await;
    }
    let new = stack.get("/api/v1/log").await.json();
    let tree_id = new["treeID"].as_str().unwrap();
    assert_eq!((&old["treeSize"], &new["treeSize"]), (&json!(10), &json!(21)));
    assert!(
        new["signedTreeHead"]
            .as_str()
            .unwrap()
            .starts_with(&format!("rekor.example - {tree_id}\n"))
    );
    assert_eq!(new["inactiveShards"], json!([]));
    let path = format!("/api/v1/log/proof?firstSize=10&lastSize=21&treeID={tree_id}");
    let proof = stack.get(&path).await.json();
    assert_eq!(proof["rootHash"], new["rootHash"]);
    let hash = |value: &Value| -> [u8; 32] {
        hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
    };
    let hashes: Vec<[u8; 32]> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
    verify_consistency(10, &hash(&old["rootHash"]), 21, &hash(&new["rootHash"]), &hashes).unwrap();
    let whole = stack.get("/api/v1/log/proof?lastSize=21").await;
    assert_eq!(whole.status, 200, "from 1 on");
}

#[tokio::test]
async fn entries_are_found_by_what_they_hold_and_who_signed() {
    let stack = Stack::new();
    let (jane, john) = (p256(), p256());
    let (first, _) = stack.put(&hashedrekord(&jane, b"artifact")).await;
    let (second, _) = stack.put(&hashedrekord(&john, b"artifact")).await;
    let (third, _) = stack.put(&hashedrekord(&jane, b"another")).await;
    let hash = format!("sha256:{}", hex::encode(HashAlgorithm::Sha256.digest(b"artifact")));
    let key = json!({
        "format": "x509",
        "content": b64(jane.key.public().to_pem().as_bytes()),
    });
    for (query, expected) in [
        (json!({ "hash": hash }), vec![&first, &second]),
        (json!({ "hash": hash[7..].to_uppercase() }), vec![&first, &second]),
        (json!({ "publicKey": key }), vec![&first, &third]),
        (json!({ "publicKey": key, "hash": hash }), vec![&first, &second, &third]),
        (json!({ "publicKey": key, "hash": hash, "operator": "and" }), vec![&first]),
        (json!({ "email": "nobody@example.com" }), vec![]),
        (json!({}), vec![]),
    ] {
        let answer = stack.post_v1("/api/v1/index/retrieve", &query).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut found: Vec<String> = serde_json::from_slice(&answer.body).unwrap();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn without_v1_there_is_no_trace_of_it() {
    let stack = Stack::with(|config| config.v1 = false);
    assert_eq!(stack.get("/api/v1/log").await.status, 404);
    assert_eq!(stack.server.fragment().tlogs.len(), 1);
    assert!(
        !stack.dir.path().join("v1").exists() && !stack.dir.path().join("keys/v1.pem").exists()
    );
}

#[tokio::test]
async fn the_older_service_began_earlier_and_the_older_clients_find_its_key() {
    let stack = Stack::new();
    let fragment = stack.server.fragment();
    let config = fragment.signing_config(lite_bundle::trust::RekorVersions::All);
    let starts: Vec<_> = config
        .rekor_tlog_urls
        .iter()
        .map(|service| (service.major_api_version, service.valid_for.as_ref().unwrap().start))
        .collect();
    assert_eq!(starts.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [2, 1]);
    assert!(starts[0].1 > starts[1].1, "sigstore-js takes the newest");
    let [legacy] = fragment.legacy.as_slice() else { panic!("one key for older clients") };
    let key = PublicKey::from_pem(std::str::from_utf8(&legacy.contents).unwrap()).unwrap();
    assert_eq!((key.kind(), legacy.usage.as_str()), (KeyKind::EcdsaP256, "Rekor"));
    assert_eq!(fragment.trusted_root_ecdsa_only().tlogs.len(), 1);
}
