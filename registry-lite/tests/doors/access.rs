//! Who may do what.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lite_identity::KeySet;
use registry_lite::{Auth, Config, IssuerKeys, KeySource, OpenError, Server};
use serde_json::json;

use crate::support::{Answer, NOW, Registry};

const ISSUER: &str = "https://issuer.example";

/// An issuer with one key, and its tokens.
struct Issuer {
    key: EncodingKey,
    public: Vec<u8>,
}

impl Issuer {
    fn new() -> Self {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let document = pair.to_pkcs8v1().unwrap();
        let key = EncodingKey::from_ec_der(document.as_ref());
        Self { key, public: pair.public_key().as_ref().to_vec() }
    }

    fn token(&self, change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": "sigstore",
            "exp": NOW.secs() + 600, "iat": NOW.secs(),
        });
        change(&mut claims);
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key).unwrap()
    }

    fn source(&self) -> Arc<dyn KeySource> {
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let set = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
            "x": number(&self.public[1..33]), "y": number(&self.public[33..]),
        }] });
        Arc::new(Keys(KeySet::parse(set.to_string().as_bytes()).unwrap().into()))
    }
}

struct Keys(Arc<KeySet>);

impl KeySource for Keys {
    fn keys(&self, _: Option<&str>) -> Option<IssuerKeys> {
        let algorithms = [lite_identity::Algorithm::Es256].into();
        Some(IssuerKeys { keys: Arc::clone(&self.0), algorithms })
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

async fn as_(registry: &Registry, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
    registry.send(method, path, &headers, "").await
}

fn tokens(change: impl FnOnce(&mut Config)) -> (Registry, Issuer) {
    let issuer = Issuer::new();
    let with = |config: &mut Config| {
        config.auth = Auth::Tokens;
        config.issuer = Some(ISSUER.to_owned());
        change(config);
    };
    (Registry::with(with, Some(issuer.source())), issuer)
}

async fn bearer(registry: &Registry, authorization: Option<&str>, scope: &str) -> Option<String> {
    let path = format!("/v2/_token?service=localhost:7077&{scope}");
    let answer = as_(registry, "GET", &path, authorization).await;
    let answer = (answer.status == 200).then(|| answer.json())?;
    assert_eq!(
        (&answer["token"], answer["expires_in"].as_u64()),
        (&answer["access_token"], Some(300))
    );
    Some(format!("Bearer {}", answer["token"].as_str()?))
}

#[tokio::test]
async fn a_file_of_users_lets_in_its_users() {
    let users = tempfile::tempdir().unwrap();
    let path = users.path().join("users");
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&path, format!("alice:{}\n", bcrypt::hash("secret", 4).unwrap())).unwrap();
    let registry = Registry::with(|config| config.auth = Auth::Htpasswd(path), None);
    for wrong in [
        None,
        Some(basic("alice", "wrong")),
        Some(basic("eve", "secret")),
        Some("Basic !".into()),
        Some("Bearer x".into()),
    ] {
        for (method, path) in [
            ("GET", "/v2/"),
            ("GET", "/v2/a/tags/list"),
            ("POST", "/v2/a/blobs/uploads/"),
            ("GET", "/v2/_catalog"),
        ] {
            let answer = as_(&registry, method, path, wrong.as_deref()).await;
            Registry::refused(&answer, 401, "UNAUTHORIZED");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"siglite registry\"");
        }
        assert_eq!(as_(&registry, "GET", "/registry", wrong.as_deref()).await.status, 401);
    }
    let alice = basic("alice", "secret");
    assert_eq!(as_(&registry, "GET", "/v2/", Some(&alice)).await.status, 200);
    assert_eq!(as_(&registry, "POST", "/v2/a/blobs/uploads/", Some(&alice)).await.status, 202);
    assert_eq!(as_(&registry, "GET", "/registry", Some(&alice)).await.status, 200);
    assert_eq!(as_(&registry, "GET", "/v2/_token", Some(&alice)).await.status, 404);
}

