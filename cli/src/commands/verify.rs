//! `siglite verify`: images in, the signatures that hold out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use lite_images::Registry;
use lite_oci::signatures::SIGN_PREDICATE_TYPE;
use lite_verifier::{Policy, SignerPolicy};
use serde_json::{Map, Value, json};

use crate::attached::{self, Image, Kind};
use crate::commands::{Context, block_on, block_on_files};
use crate::failure::{Failure, Outcome};
use crate::flags::PairsFlag;
use crate::registry_flags::RegistryFlags;
use crate::seal::Rights;
use crate::verify::predicate_policy::Policies;
use crate::verify::{Demand, Explain, Good, Scene, VerifyFlags, Wanted, explain_moved, judge};

/// Verify the signatures of images
///
/// Prints the signatures that hold as JSON, in cosign's shape, and says which digest the verdict is
/// about. A statement about an image is no signature of it, whoever made it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite verify localhost:7070/app:v1 --certificate-identity alice@example.org \\
      --certificate-oidc-issuer http://localhost:7070/oidc
  siglite verify --key cosign.pub localhost:7070/app:v1
  siglite verify --key cosign.pub -a build=42 localhost:7070/app:v1
  siglite verify --key cosign.pub --insecure-ignore-tlog localhost:7070/app:v1
                                        signatures that were not logged
  siglite verify --key cosign.pub --local-image ./saved

Exit codes: 0 verified, 10 no signatures, 11 no such image, 12 none matches, 13 no certificate;
siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The images, such as localhost:7070/app:v1 or HOST/NAME@sha256:…
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    #[command(flatten)]
    annotations: PairsFlag,

    #[command(flatten)]
    image: ImageFlags,

    #[command(flatten)]
    verify: VerifyFlags,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// What is asked of an image, beside the flags that all verifiers share.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) policy: &'a Policy,
    pub(super) annotations: &'a BTreeMap<String, String>,
    pub(super) policies: Option<&'a Policies>,
}

/// What the verification of anything attached to an image takes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ImageFlags {
    /// The images are folders that `siglite save` or `cosign save` made
    #[arg(long)]
    pub(super) local_image: bool,

    /// Whether it must be about this very image; false weakens the verdict
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = clap::ArgAction::Set, hide_short_help = true)]
    check_claims: bool,

    /// What to print; json said in words, with --explain or on a refusal, is a report of everything
    /// that is attached [default: json]
    #[arg(long, short, value_name = "FORM")]
    output: Option<ImageOutput>,

    /// Taken for cosign's sake: everything attached is looked at
    #[arg(long, hide = true, value_name = "N")]
    max_workers: Option<u32>,
}

/// What is printed about an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ImageOutput {
    /// cosign's JSON
    Json,
    /// Labelled lines
    Text,
}

impl Args {
    pub(crate) fn sealed(&self) -> Outcome<Option<Rights>> {
        self.image.sealed(&self.verify)
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let policy = args.verify.image_policy(context)?;
    let annotations = args.annotations.pairs()?;
    let wanted = &Wanted::Signature;
    let asked = Asked { wanted, policy: &policy, annotations: &annotations, policies: None };
    args.image.block_on(async {
        let registry = args.image.session(&args.registry, context)?;
        let mut all = Vec::new();
        for name in &args.images {
            let image = args.image.find(name, registry.as_ref(), context).await?;
            let scene = Scene::image("verify", name, None, &args.verify);
            let good = args.image.judge(&image, (&asked, &scene), &args.verify, context).await?;
            told(name, &image, &good, &policy, &args.image, context);
            all.extend(good.into_iter().map(|good| (image.clone(), good)));
        }
        if args.image.reports(&args.verify) {
            return Ok(());
        }
        match args.image.output() {
            ImageOutput::Json => {
                let all: Vec<Value> =
                    all.iter().map(|(image, good)| document(image, good)).collect();
                context.screen().json(&Value::from(all))
            }
            ImageOutput::Text => all.iter().try_for_each(|(image, good)| {
                context.screen().data(&format!("image:         {}", image.by_digest()))?;
                context.screen().data(&good.accepted.lines())
            }),
        }
    })
}

impl ImageFlags {
    /// A registry is a server: who wants nobody asked has the image here.
    pub(super) fn sealed(&self, flags: &VerifyFlags) -> Outcome<Option<Rights>> {
        if flags.seal.sealed && !self.local_image {
            return Err(Failure::usage("--sealed verifies files, and a registry is none")
                .hint("siglite save IMAGE --dir DIR, then --sealed --local-image DIR"));
        }
        Ok(flags.seal.sealed.then(Rights::default))
    }

    /// Runs the verification of images, with no more of a runtime than it needs.
    pub(super) fn block_on(&self, work: impl Future<Output = Outcome>) -> Outcome {
        if self.local_image { block_on_files(work) } else { block_on(work) }
    }

    /// A session with registries, where images are in some.
    pub(super) fn session(
        &self,
        registry: &RegistryFlags,
        context: &Context,
    ) -> Outcome<Option<Registry>> {
        (!self.local_image).then(|| registry.session(context)).transpose()
    }

