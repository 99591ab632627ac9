//! gRPC: a generated client gets what a client of the JSON API gets.

use axum::Router;
use lite_bundle::TransparencyLogEntry;
use lite_grpc::common::v1::{PublicKeyDetails, X509Certificate};
use lite_grpc::health::v1::HealthCheckRequest;
use lite_grpc::health::v1::health_client::HealthClient;
use lite_grpc::intoto;
use lite_grpc::rekor::v1::TransparencyLogEntry as EntryMessage;
use lite_grpc::rekor::v2::create_entry_request::Spec;
use lite_grpc::rekor::v2::rekor_client::RekorClient;
use lite_grpc::rekor::v2::verifier::Verifier as Of;
use lite_grpc::rekor::v2::{
    CreateEntryRequest, EntryBundleRequest, HashedRekordRequestV002, PublicKey, Signature,
    TileRequest, Verifier,
};
use lite_http::{Health, shell};
use lite_keys::KeyKind;
use rekor_lite::{Dsse, Server};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Client, Stack, from_b64, valid_request};

/// A client of the routes as they are in life, without a socket between.
fn client(server: &Server) -> RekorClient<Router> {
    RekorClient::new(shell::wrap(server.grpc().router(&Health::default())))
}

/// A request in JSON, as a message.
fn message(request: &Value) -> CreateEntryRequest {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bytes = |value: &Value| if value.is_null() { Vec::new() } else { from_b64(value) };
    let verifier = |value: &Value| {
        let of = if value["publicKey"].is_object() {
            Some(Of::PublicKey(PublicKey { raw_bytes: bytes(&value["publicKey"]["rawBytes"]) }))
        } else if value["x509Certificate"].is_object() {
            let raw_bytes = bytes(&value["x509Certificate"]["rawBytes"]);
            Some(Of::X509Certificate(X509Certificate { raw_bytes }))
        } else {
            None
        };
        let details = PublicKeyDetails::from_str_name(&text(&value["keyDetails"]));
        Verifier { verifier: of, key_details: details.unwrap_or_default().into() }
    };
    let present = |value: &Value| value.is_object().then(|| verifier(value));
    let hashed = &request["hashedRekordRequestV002"];
    let dsse = &request["dsseRequestV002"];
    let spec = if hashed.is_object() {
        let signature = &hashed["signature"];
        Some(Spec::HashedRekordRequestV002(HashedRekordRequestV002 {
            digest: bytes(&hashed["digest"]),
            signature: signature.is_object().then(|| Signature {
                content: bytes(&signature["content"]),
                verifier: present(&signature["verifier"]),
            }),
        }))
    } else if dsse.is_object() {
        let envelope = &dsse["envelope"];
        let one = |value: &Value| intoto::Signature {
            sig: bytes(&value["sig"]),
            keyid: text(&value["keyid"]),
        };
        #[expect(deprecated, reason = "clients of 2025 send it")]
        Some(Spec::DsseRequestV002(lite_grpc::rekor::v2::DsseRequestV002 {
            envelope: Some(intoto::Envelope {
                payload: bytes(&envelope["payload"]),
                payload_type: text(&envelope["payloadType"]),
                signatures: envelope["signatures"].as_array().unwrap().iter().map(one).collect(),
            }),
            verifiers: dsse["verifiers"].as_array().unwrap().iter().map(verifier).collect(),
        }))
    } else {
        None
    };
    CreateEntryRequest { spec }
}

async fn create(server: &Server, request: &Value) -> Result<EntryMessage, Status> {
    client(server).create_entry(message(request)).await.map(tonic::Response::into_inner)
}

/// Both answers, field by field.
#[track_caller]
fn same(ours: &EntryMessage, json: &TransparencyLogEntry) {
    let signed = |number: u64| i64::try_from(number).unwrap();
    assert_eq!(ours.log_index, signed(json.log_index));
    assert_eq!(ours.log_id.as_ref().unwrap().key_id, json.log_id);
    let kind = ours.kind_version.as_ref().unwrap();
    assert_eq!((&kind.kind, &kind.version), (&json.kind, &json.version));
    assert_eq!((ours.integrated_time, &ours.inclusion_promise), (0, &None));
    assert_eq!(ours.canonicalized_body, json.canonicalized_body);
    let (proof, other) =
        (ours.inclusion_proof.as_ref().unwrap(), json.inclusion_proof.as_ref().unwrap());
    assert_eq!(proof.log_index, signed(other.log_index));
    assert_eq!(proof.tree_size, signed(other.tree_size));
    assert_eq!((&proof.root_hash, &proof.hashes), (&other.root_hash, &other.hashes));
    assert_eq!(proof.checkpoint.as_ref().map(|note| &note.envelope), other.checkpoint.as_ref());
}

#[tokio::test]
async fn an_entry_is_the_one_that_json_makes() {
    let stack = Stack::with(|config| config.dsse = Dsse::Translate);
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519, KeyKind::Rsa(2048)] {
        let client = Client::new(kind);
        let certificate = client.certificate(10);
        for request in [
            client.request(b"artifact"),
            client.certificate_request(b"artifact", &certificate),
            client.dsse_request(b"payload"),
        ] {
            let ours = create(&stack.server, &request).await.unwrap();
            // Sent again in JSON it is a duplicate, so the answer is about the same entry.
            let answer = stack.post(request.to_string()).await;
            same(&ours, &TransparencyLogEntry::parse(&answer.body).unwrap());
        }
    }
}