#[tokio::test]
async fn an_id_token_is_exchanged_for_a_bearer_of_what_was_asked_for() {
    let (registry, issuer) = tokens(|_| {});
    let challenged = as_(&registry, "POST", "/v2/team/app/blobs/uploads/", None).await;
    Registry::refused(&challenged, 401, "UNAUTHORIZED");
    assert_eq!(
        challenged.header("www-authenticate"),
        "Bearer realm=\"http://localhost:7077/v2/_token\",service=\"localhost:7077\",\
         scope=\"repository:team/app:pull,push\""
    );
    let alice = basic("whoever", &issuer.token(|_| {}));
    let bearer =
        bearer(&registry, Some(&alice), "scope=repository:team/app:pull,push").await.unwrap();
    let try_ = async |method: &str, path: &str| {
        as_(&registry, method, path, Some(&bearer)).await.status.as_u16()
    };
    assert_eq!(try_("GET", "/v2/").await, 200);
    assert_eq!(try_("POST", "/v2/team/app/blobs/uploads/").await, 202);
    assert_eq!(try_("GET", "/v2/team/app/manifests/x").await, 404);
    assert_eq!(try_("DELETE", "/v2/team/app/manifests/x").await, 401);
    assert_eq!(try_("POST", "/v2/team/other/blobs/uploads/").await, 401);
    assert_eq!(try_("GET", "/v2/_catalog").await, 401);
    registry.pass(Duration::from_secs(300));
    let over = as_(&registry, "GET", "/v2/team/app/manifests/x", Some(&bearer)).await;
    assert!(over.header("www-authenticate").ends_with("error=\"invalid_token\""));
    // The ID token itself is no bearer.
    let direct = format!("Bearer {}", issuer.token(|_| {}));
    assert_eq!(as_(&registry, "GET", "/v2/", Some(&direct)).await.status, 401);
}

