//! The story of signing images: one login, many images, each by its digest.
//!
//! A tag names whatever was pushed last, so what is signed is the digest it names now. In a bundle
//! that is a statement with the digest as its subject, in cosign's older format a payload with the
//! digest in it.

use std::collections::BTreeMap;

use lite_bundle::Subject;
use lite_oci::signatures::{Attached, SIGN_PREDICATE_TYPE};
use lite_oci::{Digest, SimpleSigning};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{Logging, Payload, Ready, Session, Signed, SigningFlags};
use crate::attached::{Format, Image, Signature, hashed, put_bundle, put_legacy};
use crate::commands::Context;
use crate::failure::Outcome;

/// How many images are signed at once: enough to keep the servers busy, and few enough to be
/// polite to a registry.
const AT_ONCE: usize = 8;

/// What is said about every image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// `-a key=value`.
    pub(crate) annotations: BTreeMap<String, String>,
    /// What is written instead of the image's own name.
    pub(crate) identity: Option<String>,
}

impl Claims {
    /// The annotations as both formats have them.
    fn said(&self) -> impl Iterator<Item = (String, Value)> {
        self.annotations.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())))
    }
}

/// An image that was signed.
pub(crate) struct SignedImage {
    /// Which.
    pub(crate) image: Image,
    /// The bundle, where one was made.
    pub(crate) bundle: Option<Signed>,
    /// The signature in the older format, where one was made, with its payload.
    pub(crate) legacy: Option<(Vec<u8>, Signed)>,
    /// The manifest that holds the bundle.
    pub(crate) referrer: Option<Digest>,
}

impl SignedImage {
    /// What proves it: the bundle, else the signature in the older format.
    pub(crate) fn proof(&self) -> Option<&Signed> {
        self.bundle.as_ref().or(self.legacy.as_ref().map(|(_, signed)| signed))
    }
}

/// How images are signed.
pub(crate) struct How<'a> {
    /// Who signs, where it is logged.
    pub(crate) signing: &'a SigningFlags,
    /// In which form.
    pub(crate) format: Format,
    /// Whether the registry gets the signatures.
    pub(crate) upload: bool,
    /// What is said.
    pub(crate) claims: &'a Claims,
}

/// Signs every image, each as soon as there is room; the first failure ends it, and what is
/// signed by then stays signed.
pub(crate) async fn sign_images(
    images: Vec<Image>,
    how: &How<'_>,
    context: &Context,
) -> Outcome<Vec<SignedImage>> {
    // (1) and (2) of the story of a signature, once.
    let ready = Ready::new(how.signing, context)?;
    // (3) One login for all of them.
    let session = ready.sign_in(how.signing, context).await?;
    let room = Semaphore::new(AT_ONCE);
    let jobs = images.into_iter().map(|image| async {
        // The semaphore is never closed.
        let _permit = room.acquire().await;
        sign_one(image, &session, how, context).await
    });
    // (4) to (7) for each, and the registry last: what is attached was verified.
    futures_util::future::try_join_all(jobs).await
}

async fn sign_one(
    image: Image,
    session: &Session,
    how: &How<'_>,
    context: &Context,
) -> Outcome<SignedImage> {
    let bundle = if how.format.has_bundle() {
        let statement = statement(&image, how.claims);
        Some(session.sign_payload(statement, Logging::AsChosen).await?)
    } else {
        None
    };
    let legacy = if how.format.has_legacy() {
        let payload = simple_signing(&image, how.claims);
        let signed = session.sign_payload(Payload::Bytes(payload.clone()), Logging::Promised);
        Some((payload, signed.await?))
    } else {
        None
    };
    let mut referrer = None;
    if how.upload {
        context.screen().say(&format!("Pushing signature to: {}", image.repository));
        if let Some(signed) = &bundle {
            let now = context.clock().now();
            let attached = &image.place.attached;
            let put = put_bundle(attached, &image.manifest, &signed.json, SIGN_PREDICATE_TYPE, now);
            referrer = Some(put.await?);
        }
        if let Some((payload, signed)) = &legacy {
            let signature = Signature {
                payload: payload.clone(),
                bundle: &signed.bundle,
                issuers: session.issuers(),
                predicate_type: None,
            };
            put_legacy(&image, Attached::Signatures, signature).await?;
        }
    }
    let signed = SignedImage { image, bundle, legacy, referrer };
    if let Some(proof) = signed.proof() {
        let words = format!("{}: {}", signed.image.by_digest(), proof.accepted.sentence());
        context.screen().done("Signed", &words);
    }
    Ok(signed)
}

/// cosign's statement: the digest is the subject, and nothing is said but that it is signed.
fn statement(image: &Image, claims: &Claims) -> Payload {
    let (algorithm, digest) = hashed(image.digest());
    let mut subject = Subject::new("", algorithm, &digest);
    subject.annotations = claims.said().collect();
    if let Some(identity) = &claims.identity {
        subject.name.clone_from(identity);
    }
    let statement = lite_bundle::Statement {
        subjects: vec![subject],
        predicate_type: SIGN_PREDICATE_TYPE.to_owned(),
    };
    Payload::Statement(statement.to_payload(&json!({})))
}

/// The payload of the older format.
fn simple_signing(image: &Image, claims: &Claims) -> Vec<u8> {
    let optional: Map<String, Value> = claims.said().collect();
    SimpleSigning {
        docker_reference: claims.identity.clone().unwrap_or_else(|| image.repository.clone()),
        digest: image.digest().clone(),
        optional: (!optional.is_empty()).then_some(optional),
    }
    .to_payload()
}
