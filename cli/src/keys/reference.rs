//! Where a key is: a file, or a variable of the environment, in cosign's spelling.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{KeyText, Use};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::surroundings::Environment;

/// A key is a few lines.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// A place that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A file.
    File(PathBuf),
    /// `env://NAME`: the text of a variable.
    Env(String),
}

impl Reference {
    /// Reads what `--key` says; what cosign finds elsewhere is refused by name.
    pub(crate) fn parse(text: &str, what_for: Use) -> Outcome<Self> {
        if let Some(variable) = text.strip_prefix("env://") {
            return Ok(Self::Env(variable.to_owned()));
        }
        let scheme = if text.starts_with("pkcs11:") {
            Some("pkcs11:")
        } else {
            text.find("://").map(|at| &text[..at + 3])
        };
        match scheme {
            // A file of that name wins, so that no file becomes unreachable.
            Some(scheme) if !Path::new(text).exists() => Err(elsewhere(text, scheme, what_for)),
            _ => Ok(Self::File(text.into())),
        }
    }

    /// What to call the key.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Env(variable) => format!("env://{variable}"),
        }
    }

    /// The key's text.
    pub(crate) fn read(&self, env: &dyn Environment) -> Outcome<KeyText> {
        match self {
            Self::File(path) => {
                files::read_text(path, MAX_KEY_BYTES, Exit::Usage).map(Zeroizing::new)
            }
            Self::Env(variable) => env.filled(variable).map(Zeroizing::new).ok_or_else(|| {
                Failure::usage(format!("the variable {variable} is not set, or empty"))
                    .note("expected", "a key in PEM")
                    .hint(format!("export {variable}=\"$(cat FILE)\""))
            }),
        }
    }
}

/// A key that is where this program does not reach; what helps depends on what it is for.
fn elsewhere(text: &str, scheme: &str, what_for: Use) -> Failure {
    let export = format!("cosign public-key --key {text} > key.pub, then --key key.pub");
    let hint = match (scheme, what_for) {
        ("k8s://", _) => {
            let name = text.trim_start_matches("k8s://");
            let (namespace, secret) = name.split_once('/').unwrap_or(("NAMESPACE", name));
            let member = if what_for == Use::Sign { "cosign\\.key" } else { "cosign\\.pub" };
            format!(
                "kubectl get secret {secret} -n {namespace} -o jsonpath='{{.data.{member}}}' | \
                 base64 -d > FILE, then --key FILE"
            )
        }
        ("gitlab://" | "github://", Use::Sign) => {
            "in the pipeline: --key env://COSIGN_PRIVATE_KEY".to_owned()
        }
        ("gitlab://" | "github://", Use::Verify) => {
            "in the pipeline: --key env://COSIGN_PUBLIC_KEY".to_owned()
        }
        ("http://" | "https://", _) => {
            format!("curl --fail --output FILE {text}, then --key FILE")
        }
        (_, Use::Verify) => export,
        (_, Use::Sign) => {
            "siglite generate-key-pair makes a key in a file; an identity needs no key at all"
                .to_owned()
        }
    };
    Failure::usage(format!("siglite does not reach keys in {scheme}"))
        .note("expected", "a file, or env://VARIABLE")
        .note("found", text)
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[test]
    fn a_key_is_in_a_file_or_a_variable() {
        let parse = |text| Reference::parse(text, Use::Sign).unwrap();
        assert_eq!(parse("dir/cosign.key"), Reference::File("dir/cosign.key".into()));
        assert_eq!(parse("c:cosign.key"), Reference::File("c:cosign.key".into()));
        let key = parse("env://KEY");
        assert_eq!(key, Reference::Env("KEY".to_owned()));
        assert_eq!(key.read(&Made::of([("KEY", "text")])).unwrap().as_str(), "text");
        let failure = key.read(&Made::default()).unwrap_err();
        assert_eq!(failure.sentence, "the variable KEY is not set, or empty");
    }

    #[test]
    fn what_is_elsewhere_is_refused_by_its_scheme_with_a_way_out() {
        #[track_caller]
        fn check(text: &str, what_for: Use, scheme: &str, hint: &str) {
            let failure = Reference::parse(text, what_for).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert_eq!(failure.sentence, format!("siglite does not reach keys in {scheme}"));
            let said = failure.hint.unwrap();
            assert!(said.contains(hint), "{said}");
        }
        check("awskms:///alias/a", Use::Sign, "awskms://", "siglite generate-key-pair");
        check("awskms:///alias/a", Use::Verify, "awskms://", "--key awskms:///alias/a > key.pub");
        check("k8s://ns/name", Use::Sign, "k8s://", "get secret name -n ns");
        check("k8s://ns/name", Use::Verify, "k8s://", "cosign\\.pub");
        check("gitlab://1", Use::Sign, "gitlab://", "env://COSIGN_PRIVATE_KEY");
        check("github://a/b", Use::Verify, "github://", "env://COSIGN_PUBLIC_KEY");
        check("https://h/k.pub", Use::Verify, "https://", "curl");
        check("pkcs11:token=a", Use::Sign, "pkcs11:", "siglite generate-key-pair");
        check("nonsense://x", Use::Verify, "nonsense://", "key.pub");
    }
}
