//! `siglite verify-attestation`: an image in, the statements about it that hold out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lite_bundle::Content;

use crate::commands::Context;
use crate::commands::verify::{Asked, ImageFlags, ImageOutput};
use crate::failure::Outcome;
use crate::predicate;
use crate::registry_flags::RegistryFlags;
use crate::seal::Rights;
use crate::verify::predicate_policy::Policies;
use crate::verify::{Good, Scene, VerifyFlags, Wanted};

/// Verify the statements about images
///
/// Prints each statement that holds as a DSSE envelope, one a line, as cosign does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite verify-attestation localhost:7070/app:v1 --type cyclonedx \\
      --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc
  siglite verify-attestation --key cosign.pub --type slsaprovenance1 localhost:7070/app:v1
  siglite verify-attestation --key cosign.pub --type vuln localhost:7070/app:v1 |
      jq -r .payload | base64 -d

Exit codes: 0 verified, 10 no attestations, 11 no such image, 12 none matches;
siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The images, such as localhost:7070/app:v1 or HOST/NAME@sha256:…
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    /// What kind of thing must be said: a short name of cosign's, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: String,

    /// A Rego policy that the statement must satisfy (data.signature.allow); repeat for more
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    #[command(flatten)]
    image: ImageFlags,

    #[command(flatten)]
    verify: VerifyFlags,

    #[command(flatten)]
    registry: RegistryFlags,
}

impl Args {
    pub(crate) fn sealed(&self) -> Outcome<Option<Rights>> {
        self.image.sealed(&self.verify)
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let policy = args.verify.image_policy(context)?;
    let wanted = Wanted::Attestation(predicate::type_uri(&args.kind)?.to_owned());
    let policies = Policies::load(&args.policy)?;
    let none = BTreeMap::new();
    let asked =
        Asked { wanted: &wanted, policy: &policy, annotations: &none, policies: Some(&policies) };
    args.image.block_on(async {
        let registry = args.image.session(&args.registry, context)?;
        for name in &args.images {
            let image = args.image.find(name, registry.as_ref(), context).await?;
            let scene = Scene::image("verify-attestation", name, Some(&args.kind), &args.verify);
            let good = args.image.judge(&image, (&asked, &scene), &args.verify, context).await?;
            args.image.tell(name, ("attestations", "said"), &good, &policy, context);
            context.screen().say(&format!("The verdict is about {}", image.by_digest()));
            if !args.image.reports(&args.verify) {
                good.iter().try_for_each(|one| print(one, args.image.output(), context))?;
            }
        }
        Ok(())
    })
}

fn print(good: &Good, output: ImageOutput, context: &Context) -> Outcome {
    match (output, &good.candidate.bundle.content) {
        (ImageOutput::Json, Content::Dsse(envelope)) => context.screen().data(&envelope.to_json()),
        _ => context.screen().data(&good.accepted.lines()),
    }
}
