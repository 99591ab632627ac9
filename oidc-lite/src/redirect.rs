//! Where an authorization code may be sent.
//!
//! The public client has no registered addresses, so the rule is Dex's: a program on the same
//! machine, which RFC 8252, Section 7.3 lets choose any port, or a page that shows the code.
//! Anything else would make this server an open redirector.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The redirect URI that asks for the code on a page, to be copied by hand.
pub(crate) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Longer addresses than any client sends.
const MAX_BYTES: usize = 2048;

/// A redirect URI that was checked. It is compared with `==`, byte by byte, at the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Redirect(String);

/// Why an address may not receive a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RedirectError {
    /// RFC 6749, Section 3.1.2: no fragment.
    #[error("redirect_uri has a fragment")]
    Fragment,
    /// The host is not this machine, or not written in a form every parser reads alike.
    #[error("redirect_uri does not lead to this machine (localhost, 127.0.0.1 or [::1])")]
    Host,
    /// It is absent or empty.
    #[error("redirect_uri is missing")]
    Missing,
    /// Not an absolute URL in visible ASCII.
    #[error("redirect_uri is not a URL")]
    NotUrl,
    /// Only `http` leads to a program that listens on a loopback port.
    #[error("redirect_uri is not an http address")]
    Scheme,
    /// More than 2048 bytes.
    #[error("redirect_uri is too long")]
    TooLong,
    /// A user name or a password before the host.
    #[error("redirect_uri names a user")]
    User,
}

impl Redirect {
    /// Checks a redirect URI as it came.
    pub(crate) fn parse(text: &str) -> Result<Redirect, RedirectError> {
        if text.is_empty() {
            return Err(RedirectError::Missing);
        }
        if text.len() > MAX_BYTES {
            return Err(RedirectError::TooLong);
        }
        if text == OUT_OF_BAND {
            return Ok(Redirect(text.to_owned()));
        }
        // URL parsers drop tabs and turn backslashes into slashes: two readers, two meanings.
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(RedirectError::NotUrl);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::NotUrl)?;
        let rest = text.strip_prefix("http://").ok_or(RedirectError::Scheme)?;
        if text.contains('#') {
            return Err(RedirectError::Fragment);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(RedirectError::User);
        }
        loopback(&url, authority)?;
        Ok(Redirect(text.to_owned()))
    }

    /// Whether the code is shown on a page.
    pub(crate) fn is_out_of_band(&self) -> bool {
        self.0 == OUT_OF_BAND
    }

    /// The address with the answer's parameters after those it already has; `None` for out of band.
    pub(crate) fn with(&self, answer: &[(&str, &str)]) -> Option<String> {
        let mut url = Url::parse(&self.0).ok().filter(|_| !self.is_out_of_band())?;
        url.query_pairs_mut().extend_pairs(answer);
        Some(url.into())
    }

    /// As a source for `form-action`, so that a browser follows the redirect after the form;
    /// `None` where the policy's grammar has no word for it (IPv6 addresses, out of band).
    pub(crate) fn csp_source(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        match url.host()? {
            Host::Ipv6(_) => None,
            _ => Some(url.origin().ascii_serialization()),
        }
    }

    /// As the client wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The host as it is written must be the host as it is read: `127.1` or `0x7f.1` are loopback to
