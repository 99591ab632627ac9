//! `siglite login`: who asks a registry, kept where docker keeps it.

use lite_images::keychain::{self, Kept};
use lite_images::{Credential, Registry, Secret};
use lite_oci::Reference;

use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Reader};
use crate::prompt;
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;

/// The largest credential file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Log in to a registry, for siglite, docker, cosign and everybody who reads docker's file
///
/// The registry is asked before anything is kept. The file is docker's (`DOCKER_CONFIG`, or
/// ~/.docker/config.json); a helper that it names gets the password instead.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite login registry.example -u alice                     asks for the password
  siglite login registry.example -u ci --password-stdin < secret
  siglite login localhost:7070 -u alice")]
pub(crate) struct Args {
    /// The registry
    #[arg(value_name = "REGISTRY", default_value = "docker.io")]
    registry: String,

    /// Who you are there
    #[arg(long, short, value_name = "NAME")]
    username: String,

    /// The password; others can see it there: --password-stdin is better
    #[arg(long, short, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    password: Option<Secret>,

    /// Take the password from standard input
    #[arg(long)]
    password_stdin: bool,

    #[command(flatten)]
    flags: RegistryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(login(args, context))
}

async fn login(args: &Args, context: &Context) -> Outcome {
    let host = args.registry.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.trim_end_matches('/');
    let reference: Reference = format!("{host}/any").parse().map_err(|error| {
        Failure::usage(format!("not a registry: {}", args.registry)).because(&error)
    })?;
    if reference.registry() != host && host != "docker.io" {
        return Err(Failure::usage(format!("not a registry: {}", args.registry))
            .note("expected", "HOST or HOST:PORT"));
    }
    let password = password(args, context)?;
    let mut access = args.flags.access(context.env(), context.instance_ca()?)?;
    access.credential =
        Some(Credential::Password { username: args.username.clone(), password: password.clone() });
    let session = Registry::new(access).told()?;
    session.remote(&reference).log_in().await.told()?;
    let path = keychain::docker_config(&|name| context.env().var(name)).ok_or_else(|| {
        Failure::usage("neither DOCKER_CONFIG nor HOME names a folder")
            .hint("export DOCKER_CONFIG=/some/folder")
    })?;
    let before = files::read_if_there(&path, MAX_FILE_BYTES)?;
    let kept =
        keychain::keep(before.as_deref(), &path, reference.registry(), &args.username, &password);
    let kept = kept
        .await
        .map_err(|error| Failure::new(Exit::Usage, "the login cannot be kept").because(&error))?;
    let place = match kept {
        Kept::File(bytes) => {
            files::write(&path, &bytes, Reader::Owner)?;
            path.display().to_string()
        }
        Kept::Helper(helper) => format!("docker-credential-{helper}"),
    };
    context.screen().done("Logged in", &format!("to {host} as {}", args.username));
    context.screen().say(&format!("The login is kept in {place}"));
    Ok(())
}

fn password(args: &Args, context: &Context) -> Outcome<Secret> {
    if let Some(password) = &args.password {
        context.screen().warn("a password on the command line is seen by others: --password-stdin");
        return Ok(password.clone());
    }
    if args.password_stdin {
        let bytes = zeroize::Zeroizing::new(files::read_stdin(MAX_FILE_BYTES)?);
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Failure::usage("the password is not text").because(&error))?;
        return Ok(Secret::new(text.trim_end_matches(['\n', '\r'])));
    }
    let question = format!("Password of {} at {}: ", args.username, args.registry);
    prompt::secret(context.env(), &question).map(|secret| Secret::new(secret.as_str()))
}