#[tokio::test]
async fn a_refusal_has_the_code_and_the_words_of_json() {
    let stack = Stack::new();
    let change = |path: &[&str], value: Value| {
        let mut request = valid_request(b"artifact");
        let place = path.iter().fold(&mut request, |value, name| &mut value[*name]);
        *place = value;
        request
    };
    let hashed = "hashedRekordRequestV002";
    let verifier = [hashed, "signature", "verifier"];
    let with = |last: &'static str| [hashed, "signature", "verifier", last];
    let mut requests = vec![
        json!({}),
        change(&[hashed, "digest"], json!("")),
        change(&[hashed, "digest"], json!("AAAA")),
        change(&[hashed, "signature"], Value::Null),
        change(&[hashed, "signature", "content"], json!("")),
        change(&[hashed, "signature", "content"], json!("AAAA")),
        change(&verifier, Value::Null),
        change(&verifier, json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"})),
        change(&with("publicKey"), json!({"rawBytes": "AAAA"})),
        change(&with("keyDetails"), json!("PKIX_ECDSA_P384_SHA_384")),
        change(&with("keyDetails"), json!("PKIX_ED25519")),
    ];
    requests.push(Client::new(KeyKind::EcdsaP256).dsse_request(b"payload"));
    let before = stack.size();
    for request in requests {
        let answer = stack.post(request.to_string()).await;
        let refused = create(&stack.server, &request).await;
        // A log that translates envelopes takes the last one.
        if answer.status == 201 {
            assert!(refused.is_ok());
            continue;
        }
        let refused = refused.unwrap_err();
        assert_eq!(answer.json()["code"], i32::from(refused.code()), "{request}");
        assert_eq!(answer.json()["message"], refused.message(), "{request}");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert!(stack.size() - before <= 1);
}

#[tokio::test]
async fn duplicates_and_frozen_logs_have_codes_of_their_own() {
    let stack = Stack::with(|config| config.strict_duplicates = true);
    let request = valid_request(b"artifact");
    create(&stack.server, &request).await.unwrap();
    let twice = create(&stack.server, &request).await.unwrap_err();
    assert_eq!(twice.code(), Code::AlreadyExists);
    assert!(twice.message().ends_with("with index 1"), "{}", twice.message());
    let (frozen, _dir) = stack.reopen(|config| config.read_only = true);
    let frozen = create(&frozen.unwrap(), &request).await.unwrap_err();
    assert_eq!((frozen.code(), frozen.message()), (Code::Unimplemented, "log frozen"));
}

#[tokio::test]
async fn too_much_at_once_and_too_much_in_one_are_refused() {
    let stack = Stack::with(|config| config.max_body_bytes = 1000);
    let long = Client::new(KeyKind::EcdsaP256);
    let long = long.certificate_request(b"artifact", &long.certificate(2000));
    let refused = create(&stack.server, &long).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "tonic's word for a message over the limit");
    let stack = Stack::with(|config| config.max_waiting = 0);
    let refused = create(&stack.server, &valid_request(b"artifact")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn the_tree_is_read_as_over_http() {
    let stack = Stack::new();
    stack.post(valid_request(b"artifact").to_string()).await;
    let mut client = client(&stack.server);
    let note = client.get_checkpoint(()).await.unwrap().into_inner();
    assert_eq!(note.content_type, "text/plain; charset=utf-8");
    assert_eq!(note.data, stack.get("/checkpoint").await.body);
    let n = "000.p/2".to_owned();
    let tile = client.get_tile(TileRequest { l: 0, n: n.clone() }).await.unwrap().into_inner();
    assert_eq!(tile.data, stack.get("/tile/0/000.p/2").await.body);
    let bundle = client.get_entry_bundle(EntryBundleRequest { n }).await.unwrap().into_inner();
    assert_eq!(bundle.data, stack.get("/tile/entries/000.p/2").await.body);
    for n in ["000.p/3", "../../keys/v2.pem", "", "0", "001"] {
        let nowhere = client.get_tile(TileRequest { l: 0, n: n.to_owned() }).await.unwrap_err();
        assert_eq!(nowhere.code(), Code::NotFound, "{n}");
    }
}

#[tokio::test]
async fn health_is_asked_by_service() {
    let stack = Stack::new();
    let health = Health::default();
    health.add("rekor", stack.server.health_check());
    let router = shell::wrap(stack.server.grpc().router(&health));
    let mut client = HealthClient::new(router);
    let mut ask = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        client.check(request).await.map(|answer| answer.into_inner().status)
    };
    assert_eq!(ask("").await.unwrap(), 1);
    assert_eq!(ask("dev.sigstore.rekor.v2.Rekor").await.unwrap(), 1);
    assert_eq!(ask("nobody").await.unwrap_err().code(), Code::NotFound);
    health.add("rekor", || Err("stopped".to_owned()));
    assert_eq!(ask("dev.sigstore.rekor.v2.Rekor").await.unwrap(), 2);
    assert_eq!(ask("").await.unwrap(), 2);
    let request = HealthCheckRequest::default();
    let watched = client.watch(request).await.unwrap_err();
    assert_eq!(watched.code(), Code::Unimplemented);
}
