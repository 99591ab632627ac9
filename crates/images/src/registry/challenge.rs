//! `WWW-Authenticate`: what a registry wants to hear (RFC 9110, Section 11.6.1; the distribution
//! project's "Token Authentication Specification").
//!
//! ```text
//! Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull"
//! Basic realm="registry"
//! ```

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Longest header that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 8 << 10;

/// What a registry wants to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password.
    Basic,
    /// A token from a token service.
    Bearer {
        /// The URL of the token service.
        realm: String,
        /// What the registry is called there.
        service: Option<String>,
        /// What the token must allow, where the registry says so.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The strongest challenge of an answer that this client can meet.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let all = headers.get_all(WWW_AUTHENTICATE).iter();
        let found: Vec<Self> = all.filter_map(|value| Self::parse(value.to_str().ok()?)).collect();
        found.iter().find(|one| matches!(one, Self::Bearer { .. })).or(found.first()).cloned()
    }

    fn parse(header: &str) -> Option<Self> {
        if header.len() > MAX_HEADER_BYTES {
            return None;
        }
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest)?;
        let find = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        Some(Self::Bearer { realm: find("realm")?, service: find("service"), scope: find("scope") })
    }
}

/// `key="value",key=value`; commas and escaped characters may stand in what is quoted.
fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut all = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (value, after) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            quoted_string(quoted)?
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        all.push((key.trim().to_owned(), value));
        rest = after.trim_start_matches([' ', ',']);
    }
    Some(all)
}

fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn challenges_of_registries_are_read() {
        for (header, want) in [
            (
                r#"Bearer realm="https://a/t",service="r",scope="repository:x:pull,push""#,
                Some(bearer("https://a/t", Some("r"), Some("repository:x:pull,push"))),
            ),
            (
                r#"bearer  realm="https://a/t" , service=r"#,
                Some(bearer("https://a/t", Some("r"), None)),
            ),
            (r#"Bearer scope="a \"b\"",realm="x""#, Some(bearer("x", None, Some("a \"b\"")))),
            (r#"Basic realm="r""#, Some(Challenge::Basic)),
            ("BASIC", Some(Challenge::Basic)),
            (r#"Bearer service="r""#, None),
            (r#"Bearer realm="open"#, None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(header), want, "{header}");
        }
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=\"r\"".parse().unwrap());
        headers.append(WWW_AUTHENTICATE, "Bearer realm=\"x\"".parse().unwrap());
        assert_eq!(Challenge::of(&headers), Some(bearer("x", None, None)));
    }
}
