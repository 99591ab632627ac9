//! The doors, each refusal of them, and `openssl ts` as the judge of what comes out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use lite_keys::HashAlgorithm;
use lite_pki::Certificate;
use lite_pki::timestamp::{TimestampRequest, TimestampResponse, TrustedAuthority};
use lite_time::{ManualClock, Time};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use tsa_lite::{Config, Curve, OpenError, Server};

const NOW: Time = Time::from_millis(1_790_000_000_500);
const MESSAGE: &[u8] = b"a signature";
const DER: &str = "application/timestamp-query";
const JSON: &str = "application/json";

struct Stand {
    server: Option<Server>,
    clock: Arc<ManualClock>,
    config: Config,
    _dir: TempDir,
}

impl Stand {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("tsa"), "http://localhost:7070/");
        change(&mut config);
        let clock = Arc::new(ManualClock::at(NOW));
        let server = Some(Server::open(&config, clock.clone()).unwrap());
        Self { server, clock, config, _dir: dir }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        self.server = None;
        self.server = Some(Server::open(&self.config, self.clock.clone())?);
        Ok(())
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let router = self.server().router().merge(self.server().standalone());
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, to_bytes(body, 1 << 22).await.unwrap().to_vec())
    }

    async fn post(&self, kind: &str, body: impl Into<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::post("/api/v1/timestamp").header("content-type", kind);
        self.send(request.body(body.into()).unwrap()).await
    }

    #[track_caller]
    fn verify(&self, response: &[u8]) -> Time {
        let trusted = TrustedAuthority {
            chain: self.server().chain().to_vec(),
            valid_from: None,
            valid_until: None,
        };
        let response = TimestampResponse::from_der(response).unwrap();
        response.verify(MESSAGE, &trusted).unwrap().time
    }

    /// Posts, and expects this status and message of upstream's error shape.
    async fn refuse(&self, kind: &str, body: impl Into<Body>, code: u16, message: &str) {
        let (status, headers, body) = self.post(kind, body).await;
        assert_eq!(headers["content-type"], "application/json");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status.as_u16(), body), (code, json!({ "code": code, "message": message })));
    }
}

fn request() -> TimestampRequest {
    TimestampRequest::of_message(HashAlgorithm::Sha256, MESSAGE)
}

fn json_request() -> Value {
    use base64::Engine as _;
    let digest = HashAlgorithm::Sha256.digest(MESSAGE);
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    json!({ "artifactHash": digest, "hashAlgorithm": "sha256" })
}

