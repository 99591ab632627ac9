//! From the file to checked issuers. What upstream would only notice with a token in its hands (an
//! unknown type, a missing provider, a template it cannot run) is refused here, at load.

use std::sync::Arc;

use regex::Regex;

use super::{ConfigFile, Issuer, IssuerSection, Kind};
use crate::principal::{Provider, built_in};
use crate::template::TemplateError;
use crate::uri;

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{section}: {reason}")]
pub struct ConfigError {
    /// The key of the section that is wrong.
    pub section: String,
    /// What is wrong with it.
    #[source]
    pub reason: ConfigReason,
}

/// What is wrong with a section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigReason {
    /// No `client-id`: every token would be for us.
    #[error("client-id is missing")]
    ClientIdMissing,
    /// A name in `extension-templates` is no extension.
    #[error("extension-templates has an unknown name")]
    ExtensionUnknown,
    /// `issuer-claim` with a type other than `email`.
    #[error("only email issuers can use issuer-claim")]
    IssuerClaimNotEmail,
    /// `issuer-claim` is not `$.name.name`.
    #[error("issuer-claim is not of the form $.name.name")]
    IssuerClaimPath,
    /// `issuer-url` is not the key of its section.
    #[error("issuer-url differs from the key of its section")]
    IssuerUrlMismatch,
    /// The issuer's URL has no `http` or `https` scheme and host.
    #[error("issuer is not an http or https URL")]
    IssuerUrlShape,
    /// No such `type`.
    #[error("type is unknown")]
    KindUnknown,
    /// A pattern has no `*`, or no host before it ends.
    #[error("meta-issuer pattern is not a URL with *")]
    MetaPattern,
    /// `ci-provider` names no section of `ci-issuer-metadata`.
    #[error("ci-provider has no section in ci-issuer-metadata")]
    ProviderUnknown,
    /// `spiffe-trust-domain` is missing or not one.
    #[error("spiffe-trust-domain is missing or invalid")]
    SpiffeTrustDomain,
    /// One trust domain must not have many issuers.
    #[error("spiffe meta-issuers are not supported")]
    SpiffeMeta,
    /// `subject-domain` is missing.
    #[error("subject-domain is missing")]
    SubjectDomainMissing,
    /// `subject-domain` and the issuer are not of one owner.
    #[error("subject-domain and issuer have different hosts, top or second level")]
    SubjectDomainForeign,
    /// `subject-domain` has a scheme where it must not, or lacks one, or has another.
    #[error("subject-domain has the wrong scheme for this type")]
    SubjectDomainScheme,
    /// `subject-alternative-name-template` is missing.
    #[error("subject-alternative-name-template is missing")]
    SanTemplateMissing,
    /// A template is not in the subset that runs.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

pub(super) fn exact(file: &ConfigFile) -> Result<Vec<Issuer>, ConfigError> {
    let read = |(key, section): (&String, &IssuerSection)| {
        if !section.issuer_url.is_empty() && section.issuer_url != *key {
            return Err(ConfigReason::IssuerUrlMismatch).map_err(at(key));
        }
        let parts =
            uri::split(key).filter(|parts| matches!(parts.scheme.as_str(), "http" | "https"));
        let host = parts.ok_or(ConfigReason::IssuerUrlShape).map_err(at(key))?.host;
        let kind = kind(file, section, Some((key, &host))).map_err(at(key))?;
        issuer(key, section, kind).map_err(at(key))
    };
    file.oidc_issuers.iter().map(read).collect()
}

pub(super) fn meta(file: &ConfigFile) -> Result<Vec<(Regex, Issuer)>, ConfigError> {
    let read = |(key, section): (&String, &IssuerSection)| {
        let pattern = pattern(key).ok_or(ConfigReason::MetaPattern).map_err(at(key))?;
        if section.kind == "spiffe" {
            return Err(ConfigReason::SpiffeMeta).map_err(at(key));
        }
        let kind = kind(file, section, None).map_err(at(key))?;
        Ok((pattern, issuer(key, section, kind).map_err(at(key))?))
    };
    file.meta_issuers.iter().map(read).collect()
}

fn at(section: &str) -> impl Fn(ConfigReason) -> ConfigError + '_ {
    move |reason| ConfigError { section: section.to_owned(), reason }
}

fn issuer(key: &str, section: &IssuerSection, kind: Kind) -> Result<Issuer, ConfigReason> {
    if section.client_id.is_empty() {
        return Err(ConfigReason::ClientIdMissing);
    }
    Ok(Issuer {
        url: key.to_owned(),
        client_id: section.client_id.clone(),
        kind,
        ca_cert: section.ca_cert.clone(),
        section: section.clone(),
    })
}

