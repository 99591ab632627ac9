//! `dev.sigstore.rekor.v2.Rekor` in gRPC: the doors of `http`, for messages that need no JSON.

use axum::extract::{Request as HttpRequest, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response as HttpResponse;
use lite_bundle::{Object, TransparencyLogEntry};
use lite_grpc::MAX_MESSAGE;
use lite_grpc::api::HttpBody;
use lite_grpc::common::v1::LogId;
use lite_grpc::rekor::v1::{
    self, Checkpoint, InclusionProof, KindVersion, TransparencyLogEntry as EntryMessage,
};
use lite_grpc::rekor::v2::create_entry_request::Spec;
use lite_grpc::rekor::v2::rekor_server::{Rekor, RekorServer};
use lite_grpc::rekor::v2::{self, CreateEntryRequest, EntryBundleRequest, TileRequest, verifier};
use lite_http::grpc::{GrpcServices, refusal};
use lite_http::rpc::{self, Base64Bytes};
use lite_keys::KeyDetails;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::entry;
use crate::http::create_entry::append;
use crate::http::error::ApiError;
use crate::http::reads;
use crate::request::{self, Details};

/// The service. A message may be as long as the body of a request in JSON.
pub(crate) fn services(app: &App) -> GrpcServices {
    let server = RekorServer::new(Doors(app.clone()))
        .max_decoding_message_size(app.limits.max_body_bytes.min(MAX_MESSAGE))
        .max_encoding_message_size(MAX_MESSAGE);
    let memory = from_fn_with_state(app.clone(), within_memory);
    GrpcServices::default().with("rekor", server).map(|router| router.layer(memory))
}

/// Bodies of all requests share their memory, whatever they are written in.
async fn within_memory(State(app): State<App>, request: HttpRequest, next: Next) -> HttpResponse {
    let Some(_memory) = app.limits.body_memory.reserve(&request) else {
        return refusal(status(ApiError::Busy));
    };
    next.run(request).await
}

struct Doors(App);

#[tonic::async_trait]
impl Rekor for Doors {
    async fn create_entry(
        &self,
        request: Request<CreateEntryRequest>,
    ) -> Result<Response<EntryMessage>, Status> {
        let request = request_of(request.into_inner());
        let entry = append(&self.0, move |rules| entry::leaf_of_request(request, rules)).await;
        Ok(Response::new(message_of(entry.map_err(status)?)))
    }

    async fn get_tile(&self, request: Request<TileRequest>) -> Result<Response<HttpBody>, Status> {
        let TileRequest { l, n } = request.into_inner();
        self.read(&format!("tile/{l}/{n}")).await
    }

    async fn get_entry_bundle(
        &self,
        request: Request<EntryBundleRequest>,
    ) -> Result<Response<HttpBody>, Status> {
        self.read(&format!("tile/entries/{}", request.into_inner().n)).await
    }

    async fn get_checkpoint(&self, _: Request<()>) -> Result<Response<HttpBody>, Status> {
        let note = self.0.log.checkpoint().checkpoint.to_string();
        Ok(Response::new(body("text/plain; charset=utf-8", note.into_bytes())))
    }
}

impl Doors {
    async fn read(&self, path: &str) -> Result<Response<HttpBody>, Status> {
        let bytes = reads::read(&self.0.log, &self.0.limits.readers, path).await.map_err(status)?;
        Ok(Response::new(body("application/octet-stream", bytes)))
    }
}

fn body(content_type: &str, data: Vec<u8>) -> HttpBody {
    HttpBody { content_type: content_type.to_owned(), data, extensions: Vec::new() }
}

fn status(error: ApiError) -> Status {
    rpc::Status::from(error).into()
}

/// The request in the shape that the JSON door reads: from here on, both are one.
fn request_of(message: CreateEntryRequest) -> request::CreateEntryRequest {
    let mut request =
        request::CreateEntryRequest { hashed_rekord_request_v002: None, dsse_request_v002: None };
    match message.spec {
        Some(Spec::HashedRekordRequestV002(spec)) => {
            let digest = Some(Base64Bytes(spec.digest));
            let signature = spec.signature.map(signature);
            request.hashed_rekord_request_v002 =
                Some(Object(request::HashedRekordRequest { digest, signature }));
        }
        #[expect(deprecated, reason = "clients of 2025 send it")]
        Some(Spec::DsseRequestV002(spec)) => {
            let envelope = spec.envelope.map(|envelope| {
                let one = |signature: lite_grpc::intoto::Signature| {
                    Object(request::EnvelopeSignature {
                        sig: Some(Base64Bytes(signature.sig)),
                        _keyid: None,
                    })
                };
                Object(request::Envelope {
                    payload: Some(Base64Bytes(envelope.payload)),
                    payload_type: Some(envelope.payload_type),
                    signatures: Some(envelope.signatures.into_iter().map(one).collect()),
                })
            });
            let verifiers = Some(spec.verifiers.into_iter().map(known).collect());
            request.dsse_request_v002 = Some(Object(request::DsseRequest { envelope, verifiers }));
        }
        None => {}
    }
    request
}

fn signature(signature: v2::Signature) -> Object<request::Signature> {
    let content = Some(Base64Bytes(signature.content));
    Object(request::Signature { content, verifier: signature.verifier.map(known) })
}

fn known(verifier: v2::Verifier) -> Object<request::Verifier> {
    let raw = |bytes| Some(Object(request::RawBytes { raw_bytes: Some(Base64Bytes(bytes)) }));
    let (public_key, x509_certificate) = match verifier.verifier {
        Some(verifier::Verifier::PublicKey(key)) => (raw(key.raw_bytes), None),
        Some(verifier::Verifier::X509Certificate(one)) => (None, raw(one.raw_bytes)),
        None => (None, None),
    };
    let key_details = Some(Details(KeyDetails::from_number(verifier.key_details.into())));
    Object(request::Verifier { public_key, x509_certificate, key_details })
}

/// An index or a size as the message has it. A log of 2^63 entries is no log of ours.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn message_of(entry: TransparencyLogEntry) -> EntryMessage {
    let proof = entry.inclusion_proof.map(|proof| InclusionProof {
        log_index: signed(proof.log_index),
        root_hash: proof.root_hash,
        tree_size: signed(proof.tree_size),
        hashes: proof.hashes,
        checkpoint: proof.checkpoint.map(|envelope| Checkpoint { envelope }),
    });
    v1::TransparencyLogEntry {
        log_index: signed(entry.log_index),
        log_id: Some(LogId { key_id: entry.log_id }),
        kind_version: Some(KindVersion { kind: entry.kind, version: entry.version }),
        // Version 2 promises no time: the timestamp of the signature says when.
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: proof,
        canonicalized_body: entry.canonicalized_body,
    }
}
