//! `siglite attach`: what was signed elsewhere, put beside its image.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clap::{Subcommand, ValueEnum};
use lite_bundle::cosign::timestamp_json;
use lite_bundle::{Bundle, Content, MAX_BUNDLE_BYTES, Statement};
use lite_oci::signatures::{self, Attached};
use lite_oci::{Annotations, Reference, media_type};
use lite_pki::Certificate;
use serde_json::{Value, json};

use super::attached::locate;
use crate::attached::put_bundle;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, MAX_DOCUMENT_BYTES};
use crate::registry_flags::RegistryFlags;

/// Attach a signature, an attestation or a bill of materials that exists already to an image
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Attach a signature of the older format
    #[command(after_help = "Examples:
  siglite attach signature --payload payload.json --signature payload.sig localhost:7070/app:1
  siglite attach signature --payload p.json --signature p.sig --certificate cert.pem \\
      --rekor-response entry.json localhost:7070/app:1")]
    Signature(Signature),
    /// Attach attestations: DSSE envelopes or bundles, one a line
    #[command(after_help = "Examples:
  siglite attach attestation --attestation att.jsonl localhost:7070/app:1
  siglite attach attestation --attestation bundle.sigstore.json localhost:7070/app:1")]
    Attestation {
        /// A file with envelopes or bundles; may be given several times
        #[arg(long, value_name = "FILE", required = true)]
        attestation: Vec<PathBuf>,
        /// The image
        #[arg(value_name = "IMAGE")]
        image: Reference,
        #[command(flatten)]
        registry: RegistryFlags,
    },
    /// Attach a bill of materials that nobody has signed; siglite attest does better
    #[command(after_help = "Examples:
  siglite attach sbom --sbom app.spdx.json --type spdx --input-format json localhost:7070/app:1
  siglite attest --type spdxjson --predicate app.spdx.json localhost:7070/app:1    signed")]
    Sbom(Sbom),
}

#[derive(Debug, clap::Args)]
struct Signature {
    /// What was signed: simple signing JSON
    #[arg(long, alias = "bundle", value_name = "FILE")]
    payload: PathBuf,
    /// The signature in base64: a file, or - for standard input
    #[arg(long = "signature", value_name = "FILE")]
    base64: PathBuf,
    /// The signer's certificate, PEM
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The certificates above it, PEM, the root last
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_chain: Option<PathBuf>,
    /// What the log answered: an entry of API v1, or the annotation made of it
    #[arg(long, value_name = "FILE")]
    rekor_response: Option<PathBuf>,
    /// What the timestamp authority answered: DER
    #[arg(long, value_name = "FILE")]
    tsr: Option<PathBuf>,
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,
    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Debug, clap::Args)]
