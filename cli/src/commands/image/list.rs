//! `siglite image list`.

use lite_images::Registry;
use lite_oci::Reference;
use lite_oci::signatures::is_made_of_a_digest;
use serde_json::json;

use crate::commands::{Context, block_on};
use crate::failure::{Failure, Outcome};
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// List the repositories of a registry, or the tags of a repository
///
/// Tags that only hold signatures and the like are left out unless --all is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite image list                              the instance's registry
  siglite image list localhost:7070
  siglite image list localhost:7070/app
  siglite image list localhost:7070/app --all --output json")]
pub(super) struct Args {
    /// A registry, or a repository in one [default: the instance's registry]
    #[arg(value_name = "REGISTRY|REPOSITORY")]
    of: Option<String>,

    /// Also the tags of signatures, attestations and lists of referrers
    #[arg(long)]
    all: bool,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(list(args, context))
}

async fn list(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let of = if let Some(of) = &args.of {
        of.trim_end_matches('/').to_owned()
    } else {
        let url = context.instance()?.url;
        url.split_once("://").map_or(url.as_str(), |(_, host)| host).to_owned()
    };
    let (what, names) = if of.contains('/') {
        ("tags", tags(&of, args.all, &session).await?)
    } else {
        ("repositories", repositories(&of, &session).await?)
    };
    match args.output {
        OutputForm::Json => context.screen().json(&json!({"of": of, what: names})),
        OutputForm::Text if names.is_empty() => {
            context.screen().say(&format!("{of} has no {what}"));
            Ok(())
        }
        OutputForm::Text => context.screen().data(&names.join("\n")),
    }
}

async fn repositories(host: &str, session: &Registry) -> Outcome<Vec<String>> {
    // Any repository leads to its registry.
    let reference = read(&format!("{host}/any"), host)?;
    let names = session.remote(&reference).repositories().await.told()?;
    Ok(names.iter().map(|name| format!("{host}/{name}")).collect())
}

async fn tags(of: &str, all: bool, session: &Registry) -> Outcome<Vec<String>> {
    let reference = read(of, of)?;
    let tags = session.remote(&reference).tags().await.told()?;
    let shown = tags.iter().filter(|tag| all || !is_made_of_a_digest(tag));
    Ok(shown.map(ToString::to_string).collect())
}

fn read(text: &str, typed: &str) -> Outcome<Reference> {
    text.parse().map_err(|error| {
        Failure::usage(format!("not a registry or a repository: {typed}")).because(&error)
    })
}
