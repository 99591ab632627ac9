//! Signing in: a password becomes an account, or a refusal that says nothing about which of the
//! two was wrong.

use std::net::IpAddr;
use std::time::Duration;

use lite_time::Time;
use zeroize::Zeroizing;

use crate::accounts::{Account, AccountError, Accounts, Credential};
use crate::email::fold;
use crate::password::PasswordGate;
use crate::throttle::{Throttle, address_key};

/// Verifies passwords, and slows down who guesses.
pub(crate) struct SignIn {
    gate: PasswordGate,
    by_account: Throttle,
    by_address: Throttle,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// Too many passwords are being verified.
    #[error("too many people are signing in")]
    Busy,
    /// Too many wrong guesses for this account or from this address.
    #[error("too many attempts")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// The accounts cannot be read.
    #[error(transparent)]
    Unavailable(#[from] AccountError),
    /// No account has this address and this password.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
}

impl SignIn {
    /// Full buckets: ten guesses at an account and one more every half minute; thirty from an
    /// address and one more every two seconds. Right guesses cost nothing.
    pub(crate) fn new() -> SignIn {
        SignIn {
            gate: PasswordGate::new(),
            by_account: Throttle::new(10, Duration::from_secs(30)),
            by_address: Throttle::new(30, Duration::from_secs(2)),
        }
    }

    /// Verifies a person's password.
    pub(crate) async fn check(
        &self,
        accounts: &Accounts,
        address: Option<IpAddr>,
        email: &str,
        password: Zeroizing<String>,
        now: Time,
    ) -> Result<Account, SignInError> {
        // (1) Pay for the guess before it is known to be one, or guesses made at once are free.
        let (name, address) = (fold(email), address_key(address));
        let throttled =
            |t: crate::throttle::Throttled| SignInError::Throttled { seconds: t.seconds };
        self.by_address.take(&address, now).map_err(throttled)?;
        self.by_account.take(&name, now).map_err(throttled)?;

        // (2) Look for the person. A machine's name is nobody here.
        let book = accounts.book()?;
        let account = book.get(email);
        let hash = account.and_then(|account| match &account.credential {
            Credential::Password { hash, .. } => Some(hash.clone()),
            Credential::Secret { .. } => None,
        });

        // (3) Verify, which takes as long for nobody as for somebody.
        let Ok(right) = self.gate.check(password, hash).await else {
            self.give_back(&name, &address);
            return Err(SignInError::Busy);
        };

        // (4) A right guess is given back.
        match account {
            Some(account) if right => {
                self.give_back(&name, &address);
                metrics::counter!("oidc_sign_ins_total", "result" => "ok").increment(1);
                tracing::info!(account = %account.name, address, "signed in");
                Ok(account.clone())
            }
            _ => {
                metrics::counter!("oidc_sign_ins_total", "result" => "wrong").increment(1);
                // Without the name: people type their password into the wrong field.
                tracing::info!(address, "a wrong password, or nobody's");
                Err(SignInError::Wrong)
            }
        }
    }

    fn give_back(&self, name: &str, address: &str) {
        self.by_account.give_back(name);
        self.by_address.give_back(address);
    }
}
