//! Which e-mail addresses an account may have: those that Fulcio puts into a certificate.

/// Why an address cannot be an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// `me@localhost`.
    #[error(
        "the domain has no dot: a certificate authority puts only addresses such as \
         me@example.com into certificates, so this account could sign in and never sign"
    )]
    DomainWithoutDot,
    /// The domain is not made of letters, digits and hyphens, or ends in a number.
    #[error("the domain is not a host name that ends in letters, such as example.com")]
    Domain,
    /// What stands before the `@` is not plain.
    #[error("what stands before the @ is not an unquoted name")]
    LocalPart,
    /// Longer than an address can be.
    #[error("the address is longer than 254 characters")]
    TooLong,
    /// Certificates hold addresses in ASCII only.
    #[error("the address is not plain ASCII, and certificates hold no other")]
    NotAscii,
    /// No `@`, or more than one.
    #[error("the address needs exactly one @, as in me@example.com")]
    NotOneAt,
}

/// Checks an address, and answers it as it was written.
///
/// # Errors
/// The first rule it breaks.
pub fn check_email(email: &str) -> Result<&str, EmailError> {
    if !email.is_ascii() {
        return Err(EmailError::NotAscii);
    }
    if email.len() > 254 {
        return Err(EmailError::TooLong);
    }
    let (local, domain) = email.split_once('@').ok_or(EmailError::NotOneAt)?;
    if domain.contains('@') {
        return Err(EmailError::NotOneAt);
    }
    // RFC 5322, Section 3.2.3: `dot-atom`.
    let atom = |a: &str| !a.is_empty() && a.bytes().all(is_atext);
    if local.len() > 64 || !local.split('.').all(atom) {
        return Err(EmailError::LocalPart);
    }
    check_domain(domain)?;
    Ok(email)
}

/// What two spellings of one account share.
pub(crate) fn fold(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

fn check_domain(domain: &str) -> Result<(), EmailError> {
    let label = |l: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&l.len())
            && l.bytes().all(inner)
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if !domain.split('.').all(label) {
        return Err(EmailError::Domain);
    }
    let (_, top) = domain.rsplit_once('.').ok_or(EmailError::DomainWithoutDot)?;
    // Fulcio (govalidator) wants a top level domain that starts and ends with a letter, which
    // keeps IP addresses out.
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    if top.len() < 2 || !letter(top.chars().next()) || !letter(top.chars().last()) {
        return Err(EmailError::Domain);
    }
    Ok(())
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_ordinary_addresses() {
        for email in ["me@example.com", "First.Last+tag@sub.example.org", "o'neil@a-b.io"] {
            assert_eq!(check_email(email), Ok(email));
        }
    }

    #[test]
    fn refuses_each_address_that_cannot_be_in_a_certificate() {
        #[track_caller]
        fn check(email: &str, error: EmailError) {
            assert_eq!(check_email(email), Err(error), "{email}");
        }
        check("me@localhost", EmailError::DomainWithoutDot);
        check("me@10.0.0.1", EmailError::Domain);
        check("me@[10.0.0.1]", EmailError::Domain);
        check("me@-a.com", EmailError::Domain);
        check("me@a..com", EmailError::Domain);
        check("me@a.com.", EmailError::Domain);
        check("me@a.c", EmailError::Domain);
        check("me@exa mple.com", EmailError::Domain);
        check("me@", EmailError::Domain);
        check("@example.com", EmailError::LocalPart);
        check(".me@example.com", EmailError::LocalPart);
        check("m..e@example.com", EmailError::LocalPart);
        check("\"me\"@example.com", EmailError::LocalPart);
        check("me me@example.com", EmailError::LocalPart);
        check("<me@example.com", EmailError::LocalPart);
        check("me", EmailError::NotOneAt);
        check("me@a@example.com", EmailError::NotOneAt);
        check("mé@example.com", EmailError::NotAscii);
        check(&format!("me@{}.com", "a.".repeat(130)), EmailError::TooLong);
    }
}
