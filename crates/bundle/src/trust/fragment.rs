//! One server's share of the trust material, and the documents that all shares make together.

use std::cmp::Reverse;

use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::signing_config::start_of;
use super::{
    CertificateAuthority, ClientTrustConfig, Selector, Service, ServiceConfig, SigningConfig,
    TransparencyLog, TrustError, TrustedRoot, parse, pretty,
};
use crate::encoding::base64_bytes;

/// What one server wants clients to trust and to use; a server alone writes it to
/// `public/fragment.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fragment {
    /// Signature logs.
    #[serde(default)]
    pub tlogs: Vec<TrustedLog>,
    /// Certificate-transparency logs.
    #[serde(default)]
    pub ctlogs: Vec<TransparencyLog>,
    /// Certificate authorities.
    #[serde(default)]
    pub certificate_authorities: Vec<CertificateAuthority>,
    /// Timestamp authorities.
    #[serde(default)]
    pub timestamp_authorities: Vec<CertificateAuthority>,
    /// Services for the signing config.
    #[serde(default)]
    pub services: Services,
    /// Files for clients older than the trusted root.
    #[serde(default)]
    pub legacy: Vec<LegacyTarget>,
}

/// A signature log, with the version of the API that writes to it: the trusted root does not say
/// it, and its order depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedLog {
    /// 1 or 2.
    pub major_api_version: u32,
    /// The log.
    pub log: TransparencyLog,
}

/// The services of a [`Fragment`], by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Services {
    /// Certificate authorities.
    #[serde(default)]
    pub ca: Vec<Service>,
    /// Issuers of ID tokens.
    #[serde(default)]
    pub oidc: Vec<Service>,
    /// Signature logs.
    #[serde(default)]
    pub rekor: Vec<Service>,
    /// Timestamp authorities.
    #[serde(default)]
    pub tsa: Vec<Service>,
}

/// A TUF target of its own, with the `custom.sigstore` metadata by which older clients find it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegacyTarget {
    /// File name, for example `rekor.pub`.
    pub name: String,
    /// `Fulcio`, `Rekor`, `CTFE` or `TSA`.
    pub usage: String,
    /// `Active` or `Expired`.
    pub status: String,
    /// Where the service is.
    pub uri: String,
    /// The file, PEM.
    #[serde(with = "base64_bytes")]
    pub contents: Vec<u8>,
}

/// Which signature logs a signing config offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RekorVersions {
    /// All, newest version first.
    All,
    /// Only logs with this API version.
    Only(u32),
}

impl Fragment {
    /// The media type of nothing: a fragment stays among our own servers.
    pub fn parse(json: &[u8]) -> Result<Self, TrustError> {
        parse(json, |_: &Self| Ok(()))
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(self)
    }

    /// Takes `other`'s share in; what both have stays once.
    pub fn merge(&mut self, other: Self) {
        join(&mut self.tlogs, other.tlogs);
        join(&mut self.ctlogs, other.ctlogs);
        join(&mut self.certificate_authorities, other.certificate_authorities);
        join(&mut self.timestamp_authorities, other.timestamp_authorities);
        join(&mut self.services.ca, other.services.ca);
        join(&mut self.services.oidc, other.services.oidc);
        join(&mut self.services.rekor, other.services.rekor);
        join(&mut self.services.tsa, other.services.tsa);
        join(&mut self.legacy, other.legacy);
    }

    /// `trusted_root.json`. Logs of API v1 stand before v2: sigstore-python takes the first log's
    /// URL for the v1 service, and policy-controller the last one's.
    #[must_use]
    pub fn trusted_root(&self) -> TrustedRoot {
        let mut logs: Vec<&TrustedLog> = self.tlogs.iter().collect();
        logs.sort_by_key(|trusted| (trusted.major_api_version, start_of_log(&trusted.log)));
        let mut root = TrustedRoot::new();
        root.tlogs = logs.into_iter().map(|trusted| as_published(&trusted.log)).collect();
        root.ctlogs = self.ctlogs.iter().map(as_published).collect();
        root.certificate_authorities =
            self.certificate_authorities.iter().map(without_operator).collect();
        root.timestamp_authorities =
            self.timestamp_authorities.iter().map(without_operator).collect();
        root
    }

    /// The trusted root without the signature logs whose key is not ECDSA, for policy-controller:
    /// it refuses a whole root for one Ed25519 log.
    #[must_use]
    pub fn trusted_root_ecdsa_only(&self) -> TrustedRoot {
        let mut root = self.trusted_root();
        root.tlogs.retain(|log| {
            log.public_key
                .key_details
                .as_deref()
                .is_some_and(|details| details.starts_with("PKIX_ECDSA_"))
        });
        root
    }

    /// `signing_config.v0.2.json`: highest version and newest start first, any one log, any one
    /// timestamp authority.
    #[must_use]
    pub fn signing_config(&self, rekor: RekorVersions) -> SigningConfig {
        let mut config = SigningConfig::new();
        config.ca_urls = newest_first(&self.services.ca);
        config.oidc_urls = newest_first(&self.services.oidc);
        config.rekor_tlog_urls = newest_first(&self.services.rekor);
        if let RekorVersions::Only(version) = rekor {
            config.rekor_tlog_urls.retain(|service| service.major_api_version == version);
        }
        config.rekor_tlog_config = any_of(&config.rekor_tlog_urls);
        config.tsa_urls = newest_first(&self.services.tsa);
        config.tsa_config = any_of(&config.tsa_urls);
        config
    }

    /// `trust_config.json`.
    #[must_use]
    pub fn client_trust_config(&self) -> ClientTrustConfig {
        ClientTrustConfig::new(self.trusted_root(), self.signing_config(RekorVersions::All))
    }
}

fn join<T: PartialEq>(into: &mut Vec<T>, from: Vec<T>) {
    for item in from {
        if !into.contains(&item) {
            into.push(item);
        }
    }
}

fn start_of_log(log: &TransparencyLog) -> Option<Time> {
    log.public_key.valid_for.as_ref().and_then(|window| window.start)
}

/// Without the two members that break stock clients.
fn as_published(log: &TransparencyLog) -> TransparencyLog {
    TransparencyLog { checkpoint_key_id: None, operator: None, ..log.clone() }
}

fn without_operator(authority: &CertificateAuthority) -> CertificateAuthority {
    CertificateAuthority { operator: None, ..authority.clone() }
}

fn newest_first(services: &[Service]) -> Vec<Service> {
    let mut services = services.to_vec();
    services.sort_by_key(|service| Reverse((service.major_api_version, start_of(service))));
    services
}

fn any_of(services: &[Service]) -> ServiceConfig {
    ServiceConfig { selector: (!services.is_empty()).then_some(Selector::Any), count: 0 }
}
