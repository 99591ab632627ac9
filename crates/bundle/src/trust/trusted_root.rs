//! `trusted_root.json`: the keys, certificates and validity windows a client starts from.

use lite_keys::PublicKey;
use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::{TrustError, expect, parse, pretty};
use crate::encoding::{base64_bytes, list_or_null, rfc3339};

/// Logs and authorities, with the windows in which each is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedRoot {
    media_type: String,
    /// Signature logs (Rekor), v1 before v2.
    // Written even when empty: sigstore-python requires the member.
    #[serde(default, deserialize_with = "list_or_null")]
    pub tlogs: Vec<TransparencyLog>,
    /// Certificate authorities (Fulcio).
    #[serde(default, deserialize_with = "list_or_null")]
    pub certificate_authorities: Vec<CertificateAuthority>,
    /// Certificate-transparency logs.
    #[serde(default, deserialize_with = "list_or_null")]
    pub ctlogs: Vec<TransparencyLog>,
    /// Timestamp authorities.
    #[serde(default, deserialize_with = "list_or_null")]
    pub timestamp_authorities: Vec<CertificateAuthority>,
}

impl TrustedRoot {
    /// The one media type that every stock client accepts.
    ///
    /// The text of the protocol buffers now asks for `…trustedroot.v0.2+json`, which sigstore-go,
    /// sigstore-python and sigstore-java refuse.
    pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

    /// A trusted root that trusts nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { media_type: Self::MEDIA_TYPE.into(), ..Self::default() }
    }

    /// Reads a trusted root; unknown members are refused, as the stock clients do.
    pub fn parse(json: &[u8]) -> Result<Self, TrustError> {
        parse(json, Self::expect_media_type)
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(self)
    }

    pub(super) fn expect_media_type(&self) -> Result<(), TrustError> {
        expect(&self.media_type, Self::MEDIA_TYPE)
    }
}

/// A log: where it is, its key, and the ID under which entries name it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransparencyLog {
    /// URL with scheme and host. The host is the origin of the log's checkpoints.
    #[serde(default)]
    pub base_url: String,
    /// The hash of the Merkle tree, `SHA2_256`.
    #[serde(default)]
    pub hash_algorithm: String,
    /// The log's key.
    pub public_key: LogKey,
    /// The ID under which entries and SCTs name the log.
    pub log_id: LogId,
    /// Read, and not used: sigstore-js takes it for the log ID, so we never write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_key_id: Option<LogId>,
    /// Read, and never written: cosign 2 refuses a root that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

impl TransparencyLog {
    /// A log as every stock client can read it: SHA-256, an open window whose start is whole
    /// seconds, no operator and no checkpoint key ID.
    ///
    /// `base_url` carries scheme, host and port, and no trailing slash. `log_id` is SHA-256 of the
    /// SPKI for CT and Rekor v1, and the untruncated C2SP key hash for Rekor v2.
    #[must_use]
    pub fn new(base_url: &str, key: &PublicKey, log_id: [u8; 32], start: Time) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            hash_algorithm: "SHA2_256".to_owned(),
            public_key: LogKey {
                raw_bytes: key.spki_der().to_vec(),
                key_details: key.details_for_logs().map(|details| details.name().to_owned()),
                valid_for: Some(ValidityWindow::from(start)),
            },
            log_id: LogId { key_id: log_id.to_vec() },
            checkpoint_key_id: None,
            operator: None,
        }
    }

    /// When the log's key is trusted; without a start it never is.
    #[must_use]
    pub fn window(&self) -> Option<&ValidityWindow> {
        self.public_key.valid_for.as_ref().filter(|window| window.start.is_some())
    }
}

/// A log's key and when it is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogKey {
    /// SPKI, DER.
    #[serde(with = "base64_bytes")]
    pub raw_bytes: Vec<u8>,
    /// The name of a `PublicKeyDetails`, for example `PKIX_ED25519`.
    // A name and not an enum: a log with an algorithm we do not know must not make the others
    // unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_details: Option<String>,
    /// When the key is trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<ValidityWindow>,
}

/// The bytes that name a log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogId {
    /// 32 bytes.
    #[serde(with = "base64_bytes")]
    pub key_id: Vec<u8>,
}

/// An authority that issues certificates or timestamps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateAuthority {
    /// Who it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<DistinguishedName>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// Leaf-most certificate first, trust anchor last.
    #[serde(default)]
    pub cert_chain: CertChain,
    /// When the authority is trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<ValidityWindow>,
    /// Read, and never written: cosign 2 refuses a root that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

impl CertificateAuthority {
    /// An authority with an open window. `chain` is DER, leaf-most first and the trust anchor last;
    /// a timestamp authority's chain begins with the certificate that signs timestamps.
    #[must_use]
    pub fn new(
        organization: &str,
        common_name: &str,
        uri: &str,
        chain: Vec<Vec<u8>>,
        start: Time,
    ) -> Self {
        Self {
            subject: Some(DistinguishedName {
                organization: organization.to_owned(),
                common_name: common_name.to_owned(),
            }),
            uri: uri.to_owned(),
            cert_chain: CertChain {
                certificates: chain
                    .into_iter()
                    .map(|raw_bytes| X509Certificate { raw_bytes })
                    .collect(),
            },
            valid_for: Some(ValidityWindow::from(start)),
            operator: None,
        }
    }

    /// The chain's certificates, DER, leaf-most first.
    #[must_use]
    pub fn chain(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.cert_chain.certificates.iter().map(|certificate| certificate.raw_bytes.as_slice())
    }
}

/// Certificates, leaf-most first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertChain {
    /// In order.
    #[serde(default, deserialize_with = "list_or_null")]
    pub certificates: Vec<X509Certificate>,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct X509Certificate {
    /// DER.
    #[serde(with = "base64_bytes")]
    pub raw_bytes: Vec<u8>,
}

/// The two parts of a subject that Sigstore writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistinguishedName {
    /// `O`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// `CN`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub common_name: String,
}

/// From `start` to `end`, both included; without an end it is still open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidityWindow {
    /// First instant.
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// Last instant.
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub end: Option<Time>,
}

impl From<Time> for ValidityWindow {
    /// Open from the whole second of `start`: a fraction would lie after the integrated time of an
    /// entry made in the same second.
    fn from(start: Time) -> Self {
        Self { start: Some(start.floor_to_second()), end: None }
    }
}

impl ValidityWindow {
    /// Whether `at` lies in the window. Both ends are included; a missing start is no start.
    #[must_use]
    pub fn contains(&self, at: Time) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at <= end)
    }
}
