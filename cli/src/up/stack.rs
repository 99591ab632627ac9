//! The servers of one instance, put together in one process.
//!
//! The order is that of who needs whom: the authority's root before the log that accepts it, the
//! log before the authority that submits to it, everyone before the trust root that sums them up.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use fulcio_lite::{CaFolder, EmbeddedIssuer, Ports};
use lite_http::Health;
use lite_http::grpc::GrpcServices;
use lite_identity::{Algorithm, KeySet};
use lite_issuer::Issuer;
use lite_issuer::ports::{CtLog, CtLogError, IssuerKeys, KeySource, KeySourceError};
use lite_keys::PublicKey;
use lite_pki::{Certificate, Sct};
use lite_store::SystemClock;
use lite_time::{Clock, Time};
use oidc_lite::{AccountError, AccountKind};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::args::{Args, CaKey, Person};
use super::home::Home;
use super::welcome::Newcomer;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// The public client of the identity provider, and the audience of its tokens.
const CLIENT: &str = "sigstore";
/// Who is let in when a first start names nobody. `.example` is nobody's (RFC 2606).
const NEWCOMER: &str = "you@siglite.example";

/// How often the identity provider looks whether its signing keys are due. Requests look too;
/// this is for the days on which nobody asks.
const KEY_CHECK: Duration = Duration::from_secs(60 * 60);

/// All servers of an instance, open.
pub(crate) struct Stack {
    rekor: Arc<rekor_lite::Server>,
    fulcio: fulcio_lite::Server,
    ct: Arc<ct_lite::Server>,
    tsa: Arc<tsa_lite::Server>,
    oidc: Arc<oidc_lite::Server>,
    trust: trust_lite::Server,
    registry: Arc<registry_lite::Server>,
    renewal: trust_lite::Renewer,
    upkeep: [JoinHandle<()>; 3],
}

