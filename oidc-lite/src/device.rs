//! The device flow's memory (RFC 8628): what a device asked for, and what a person said.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use lite_time::Time;

use crate::expiring::{Expiring, Full};
use crate::pkce::Challenge;
use crate::secret;

/// RFC 8628, Section 6.1: letters that cannot spell words and are hard to confuse.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How long a device waits for its person.
pub(crate) const DEVICE_LIFE: Duration = Duration::from_secs(10 * 60);

/// Seconds between two polls, as Dex has it.
pub(crate) const INTERVAL: u32 = 5;

/// Added to the interval of a device that polls too fast (RFC 8628, Section 3.5).
const SLOW_DOWN: u32 = 5;

/// A poll that comes this much early still counts as in time: networks are not metronomes.
const TOLERANCE: Duration = Duration::from_secs(1);

/// Devices that wait at one time.
const MAX_WAITING: usize = 10_000;

/// A device that waits.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// Given if the device sent one; then it must know the verifier.
    pub(crate) challenge: Option<Challenge>,
    /// Whether the scope has `email`.
    pub(crate) email: bool,
    /// Where the device is, for the person to compare.
    pub(crate) from: Option<IpAddr>,
    /// When it asked.
    pub(crate) since: Time,
    pub(crate) answer: Answer,
    interval: u32,
    polled: Option<Time>,
}

/// What the person said.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Nothing yet.
    Waiting,
    /// No.
    Denied,
    /// Yes, as this account.
    Approved(Approval),
}

/// Who said yes: looked up again when the token is issued.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) account: String,
    pub(crate) stamp: [u8; 32],
    pub(crate) auth_time: Time,
}

/// What a poll is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Polled {
    /// `authorization_pending`.
    Pending,
    /// `slow_down`.
    TooFast,
    /// `access_denied`.
    Denied,
    /// `expired_token`: it expired, was redeemed, or never was.
    Gone,
    /// `invalid_grant`: not the device that asked.
    WrongVerifier,
    /// A token may be issued, this once.
    Approved { approval: Approval, email: bool },
}

/// All devices that wait, by device code; user codes lead to them.
pub(crate) struct Devices {
    grants: Expiring<Grant>,
    /// Device code by user code.
    codes: Expiring<String>,
    /// Two devices must not be given one user code.
    naming: Mutex<()>,
}

/// The two codes of a device.
pub(crate) struct Codes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
}

impl Devices {
    pub(crate) fn new() -> Devices {
        Devices {
            grants: Expiring::new(MAX_WAITING),
            codes: Expiring::new(MAX_WAITING),
            naming: Mutex::new(()),
        }
    }

    /// A device asks.
    pub(crate) fn begin(
        &self,
        challenge: Option<Challenge>,
        email: bool,
        from: Option<IpAddr>,
        now: Time,
    ) -> Result<Codes, Full> {
        let _alone = self.naming.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let device_code = secret::token();
        let mut user_code = new_user_code();
        while self.codes.with(&user_code, now, |_| ()).is_some() {
            user_code = new_user_code();
        }
        let grant = Grant {
            challenge,
            email,
            from,
            since: now,
            answer: Answer::Waiting,
            interval: INTERVAL,
            polled: None,
        };
        let until = now.plus(DEVICE_LIFE);
        self.grants.insert(&device_code, grant, until, now)?;
        self.codes.insert(&user_code, device_code.clone(), until, now)?;
        Ok(Codes { device_code, user_code: shown(&user_code) })
    }

    /// What the device with this user code asked for, if it still waits for an answer.
    pub(crate) fn find(&self, user_code: &str, now: Time) -> Option<Grant> {
        let device_code = self.codes.with(&fold(user_code)?, now, |c| c.clone())?;
        let grant = self.grants.with(&device_code, now, |grant| grant.clone())?;
        matches!(grant.answer, Answer::Waiting).then_some(grant)
    }

    /// The person answers; `false` when the device waits no more. A user code works once.
    pub(crate) fn answer(&self, user_code: &str, answer: Answer, now: Time) -> bool {
        let device_code = fold(user_code).and_then(|code| self.codes.take(&code, now));
        let set = |grant: &mut Grant| grant.answer = answer;
        device_code.and_then(|code| self.grants.with(&code, now, set)).is_some()
    }

    /// The device asks whether the person has answered.
    pub(crate) fn poll(&self, device_code: &str, verifier: Option<&str>, now: Time) -> Polled {
        let polled = self.grants.with(device_code, now, |grant| grant.poll(verifier, now));
        match polled {
            None => Polled::Gone,
            // Of several polls at once, the one that takes the grant gets the token.
            Some(Polled::Approved { .. } | Polled::Denied) => {
                match self.grants.take(device_code, now) {
                    Some(Grant { answer: Answer::Approved(approval), email, .. }) => {
                        Polled::Approved { approval, email }
                    }
                    Some(Grant { answer: Answer::Denied, .. }) => Polled::Denied,
                    _ => Polled::Gone,
                }
            }
            Some(other) => other,
        }
    }
}

