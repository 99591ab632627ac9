//! The three jobs: their requests, each with a key of its own, and what makes an answer a good one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyKind, PublicKey, SigningKey};
use lite_tlog::{Checkpoint, NoteVerifier, leaf_hash, verify_inclusion};
use serde_json::{Value, json};

use crate::Fault;
use crate::wire::{Answer, Connection, get, post};

#[derive(Clone, Copy)]
enum Job {
    Entries,
    Certificates,
    Timestamps,
}

/// Requests, made ahead.
pub(crate) struct Work {
    job: Job,
    requests: Vec<Request>,
}

struct Request {
    bytes: Vec<u8>,
    /// What a good answer must hold: the digest, or the key of the certificate in DER.
    wanted: Vec<u8>,
}

impl Work {
    /// So many requests for this job.
    pub(crate) fn make(
        job: &str,
        host: &str,
        count: usize,
        email: &str,
        token: &str,
    ) -> Result<Self, Fault> {
        let job = match job {
            "entries" => Job::Entries,
            "certificates" => Job::Certificates,
            "timestamps" => Job::Timestamps,
            _ => return Err("the job is entries, certificates or timestamps".into()),
        };
        let make = |_| match job {
            Job::Entries => entry(host),
            Job::Certificates => certificate(host, email, token),
            Job::Timestamps => Ok(timestamp(host)),
        };
        let requests: Result<_, Fault> = (0..count).map(make).collect();
        Ok(Self { job, requests: requests? })
    }

    pub(crate) fn request(&self, number: usize) -> &[u8] {
        &self.requests[number].bytes
    }

    /// The status of a good answer.
    pub(crate) fn status(&self) -> u16 {
        match self.job {
            Job::Entries => 201,
            Job::Certificates | Job::Timestamps => 200,
        }
    }

    /// What verifies this job's answers.
    pub(crate) async fn verifier(&self, host: &str) -> Result<Verifier, Fault> {
        let mut connection = Connection::open(host).await?;
        let trust = connection.ask(&get(host, "/trusted_root.json")).await?;
        let trust: Value = serde_json::from_slice(&trust.body)?;
        // Logs of API v1 stand before those of v2.
        let newest = trust["tlogs"].as_array().and_then(|logs| logs.last());
        let newest = newest.ok_or("the trusted root names no log")?;
        let key = bytes(&newest["publicKey"]["rawBytes"])?;
        let checkpoint = connection.ask(&get(host, "/checkpoint")).await?;
        let origin = std::str::from_utf8(&checkpoint.body)?.lines().next().unwrap_or_default();
        Ok(Verifier { log: NoteVerifier::new(origin, PublicKey::from_spki_der(&key)?)? })
    }
}

/// Knows the log.
pub(crate) struct Verifier {
    log: NoteVerifier,
}

impl Verifier {
    pub(crate) fn verify(&self, work: &Work, number: usize, answer: &Answer) -> Result<(), Fault> {
        let wanted = &work.requests[number].wanted;
        match work.job {
            Job::Entries => self.verify_entry(wanted, &serde_json::from_slice(&answer.body)?),
            Job::Certificates => verify_certificate(wanted, &serde_json::from_slice(&answer.body)?),
            Job::Timestamps => holds(&answer.body, wanted, "the timestamp is of another digest"),
        }
    }

    /// The entry is the one that was sent, in the tree of a checkpoint that the log signed.
    fn verify_entry(&self, digest: &[u8], answer: &Value) -> Result<(), Fault> {
        let body = bytes(&answer["canonicalizedBody"])?;
        let sent = STANDARD.encode(digest);
        holds(&body, sent.as_bytes(), "the entry is of another digest")?;
        let proof = &answer["inclusionProof"];
        let note = text(&proof["checkpoint"]["envelope"])?;
        let checkpoint = Checkpoint::open(note.as_bytes(), &self.log)?;
        let hashes = proof["hashes"].as_array().ok_or("a proof without hashes")?;
        let hashes: Result<Vec<lite_tlog::Hash>, Fault> = hashes
            .iter()
            .map(|hash| bytes(hash)?.try_into().map_err(|_| "a short hash".into()))
            .collect();
        let index = text(&answer["logIndex"])?.parse()?;
        let leaf = leaf_hash(&body);
        verify_inclusion(&leaf, index, checkpoint.size, &hashes?, &checkpoint.root)?;
        Ok(())
    }
}

/// The first certificate of the chain is for the key that was sent.
fn verify_certificate(key: &[u8], answer: &Value) -> Result<(), Fault> {
    let chain = &answer["signedCertificateEmbeddedSct"]["chain"]["certificates"];
    let pem = text(&chain[0])?;
    let inside = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    holds(&STANDARD.decode(inside)?, key, "the certificate is for another key")
}

/// An entry as a client without a certificate sends it: digest, signature, public key.
fn entry(host: &str) -> Result<Request, Fault> {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let digest = random_digest();
    let signature = key.sign_digest(HashAlgorithm::Sha256, &digest)?;
    let body = json!({ "hashedRekordRequestV002": {
        "digest": STANDARD.encode(&digest),
        "signature": {
            "content": STANDARD.encode(signature),
            "verifier": {
                "publicKey": { "rawBytes": STANDARD.encode(key.public().spki_der()) },
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            },
        },
    }});
    let bytes = post(host, "/api/v2/log/entries", &body.to_string());
    Ok(Request { bytes, wanted: digest })
}

fn certificate(host: &str, email: &str, token: &str) -> Result<Request, Fault> {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let possession = key.sign(HashAlgorithm::Sha256, email.as_bytes())?;
    let body = json!({
        "credentials": { "oidcIdentityToken": token },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key.public().to_pem() },
            "proofOfPossession": STANDARD.encode(possession),
        },
    });
    let bytes = post(host, "/api/v2/signingCert", &body.to_string());
    Ok(Request { bytes, wanted: key.public().spki_der().to_vec() })
}

fn timestamp(host: &str) -> Request {
    let digest = random_digest();
    let body = json!({
        "artifactHash": STANDARD.encode(&digest),
        "hashAlgorithm": "sha256",
        "certificates": true,
    });
    Request { bytes: post(host, "/api/v1/timestamp", &body.to_string()), wanted: digest }
}

fn random_digest() -> Vec<u8> {
    let mut digest = vec![0; 32];
    lite_keys::fill_random(&mut digest);
    digest
}

fn text(value: &Value) -> Result<&str, Fault> {
    Ok(value.as_str().ok_or("a string is missing")?)
}

fn bytes(value: &Value) -> Result<Vec<u8>, Fault> {
    Ok(STANDARD.decode(text(value)?)?)
}

fn holds(haystack: &[u8], needle: &[u8], otherwise: &'static str) -> Result<(), Fault> {
    if haystack.windows(needle.len()).any(|part| part == needle) {
        Ok(())
    } else {
        Err(otherwise.into())
    }
}
