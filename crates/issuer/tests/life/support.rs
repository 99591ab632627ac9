//! The world around the machine, faked: an identity provider, a CT log, a journal, a clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use lite_identity::{Algorithm, KeySet};
use lite_issuer::algorithms::ClientAlgorithms;
use lite_issuer::ports::{
    CtLog, CtLogError, Event, IssuanceJournal, IssuerKeys, JournalError, KeySource, KeySourceError,
    Randomness,
};
use lite_issuer::{Authority, ConfigFile, Evidence, IssueError, Issued, Issuer, Issuers, Request};
use lite_keys::{KeyKind, PublicKey, SigningKey};
use lite_pki::chain::Purpose;
use lite_pki::hierarchy::{AuthoritySpec, IssuingCa};
use lite_pki::name::AuthorityName;
use lite_pki::{Certificate, CtEntry, Sct};
use lite_time::{Clock, ManualClock, Time};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://accounts.example.com";
pub(crate) const NOW: i64 = 1_800_000_000;

/// An identity provider with one key.
pub(crate) struct Idp {
    pair: EcdsaKeyPair,
}

impl Idp {
    pub(crate) fn new() -> Self {
        Self { pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap() }
    }

    pub(crate) fn keys(&self) -> KeySet {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": B64.encode(x), "y": B64.encode(y)});
        KeySet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut all = json!({"iss": ISSUER, "aud": "sigstore", "exp": NOW + 60});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let part = |value: &Value| B64.encode(value.to_string());
        let input = format!("{}.{}", part(&json!({"alg": "ES256", "kid": "k"})), part(&all));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", B64.encode(signature))
    }
}

pub(crate) struct Keys(pub Result<IssuerKeys, KeySourceError>);

impl KeySource for Keys {
    fn keys(&self, _: &Issuer, _: Option<&str>) -> Result<IssuerKeys, KeySourceError> {
        self.0.clone()
    }
}

/// What the log does with a submission.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    Honest,
    /// It signs something else.
    Forging,
    Silent,
}

#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) mood: Mood,
    pub(crate) submitted: Arc<Mutex<Vec<Vec<Certificate>>>>,
    pub(crate) order: Arc<Mutex<Vec<String>>>,
}

impl CtLog for Log {
    fn submit(&self, chain: &[Certificate]) -> Result<Sct, CtLogError> {
        self.order.lock().unwrap().push("submit".into());
        self.submitted.lock().unwrap().push(chain.to_vec());
        let entry = CtEntry::of_precertificate(&chain[0], &chain[1]).unwrap();
        let at = u64::try_from(NOW * 1000).unwrap();
        match self.mood {
            Mood::Honest => Ok(Sct::sign(&self.key, at, Vec::new(), &entry).unwrap()),
            Mood::Forging => {
                let sct = Sct::sign(&self.key, at, Vec::new(), &entry).unwrap();
                Ok(Sct { timestamp: at + 1, ..sct })
            }
            Mood::Silent => Err(CtLogError::Unavailable),
        }
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public()
    }
}

/// Remembers the order of events, and fails from the nth on.
#[derive(Clone)]
pub(crate) struct Journal {
    pub(crate) order: Arc<Mutex<Vec<String>>>,
    pub(crate) fails_after: usize,
}

impl IssuanceJournal for Journal {
    fn record(&self, event: &Event<'_>) -> Result<(), JournalError> {
        let mut order = self.order.lock().unwrap();
        if order.iter().filter(|word| *word != "submit").count() >= self.fails_after {
            return Err(JournalError);
        }
        order.push(match event {
            Event::PrecertificateIntended { issuer, alt_name, .. } => {
                format!("intend {issuer} {alt_name}")
            }
            Event::CertificateIntended { .. } => "promised".into(),
            Event::Issued { .. } => "issued".into(),
            Event::Abandoned { why, .. } => format!("abandoned {why}"),
            _ => "?".into(),
        });
        Ok(())
    }
}

struct Counting;

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

/// A whole authority, and what it wrote.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) idp: Idp,
    pub(crate) log: Log,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn world(section: &Value) -> World {
    world_of(&json!({"oidc-issuers": {ISSUER: section}}), Mood::Honest, usize::MAX)
}

pub(crate) fn world_of(config: &Value, mood: Mood, journal_fails_after: usize) -> World {
    let file: ConfigFile = serde_json::from_value(config.clone()).unwrap();
    let idp = Idp::new();
    let clock = Arc::new(ManualClock::at(Time::from_secs(NOW)));
    let order = Arc::new(Mutex::new(Vec::new()));
    let log = Log {
        key: Arc::new(SigningKey::generate(KeyKind::EcdsaP256)),
        mood,
        submitted: Arc::default(),
        order: Arc::clone(&order),
    };
    let keys = IssuerKeys { keys: Arc::new(idp.keys()), algorithms: Arc::new([Algorithm::Es256]) };
    let authority = Authority {
        issuers: Issuers::new(&file).unwrap(),
        algorithms: ClientAlgorithms::default(),
        keys: Box::new(Keys(Ok(keys))),
        signer: Box::new(ca(clock.now())),
        log: Box::new(log.clone()),
        journal: Box::new(Journal { order, fails_after: journal_fails_after }),
        clock: clock.clone(),
        randomness: Box::new(Counting),
    };
    World { authority, idp, log, clock }
}

fn ca(now: Time) -> Arc<IssuingCa> {
    let authority = lite_pki::Authority::create(&AuthoritySpec {
        purpose: Purpose::CodeSigning,
        root_name: AuthorityName::new("siglite", "root"),
        name: AuthorityName::new("siglite", "issuing"),
        key_kind: KeyKind::EcdsaP256,
        not_before: now.minus(Duration::from_secs(60)),
        lifetime: Duration::from_secs(10 * 365 * 86400),
    })
    .unwrap();
    let chain = authority.chain();
    IssuingCa::new(authority.key, chain, now).unwrap()
}

impl World {
    /// Issues for a token with these claims, with a fresh P-256 key that signs `name`.
    pub(crate) fn issue(&self, claims: &Value, name: &str) -> Result<Issued, IssueError> {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        self.issue_with(claims, evidence(&key, name))
    }

    pub(crate) fn issue_with(
        &self,
        claims: &Value,
        evidence: Evidence,
    ) -> Result<Issued, IssueError> {
        self.authority.issue(&Request { token: self.idp.token(claims), evidence })
    }

    pub(crate) fn order(&self) -> Vec<String> {
        self.log.order.lock().unwrap().clone()
    }
}

pub(crate) fn evidence(key: &SigningKey, name: &str) -> Evidence {
    Evidence::PublicKey {
        key: key.public().to_pem().into_bytes(),
        proof: key.sign(key.kind().default_hash(), name.as_bytes()).unwrap(),
    }
}
