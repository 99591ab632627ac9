//! `siglite attest`: a statement about an image, signed and attached to it.

use std::path::PathBuf;

use lite_oci::signatures::Attached;

use crate::artifact::ArtifactDigest;
use crate::attached::{Format, Image, Signature, put_bundle, put_legacy, remove_attestations};
use crate::commands::sign::CosignImageFlags;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::CosignFlags;
use crate::predicate;
use crate::registry_flags::RegistryFlags;
use crate::sign::{Logging, Payload, Ready, SigningFlags};

/// Sign a statement about an image and attach it
///
/// The statement is an in-toto statement: what --predicate says, in the type --type names, about
/// the image's digest. A bill of materials, a provenance and a scan are such statements.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite attest localhost:7070/app:v1 --type cyclonedx --predicate bom.json
  siglite attest --key cosign.key --type slsaprovenance1 --predicate provenance.json \\
      localhost:7070/app:v1
  siglite attest localhost:7070/app:v1 --type vuln --predicate scan.json --replace
  siglite attest localhost:7070/app:v1 --type spdxjson --predicate sbom.json --no-upload \\
      --bundle sbom.sigstore.json

Exit codes: 0 attached, 11 no such image; siglite exit-codes shows all.")]
pub(crate) struct Args {
    /// The image, such as localhost:7070/app:v1 or HOST/NAME@sha256:…
    #[arg(value_name = "IMAGE")]
    image: String,

    /// What is said about the image; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "statement")]
    predicate: Option<PathBuf>,

    /// What kind of thing is said: a short name of cosign's, or a URI
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    kind: String,

    /// A complete in-toto statement, signed as it is; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["predicate", "kind"])]
    statement: Option<PathBuf>,

    /// Remove the image's attestations of this type first, whoever made them
    #[arg(long)]
    replace: bool,

    /// Sign and log, and attach nothing
    #[arg(long)]
    no_upload: bool,

    /// Sign the same about the images of all platforms that an index lists
    #[arg(long, short, hide_short_help = true)]
    recursive: bool,

    /// In which form the attestation is attached
    #[arg(long, value_name = "FORM", default_value = "bundle")]
    format: Format,

    /// Write the bundle to this file, too
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Taken for cosign's sake: the log keeps one kind of entry
    #[arg(long, hide = true, value_name = "TYPE")]
    rekor_entry_type: Option<String>,

    #[command(flatten)]
    cosign: CosignFlags,

    #[command(flatten)]
    image_flags: CosignImageFlags,

    #[command(flatten)]
    signing: SigningFlags,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.cosign.check_for_images()?;
    if let Some(path) = args.bundle.as_deref().filter(|path| !files::is_dash(path)) {
        files::check_destination(path)?;
    }
    let said = args.said()?;
    block_on(async {
        let registry = args.registry.session(context)?;
        let image = Image::in_registry(&args.image, &registry, context.env()).await?;
        let images = image.with_platforms(args.recursive).await?;
        // What cannot be said must not cost a login.
        let statements = images.iter().map(|image| args.statement(&said, image, context));
        let statements: Vec<Vec<u8>> = statements.collect::<Outcome<_>>()?;
        let ready = Ready::new(&args.signing, context)?;
        let session = ready.sign_in(&args.signing, context).await?;
        for (image, statement) in images.iter().zip(statements) {
            args.attest(image, statement, &session, context).await?;
        }
        Ok(())
    })
}

impl Args {
    /// The predicate, or the whole statement.
    fn said(&self) -> Outcome<Vec<u8>> {
        let path = self.statement.as_ref().or(self.predicate.as_ref());
        let path = path.ok_or_else(|| Failure::usage("nothing is said: --predicate FILE"))?;
        if files::is_dash(path) {
            return files::read_stdin(lite_bundle::MAX_BUNDLE_BYTES as u64 / 2);
        }
        files::read(path, lite_bundle::MAX_BUNDLE_BYTES as u64 / 2, Exit::Usage)
    }

    fn statement(&self, said: &[u8], image: &Image, context: &Context) -> Outcome<Vec<u8>> {
        if self.statement.is_some() {
            return predicate::whole(said.to_vec());
        }
        let (algorithm, bytes) = crate::attached::hashed(image.digest());
        let digest = ArtifactDigest { algorithm, bytes };
        predicate::statement(&self.kind, said, &image.repository, &digest, context.clock().now())
    }

    async fn attest(
        &self,
        image: &Image,
        statement: Vec<u8>,
        session: &crate::sign::Session,
        context: &Context,
    ) -> Outcome {
        let kind = lite_bundle::Statement::parse(&statement)
            .map_err(|error| Failure::usage("not an in-toto statement").because(&error))?
            .predicate_type;
        let format = self.cosign.format_or(self.format);
        let payload = Payload::Statement(statement);
        let (mut bundle, mut legacy) = (None, None);
        // A file is always a bundle.
        if format.has_bundle() || self.bundle.is_some() {
            bundle = Some(session.sign_payload(payload.clone(), Logging::AsChosen).await?);
        }
        if format.has_legacy() {
            legacy = Some(session.sign_payload(payload, Logging::Promised).await?);
        }
        if let (Some(path), Some(signed)) = (&self.bundle, &bundle) {
            files::write_or_print(path, &signed.json, *context.screen())?;
        }
        let proof = bundle.as_ref().or(legacy.as_ref());
        let proof = proof.map(|signed| signed.accepted.sentence()).unwrap_or_default();
        let done = format!("{}: {kind}, {proof}", image.by_digest());
        if self.no_upload {
            context.screen().done("Attested", &done);
            return Ok(());
        }
        context.screen().say(&format!("Pushing attestation to: {}", image.repository));
        if self.replace {
            let removed = remove_attestations(image, &kind).await?;
            context.screen().say(&format!("Removed {removed} of type {kind}"));
        }
        if let Some(signed) = bundle.filter(|_| format.has_bundle()) {
            let (attached, now) = (&image.place.attached, context.clock().now());
            put_bundle(attached, &image.manifest, &signed.json, &kind, now).await?;
        }
        if let Some(signed) = legacy {
            let lite_bundle::Content::Dsse(envelope) = &signed.bundle.content else {
                return Err(Failure::new(Exit::Internal, "a signed statement is no envelope"));
            };
            let signature = Signature {
                payload: envelope.to_json().into_bytes(),
                bundle: &signed.bundle,
                issuers: session.issuers(),
                predicate_type: Some(&kind),
            };
            put_legacy(image, Attached::Attestations, signature).await?;
        }
        context.screen().done("Attested", &done);
        Ok(())
    }
}
