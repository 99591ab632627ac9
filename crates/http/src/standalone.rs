//! The `main` of a server that runs alone: arguments, configuration, sockets, signals.

use std::error::Error;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum::Router;
use clap::{Arg, ArgMatches, Command};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::grpc::GrpcServices;
use crate::{BindError, Health, Listeners, Shutdown, Tls, metrics, shell};

/// What a server says when it cannot start or go on.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A server that can run alone.
pub trait Standalone: Sized + Send + Sync + 'static {
    /// The name of the binary, such as `rekor-lite`.
    const NAME: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// `HOST:PORT` when nothing else is said.
    const LISTEN: &'static str;
    /// The configuration, as its file and the environment give it.
    type Config: DeserializeOwned;

    /// Opens the server's folder and starts what it needs. Runs inside the runtime.
    fn open(config: Self::Config) -> impl Future<Output = Result<Self, BoxError>> + Send;
    /// Refuses to be reached at these addresses.
    fn listens_on(&self, _addresses: &[SocketAddr]) -> Result<(), BoxError> {
        Ok(())
    }
    /// Its routes, without a fallback.
    fn router(&self) -> Router;
    /// Its gRPC services, of which most have none.
    fn grpc(&self) -> GrpcServices {
        GrpcServices::default()
    }
    /// Registers what can go wrong while it runs.
    fn watch(&self, health: &Health);
    /// Ends it; everything promised is durable already.
    fn close(self);
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file does not say what the server needs to know.
    #[error("the configuration is not valid: {0}")]
    Invalid(String),
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// Runs `NAME serve`, and returns its exit code: 0 after a signal, 1 when it cannot start, 2 for
/// wrong arguments.
#[must_use]
pub fn main<S: Standalone>() -> ExitCode {
    let arguments = command::<S>().get_matches();
    let Some(("serve", arguments)) = arguments.subcommand() else {
        return ExitCode::from(2);
    };
    let json = arguments.get_one::<String>("log-format").is_some_and(|format| format == "json");
    init_logging(json, "info");
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BoxError::from)
        .and_then(|runtime| runtime.block_on(run::<S>(arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// Logs to standard error, at the level that `RUST_LOG` names or else at `level`.
pub fn init_logging(json: bool, level: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colour = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    // A second call, in a test, finds it done.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

/// Reads a configuration in YAML or JSON, then lets `PREFIX_FIELD=value` override its top-level
/// fields; a value is YAML too, so `true`, `8` and `[a, b]` are what they look like.
pub fn load<C: DeserializeOwned>(
    file: Option<&Path>,
    prefix: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<C, ConfigError> {
    let invalid = |error: &dyn std::fmt::Display| ConfigError::Invalid(error.to_string());
    let mut fields: Map<String, Value> = match file {
        None => Map::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            serde_saphyr::from_str(&text).map_err(|error| invalid(&error))?
        }
    };
    for (name, text) in environment {
        let Some(field) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
            continue;
        };
        let value = serde_saphyr::from_str(&text).unwrap_or(Value::String(text));
        fields.insert(field.to_ascii_lowercase(), value);
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| invalid(&error))
}

fn command<S: Standalone>() -> Command {
    let serve = Command::new("serve")
        .about("Serve until Ctrl-C or SIGTERM")
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Configuration in YAML or JSON"),
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("HOST:PORT")
                .default_value(S::LISTEN)
                .help("Where to listen"),
        )
        .arg(
            Arg::new("tls")
                .long("tls")
                .num_args(2)
                .value_names(["CERT", "KEY"])
                .value_parser(clap::value_parser!(PathBuf))
                .help(
                    "Speak TLS with this certificate chain and key, PEM; read again when they change",
                ),
        )
        .arg(
            Arg::new("insecure-plain-http")
                .long("insecure-plain-http")
                .action(clap::ArgAction::SetTrue)
                .conflicts_with("tls")
                .help("Listen without TLS on an address that is not this machine's own"),
        )
        .arg(
            Arg::new("metrics-listen")
                .long("metrics-listen")
                .value_name("HOST:PORT")
                .help("Where to serve Prometheus metrics; nowhere unless given"),
        )
        .arg(
            Arg::new("log-format")
                .long("log-format")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("How to log, on standard error"),
        );
    let (name, variable) = (S::NAME, env_prefix(S::NAME));
    let file = name.trim_end_matches("-lite");
    let port = S::LISTEN.rsplit(':').next().unwrap_or_default();
    let serving = format!(
        "Examples:
  {name} serve --config {file}.yaml
  {name} serve --config {file}.yaml --metrics-listen localhost:2112
  {name} serve --config {file}.yaml --listen 0.0.0.0:{port} --tls server.pem server.key
  {variable}_DIR=./{file} {name} serve --config {file}.yaml

Environment:
  {variable}_FIELD=VALUE overrides the configuration's top-level FIELD
  RUST_LOG=LEVEL sets how much is logged [default: info]"
    );
    Command::new(name)
        .about(S::ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(format!("Examples:\n  {name} serve --config {file}.yaml"))
        .subcommand(serve.after_help(serving))
}

fn env_prefix(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

async fn run<S: Standalone>(arguments: &ArgMatches) -> Result<(), BoxError> {
    let text = |name: &str| arguments.get_one::<String>(name).map(String::as_str);
    let config = load(
        arguments.get_one::<PathBuf>("config").map(PathBuf::as_path),
        &env_prefix(S::NAME),
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )?;
    let shutdown = Shutdown::default();
    shutdown.on_signals()?;
    let mut listeners = Listeners::bind(text("listen").unwrap_or(S::LISTEN)).await?;
    let tls: Option<Vec<_>> = arguments.get_many::<PathBuf>("tls").map(Iterator::collect);
    if let Some([chain, key]) = tls.as_deref() {
        listeners = listeners.with_tls(Tls::from_files(chain, key)?);
    } else {
        let asked_for = arguments.get_flag("insecure-plain-http");
        check_plain(&listeners.addresses(), asked_for)?;
    }
    let recorder = metrics::install()?;
    let measured = match text("metrics-listen") {
        None => None,
        Some(address) => Some(serve_metrics(address, &recorder, &shutdown).await?),
    };
    let upkeep = tokio::spawn(metrics::upkeep(recorder));
    // Some wait for what another server publishes, and can be told not to.
    let server = tokio::select! {
        server = S::open(config) => server?,
        () = shutdown.begun() => return Ok(()),
    };
    server.listens_on(&listeners.addresses())?;
    let health = Health::default();
    server.watch(&health);
    let router = server.router().merge(server.grpc().router(&health)).merge(health.router());
    for address in listeners.addresses() {
        tracing::info!("{} listens on {address}", S::NAME);
    }
    listeners.serve_bare(shell::wrap(router), shutdown).await;
    upkeep.abort();
    server.close();
    if let Some(measured) = measured {
        measured.await?;
    }
    Ok(())
}

/// Plain HTTP stays on this machine, unless it was asked for by name.
fn check_plain(addresses: &[SocketAddr], asked_for: bool) -> Result<(), BoxError> {
    let Some(address) = addresses.iter().find(|address| !address.ip().is_loopback()) else {
        return Ok(());
    };
    if !asked_for {
        return Err(format!(
            "{address} is reached from other machines, without TLS: say --tls CERT KEY, or \
             --insecure-plain-http if the network is yours"
        )
        .into());
    }
    tracing::warn!("{address} is served in plain HTTP: who is on the way can read and change it");
    Ok(())
}

async fn serve_metrics(
    address: &str,
    recorder: &metrics_exporter_prometheus::PrometheusHandle,
    shutdown: &Shutdown,
) -> Result<tokio::task::JoinHandle<()>, BindError> {
    let listeners = Listeners::bind(address).await?;
    Ok(tokio::spawn(listeners.serve(metrics::router(recorder.clone()), shutdown.clone())))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default)]
        limit: u32,
        #[serde(default)]
        on: bool,
    }

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Sample, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.yaml");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(&path), "SAMPLE_LITE", environment)
    }

    #[test]
    fn reads_yaml_and_json_and_lets_the_environment_win() {
        let want = |limit, on| Sample { name: "a".to_owned(), limit, on };
        assert_eq!(read("name: a\nlimit: 7\n", &[]).unwrap(), want(7, false));
        assert_eq!(read(r#"{"name":"a"}"#, &[]).unwrap(), want(0, false));
        let environment = [("SAMPLE_LITE_LIMIT", "8"), ("SAMPLE_LITE_ON", "true"), ("OTHER", "x")];
        assert_eq!(read("name: a\nlimit: 7\n", &environment).unwrap(), want(8, true));
    }

    #[test]
    fn plain_http_leaves_this_machine_only_by_name() {
        let here: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let there: SocketAddr = "0.0.0.0:80".parse().unwrap();
        for (addresses, asked_for, passes) in
            [(&[here][..], false, true), (&[here, there], false, false), (&[there], true, true)]
        {
            assert_eq!(check_plain(addresses, asked_for).is_ok(), passes, "{addresses:?}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(matches!(read("name: a\nnmae: b\n", &[]), Err(ConfigError::Invalid(_))));
        let typo = [("SAMPLE_LITE_LIMTI", "8")];
        assert!(matches!(read("name: a\n", &typo), Err(ConfigError::Invalid(_))));
        let missing = load::<Sample>(Some(Path::new("/nowhere")), "X", std::iter::empty());
        assert!(matches!(missing, Err(ConfigError::Unreadable { .. })));
    }
}
