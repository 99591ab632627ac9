//! `siglite bundle inspect`: what a bundle says, none of it verified.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::{
    Bundle, Content, Envelope, InclusionProof, MAX_BUNDLE_BYTES, MessageSignature, Signer,
    Statement, TransparencyLogEntry,
};
use lite_pki::timestamp::TimestampResponse;
use lite_pki::{Certificate, SctList};
use lite_time::Time;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::tree::Tree;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::render::OutputForm;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle; - for standard input
    #[arg(value_name = "FILE")]
    bundle: PathBuf,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let limit = u64::try_from(MAX_BUNDLE_BYTES).unwrap_or(u64::MAX);
    let bytes = if files::is_dash(&args.bundle) {
        files::read_stdin(limit)?
    } else {
        files::read(&args.bundle, limit, Exit::Usage)?
    };
    let bundle = Bundle::parse(&bytes).map_err(|error| {
        Failure::new(Exit::Refused, format!("{} is not a bundle", args.bundle.display()))
            .because(&error)
            .hint("siglite bundle create makes one of the pieces that older programs wrote")
    })?;
    let tree = bundle_tree(&bundle);
    match args.output {
        OutputForm::Text => context.screen().data(&tree.lines())?,
        OutputForm::Json => context.screen().json(&tree.json())?,
    }
    context.screen().say("Nothing of this is verified: siglite verify-blob does that.");
    Ok(())
}

fn bundle_tree(bundle: &Bundle) -> Tree {
    let some = |items: Vec<Tree>| (!items.is_empty()).then_some(Tree::List(items));
    Tree::branch([
        ("media type", Some(Tree::leaf(bundle.media_type.as_str()))),
        ("signer", Some(signer(&bundle.signer))),
        ("content", Some(content(&bundle.content))),
        ("entries", some(bundle.entries.iter().map(entry).collect())),
        ("timestamps", some(bundle.timestamps.iter().map(|der| timestamp(der)).collect())),
    ])
}

fn signer(signer: &Signer) -> Tree {
    match signer {
        Signer::PublicKey { hint } => {
            Tree::branch([("public key", Some(Tree::branch([("hint", Some(Tree::leaf(hint)))])))])
        }
        Signer::Certificate(der) => Tree::branch([("certificate", Some(certificate(der)))]),
        Signer::CertificateChain(chain) => Tree::branch([(
            "certificate chain",
            Some(Tree::List(chain.iter().map(|der| certificate(der)).collect())),
        )]),
    }
}

/// What cannot be read is told as that: the rest of the bundle is still worth showing.
fn certificate(der: &[u8]) -> Tree {
    let certificate = match Certificate::from_der(der) {
        Ok(certificate) => certificate,
        Err(error) => return Tree::leaf(format!("unreadable: {error}")),
    };
    let names: Vec<String> = certificate.alt_names().iter().map(ToString::to_string).collect();
    let subject = certificate.subject().to_string();
    let key = match certificate.public_key() {
        Ok(key) => format!("{}, sha256:{}", key.kind(), digest(key.spki_der())),
        Err(error) => format!("unreadable: {error}"),
    };
    Tree::branch([
        ("identity", (!names.is_empty()).then(|| Tree::leaf(names.join(", ")))),
        ("issuer", certificate.fulcio().issuer().map(Tree::leaf)),
        ("subject", (!subject.is_empty()).then(|| Tree::leaf(subject))),
        ("issued by", Some(Tree::leaf(certificate.issuer()))),
        ("serial number", Some(Tree::leaf(hex::encode(certificate.serial())))),
        ("valid from", Some(Tree::leaf(certificate.not_before()))),
        ("valid until", Some(Tree::leaf(certificate.not_after()))),
        ("key", Some(Tree::leaf(key))),
        ("fingerprint", Some(Tree::leaf(format!("sha256:{}", digest(certificate.der()))))),
        ("extensions", extensions(&certificate)),
        ("certificate timestamps", scts(&certificate)),
    ])
}

/// Sigstore's own extensions, by name.
fn extensions(certificate: &Certificate) -> Option<Tree> {
    let named = |(extension, text): (lite_pki::FulcioExtension, &str)| {
        (extension.name().to_owned(), Tree::leaf(text))
    };
    let all: Vec<_> = certificate.fulcio().iter().map(named).collect();
    (!all.is_empty()).then_some(Tree::Branch(all))
}

