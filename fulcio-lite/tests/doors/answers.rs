//! What is answered when everything is right, in every form that a stock client asks in.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, Request};
use lite_keys::{KeyKind, SigningKey};
use lite_pki::{AltName, Certificate, Purpose, SctList, verify_chain};
use lite_time::Clock as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{
    ADA, ISSUER, Log, World, claims, issuers_file, key_request, p256, world, world_with,
};

#[track_caller]
fn check_chain(world: &World, chain: &[Certificate]) {
    assert_eq!(chain.len(), 3, "leaf, issuing CA, root");
    verify_chain(&chain[0], &chain[1..2], &chain[2..], world.clock.now(), Purpose::CodeSigning)
        .unwrap();
    assert_eq!(chain[0].alt_names(), [AltName::Email(ADA.into())]);
    assert_eq!(SctList::of_certificate(&chain[0]).unwrap().0.len(), 1);
}

#[tokio::test]
async fn the_token_may_stand_in_the_header_or_in_the_body_and_the_body_wins() {
    let world = world();
    let mut body = key_request(&p256(), ADA);
    check_chain(&world, &world.post(&world.idp.token(), &body).await.chain());
    body["credentials"] = json!({"oidcIdentityToken": world.idp.token()});
    check_chain(&world, &world.post("", &body).await.chain());
    check_chain(&world, &world.post("not a token", &body).await.chain());
    body["credentials"] = json!({"oidcIdentityToken": ""});
    check_chain(&world, &world.post(&world.idp.token(), &body).await.chain());
    assert_eq!(world.submissions(), 4);
}

#[tokio::test]
async fn requests_are_read_as_grpc_gateway_reads_them() {
    let world = world();
    let key = p256();
    let proof = key.sign(key.kind().default_hash(), ADA.as_bytes()).unwrap();
    let pem = key.public().to_pem();
    let one_line =
        pem.replace('\n', "").replace("KEY-----", "KEY-----\n").replace("\n-----END", "-----END");
    let one_line = one_line.replace("-----END", "\n-----END");
    for content in [&pem, &pem.replace('\n', "\r\n"), pem.trim_end(), &one_line] {
        for (algorithm, proof) in [
            (json!(""), STANDARD.encode(&proof)),
            (json!("NO_SUCH"), URL_SAFE_NO_PAD.encode(&proof)),
            (json!(2), STANDARD.encode(&proof)),
        ] {
            let body = json!({"unknown": [1], "public_key_request": {
                "public_key": {"algorithm": algorithm, "content": content},
                "proof_of_possession": proof,
            }, "credentials": null});
            check_chain(&world, &world.post(&world.idp.token(), &body).await.chain());
        }
    }
}

#[tokio::test]
async fn certificates_are_one_a_string_without_a_last_newline_and_end_with_the_root() {
    let world = world();
    let answer = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await;
    assert_eq!(answer.content_type, "application/json");
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 1);
    let strings =
        json["signedCertificateEmbeddedSct"]["chain"]["certificates"].as_array().unwrap().clone();
    for pem in &strings {
        let pem = pem.as_str().unwrap();
        assert!(pem.ends_with("-----END CERTIFICATE-----") && pem.matches("BEGIN").count() == 1);
    }
    let bundle = world.ask(Method::GET, "/api/v2/trustBundle", "", "").await.json();
    let trusted = bundle["chains"][0]["certificates"].as_array().unwrap();
    assert_eq!(bundle["chains"].as_array().unwrap().len(), 1);
    assert_eq!(trusted.len(), 2);
    for (ours, theirs) in strings[1..].iter().zip(trusted) {
        assert_eq!(format!("{}\n", ours.as_str().unwrap()), theirs.as_str().unwrap());
    }
}

#[tokio::test]
async fn the_legacy_api_answers_201_with_pem() {
    let world = world();
    let key = p256();
    let proof = key.sign(key.kind().default_hash(), ADA.as_bytes()).unwrap();
    let body = |content: &[u8]| {
        json!({
            "publicKey": {"content": STANDARD.encode(content), "algorithm": "ecdsa"},
            "signedEmailAddress": STANDARD.encode(&proof),
            "certificateSigningRequest": null,
        })
    };
    for content in [key.public().to_pem().as_bytes(), key.public().spki_der()] {
        let body = body(content).to_string();
        let answer = world.ask(Method::POST, "/api/v1/signingCert", &world.idp.token(), body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.content_type.as_str()),
            (201, "application/pem-certificate-chain")
        );
        assert!(answer.body.ends_with("-----END CERTIFICATE-----"));
        check_chain(&world, &Certificate::chain_from_pem(&answer.body).unwrap());
    }
    let roots = world.ask(Method::GET, "/api/v1/rootCert", "", "").await;
    assert_eq!(roots.status, 200);
    assert_eq!(Certificate::chain_from_pem(&roots.body).unwrap().len(), 2);
}

#[tokio::test]
async fn a_machine_account_becomes_a_uri() {
    let world = world();
    let uri = "http://localhost:7070/machine/ci";
    let mut claims = claims();
    claims["sub"] = json!(uri);
    claims.as_object_mut().unwrap().remove("email");
    let answer = world.post(&world.idp.sign(&claims), &key_request(&p256(), uri)).await;
    assert_eq!(answer.chain()[0].alt_names(), [AltName::Uri(uri.into())]);
}