/// sigstore-js in a browser: a page of another origin asks first, because its media type is not one
/// of a form's.
#[tokio::test]
async fn a_page_of_any_origin_may_ask() {
    let stand = Stand::new();
    let from_page =
        || Request::builder().uri("/api/v1/timestamp").header("origin", "http://page.example");
    let first = from_page().method("OPTIONS").header("access-control-request-method", "POST");
    let (status, headers, _) = stand.send(first.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("Content-Type"));
    let then = from_page().method("POST").header("content-type", DER);
    let (status, headers, body) = stand.send(then.body(request().to_der().into()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-origin"], "*");
    stand.verify(&body);
    let bare = Request::builder().method("OPTIONS").uri("/api/v1/timestamp");
    let (status, headers, _) = stand.send(bare.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn stamps_der_whatever_the_parameters_of_its_media_type() {
    let stand = Stand::new();
    for kind in [DER, "Application/Timestamp-Query; charset=utf-8", "application/timestamp-query;"]
    {
        let (status, headers, body) = stand.post(kind, request().to_der()).await;
        assert_eq!(status, 200, "{kind}");
        assert_eq!(headers["content-type"], "application/timestamp-reply");
        assert!(headers["cache-control"].to_str().unwrap().contains("no-store"));
        assert_eq!(stand.verify(&body), NOW.floor_to_second());
    }
}

#[tokio::test]
async fn stamps_the_json_of_sigstore_js() {
    let stand = Stand::new();
    let (status, _, body) = stand.post(JSON, json_request().to_string()).await;
    assert_eq!(status, 200);
    stand.verify(&body);

    let mut all = json_request();
    all["hashAlgorithm"] = "SHA256".into();
    all["certificates"] = true.into();
    all["tsaPolicyOID"] = "1.3.6.1.4.1.57264.2".into();
    all["somethingNew"] = 1.into();
    let text = all.to_string().replacen('{', "{\"nonce\":18446744073709551616,", 1);
    let (status, _, body) = stand.post(JSON, text).await;
    assert_eq!(status, 200);
    stand.verify(&body);
    let response = TimestampResponse::from_der(&body).unwrap();
    assert_eq!(response.nonce(), Some(&[1, 0, 0, 0, 0, 0, 0, 0, 0][..]));
    assert_eq!(response.certificates(), &stand.server().chain()[..1]);
}

#[tokio::test]
async fn refuses_der_by_reason() {
    let stand = Stand::new();
    let generating = "Error generating timestamp response";
    stand.refuse(DER, "", 400, generating).await;
    stand.refuse(DER, "hello", 400, generating).await;
    stand.refuse(DER, [request().to_der(), vec![0]].concat(), 400, generating).await;
    stand.refuse(DER, vec![0x30; 5000], 400, "timestamp request is too large").await;
    stand.refuse(DER, vec![0x30; (1 << 20) + 1], 413, "timestamp request is too large").await;
    let mut short = request();
    short.digest.truncate(20);
    let length = "Message digest has incorrect length for specified algorithm";
    stand.refuse(DER, short.to_der(), 400, length).await;
    let mut other = request();
    other.policy = Some("1.2.3.4".parse().unwrap());
    let policy = "unaccepted policy: requested TSA policy is not supported by the TSA";
    stand.refuse(DER, other.to_der(), 400, policy).await;
    let mut nonce = request();
    nonce.nonce = Some(vec![1; 129]);
    stand.refuse(DER, nonce.to_der(), 400, "timestamp request is too large").await;
    let mut extended = request().to_der();
    extended.extend([0xA0, 0x02, 0x30, 0x00]);
    extended[1] += 4;
    let extension = "unaccepted extension: timestamp requests with extensions are not supported";
    stand.refuse(DER, extended, 400, extension).await;
    // SHA-1, with a digest of its length.
    let mut sha1 =
        vec![0x30, 0x26, 2, 1, 1, 0x30, 0x21, 0x30, 9, 6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0, 4, 20];
    sha1.extend([7; 20]);
    stand.refuse(DER, sha1, 400, "Weak hash algorithm in timestamp request").await;
}

#[tokio::test]
async fn refuses_json_by_reason() {
    let stand = Stand::new();
    let generating = "Error generating timestamp response";
    let with = |member: &str, value: Value| {
        let mut changed = json_request();
        changed[member] = value;
        changed.to_string()
    };
    stand.refuse(JSON, "{", 400, generating).await;
    stand.refuse(JSON, "[]", 400, generating).await;
    stand.refuse(JSON, with("artifactHash", "!".into()), 400, generating).await;
    stand.refuse(JSON, with("nonce", (-1).into()), 400, generating).await;
    stand.refuse(JSON, with("nonce", "1".into()), 400, generating).await;
    let length = "Message digest has incorrect length for specified algorithm";
    stand.refuse(JSON, with("artifactHash", "AAAA".into()), 400, length).await;
    stand.refuse(JSON, with("hashAlgorithm", "sha512".into()), 400, length).await;
    for weak in ["sha1", "md5", ""] {
        let weak = with("hashAlgorithm", weak.into());
        stand.refuse(JSON, weak, 400, "Weak hash algorithm in timestamp request").await;
    }
    let large = with("padding", "x".repeat(1024).into());
    stand.refuse(JSON, large, 400, "timestamp request is too large").await;
    let nonce =
        json_request().to_string().replacen('{', &format!("{{\"nonce\":{},", "9".repeat(400)), 1);
    stand.refuse(JSON, nonce, 400, "timestamp request is too large").await;
    let oid = "OID should be comprised of at most 128 components";
    stand.refuse(JSON, with("tsaPolicyOID", "1.2.x".into()), 400, oid).await;
    let policy = "unaccepted policy: requested TSA policy is not supported by the TSA";
    stand.refuse(JSON, with("tsaPolicyOID", "1.2.3".into()), 400, policy).await;
}

#[tokio::test]
async fn refuses_other_media_types_and_methods() {
    let stand = Stand::new();
    let only =
        "unsupported media type, only [application/json application/timestamp-query] are allowed";
    for kind in ["text/plain", "application/timestamp-queryx", "", "application/json5"] {
        stand.refuse(kind, request().to_der(), 415, only).await;
    }
    for (method, path, allowed) in
        [("GET", "/api/v1/timestamp", "POST"), ("POST", "/api/v1/timestamp/certchain", "GET")]
    {
        let asked = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (status, headers, body) = stand.send(asked).await;
        assert_eq!((status.as_u16(), headers["allow"].to_str().unwrap()), (405, allowed));
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], 405);
    }
}

#[tokio::test]
async fn serves_its_chain_and_answers_pings() {
    let stand = Stand::new();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let (status, headers, body) = stand.send(get("/api/v1/timestamp/certchain")).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/pem-certificate-chain");
    assert_eq!(headers["cache-control"], "max-age=86400, immutable");
    let chain = Certificate::chain_from_pem(std::str::from_utf8(&body).unwrap()).unwrap();
    assert_eq!(chain, stand.server().chain());
    assert!(!chain[0].is_ca() && chain[1].is_self_issued());
    let (status, _, body) = stand.send(get("/ping")).await;
    assert_eq!((status.as_u16(), body.as_slice()), (200, &b"."[..]));
}

#[tokio::test]
async fn time_never_goes_back() {
    let stand = Stand::new();
    let second = Duration::from_secs(1);
    let stamp = async || {
        let (status, _, body) = stand.post(DER, request().to_der()).await;
        assert_eq!(status, 200);
        stand.verify(&body)
    };
    stand.clock.set(NOW.plus(10 * second));
    let latest = stamp().await;
    assert_eq!(latest, NOW.floor_to_second().plus(10 * second));
    // A little back: the latest time stands.
    stand.clock.set(latest.minus(2 * second));
    assert_eq!(stamp().await, latest);
    assert_eq!(stand.server().health(), Ok(()));
    // Further back: no timestamp, and health says why.
    stand.clock.set(latest.minus(2 * second + Duration::from_millis(1)));
    let why = "the clock of the timestamp authority went back";
    stand.refuse(DER, request().to_der(), 503, why).await;
    assert_eq!(stand.server().health(), Err(why.to_owned()));
    // Right again.
    stand.clock.set(latest.plus(second));
    assert_eq!(stamp().await, latest.plus(second));
}

#[tokio::test]
async fn an_authority_that_has_ended_stamps_nothing() {
    let stand = Stand::with(|config| config.validity_years = 1);
    let end = stand.server().chain()[0].not_after();
    stand.clock.set(end);
    assert_eq!(stand.post(DER, request().to_der()).await.0, 200);
    stand.clock.set(end.plus(Duration::from_secs(1)));
    let why = "the certificate of the timestamp authority is not valid now";
    stand.refuse(DER, request().to_der(), 503, why).await;
}

#[test]
fn an_authority_is_made_once_and_its_keys_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut stand = Stand::with(|config| config.curve = Curve::P384);
    let chain = stand.server().chain().to_vec();
    let dir = stand.config.dir.clone();
    for (name, mode) in [("key.pem", 0o600), ("root-key.pem", 0o600), ("chain.pem", 0o644)] {
        let kept = std::fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(kept, mode, "{name}");
    }
    // The root's key is not needed again, and another curve does not make another authority.
    std::fs::remove_file(dir.join("root-key.pem")).unwrap();
    stand.config.curve = Curve::P256;
    stand.clock.advance(Duration::from_secs(86_400));
    stand.reopen().unwrap();
    assert_eq!(stand.server().chain(), chain);
}

#[test]
fn a_published_authority_is_never_made_anew() {
    for lost in ["chain.pem", "key.pem"] {
        let mut stand = Stand::new();
        let path = stand.config.dir.join(lost);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(stand.reopen(), Err(OpenError::Missing(missing)) if missing == path));
    }
}

