//! What a person sees when the stack is up.

use std::path::Path;

use zeroize::Zeroizing;

use crate::render::Screen;

/// Someone who was given an account at the first start, with the password shown this once.
pub(crate) struct Newcomer {
    /// Who.
    pub(crate) email: String,
    /// How they sign in.
    pub(crate) password: Zeroizing<String>,
}

/// Prints where everything is and what to do with it.
pub(crate) fn print(
    screen: &Screen,
    url: &str,
    dir: &Path,
    first: bool,
    people: &[String],
    newcomer: Option<&Newcomer>,
) {
    screen.done("Sigstore is up", &format!("at {url}"));
    screen.say(&text(url, dir, first, people, newcomer));
}

fn text(
    url: &str,
    dir: &Path,
    first: bool,
    people: &[String],
    newcomer: Option<&Newcomer>,
) -> String {
    let folder = dir.display();
    let made = if first { "made just now" } else { "continued" };
    let who = newcomer.map(|new| new.email.as_str()).or(people.first().map(String::as_str));
    let who = who.unwrap_or("EMAIL");
    let sign_in = match newcomer {
        Some(Newcomer { email, password }) => format!(
            "{email}, with the password {}\n             \
             (shown this once; `siglite account passwd {email}` changes it)",
            password.as_str()
        ),
        None if people.is_empty() => "nobody yet: siglite account add EMAIL".to_owned(),
        None => people.join(", "),
    };
    let client = dir.join("client");
    let client = client.display();
    format!(
        "\n  folder     {folder} ({made})
  sign in    {sign_in}

Sign a file and verify it, in another terminal:

  siglite sign-blob FILE
  siglite verify-blob FILE --certificate-identity {who} --certificate-oidc-issuer {url}/oidc

The same with cosign:

  cosign initialize --mirror {url}/tuf --root {client}/root.json
  cosign sign-blob FILE --bundle FILE.sigstore.json --yes
  cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity {who} \\
      --certificate-oidc-issuer {url}/oidc

And with sigstore-python:

  sigstore --trust-config {client}/trust_config.json sign FILE
  sigstore --trust-config {client}/trust_config.json verify identity FILE \\
      --cert-identity {who} --cert-oidc-issuer {url}/oidc

Ctrl-C ends it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_only_to_a_newcomer() {
        let dir = Path::new("/data");
        let newcomer = Newcomer {
            email: "you@siglite.example".to_owned(),
            password: Zeroizing::new("secret-words".to_owned()),
        };
        let people = ["alice@example.org".to_owned()];
        let first = text("http://localhost:7070", dir, true, &people, Some(&newcomer));
        assert!(first.contains("secret-words"));
        let later = text("http://localhost:7070", dir, false, &people, None);
        assert!(!later.contains("password"));
        assert!(later.contains("sign in    alice@example.org\n"));
    }

    #[test]
    fn an_empty_instance_says_how_to_let_someone_in() {
        let text = text("http://localhost:7070", Path::new("/data"), false, &[], None);
        assert!(text.contains("siglite account add EMAIL"));
    }
}
