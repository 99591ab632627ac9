//! `siglite image inspect`.

use lite_images::{Found, Repository};
use lite_oci::{Descriptor, ImageManifest, Manifest};
use serde_json::{Value, json};

use super::place::Place;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::files::MAX_DOCUMENT_BYTES;
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Show what an image is: digest, platforms, configuration, layers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite image inspect localhost:7070/app:1
  siglite image inspect oci:app
  siglite image inspect app.tar --output json | jq .config")]
pub(super) struct Args {
    /// Where the image is
    #[arg(value_name = "IMAGE")]
    image: Place,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(inspect(args, context))
}

async fn inspect(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let source = args.image.open(&session)?;
    let found = source.repository.require(&source.target).await.told()?;
    let manifest = found.parse().told()?;
    let config = match &manifest {
        Manifest::Image(image) => configuration(image, &source.repository).await?,
        Manifest::Index(_) => Value::Null,
    };
    match args.output {
        OutputForm::Json => context.screen().json(&json!({
            "name": args.image.to_string(),
            "digest": found.digest.as_str(),
            "mediaType": found.media_type,
            "size": found.bytes.len(),
            "manifest": serde_json::from_slice::<Value>(&found.bytes).unwrap_or_default(),
            "config": config,
        })),
        OutputForm::Text => context.screen().data(&lines(&found, &manifest, &config)),
    }
}

async fn configuration(image: &ImageManifest, repository: &Repository) -> Outcome<Value> {
    let bytes = repository.blob(&image.config, MAX_DOCUMENT_BYTES).await.told()?;
    // An artifact's configuration may be anything.
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

fn lines(found: &Found, manifest: &Manifest, config: &Value) -> String {
    let mut lines =
        vec![format!("digest:     {}", found.digest), format!("type:       {}", found.media_type)];
    let described = |one: &Descriptor| format!("{}  {} bytes", one.digest, one.size);
    match manifest {
        Manifest::Index(index) => {
            for one in &index.manifests {
                let platform = one.platform.as_ref().map_or("-".to_owned(), ToString::to_string);
                lines.push(format!("platform:   {platform}  {}", one.digest));
            }
        }
        Manifest::Image(image) => {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let (os, architecture) = (text(&config["os"]), text(&config["architecture"]));
            lines.push(format!("platform:   {os}/{architecture}"));
            for (label, field) in [("entrypoint: ", "Entrypoint"), ("command:    ", "Cmd")] {
                if let Some(words) = config["config"][field].as_array() {
                    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                    lines.push(format!("{label}{}", words.join(" ")));
                }
            }
            lines.push(format!("config:     {}", described(&image.config)));
            let layers = image.layers.iter();
            lines.extend(layers.map(|layer| format!("layer:      {}", described(layer))));
        }
    }
    let annotations = manifest.annotations().iter();
    lines.extend(annotations.map(|(key, value)| format!("annotation: {key}={value}")));
    lines.join("\n")
}
