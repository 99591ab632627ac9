//! An authority in a throw-away folder, with an identity provider and a CT log that are played.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use fulcio_lite::{CaFolder, Config, EmbeddedIssuer, Ports, Server};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jsonwebtoken::{EncodingKey, Header};
use lite_identity::{Algorithm, KeySet};
use lite_issuer::Issuer;
use lite_issuer::ports::{CtLog, CtLogError, IssuerKeys, KeySource, KeySourceError};
use lite_keys::{KeyKind, PublicKey, SigningKey};
use lite_pki::{Certificate, CtEntry, Sct};
use lite_time::{Clock, ManualClock, Time};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const ISSUER: &str = "http://localhost:7070/oidc";
pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const NOW: i64 = 1_800_000_000;

/// An identity provider that signs with RS256, as most do.
pub(crate) struct Idp {
    pub(crate) pair: &'static KeyPair,
    signer: EncodingKey,
    pub(crate) kid: &'static str,
}

impl Idp {
    pub(crate) fn new(kid: &'static str) -> Self {
        Self::of(Box::leak(Box::new(KeyPair::generate(KeySize::Rsa2048).unwrap())), kid)
    }

    /// The one that an authority has embedded: RSA keys take long to make, and this one need not change.
    fn embedded() -> Self {
        static PAIR: OnceLock<KeyPair> = OnceLock::new();
        Self::of(PAIR.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap()), "embedded")
    }

    fn of(pair: &'static KeyPair, kid: &'static str) -> Self {
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // The PKCS#1 key is the octet string at the end of this PKCS#8 one.
        let signer = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
        Self { pair, signer, kid }
    }

    pub(crate) fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let n = B64.encode(public.modulus().big_endian_without_leading_zero());
        let e = B64.encode(public.exponent().big_endian_without_leading_zero());
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e})
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet::parse(json!({"keys": [self.jwk()]}).to_string().as_bytes()).unwrap()
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.kid.to_owned()),
            ..Header::new(jsonwebtoken::Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, claims, &self.signer).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        self.sign(&claims())
    }
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "sigstore", "sub": "7", "exp": NOW + 300, "iat": NOW,
           "email": ADA, "email_verified": true})
}

struct Embedded(IssuerKeys);

impl KeySource for Embedded {
    fn keys(&self, _: &Issuer, _: Option<&str>) -> Result<IssuerKeys, KeySourceError> {
        Ok(self.0.clone())
    }
}

/// A CT log that remembers what it was given.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) submitted: Arc<Mutex<Vec<Certificate>>>,
    pub(crate) broken: Option<CtLogError>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let key = Arc::new(SigningKey::generate(KeyKind::EcdsaP256));
        Self { key, submitted: Arc::default(), broken: None }
    }
}

impl CtLog for Log {
    fn submit(&self, chain: &[Certificate]) -> Result<Sct, CtLogError> {
        self.submitted.lock().unwrap().push(chain[0].clone());
        if let Some(why) = self.broken {
            return Err(why);
        }
        let entry = CtEntry::of_precertificate(&chain[0], &chain[1]).unwrap();
        Ok(Sct::sign(&self.key, u64::try_from(NOW * 1000).unwrap(), Vec::new(), &entry).unwrap())
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public()
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) idp: Idp,
    pub(crate) log: Log,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The certificates of a v2 answer.
    #[track_caller]
    pub(crate) fn chain(&self) -> Vec<Certificate> {
        assert_eq!(self.status, 200, "{}", self.body);
        let json = self.json();
        let chain = json["signedCertificateEmbeddedSct"]["chain"]["certificates"]
            .as_array()
            .unwrap()
            .clone();
        chain.iter().map(|pem| Certificate::from_pem(pem.as_str().unwrap()).unwrap()).collect()
    }
}

pub(crate) fn world() -> World {
    world_with(Log::new(), |_| {})
}

pub(crate) fn world_with(log: Log, change: impl FnOnce(&mut Config)) -> World {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Time::from_secs(NOW)));
    let idp = Idp::embedded();
    let mut config = Config::new(dir.path().join("fulcio"), "http://localhost:7070");
    change(&mut config);
    let folder = CaFolder::open(&config, clock.now()).unwrap();
    let keys = IssuerKeys { keys: Arc::new(idp.keys()), algorithms: Arc::new([Algorithm::Rs256]) };
    let embedded = EmbeddedIssuer {
        issuer: Issuer::siglite(ISSUER, "sigstore"),
        keys: Arc::new(Embedded(keys)),
    };
    let ports = Ports { ct_log: Box::new(log.clone()), embedded: vec![embedded] };
    let server = Server::open(config, folder, clock.clone(), ports).unwrap();
    World { server, idp, log, clock, dir }
}

/// Writes an issuers' file and points the configuration at it.
pub(crate) fn issuers_file(dir: &Path, issuers: &Value) -> impl FnOnce(&mut Config) + use<> {
    let path = dir.join("issuers.json");
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&path, issuers.to_string()).unwrap();
    move |config| config.issuers_file = Some(path)
}

impl World {
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body.into()).unwrap();
        let response = self.server.router().oneshot(request).await.unwrap();
        let status = response.status();
        let content_type = response.headers().get("content-type");
        let content_type =
            content_type.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, content_type, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn post(&self, token: &str, body: &Value) -> Answer {
        self.ask(Method::POST, "/api/v2/signingCert", token, body.to_string()).await
    }

    pub(crate) fn submissions(&self) -> usize {
        self.log.submitted.lock().unwrap().len()
    }

    pub(crate) fn journal(&self) -> Vec<Value> {
        let path = self.dir.path().join("fulcio/journal/issuance.jsonl");
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A v2 body with this key and a proof over `name`.
pub(crate) fn key_request(key: &SigningKey, name: &str) -> Value {
    let proof = key.sign(key.kind().default_hash(), name.as_bytes()).unwrap();
    json!({"publicKeyRequest": {
        "publicKey": {"algorithm": "ECDSA", "content": key.public().to_pem()},
        "proofOfPossession": STANDARD.encode(proof),
    }})
}

pub(crate) fn p256() -> SigningKey {
    SigningKey::generate(KeyKind::EcdsaP256)
}
