//! `dev.sigstore.fulcio.v2.CA` in gRPC: the doors of `http`, for messages that need no JSON.

use lite_grpc::MAX_MESSAGE;
use lite_grpc::fulcio::v2::ca_server::{Ca, CaServer};
use lite_grpc::fulcio::v2::create_signing_certificate_request::Key;
use lite_grpc::fulcio::v2::credentials::Credentials;
use lite_grpc::fulcio::v2::oidc_issuer;
use lite_grpc::fulcio::v2::signing_certificate::Certificate as Signed;
use lite_grpc::fulcio::v2::{
    CertificateChain, Configuration, CreateSigningCertificateRequest, GetConfigurationRequest,
    GetTrustBundleRequest, OidcIssuer, SigningCertificate, SigningCertificateEmbeddedSct,
    TrustBundle,
};
use lite_http::grpc::GrpcServices;
use lite_http::rpc;
use lite_issuer::{Evidence, Request as IssueRequest};
use lite_pki::Certificate;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::http::{configuration, signing_cert};

/// Where the token is that the message does not have; upstream's gateway puts it there.
const TOKEN: &str = "oidcidentitytoken";

/// The service.
pub(crate) fn services(app: App) -> GrpcServices {
    let server = CaServer::new(Doors(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    GrpcServices::default().with("fulcio", server)
}

struct Doors(App);

#[tonic::async_trait]
impl Ca for Doors {
    async fn create_signing_certificate(
        &self,
        request: Request<CreateSigningCertificateRequest>,
    ) -> Result<Response<SigningCertificate>, Status> {
        let (metadata, _, message) = request.into_parts();
        let issued = self.0.issue(into_request(message, &metadata)).await;
        let issued = issued.map_err(rpc::Status::from)?;
        let chain = Some(CertificateChain { certificates: signing_cert::chain(&issued) });
        let signed = Signed::SignedCertificateEmbeddedSct(SigningCertificateEmbeddedSct { chain });
        Ok(Response::new(SigningCertificate { certificate: Some(signed) }))
    }

    async fn get_trust_bundle(
        &self,
        _: Request<GetTrustBundleRequest>,
    ) -> Result<Response<TrustBundle>, Status> {
        let certificates = self.0.chain().iter().map(Certificate::to_pem).collect();
        Ok(Response::new(TrustBundle { chains: vec![CertificateChain { certificates }] }))
    }

    async fn get_configuration(
        &self,
        _: Request<GetConfigurationRequest>,
    ) -> Result<Response<Configuration>, Status> {
        let issuers = configuration::issuers(&self.0).map(message).collect();
        Ok(Response::new(Configuration { issuers }))
    }
}

/// The message goes before the metadata, as the body goes before the header.
fn into_request(message: CreateSigningCertificateRequest, metadata: &MetadataMap) -> IssueRequest {
    let in_message = message.credentials.and_then(|credentials| credentials.credentials);
    let in_message = in_message.map(|Credentials::OidcIdentityToken(token)| token);
    let token = in_message.filter(|token| !token.is_empty()).unwrap_or_else(|| bearer(metadata));
    let evidence = match message.key {
        Some(Key::CertificateSigningRequest(csr)) if !csr.is_empty() => {
            Evidence::SigningRequest(csr)
        }
        Some(Key::PublicKeyRequest(request)) => {
            let key = request.public_key.unwrap_or_default().content.into_bytes();
            Evidence::PublicKey { key, proof: request.proof_of_possession }
        }
        _ => Evidence::PublicKey { key: Vec::new(), proof: Vec::new() },
    };
    IssueRequest { token, evidence }
}

/// The token of the metadata. Two are none: which of them did the caller mean?
fn bearer(metadata: &MetadataMap) -> String {
    let mut values = metadata.get_all(TOKEN).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(token), None) => token.to_owned(),
        _ => String::new(),
    }
}

fn message(issuer: configuration::OidcIssuer) -> OidcIssuer {
    let url = issuer.issuer_url.map(oidc_issuer::Issuer::IssuerUrl);
    let wildcard = issuer.wildcard_issuer_url.map(oidc_issuer::Issuer::WildcardIssuerUrl);
    OidcIssuer {
        issuer: url.or(wildcard),
        audience: issuer.audience,
        challenge_claim: issuer.challenge_claim,
        spiffe_trust_domain: issuer.spiffe_trust_domain,
        issuer_type: issuer.issuer_type,
        subject_domain: issuer.subject_domain,
        skip_email_verification: issuer.skip_email_verification,
    }
}
