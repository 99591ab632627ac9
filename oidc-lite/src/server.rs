//! The server: its folder, its memory, and what other parts of the process may ask of it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use lite_bundle::trust::{Fragment, Service};
use lite_store::{FolderLock, LockError};
use lite_time::{Clock, Time};

use crate::accounts::{Account, AccountError, Accounts};
use crate::config::{Checked, Config, ConfigError};
use crate::device::Devices;
use crate::expiring::Expiring;
use crate::keyring::{KeyRing, KeyRingError, Policy};
use crate::pkce::Challenge;
use crate::redirect::Redirect;
use crate::router;
use crate::sign_in::SignIn;
use crate::throttle::Throttle;
use crate::ticket::Tickets;
use crate::token::{Ask, Minter, NotSigned};

/// How long a code waits to be redeemed. Clients do it at once; RFC 6749, Section 4.1.2 allows ten
/// minutes; a code that is copied by hand needs one or two.
pub(crate) const CODE_LIFE: Duration = Duration::from_secs(2 * 60);

const MAX_CODES: usize = 10_000;
const MAX_SESSIONS: usize = 10_000;

/// The identity provider.
pub struct Server {
    app: App,
}

/// What a handler may reach.
pub(crate) type App = Arc<Parts>;

pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) checked: Checked,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accounts: Accounts,
    pub(crate) minter: Minter,
    pub(crate) sign_in: SignIn,
    pub(crate) tickets: Tickets,
    pub(crate) codes: Expiring<Code>,
    pub(crate) devices: Devices,
    pub(crate) sessions: Expiring<Session>,
    /// Devices that ask, and user codes that are tried, by address.
    pub(crate) device_throttle: Throttle,
    keys: KeyRing,
    /// Before this moment, in milliseconds, no request starts another tick.
    next_tick: AtomicI64,
    /// Why the last tick did not work.
    trouble: RwLock<Option<String>>,
    /// Two processes would each turn the keys.
    _lock: FolderLock,
}

/// An authorization code: what it is bound to, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) redirect: Redirect,
    pub(crate) challenge: Challenge,
    pub(crate) nonce: Option<String>,
    pub(crate) email: bool,
    pub(crate) account: String,
    pub(crate) stamp: [u8; 32],
    pub(crate) auth_time: Time,
}

