//! What a person sees when the stack is up.

use std::path::Path;

use zeroize::Zeroizing;

use crate::local_ca::{CA, CA_BUNDLE, JAVA_FLAGS, JAVA_STORE};
use crate::render::Screen;

/// Someone who was given an account at the first start, with the password shown this once.
pub(crate) struct Newcomer {
    /// Who.
    pub(crate) email: String,
    /// How they sign in.
    pub(crate) password: Zeroizing<String>,
}

/// What there is to tell.
pub(crate) struct Welcome<'a> {
    /// The public URL.
    pub(crate) url: &'a str,
    /// The data folder.
    pub(crate) dir: &'a Path,
    /// Whether the instance was made just now.
    pub(crate) first: bool,
    /// Who can sign in.
    pub(crate) people: &'a [String],
    /// Who was given an account just now.
    pub(crate) newcomer: Option<&'a Newcomer>,
    /// Whether clients must be told of the instance's authority for TLS.
    pub(crate) is_own_authority: bool,
    /// SHA-256 of the TUF root, in hexadecimal.
    pub(crate) fingerprint: &'a str,
}

impl Welcome<'_> {
    /// Prints where everything is and what to do with it.
    pub(crate) fn print(&self, screen: Screen) {
        screen.done("Sigstore is up", &format!("at {}", self.url));
        screen.say(&self.text());
    }

    fn text(&self) -> String {
        let Self { url, dir, fingerprint, .. } = self;
        let (folder, client) = (dir.display(), dir.join("client"));
        let client = client.display();
        let made = if self.first { "made just now" } else { "continued" };
        let (who, sign_in) = (self.who(), self.sign_in());
        let cacert = if self.is_own_authority { " --cacert ca.pem" } else { "" };
        let authority =
            if self.is_own_authority { authority(url, &client.to_string()) } else { String::new() };
        format!(
            "\n  folder     {folder} ({made})
  sign in    {sign_in}
{authority}
Sign a file and verify it, in another terminal:

  siglite sign-blob FILE
  siglite verify-blob FILE --certificate-identity {who} \\
      --certificate-oidc-issuer {url}/oidc

The same with cosign:

  cosign initialize --mirror {url}/tuf --root {client}/root.json
  cosign sign-blob FILE --bundle FILE.sigstore.json --yes
  cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity {who} \\
      --certificate-oidc-issuer {url}/oidc

And with sigstore-python:

  sigstore --trust-config {client}/trust_config.json sign FILE
  sigstore --trust-config {client}/trust_config.json verify identity FILE \\
      --cert-identity {who} --cert-oidc-issuer {url}/oidc

From another account, or another machine that reaches {url}:

  siglite use {url} --fingerprint {fingerprint}{cacert}

Ctrl-C ends it."
        )
    }

    /// Somebody to put into the examples.
    fn who(&self) -> &str {
        let newcomer = self.newcomer.map(|new| new.email.as_str());
        newcomer.or(self.people.first().map(String::as_str)).unwrap_or("EMAIL")
    }

    fn sign_in(&self) -> String {
        match self.newcomer {
            Some(Newcomer { email, password }) => format!(
                "{email}, with the password {}\n             \
                 (shown this once; `siglite account passwd {email}` changes it)",
                password.as_str()
            ),
            None if self.people.is_empty() => "nobody yet: siglite account add EMAIL".to_owned(),
            None => self.people.join(", "),
        }
    }
}

/// How each client comes to trust the authority.
fn authority(url: &str, client: &str) -> String {
    format!(
        "
siglite trusts the instance's TLS authority by itself. `eval \"$(siglite env)\"` tells the others, or:

  Go, cosign  SSL_CERT_FILE={client}/{CA_BUNDLE} (this machine's authorities, and this one)
  Python      the same in REQUESTS_CA_BUNDLE, and in SSL_CERT_FILE, too
  Node        NODE_EXTRA_CA_CERTS={client}/{CA}
  curl        curl --cacert {client}/{CA} {url}
  Java        {JAVA_STORE} -file {client}/{CA}
              java {JAVA_FLAGS} …
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(people: &[String], newcomer: Option<&Newcomer>) -> String {
        let (url, dir) = ("http://localhost:7070", Path::new("/data"));
        let first = newcomer.is_some();
        let is_own_authority = false;
        Welcome { url, dir, first, people, newcomer, is_own_authority, fingerprint: "ab12" }.text()
    }

    #[test]
    fn whoever_needs_the_authority_is_told_how_to_trust_it() {
        let (url, dir) = ("https://localhost:7070", Path::new("/data"));
        let mut welcome = Welcome {
            url,
            dir,
            first: true,
            people: &[],
            newcomer: None,
            is_own_authority: true,
            fingerprint: "ab12",
        };
        let told = ["SSL_CERT_FILE=/data/client/ca-bundle.pem", "keytool", "ab12 --cacert ca.pem"];
        assert!(told.iter().all(|words| welcome.text().contains(words)));
        welcome.is_own_authority = false;
        assert!(!told.iter().any(|words| welcome.text().contains(words)));
    }

    #[test]
    fn a_password_is_shown_only_to_a_newcomer() {
        let newcomer = Newcomer {
            email: "you@siglite.example".to_owned(),
            password: Zeroizing::new("secret-words".to_owned()),
        };
        let people = ["alice@example.org".to_owned()];
        assert!(text(&people, Some(&newcomer)).contains("secret-words"));
        let later = text(&people, None);
        assert!(!later.contains("password"));
        assert!(later.contains("sign in    alice@example.org\n"));
    }

    #[test]
    fn an_empty_instance_says_how_to_let_someone_in() {
        assert!(text(&[], None).contains("siglite account add EMAIL"));
    }
}
