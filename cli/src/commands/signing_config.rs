//! `siglite signing-config create`: which servers to sign with, put together from flags.

use std::path::PathBuf;

use clap::Subcommand;
use lite_bundle::trust::{Selector, Service, ServiceConfig, SigningConfig};

use super::trusted_root::hand_out;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::specs::{Members, Spec};
use crate::trust;

/// Put a signing config together
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a signing config from the addresses of servers
    #[command(after_help = "Examples:
  siglite signing-config create --out signing_config.json \\
      --fulcio url=http://ca.example.org,api-version=1,start-time=2026-01-01T00:00:00Z,operator=example.org \\
      --rekor url=http://log.example.org,api-version=2,start-time=2026-01-01T00:00:00Z,operator=example.org \\
      --rekor-config ANY
  siglite signing-config create --with-default-services --no-default-tsa --out no-tsa.json
  siglite signing-config create --out nothing.json      keys sign with it without any server

Times are RFC 3339.")]
    Create(Box<Create>),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Create {
    /// A certificate authority: url, api-version, start-time, operator; end-time
    #[arg(long, value_name = "NAME=VALUE,…")]
    fulcio: Vec<String>,

    /// A signature log: url, api-version, start-time, operator; end-time
    #[arg(long, value_name = "NAME=VALUE,…", requires = "rekor_config")]
    rekor: Vec<String>,

    /// How many logs a signature goes to: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTOR")]
    rekor_config: Option<String>,

    /// An issuer of identity tokens: url, api-version, start-time, operator; end-time
    #[arg(long, value_name = "NAME=VALUE,…")]
    oidc_provider: Vec<String>,

    /// A timestamp authority, its URL with the path: url, api-version, start-time, operator;
    /// end-time
    #[arg(long, value_name = "NAME=VALUE,…", requires = "tsa_config")]
    tsa: Vec<String>,

    /// How many timestamps a signature gets: ANY, ALL or EXACT:N
    #[arg(long, value_name = "SELECTOR")]
    tsa_config: Option<String>,

    /// Begin with what the instance's signing config has; cosign begins with the public service's
    #[arg(long, group = "defaults")]
    with_default_services: bool,

    /// The same: the instance's signing config names its log of API v2
    #[arg(long, group = "defaults", hide = true)]
    with_default_rekor_v2: bool,

    /// Begin with what this signing config has
    #[arg(long, value_name = "FILE", group = "defaults")]
    base_config: Option<PathBuf>,

    /// But not with its certificate authorities
    #[arg(long, requires = "defaults")]
    no_default_fulcio: bool,

    /// But not with its signature logs
    #[arg(long, requires = "defaults")]
    no_default_rekor: bool,

    /// But not with its issuers of identity tokens
    #[arg(long, requires = "defaults")]
    no_default_oidc: bool,

    /// But not with its timestamp authorities
    #[arg(long, requires = "defaults")]
    no_default_tsa: bool,

    /// Where it goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let Verb::Create(create) = &args.verb;
    let document = create.document(context)?.to_json();
    hand_out(&document, create.out.as_deref(), "Signing config", context)
}

impl Create {
    fn document(&self, context: &Context) -> Outcome<SigningConfig> {
        let mut config = self.defaults(context)?;
        if let Some(text) = &self.rekor_config {
            config.rekor_tlog_config = service_config("rekor-config", text)?;
        }
        if let Some(text) = &self.tsa_config {
            config.tsa_config = service_config("tsa-config", text)?;
        }
        for (flag, texts, services) in [
            ("fulcio", &self.fulcio, &mut config.ca_urls),
            ("oidc-provider", &self.oidc_provider, &mut config.oidc_urls),
            ("rekor", &self.rekor, &mut config.rekor_tlog_urls),
            ("tsa", &self.tsa, &mut config.tsa_urls),
        ] {
            for text in texts {
                services.push(service(flag, text)?);
            }
        }
        Ok(config)
    }

    fn defaults(&self, context: &Context) -> Outcome<SigningConfig> {
        let begins = self.with_default_services || self.with_default_rekor_v2;
        if !begins && self.base_config.is_none() {
            return Ok(SigningConfig::new());
        }
        let mut config = trust::signing_config(self.base_config.as_deref(), context)?;
        if self.no_default_fulcio {
            config.ca_urls.clear();
        }
        if self.no_default_oidc {
            config.oidc_urls.clear();
        }
        if self.no_default_rekor {
            config.rekor_tlog_urls.clear();
            config.rekor_tlog_config = ServiceConfig::default();
        }
        if self.no_default_tsa {
            config.tsa_urls.clear();
            config.tsa_config = ServiceConfig::default();
        }
        Ok(config)
    }
}

fn service(flag: &'static str, text: &str) -> Outcome<Service> {
    const MEMBERS: Members = Members {
        required: &["url", "api-version", "start-time", "operator"],
        optional: &["end-time"],
    };
    let spec = Spec::parse(flag, text, MEMBERS)?;
    let version = spec.require("api-version")?;
    Ok(Service {
        url: spec.require("url")?.to_owned(),
        major_api_version: version.parse().map_err(|error| {
            spec.refuse("has no number in api-version").because(&error).note("found", version)
        })?,
        valid_for: Some(spec.window(None)?),
        operator: spec.require("operator")?.to_owned(),
    })
}

/// `ANY`, `ALL`, `EXACT:N`, in either case.
fn service_config(flag: &str, text: &str) -> Outcome<ServiceConfig> {
    let refuse = || {
        Failure::usage(format!("--{flag} is not a selector: {text}"))
            .note("expected", "ANY, ALL, or EXACT with a count, as EXACT:2")
    };
    let (word, count) = match text.split_once(':') {
        Some((word, count)) => (word, Some(count)),
        None => (text, None),
    };
    match (word.to_ascii_uppercase().as_str(), count) {
        ("ANY", None) => Ok(ServiceConfig { selector: Some(Selector::Any), count: 0 }),
        ("ALL", None) => Ok(ServiceConfig { selector: Some(Selector::All), count: 0 }),
        ("EXACT", Some(count)) => Ok(ServiceConfig {
            selector: Some(Selector::Exact),
            count: count.parse().map_err(|error| refuse().because(&error))?,
        }),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_word_and_for_exact_a_count() {
        let read = |text| service_config("tsa-config", text);
        let exact = ServiceConfig { selector: Some(Selector::Exact), count: 2 };
        assert_eq!(read("exact:2").unwrap(), exact);
        assert_eq!(read("ANY").unwrap().selector, Some(Selector::Any));
        assert_eq!(read("All").unwrap().selector, Some(Selector::All));
        for text in ["", "EXACT", "EXACT:", "EXACT:x", "ANY:1", "SOME"] {
            assert!(read(text).unwrap_err().sentence.contains("not a selector"), "{text}");
        }
    }
}
