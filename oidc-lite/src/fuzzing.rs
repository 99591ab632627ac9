//! What the fuzz target asks of every reader of a stranger's bytes.

use lite_time::Time;

use crate::params::Params;
use crate::redirect::Redirect;
use crate::request::AuthRequest;
use crate::ticket::Tickets;
use crate::{device, email};

/// Feeds `data` to every reader; panics when one of them believes what it must not.
pub fn read_everything(data: &[u8]) {
    let _ = Params::parse(data);
    if let Ok(request) = AuthRequest::parse(data, "sigstore") {
        leads_here(&request.redirect);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(redirect) = Redirect::parse(text) {
        leads_here(&redirect);
    }
    let opened = Tickets::new().open::<String>("login", Some(text), Time::from_secs(0), text);
    assert!(opened.is_err(), "nobody else can seal a ticket");
    if let Some(code) = device::fold(text) {
        assert_eq!(device::fold(&device::shown(&code)), Some(code));
    }
    if let Ok(email) = email::check_email(text) {
        assert!(email.is_ascii() && email.contains('.') && email.matches('@').count() == 1);
    }
}

fn leads_here(redirect: &Redirect) {
    let Some(location) = redirect.with(&[("code", "c"), ("state", "s")]) else { return };
    let url = url::Url::parse(&location).expect("an accepted address is a URL");
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    assert!(here && url.scheme() == "http" && url.username().is_empty(), "{location}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_reader_believes_what_it_must_not(data in prop::collection::vec(any::<u8>(), 0..200)) {
            super::read_everything(&data);
        }

        #[test]
        fn no_reader_believes_what_it_must_not_in_a_query(text in "client_id=sigstore&redirect_uri=http%3A%2F%2F(localhost|127\\.0\\.0\\.1)[a-z@.%:/0-9]{0,12}&response_type=code&scope=openid&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") {
            super::read_everything(text.as_bytes());
        }
    }
}