impl Grant {
    fn poll(&mut self, verifier: Option<&str>, now: Time) -> Polled {
        if self.challenge.as_ref().is_some_and(|c| !c.is_met_by(verifier)) {
            return Polled::WrongVerifier;
        }
        match &self.answer {
            Answer::Approved(approval) => {
                Polled::Approved { approval: approval.clone(), email: self.email }
            }
            Answer::Denied => Polled::Denied,
            Answer::Waiting => {
                let soonest = Duration::from_secs(self.interval.into()).saturating_sub(TOLERANCE);
                let early = self.polled.is_some_and(|last| now < last.plus(soonest));
                self.polled = Some(now);
                if early {
                    self.interval = self.interval.saturating_add(SLOW_DOWN);
                    return Polled::TooFast;
                }
                Polled::Pending
            }
        }
    }
}

fn new_user_code() -> String {
    let mut code = String::new();
    while code.len() < 8 {
        let mut bytes = [0; 16];
        lite_keys::fill_random(&mut bytes);
        // Bytes past the last multiple of 20 would make the first letters likelier.
        let letters = bytes.iter().filter(|b| **b < 240).map(|b| ALPHABET[usize::from(*b % 20)]);
        code.extend(letters.take(8 - code.len()).map(char::from));
    }
    code
}

/// As a person reads it: `WDJB-MJHT`.
pub(crate) fn shown(code: &str) -> String {
    code.split_at_checked(4).map_or_else(|| code.to_owned(), |(a, b)| format!("{a}-{b}"))
}

/// As a person may type it: any case, with or without the hyphen, with spaces. `None` for what
/// cannot be a code.
pub(crate) fn fold(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let code: String = letters.map(|c| c.to_ascii_uppercase()).collect();
    (code.len() == 8 && code.bytes().all(|b| ALPHABET.contains(&b))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_secs(1000 + seconds)
    }

    fn begin(devices: &Devices) -> Codes {
        devices.begin(None, true, None, at(0)).unwrap()
    }

    fn yes() -> Answer {
        let approval = Approval { account: "me".into(), stamp: [0; 32], auth_time: at(0) };
        Answer::Approved(approval)
    }

    #[test]
    fn a_device_gets_one_token_after_a_yes() {
        let devices = Devices::new();
        let codes = begin(&devices);
        assert!(matches!(devices.poll(&codes.device_code, None, at(0)), Polled::Pending));
        assert!(devices.find(&codes.user_code.to_lowercase().replace('-', " "), at(1)).is_some());
        assert!(devices.answer(&codes.user_code, yes(), at(2)));
        assert!(!devices.answer(&codes.user_code, Answer::Denied, at(3)));
        assert!(matches!(devices.poll(&codes.device_code, None, at(5)), Polled::Approved { .. }));
        assert!(matches!(devices.poll(&codes.device_code, None, at(10)), Polled::Gone));
    }

    #[test]
    fn a_no_is_heard_once_and_a_late_answer_is_none() {
        let devices = Devices::new();
        let codes = begin(&devices);
        assert!(devices.answer(&codes.user_code, Answer::Denied, at(1)));
        assert!(matches!(devices.poll(&codes.device_code, None, at(5)), Polled::Denied));
        let late = begin(&devices);
        assert!(!devices.answer(&late.user_code, yes(), at(600)));
        assert!(matches!(devices.poll(&late.device_code, None, at(600)), Polled::Gone));
    }

    #[test]
    fn an_impatient_device_is_slowed_down() {
        let devices = Devices::new();
        let codes = begin(&devices);
        let poll = |t| devices.poll(&codes.device_code, None, at(t));
        assert!(matches!(poll(0), Polled::Pending));
        assert!(matches!(poll(4), Polled::Pending));
        assert!(matches!(poll(6), Polled::TooFast));
        assert!(matches!(poll(12), Polled::TooFast));
        assert!(matches!(poll(27), Polled::Pending));
    }

    #[test]
    fn only_the_device_that_asked_gets_the_token() {
        let devices = Devices::new();
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let challenge = Challenge::parse(Some(challenge), Some("S256")).unwrap();
        let codes = devices.begin(Some(challenge), true, None, at(0)).unwrap();
        devices.answer(&codes.user_code, yes(), at(1));
        let poll = |verifier| devices.poll(&codes.device_code, verifier, at(5));
        assert!(matches!(poll(None), Polled::WrongVerifier));
        assert!(matches!(poll(Some(verifier)), Polled::Approved { .. }));
    }

    #[test]
    fn user_codes_are_eight_letters_of_the_alphabet() {
        for _ in 0..200 {
            let code = new_user_code();
            assert_eq!(fold(&shown(&code)), Some(code));
        }
        for typed in ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "<script>"] {
            assert_eq!(fold(typed), None);
        }
    }
}