struct Sbom {
    /// The bill of materials, or - for standard input
    #[arg(long = "sbom", value_name = "FILE")]
    file: PathBuf,
    /// What it is
    #[arg(long = "type", value_name = "TYPE", default_value = "spdx")]
    kind: SbomKind,
    /// How it is written [default: what its beginning looks like]
    #[arg(long, value_name = "FORM")]
    input_format: Option<SbomForm>,
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,
    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SbomKind {
    Spdx,
    Cyclonedx,
    Syft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SbomForm {
    Json,
    Xml,
    Text,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.verb {
        Verb::Signature(args) => block_on(signature(args, context)),
        Verb::Attestation { attestation, image, registry } => {
            block_on(attestations(attestation, image, registry, context))
        }
        Verb::Sbom(args) => block_on(sbom(args, context)),
    }
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    if files::is_dash(path) {
        return files::read_stdin(MAX_DOCUMENT_BYTES);
    }
    files::read(path, MAX_DOCUMENT_BYTES, Exit::Usage)
}

async fn signature(args: &Signature, context: &Context) -> Outcome {
    let refuse =
        |path: &Path, what: &str| Failure::usage(format!("{} is not {what}", path.display()));
    let payload = read(&args.payload)?;
    let signature = String::from_utf8(read(&args.base64)?).unwrap_or_default();
    let signature = signature.trim();
    if signature.is_empty() || STANDARD.decode(signature).is_err() {
        return Err(refuse(&args.base64, "a signature in base64"));
    }
    let mut annotations = Annotations::new();
    annotations.insert(signatures::SIGNATURE.to_owned(), signature.to_owned());
    if let Some(path) = &args.certificate {
        let pem = files::read_text(path, MAX_DOCUMENT_BYTES, Exit::Usage)?;
        Certificate::from_pem(&pem)
            .map_err(|error| refuse(path, "a certificate").because(&error))?;
        annotations.insert(signatures::CERTIFICATE.to_owned(), pem);
    }
    if let Some(path) = &args.certificate_chain {
        let pem = files::read_text(path, MAX_DOCUMENT_BYTES, Exit::Usage)?;
        Certificate::chain_from_pem(&pem)
            .map_err(|error| refuse(path, "a chain of certificates").because(&error))?;
        annotations.insert(signatures::CHAIN.to_owned(), pem);
    }
    if let Some(path) = &args.rekor_response {
        let entry = rekor_annotation(&read(path)?)
            .ok_or_else(|| refuse(path, "an entry of a log of API v1"))?;
        annotations.insert(signatures::BUNDLE.to_owned(), entry.to_string());
    }
    if let Some(path) = &args.tsr {
        annotations.insert(signatures::TIMESTAMP.to_owned(), timestamp_json(&read(path)?));
    }
    let located = locate(&args.image, None, &args.registry, context).await?;
    let payload = Bytes::from(payload);
    let kind = media_type::SIMPLE_SIGNING;
    let place = located.add_layer(Attached::Signatures, kind, payload, annotations).await?;
    context.screen().done("Attached", &format!("a signature to {}: {place}", args.image));
    Ok(())
}

/// `{SignedEntryTimestamp, Payload{body, integratedTime, logIndex, logID}}`, out of what the log
/// answered, or as it is.
fn rekor_annotation(json: &[u8]) -> Option<Value> {
    let given: Value = serde_json::from_slice(json).ok()?;
    if given.get("SignedEntryTimestamp").is_some() && given.get("Payload").is_some() {
        return Some(given);
    }
    let entry = given.as_object()?.values().next()?;
    let field = |name: &str| entry.get(name).cloned();
    Some(json!({
        "SignedEntryTimestamp": entry.get("verification")?.get("signedEntryTimestamp")?,
        "Payload": {
            "body": field("body")?,
            "integratedTime": field("integratedTime")?,
            "logIndex": field("logIndex")?,
            "logID": field("logID")?,
        },
    }))
}

async fn attestations(
    paths: &[PathBuf],
    image: &Reference,
    registry: &RegistryFlags,
    context: &Context,
) -> Outcome {
    let mut documents = Vec::new();
    for path in paths {
        let bytes = files::read(path, MAX_BUNDLE_BYTES as u64, Exit::Usage)?;
        let refuse = || {
            Failure::usage(format!("{} holds no attestations", path.display()))
                .note("expected", "DSSE envelopes or bundles as JSON, one after the other")
        };
        for document in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
            let document = document.map_err(|error| refuse().because(&error))?;
            documents.push(Document::read(&document).ok_or_else(refuse)?);
        }
    }
    let located = locate(image, None, registry, context).await?;
    for document in &documents {
        match document {
            Document::Bundle(json, kind) => {
                let (attached, now) = (&located.attached, context.clock().now());
                put_bundle(attached, &located.image, json, kind, now).await?;
            }
            Document::Envelope(json, kind) => {
                let annotations = Annotations::from([
                    (signatures::SIGNATURE.to_owned(), String::new()),
                    (signatures::PREDICATE_TYPE.to_owned(), kind.clone()),
                ]);
                let bytes = Bytes::from(json.clone());
                let media = media_type::DSSE_ENVELOPE;
                located.add_layer(Attached::Attestations, media, bytes, annotations).await?;
            }
        }
    }
    let count = documents.len();
    context.screen().done("Attached", &format!("{count} attestations to {image}"));
    Ok(())
}

/// What a line of the file is, with the predicate type it states.
enum Document {
    Bundle(String, String),
    Envelope(String, String),
}

impl Document {
    fn read(document: &Value) -> Option<Self> {
        let json = document.to_string();
        if document.get("mediaType").is_some() {
            let bundle = Bundle::parse(json.as_bytes()).ok()?;
            let Content::Dsse(envelope) = bundle.content else { return None };
            let kind = Statement::parse(&envelope.payload).ok()?.predicate_type;
            return Some(Self::Bundle(json, kind));
        }
        document.get("signatures")?.as_array().filter(|all| !all.is_empty())?;
        let payload = STANDARD.decode(document.get("payload")?.as_str()?).ok()?;
        let kind = Statement::parse(&payload).ok()?.predicate_type;
        Some(Self::Envelope(json, kind))
    }
}

async fn sbom(args: &Sbom, context: &Context) -> Outcome {
    let bytes = if files::is_dash(&args.file) {
        files::read_stdin(MAX_BUNDLE_BYTES as u64)?
    } else {
        files::read(&args.file, MAX_BUNDLE_BYTES as u64, Exit::Usage)?
    };
    let form = args.input_format.unwrap_or_else(|| looks_like(&bytes));
    let kind = sbom_type(args.kind, form);
    let located = locate(&args.image, None, &args.registry, context).await?;
    let place =
        located.add_layer(Attached::Sbom, kind, Bytes::from(bytes), Annotations::new()).await?;
    context.screen().warn("nobody has signed this bill of materials, and nobody can verify it");
    context.screen().say(&format!(
        "hint: siglite attest --type {} --predicate {} {} signs it",
        if args.kind == SbomKind::Cyclonedx { "cyclonedx" } else { "spdxjson" },
        args.file.display(),
        args.image,
    ));
    context.screen().done("Attached", &format!("{kind} to {}: {place}", args.image));
    Ok(())
}

fn looks_like(bytes: &[u8]) -> SbomForm {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => SbomForm::Json,
        Some(b'<') => SbomForm::Xml,
        _ => SbomForm::Text,
    }
}

