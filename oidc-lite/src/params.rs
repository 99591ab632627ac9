//! Parameters of OAuth requests, from a query or a form.

use std::collections::HashMap;

use url::form_urlencoded;

/// Parameters by name, each at most once, none of them empty.
pub(crate) struct Params(HashMap<String, String>);

/// RFC 6749, Section 3.1: "Request and response parameters MUST NOT be included more than once."
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parameter is given more than once")]
pub(crate) struct Repeated;

impl Params {
    /// Reads a query or the body of a form.
    ///
    /// RFC 6749, Section 3.1: "Parameters sent without a value MUST be treated as if they were
    /// omitted from the request." Unknown parameters are ignored, whatever they are.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Params, Repeated> {
        let mut params = HashMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if !value.is_empty() && params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(Params(params))
    }

    /// The value of a parameter that was sent and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Takes a value out, so that it lives no longer than its new owner.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_parameter_is_none_and_a_second_one_is_refused() {
        let params = Params::parse(b"client_secret=&client_id=sigstore&x=1").unwrap();
        assert_eq!(params.get("client_secret"), None);
        assert_eq!(params.get("client_id"), Some("sigstore"));
        assert!(Params::parse(b"code=a&code=a").is_err());
        assert!(Params::parse(b"code=&code=a").is_ok());
    }
}
