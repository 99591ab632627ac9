//! Tickets: what a page must hand back, sealed so that only this server could have written it, and
//! bound to one browser so that no other page can send it.
//!
//! This is the signed double-submit pattern: the browser's cookie and the form's ticket must
//! belong together, and the ticket carries the request, so that an open login page costs the
//! server no memory.
//!
//! ```text
//! ticket = base64url(JSON body) "." base64url(HMAC-SHA-256(key, first part))
//! ```

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lite_time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::secret::sha256_base64url;

/// Seals and opens tickets with a key that lives as long as the process.
pub(crate) struct Tickets {
    key: hmac::Key,
}

/// Why a ticket is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TicketError {
    /// It was given out too long ago.
    #[error("the page was open for too long")]
    Expired,
    /// It is not one of ours, or of a time before the last start.
    #[error("the form does not come from a page of this server")]
    Forged,
    /// It was given to another browser, or the browser has no cookies.
    #[error("the form comes from another browser, or cookies are switched off")]
    OtherBrowser,
    /// It belongs to another form.
    #[error("the form belongs to another page")]
    OtherPurpose,
}

#[derive(Serialize, Deserialize)]
struct Body<T> {
    purpose: String,
    browser: String,
    expires: i64,
    value: T,
}

impl Tickets {
    /// A fresh key.
    pub(crate) fn new() -> Tickets {
        let mut key = [0; 32];
        lite_keys::fill_random(&mut key);
        Tickets { key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// Seals `value` for one form in one browser.
    pub(crate) fn seal<T: Serialize>(
        &self,
        purpose: &str,
        browser: &str,
        expires: Time,
        value: &T,
    ) -> String {
        let body = Body {
            purpose: purpose.to_owned(),
            browser: sha256_base64url(browser.as_bytes()),
            expires: expires.millis(),
            value,
        };
        // Structs of strings and numbers always serialise; an empty body would simply be refused.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let text = URL_SAFE_NO_PAD.encode(json);
        let tag = hmac::sign(&self.key, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// Opens a ticket that this server sealed for this form and this browser.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        purpose: &str,
        browser: Option<&str>,
        now: Time,
        ticket: &str,
    ) -> Result<T, TicketError> {
        let (text, tag) = ticket.split_once('.').ok_or(TicketError::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| TicketError::Forged)?;
        hmac::verify(&self.key, text.as_bytes(), &tag).map_err(|_| TicketError::Forged)?;
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TicketError::Forged)?;
        let envelope: Body<serde_json::Value> =
            serde_json::from_slice(&json).map_err(|_| TicketError::Forged)?;
        if envelope.purpose != purpose {
            return Err(TicketError::OtherPurpose);
        }
        let browser = browser.ok_or(TicketError::OtherBrowser)?;
        if envelope.browser != sha256_base64url(browser.as_bytes()) {
            return Err(TicketError::OtherBrowser);
        }
        if now.millis() >= envelope.expires {
            return Err(TicketError::Expired);
        }
        serde_json::from_value(envelope.value).map_err(|_| TicketError::Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_only_for_its_form_its_browser_and_its_time() {
        let tickets = Tickets::new();
        let (now, later) = (Time::from_secs(100), Time::from_secs(200));
        let ticket = tickets.seal("login", "browser", later, &"value");
        let open = |purpose, browser, now| tickets.open::<String>(purpose, browser, now, &ticket);
        assert_eq!(open("login", Some("browser"), now).unwrap(), "value");
        assert_eq!(open("device", Some("browser"), now), Err(TicketError::OtherPurpose));
        assert_eq!(open("login", Some("other"), now), Err(TicketError::OtherBrowser));
        assert_eq!(open("login", None, now), Err(TicketError::OtherBrowser));
        assert_eq!(open("login", Some("browser"), later), Err(TicketError::Expired));
    }

    #[test]
    fn a_changed_ticket_is_forged_at_every_character() {
        let tickets = Tickets::new();
        let ticket = tickets.seal("login", "b", Time::from_secs(200), &"v");
        for at in 0..ticket.len() - 1 {
            let mut bytes = ticket.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let opened = tickets.open::<String>("login", Some("b"), Time::from_secs(1), &changed);
            assert_eq!(opened, Err(TicketError::Forged), "character {at}");
        }
        let other = Tickets::new();
        let opened = other.open::<String>("login", Some("b"), Time::from_secs(1), &ticket);
        assert_eq!(opened, Err(TicketError::Forged));
    }
}
