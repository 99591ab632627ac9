//! `siglite initialize`: cosign's way to say `siglite use`, for any TUF mirror.

use std::path::{Path, PathBuf};

use lite_keys::HashAlgorithm;
use url::Url;

use super::use_instance::Mirror;
use crate::artifact::ArtifactDigest;
use crate::client::Web;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::instance::{self, ROOT};
use crate::local_ca;
use crate::render::OutputForm;

/// Fetch trust material from a TUF mirror, and sign and verify with it from now on
///
/// cosign's spelling of siglite use. The mirror may be a siglite instance's, somebody else's, or a
/// folder that was copied here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite initialize --mirror http://lab:7070/tuf --root root.json
  siglite initialize --mirror https://tuf.example.org --root https://tuf.example.org/1.root.json \\
      --root-checksum 3f1c…
  siglite initialize --mirror file:///media/usb/tuf --root root.json
  siglite initialize --mirror http://lab:7070/tuf            fetch news of a known mirror")]
pub(crate) struct Args {
    /// The TUF repository: its URL, or file:// and a folder
    #[arg(long, value_name = "URL", env = "TUF_MIRROR", hide_env_values = true)]
    mirror: Option<String>,

    /// The TUF root that trust starts from: a file, or a URL with --root-checksum [default: the
    /// one known from the last time]
    #[arg(long, value_name = "FILE|URL", env = "TUF_ROOT_JSON", hide_env_values = true)]
    root: Option<String>,

    /// The digest of the TUF root, in hexadecimal: SHA-256, or another as sha512:…
    #[arg(long, value_name = "HEX", requires = "root")]
    root_checksum: Option<String>,

    /// Taken for cosign's sake, and refused: siglite knows no public service
    #[arg(long, hide = true)]
    staging: bool,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.staging {
        return Err(no_public_service("--staging names the public service's staging"));
    }
    let Some(mirror) = &args.mirror else {
        return Err(no_public_service("there is no mirror that everybody means"));
    };
    block_on(initialize(mirror, args, context))
}

fn no_public_service(sentence: &str) -> Failure {
    Failure::usage(format!("{sentence}, and siglite knows none but those it is told")).hint(
        "siglite initialize --mirror URL --root root.json; an instance's mirror is its URL and /tuf",
    )
}

async fn initialize(mirror: &str, args: &Args, context: &Context) -> Outcome {
    let (mirror, url) = addresses(mirror)?;
    let folder = instance::trust_folder(&url, context.env())?;
    let web = Web::trusting(local_ca::read(&folder)?.or(context.instance_ca()?));
    let root = first_root(args, &mirror, &folder, &web).await?;
    let mirror = Mirror { at: &mirror, shown: &mirror, folder, url };
    mirror.take(&root, &web, args.output, context).await
}

/// The mirror, and what to remember it by: an instance's own URL, where it is an instance's.
fn addresses(mirror: &str) -> Outcome<(String, String)> {
    if let Some(folder) = mirror.strip_prefix("file://") {
        let folder = format!("file://{}", files::absolute(Path::new(folder))?.display());
        return Ok((folder.clone(), folder));
    }
    let mirror = instance::normalise(mirror)?;
    let url = mirror.strip_suffix("/tuf").unwrap_or(&mirror).to_owned();
    Ok((mirror, url))
}

/// The root that trust starts from, held to the checksum where one is given.
async fn first_root(args: &Args, mirror: &str, folder: &Path, web: &Web) -> Outcome<Vec<u8>> {
    let Some(root) = &args.root else {
        let known = files::read_if_there(&folder.join(ROOT), files::MAX_DOCUMENT_BYTES)?;
        return known.ok_or_else(|| {
            Failure::new(Exit::Trust, format!("nothing yet says that {mirror} can be trusted"))
                .hint("--root FILE names a TUF root that came another way than from the mirror")
        });
    };
    let remote = Url::parse(root).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if remote && args.root_checksum.is_none() {
        return Err(Failure::usage("a root that comes over the network needs --root-checksum")
            .hint("siglite use, where the instance runs, prints the fingerprint of its root"));
    }
    let bytes = if remote {
        const WHAT: &str = "whoever serves the TUF root";
        let answer = web.get(WHAT, root).await?;
        answer.with_status(WHAT, http::StatusCode::OK)?.body.to_vec()
    } else {
        files::read(&PathBuf::from(root), files::MAX_DOCUMENT_BYTES, Exit::Trust)?
    };
    match &args.root_checksum {
        Some(given) => check(bytes, given, root),
        None => Ok(bytes),
    }
}

fn check(root: Vec<u8>, given: &str, name: &str) -> Outcome<Vec<u8>> {
    let (algorithm, hex) = match given.split_once(':') {
        Some(("sha256", hex)) => (HashAlgorithm::Sha256, hex),
        Some(("sha512", hex)) => (HashAlgorithm::Sha512, hex),
        Some((other, _)) => {
            return Err(Failure::usage(format!("--root-checksum cannot be of {other}"))
                .note("expected", "sha256 or sha512"));
        }
        None => (HashAlgorithm::Sha256, given),
    };
    let expected = ArtifactDigest::parse(algorithm, hex).map_err(Failure::usage)?;
    let found = ArtifactDigest { algorithm, bytes: algorithm.digest(&root) };
    if found == expected {
        return Ok(root);
    }
    Err(Failure::new(Exit::Trust, format!("{name} is another root than the one you trust"))
        .note("expected", expected.hex())
        .note("found", found.hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instances_mirror_is_remembered_by_the_instances_url() {
        let url = |mirror| addresses(mirror).unwrap();
        let lab = "http://lab:7070".to_owned();
        assert_eq!(url("http://lab:7070/tuf/"), ("http://lab:7070/tuf".to_owned(), lab));
        let other = "https://tuf.example.org".to_owned();
        assert_eq!(url("https://tuf.example.org"), (other.clone(), other));
        let folder = "file:///media/usb".to_owned();
        assert_eq!(url("file:///media/usb"), (folder.clone(), folder));
        assert!(addresses("ftp://x").is_err());
    }

    #[test]
    fn a_root_is_held_to_its_checksum() {
        let right = crate::commands::use_instance::fingerprint(b"root");
        assert!(check(b"root".to_vec(), &right, "r").is_ok());
        assert!(check(b"root".to_vec(), &format!("sha256:{right}"), "r").is_ok());
        let long = ArtifactDigest {
            algorithm: HashAlgorithm::Sha512,
            bytes: HashAlgorithm::Sha512.digest(b"root"),
        };
        assert!(check(b"root".to_vec(), &format!("sha512:{}", long.hex()), "r").is_ok());
        let failure = check(b"other".to_vec(), &right, "r").unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert_eq!(check(Vec::new(), "md5:00", "r").unwrap_err().exit, Exit::Usage);
        assert_eq!(check(Vec::new(), "00", "r").unwrap_err().exit, Exit::Usage);
    }
}
