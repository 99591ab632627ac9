//! `siglite use`: which instance, and how it comes to be trusted.
//!
//! Trust starts from a TUF root that came another way than the network: a file, a fingerprint
//! read aloud, or the data folder of an instance on this machine.

use std::path::{Path, PathBuf};

use lite_bundle::trust::{ClientTrustConfig, SigningConfig, TrustedRoot};
use serde_json::json;
use sha2::{Digest, Sha256};
use sigstore_tuf::FileStore;

use crate::client::{Web, below, tuf};
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Reader};
use crate::instance::{
    self, Instance, Pointer, ROOT, SIGNING_CONFIG, StartedBy, TRUST_CONFIG, TRUSTED_ROOT,
};
use crate::local_ca;
use crate::render::OutputForm;

/// Choose the instance to sign and verify with, and fetch its trust material
///
/// Without a URL, prints the current instance. An instance that `siglite up` started on this
/// machine for the same user is used by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite use                                                  show the current instance
  siglite use http://lab:7070 --root root.json                 trust a root from a file
  siglite use http://lab:7070 --fingerprint 3f1c…              trust the root of this SHA-256
  siglite use http://lab:7070                                  fetch news of a known instance

Where the instance runs, `siglite use` without a URL prints its fingerprint.")]
pub(crate) struct Args {
    /// The URL of the instance
    url: Option<String>,

    /// Start trust from this TUF root
    #[arg(long, value_name = "FILE", requires = "url", group = "start")]
    root: Option<PathBuf>,

    /// Start trust from the TUF root whose SHA-256 this is, in hexadecimal
    #[arg(long, value_name = "SHA256", requires = "url", group = "start")]
    fingerprint: Option<String>,

    /// Believe whatever root the URL serves this first time
    #[arg(long, requires = "url", group = "start")]
    insecure_trust_on_first_use: bool,

    /// Believe the instance's TLS certificate by this authority, PEM, now and from now on: the
    /// `ca.pem` in its client folder
    #[arg(long, value_name = "FILE", requires = "url")]
    cacert: Option<PathBuf>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.url {
        None => show(args, context),
        Some(url) => block_on(fetch(url, args, context)),
    }
}

fn show(args: &Args, context: &Context) -> Outcome {
    let instance = context.instance()?;
    let root = files::read(&instance.file(ROOT), files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    report(&instance, &fingerprint(&root), args.output, context)
}

async fn fetch(url: &str, args: &Args, context: &Context) -> Outcome {
    let url = instance::normalise(url)?;
    let starts_anew = args.cacert.is_some()
        || args.root.is_some()
        || args.fingerprint.is_some()
        || args.insecure_trust_on_first_use;
    if !starts_anew && let Some(local) = local(&url, context)? {
        local.write(context.env())?;
        let root =
            files::read(&local.client_dir.join(ROOT), files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
        let instance = Instance { url: local.url, client_dir: local.client_dir };
        return report(&instance, &fingerprint(&root), args.output, context);
    }
    let folder = instance::trust_folder(&url, context.env())?;
    let authority = match &args.cacert {
        Some(file) => Some(local_ca::read_given(file)?),
        None => local_ca::read(&folder)?,
    };
    let web = Web::trusting(authority.clone());
    let root = first_root(&url, args, &folder, &web, context).await?;
    let mirror =
        Mirror { at: &below(&url, "tuf"), shown: &url, folder: folder.clone(), url: url.clone() };
    mirror.take(&root, &web, args.output, context).await?;
    // The machine's authorities may be others by now.
    authority.map_or(Ok(()), |pem| local_ca::keep(&folder, &pem))
}

/// A TUF repository that becomes what commands sign and verify with.
pub(super) struct Mirror<'a> {
    /// Its URL.
    pub(super) at: &'a str,
    /// What a person calls it.
    pub(super) shown: &'a str,
    /// Where its documents are kept.
    pub(super) folder: PathBuf,
    /// What it is remembered by.
    pub(super) url: String,
}

impl Mirror<'_> {
    /// Fetches the trust material from `root` on, keeps it, and points the commands to it.
    pub(super) async fn take(
        self,
        root: &[u8],
        web: &Web,
        output: OutputForm,
        context: &Context,
    ) -> Outcome {
        let Self { at, shown, folder, url } = self;
        let store = FileStore::new(folder.join("tuf"));
        let fetched = tuf::fetch(web, at, root, store, context.clock().now()).await?;
        keep(&folder, &fetched, context)?;
        let pointer =
            Pointer { url: url.clone(), client_dir: folder.clone(), started_by: StartedBy::Use };
        pointer.write(context.env())?;
        let words = format!("{shown} by version {} of its TUF root", fetched.root_version);
        context.screen().done("Trusted:", &words);
        let instance = Instance { url, client_dir: folder };
        report(&instance, &fingerprint(&fetched.root), output, context)
    }
}

/// The instance at this URL that runs, or ran, on this machine for this user.
fn local(url: &str, context: &Context) -> Outcome<Option<Pointer>> {
    let known = Pointer::read(context.env())?
        .filter(|pointer| pointer.url == url && pointer.started_by == StartedBy::Up);
    if known.as_ref().is_some_and(|known| known.client_dir.join(TRUSTED_ROOT).is_file()) {
        return Ok(known);
    }
    let found = Instance::of_this_user(url, context.env())?;
    Ok(found.map(|found| Pointer {
        url: found.url,
        client_dir: found.client_dir,
        started_by: StartedBy::Up,
    }))
}

