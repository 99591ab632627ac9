//! Who asks, and how much of the way to a registry is trusted.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::keychain::Keychain;

/// Text that is never printed and is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a text from being printed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How a registry is told who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password: sent to the registry, or to its token service.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// What an earlier `docker login` brought: the token service exchanges it (OAuth 2's refresh
    /// token).
    IdentityToken(Secret),
    /// A token for the registry itself, sent as it is.
    RegistryToken(Secret),
}

/// What a session with registries starts from. The default asks as nobody, over HTTPS, and over
/// plain HTTP where [`lite_oci::Reference::is_plain_http`] says so.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who asks, at every registry; before what the keychain knows.
    pub credential: Option<Credential>,
    /// Where credentials of single registries are looked up.
    pub keychain: Keychain,
    /// Speak plain HTTP to any registry that does not answer HTTPS.
    pub allow_http: bool,
    /// Believe any certificate.
    pub insecure_skip_tls_verify: bool,
    /// Certificate authorities in PEM, trusted beside those of the machine.
    pub ca_pem: Vec<String>,
    /// Another one, that of an instance. It says nothing about how a registry is reached.
    pub instance_ca_pem: Option<String>,
    /// A client certificate, its chain and its private key in PEM.
    pub client_identity_pem: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let password = || Secret::new("hunter2");
        let access = Access {
            credential: Some(Credential::Password { username: "a".into(), password: password() }),
            client_identity_pem: Some(password()),
            ..Access::default()
        };
        for credential in
            [Credential::IdentityToken(password()), Credential::RegistryToken(password())]
        {
            assert!(!format!("{credential:?}").contains("hunter2"));
        }
        assert!(!format!("{access:?}").contains("hunter2"));
    }
}