#[test]
fn a_half_made_authority_is_made_again() {
    let mut stand = Stand::new();
    let dir = stand.config.dir.clone();
    stand.server = None;
    std::fs::remove_dir_all(dir.join("public")).unwrap();
    std::fs::remove_file(dir.join("chain.pem")).unwrap();
    stand.reopen().unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "damage need not be durable")]
fn refuses_to_open_by_reason() {
    let mut stand = Stand::new();
    let held = Server::open(&stand.config, stand.clock.clone());
    assert!(matches!(held, Err(OpenError::Lock(_))));

    stand.clock.set(NOW.minus(Duration::from_secs(3600)));
    assert!(
        matches!(stand.reopen(), Err(OpenError::Authority(_))),
        "the clock is before the chain"
    );
    stand.clock.set(NOW);

    let good = stand.config.clone();
    stand.config.public_url = "localhost:7070".into();
    assert!(matches!(stand.reopen(), Err(OpenError::Url(_))));
    stand.config.public_url.clone_from(&good.public_url);
    for policies in [vec![], vec!["1.2.x".to_owned()]] {
        stand.config.policies = policies;
        assert!(matches!(stand.reopen(), Err(OpenError::Policy(_))));
    }
    stand.config = good;
    std::fs::write(stand.config.dir.join("key.pem"), "no key").unwrap();
    assert!(matches!(stand.reopen(), Err(OpenError::Key { .. })));
    std::fs::write(stand.config.dir.join("chain.pem"), "no chain").unwrap();
    assert!(matches!(stand.reopen(), Err(OpenError::Chain { .. })));
    stand.config.dir = stand.config.dir.join("chain.pem");
    assert!(matches!(stand.reopen(), Err(OpenError::Io { .. })));
}

