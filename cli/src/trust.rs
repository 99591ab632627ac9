//! What a command trusts and which servers it signs with: named files, or the instance's.

use std::path::{Path, PathBuf};

use lite_bundle::trust::{Service, ServiceKind, SigningConfig, TrustedRoot};

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::{LoginFlags, ServiceFlags, TrustFlags};
use crate::instance::{SIGNING_CONFIG, TRUSTED_ROOT};
use crate::web_page;

/// The trusted root that a flag names, or the instance's.
pub(crate) fn trusted_root(flags: &TrustFlags, context: &Context) -> Outcome<TrustedRoot> {
    let path = named_or(flags.trusted_root.as_deref(), TRUSTED_ROOT, context)?;
    let bytes = files::read(&path, files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    TrustedRoot::parse(&bytes).map_err(|error| {
        let failure =
            Failure::new(Exit::Trust, format!("{} is not a trusted root", path.display()))
                .because(&error)
                .hint("siglite use URL fetches the instance's trusted root");
        web_page::explain(failure, &bytes)
    })
}

/// The signing config that a flag names, or the instance's.
pub(crate) fn signing_config(flag: Option<&Path>, context: &Context) -> Outcome<SigningConfig> {
    let path = named_or(flag, SIGNING_CONFIG, context)?;
    let bytes = files::read(&path, files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    SigningConfig::parse(&bytes).map_err(|error| {
        let failure =
            Failure::new(Exit::Trust, format!("{} is not a signing config", path.display()))
                .because(&error)
                .hint("siglite use URL fetches the instance's signing config");
        web_page::explain(failure, &bytes)
    })
}

fn named_or(flag: Option<&Path>, name: &str, context: &Context) -> Outcome<PathBuf> {
    flag.map_or_else(|| Ok(context.instance()?.file(name)), |path| Ok(path.to_path_buf()))
}

/// The issuer to sign in at: a flag's, or the signing config's.
pub(crate) fn issuer(
    login: &LoginFlags,
    signing_config_flag: Option<&Path>,
    context: &Context,
) -> Outcome<String> {
    if let Some(issuer) = &login.oidc_issuer {
        return Ok(issuer.clone());
    }
    let config = signing_config(signing_config_flag, context)?;
    Ok(one(&config, ServiceKind::Oidc, "--oidc-issuer", context)?.url.clone())
}

/// A transparency log to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogService {
    /// Its base URL.
    pub(crate) url: String,
    /// The API that it is written to by.
    pub(crate) version: LogVersion,
}

/// The two generations of the log's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogVersion {
    /// Promises a time, and signs it.
    V1,
    /// Proves inclusion, and vouches for no time.
    V2,
}

impl LogVersion {
    const fn of(number: u32) -> Self {
        if number == 1 { Self::V1 } else { Self::V2 }
    }
}

/// The servers of one signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Services {
    /// Issues the certificate. Not asked for when a key signs.
    pub(crate) authority: Option<String>,
    /// Logs the signature. Only a key can do without: its signatures need no time.
    pub(crate) log: Option<LogService>,
    /// Logs what is signed in an older format, which has room for a promise and for nothing else
    /// of a log: one of API v1, where there is one.
    pub(crate) promising_log: Option<LogService>,
    /// Say when the signature was made.
    pub(crate) timestamps: Vec<String>,
}

