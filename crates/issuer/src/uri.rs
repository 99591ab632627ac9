//! URIs as identities: the parts that decide whose a URI is, and the form that goes into a certificate.
//!
//! Read strictly and by hand: two URL parsers that disagree on where the host ends (a backslash, an
//! `@`) would see two identities in one subject.

/// The parts of `scheme://host[:port][/…]` that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Lower case.
    pub(crate) scheme: String,
    /// Without the port, as written.
    pub(crate) host: String,
}

/// Splits a URI with an authority. `None`: there is none, or it holds anything but a host and a port.
pub(crate) fn split(text: &str) -> Option<Parts> {
    let (scheme, rest) = text.split_once("://")?;
    if !is_scheme(scheme) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let host_holds = match bracketed {
        Some(ip) => ip.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.')),
        None => host.chars().all(plain),
    };
    let holds = !host.is_empty() && host_holds && port.chars().all(|c| c.is_ascii_digit());
    let host = bracketed.unwrap_or(host).to_owned();
    holds.then(|| Parts { scheme: scheme.to_ascii_lowercase(), host })
}

/// RFC 3986, Section 3.1: `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`.
pub(crate) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The URI as a certificate holds it: absolute, and ASCII, with everything that RFC 3986 does not allow
/// percent-encoded, as Go's `url.URL.String` does. `None`: not an absolute URI.
pub(crate) fn for_certificate(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    if !is_scheme(scheme) || rest.is_empty() || !percent_signs_hold(rest) {
        return None;
    }
    let mut out = format!("{}:", scheme.to_ascii_lowercase());
    for byte in rest.bytes() {
        match byte {
            0x00..=0x1f | 0x7f => return None,
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                percent(&mut out, byte);
            }
            _ => out.push(char::from(byte)),
        }
    }
    Some(out)
}

/// RFC 3986, Section 2.1: upper-case hexadecimal.
fn percent(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// SPIFFE-ID, Section 2.1: a trust domain is lower-case letters, digits, dots, dashes, underscores.
pub(crate) fn is_trust_domain(text: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    (1..=255).contains(&text.len()) && text.chars().all(allowed)
}

/// The trust domain of a SPIFFE ID. `None`: not a valid one (SPIFFE-ID, Sections 2.1 to 2.3).
pub(crate) fn spiffe_trust_domain(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("spiffe://").filter(|_| text.len() <= 2048)?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let segment = |segment: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(allowed)
    };
    let path_holds = path.is_none_or(|path| path.split('/').all(segment));
    (is_trust_domain(domain) && path_holds).then_some(domain)
}

fn percent_signs_hold(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let parts = split(text).map(|parts| (parts.scheme, parts.host));
        let expected = expected.map(|(scheme, host)| (scheme.to_owned(), host.to_owned()));
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn splits_scheme_and_host() {
        check("https://example.com", Some(("https", "example.com")));
        check("HTTPS://Example.com:8443/a?b#c", Some(("https", "Example.com")));
        check("http://[::1]:7070/oidc", Some(("http", "::1")));
        check("http://[::1]/oidc", Some(("http", "::1")));
        check("https://example.com?x", Some(("https", "example.com")));
    }

    #[test]
    fn refuses_an_authority_that_two_parsers_would_read_differently() {
        for text in [
            "example.com",
            "https:/example.com",
            "https://",
            "https://user@example.com",
            "https://example.com\\@evil.example",
            "https://example.com:x",
            "https://exämple.com",
            "https://example.com%2eevil.example",
            "1https://example.com",
            "https://a b",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn writes_uris_as_go_does() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(for_certificate(text).as_deref(), expected, "{text}");
        };
        check(
            "https://a.example/x//y@refs/heads/main",
            Some("https://a.example/x//y@refs/heads/main"),
        );
        check("HTTPS://a.example/é x", Some("https://a.example/%C3%A9%20x"));
        check("urn:siglite:machine:ci", Some("urn:siglite:machine:ci"));
        check("https://a.example/%2f", Some("https://a.example/%2f"));
        for text in ["", "a", "a:", "/a", "https://a/%zz", "https://a/%2", "https://a/\n", "é:a"] {
            check(text, None);
        }
    }

    #[test]
    fn knows_spiffe_ids() {
        assert_eq!(spiffe_trust_domain("spiffe://td.example/ns/a_b/sa/c.d"), Some("td.example"));
        assert_eq!(spiffe_trust_domain("spiffe://td.example"), Some("td.example"));
        for text in [
            "spiffe://TD.example/a",
            "spiffe:///a",
            "spiffe://td.example/",
            "spiffe://td.example/a//b",
            "spiffe://td.example/../b",
            "spiffe://td.example:80/b",
            "spiffe://td.example/a?b",
            "SPIFFE://td.example/a",
            "https://td.example/a",
        ] {
            assert_eq!(spiffe_trust_domain(text), None, "{text}");
        }
    }
}