impl Stack {
    /// Opens every server in its room, making what a first start needs. Runs inside the runtime.
    pub(crate) fn open(
        home: &Home,
        url: &str,
        addresses: &[SocketAddr],
        args: &Args,
    ) -> Outcome<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);

        let issuer = format!("{url}/oidc");
        let oidc = oidc_lite::Config::new(&issuer, home.room("oidc"));
        let oidc = oidc_lite::Server::open(oidc, Arc::clone(&clock));
        let oidc = Arc::new(oidc.map_err(|error| refused("identity provider", &error))?);

        let mut config = fulcio_lite::Config::new(home.room("fulcio"), url);
        config.ca_key = match args.ca_key {
            CaKey::P256 => fulcio_lite::CaKey::P256,
            CaKey::P384 => fulcio_lite::CaKey::P384,
        };
        config.issuers_file.clone_from(&args.issuers);
        let authority = CaFolder::open(&config, clock.now())
            .map_err(|error| refused("certificate authority", &error))?;

        let ct_url = format!("{url}/ct");
        let ct = ct_lite::Config::new(home.room("ct"), &ct_url, &authority.root_pem());
        let ct = ct_lite::Server::open(&ct, Arc::clone(&clock))
            .map_err(|error| refused("certificate transparency log", &error))?;
        let ct = Arc::new(ct);

        let ports = Ports {
            ct_log: Box::new(InProcessLog::new(ct.log())),
            embedded: vec![EmbeddedIssuer {
                issuer: Issuer::siglite(&issuer, CLIENT),
                keys: Arc::new(InProcessKeys::new(Arc::clone(&oidc))),
            }],
        };
        let fulcio = fulcio_lite::Server::open(config, authority, Arc::clone(&clock), ports)
            .map_err(|error| match error {
                fulcio_lite::OpenError::Issuers(why) => {
                    Failure::usage("--issuers names no file of issuers").because(&why)
                }
                error => refused("certificate authority", &error),
            })?;

        let mut rekor = rekor_lite::Config::new(home.room("rekor"), url);
        rekor.strict_duplicates = args.strict_duplicates;
        let rekor = rekor_lite::Server::open(rekor, Arc::clone(&clock))
            .map_err(|error| refused("signature log", &error))?;

        let tsa = tsa_lite::Config::new(home.room("tsa"), url);
        let tsa = tsa_lite::Server::open(&tsa, Arc::clone(&clock))
            .map_err(|error| refused("timestamp authority", &error))?;

        let mut config = registry_lite::Config::new(home.room("registry"), url);
        config.auth = registry_auth(args, addresses);
        config.anonymous_pull = args.registry_anonymous_pull;
        config.insecure_anonymous = args.insecure_anonymous_registry;
        config.issuer = Some(issuer.clone());
        let keys = Arc::new(InProcessKeys::new(Arc::clone(&oidc)));
        let registry = registry_lite::Server::open(&config, Arc::clone(&clock), Some(keys))
            .map_err(|error| refused_registry(&error))?;
        registry.check_listen(addresses).map_err(|error| refused_registry(&error))?;
        let registry = Arc::new(registry);

        let mut fragment = fulcio.fragment();
        for other in [rekor.fragment(), ct.fragment(), tsa.fragment(), oidc.fragment()] {
            fragment.merge(other);
        }
        let mut config = trust_lite::Config::new(home.room("trust"));
        config.client_dir = Some(home.room("client"));
        let trust = trust_lite::Server::open(&config, clock, fragment)
            .map_err(|error| refused("trust root", &error))?;

        Ok(Self {
            renewal: trust.renew_in_background(),
            upkeep: [
                tokio::spawn(ct.upkeep()),
                tokio::spawn(turn_keys(Arc::clone(&oidc))),
                tokio::spawn(registry.housekeeping()),
            ],
            rekor: Arc::new(rekor),
            tsa: Arc::new(tsa),
            fulcio,
            ct,
            oidc,
            trust,
            registry,
        })
    }

    /// Every server on one address, as ARCHITECTURE.md, "One address", has it.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .merge(self.fulcio.router())
            .merge(self.rekor.router())
            .merge(self.tsa.router())
            .merge(self.trust.router())
            .merge(self.registry.router())
            .nest("/ct", self.ct.router())
            .nest("/oidc", self.oidc.router())
    }

    /// What speaks gRPC, on the same address.
    pub(crate) fn grpc(&self) -> GrpcServices {
        self.fulcio.grpc().merge(self.rekor.grpc())
    }

    /// What `/healthz` and `/readyz` look at.
    pub(crate) fn health(&self) -> Health {
        let health = Health::default();
        health.add("fulcio", self.fulcio.health_check());
        health.add("oidc", self.oidc.health_check());
        let (rekor, ct, tsa) =
            (Arc::clone(&self.rekor), Arc::clone(&self.ct), Arc::clone(&self.tsa));
        health.add("rekor", move || rekor.health());
        health.add("ct", move || ct.health());
        health.add("tsa", move || tsa.health());
        let registry = Arc::clone(&self.registry);
        health.add("registry", move || registry.health());
        let trust = self.trust.clone();
        health.add("trust", move || trust.health());
        health
    }

    /// Lets in the people of the command line; or, at a first start that names nobody, one person
    /// with a password made up for them.
    pub(crate) fn welcome_people(
        &self,
        people: &[Person],
        first: bool,
        now: Time,
    ) -> Outcome<Option<Newcomer>> {
        let accounts = self.oidc.accounts();
        for Person { email, password } in people {
            let known = accounts.list().map_err(|error| not_let_in(email, &error))?;
            let is_known = known.iter().any(|account| account.name.eq_ignore_ascii_case(email));
            let outcome = if is_known {
                accounts.set_password(email, password)
            } else {
                accounts.add_person(email, password, now)
            };
            outcome.map_err(|error| not_let_in(email, &error))?;
        }
        let known = accounts.list().map_err(|error| not_let_in(NEWCOMER, &error))?;
        let known: Vec<&str> = known.iter().map(|account| account.name.as_str()).collect();
        // A first start that was cut off may have made the account, and told nobody.
        let (is_nobody, is_newcomer) = (known.is_empty(), known == [NEWCOMER]);
        if !(first && people.is_empty() && (is_nobody || is_newcomer)) {
            return Ok(None);
        }
        let password = made_up_password();
        let outcome = if is_newcomer {
            accounts.set_password(NEWCOMER, &password)
        } else {
            accounts.add_person(NEWCOMER, &password, now)
        };
        outcome.map_err(|error| not_let_in(NEWCOMER, &error))?;
        Ok(Some(Newcomer { email: NEWCOMER.to_owned(), password }))
    }

    /// The people who can sign in.
    pub(crate) fn who(&self) -> Outcome<Vec<String>> {
        let accounts = self.oidc.accounts().list().map_err(|error| {
            Failure::new(Exit::Folder, "the accounts cannot be read").because(&error)
        })?;
        Ok(accounts
            .into_iter()
            .filter(|account| account.kind == AccountKind::Person)
            .map(|account| account.name)
            .collect())
    }

    /// Ends the servers. Everything they promised is durable already; the logs publish what they
    /// have not, if no straggling request still holds them.
    pub(crate) fn close(self) {
        self.renewal.cancel();
        self.upkeep.iter().for_each(JoinHandle::abort);
        self.trust.close();
        self.fulcio.close();
        if let Some(ct) = Arc::into_inner(self.ct) {
            ct.close();
        }
        if let Some(rekor) = Arc::into_inner(self.rekor) {
            rekor.close();
        }
    }
}

async fn turn_keys(oidc: Arc<oidc_lite::Server>) {
    loop {
        tokio::time::sleep(KEY_CHECK).await;
        let oidc = Arc::clone(&oidc);
        // New keys are written to disk, so this leaves the runtime's threads. A failure is kept
        // for `/readyz`, and the old keys go on.
        let turned = tokio::task::spawn_blocking(move || oidc.tick()).await;
        if let Ok(Err(error)) = turned {
            tracing::error!(error = &error as &dyn std::error::Error, "signing keys not turned");
        }
    }
}