/// one parser and a name to the next.
fn loopback(url: &Url, authority: &str) -> Result<(), RedirectError> {
    let written = match url.port() {
        Some(port) => authority.strip_suffix(&format!(":{port}")),
        // Port 80 is not kept by the parser.
        None => Some(authority.strip_suffix(":80").unwrap_or(authority)),
    };
    let written = written.ok_or(RedirectError::Host)?;
    let ok = match url.host() {
        Some(Host::Domain(_)) => written.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() && written.parse::<Ipv4Addr>() == Ok(ip),
        Some(Host::Ipv6(ip)) => {
            let inside = written.strip_prefix('[').and_then(|w| w.strip_suffix(']'));
            ip.is_loopback() && inside.is_some_and(|w| w.parse::<Ipv6Addr>() == Ok(ip))
        }
        None => false,
    };
    if ok { Ok(()) } else { Err(RedirectError::Host) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_what_stock_clients_send() {
        for text in [
            "http://localhost:41237/auth/callback",
            "http://localhost:41237",
            "http://localhost",
            "http://localhost:80/",
            "http://localhost:41237/Callback",
            "http://127.0.0.1:41237/callback",
            "http://127.9.9.9:1/x?y=z",
            "http://[::1]:41237/callback",
            "http://LOCALHOST:41237/x",
            OUT_OF_BAND,
        ] {
            assert_eq!(Redirect::parse(text).map(|r| r.as_str().to_owned()), Ok(text.into()));
        }
    }

    #[test]
    fn refuses_every_address_off_this_machine() {
        #[track_caller]
        fn check(text: &str, error: RedirectError) {
            assert_eq!(Redirect::parse(text).unwrap_err(), error, "{text}");
        }
        check("", RedirectError::Missing);
        check("https://localhost:1/", RedirectError::Scheme);
        check("HTTP://localhost:1/", RedirectError::Scheme);
        check("javascript:alert(1)", RedirectError::Scheme);
        check("data:text/html,x", RedirectError::Scheme);
        check("urn:ietf:wg:oauth:2.0:oob:auto", RedirectError::Scheme);
        check("/callback", RedirectError::NotUrl);
        check("//localhost/", RedirectError::NotUrl);
        check("http://localhost:1/a b", RedirectError::NotUrl);
        check("http://local\thost:1/", RedirectError::NotUrl);
        check("http:\\\\localhost:1/", RedirectError::NotUrl);
        check("http://localhost\\@evil.example/", RedirectError::NotUrl);
        check("http://localhost:1/\r\nSet-Cookie: x", RedirectError::NotUrl);
        check("http://löcalhost:1/", RedirectError::NotUrl);
        check("http://localhost:99999/", RedirectError::NotUrl);
        check("http://localhost:1/#x", RedirectError::Fragment);
        check("http://localhost#@evil.example", RedirectError::Fragment);
        check("http://localhost@evil.example/", RedirectError::User);
        check("http://evil@localhost/", RedirectError::User);
        check("http://localhost:1@evil.example/", RedirectError::User);
        check("http:localhost", RedirectError::Scheme);
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil-localhost",
            "localhost.",
            "%6cocalhost",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[2001:db8::1]",
        ] {
            check(&format!("http://{host}:1/"), RedirectError::Host);
        }
        check(&format!("http://localhost/{}", "a".repeat(2048)), RedirectError::TooLong);
    }

    #[test]
    fn the_answer_follows_the_clients_own_query() {
        let with = |text: &str| {
            Redirect::parse(text).unwrap().with(&[("code", "c"), ("state", "a&b=c d")])
        };
        assert_eq!(
            with("http://localhost:1/cb?x=y").unwrap(),
            "http://localhost:1/cb?x=y&code=c&state=a%26b%3Dc+d"
        );
        assert_eq!(
            with("http://localhost:1").unwrap(),
            "http://localhost:1/?code=c&state=a%26b%3Dc+d"
        );
        assert_eq!(with(OUT_OF_BAND), None);
    }

    proptest! {
        /// Whatever is accepted leads to this machine, as two independent readers see it, before
        /// and after the answer is added.
        #[test]
        fn whatever_is_accepted_leads_to_this_machine(
            text in prop_oneof![
                "\\PC{0,60}",
                "http://[a-z0-9.:@\\[\\]%\\\\/?#-]{0,40}",
                "http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:@./?#a-z0-9%\\\\]{0,20}",
            ],
            state in "\\PC{0,20}",
        ) {
            if let Ok(redirect) = Redirect::parse(&text)
                && let Some(location) = redirect.with(&[("code", "c"), ("state", &state)])
            {
                for address in [text.as_str(), location.as_str()] {
                    let uri: axum::http::Uri = address.parse().expect("a second reader takes it");
                    let host = uri.host().expect("it has a host").to_ascii_lowercase();
                    let local = host == "localhost" || host == "[::1]"
                        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
                    prop_assert!(local, "{address} leads to {host}");
                    prop_assert!(!uri.authority().expect("authority").as_str().contains('@'));
                }
            }
        }
    }
}
