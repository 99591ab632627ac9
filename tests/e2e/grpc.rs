//! gRPC on the address of everything else: over TLS, and over plain HTTP by prior knowledge.

use std::collections::BTreeSet;

use lite_grpc::common::v1::{PublicKeyDetails, X509Certificate};
use lite_grpc::fulcio::v2::ca_client::CaClient;
use lite_grpc::fulcio::v2::create_signing_certificate_request::Key;
use lite_grpc::fulcio::v2::signing_certificate::Certificate as Signed;
use lite_grpc::fulcio::v2::{
    CreateSigningCertificateRequest, GetTrustBundleRequest, PublicKey, PublicKeyRequest,
};
use lite_grpc::health::v1::HealthCheckRequest;
use lite_grpc::health::v1::health_client::HealthClient;
use lite_grpc::rekor::v2::create_entry_request::Spec;
use lite_grpc::rekor::v2::rekor_client::RekorClient;
use lite_grpc::rekor::v2::{
    CreateEntryRequest, HashedRekordRequestV002, Signature, Verifier, verifier,
};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_tests::{ALICE, Stack, http};
use tokio_stream::StreamExt as _;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic::{Code, Request};
use tonic_reflection::pb::{v1, v1alpha};

const SERVICES: [&str; 3] =
    ["dev.sigstore.fulcio.v2.CA", "dev.sigstore.rekor.v2.Rekor", "grpc.health.v1.Health"];

async fn channel(stack: &Stack) -> Channel {
    let endpoint = Channel::from_shared(stack.url().to_owned()).unwrap();
    if stack.url().starts_with("http://") {
        return endpoint.connect().await.unwrap();
    }
    let ca = Certificate::from_pem(std::fs::read(stack.client("ca.pem")).unwrap());
    let tls = ClientTlsConfig::new().ca_certificate(ca);
    endpoint.tls_config(tls).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn a_signature_is_certified_and_logged_over_grpc() {
    for stack in [Stack::start(), Stack::builder().argument("--tls").argument("self").start()] {
        let channel = channel(&stack).await;
        let mut authority = CaClient::new(channel.clone());
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let mut request = Request::new(CreateSigningCertificateRequest {
            credentials: None,
            key: Some(Key::PublicKeyRequest(PublicKeyRequest {
                public_key: Some(PublicKey { algorithm: 2, content: key.public().to_pem() }),
                proof_of_possession: key.sign_default(ALICE.as_bytes()).unwrap(),
            })),
        });
        let refused =
            authority.create_signing_certificate(CreateSigningCertificateRequest::default());
        assert_eq!(refused.await.unwrap_err().code(), Code::InvalidArgument);
        request.metadata_mut().insert("oidcidentitytoken", stack.token().parse().unwrap());
        let signed = authority.create_signing_certificate(request).await.unwrap().into_inner();
        let Some(Signed::SignedCertificateEmbeddedSct(signed)) = signed.certificate else {
            panic!("{signed:?}")
        };
        let chain = signed.chain.unwrap().certificates;
        let bundle = authority.get_trust_bundle(GetTrustBundleRequest {}).await.unwrap();
        let above: Vec<_> = bundle.into_inner().chains[0]
            .certificates
            .iter()
            .map(|pem| pem.trim_end().to_owned())
            .collect();
        assert_eq!(chain[1..], above);

        let digest = HashAlgorithm::Sha256.digest(b"artifact");
        let signature = key.sign_digest(HashAlgorithm::Sha256, &digest).unwrap();
        let raw_bytes = der(&chain[0]);
        let spec = Spec::HashedRekordRequestV002(HashedRekordRequestV002 {
            digest: digest.clone(),
            signature: Some(Signature {
                content: signature.clone(),
                verifier: Some(Verifier {
                    verifier: Some(verifier::Verifier::X509Certificate(X509Certificate {
                        raw_bytes: raw_bytes.clone(),
                    })),
                    key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
                }),
            }),
        });
        let mut log = RekorClient::new(channel);
        let entry = log.create_entry(CreateEntryRequest { spec: Some(spec) }).await.unwrap();
        let entry = entry.into_inner();
        if stack.url().starts_with("http://") {
            // Again over REST it is a duplicate, and gets the place it has.
            let again = serde_json::json!({"hashedRekordRequestV002": {
                "digest": b64(&digest),
                "signature": {"content": b64(&signature), "verifier": {
                    "x509Certificate": {"rawBytes": b64(&raw_bytes)},
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                }},
            }});
            let url = format!("{}/api/v2/log/entries", stack.url());
            let again: serde_json::Value = tokio::task::spawn_blocking(move || {
                http().post(url).body(again.to_string()).send().unwrap().text().unwrap()
            })
            .await
            .map(|text| serde_json::from_str(&text).unwrap())
            .unwrap();
            assert_eq!(again["logIndex"], entry.log_index.to_string());
            assert_eq!(again["canonicalizedBody"], b64(&entry.canonicalized_body));
        }
        let note = log.get_checkpoint(()).await.unwrap().into_inner();
        assert_eq!(
            entry.inclusion_proof.unwrap().checkpoint.unwrap().envelope.as_bytes(),
            note.data
        );
    }
}

#[tokio::test]
async fn one_address_has_one_health_and_one_reflection() {
    let stack = Stack::builder().argument("--tls").argument("self").start();
    let channel = channel(&stack).await;
    let mut health = HealthClient::new(channel.clone());
    for service in SERVICES.iter().take(2).chain(&[""]) {
        let request = HealthCheckRequest { service: (*service).to_owned() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status, 1, "{service}");
    }
    macro_rules! listed {
        ($version:ident) => {{
            use $version::server_reflection_client::ServerReflectionClient;
            use $version::server_reflection_request::MessageRequest as Asked;
            use $version::server_reflection_response::MessageResponse as Said;
            let mut client = ServerReflectionClient::new(channel.clone());
            let ask = |asked| $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(asked),
            };
            let asked = vec![
                ask(Asked::ListServices(String::new())),
                ask(Asked::FileContainingSymbol(SERVICES[1].to_owned())),
            ];
            let answers = client.server_reflection_info(tokio_stream::iter(asked)).await.unwrap();
            let answers: Vec<_> = answers.into_inner().collect().await;
            let said = |n: usize| answers[n].as_ref().unwrap().message_response.clone().unwrap();
            let Said::FileDescriptorResponse(files) = said(1) else { panic!("{:?}", said(1)) };
            assert!(!files.file_descriptor_proto.is_empty());
            let Said::ListServicesResponse(list) = said(0) else { panic!("{:?}", said(0)) };
            list.service.into_iter().map(|service| service.name).collect::<BTreeSet<_>>()
        }};
    }
    for listed in [listed!(v1), listed!(v1alpha)] {
        assert!(SERVICES.iter().all(|name| listed.contains(*name)), "{listed:?}");
    }
}

fn b64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn der(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
