//! The story of a signature: from an artifact and an identity to a bundle that verifies.
//!
//! Read in this order: [`sign`] (one signature), [`Ready`] and [`Session`] (the numbered story, so that
//! one login can sign many), [`payload`] (what is signed), [`signer`] (who signs), [`mod@image`] (many
//! images).
//!
//! **Invariant:** a bundle leaves [`Session::sign`] only after the verifier accepted it with the
//! trusted root that its receivers have.

mod image;
mod payload;
mod signer;

use lite_bundle::body::HashedRekord002;
use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Bundle, Content, MediaType, TransparencyLogEntry};
use lite_keys::{KeyDetails, KeyKind, SigningKey};
use lite_pki::Certificate;
use lite_verifier::Policy;

use crate::client::{Web, rekor, rekor_v1, tsa};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::flags::{ServiceFlags, SignerFlags, TrustFlags};
use crate::keys;
use crate::login;
use crate::trust::{self, LogService, LogVersion, Services};
use crate::verify::{self, Accepted};
use signer::Signer;

pub(crate) use image::{Claims, How, SignedImage, sign_images};
pub(crate) use payload::{Digested, Payload};

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

/// Whether the log is to hold a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logging {
    /// As the flags and the signing config have it.
    AsChosen,
    /// By a log that promises a time, if there is one: the format has room for nothing else.
    Promised,
}

/// A bundle, and what it proves.
pub(crate) struct Signed {
    /// The file's text.
    pub(crate) json: String,
    /// The same, taken apart.
    pub(crate) bundle: Bundle,
    /// Who, when, where.
    pub(crate) accepted: Accepted,
}

/// Signs `payload`, has it timestamped and logged, and verifies the result.
pub(crate) async fn sign(
    payload: &Payload,
    flags: &SigningFlags,
    context: &Context,
) -> Outcome<Signed> {
    let ready = Ready::new(flags, context)?;
    // A file that cannot be read must not cost a login.
    let digested = ready.digest(payload)?;
    ready.sign_in(flags, context).await?.sign(&digested, Logging::AsChosen).await
}

/// All that a signing needs and that no server is asked for.
pub(crate) struct Ready {
    web: Web,
    root: TrustedRoot,
    services: Services,
    key: SigningKey,
    details: KeyDetails,
}

impl Ready {
    /// Steps (1) and (2).
    pub(crate) fn new(flags: &SigningFlags, context: &Context) -> Outcome<Self> {
        // (1) What is trusted and whom to ask, before anybody is asked: a file that is missing
        // must not cost a login.
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

        // (2) The key. A given key may be in use for years; any other lives as long as this
        // session and is never written down.
        let key = match &flags.signer.key {
            Some(key) => keys::signing_key(key, context)?,
            None => SigningKey::generate(KeyKind::EcdsaP256),
        };
        let details = signer::details(&key)?;
        Ok(Self { web: context.web()?, root, services, key, details })
    }

    /// What the key will sign of a payload. Reads the artifact, once.
    pub(crate) fn digest<'a>(&self, payload: &'a Payload) -> Outcome<Digested<'a>> {
        payload.digest(self.details.hash(), self.key.kind())
    }

    /// (3) Who signs. From here the key signs in the name of whoever the certificate says.
    pub(crate) async fn sign_in(self, flags: &SigningFlags, context: &Context) -> Outcome<Session> {
        let Self { web, root, services, key, details } = self;
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
        Ok(Session { web, root, services, details, signer })
    }
}

/// Somebody who can sign, as often as the certificate lives.
pub(crate) struct Session {
    web: Web,
    root: TrustedRoot,
    services: Services,
    details: KeyDetails,
    signer: Signer,
}

