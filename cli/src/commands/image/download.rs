//! `siglite download`: what is attached to an image, as JSON lines, unverified.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use lite_oci::signatures::{self, Attached};
use lite_oci::{Annotations, Platform, Reference};
use lite_pki::Certificate;
use serde_json::{Value, json};

use super::attached::locate;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::predicate;
use crate::registry_flags::RegistryFlags;

/// Print what is attached to an image, without verifying it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the signatures, one a line: bundles, and those of the older format as cosign does
    #[command(after_help = "Examples:
  siglite download signature localhost:7070/app:1
  siglite download signature localhost:7070/app:1 | jq -r .dsseEnvelope.payload")]
    Signature {
        /// The image
        #[arg(value_name = "IMAGE")]
        image: Reference,
        #[command(flatten)]
        registry: RegistryFlags,
    },
    /// Print the attestations, one a line: bundles, and envelopes of the older format
    #[command(after_help = "Examples:
  siglite download attestation localhost:7070/app:1
  siglite download attestation localhost:7070/app:1 --predicate-type slsaprovenance1
  siglite download attestation localhost:7070/app:1 --platform linux/arm64")]
    Attestation {
        /// The image
        #[arg(value_name = "IMAGE")]
        image: Reference,
        /// Only statements of this type: a URI, or a short name as siglite attest takes it
        #[arg(long, value_name = "TYPE")]
        predicate_type: Option<String>,
        /// Those of the image for this platform
        #[arg(long, value_name = "OS/ARCH")]
        platform: Option<Platform>,
        #[command(flatten)]
        registry: RegistryFlags,
    },
    /// Print the bill of materials that siglite attach sbom has attached
    #[command(after_help = "Examples:
  siglite download sbom localhost:7070/app:1 > app.spdx.json
  siglite download attestation --predicate-type spdxjson localhost:7070/app:1     signed")]
    Sbom {
        /// The image
        #[arg(value_name = "IMAGE")]
        image: Reference,
        /// That of the image for this platform
        #[arg(long, value_name = "OS/ARCH")]
        platform: Option<Platform>,
        #[command(flatten)]
        registry: RegistryFlags,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.verb {
        Verb::Signature { image, registry } => block_on(signatures_of(image, registry, context)),
        Verb::Attestation { image, predicate_type, platform, registry } => {
            let wanted = predicate_type.as_deref().map(predicate::type_uri).transpose()?;
            block_on(attestations(image, wanted, platform.as_ref(), registry, context))
        }
        Verb::Sbom { image, platform, registry } => {
            block_on(sbom(image, platform.as_ref(), registry, context))
        }
    }
}

async fn signatures_of(image: &Reference, registry: &RegistryFlags, context: &Context) -> Outcome {
    let located = locate(image, None, registry, context).await?;
    let mut lines = Vec::new();
    for bundle in located.bundles().await? {
        if bundle.is_signature() {
            lines.push(line(&bundle.json));
        }
    }
    for (layer, payload) in located.layers(Attached::Signatures).await? {
        lines.push(signed_payload(&layer.annotations, &payload).to_string());
    }
    print(&lines, "no signatures found", image, context)
}

async fn attestations(
    image: &Reference,
    wanted: Option<&str>,
    platform: Option<&Platform>,
    registry: &RegistryFlags,
    context: &Context,
) -> Outcome {
    let located = locate(image, platform, registry, context).await?;
    let fits = |kind: Option<&str>| wanted.is_none_or(|wanted| kind == Some(wanted));
    let mut lines = Vec::new();
    for bundle in located.bundles().await? {
        if !bundle.is_signature() && fits(bundle.predicate_type.as_deref()) {
            lines.push(line(&bundle.json));
        }
    }
    for (layer, envelope) in located.layers(Attached::Attestations).await? {
        let noted = layer.annotations.get(signatures::PREDICATE_TYPE).map(String::as_str);
        if fits(noted) {
            lines.push(line(&envelope));
        }
    }
    print(&lines, "no attestations found", image, context)
}

async fn sbom(
    image: &Reference,
    platform: Option<&Platform>,
    registry: &RegistryFlags,
    context: &Context,
) -> Outcome {
    let located = locate(image, platform, registry, context).await?;
    let Some((layer, bytes)) = located.layers(Attached::Sbom).await?.into_iter().next() else {
        return Err(none("no bill of materials found", image)
            .hint(format!("signed ones are attestations: siglite download attestation {image}")));
    };
    context.screen().warn("nobody has signed this bill of materials");
    context.screen().say(&format!("Found a bill of materials of type {}", layer.media_type));
    context.screen().data(&String::from_utf8_lossy(&bytes))
}

fn print(lines: &[String], nothing: &str, image: &Reference, context: &Context) -> Outcome {
    if lines.is_empty() {
        return Err(none(nothing, image));
    }
    context.screen().data(&lines.join("\n"))
}

fn none(nothing: &str, image: &Reference) -> Failure {
    Failure::new(Exit::NoSignatures, nothing)
        .note("image", image.to_string())
        .hint(format!("siglite tree {image} shows what there is"))
}

/// A document on one line. What is no JSON is printed as it is, and is nobody's signature.
fn line(json: &[u8]) -> String {
    match serde_json::from_slice::<Box<serde_json::value::RawValue>>(json) {
        Ok(_) if !json.contains(&b'\n') => String::from_utf8_lossy(json).into_owned(),
        _ => serde_json::from_slice::<Value>(json).unwrap_or_default().to_string(),
    }
}

/// `cosign:pkg/cosign/fetch.go`, `SignedPayload`. Of a certificate, which Go prints field by field,
/// only the DER is kept.
fn signed_payload(annotations: &Annotations, payload: &[u8]) -> Value {
    let text = |name: &str| annotations.get(name).map(String::as_str);
    let json = |name: &str| text(name).and_then(|json| serde_json::from_str::<Value>(json).ok());
    let raw = |one: &Certificate| json!({"Raw": STANDARD.encode(one.der())});
    let certificate = text(signatures::CERTIFICATE).and_then(|pem| Certificate::from_pem(pem).ok());
    let chain = text(signatures::CHAIN).and_then(|pem| Certificate::chain_from_pem(pem).ok());
    json!({
        "Base64Signature": text(signatures::SIGNATURE).unwrap_or_default(),
        "Payload": STANDARD.encode(payload),
        "Cert": certificate.as_ref().map(raw),
        "Chain": chain.map(|chain| chain.iter().map(raw).collect::<Vec<_>>()),
        "Bundle": json(signatures::BUNDLE),
        "RFC3161Timestamp": json(signatures::TIMESTAMP),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_the_older_format_is_printed_as_cosign_prints_it() {
        let annotations =
            Annotations::from([(signatures::SIGNATURE.to_owned(), "c2ln".to_owned())]);
        assert_eq!(
            signed_payload(&annotations, b"{}"),
            json!({"Base64Signature": "c2ln", "Payload": "e30=", "Cert": null, "Chain": null,
                "Bundle": null, "RFC3161Timestamp": null})
        );
    }

    #[test]
    fn a_document_becomes_one_line() {
        assert_eq!(line(br#"{"b":1,"a":2}"#), r#"{"b":1,"a":2}"#);
        assert_eq!(line(b"{\n\"a\":2}"), r#"{"a":2}"#);
        assert_eq!(line(b"not json"), "null");
    }
}