#[test]
fn the_fragment_says_what_clients_need() {
    let stand = Stand::new();
    let fragment = stand.server().fragment();
    let endpoint = "http://localhost:7070/api/v1/timestamp";
    let [authority] = &fragment.timestamp_authorities[..] else { panic!("one authority") };
    assert_eq!(authority.uri, endpoint);
    let ders: Vec<&[u8]> = stand.server().chain().iter().map(Certificate::der).collect();
    assert_eq!(authority.chain().collect::<Vec<_>>(), ders);
    let window = authority.valid_for.as_ref().unwrap();
    assert!(window.start.unwrap() < NOW.floor_to_second(), "before the first timestamp");
    assert_eq!(window.start, Some(stand.server().chain()[0].not_before()));
    let [service] = &fragment.services.tsa[..] else { panic!("one service") };
    assert_eq!((service.url.as_str(), service.major_api_version), (endpoint, 1));
    let names: Vec<_> = fragment.legacy.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["tsa_leaf.crt.pem", "tsa_root.crt.pem"]);
    assert!(fragment.legacy.iter().all(|target| target.usage == "TSA" && target.uri == endpoint));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a file of a test need not be durable")]
async fn openssl_accepts_our_answers_with_and_without_certificate_and_nonce() {
    let dir = tempfile::tempdir().unwrap();
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: there is no openssl on this machine");
        return;
    }
    for curve in [Curve::P256, Curve::P384] {
        let stand = Stand::with(|config| config.curve = curve);
        let put = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
        put("data", MESSAGE);
        put("leaf.pem", stand.server().chain()[0].to_pem().as_bytes());
        put("root.pem", stand.server().chain()[1].to_pem().as_bytes());
        for (options, untrusted) in [
            ("-cert", ""),
            ("-cert -no_nonce", ""),
            ("", "-untrusted leaf.pem"),
            ("-no_nonce -sha512", "-untrusted leaf.pem"),
        ] {
            openssl(dir.path(), &format!("ts -query -data data {options} -out query.tsq"));
            let query = std::fs::read(dir.path().join("query.tsq")).unwrap();
            let (status, _, answer) = stand.post(DER, query).await;
            assert_eq!(status, 200);
            put("answer.tsr", &answer);
            let verify = format!(
                "ts -verify -in answer.tsr -queryfile query.tsq -CAfile root.pem {untrusted} -attime {}",
                NOW.secs()
            );
            openssl(dir.path(), &verify);
        }
    }
}

#[track_caller]
fn openssl(dir: &Path, words: &str) {
    let output = Command::new("openssl").args(words.split_whitespace()).current_dir(dir).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}
