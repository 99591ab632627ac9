//! `siglite env`: the environment in which stock clients find the instance.

mod client;
mod keys;
mod place;
mod shell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::trust::TrustedRoot;

use crate::commands::{Context, use_instance};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::instance::{ROOT, TRUSTED_ROOT};
use crate::surroundings::cache_folder;

use client::{Client, Sheet};
use keys::Keys;
use place::Place;
use shell::{Shell, comment};

/// Print what stock clients need in their environment
///
/// cosign then needs no `initialize`. sigstore-python and sigstore-go take the files that the
/// `SIGLITE_…` variables name. `--for` prints what one client reads, and shows as comments what
/// else to type.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  eval \"$(siglite env)\"
  cosign sign-blob --yes --bundle FILE.sigstore.json FILE
  sigstore --trust-config \"$SIGLITE_TRUST_CONFIG\" sign FILE
  siglite env --for gitsign
  siglite env --shell fish | source
  siglite env --shell pwsh | Out-String | Invoke-Expression")]
pub(crate) struct Args {
    /// The shell that reads it
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    shell: Shell,

    /// Only what this client needs, and how it is used [default: variables for all that read no
    /// others]
    #[arg(long = "for", value_name = "CLIENT")]
    client: Option<Client>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let instance = context.instance()?;
    let root = files::read(&instance.file(ROOT), files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    // Named by root, because cosign takes the cache of a vanished instance at the same URL for
    // an attack.
    let name = &use_instance::fingerprint(&root)[..16];
    let cache = cache_folder(context.env())?;
    let trusted_root = instance.file(TRUSTED_ROOT);
    let trusted_root = files::read(&trusted_root, files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    let trusted_root = TrustedRoot::parse(&trusted_root).map_err(|error| {
        Failure::new(Exit::Trust, "cannot read the trusted root").because(&error)
    })?;
    let place = Place {
        instance,
        tuf_cache: cache.join("cosign").join(name),
        keys: Keys::of(&trusted_root),
        keys_folder: cache.join("keys").join(name),
        root_in_base64: STANDARD.encode(&root),
    };
    if args.client == Some(Client::Gitsign) {
        place.keys.write(&place.keys_folder)?;
    }
    let sheet = args.client.map_or_else(|| for_all(&place), |client| client.sheet(&place));
    context.screen().data(&lines(&sheet, args.shell).join("\n"))
}

/// Variables that do not disturb each other: those of cosign 3, and names of our own for files.
fn for_all(place: &Place) -> Sheet {
    let mut sheet = Client::Cosign3.sheet(place);
    sheet.variables.extend([
        ("SIGLITE_TRUSTED_ROOT", place.trusted_root()),
        ("SIGLITE_SIGNING_CONFIG", place.signing_config()),
        ("SIGLITE_TRUST_CONFIG", place.trust_config()),
    ]);
    if place.has_own_authority() {
        sheet.variables.extend([
            ("REQUESTS_CA_BUNDLE", place.authorities()),
            ("CURL_CA_BUNDLE", place.authorities()),
            ("NODE_EXTRA_CA_CERTS", place.authority()),
        ]);
    }
    Sheet { variables: sheet.variables, ..Sheet::default() }
}

fn lines(sheet: &Sheet, shell: Shell) -> Vec<String> {
    let mut lines: Vec<String> =
        sheet.variables.iter().map(|(name, value)| shell.export(name, value)).collect();
    for (title, commands) in [("Once:", &sheet.once), ("Then:", &sheet.then)] {
        if !commands.is_empty() {
            lines.push(comment(title));
            lines.extend(commands.iter().map(|command| comment(&format!("  {command}"))));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::instance::Instance;

    fn place() -> Place {
        let instance = Instance { url: "http://h".to_owned(), client_dir: "/c".into() };
        Place {
            instance,
            tuf_cache: "/cache".into(),
            keys: Keys { rekor: Some("PEM".to_owned()), ..Keys::default() },
            keys_folder: "/keys".into(),
            root_in_base64: "e30=".to_owned(),
        }
    }

    /// Each of cosign's `SIGSTORE_*_FILE` variables switches its trusted root off, and one of
    /// `COSIGN_*` would be a flag of every version.
    #[test]
    fn nothing_switches_the_trusted_root_off() {
        let variables = for_all(&place()).variables;
        assert!(variables.contains(&("TUF_MIRROR", "http://h/tuf".to_owned())));
        assert!(variables.contains(&("TUF_ROOT_JSON", "/c/root.json".to_owned())));
        let foreign = |name: &str| name.starts_with("SIGSTORE_") || name.starts_with("COSIGN_");
        assert!(!variables.iter().any(|(name, _)| foreign(name)));
    }

    #[test]
    fn an_authority_of_the_instances_own_is_told_to_each_client() {
        let dir = tempfile::tempdir().unwrap();
        let mut place = place();
        place.instance.client_dir = dir.path().to_owned();
        let names = |place: &Place| -> Vec<_> {
            for_all(place).variables.into_iter().map(|(name, _)| name).collect()
        };
        assert!(!names(&place).contains(&"SSL_CERT_FILE"));
        crate::local_ca::keep(dir.path(), "PEM").unwrap();
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            assert!(names(&place).contains(&name), "{name}");
        }
        let java = Client::SigstoreJava.sheet(&place);
        assert!(java.once.iter().any(|line| line.starts_with("keytool ")), "{java:?}");
    }

    #[test]
    fn a_shell_that_reads_all_of_it_only_sets_variables() {
        for client in Client::value_variants() {
            for line in lines(&client.sheet(&place()), Shell::Sh) {
                assert!(line.starts_with("export ") || line.starts_with('#'), "{client:?}: {line}");
            }
        }
    }

    #[test]
    fn what_is_typed_once_stands_before_what_is_typed_then() {
        let lines = lines(&Client::Gitsign.sheet(&place()), Shell::Fish);
        let at = |text: &str| lines.iter().position(|line| line.starts_with(text)).unwrap();
        assert!(at("set -gx GITSIGN_FULCIO_URL") < at("# Once:"));
        assert_eq!(lines[at("# Once:") + 1], "#   git config --global gpg.format x509");
        assert!(at("# Once:") < at("# Then:"));
        // What there is no file for is not named.
        assert!(at("set -gx SIGSTORE_REKOR_PUBLIC_KEY '/keys/rekor.pub'") < at("# Once:"));
        assert!(!lines.iter().any(|line| line.contains("GITSIGN_FULCIO_ROOT")));
    }
}
