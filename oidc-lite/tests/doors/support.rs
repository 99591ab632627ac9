//! One identity provider with one person, one machine and a clock that stands still.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use lite_time::{ManualClock, Time};
use oidc_lite::{Config, Server};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use url::form_urlencoded;

pub(crate) const ISSUER: &str = "http://localhost:7070/oidc";
pub(crate) const EMAIL: &str = "alice@example.com";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CALLBACK: &str = "http://localhost:41237/auth/callback";
pub(crate) const OOB: &str = "urn:ietf:wg:oauth:2.0:oob";
/// RFC 7636, Appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Router,
    pub(crate) secret: String,
    pub(crate) dir: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> World {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_secs(START)));
        let mut config = Config::new(ISSUER, dir.path().join("oidc"));
        change(&mut config);
        let server = Server::open(config, clock.clone()).unwrap();
        let now = Time::from_secs(START);
        server.accounts().add_person(EMAIL, PASSWORD, now).unwrap();
        let secret = server.accounts().add_machine("build-bot", now).unwrap().to_string();
        let router = server.router();
        World { server, clock, router, secret, dir }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: Vec::new() }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A form sent by a program.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(post(path, fields)).await
    }

    /// Redeems a code as stock clients do, with `changes` to the form.
    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let fields = changed(
            &[
                ("grant_type", "authorization_code"),
                ("client_id", "sigstore"),
                ("code", code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ],
            changes,
        );
        self.post("/token", &pairs(&fields)).await
    }
}

/// A form, with an absent value for each empty one.
pub(crate) fn post(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

/// `base` with some fields replaced or added; the value `-` removes one.
pub(crate) fn changed(base: &[(&str, &str)], changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = base
        .iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name))
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    let added = changes.iter().filter(|(_, value)| *value != "-");
    fields.extend(added.map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    fields
}

pub(crate) fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()
}

/// `/auth?…` as cosign asks it, with `changes`.
pub(crate) fn auth_path(changes: &[(&str, &str)]) -> String {
    let fields = changed(
        &[
            ("access_type", "online"),
            ("client_id", "sigstore"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("nonce", "n-0S6"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "s+t/a=t&e"),
        ],
        changes,
    );
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(&fields)).finish();
    format!("/auth?{query}")
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    /// The value of the field `name`.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&start).expect("the page has the field");
        rest.split('"').next().unwrap().to_owned()
    }

    /// A parameter of the address this answer redirects to.
    #[track_caller]
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let (_, query) = self.header("location").split_once('?').expect("a query");
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    }

    /// The claims of the one token in this answer, after its signature was verified by another
    /// library with the published keys.
    #[track_caller]
    pub(crate) fn claims(&self, world: &World) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let answer = self.json();
        assert_eq!(answer["token_type"], "bearer");
        assert_eq!(answer["id_token"], answer["access_token"]);
        let jwt = answer["id_token"].as_str().unwrap();

        let header = jsonwebtoken::decode_header(jwt).unwrap();
        let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&world.server.jwks()).unwrap();
        let key = keys.find(&header.kid.expect("a key ID")).expect("a published key");
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        rules.set_audience(&["sigstore"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        // Its clock is the machine's, and ours stands still.
        rules.validate_exp = false;
        let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(jwt, &key, &rules).expect("it verifies").claims
    }
}

pub(crate) fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A browser: it keeps cookies, and says where its requests come from.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("sec-fetch-site", "none");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form of a page of ours.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = post(path, fields);
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        request.headers_mut().insert("origin", "null".parse().unwrap());
        self.send(request).await
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if !self.cookies.is_empty() {
            let line: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            request.headers_mut().insert(header::COOKIE, line.join("; ").parse().unwrap());
        }
        let answer = self.world.send(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            for word in ["HttpOnly", "SameSite=Lax", "Path=/oidc"] {
                assert!(cookie.contains(word), "{cookie}");
            }
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// Opens the login page and signs in.
    pub(crate) async fn log_in(&mut self, auth: &str, more: &[(&str, &str)]) -> Answer {
        let page = self.get(auth).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let ticket = page.field("ticket");
        let base = [
            ("ticket", ticket.as_str()),
            ("action", "password"),
            ("email", EMAIL),
            ("password", PASSWORD),
        ];
        let fields = changed(&base, more);
        self.submit("/auth/login", &pairs(&fields)).await
    }
}

/// A fresh code for the standard request.
pub(crate) async fn code(world: &World) -> String {
    world.browser().log_in(&auth_path(&[]), &[]).await.sent("code").unwrap()
}
