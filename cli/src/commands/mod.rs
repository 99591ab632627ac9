//! The commands, one file each: what it takes, what it does, what it prints.

pub(crate) mod account;
pub(crate) mod attest;
pub(crate) mod attest_blob;
pub(crate) mod bundle;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod env;
pub(crate) mod exit_codes;
pub(crate) mod explain;
pub(crate) mod generate_key_pair;
pub(crate) mod image;
pub(crate) mod import_key_pair;
pub(crate) mod initialize;
pub(crate) mod inspect;
pub(crate) mod log;
pub(crate) mod public_key;
pub(crate) mod sign;
pub(crate) mod sign_blob;
pub(crate) mod signing_config;
pub(crate) mod token;
pub(crate) mod trusted_root;
pub(crate) mod tuf_client;
pub(crate) mod use_instance;
pub(crate) mod verify;
pub(crate) mod verify_attestation;
pub(crate) mod verify_blob;
pub(crate) mod verify_blob_attestation;
pub(crate) mod version;

use std::sync::Arc;

use lite_store::SystemClock;
use lite_time::Clock;

use crate::args::{Cli, Command, Globals};
use crate::client::Web;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::instance::Instance;
use crate::local_ca;
use crate::render::Screen;
use crate::seal::{self, Rights, Seal};
use crate::surroundings::{Environment, Process};
use crate::up;

/// What a command may reach.
pub(crate) struct Context {
    globals: Globals,
    screen: Screen,
    clock: Arc<dyn Clock>,
    env: Process,
    seal: Option<Seal>,
}

impl Context {
    /// Where words and data go.
    pub(crate) const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The only source of time.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The environment.
    pub(crate) const fn env(&self) -> &dyn Environment {
        &self.env
    }

    /// What was given up, where `--sealed` asked for it.
    pub(crate) const fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// Whether an instance is named, rather than the last one meant.
    pub(crate) const fn names_instance(&self) -> bool {
        self.globals.instance.is_some()
    }

    /// Requests that also believe the TLS authority of the instance, where there is one.
    pub(crate) fn web(&self) -> Outcome<Web> {
        Ok(Web::trusting(self.instance_ca()?))
    }

    /// The TLS authority of the instance, PEM. Whether a command needs an instance, it says itself.
    pub(crate) fn instance_ca(&self) -> Outcome<Option<String>> {
        self.instance().map_or(Ok(None), |instance| local_ca::read(&instance.client_dir))
    }

    /// The instance that `--instance`, the environment or the pointer names.
    pub(crate) fn instance(&self) -> Outcome<Instance> {
        Instance::find(self.globals.instance.as_deref(), &self.env)
    }
}

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli, screen: Screen) -> Outcome {
    // Before anything is read, and before anything could start a thread.
    let rights = cli.command.sealed()?;
    let seal = rights.as_ref().map(seal::close).transpose()?;
    let context =
        Context { globals: cli.globals, screen, clock: Arc::new(SystemClock), env: Process, seal };
    match cli.command {
        Command::Up(args) => up::run(args, &context),
        Command::Use(args) => use_instance::run(&args, &context),
        Command::Initialize(args) => initialize::run(&args, &context),
        Command::Sign(args) => sign::run(&args, &context),
        Command::Verify(args) => verify::run(&args, &context),
        Command::Attest(args) => attest::run(&args, &context),
        Command::VerifyAttestation(args) => verify_attestation::run(&args, &context),
        Command::SignBlob(args) => sign_blob::run(&args, &context),
        Command::VerifyBlob(args) => verify_blob::run(&args, &context),
        Command::AttestBlob(args) => attest_blob::run(&args, &context),
        Command::VerifyBlobAttestation(args) => verify_blob_attestation::run(&args, &context),
        Command::GenerateKeyPair(args) => generate_key_pair::run(&args, &context),
        Command::ImportKeyPair(args) => import_key_pair::run(&args, &context),
        Command::PublicKey(args) => public_key::run(&args, &context),
        Command::Image(args) => image::run(&args, &context),
        Command::Copy(args) => image::copy::run(&args, &context),
        Command::Save(args) => image::save::run(&args, &context),
        Command::Load(args) => image::load::run(&args, &context),
        Command::Tree(args) => image::tree::run(&args, &context),
        Command::Triangulate(args) => image::triangulate::run(&args, &context),
        Command::Clean(args) => image::clean::run(&args, &context),
        Command::Attach(args) => image::attach::run(&args, &context),
        Command::Download(args) => image::download::run(&args, &context),
        Command::Login(args) => image::login::run(&args, &context),
        Command::Token(args) => token::run(&args, &context),
        Command::Inspect(args) => inspect::run(&args, &context),
        Command::Log(args) => log::run(&args, &context),
        Command::Bundle(args) => bundle::run(&args, &context),
        Command::TrustedRoot(args) => trusted_root::run(&args, &context),
        Command::SigningConfig(args) => signing_config::run(&args, &context),
        Command::Account(args) => account::run(&args, &context),
        Command::Env(args) => env::run(&args, &context),
        Command::Completions(args) => completions::run(&args, &context),
        Command::ExitCodes(args) => exit_codes::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Version(args) => version::run(&args, &context),
        Command::SignBundle(args) => conformance::sign_bundle::run(&args, &context),
        Command::VerifyBundle(args) => conformance::verify_bundle::run(&args, &context),
        Command::TufClient(args) => tuf_client::run(&args, &context),
    }
}

impl Command {
    /// What a run that is to be sealed keeps; `None` for one that is not.
    fn sealed(&self) -> Outcome<Option<Rights>> {
        match self {
            Self::Verify(args) => args.sealed(),
            Self::VerifyAttestation(args) => args.sealed(),
            Self::VerifyBlob(args) => Ok(args.sealed()),
            Self::VerifyBlobAttestation(args) => Ok(args.sealed()),
            Self::VerifyBundle(args) => Ok(args.sealed()),
            _ => Ok(None),
        }
    }
}

/// Runs what waits for files alone to its end, on a runtime that has no socket even for itself.
pub(crate) fn block_on_files<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    run_on(tokio::runtime::Builder::new_current_thread().build(), work)
}

/// Runs a conversation with servers to its end, on this thread.
pub(crate) fn block_on<T>(conversation: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    run_on(tokio::runtime::Builder::new_current_thread().enable_all().build(), conversation)
}

fn run_on<T>(
    runtime: std::io::Result<tokio::runtime::Runtime>,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    runtime
        .map_err(|error| Failure::new(Exit::Internal, "cannot start").because(&error))?
        .block_on(work)
}

/// What is said after a panic; the runtime has printed where it was.
pub(crate) fn fault() -> Failure {
    Failure::new(Exit::Internal, "siglite has a fault; what it was doing is not done")
        .hint("please report it with the lines above and siglite version")
}