/// A browser that may skip the password. It ends when the account's password changes.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) account: String,
    pub(crate) stamp: [u8; 32],
    pub(crate) auth_time: Time,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The accounts cannot be used.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The signing keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The folder is in use, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl Server {
    /// Opens the folder: accounts, and the signing keys, the first of which is made if there is
    /// none.
    ///
    /// # Errors
    /// When a setting is wrong or a file cannot be read, understood or written.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Server, OpenError> {
        let checked = config.check()?;
        let now = clock.now();
        let accounts = Accounts::open(&config.dir)?;
        let lock = FolderLock::acquire(&config.dir)?;
        let life = Duration::from_secs(config.token_seconds.into());
        let signs_for = Duration::from_secs(u64::from(config.key_days) * 24 * 60 * 60);
        let keys = KeyRing::open(&config.dir, Policy { signs_for, token_life: life }, now)?;
        let minter = Minter {
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            subject_base: checked.subject_base.clone(),
            life,
        };
        let parts = Parts {
            checked,
            clock,
            accounts,
            minter,
            sign_in: SignIn::new(),
            tickets: Tickets::new(),
            codes: Expiring::new(MAX_CODES),
            devices: Devices::new(),
            sessions: Expiring::new(MAX_SESSIONS),
            device_throttle: Throttle::new(30, Duration::from_secs(5)),
            keys,
            next_tick: AtomicI64::new(i64::MIN),
            trouble: RwLock::new(None),
            _lock: lock,
            config,
        };
        Ok(Server { app: Arc::new(parts) })
    }

    /// The routes, below the issuer's path and without it, and without a fallback. The server
    /// wants to know its peers: serve it with `ConnectInfo<SocketAddr>` in each request.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.app))
    }

    /// [`Server::router`] at the issuer's path, for a server that runs alone.
    pub fn router_at_issuer_path(&self) -> Router {
        match self.app.checked.path.as_str() {
            "" => self.router(),
            path => Router::new().nest(path, self.router()),
        }
    }

    /// This server's share of the trust material: the OIDC service of the signing config.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        let config = &self.app.config;
        let service =
            Service::new(&config.issuer, 1, self.app.keys.ring().created(), &config.operator);
        let mut fragment = Fragment::default();
        fragment.services.oidc.push(service);
        fragment
    }

    /// The public keys now, as a JSON Web Key set: for a certificate authority in the same process,
    /// which would otherwise fetch `/keys`.
    #[must_use]
    pub fn jwks(&self) -> Arc<str> {
        self.app.jwks()
    }

    /// The accounts, for whoever adds one in the same process.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.app.accounts
    }

    /// Turns the signing keys if their time has come. Requests do it too, so calling it is needed
    /// only where nobody asks for anything for days.
    ///
    /// # Errors
    /// When the new keys cannot be written; the old ones go on.
    pub fn tick(&self) -> Result<(), KeyRingError> {
        self.app.tick()
    }

    /// Whether everything is as it should be, from memory and one look at the accounts file.
    ///
    /// # Errors
    /// What an operator should look at.
    pub fn health(&self) -> Result<(), String> {
        self.health_check()()
    }

    /// [`Server::health`] as a function that can be kept.
    pub fn health_check(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static {
        let app = Arc::clone(&self.app);
        move || {
            app.accounts.book().map_err(|e| e.to_string())?;
            let trouble = app.trouble.read().unwrap_or_else(PoisonError::into_inner);
            trouble.clone().map_or(Ok(()), Err)
        }
    }

    /// Ends it. Everything that must survive is on disk already; open logins are forgotten.
    pub fn close(self) {
        drop(self);
    }
}

impl Parts {
    /// The public keys now.
    pub(crate) fn jwks(self: &Arc<Self>) -> Arc<str> {
        self.tick_behind();
        self.keys.ring().jwks()
    }

    /// Issues a token.
    pub(crate) fn mint(
        self: &Arc<Self>,
        account: &Account,
        ask: &Ask,
    ) -> Result<String, NotSigned> {
        self.tick_behind();
        self.minter.mint(&self.keys.ring(), account, ask, self.clock.now())
    }

    /// The account by name, if its credential is still the one that `stamp` remembers.
    pub(crate) fn unchanged(&self, name: &str, stamp: &[u8; 32]) -> Option<Account> {
        let book = self.accounts.book().ok()?;
        book.get(name).filter(|account| account.stamp() == *stamp).cloned()
    }

    fn tick(&self) -> Result<(), KeyRingError> {
        let result = self.keys.tick(self.clock.now());
        let trouble = result.as_ref().err().map(ToString::to_string);
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = trouble;
        result
    }

    /// Turns the keys without holding up the request that noticed: the old key signs meanwhile.
    fn tick_behind(self: &Arc<Self>) {
        let now = self.clock.now();
        if !self.keys.is_due(now) {
            return;
        }
        // One attempt a minute, by the first who notices: a full disk is not helped by more.
        let (next, later) = (&self.next_tick, now.plus(Duration::from_secs(60)).millis());
        let mine = |due: i64| (now.millis() >= due).then_some(later);
        if next.fetch_update(Ordering::AcqRel, Ordering::Acquire, mine).is_err() {
            return;
        }
        let app = Arc::clone(self);
        // A thread, not a task: `Server::jwks` is called from outside a runtime too.
        std::thread::spawn(move || {
            if let Err(error) = app.tick() {
                tracing::error!(error = %error, "the signing keys were not turned");
            }
        });
    }
}
