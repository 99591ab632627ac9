//! `siglite sign`: images in, signatures beside them in their registries.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::Content;
use lite_pki::Certificate;
use serde_json::json;

use crate::attached::{Format, Image};
use crate::commands::{Context, block_on};
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::{CosignFlags, PairsFlag};
use crate::registry_flags::RegistryFlags;
use crate::render::{OutputForm, Screen};
use crate::sign::{self, Claims, How, SignedImage, SigningFlags};

/// Sign images in a registry
///
/// What is signed is the digest that a name stands for now: tags move, digests do not. One login
/// signs as many images as are named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite sign localhost:7070/app:v1                 as yourself
  siglite sign localhost:7070/app@sha256:9f86d0… --account alice@example.org
  siglite sign --key cosign.key localhost:7070/app:v1 -a build=42
  siglite sign --key cosign.key --format both localhost:7070/app:v1
                                        for readers of the older format, too
  siglite sign --recursive localhost:7070/app:v1     and the image of every platform
  siglite sign localhost:7070/a:1 localhost:7070/b:1 one login, two images

Exit codes: 0 signed, 11 no such image; siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The images, such as localhost:7070/app:v1 or HOST/NAME@sha256:…
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    #[command(flatten)]
    annotations: PairsFlag,

    /// Sign the images of all platforms that an index lists, too
    #[arg(long, short)]
    recursive: bool,

    /// In which form the signature is attached
    #[arg(long, value_name = "FORM", default_value = "bundle")]
    format: Format,

    /// Attach the signature; false only signs and logs
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = clap::ArgAction::Set)]
    upload: bool,

    /// Write the bundle to this file, too
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Write the signature in base64 to this file, too
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    output_signature: Option<PathBuf>,

    /// Write the signer's certificate to this file, too
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    output_certificate: Option<PathBuf>,

    /// Write what is signed to this file, too
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    output_payload: Option<PathBuf>,

    /// What the signature calls the image, instead of its own name
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    sign_container_identity: Option<String>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    cosign: CosignFlags,

    #[command(flatten)]
    image_flags: CosignImageFlags,

    #[command(flatten)]
    signing: SigningFlags,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// Flags of cosign that say what this program does anyway.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct CosignImageFlags {
    /// Taken for cosign's sake: the registry says itself whether it lists referrers
    #[arg(long, hide = true, value_name = "MODE")]
    registry_referrers_mode: Option<String>,

    /// Taken for cosign's sake: the time of a signature is its timestamp's
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    record_creation_timestamp: Option<bool>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.cosign.check_for_images()?;
    args.check_outputs()?;
    let format = args.cosign.format_or(args.format);
    let claims = Claims {
        annotations: args.annotations.pairs()?,
        identity: args.sign_container_identity.clone(),
    };
    let how = How { signing: &args.signing, format, upload: args.upload, claims: &claims };
    let signed = block_on(async {
        let images = args.resolve(context).await?;
        sign::sign_images(images, &how, context).await
    })?;
    args.write(&signed, *context.screen())?;
    if args.output == OutputForm::Json {
        let all: Vec<_> = signed.iter().map(summary).collect();
        context.screen().json(&json!(all))?;
    }
    Ok(())
}

impl Args {
    /// What every name stands for now, before anybody is asked for a password.
    async fn resolve(&self, context: &Context) -> Outcome<Vec<Image>> {
        let registry = self.registry.session(context)?;
        let mut images: Vec<Image> = Vec::new();
        for name in &self.images {
            let image = Image::in_registry(name, &registry, context.env()).await?;
            if image.tag.is_some() {
                context.screen().say(&format!(
                    "{name} names {} now; that digest is signed, whatever the tag names later",
                    image.digest()
                ));
            }
            for image in image.with_platforms(self.recursive).await? {
                let same = |known: &Image| known.by_digest() == image.by_digest();
                if !images.iter().any(same) {
                    images.push(image);
                }
            }
        }
        Ok(images)
    }

    /// One file has room for one signature.
    fn check_outputs(&self) -> Outcome {
        let outputs =
            [&self.bundle, &self.output_signature, &self.output_certificate, &self.output_payload];
        let named: Vec<&PathBuf> = outputs.into_iter().flatten().collect();
        if !named.is_empty() && (self.images.len() > 1 || self.recursive) {
            return Err(Failure::usage("several images are signed, and one file is named")
                .note(
                    "found",
                    named
                        .iter()
                        .map(|path| path.display().to_string())
                        .collect::<Vec<_>>()
                        .join(", "),
                )
                .hint("siglite download signature IMAGE writes what is attached to an image"));
        }
        named
            .into_iter()
            .filter(|path| !files::is_dash(path))
            .try_for_each(|path| files::check_destination(path))
    }

    fn write(&self, signed: &[SignedImage], screen: Screen) -> Outcome {
        let Some(only) = signed.first() else { return Ok(()) };
        let Some(one) = only.proof() else { return Ok(()) };
        let put = |path: &Option<PathBuf>, text: &str| match path {
            Some(path) => files::write_or_print(path, text, screen),
            None => Ok(()),
        };
        put(&self.bundle, &one.json)?;
        put(&self.output_signature, &STANDARD.encode(one.bundle.content.signature()))?;
        if let Some(leaf) = one.bundle.signer.leaf().and_then(|der| Certificate::from_der(der).ok())
        {
            put(&self.output_certificate, &leaf.to_pem())?;
        }
        let payload = match (&only.legacy, &one.bundle.content) {
            (_, Content::Dsse(envelope)) => envelope.payload.clone(),
            (Some((payload, _)), Content::Message(_)) => payload.clone(),
            (None, Content::Message(_)) => Vec::new(),
        };
        put(&self.output_payload, &String::from_utf8_lossy(&payload))
    }
}

/// What was signed by whom, for machines.
fn summary(signed: &SignedImage) -> serde_json::Value {
    let mut summary = signed.proof().map_or_else(|| json!({}), |signed| signed.accepted.json());
    summary["image"] = json!(signed.image.by_digest());
    summary["referrer"] = json!(signed.referrer.as_ref().map(ToString::to_string));
    summary
}