#[tokio::test]
async fn a_p384_authority_issues_too() {
    let world = world_with(Log::new(), |config| config.ca_key = fulcio_lite::CaKey::P384);
    let chain = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await.chain();
    check_chain(&world, &chain);
    assert_eq!(chain[1].public_key().unwrap().kind(), KeyKind::EcdsaP384);
}

#[tokio::test]
async fn the_configuration_names_every_issuer() {
    let dir = tempfile::tempdir().unwrap();
    let issuers = json!({
        "oidc-issuers": {"https://a.example.com": {"client-id": "x", "type": "uri", "subject-domain": "https://b.example.com"}},
        "meta-issuers": {"https://*.example.com": {"client-id": "y", "type": "kubernetes", "challenge-claim": "sub"}},
    });
    let world = world_with(Log::new(), issuers_file(dir.path(), &issuers));
    let answer = world.ask(Method::GET, "/api/v2/configuration", "", "").await.json();
    let issuer = |more: Value| {
        let mut all =
            json!({"spiffeTrustDomain": "", "subjectDomain": "", "skipEmailVerification": false});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let expected = json!({"issuers": [
        issuer(json!({"issuerUrl": "https://a.example.com", "audience": "x", "challengeClaim": "sub",
            "issuerType": "uri", "subjectDomain": "https://b.example.com"})),
        issuer(json!({"issuerUrl": ISSUER, "audience": "sigstore", "challengeClaim": "email", "issuerType": "siglite"})),
        issuer(json!({"wildcardIssuerUrl": "https://*.example.com", "audience": "y", "challengeClaim": "sub",
            "issuerType": "kubernetes"})),
    ]});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn every_certificate_is_in_the_journal_and_no_token_is() {
    let world = world();
    let token = world.idp.token();
    let chain = world.post(&token, &key_request(&p256(), ADA)).await.chain();
    let path = world.dir.path().join("fulcio/journal/issuance.jsonl");
    let router = world.server.router();
    world.server.close();
    drop(router);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!text.contains(&token) && !text.contains(token.rsplit('.').next().unwrap()));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["precertificate-intended", "certificate-intended", "issued"]);
    let serial =
        chain[0].serial().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert!(lines.iter().all(|line| line["serial"].as_str().unwrap().ends_with(&serial)));
}

#[tokio::test]
async fn the_fragment_holds_the_chain_that_requests_end_with() {
    let world = world();
    let fragment = world.server.fragment();
    let chain = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await.chain();
    let [authority] = fragment.certificate_authorities.as_slice() else { panic!("one authority") };
    assert_eq!(authority.uri, "http://localhost:7070");
    assert_eq!(
        authority.chain().collect::<Vec<_>>(),
        chain[1..].iter().map(Certificate::der).collect::<Vec<_>>()
    );
    let start = authority.valid_for.clone().unwrap().start.unwrap();
    assert!(start <= chain[0].not_before() && start == chain[1].not_before());
    assert_eq!(fragment.services.ca[0].major_api_version, 1);
    let names: Vec<_> = fragment.legacy.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["fulcio_v1.crt.pem", "fulcio_intermediate_v1.crt.pem"]);
    assert_eq!(fragment.legacy[0].contents, chain[2].to_pem().into_bytes());
    assert_eq!(fragment.legacy[1].contents, chain[1].to_pem().into_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_certificates_at_once_have_different_serial_numbers() {
    let world = world();
    let (token, key) = (world.idp.token(), SigningKey::generate(KeyKind::EcdsaP256));
    let body = key_request(&key, ADA);
    let asked = (0..32).map(|_| world.post(&token, &body));
    let mut serials = std::collections::HashSet::new();
    for answer in futures(asked).await {
        serials.insert(answer.chain()[0].serial().to_vec());
    }
    assert_eq!(serials.len(), 32);
    assert_eq!(
        world.journal().iter().filter(|line| line["event"] == "precertificate-intended").count(),
        32
    );
}

/// Runs all at once, without a crate for it.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

/// sigstore-js in a browser. The token stands in the body there, so no header need be allowed.
#[tokio::test]
async fn a_page_of_any_origin_may_ask() {
    let world = world();
    let ask = async |method: Method, names: &[&str]| {
        let mut request = Request::builder().method(method).uri("/api/v2/trustBundle");
        for name in names {
            request = request.header(*name, "x");
        }
        let request = request.body(Body::empty()).unwrap();
        world.server.router().oneshot(request).await.unwrap()
    };
    let first = ask(Method::OPTIONS, &["origin", "access-control-request-method"]).await;
    assert_eq!(first.status().as_u16(), 204);
    assert_eq!(first.headers()["access-control-allow-origin"], "*");
    let then = ask(Method::GET, &["origin"]).await;
    assert_eq!(then.status().as_u16(), 200);
    assert_eq!(then.headers()["access-control-allow-origin"], "*");
    assert!(!ask(Method::GET, &[]).await.headers().contains_key("access-control-allow-origin"));
    assert_eq!(ask(Method::OPTIONS, &[]).await.status().as_u16(), 501);
}
