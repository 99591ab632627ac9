//! What several steps need: the certificate, its issuers, the key, the times, the logs' keys.

use lite_bundle::trust::{TransparencyLog, ValidityWindow};
use lite_bundle::{Bundle, Signer, TransparencyLogEntry};
use lite_keys::PublicKey;
use lite_pki::timestamp::TimestampResponse;
use lite_pki::{Certificate, Purpose, verify_chain};
use lite_time::Time;
use lite_verifier::SignerPolicy;

use super::Given;
use super::place::CertificatePlaces;

/// Read once, for all steps.
pub(super) struct Facts<'a> {
    pub(super) given: Given<'a>,
    /// The signer's certificate, where an identity is asked for.
    pub(super) leaf: Option<Leaf>,
    /// The key that must verify the signature.
    pub(super) key: Option<PublicKey>,
    /// When the bundle says that it was signed.
    pub(super) times: Vec<Time>,
}

/// A certificate and where its parts lie.
pub(super) struct Leaf {
    pub(super) certificate: Certificate,
    pub(super) places: CertificatePlaces,
}

/// From a certificate to an anchor of the trusted root, and when that is trusted.
pub(super) struct Path {
    /// The issuer first, the anchor last. Never empty.
    pub(super) issuers: Vec<Certificate>,
    pub(super) window: ValidityWindow,
    pub(super) uri: String,
}

impl<'a> Facts<'a> {
    pub(super) fn of(given: Given<'a>) -> Self {
        let (leaf, key) = match &given.policy.signer {
            SignerPolicy::Identities(_) => {
                let leaf = given.bundle.signer.leaf().and_then(Leaf::read);
                let key = leaf.as_ref().and_then(|leaf| leaf.certificate.public_key().ok());
                (leaf, key)
            }
            SignerPolicy::Key(key) => (None, Some((**key).clone())),
        };
        let mut times = times(given.bundle, given.policy.insecure.insecure_skip_log);
        if times.is_empty() {
            times.extend(given.policy.insecure.insecure_assume_time);
        }
        Self { given, leaf, key, times }
    }

    /// The log of the trusted root that has this ID.
    pub(super) fn log(
        &self,
        entry: &TransparencyLogEntry,
    ) -> Option<(&'a TransparencyLog, PublicKey)> {
        named(&self.given.root.tlogs, &entry.log_id)
    }

    /// The CT log of the trusted root that has this ID.
    pub(super) fn ct_log(&self, id: &[u8]) -> Option<(&'a TransparencyLog, PublicKey)> {
        named(&self.given.root.ctlogs, id)
    }

    /// The path at the first of the times: the one that holds, or the one that looks most like it.
    pub(super) fn path(&self) -> Option<Path> {
        let leaf = &self.leaf.as_ref()?.certificate;
        let at = clamped(leaf, self.times.first().copied().unwrap_or(leaf.not_before()));
        let others: Vec<Certificate> = match &self.given.bundle.signer {
            Signer::CertificateChain(chain) => {
                chain.iter().skip(1).filter_map(|der| Certificate::from_der(der).ok()).collect()
            }
            _ => Vec::new(),
        };
        let mut best: Option<(u8, Path)> = None;
        for authority in &self.given.root.certificate_authorities {
            let chain: Result<Vec<_>, _> = authority.chain().map(Certificate::from_der).collect();
            let Some((anchor, below)) = chain.as_deref().ok().and_then(<[_]>::split_last) else {
                continue;
            };
            let window = authority.valid_for.clone().unwrap_or_default();
            let between: Vec<Certificate> = below.iter().chain(&others).cloned().collect();
            let anchors = std::slice::from_ref(anchor);
            let (rank, issuers) =
                match verify_chain(leaf, &between, anchors, at, Purpose::CodeSigning) {
                    Ok(path) if window.contains(at) => (3, path.into_iter().skip(1).collect()),
                    Ok(path) => (2, path.into_iter().skip(1).collect()),
                    Err(_) => {
                        let all: Vec<_> = between.into_iter().chain([anchor.clone()]).collect();
                        let known = all.iter().any(|one| one.subject_der() == leaf.issuer_der());
                        (u8::from(known), all)
                    }
                };
            if best.as_ref().is_none_or(|(earlier, _)| *earlier < rank) {
                best = Some((rank, Path { issuers, window, uri: authority.uri.clone() }));
            }
        }
        best.map(|(_, path)| path)
    }
}

impl Leaf {
    fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        Some(Self { places: CertificatePlaces::of(der)?, certificate })
    }
}

impl Path {
    /// The certificate that issued the leaf.
    pub(super) fn issuer(&self) -> Option<&Certificate> {
        self.issuers.first()
    }
}

/// Whether the leaf itself was valid is step (6)'s question, so the path is asked inside of its
/// validity.
pub(super) fn clamped(leaf: &Certificate, at: Time) -> Time {
    let (first, last) = (leaf.not_before(), leaf.not_after());
    at.clamp(first.min(last), last.max(first))
}

/// Whether an entry is of a Rekor v2 log.
pub(super) fn is_v2(entry: &TransparencyLogEntry) -> bool {
    entry.kind == "hashedrekord" && entry.version == "0.0.2"
}

/// What the timestamps and the promises of v1 logs say, believed or not.
fn times(bundle: &Bundle, without_log: bool) -> Vec<Time> {
    let stamped = bundle.timestamps.iter().filter_map(|der| TimestampResponse::from_der(der).ok());
    let mut times: Vec<Time> = stamped.map(|response| response.unverified_time()).collect();
    let promised = bundle.entries.iter().filter(|e| e.inclusion_promise.is_some() && !without_log);
    times.extend(promised.filter_map(|entry| entry.integrated_time).map(Time::from_secs));
    times
}

fn named<'a>(logs: &'a [TransparencyLog], id: &[u8]) -> Option<(&'a TransparencyLog, PublicKey)> {
    let log = logs.iter().find(|log| log.log_id.key_id == id)?;
    Some((log, PublicKey::from_spki_der(&log.public_key.raw_bytes).ok()?))
}
