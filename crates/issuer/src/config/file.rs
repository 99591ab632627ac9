//! The issuer configuration as it stands in the file: Fulcio's (fulcio:pkg/config/config.go).
//!
//! The same types read both spellings: JSON with `CamelCase` keys and YAML with `kebab-case` ones.
//! Unknown keys are passed over, as upstream does: public files carry `contact` and `description`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConfigFile {
    /// Issuers by their exact URL.
    #[serde(rename = "oidc-issuers", alias = "OIDCIssuers")]
    pub oidc_issuers: BTreeMap<String, IssuerSection>,
    /// Issuers by a URL in which `*` stands for letters, digits, `-` and `_`.
    #[serde(rename = "meta-issuers", alias = "MetaIssuers")]
    pub meta_issuers: BTreeMap<String, IssuerSection>,
    /// What the tokens of CI providers mean.
    #[serde(rename = "ci-issuer-metadata", alias = "CIIssuerMetadata")]
    pub ci_issuer_metadata: BTreeMap<String, CiMetadata>,
}

/// One issuer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IssuerSection {
    /// The issuer's URL; the key of the section when absent.
    #[serde(rename = "issuer-url", alias = "IssuerURL")]
    pub issuer_url: String,
    /// What `aud` of a token must contain.
    #[serde(rename = "client-id", alias = "ClientID")]
    pub client_id: String,
    /// How a token becomes a principal.
    #[serde(rename = "type", alias = "Type")]
    pub kind: String,
    /// For type `ci-provider`: the section of `ci-issuer-metadata`.
    #[serde(rename = "ci-provider", alias = "CIProvider")]
    pub ci_provider: String,
    /// For type `email`: where the token names the issuer that is written into the certificate.
    #[serde(rename = "issuer-claim", alias = "IssuerClaim")]
    pub issuer_claim: String,
    /// For types `uri` and `username`: the domain of its subjects.
    #[serde(rename = "subject-domain", alias = "SubjectDomain")]
    pub subject_domain: String,
    /// For type `spiffe`: the trust domain of its subjects.
    #[serde(rename = "spiffe-trust-domain", alias = "SPIFFETrustDomain")]
    pub spiffe_trust_domain: String,
    /// Which claim a client signs, in the words of `/api/v2/configuration`. Only told, never used.
    #[serde(rename = "challenge-claim", alias = "ChallengeClaim")]
    pub challenge_claim: String,
    /// Certificates in PEM that the issuer's HTTPS server may chain to.
    #[serde(rename = "ca-cert", alias = "CACert")]
    pub ca_cert: String,
    /// For type `email`: believe an address that the issuer did not verify.
    #[serde(rename = "skip-email-verification", alias = "SkipEmailVerification")]
    pub skip_email_verification: bool,
}

/// What the tokens of one CI provider mean.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CiMetadata {
    /// Values for claims that a token does not have.
    #[serde(rename = "default-template-values", alias = "DefaultTemplateValues")]
    pub default_template_values: BTreeMap<String, String>,
    /// A template for each extension of the certificate, by the extension's name.
    #[serde(rename = "extension-templates", alias = "ExtensionTemplates")]
    pub extension_templates: BTreeMap<String, String>,
    /// The template of the subject alternative name, which is a URI.
    #[serde(
        rename = "subject-alternative-name-template",
        alias = "SubjectAlternativeNameTemplate"
    )]
    pub subject_alternative_name_template: String,
}