/// The root that trust starts from, and why it may.
async fn first_root(
    url: &str,
    args: &Args,
    folder: &Path,
    web: &Web,
    context: &Context,
) -> Outcome<Vec<u8>> {
    if let Some(file) = &args.root {
        return files::read(file, files::MAX_DOCUMENT_BYTES, Exit::Trust);
    }
    if let Some(given) = &args.fingerprint {
        let expected = parse_fingerprint(given)?;
        let (root, found) = served_root(url, web).await?;
        return if found == expected { Ok(root) } else { Err(other_root(url, &expected, &found)) };
    }
    if args.insecure_trust_on_first_use {
        let (root, found) = served_root(url, web).await?;
        context.screen().warn(&format!(
            "trusting the root that {url} serves, unseen; its fingerprint is {found}"
        ));
        return Ok(root);
    }
    if let Some(known) = files::read_if_there(&folder.join(ROOT), files::MAX_DOCUMENT_BYTES)? {
        return Ok(known);
    }
    let (_, found) = served_root(url, web).await?;
    Err(unknown_root(url, &found))
}

/// `root.json` as the instance serves it to anyone, with its fingerprint.
async fn served_root(url: &str, web: &Web) -> Outcome<(Vec<u8>, String)> {
    const WHAT: &str = "the instance";
    let answer = web.get(WHAT, &below(url, ROOT)).await?;
    let answer = answer.with_status(WHAT, http::StatusCode::OK)?;
    let found = fingerprint(&answer.body);
    Ok((answer.body.to_vec(), found))
}

fn unknown_root(url: &str, found: &str) -> Failure {
    Failure::new(Exit::Trust, format!("nothing yet says that {url} is the instance you mean"))
        .note("fingerprint", found)
        .hint(format!(
            "compare the fingerprint with what siglite use prints where the instance runs, then: \
             siglite use {url} --fingerprint {found}"
        ))
}

fn other_root(url: &str, expected: &str, found: &str) -> Failure {
    Failure::new(Exit::Trust, format!("{url} serves another root than the one you trust"))
        .note("expected", expected)
        .note("found", found)
        .hint("ask whoever runs the instance for root.json, and use --root FILE")
}

/// Writes what was verified, the pointer's target last read first: a client folder is complete
/// once it has `trusted_root.json`.
fn keep(folder: &Path, fetched: &tuf::Fetched, context: &Context) -> Outcome {
    let refuse = |what: &str, error: &(dyn std::error::Error + 'static)| {
        Failure::new(Exit::Trust, format!("the instance's {what} does not parse")).because(error)
    };
    let trusted_root = TrustedRoot::parse(&fetched.trusted_root)
        .map_err(|error| refuse("trusted root", &error))?;
    let signing_config_text = fetched.signing_config.clone().unwrap_or_else(|| {
        context
            .screen()
            .warn("the repository names no servers to sign with: what it has is enough to verify");
        SigningConfig::new().to_json().into_bytes()
    });
    let signing_config = SigningConfig::parse(&signing_config_text)
        .map_err(|error| refuse("signing config", &error))?;
    let both = ClientTrustConfig::new(trusted_root, signing_config);
    let write =
        |name: &str, bytes: &[u8]| files::write(&folder.join(name), bytes, Reader::Everyone);
    write(ROOT, &fetched.root)?;
    write(SIGNING_CONFIG, &signing_config_text)?;
    write(TRUST_CONFIG, both.to_json().as_bytes())?;
    write(TRUSTED_ROOT, &fetched.trusted_root)
}

/// Says which instance is the current one, and by which root.
fn report(instance: &Instance, fingerprint: &str, form: OutputForm, context: &Context) -> Outcome {
    let folder = instance.client_dir.display().to_string();
    match form {
        OutputForm::Json => context.screen().json(&json!({
            "url": instance.url, "clientDir": folder, "fingerprint": fingerprint,
        })),
        OutputForm::Text => context.screen().data(&format!(
            "instance:     {}\nfiles:        {folder}\nfingerprint:  {fingerprint}",
            instance.url
        )),
    }
}

/// SHA-256 of a root's bytes in hexadecimal: what cosign calls `--root-checksum`.
pub(crate) fn fingerprint(root: &[u8]) -> String {
    hex::encode(Sha256::digest(root))
}

/// A fingerprint as people copy it: either case, with or without colons and spaces.
fn parse_fingerprint(text: &str) -> Outcome<String> {
    let plain: String = text
        .strip_prefix("sha256:")
        .unwrap_or(text)
        .chars()
        .filter(|c| !matches!(c, ':' | ' '))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if plain.len() == 64 && plain.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(plain);
    }
    Err(Failure::usage("a fingerprint is a SHA-256 in 64 hexadecimal digits").note("found", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_people_copy_it() {
        let plain = fingerprint(b"");
        assert_eq!(parse_fingerprint(&plain).unwrap(), plain);
        assert_eq!(parse_fingerprint(&plain.to_uppercase()).unwrap(), plain);
        assert_eq!(parse_fingerprint(&format!("sha256:{plain}")).unwrap(), plain);
        let colons: Vec<&str> = (0..32).map(|i| &plain[2 * i..2 * i + 2]).collect();
        assert_eq!(parse_fingerprint(&colons.join(":")).unwrap(), plain);
        assert_eq!(parse_fingerprint(&plain[1..]).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn an_unknown_instance_is_refused_with_the_command_that_helps() {
        let failure = unknown_root("http://lab:7070", "ab");
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.hint.unwrap().ends_with("siglite use http://lab:7070 --fingerprint ab"));
    }

    #[test]
    fn another_root_shows_both_fingerprints() {
        let failure = other_root("http://lab:7070", "aa", "bb");
        assert_eq!(failure.exit, Exit::Trust);
        assert_eq!(failure.notes, [("expected", "aa".to_owned()), ("found", "bb".to_owned())]);
    }
}
