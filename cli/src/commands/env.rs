//! `siglite env`: the environment in which stock clients find the instance.

use std::path::Path;

use clap::ValueEnum;

use crate::client::below;
use crate::commands::{Context, use_instance};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::files;
use crate::instance::{Instance, ROOT, SIGNING_CONFIG, TRUST_CONFIG, TRUSTED_ROOT};
use crate::local_ca::{CA, CA_BUNDLE, JAVA_FLAGS, JAVA_STORE};
use crate::surroundings::cache_folder;

/// Print what stock clients need in their environment
///
/// cosign then needs no `initialize`. sigstore-python and sigstore-go take the files that the
/// `SIGLITE_…` variables name.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  eval \"$(siglite env)\"
  cosign sign-blob --yes --bundle FILE.sigstore.json FILE
  sigstore --trust-config \"$SIGLITE_TRUST_CONFIG\" sign FILE
  siglite env --shell fish | source
  siglite env --shell pwsh | Out-String | Invoke-Expression")]
pub(crate) struct Args {
    /// The shell that reads it
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    shell: Shell,
}

/// A family of shells that agree on how a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// sh, bash, zsh, dash
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let instance = context.instance()?;
    let root = files::read(&instance.file(ROOT), files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    // Named by root, because cosign takes the cache of a vanished instance at the same URL for
    // an attack.
    let name = &use_instance::fingerprint(&root)[..16];
    let cache = cache_folder(context.env())?.join("cosign").join(name);
    let lines: Vec<String> = variables(&instance, &cache)
        .into_iter()
        .map(|(name, value)| args.shell.export(name, &value))
        .collect();
    if instance.file(CA).is_file() {
        let ca = instance.file(CA).display().to_string();
        context.screen().say(&format!("Java has no variable for it: {JAVA_STORE} -file {ca}"));
        context.screen().say(&format!("and then: java {JAVA_FLAGS} …"));
    }
    context.screen().data(&lines.join("\n"))
}

/// Names and values, those of cosign first.
fn variables(instance: &Instance, cache: &Path) -> Vec<(&'static str, String)> {
    let file = |name| instance.file(name).display().to_string();
    let mut variables = vec![
        ("TUF_MIRROR", below(&instance.url, "tuf")),
        ("TUF_ROOT_JSON", file(ROOT)),
        ("TUF_ROOT", cache.display().to_string()),
        // The folder and not the URL: another instance may become the current one.
        ("SIGLITE_INSTANCE", instance.client_dir.display().to_string()),
        ("SIGLITE_TRUSTED_ROOT", file(TRUSTED_ROOT)),
        ("SIGLITE_SIGNING_CONFIG", file(SIGNING_CONFIG)),
        ("SIGLITE_TRUST_CONFIG", file(TRUST_CONFIG)),
    ];
    if instance.file(CA).is_file() {
        // Go, Python and curl replace the machine's authorities with these, Node adds to its own.
        let bundle = file(CA_BUNDLE);
        variables.extend([
            ("SSL_CERT_FILE", bundle.clone()),
            ("REQUESTS_CA_BUNDLE", bundle.clone()),
            ("CURL_CA_BUNDLE", bundle),
            ("NODE_EXTRA_CA_CERTS", file(CA)),
        ]);
    }
    variables
}

impl Shell {
    fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                format!("set -gx {name} '{value}'")
            }
            Self::Pwsh => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let value = r"/it's \ $(here)";
        assert_eq!(Shell::Sh.export("A", value), r"export A='/it'\''s \ $(here)'");
        assert_eq!(Shell::Fish.export("A", value), r"set -gx A '/it\'s \\ $(here)'");
        assert_eq!(Shell::Pwsh.export("A", value), r"$env:A = '/it''s \ $(here)'");
    }

    /// Each of cosign's `SIGSTORE_*_FILE` variables switches its trusted root off.
    #[test]
    fn nothing_switches_the_trusted_root_off() {
        let instance = Instance { url: "http://h".to_owned(), client_dir: "/c".into() };
        let variables = variables(&instance, Path::new("/cache"));
        assert!(variables.contains(&("TUF_MIRROR", "http://h/tuf".to_owned())));
        assert!(variables.contains(&("TUF_ROOT_JSON", "/c/root.json".to_owned())));
        assert!(!variables.iter().any(|(name, _)| name.starts_with("SIGSTORE_")));
    }

    #[test]
    fn an_authority_of_the_instances_own_is_told_to_each_client() {
        let dir = tempfile::tempdir().unwrap();
        let client_dir = dir.path().to_owned();
        let instance = Instance { url: "https://h".to_owned(), client_dir };
        let names = || -> Vec<_> {
            variables(&instance, Path::new("/cache")).into_iter().map(|(name, _)| name).collect()
        };
        assert!(!names().contains(&"SSL_CERT_FILE"));
        crate::local_ca::keep(dir.path(), "PEM").unwrap();
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            assert!(names().contains(&name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let value = "/a b'c\"d$e\\f";
        let line = Shell::Sh.export("SIGLITE_TEST", value);
        let printed = std::process::Command::new("sh")
            .args(["-c", &format!("{line}; printf %s \"$SIGLITE_TEST\"")])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), value);
    }
}
