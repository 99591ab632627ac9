//! `siglite up`: a whole Sigstore on one address.
//!
//! Read in this order: [`run`] (the story), [`args`] (what it is told), [`home`] (the folder),
//! [`tls`] (who speaks it, and with which certificate), [`stack`] (the servers, put together),
//! [`front`] (the page for people), [`welcome`] (what is printed).

mod args;
mod front;
mod home;
mod stack;
mod tls;
mod welcome;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lite_http::standalone::init_logging;
use lite_http::{BindError, Listeners, Shutdown, Tls, metrics};
use lite_store::SystemClock;
use url::Url;

use crate::commands::Context;
use crate::commands::use_instance::fingerprint;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::instance::{self, Pointer, StartedBy};
use crate::local_ca;
use home::Home;
use stack::Stack;
use tls::{Mode, Own};
use welcome::{Newcomer, Welcome};

pub(crate) use args::Args;
use args::LogFormat;

/// Where an instance listens when nothing else is said or remembered.
const LISTEN: &str = "localhost:7070";

/// Brings the stack up and keeps it up until Ctrl-C or SIGTERM.
pub(crate) fn run(args: Args, context: &Context) -> Outcome {
    init_logging(args.log_format == LogFormat::Json, "warn");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, "cannot start").because(&error))?;
    runtime.block_on(story(args, context))
}

/// The life of an instance, from its folder to its last answer.
async fn story(args: Args, context: &Context) -> Outcome {
    let screen = context.screen();
    let _ = args.people()?;
    let shutdown = Shutdown::default();
    shutdown
        .on_signals()
        .map_err(|error| Failure::new(Exit::Internal, "cannot see signals").because(&error))?;

    // (1) The folder first where it exists, and the port first where it does not: whichever is
    // refused, nothing was made.
    let dir = data_dir(&args, context)?;
    let existing = if dir.exists() { Some(Home::open(&dir, args.ephemeral)?) } else { None };
    let mode = Mode::choose(&args, existing.as_ref())?;
    args.check_listen(&mode)?;
    let listen = args.listen.clone().or_else(|| remembered(existing.as_ref(), &mode));
    let listen = listen.as_deref().unwrap_or(LISTEN);
    let listeners = bind(listen).await?;
    let measured = match &args.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let recorder = metrics::install()
        .map_err(|error| Failure::new(Exit::Internal, "no metrics").because(&error))?;
    if let Some(ready) = &args.ready_file {
        // A run that was killed has left it; nobody may take it for this run's.
        crate::files::remove(ready)?;
    }
    let mut home = match existing {
        Some(home) => home,
        None => Home::open(&dir, args.ephemeral)?,
    };

    // (2) The URL and (3) the servers, and who may sign in. What a refusal leaves half made is
    // taken back: nobody was answered yet.
    let opened = match open(&mut home, &args, mode, listen, &listeners.addresses(), context) {
        Ok(opened) => opened,
        Err(failure) => {
            home.abandon();
            return Err(failure);
        }
    };
    let Opened { url, stack, .. } = &opened;
    let listeners = match &opened.tls {
        Some(tls) => listeners.with_tls(tls.clone()),
        None => listeners,
    };

    // (4) Serving: from here on clients are answered.
    let health = stack.health();
    let router = stack.router().merge(front::router(url)).merge(health.router());
    let router = router.merge(stack.grpc().router(&health));
    let serving = tokio::spawn(listeners.serve(router, shutdown.clone()));
    if let Some(measured) = measured {
        tokio::spawn(measured.serve(metrics::router(recorder.clone()), shutdown.clone()));
    }
    let upkeep = tokio::spawn(metrics::upkeep(recorder));
    if args.is_exposed() {
        screen.warn("others on the network can read tokens and passwords: this is plain HTTP");
    }

    // (5) Telling everyone: the commands of this user, whoever waits for the file, the person.
    let told = tell(&opened, &home, &args, context);
    if told.is_err() {
        shutdown.begin();
    }

    // (6) The end: what is in flight is finished, what is promised is durable already.
    shutdown.begun().await;
    if told.is_ok() {
        screen.say("Ending: finishing what is in flight.");
    }
    let served = serving.await;
    upkeep.abort();
    opened.stack.close();
    if let Some(ready) = &args.ready_file {
        let _ = std::fs::remove_file(ready);
    }
    if args.ephemeral {
        // Where it could not be remembered, that was said at the start.
        let _ = Pointer::forget(context.env(), &home.room("client"));
    }
    home.leave();
    told?;
    served.map_err(|error| Failure::new(Exit::Internal, "a server ended early").because(&error))
}

/// An instance that may be served.
struct Opened {
    url: String,
    first: bool,
    stack: Stack,
    newcomer: Option<Newcomer>,
    tls: Option<Tls>,
    /// Whether clients must be told of an authority.
    is_own_authority: bool,
}

