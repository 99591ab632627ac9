//! `signing_config.v0.2.json`: which services to sign with, and how many of each.

use std::cmp::Reverse;

use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::{TrustError, ValidityWindow, expect, parse, pretty};
use crate::encoding::list_or_null;

/// The services to sign with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigningConfig {
    media_type: String,
    /// Certificate authorities; the client appends `/api/v2/signingCert`.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub ca_urls: Vec<Service>,
    /// Issuers of ID tokens.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub oidc_urls: Vec<Service>,
    /// Signature logs; the client appends `/api/v1/log/entries` or `/api/v2/log/entries`.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub rekor_tlog_urls: Vec<Service>,
    /// How many logs an entry goes to.
    #[serde(default)]
    pub rekor_tlog_config: ServiceConfig,
    /// Timestamp authorities; these URLs are complete.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub tsa_urls: Vec<Service>,
    /// How many timestamps a signature gets.
    #[serde(default)]
    pub tsa_config: ServiceConfig,
}

/// One service of a [`SigningConfig`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// Where it is, without a trailing slash.
    pub url: String,
    /// The version of its API.
    #[serde(default)]
    pub major_api_version: u32,
    /// When it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<ValidityWindow>,
    /// Who runs it. sigstore-python refuses a service without, and takes one service per operator.
    #[serde(default)]
    pub operator: String,
}

impl Service {
    /// A service that may be used from `start` on.
    #[must_use]
    pub fn new(url: &str, major_api_version: u32, start: Time, operator: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            major_api_version,
            valid_for: Some(ValidityWindow::from(start)),
            operator: operator.to_owned(),
        }
    }
}

/// How many services of a kind to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceConfig {
    /// The rule; without one, no service is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// With [`Selector::Exact`], how many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The rule of a [`ServiceConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Selector {
    /// Every valid service.
    All,
    /// Any one of them.
    Any,
    /// Exactly `count` of them.
    Exact,
}

/// The four kinds of service, each with the API versions we can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Certificate authority.
    Ca,
    /// Issuer of ID tokens.
    Oidc,
    /// Signature log.
    Rekor,
    /// Timestamp authority.
    Tsa,
}

impl ServiceKind {
    /// Newest first.
    #[must_use]
    pub const fn versions(self) -> &'static [u32] {
        match self {
            Self::Ca | Self::Oidc | Self::Tsa => &[1],
            Self::Rekor => &[2, 1],
        }
    }
}

/// Why no services could be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// None is valid now with an API version we speak.
    #[error("no service of this kind is valid now with a known API version")]
    NoneValid,
    /// Services are listed and the rule says nothing about them.
    #[error("signing config lists services and no selector")]
    NoSelector,
    /// `EXACT` with a count of zero.
    #[error("selector EXACT needs a count")]
    NoCount,
    /// Fewer operators than `EXACT` asks for.
    #[error("signing config asks for {wanted} services and {found} are usable")]
    TooFew {
        /// `count`.
        wanted: u32,
        /// Usable services, one per operator.
        found: usize,
    },
}

impl SigningConfig {
    /// The only version that the stock clients read.
    pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

    /// A config without services, which is legal: sign with a key, and log nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { media_type: Self::MEDIA_TYPE.into(), ..Self::default() }
    }

    /// Reads a signing config; unknown members are refused.
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

    /// The services of `kind` to use at `now`, newest first; empty where the config lists none.
    ///
    /// As sigstore-go selects (its `signing_config.go`): the highest API version that we
    /// speak and that is valid now, newest start first, one per operator; then the selector. Where
    /// sigstore-go picks ANY at random we take the newest, so that a run can be repeated.
    pub fn select(&self, kind: ServiceKind, now: Time) -> Result<Vec<&Service>, SelectError> {
        const ONE: ServiceConfig = ServiceConfig { selector: Some(Selector::Any), count: 0 };
        let (services, config) = match kind {
            ServiceKind::Ca => (&self.ca_urls, &ONE),
            ServiceKind::Oidc => (&self.oidc_urls, &ONE),
            ServiceKind::Rekor => (&self.rekor_tlog_urls, &self.rekor_tlog_config),
            ServiceKind::Tsa => (&self.tsa_urls, &self.tsa_config),
        };
        if services.is_empty() {
            return Ok(Vec::new());
        }
        let mut usable = usable(services, kind.versions(), now);
        if usable.is_empty() {
            return Err(SelectError::NoneValid);
        }
        match config.selector.ok_or(SelectError::NoSelector)? {
            Selector::All => {}
            Selector::Any => usable.truncate(1),
            Selector::Exact if config.count == 0 => return Err(SelectError::NoCount),
            Selector::Exact => {
                let wanted = usize::try_from(config.count).unwrap_or(usize::MAX);
                if usable.len() < wanted {
                    return Err(SelectError::TooFew { wanted: config.count, found: usable.len() });
                }
                usable.truncate(wanted);
            }
        }
        Ok(usable)
    }
}

