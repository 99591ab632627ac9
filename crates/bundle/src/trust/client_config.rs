//! `trust_config.json`: trusted root and signing config in one file.

use serde::{Deserialize, Serialize};

use super::{SigningConfig, TrustError, TrustedRoot, expect, parse, pretty};

/// Both documents a client needs, as `sigstore --trust-config` of sigstore-python reads them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientTrustConfig {
    media_type: String,
    /// What to trust.
    pub trusted_root: TrustedRoot,
    /// What to sign with.
    pub signing_config: SigningConfig,
}

impl ClientTrustConfig {
    /// The only version that the stock clients read.
    pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

    /// Puts the two into one.
    #[must_use]
    pub fn new(trusted_root: TrustedRoot, signing_config: SigningConfig) -> Self {
        Self { media_type: Self::MEDIA_TYPE.into(), trusted_root, signing_config }
    }

    /// Reads the file, and holds its two parts to their own media types.
    pub fn parse(json: &[u8]) -> Result<Self, TrustError> {
        parse(json, |config: &Self| {
            expect(&config.media_type, Self::MEDIA_TYPE)?;
            config.trusted_root.expect_media_type()?;
            config.signing_config.expect_media_type()
        })
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(self)
    }
}