    /// The image that a name stands for.
    pub(super) async fn find(
        &self,
        name: &str,
        registry: Option<&Registry>,
        context: &Context,
    ) -> Outcome<Image> {
        match registry {
            None => Image::in_layout(&PathBuf::from(name)).await,
            Some(registry) => Image::in_registry(name, registry, context.env()).await,
        }
    }

    /// What is printed of what holds.
    pub(super) fn output(&self) -> ImageOutput {
        self.output.unwrap_or(ImageOutput::Json)
    }

    /// Whether a report of everything attached is printed in its place. cosign's form stays what it
    /// is for who does not ask to be told more.
    pub(super) fn reports(&self, flags: &VerifyFlags) -> bool {
        self.output == Some(ImageOutput::Json) && flags.explain.is_some()
    }

    /// Everything attached that holds, or why nothing does.
    pub(super) async fn judge(
        &self,
        image: &Image,
        (asked, scene): (&Asked<'_>, &Scene),
        flags: &VerifyFlags,
        context: &Context,
    ) -> Outcome<Vec<Good>> {
        let Asked { wanted, policy, annotations, policies } = *asked;
        if !self.check_claims {
            context.screen().warn("--check-claims=false: what was signed may be another image");
        }
        let mut found = attached::find(image).await?;
        if flags.cosign.new_bundle_format == Some(false) {
            found.candidates.retain(|candidate| candidate.json.is_none());
        }
        let has_timestamps = found.candidates.iter().any(|one| !one.bundle.timestamps.is_empty());
        let root = &flags.root(policy, has_timestamps, context)?;
        let claims = self.check_claims;
        let demand = Demand { wanted, policy, root, annotations, claims, policies, scene };
        let judged = judge(found, image, &demand);
        let refused = judged.good.is_empty() && self.output == Some(ImageOutput::Json);
        if refused || self.reports(flags) {
            context.screen().json(&judged.document(image, wanted)?)?;
        } else if flags.explain.is_some() {
            context.screen().explain_aside(&judged.explain());
        }
        if flags.explain == Some(Explain::Full) {
            context.screen().say_script(&judged.recompute(image, &demand));
        }
        if judged.good.is_empty() {
            return Err(explain_moved(judged.failure(image, wanted), image, &demand).await);
        }
        if !judged.bad.is_empty() {
            context.screen().warn(&format!(
                "{} more {} attached that do not hold; --explain shows why",
                judged.bad.len(),
                wanted.plural()
            ));
        }
        Ok(judged.good)
    }

    /// Words for a person: what was checked of which signatures or attestations, and by whom
    /// those that hold are signed, or said.
    pub(super) fn tell(
        &self,
        name: &str,
        (what, done): (&str, &str),
        good: &[Good],
        policy: &Policy,
        context: &Context,
    ) {
        let screen = context.screen();
        screen.say(&format!("\nVerification for {name} --"));
        screen.say(&format!("The following checks were performed on each of these {what}:"));
        for check in self.checks(policy) {
            screen.say(&format!("  - {check}"));
        }
        for one in good {
            screen.done("Verified OK:", &format!("{done} {}", one.accepted.sentence()));
        }
    }

    /// cosign's list of what was checked.
    fn checks(&self, policy: &Policy) -> Vec<&'static str> {
        let mut checks = Vec::new();
        if self.check_claims {
            checks.push("The claims are about this digest");
        }
        if !policy.insecure.insecure_skip_log {
            checks.push("The transparency log holds the signature: verified offline");
        }
        match policy.signer {
            SignerPolicy::Key(_) => checks.push("The signature is by the specified public key"),
            SignerPolicy::Identities(_) => {
                checks.push("The certificate is by a trusted authority, for the expected identity");
            }
        }
        checks
    }
}

/// The same, and which digest the verdict is about.
fn told(
    name: &str,
    image: &Image,
    good: &[Good],
    policy: &Policy,
    flags: &ImageFlags,
    context: &Context,
) {
    flags.tell(name, ("signatures", "signed"), good, policy, context);
    let moves = match &image.tag {
        Some(tag) => format!("; the tag {tag} names it now and may move, so run this digest"),
        None => String::new(),
    };
    context.screen().say(&format!("The verdict is about {}{moves}", image.by_digest()));
}

/// What cosign prints of a signature, and in `optional` who signed.
fn document(image: &Image, good: &Good) -> Value {
    let (reference, kind) = match good.candidate.kind {
        Kind::SimpleSigning(_) => (&image.repository, "cosign container image signature"),
        Kind::Signature | Kind::Attestation(_) => (&image.name, SIGN_PREDICATE_TYPE),
    };
    let mut optional: Map<String, Value> = good.said.clone();
    if let Some(issuer) = &good.accepted.issuer {
        optional.insert("Issuer".to_owned(), json!(issuer));
        optional.insert("Subject".to_owned(), json!(good.accepted.signer));
    }
    json!({
        "critical": {
            "identity": { "docker-reference": reference },
            "image": { "docker-manifest-digest": image.digest().as_str() },
            "type": kind,
        },
        "optional": optional,
    })
}