#[tokio::test]
async fn the_oauth_form_takes_an_id_token_too() {
    let (registry, issuer) = tokens(|_| {});
    let form = format!(
        "grant_type=refresh_token&service=x&client_id=y&scope=repository%3Aa%3Apull&refresh_token={}",
        issuer.token(|_| {})
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = registry.send("POST", "/v2/_token", &headers, form).await;
    assert_eq!(answer.status, 200);
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    assert_eq!(as_(&registry, "GET", "/v2/a/manifests/x", Some(&bearer)).await.status, 404);
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_nobodys() {
    let (registry, issuer) = tokens(|config| config.anonymous_pull = true);
    let past = |claims: &mut serde_json::Value| claims["exp"] = json!(NOW.secs() - 1);
    for token in [
        Issuer::new().token(|_| {}),
        issuer.token(past),
        issuer.token(|claims| claims["aud"] = json!("another")),
        issuer.token(|claims| claims["iss"] = json!("https://other.example")),
        "x".to_owned(),
        String::new(),
    ] {
        let given = basic("alice", &token);
        let answer =
            as_(&registry, "GET", "/v2/_token?scope=repository:a:pull", Some(&given)).await;
        Registry::refused(&answer, 401, "UNAUTHORIZED");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="));
        assert_eq!(as_(&registry, "GET", "/registry", Some(&given)).await.status, 401);
    }
    let alice = basic("alice", &issuer.token(|_| {}));
    assert_eq!(as_(&registry, "GET", "/registry", Some(&alice)).await.status, 200);
}

#[tokio::test]
async fn anonymous_pulls_are_pulls_and_nothing_more() {
    let (registry, _) = tokens(|config| config.anonymous_pull = true);
    // Clients learn at the base whether a name could be needed.
    assert_eq!(as_(&registry, "GET", "/v2/", None).await.status, 401);
    assert_eq!(as_(&registry, "GET", "/v2/a/manifests/x", None).await.status, 404);
    assert_eq!(as_(&registry, "GET", "/registry", None).await.status, 200);
    let bearer = bearer(&registry, None, "scope=repository:a:pull,push").await.unwrap();
    let bearer = Some(bearer.as_str());
    assert_eq!(as_(&registry, "GET", "/v2/a/manifests/x", bearer).await.status, 404);
    for (method, path) in [
        ("POST", "/v2/a/blobs/uploads/"),
        ("PUT", "/v2/a/manifests/x"),
        ("DELETE", "/v2/a/manifests/x"),
        ("GET", "/v2/a/blobs/uploads/0"),
    ] {
        assert_eq!(as_(&registry, method, path, None).await.status, 401, "{method} {path}");
        assert_eq!(as_(&registry, method, path, bearer).await.status, 401, "{method} {path}");
    }
    let (closed, _) = tokens(|_| {});
    assert_eq!(as_(&closed, "GET", "/v2/_token?scope=repository:a:pull", None).await.status, 401);
    assert_eq!(as_(&closed, "GET", "/registry", None).await.status, 401);
}

#[tokio::test]
async fn nothing_is_mounted_from_where_the_caller_may_not_read() {
    let (registry, issuer) = tokens(|_| {});
    let alice = basic("alice", &issuer.token(|_| {}));
    let of = async |scope: &str| bearer(&registry, Some(&alice), scope).await.unwrap();
    let push = of("scope=repository:a:pull,push").await;
    let digest = lite_oci::Digest::sha256(b"blob");
    let path = format!("/v2/a/blobs/uploads/?digest={digest}");
    let headers = [("authorization", push.as_str())];
    assert_eq!(registry.send("POST", &path, &headers, "blob").await.status, 201);
    let mount = format!("/v2/b/blobs/uploads/?mount={digest}&from=a");
    let only_b = of("scope=repository:b:pull,push").await;
    assert_eq!(as_(&registry, "POST", &mount, Some(&only_b)).await.status, 202);
    let both = of("scope=repository:b:pull,push&scope=repository:a:pull").await;
    assert_eq!(as_(&registry, "POST", &mount, Some(&both)).await.status, 201);
}

#[tokio::test]
async fn a_web_page_cannot_push_into_an_open_registry() {
    let registry = Registry::new();
    let origin = [("origin", "https://evil.example")];
    let path = format!("/v2/a/blobs/uploads/?digest={}", lite_oci::Digest::sha256(b"x"));
    let answer = registry.send("POST", &path, &origin, "x").await;
    Registry::refused(&answer, 403, "DENIED");
    assert_eq!(registry.send("GET", "/v2/a/manifests/x", &origin, "").await.status, 404);
}

#[test]
fn an_open_registry_is_not_reached_from_elsewhere_by_accident() {
    let check = |addresses: &[&str], auth: &Auth, insecure: bool| {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path(), "http://localhost:7077");
        config.auth = auth.clone();
        config.insecure_anonymous = insecure;
        config.issuer = Some(ISSUER.to_owned());
        let clock = Arc::new(lite_time::ManualClock::at(NOW));
        let server = Server::open(&config, clock, Some(Issuer::new().source())).unwrap();
        let addresses: Vec<_> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        server.check_listen(&addresses)
    };
    assert!(check(&["127.0.0.1:1", "[::1]:1"], &Auth::None, false).is_ok());
    for far in ["0.0.0.0:1", "10.0.0.1:1", "[::]:1"] {
        let refused = check(&["127.0.0.1:1", far], &Auth::None, false);
        assert!(matches!(refused, Err(OpenError::Anonymous(found)) if found.to_string() == far));
        assert!(check(&[far], &Auth::None, true).is_ok());
        assert!(check(&[far], &Auth::Tokens, false).is_ok());
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused_by_name() {
    let open = |change: fn(&mut Config)| {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path(), "http://localhost:7077");
        change(&mut config);
        Server::open(&config, Arc::new(lite_time::ManualClock::at(NOW)), None).err().unwrap()
    };
    assert!(matches!(open(|config| config.auth = Auth::Tokens), OpenError::Issuer));
    let nowhere = |config: &mut Config| config.auth = Auth::from("/nowhere".to_owned());
    assert!(matches!(open(nowhere), OpenError::Htpasswd(_)));
    assert!(matches!(open(|config| config.public_url = "localhost".into()), OpenError::Url(_)));
}