fn scts(certificate: &Certificate) -> Option<Tree> {
    let list = SctList::of_certificate(certificate).ok()?;
    let shown = list.0.iter().map(|sct| {
        Tree::branch([
            ("log id", Some(Tree::leaf(hex::encode(sct.log_id)))),
            ("time", Some(Tree::leaf(sct.time()))),
        ])
    });
    Some(Tree::List(shown.collect()))
}

fn content(content: &Content) -> Tree {
    match content {
        Content::Message(MessageSignature { digest, signature }) => Tree::branch([(
            "message signature",
            Some(Tree::branch([
                (
                    "digest",
                    digest.as_ref().map(|(algorithm, bytes)| {
                        Tree::leaf(format!("{}:{}", algorithm.short_name(), hex::encode(bytes)))
                    }),
                ),
                ("signature", Some(Tree::leaf(STANDARD.encode(signature)))),
            ])),
        )]),
        Content::Dsse(envelope) => Tree::branch([("envelope", Some(envelope_tree(envelope)))]),
    }
}

fn envelope_tree(envelope: &Envelope) -> Tree {
    let statement = Statement::parse(&envelope.payload).ok();
    let payload: Option<Value> = serde_json::from_slice(&envelope.payload).ok();
    let subjects = statement.as_ref().map(|statement| {
        let shown = statement.subjects.iter().map(|subject| {
            let digests = subject.digest.iter().map(|(name, hex)| format!("{name}:{hex}"));
            let digests: Vec<String> = digests.collect();
            Tree::branch([
                ("name", (!subject.name.is_empty()).then(|| Tree::leaf(&subject.name))),
                ("digest", Some(Tree::leaf(digests.join(", ")))),
            ])
        });
        Tree::List(shown.collect())
    });
    Tree::branch([
        ("payload type", Some(Tree::leaf(&envelope.payload_type))),
        ("subjects", subjects),
        ("predicate type", statement.map(|statement| Tree::leaf(statement.predicate_type))),
        (
            "predicate",
            payload.and_then(|payload| payload.get("predicate").cloned()).map(Tree::Json),
        ),
        ("signature", Some(Tree::leaf(STANDARD.encode(&envelope.signature.sig)))),
    ])
}

fn entry(entry: &TransparencyLogEntry) -> Tree {
    Tree::branch([
        ("log index", Some(Tree::leaf(entry.log_index))),
        ("log id", Some(Tree::leaf(hex::encode(&entry.log_id)))),
        ("kind", Some(Tree::leaf(format!("{} {}", entry.kind, entry.version)))),
        ("integrated time", entry.integrated_time.map(|secs| Tree::leaf(Time::from_secs(secs)))),
        (
            "signed entry timestamp",
            entry.inclusion_promise.as_ref().map(|set| Tree::leaf(STANDARD.encode(set))),
        ),
        ("inclusion proof", entry.inclusion_proof.as_ref().map(proof)),
        ("body", serde_json::from_slice(&entry.canonicalized_body).ok().map(Tree::Json)),
    ])
}

fn proof(proof: &InclusionProof) -> Tree {
    let hashes = proof.hashes.iter().map(|hash| Tree::leaf(hex::encode(hash)));
    Tree::branch([
        ("leaf index", Some(Tree::leaf(proof.log_index))),
        ("tree size", Some(Tree::leaf(proof.tree_size))),
        ("root hash", Some(Tree::leaf(hex::encode(&proof.root_hash)))),
        ("hashes", (!proof.hashes.is_empty()).then(|| Tree::List(hashes.collect()))),
        ("checkpoint", proof.checkpoint.as_ref().map(Tree::leaf)),
    ])
}

fn timestamp(der: &[u8]) -> Tree {
    let response = match TimestampResponse::from_der(der) {
        Ok(response) => response,
        Err(error) => return Tree::leaf(format!("unreadable: {error}")),
    };
    let (algorithm, imprint) = response.imprint();
    let certificates = response.certificates().iter().map(|c| Tree::leaf(c.subject()));
    Tree::branch([
        ("time", Some(Tree::leaf(response.unverified_time()))),
        ("over", Some(Tree::leaf(format!("{}:{}", algorithm.short_name(), hex::encode(imprint))))),
        ("policy", Some(Tree::leaf(response.policy()))),
        ("serial number", Some(Tree::leaf(hex::encode(response.serial())))),
        (
            "certificates",
            (!response.certificates().is_empty()).then(|| Tree::List(certificates.collect())),
        ),
    ])
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