/// The pattern, anchored at both ends: upstream once matched it anywhere in the URL, so that
/// `https://evil.example/?https://oidc.eks.…` was a configured issuer.
fn pattern(key: &str) -> Option<Regex> {
    let scheme = key.starts_with("https://") || key.starts_with("http://");
    if !scheme || !key.contains('*') {
        return None;
    }
    let body = regex::escape(key).replace(r"\*", "[-_a-zA-Z0-9]+");
    Regex::new(&format!(r"\A{body}\z")).ok()
}

fn kind(
    file: &ConfigFile,
    section: &IssuerSection,
    exact: Option<(&str, &str)>,
) -> Result<Kind, ConfigReason> {
    if !section.issuer_claim.is_empty() && section.kind != "email" {
        return Err(ConfigReason::IssuerClaimNotEmail);
    }
    Ok(match section.kind.as_str() {
        "email" => Kind::Email {
            issuer_claim: claim_path(&section.issuer_claim)?,
            insecure_skip_verification: section.skip_email_verification,
        },
        "uri" => uri_kind(section, exact)?,
        "username" => username_kind(section, exact)?,
        "spiffe" => {
            let domain = &section.spiffe_trust_domain;
            if !uri::is_trust_domain(domain) {
                return Err(ConfigReason::SpiffeTrustDomain);
            }
            Kind::Spiffe { trust_domain: domain.clone() }
        }
        "kubernetes" => Kind::Kubernetes,
        "chainguard-identity" => Kind::Chainguard,
        "siglite" => Kind::Siglite,
        "ci-provider" => {
            let metadata = file.ci_issuer_metadata.get(&section.ci_provider);
            let metadata = metadata.ok_or(ConfigReason::ProviderUnknown)?;
            let provider = Arc::new(Provider::from_metadata(metadata)?);
            Kind::Provider { name: "ci-provider", provider }
        }
        other => {
            let (name, provider) = built_in(other).ok_or(ConfigReason::KindUnknown)?;
            Kind::Provider { name, provider: Arc::new(provider?) }
        }
    })
}

/// `$.federated_claims.connector_id`: of `JSONPath`, the part that names one member after another.
fn claim_path(path: &str) -> Result<Option<Vec<String>>, ConfigReason> {
    if path.is_empty() {
        return Ok(None);
    }
    let names = path.strip_prefix("$.").ok_or(ConfigReason::IssuerClaimPath)?;
    let names: Vec<_> = names.split('.').map(str::to_owned).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let ok = names.iter().all(|name| !name.is_empty() && name.chars().all(plain));
    if ok { Ok(Some(names)) } else { Err(ConfigReason::IssuerClaimPath) }
}

fn uri_kind(section: &IssuerSection, exact: Option<(&str, &str)>) -> Result<Kind, ConfigReason> {
    let domain = &section.subject_domain;
    if domain.is_empty() {
        return Err(ConfigReason::SubjectDomainMissing);
    }
    let parts = uri::split(domain).ok_or(ConfigReason::SubjectDomainScheme)?;
    if let Some((url, host)) = exact {
        let scheme = uri::split(url).map(|issuer| issuer.scheme);
        if scheme.as_deref() != Some(&parts.scheme) {
            return Err(ConfigReason::SubjectDomainScheme);
        }
        same_owner(&parts.host, host)?;
    }
    Ok(Kind::Uri { scheme: parts.scheme, host: parts.host })
}

fn username_kind(
    section: &IssuerSection,
    exact: Option<(&str, &str)>,
) -> Result<Kind, ConfigReason> {
    let domain = &section.subject_domain;
    if domain.is_empty() {
        return Err(ConfigReason::SubjectDomainMissing);
    }
    if domain.contains(':') || domain.contains('/') {
        return Err(ConfigReason::SubjectDomainScheme);
    }
    if let Some((_, host)) = exact {
        same_owner(domain, host)?;
    }
    Ok(Kind::Username { domain: domain.clone() })
}

/// The domain of the subjects and the host of the issuer are the same, or share their last two
/// labels: who wrote the section has shown to own both.
fn same_owner(subject: &str, issuer: &str) -> Result<(), ConfigReason> {
    let last_two = |host: &str| {
        let mut labels = host.rsplit('.');
        Some((labels.next()?.to_owned(), labels.next()?.to_owned()))
    };
    let same = subject == issuer
        || last_two(subject).is_some_and(|labels| Some(labels) == last_two(issuer));
    if same { Ok(()) } else { Err(ConfigReason::SubjectDomainForeign) }
}