fn refused(part: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Folder, format!("the {part} does not start"))
        .because(error)
        .hint("nothing was changed; `siglite up --data DIR` starts with another folder")
}

/// Where other machines reach the registry, a password is asked for unless something else was said.
fn registry_auth(args: &Args, addresses: &[SocketAddr]) -> registry_lite::Auth {
    match &args.registry_auth {
        Some(given) => given.clone().into(),
        None if addresses.iter().all(|address| address.ip().is_loopback()) => {
            registry_lite::Auth::None
        }
        None => registry_lite::Auth::Tokens,
    }
}

fn refused_registry(error: &registry_lite::OpenError) -> Failure {
    match error {
        registry_lite::OpenError::Anonymous(address) => {
            Failure::usage(format!("everybody who reaches {address} could overwrite every image"))
                .note("expected", "--registry-auth tokens, or a file of users")
                .note("found", "--registry-auth none")
                .hint("say --insecure-anonymous-registry if the network is yours")
        }
        registry_lite::OpenError::Htpasswd(why) => {
            Failure::usage("--registry-auth names no file of users")
                .because(why)
                .hint("siglite up --registry-auth none|tokens|FILE; `htpasswd -B` writes the file")
        }
        error => refused("image registry", error),
    }
}

fn not_let_in(email: &str, error: &AccountError) -> Failure {
    Failure::usage(format!("{email} cannot be given an account"))
        .because(error)
        .hint("siglite up --account alice@example.org:PASSWORD")
}

/// A hundred random bits in four groups, without letters that look alike.
fn made_up_password() -> Zeroizing<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = Zeroizing::new([0_u8; 20]);
    lite_keys::fill_random(&mut *random);
    let mut password = Zeroizing::new(String::with_capacity(23));
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            password.push('-');
        }
        // 32 letters, so the low five bits choose each of them equally.
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    password
}

/// The CT log next door. The authority calls it from threads that may wait.
struct InProcessLog {
    log: ct_lite::CtLog,
    key: PublicKey,
    runtime: Handle,
}

impl InProcessLog {
    fn new(log: ct_lite::CtLog) -> Self {
        Self { key: log.key().clone(), log, runtime: Handle::current() }
    }
}

impl CtLog for InProcessLog {
    fn submit(&self, chain: &[Certificate]) -> Result<Sct, CtLogError> {
        let chain: Vec<Vec<u8>> = chain.iter().map(|one| one.der().to_vec()).collect();
        self.runtime.block_on(self.log.submit_pre_chain(&chain)).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "no SCT");
            match error {
                ct_lite::SubmitError::Refused(_) => CtLogError::Refused,
                _ => CtLogError::Unavailable,
            }
        })
    }

    fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

/// The keys of the identity provider next door, parsed once for each rotation.
struct InProcessKeys {
    oidc: Arc<oidc_lite::Server>,
    parsed: Mutex<Option<(Arc<str>, Arc<KeySet>)>>,
    algorithms: Arc<[Algorithm]>,
}

impl InProcessKeys {
    fn new(oidc: Arc<oidc_lite::Server>) -> Self {
        Self { oidc, parsed: Mutex::new(None), algorithms: Arc::new([Algorithm::Rs256]) }
    }
}

impl registry_lite::KeySource for InProcessKeys {
    fn keys(&self, _: Option<&str>) -> Option<registry_lite::IssuerKeys> {
        let IssuerKeys { keys, algorithms } = self.now().ok()?;
        Some(registry_lite::IssuerKeys { keys, algorithms })
    }
}

impl KeySource for InProcessKeys {
    fn keys(&self, _: &Issuer, _: Option<&str>) -> Result<IssuerKeys, KeySourceError> {
        self.now()
    }
}

impl InProcessKeys {
    fn now(&self) -> Result<IssuerKeys, KeySourceError> {
        let json = self.oidc.jwks();
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = match &*parsed {
            Some((of, keys)) if *of == json => Arc::clone(keys),
            _ => {
                let keys = KeySet::parse(json.as_bytes());
                let keys = Arc::new(keys.map_err(|_| KeySourceError::Unavailable)?);
                *parsed = Some((json, Arc::clone(&keys)));
                keys
            }
        };
        Ok(IssuerKeys { keys, algorithms: Arc::clone(&self.algorithms) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_differ_and_can_be_read_aloud() {
        let (one, two) = (made_up_password(), made_up_password());
        assert_ne!(*one, *two);
        assert_eq!(one.len(), 23);
        assert!(one.split('-').all(|group| group.len() == 5));
        assert!(!one.contains(['l', 'o', '0', '1']));
    }
}
