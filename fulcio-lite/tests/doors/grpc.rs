//! gRPC: a generated client gets what a client of the JSON API gets.

use axum::Router;
use lite_grpc::fulcio::v2::ca_client::CaClient;
use lite_grpc::fulcio::v2::create_signing_certificate_request::Key;
use lite_grpc::fulcio::v2::oidc_issuer::Issuer as IssuerMessage;
use lite_grpc::fulcio::v2::signing_certificate::Certificate as Signed;
use lite_grpc::fulcio::v2::{
    CreateSigningCertificateRequest, Credentials, GetConfigurationRequest, GetTrustBundleRequest,
    PublicKey, PublicKeyRequest, credentials,
};
use lite_http::{Health, shell};
use lite_issuer::ports::CtLogError;
use lite_keys::SigningKey;
use lite_pki::{AltName, Certificate, Purpose, verify_chain};
use lite_time::Clock as _;
use serde_json::json;
use tonic::{Code, Request, Status};

use crate::support::{ADA, Log, World, key_request, p256, world, world_with};

fn client(world: &World) -> CaClient<Router> {
    CaClient::new(shell::wrap(world.server.grpc().router(&Health::default())))
}

fn message(key: &SigningKey, name: &str, token: &str) -> CreateSigningCertificateRequest {
    let proof = key.sign(key.kind().default_hash(), name.as_bytes()).unwrap();
    let token = credentials::Credentials::OidcIdentityToken(token.to_owned());
    CreateSigningCertificateRequest {
        credentials: Some(Credentials { credentials: Some(token) }),
        key: Some(Key::PublicKeyRequest(PublicKeyRequest {
            public_key: Some(PublicKey { algorithm: 2, content: key.public().to_pem() }),
            proof_of_possession: proof,
        })),
    }
}

async fn issue(
    world: &World,
    request: impl tonic::IntoRequest<CreateSigningCertificateRequest>,
) -> Result<Vec<String>, Status> {
    let answer = client(world).create_signing_certificate(request).await?.into_inner();
    match answer.certificate {
        Some(Signed::SignedCertificateEmbeddedSct(signed)) => {
            Ok(signed.chain.unwrap().certificates)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_verifies_and_is_logged() {
    let world = world();
    let pem = issue(&world, message(&p256(), ADA, &world.idp.token())).await.unwrap();
    // sigstore-java takes the trusted chain as the exact end of this one.
    assert!(pem.iter().all(|one| one.ends_with("-----END CERTIFICATE-----")));
    let chain: Vec<_> = pem.iter().map(|one| Certificate::from_pem(one).unwrap()).collect();
    let now = world.clock.now();
    verify_chain(&chain[0], &chain[1..2], &chain[2..], now, Purpose::CodeSigning).unwrap();
    assert_eq!(chain[0].alt_names(), [AltName::Email(ADA.into())]);
    assert_eq!(world.submissions(), 1);
    // The chain above it is the one that JSON has.
    let json = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await.chain();
    assert_eq!(chain[1..], json[1..]);
}

#[tokio::test]
async fn the_token_may_stand_in_the_metadata_once_and_the_message_wins() {
    let world = world();
    let with = |in_message: &str, metadata: &[&str]| {
        let mut request = Request::new(message(&p256(), ADA, in_message));
        for token in metadata {
            request.metadata_mut().append("oidcidentitytoken", token.parse().unwrap());
        }
        request
    };
    let token = world.idp.token();
    for good in [with("", &[&token]), with(&token, &["nonsense"]), with(&token, &[])] {
        issue(&world, good).await.unwrap();
    }
    for bad in [with("", &[]), with("", &[&token, &token]), with("nonsense", &[&token])] {
        let refused = issue(&world, bad).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(refused.message(), "There was an error processing the identity token");
    }
}

#[tokio::test]
async fn a_refusal_has_the_code_and_the_words_of_json() {
    let world = world();
    let token = world.idp.token();
    let none = CreateSigningCertificateRequest { key: None, ..message(&p256(), ADA, &token) };
    let csr = |bytes: &[u8]| CreateSigningCertificateRequest {
        key: Some(Key::CertificateSigningRequest(bytes.to_vec())),
        ..message(&p256(), ADA, &token)
    };
    for (request, body) in [
        (message(&p256(), "other", &token), key_request(&p256(), "other")),
        (none, json!({})),
        (csr(b"no CSR"), json!({"certificateSigningRequest": "bm8gQ1NS"})),
        (csr(b""), json!({"certificateSigningRequest": ""})),
    ] {
        let refused = issue(&world, request).await.unwrap_err();
        let answer = world.post(&token, &body).await;
        assert_eq!(answer.json()["code"], i32::from(refused.code()), "{body}");
        assert_eq!(answer.json()["message"], refused.message(), "{body}");
    }
    let broken = world_with(Log { broken: Some(CtLogError::Unavailable), ..Log::new() }, |_| {});
    let request = message(&p256(), ADA, &broken.idp.token());
    assert_eq!(issue(&broken, request).await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn the_chain_and_the_issuers_are_those_of_json() {
    let world = world();
    let mut client = client(&world);
    let get = async |path| world.ask(http::Method::GET, path, "", "").await.json();
    let bundle = client.get_trust_bundle(GetTrustBundleRequest {}).await.unwrap().into_inner();
    let want = get("/api/v2/trustBundle").await;
    assert_eq!(json!(bundle.chains[0].certificates), want["chains"][0]["certificates"]);
    let issuers = client.get_configuration(GetConfigurationRequest {}).await.unwrap().into_inner();
    let want = get("/api/v2/configuration").await;
    assert_eq!(json!(issuers.issuers.len()), want["issuers"].as_array().unwrap().len());
    let (one, want) = (&issuers.issuers[0], &want["issuers"][0]);
    let Some(IssuerMessage::IssuerUrl(url)) = &one.issuer else { panic!("{one:?}") };
    assert_eq!(
        (json!(url), json!(one.audience)),
        (want["issuerUrl"].clone(), want["audience"].clone())
    );
    assert_eq!(json!(one.challenge_claim), want["challengeClaim"]);
    assert_eq!(json!(one.issuer_type), want["issuerType"]);
}
