//! The story of a signature: from an artifact and an identity to a bundle that verifies.
//!
//! Read in this order: [`sign`] (the numbered story), [`payload`] (what is signed), [`signer`] (who
//! signs).
//!
//! **Invariant:** a bundle leaves [`sign`] only after the verifier accepted it with the trusted
//! root that its receivers have.

mod payload;
mod signer;

use lite_bundle::body::HashedRekord002;
use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Bundle, MediaType, TransparencyLogEntry};
use lite_keys::{KeyKind, SigningKey};

use crate::client::{Web, rekor, tsa};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::flags::{ServiceFlags, SignerFlags, TrustFlags};
use crate::keys;
use crate::login;
use crate::trust::{self, Services};
use crate::verify::{self, Accepted};
use signer::Signer;

pub(crate) use payload::Payload;

/// What a signing takes from the command line.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SigningFlags {
    #[command(flatten)]
    pub(crate) signer: SignerFlags,

    #[command(flatten)]
    pub(crate) services: ServiceFlags,

    #[command(flatten)]
    pub(crate) trust: TrustFlags,
}

/// A bundle, and what it proves.
pub(crate) struct Signed {
    /// The file's text.
    pub(crate) json: String,
    /// Who, when, where.
    pub(crate) accepted: Accepted,
}

/// Signs `payload`, has it timestamped and logged, and verifies the result.
pub(crate) async fn sign(
    payload: &Payload,
    flags: &SigningFlags,
    context: &Context,
) -> Outcome<Signed> {
    let web = Web::default();

    // (1) What is trusted and whom to ask, before anybody is asked: a file that is missing must
    // not cost a login.
    let keyless = flags.signer.key.is_none();
    let services = Services::choose(&flags.services, keyless, context)?;
    let root = if services.are_none() {
        // Whose word would be held against it? A key alone needs no instance.
        TrustedRoot::new()
    } else {
        trust::trusted_root(&flags.trust, context)?
    };
    if services.log.is_none() {
        context.screen().warn(UNLOGGED);
    }

    // (2) The key, and what it will sign: neither needs anybody else. A given key may be in use
    // for years; any other signs this once and is never written down.
    let key = match &flags.signer.key {
        Some(key) => keys::signing_key(key, context)?,
        None => SigningKey::generate(KeyKind::EcdsaP256),
    };
    let details = signer::details(&key)?;
    let digested = payload.digest(details.hash(), key.kind())?;

    // (3) Who signs. From here the key signs in the name of whoever the certificate says.
    let signer = match &services.authority {
        Some(authority) => {
            let config = flags.services.signing_config.as_deref();
            let login = &flags.signer.login;
            let issuer = || trust::issuer(login, config, context);
            let token = login::obtain(login, issuer, &web, context).await?;
            Signer::certified(key, &web, authority, &token, &root).await?
        }
        None => Signer::bare(key),
    };
    let signature = signer.sign(digested.hash, &digested.digest)?;

    // (4) Logged and timestamped at once: neither needs the other. Both come after the
    // certificate, because a timestamp from before its first second proves nothing.
    let entry = HashedRekord002 {
        digest: digested.digest.clone(),
        signature: signature.clone(),
        key_details: details,
        verifier: signer.entry_verifier(),
    };
    let (entries, timestamps) = tokio::try_join!(
        logged(&web, services.log.as_deref(), &entry),
        all_timestamps(&web, &services.timestamps, &signature),
    )?;

    // (5) Everything a verifier needs, in one file.
    let bundle = Bundle {
        media_type: MediaType::V0_3,
        signer: signer.in_bundle(),
        entries,
        timestamps,
        content: digested.content(signature),
    };
    let json = bundle.to_json();

    // (6) Verified as a stranger will: from the file's text, with nothing else known than the
    // trusted root, the artifact and who should have signed.
    let artifact = lite_verifier::Artifact::of_digests(digested.artifact_digests()?);
    let mut policy = signer.policy()?;
    policy.insecure.insecure_skip_log = services.log.is_none();
    let report = verify::check(&json, &artifact, &policy, &root);
    let accepted = verify::accepted(&report, json.as_bytes()).map_err(|refusal| Failure {
        exit: Exit::Instance,
        sentence: format!(
            "the servers' answers make no bundle that verifies: {}",
            refusal.sentence
        ),
        ..refusal
    })?;
    Ok(Signed { json, accepted })
}

/// Said where no log is told of a signature.
const UNLOGGED: &str = "no log will know of this signature: whoever steals the key can sign unseen, \
                        and verifiers must say --insecure-ignore-tlog";

async fn logged(
    web: &Web,
    log: Option<&str>,
    entry: &HashedRekord002,
) -> Outcome<Vec<TransparencyLogEntry>> {
    match log {
        Some(log) => Ok(vec![rekor::create_entry(web, log, entry).await?]),
        None => Ok(Vec::new()),
    }
}

async fn all_timestamps(web: &Web, urls: &[String], signature: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let mut timestamps = Vec::with_capacity(urls.len());
    for url in urls {
        timestamps.push(tsa::timestamp(web, url, signature).await?);
    }
    Ok(timestamps)
}