/// `cosign:specs/SBOM_SPEC.md`.
const fn sbom_type(kind: SbomKind, form: SbomForm) -> &'static str {
    match (kind, form) {
        (SbomKind::Spdx, SbomForm::Json) => "text/spdx+json",
        (SbomKind::Spdx, SbomForm::Xml) => "text/spdx+xml",
        (SbomKind::Spdx, SbomForm::Text) => "text/spdx",
        (SbomKind::Cyclonedx, SbomForm::Xml) => "application/vnd.cyclonedx+xml",
        (SbomKind::Cyclonedx, _) => "application/vnd.cyclonedx+json",
        (SbomKind::Syft, _) => "application/vnd.syft+json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_becomes_the_annotation_in_both_of_its_forms() {
        let entry = json!({"24296f": {
            "body": "Ym9keQ==", "integratedTime": 7, "logIndex": 8, "logID": "c0",
            "verification": {"signedEntryTimestamp": "c2V0"},
        }});
        let annotation = rekor_annotation(entry.to_string().as_bytes()).unwrap();
        assert_eq!(annotation["SignedEntryTimestamp"], "c2V0");
        assert_eq!(annotation["Payload"]["logIndex"], 8);
        let again = rekor_annotation(annotation.to_string().as_bytes()).unwrap();
        assert_eq!(again, annotation);
        for wrong in ["{}", "[]", "x", r#"{"a":{"body":"b"}}"#] {
            assert_eq!(rekor_annotation(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn only_statements_are_attestations() {
        let payload = STANDARD.encode(
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"}}],
            "predicateType":"https://example.org/p","predicate":{}}"#,
        );
        let envelope = json!({"payload": payload, "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": "c2ln"}]});
        assert!(matches!(
            Document::read(&envelope),
            Some(Document::Envelope(_, kind)) if kind == "https://example.org/p"
        ));
        for wrong in [
            json!({"payload": "e30=", "signatures": [{"sig": "c2ln"}]}),
            json!({"payload": payload, "signatures": []}),
            json!({"mediaType": "x"}),
            json!(7),
        ] {
            assert!(Document::read(&wrong).is_none(), "{wrong}");
        }
    }
}