/// One service per operator, all of the highest version of `versions` that is valid now.
fn usable<'a>(services: &'a [Service], versions: &[u32], now: Time) -> Vec<&'a Service> {
    let valid =
        |service: &&Service| service.valid_for.as_ref().is_none_or(|window| window.contains(now));
    for version in versions {
        let mut found: Vec<&Service> = services
            .iter()
            .filter(|service| service.major_api_version == *version)
            .filter(valid)
            .collect();
        if found.is_empty() {
            continue;
        }
        found.sort_by_key(|service| Reverse(start_of(service)));
        let mut operators: Vec<&str> = Vec::new();
        found.retain(|service| {
            let first = !operators.contains(&service.operator.as_str());
            operators.push(&service.operator);
            first
        });
        return found;
    }
    Vec::new()
}

pub(super) fn start_of(service: &Service) -> Option<Time> {
    service.valid_for.as_ref().and_then(|window| window.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(secs)
    }

    fn config(services: Vec<Service>, selector: Option<Selector>, count: u32) -> SigningConfig {
        SigningConfig {
            rekor_tlog_urls: services,
            rekor_tlog_config: ServiceConfig { selector, count },
            ..SigningConfig::new()
        }
    }

    #[track_caller]
    fn check(
        services: &[(&str, u32, i64, &str)],
        selector: Selector,
        count: u32,
        expected: Result<&[&str], SelectError>,
    ) {
        let services = services
            .iter()
            .map(|(url, version, start, who)| Service::new(url, *version, at(*start), who));
        let config = config(services.collect(), Some(selector), count);
        let found = config.select(ServiceKind::Rekor, at(100));
        let found = found.map(|services| {
            services.iter().map(|service| service.url.as_str()).collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected.as_ref().map(|urls| &**urls));
    }

    #[test]
    fn takes_the_highest_version_then_the_newest_start() {
        check(
            &[("v1", 1, 50, "a"), ("old", 2, 10, "a"), ("new", 2, 20, "a")],
            Selector::Any,
            0,
            Ok(&["new"]),
        );
    }

    #[test]
    fn a_version_from_the_future_does_not_count() {
        check(
            &[("v1", 1, 50, "a"), ("v2", 2, 101, "a"), ("v3", 3, 1, "a")],
            Selector::Any,
            0,
            Ok(&["v1"]),
        );
        check(&[("v2", 2, 101, "a")], Selector::Any, 0, Err(SelectError::NoneValid));
    }

    #[test]
    fn one_service_per_operator() {
        let three = [("a1", 1, 1, "a"), ("b", 1, 2, "b"), ("a2", 1, 3, "a")];
        check(&three, Selector::All, 0, Ok(&["a2", "b"]));
        check(&three, Selector::Exact, 2, Ok(&["a2", "b"]));
        check(&three, Selector::Exact, 3, Err(SelectError::TooFew { wanted: 3, found: 2 }));
        check(&three, Selector::Exact, 0, Err(SelectError::NoCount));
    }

    #[test]
    fn a_config_without_services_is_legal() {
        let empty = br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"#;
        let config = SigningConfig::parse(empty).unwrap();
        assert_eq!(config, SigningConfig::new());
        assert_eq!(config.select(ServiceKind::Rekor, at(0)), Ok(vec![]));
        assert_eq!(serde_json::to_string(&config).unwrap().as_bytes(), empty);
    }

    #[test]
    fn services_without_a_selector_are_not_a_choice() {
        let config = config(vec![Service::new("u", 1, at(1), "a")], None, 0);
        assert_eq!(config.select(ServiceKind::Rekor, at(2)), Err(SelectError::NoSelector));
    }

    #[test]
    fn refuses_another_version_of_the_document() {
        let old = br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json"}"#;
        assert_eq!(
            SigningConfig::parse(old),
            Err(TrustError::MediaType { expected: SigningConfig::MEDIA_TYPE })
        );
    }
}