impl Services {
    /// Flags first, then the signing config. `keyless` asks for an authority and for a timestamp.
    pub(crate) fn choose(flags: &ServiceFlags, keyless: bool, context: &Context) -> Outcome<Self> {
        let unlogged = flags.leaves_the_log_out();
        if unlogged && keyless {
            return Err(Failure::usage("an identity's signature is always logged")
                .hint("--tlog-upload=false goes with --key FILE"));
        }
        let all_named = unlogged
            || flags.rekor_url.is_some()
                && flags.timestamp_server_url.is_some()
                && (flags.fulcio_url.is_some() || !keyless);
        // Who names every server needs no signing config.
        let config = if all_named {
            SigningConfig::new()
        } else {
            signing_config(flags.signing_config.as_deref(), context)?
        };
        let authority = match &flags.fulcio_url {
            _ if !keyless => None,
            Some(url) => Some(url.clone()),
            None => Some(one(&config, ServiceKind::Ca, "--fulcio-url", context)?.url.clone()),
        };
        let log = match flags.rekor_url {
            _ if unlogged => None,
            // Who wrote a config without a log means it: this is how cosign 3 is told.
            None if !keyless && config.rekor_tlog_urls.is_empty() => None,
            _ => Some(log(flags, &config, context)?),
        };
        let promising_log = match &log {
            Some(log) if log.version == LogVersion::V2 => promising_log(flags, &config, context),
            other => other.clone(),
        };
        let timestamps = match &flags.timestamp_server_url {
            Some(url) => vec![url.clone()],
            None => urls(select(&config, ServiceKind::Tsa, context)?),
        };
        // Rekor v2 vouches for no time, and a certificate lives ten minutes.
        let promised = log.as_ref().is_some_and(|log| log.version == LogVersion::V1);
        if keyless && !promised && timestamps.is_empty() {
            return Err(missing("timestamp authority", "--timestamp-server-url"));
        }
        Ok(Self { authority, log, promising_log, timestamps })
    }
}

impl Services {
    /// Whether nobody vouches for the signature but the key that made it.
    pub(crate) const fn are_none(&self) -> bool {
        self.authority.is_none() && self.log.is_none() && self.timestamps.is_empty()
    }

    /// The log alone, for whoever only reads it.
    pub(crate) fn log(flags: &ServiceFlags, context: &Context) -> Outcome<LogService> {
        let config = match flags.rekor_url {
            Some(_) => SigningConfig::new(),
            None => signing_config(flags.signing_config.as_deref(), context)?,
        };
        log(flags, &config, context)
    }
}

const LOG_FLAG: &str = "--rekor-url";

/// The log that flags or signing config name: the one of the version asked for, else of the newest.
fn log(flags: &ServiceFlags, config: &SigningConfig, context: &Context) -> Outcome<LogService> {
    if let Some(url) = &flags.rekor_url {
        let version = LogVersion::of(flags.rekor_version.unwrap_or(2));
        return Ok(LogService { url: url.clone(), version });
    }
    let mut config = config.clone();
    if let Some(version) = flags.rekor_version {
        config.rekor_tlog_urls.retain(|service| service.major_api_version == version);
        if config.rekor_tlog_urls.is_empty() {
            let what = format!("transparency log of API v{version}");
            return Err(missing(&what, LOG_FLAG));
        }
    }
    let service = one(&config, ServiceKind::Rekor, LOG_FLAG, context)?;
    Ok(LogService { url: service.url.clone(), version: LogVersion::of(service.major_api_version) })
}

/// A log of API v1 of the signing config, for what only such a log can log. None is no failure.
fn promising_log(
    flags: &ServiceFlags,
    config: &SigningConfig,
    context: &Context,
) -> Option<LogService> {
    // Whoever names a log means that one.
    if flags.rekor_url.is_some() || flags.rekor_version.is_some() {
        return None;
    }
    let flags = ServiceFlags { rekor_version: Some(1), ..ServiceFlags::default() };
    log(&flags, config, context).ok()
}

/// The only service of its kind that a signing needs.
fn one<'a>(
    config: &'a SigningConfig,
    kind: ServiceKind,
    flag: &str,
    context: &Context,
) -> Outcome<&'a Service> {
    let service = select(config, kind, context)?.into_iter().next();
    service.ok_or_else(|| missing(name(kind), flag))
}

fn select<'a>(
    config: &'a SigningConfig,
    kind: ServiceKind,
    context: &Context,
) -> Outcome<Vec<&'a Service>> {
    config.select(kind, context.clock().now()).map_err(|error| {
        Failure::new(Exit::Trust, format!("the signing config has no usable {}", name(kind)))
            .because(&error)
            .hint("siglite use URL fetches the newest signing config")
    })
}

fn urls(services: Vec<&Service>) -> Vec<String> {
    services.into_iter().map(|service| service.url.clone()).collect()
}

const fn name(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Ca => "certificate authority",
        ServiceKind::Oidc => "identity provider",
        ServiceKind::Rekor => "transparency log",
        ServiceKind::Tsa => "timestamp authority",
    }
}

fn missing(what: &str, flag: &str) -> Failure {
    Failure::new(Exit::Trust, format!("the signing config names no {what}"))
        .hint(format!("{flag} names one"))
}
