//! Principals that are people: a verified address.

use lite_identity::Claims;
use serde_json::Value;

use super::{Alt, Draft, PrincipalError};

/// Type `email`, and `siglite` where the token has an address.
pub(super) fn email(
    claims: &Claims,
    issuer_claim: Option<&[String]>,
    insecure_skip_verification: bool,
) -> Result<Draft, PrincipalError> {
    let address = claims.email().ok_or(PrincipalError::EmailMissing)?;
    if !insecure_skip_verification && !claims.email_verified() {
        return Err(PrincipalError::EmailUnverified);
    }
    if !is_address(address) {
        return Err(PrincipalError::EmailInvalid);
    }
    let issuer = match issuer_claim {
        Some(path) => follow(claims, path).ok_or(PrincipalError::ClaimMissing)?,
        None => claims.issuer(),
    };
    Ok(Draft {
        name: address.to_owned(),
        issuer: issuer.to_owned(),
        alt_name: Ok(Alt::Email(address.to_owned())),
        extensions: Vec::new(),
    })
}

/// Whether a text is an address that fits an `rfc822Name` (RFC 5280, Section 4.2.1.6: ASCII). As
/// upstream's validator wants it, the domain has a dot and its last label starts and ends with a letter:
/// `user@localhost` is not an address anyone else could check.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.len() <= 254 && is_local_part(local) && is_mail_domain(domain)
}

/// RFC 5322, Section 3.2.3: `dot-atom`. The quoted form is left out: nobody has one, and it can hold an
/// `@`.
fn is_local_part(text: &str) -> bool {
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    (1..=64).contains(&text.len())
        && text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

fn is_mail_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let letter = |c: char| c.is_ascii_alphabetic();
    let Some((_, top)) = text.rsplit_once('.') else {
        return false;
    };
    text.split('.').all(label) && top.starts_with(letter) && top.ends_with(letter)
}

fn follow<'a>(claims: &'a Claims, path: &[String]) -> Option<&'a str> {
    let (first, rest) = path.split_first()?;
    let found = rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))?;
    match found {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn knows_addresses_that_others_can_check() {
        for text in ["a@b.example", "a.b+c@mail.b-c.example", "x_1@a.co", "o'neil@b.example"] {
            assert!(is_address(text), "{text}");
        }
        for text in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@localhost",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@b.example.",
            "a@.example",
            "a@-b.example",
            "a@b..example",
            "a@b@c.example",
            ".a@b.example",
            "a..b@c.example",
            "a b@c.example",
            "\"a b\"@c.example",
            "ä@b.example",
            "a@ä.example",
            "a@b.example\n",
            "a@b.e1",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