fn open(
    home: &mut Home,
    args: &Args,
    mode: Mode,
    listen: &str,
    addresses: &[SocketAddr],
    context: &Context,
) -> Outcome<Opened> {
    let port = addresses.first().map_or(0, SocketAddr::port);
    // (2) The URL, which stands in keys, certificates and checkpoints and never changes.
    let people = args.people()?;
    let first = home.is_new();
    let url = public_url(args, home, &mode, listen, port)?;
    home.settle(&url, context.clock().now())?;

    // (3) The servers, and who may sign in.
    let stack = Stack::open(home, &url, addresses, args)?;
    let newcomer = stack.welcome_people(&people, first, context.clock().now())?;

    // What clients meet first. It comes last, because it is told to them with the rest.
    let is_own_authority = matches!(mode, Mode::Own);
    let tls = secure(home, &url, mode, context)?;
    Ok(Opened { url, first, stack, newcomer, tls, is_own_authority })
}

/// What the listeners speak TLS with, and whom clients are to believe about it.
fn secure(home: &Home, url: &str, mode: Mode, context: &Context) -> Outcome<Option<Tls>> {
    let client_dir = home.room("client");
    if !matches!(mode, Mode::Own) {
        local_ca::forget(&client_dir)?;
    }
    match mode {
        Mode::Plain => Ok(None),
        Mode::Given(tls) => Ok(Some(tls)),
        Mode::Own => {
            let own = Own::open(home, url, context.clock().now())?;
            local_ca::keep(&client_dir, &own.certificate())?;
            let tls = own.tls()?;
            tokio::spawn(own.keep_fresh(Arc::new(SystemClock)));
            Ok(Some(tls))
        }
    }
}

fn tell(opened: &Opened, home: &Home, args: &Args, context: &Context) -> Outcome {
    let Opened { url, first, stack, newcomer, .. } = opened;
    let client_dir = home.room("client");
    let root = crate::files::read(
        &client_dir.join(instance::ROOT),
        crate::files::MAX_DOCUMENT_BYTES,
        Exit::Folder,
    )?;
    let people = stack.who()?;
    let pointer = Pointer { url: url.clone(), client_dir, started_by: StartedBy::Up };
    // A service has no home, or one that it may not write to, and serves all the same.
    if let Err(failure) = pointer.write(context.env()) {
        context.screen().warn(&format!(
            "commands need --instance {}, because {}",
            home.dir().display(),
            failure.sentence
        ));
    }
    if let Some(ready) = &args.ready_file {
        announce(ready, url)?;
    }
    let welcome = Welcome {
        url,
        dir: home.dir(),
        first: *first,
        people: &people,
        newcomer: newcomer.as_ref(),
        is_own_authority: opened.is_own_authority,
        fingerprint: &fingerprint(&root),
    };
    welcome.print(*context.screen());
    home.finish()
}

fn data_dir(args: &Args, context: &Context) -> Outcome<PathBuf> {
    if args.ephemeral {
        let mut name = [0; 8];
        lite_keys::fill_random(&mut name);
        return Ok(std::env::temp_dir().join(format!("siglite-{}", hex::encode(name))));
    }
    match &args.data {
        Some(dir) => Ok(dir.clone()),
        None => instance::default_data_dir(context.env()),
    }
}

/// Where the instance of this folder listened before, if its URL tells.
fn remembered(home: Option<&Home>, mode: &Mode) -> Option<String> {
    let url = Url::parse(home?.public_url()?).ok()?;
    let local = lite_http::client::is_loopback(&url) && url.scheme() == mode.scheme();
    let port = url.port_or_known_default()?;
    local.then(|| format!("{}:{port}", url.host_str().unwrap_or("localhost")))
}

async fn bind(address: &str) -> Outcome<Listeners> {
    Listeners::bind(address).await.map_err(|error| {
        let hint = match &error {
            BindError::Taken(_) => {
                "is another siglite running? siglite up --listen localhost:0 takes a free port"
            }
            _ => "siglite up --listen localhost:7070",
        };
        let exit = match &error {
            BindError::Unresolved(_) => Exit::Usage,
            _ => Exit::Folder,
        };
        let failure = Failure::new(exit, error.to_string()).hint(hint);
        match std::error::Error::source(&error) {
            Some(cause) => failure.because(cause),
            None => failure,
        }
    })
}

/// The URL that was asked for, else the folder's own, else the one this address makes.
fn public_url(args: &Args, home: &Home, mode: &Mode, listen: &str, port: u16) -> Outcome<String> {
    if let Some(given) = &args.public_url {
        let url = args::public_url(given)?;
        // Another URL than the folder's is refused by the folder.
        mode.check_new_url(&url)?;
        return Ok(url);
    }
    let Some(known) = home.public_url() else {
        return args::url_of_address(mode.scheme(), listen, port);
    };
    mode.check_known_url(known, home)?;
    let parsed = Url::parse(known).ok();
    let elsewhere = parsed.is_some_and(|url| {
        lite_http::client::is_loopback(&url) && url.port_or_known_default() != Some(port)
    });
    if elsewhere {
        return Err(Failure::new(
            Exit::Folder,
            format!("{} holds the instance of {known}", home.dir().display()),
        )
        .note("expected", known)
        .note("found", format!("--listen with port {port}"))
        .hint(format!(
            "leave --listen out, or make another instance with --data DIR; if something forwards {known} here, say --public-url {known}"
        )));
    }
    Ok(known.to_owned())
}

/// Writes the ready file: whoever waits for it finds the URL in it.
fn announce(ready: &Path, url: &str) -> Outcome {
    let document = serde_json::json!({ "url": url, "pid": std::process::id() });
    crate::files::write(ready, document.to_string().as_bytes(), crate::files::Reader::Everyone)
}
