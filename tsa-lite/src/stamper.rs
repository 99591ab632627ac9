//! The machine: which request is stamped, with which time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lite_keys::{SignError, fill_random};
use lite_pki::Certificate;
use lite_pki::oid::ObjectIdentifier;
use lite_pki::timestamp::{TimestampAuthority, TimestampRequest};
use lite_time::{Clock, Time};

/// The authority with its clock.
pub(crate) struct Stamper {
    authority: TimestampAuthority,
    policies: Vec<ObjectIdentifier>,
    clock: Arc<dyn Clock>,
    tolerance: Duration,
    /// The second of the latest timestamp.
    latest: Mutex<Time>,
}

/// Why a request is not stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StampError {
    /// The request asks for a policy under which this authority does not stamp.
    #[error("unaccepted policy: requested TSA policy is not supported by the TSA")]
    Policy,
    /// A timestamp now would lie before one that was given.
    #[error("the clock of the timestamp authority went back")]
    ClockWentBack,
    /// The authority's certificate is not valid at the clock's time.
    #[error("the certificate of the timestamp authority is not valid now")]
    NotValidNow,
    /// The key cannot sign.
    #[error("Error generating timestamp response")]
    Sign(#[from] SignError),
}

impl Stamper {
    /// `policies` has at least one member.
    pub(crate) fn new(
        authority: TimestampAuthority,
        policies: Vec<ObjectIdentifier>,
        clock: Arc<dyn Clock>,
        tolerance: Duration,
    ) -> Self {
        let latest = Mutex::new(clock.now().floor_to_second());
        Self { authority, policies, clock, tolerance, latest }
    }

    /// Leaf first, root last.
    pub(crate) fn chain(&self) -> &[Certificate] {
        self.authority.chain()
    }

    /// Answers a request with a `TimeStampResp`, DER.
    pub(crate) fn stamp(&self, request: &TimestampRequest) -> Result<Vec<u8>, StampError> {
        let policy = match &request.policy {
            None => self.policies.first(),
            Some(asked) => self.policies.iter().find(|accepted| *accepted == asked),
        };
        let policy = policy.ok_or(StampError::Policy)?;
        let at = self.time()?;
        let mut serial = [0; 20];
        fill_random(&mut serial);
        Ok(self.authority.respond(request, policy, serial, at)?)
    }

    /// Whether a request would be stamped now.
    pub(crate) fn check(&self) -> Result<(), StampError> {
        self.time_after(self.latest()).map(|_| ())
    }

    /// The time of the next timestamp: whole seconds, never before the latest one's.
    fn time(&self) -> Result<Time, StampError> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = self.time_after(*latest)?;
        Ok(*latest)
    }

    fn time_after(&self, latest: Time) -> Result<Time, StampError> {
        let now = self.clock.now();
        if latest.since(now) > self.tolerance {
            return Err(StampError::ClockWentBack);
        }
        let at = now.floor_to_second().max(latest);
        if self.authority.leaf().is_valid_at(at) { Ok(at) } else { Err(StampError::NotValidNow) }
    }

    fn latest(&self) -> Time {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
