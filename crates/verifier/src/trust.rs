//! The trusted root, read once: keys parsed, certificates decoded, hosts cut out of URLs.

use lite_bundle::trust::{CertificateAuthority, TransparencyLog, TrustedRoot, ValidityWindow};
use lite_keys::PublicKey;
use lite_pki::timestamp::TrustedAuthority;
use lite_pki::{Certificate, Links};
use lite_time::Time;

/// What is believed. Reading a trusted root costs as much as verifying a signature: keep it.
///
/// What cannot be read is not believed, and takes nothing else with it: a log with a key of
/// tomorrow does not make today's logs unusable.
#[derive(Debug)]
pub struct Trust {
    pub(crate) logs: Vec<Log>,
    pub(crate) ctlogs: Vec<Log>,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) timestamp_authorities: Vec<StampingAuthority>,
}

/// A log, ready to verify with.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: Vec<u8>,
    pub(crate) base_url: String,
    pub(crate) key: PublicKey,
    /// Without a start the log is never trusted, and the verdict says so.
    pub(crate) window: Option<ValidityWindow>,
}

/// A timestamp authority, ready to verify with.
#[derive(Debug)]
pub(crate) struct StampingAuthority {
    /// Place in the trusted root.
    pub(crate) index: usize,
    pub(crate) uri: String,
    pub(crate) trusted: TrustedAuthority,
    /// The signatures within the chain, verified.
    pub(crate) links: Links,
    pub(crate) window: ValidityWindow,
}

/// A certificate authority, ready to verify with.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) uri: String,
    /// The chain without its last certificate.
    pub(crate) below: Vec<Certificate>,
    /// The last certificate of the chain.
    pub(crate) anchor: Certificate,
    /// The signatures within the chain, verified.
    pub(crate) links: Links,
    pub(crate) window: ValidityWindow,
}

impl Trust {
    /// Reads a trusted root.
    #[must_use]
    pub fn new(root: &TrustedRoot) -> Self {
        Self {
            logs: root.tlogs.iter().filter_map(Log::read).collect(),
            ctlogs: root.ctlogs.iter().filter_map(Log::read).collect(),
            authorities: root.certificate_authorities.iter().filter_map(Authority::read).collect(),
            timestamp_authorities: root
                .timestamp_authorities
                .iter()
                .enumerate()
                .filter_map(|(index, authority)| StampingAuthority::read(index, authority))
                .collect(),
        }
    }
}

impl Log {
    fn read(log: &TransparencyLog) -> Option<Self> {
        if log.hash_algorithm != "SHA2_256" {
            return None;
        }
        Some(Self {
            id: log.log_id.key_id.clone(),
            base_url: log.base_url.clone(),
            key: PublicKey::from_spki_der(&log.public_key.raw_bytes).ok()?,
            window: log.window().cloned(),
        })
    }

    /// Whether the log is trusted at `at`.
    pub(crate) fn is_trusted_at(&self, at: Time) -> bool {
        self.window.as_ref().is_some_and(|window| window.contains(at))
    }

    /// The host of the URL, without and with its port: under these names the log signs.
    pub(crate) fn hosts(&self) -> (&str, &str) {
        hosts(&self.base_url)
    }
}

impl Authority {
    fn read(authority: &CertificateAuthority) -> Option<Self> {
        let chain = chain(authority)?;
        let (anchor, below) = chain.split_last()?;
        let links = Links::of_chain(&chain);
        Some(Self {
            uri: authority.uri.clone(),
            below: below.to_vec(),
            anchor: anchor.clone(),
            links,
            window: authority.valid_for.clone().unwrap_or_default(),
        })
    }

    /// What to call the authority in a report.
    pub(crate) fn name(&self) -> &str {
        name(&self.uri)
    }
}

impl StampingAuthority {
    fn read(index: usize, authority: &CertificateAuthority) -> Option<Self> {
        let window = authority.valid_for.clone().unwrap_or_default();
        let trusted = TrustedAuthority {
            chain: chain(authority)?,
            valid_from: window.start,
            valid_until: window.end,
        };
        let links = Links::of_chain(&trusted.chain);
        Some(Self { index, uri: authority.uri.clone(), trusted, links, window })
    }

    /// What to call the authority in a report.
    pub(crate) fn name(&self) -> &str {
        name(&self.uri)
    }
}

fn chain(authority: &CertificateAuthority) -> Option<Vec<Certificate>> {
    authority.chain().map(Certificate::from_der).collect::<Result<Vec<_>, _>>().ok()
}

const fn name(uri: &str) -> &str {
    if uri.is_empty() { "an authority without a URL" } else { uri }
}

/// A window as people read it.
pub(crate) fn show(window: Option<&ValidityWindow>) -> String {
    let Some(window) = window else { return "a window with a start".to_owned() };
    let end =
        |time: Option<Time>, open: &str| time.map_or_else(|| open.to_owned(), Time::to_rfc3339);
    format!("{} to {}", end(window.start, "ever"), end(window.end, "now open"))
}

/// The host of a URL, without and with its port; both empty where there is no scheme.
fn hosts(url: &str) -> (&str, &str) {
    let Some((_, rest)) = url.split_once("://") else { return ("", "") };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let with_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let without = match with_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => with_port,
    };
    (without, with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_host_out_of_a_url() {
        assert_eq!(hosts("https://rekor.example.com"), ("rekor.example.com", "rekor.example.com"));
        assert_eq!(hosts("http://localhost:7070/a?b"), ("localhost", "localhost:7070"));
        assert_eq!(hosts("http://me@127.0.0.1:3003"), ("127.0.0.1", "127.0.0.1:3003"));
        assert_eq!(hosts("http://[::1]:80"), ("[::1]", "[::1]:80"));
        assert_eq!(
            hosts("rekor.example.com"),
            ("", ""),
            "no scheme, no host: as sigstore-go sees it"
        );
    }
}
