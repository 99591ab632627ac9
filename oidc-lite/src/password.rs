//! Passwords: Argon2id, off the reactor, a few at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Longer passwords than anyone types; a bound on the work a stranger can ask for.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// How many verifications run at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// How many may wait for their turn before the next is sent away.
const WAITING: usize = 32;

/// Stands in for the hash of an account that does not exist, so that its refusal takes as long.
/// Made with the parameters of [`argon2id`]; nobody knows its password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2lnbGl0ZSBub2JvZHkh$\
                      T0xZR2dNbFZyZ2xBcWp3bXBFd3VQb3dWZ2xEcW9hQkM";

/// OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, two iterations, one lane.
fn argon2id() -> Option<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash to keep of a new password, with a fresh salt; `None` when the system gave no salt.
pub(crate) fn hash(password: &str) -> Option<String> {
    let hash = argon2id()?.hash_password(password.as_bytes()).ok()?;
    Some(hash.to_string())
}

/// Whether a password belongs to a hash. `None` takes as long and is never right.
fn verify(password: &str, hash: Option<&str>) -> bool {
    let (Ok(parsed), Some(argon2)) = (PasswordHash::new(hash.unwrap_or(NOBODY)), argon2id()) else {
        return false;
    };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok() & hash.is_some()
}

/// The one way to verify a password in a running server.
#[derive(Clone)]
pub(crate) struct PasswordGate {
    running: Arc<Semaphore>,
    inside: Arc<Semaphore>,
}

/// Too many verifications are waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl PasswordGate {
    /// An empty gate.
    pub(crate) fn new() -> PasswordGate {
        PasswordGate {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            inside: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }

    /// Verifies a password against the hash of an account, or of nobody.
    pub(crate) async fn check(
        &self,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<bool, Busy> {
        let inside = Arc::clone(&self.inside).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        // Argon2 takes tens of milliseconds of one core: not on a thread that serves sockets. The
        // permits go along, for a client that hangs up does not stop the work.
        let work = move || {
            let right = password.len() <= MAX_PASSWORD_BYTES && verify(&password, hash.as_deref());
            drop((inside, turn));
            right
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_its_parameters_and_verifies_its_password_only() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse", Some(&hash)));
        assert!(!verify("correct horsf", Some(&hash)));
        assert!(!verify("", Some(&hash)));
    }

    #[test]
    fn nobody_has_a_hash_of_the_same_cost_and_no_password() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = hash("x").unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.hash.map(|h| h.len()), real.hash.map(|h| h.len()));
        assert!(!verify("", None));
    }

    #[tokio::test]
    async fn who_does_not_fit_in_is_sent_away_and_nobody_keeps_a_place() {
        let gate = PasswordGate::new();
        let all = u32::try_from(AT_ONCE + WAITING).unwrap();
        let full = gate.inside.clone().try_acquire_many_owned(all).unwrap();
        let check = || gate.check(Zeroizing::new("x".to_owned()), None);
        assert_eq!(check().await, Err(Busy));
        drop(full);
        assert_eq!(check().await, Ok(false));
        let hash = hash("x").unwrap();
        assert_eq!(gate.check(Zeroizing::new("x".to_owned()), Some(hash)).await, Ok(true));
        // The work gives its permits back before its answer is heard.
        assert_eq!(gate.inside.available_permits(), AT_ONCE + WAITING);
        assert_eq!(gate.running.available_permits(), AT_ONCE);
    }
}