impl Session {
    /// Steps (4) to (7), for one payload.
    pub(crate) async fn sign(&self, digested: &Digested<'_>, logging: Logging) -> Outcome<Signed> {
        // (4) The signature.
        let signature = self.signer.sign(digested.hash, &digested.digest)?;

        // (5) Logged and timestamped at once: neither needs the other. Both come after the
        // certificate, because a timestamp from before its first second proves nothing.
        let (entries, timestamps) = tokio::try_join!(
            self.logged(digested, &signature, logging),
            all_timestamps(&self.web, &self.services.timestamps, &signature),
        )?;

        // (6) Everything a verifier needs, in one file.
        let bundle = Bundle {
            media_type: MediaType::V0_3,
            signer: self.signer.in_bundle(),
            entries,
            timestamps,
            content: digested.content(signature),
        };
        let json = bundle.to_json();

        // (7) Verified as a stranger will: from the file's text, with nothing else known than the
        // trusted root, the artifact and who should have signed.
        let artifact = lite_verifier::Artifact::of_digests(digested.artifact_digests()?);
        let report = verify::check(&json, &artifact, &self.policy(logging)?, &self.root);
        let accepted = verify::accepted(&report, json.as_bytes()).map_err(|refusal| Failure {
            exit: Exit::Instance,
            sentence: format!(
                "the servers' answers make no bundle that verifies: {}",
                refusal.sentence
            ),
            ..refusal
        })?;
        Ok(Signed { json, bundle, accepted })
    }

    /// The same for a payload that is in memory.
    pub(crate) async fn sign_payload(&self, payload: Payload, logging: Logging) -> Outcome<Signed> {
        let digested = payload.digest(self.details.hash(), self.signer.kind())?;
        self.sign(&digested, logging).await
    }

    /// The certificates above the signer's, as the authority sent them; of a key there are none.
    pub(crate) fn issuers(&self) -> &[Certificate] {
        self.signer.issuers()
    }

    /// The log to tell, if any.
    fn log(&self, logging: Logging) -> Option<&LogService> {
        match logging {
            Logging::AsChosen => self.services.log.as_ref(),
            Logging::Promised => self.services.promising_log.as_ref(),
        }
    }

    /// The entry that the log answers with, where there is one.
    async fn logged(
        &self,
        digested: &Digested<'_>,
        signature: &[u8],
        logging: Logging,
    ) -> Outcome<Vec<TransparencyLogEntry>> {
        let Some(log) = self.log(logging) else { return Ok(Vec::new()) };
        let entry = match log.version {
            LogVersion::V2 => {
                let entry = HashedRekord002 {
                    digest: digested.digest.clone(),
                    signature: signature.to_vec(),
                    key_details: self.details,
                    verifier: self.signer.entry_verifier(),
                };
                rekor::create_entry(&self.web, &log.url, &entry).await?
            }
            LogVersion::V1 => {
                let pem = self.signer.verifier_pem();
                let entry = match digested.content(signature.to_vec()) {
                    Content::Message(_) => {
                        rekor_v1::hashedrekord(digested.hash, &digested.digest, signature, &pem)
                    }
                    Content::Dsse(envelope) => rekor_v1::dsse(&envelope, &pem),
                };
                rekor_v1::create(&self.web, &log.url, &entry).await?
            }
        };
        Ok(vec![entry])
    }

    /// What a verifier who knows the signer, and what was left out, asks for.
    fn policy(&self, logging: Logging) -> Outcome<Policy> {
        let mut policy = self.signer.policy()?;
        policy.insecure.insecure_skip_log = self.log(logging).is_none();
        Ok(policy)
    }
}

/// Said where no log is told of a signature.
const UNLOGGED: &str = "no log will know of this signature: whoever steals the key can sign unseen, \
                        and verifiers must say --insecure-ignore-tlog";

async fn all_timestamps(web: &Web, urls: &[String], signature: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let mut timestamps = Vec::with_capacity(urls.len());
    for url in urls {
        timestamps.push(tsa::timestamp(web, url, signature).await?);
    }
    Ok(timestamps)
}
