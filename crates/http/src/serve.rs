//! Sockets: bound, served, and closed without losing what is in flight.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::patience::{Patience, Patient};
use crate::shell;
use crate::tls::{self, Tls};

/// How long a client may take to send its headers, or stay silent between requests.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// How long the end waits for requests in flight.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// Connections open at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 8192;

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another process listens there.
    #[error("{0} is taken by another process")]
    Taken(SocketAddr),
    /// The operating system refuses.
    #[error("{addr} cannot be listened on")]
    Refused {
        /// The address.
        addr: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Not `HOST:PORT`, or a host without an address.
    #[error("{0} is not HOST:PORT of this machine")]
    Unresolved(String),
}

/// Bound sockets, not yet served.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    tls: Option<Tls>,
}

impl Listeners {
    /// Binds `HOST:PORT`. `localhost` means 127.0.0.1 and, where the machine has it, `::1`, both
    /// on one port, because clients differ in which they try; port 0 picks a free one.
    pub async fn bind(address: &str) -> Result<Self, BindError> {
        let mut wanted = resolve(address)?;
        let mut bound: Vec<TcpListener> = Vec::new();
        wanted.sort_by_key(SocketAddr::is_ipv6);
        for mut addr in wanted {
            if let Some(first) = bound.first().and_then(|listener| listener.local_addr().ok()) {
                addr.set_port(first.port());
            }
            match TcpListener::bind(addr).await {
                Ok(listener) => bound.push(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(BindError::Taken(addr));
                }
                // A machine without IPv6 is a machine all the same.
                Err(_) if addr.is_ipv6() && !bound.is_empty() => {}
                Err(source) => {
                    return Err(BindError::Refused { addr: addr.to_string(), source });
                }
            }
        }
        Ok(Self { sockets: bound, tls: None })
    }

    /// Speaks TLS to whoever comes, and nothing else.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The addresses, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The port all of them share.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addresses().first().map_or(0, SocketAddr::port)
    }

    /// Serves `router` in its shell until `shutdown` says so and what is in flight has ended, or
    /// ten seconds more have passed.
    pub async fn serve(self, router: Router, shutdown: Shutdown) {
        self.serve_bare(shell::wrap(router), shutdown).await;
    }

    /// The same without the shell, for a router that has put it on itself.
    pub async fn serve_bare(self, router: Router, shutdown: Shutdown) {
        self.serve_patiently(router, shutdown, Patience::default()).await;
    }

    pub(crate) async fn serve_patiently(
        self,
        router: Router,
        shutdown: Shutdown,
        patience: Patience,
    ) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let graceful = Arc::new(GracefulShutdown::new());
        let following = self.tls.clone().map(|tls| tokio::spawn(tls.follow()));
        let tls = self.tls.map(|tls| TlsAcceptor::from(tls.config));
        let tasks: Vec<_> = self
            .sockets
            .into_iter()
            .map(|listener| {
                let acceptor = Acceptor {
                    listener,
                    tls: tls.clone(),
                    router: router.clone(),
                    patience,
                    room: Arc::clone(&room),
                    graceful: Arc::clone(&graceful),
                };
                tokio::spawn(acceptor.run(shutdown.clone()))
            })
            .collect();
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a listener ended");
            }
        }
        if let Some(following) = following {
            following.abort();
        }
        // The acceptors have ended, and with them every other holder.
        let Some(graceful) = Arc::into_inner(graceful) else {
            return;
        };
        if tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still in flight when their time was up");
        }
    }
}

/// Tells every listener of a process to end. Clones share one signal.
#[derive(Clone, Debug)]
pub struct Shutdown {
    told: watch::Receiver<bool>,
    teller: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        let (teller, told) = watch::channel(false);
        Self { told, teller: Arc::new(teller) }
    }
}

impl Shutdown {
    /// Says that it is time to end.
    pub fn begin(&self) {
        self.teller.send_replace(true);
    }

    /// Waits until someone has said so.
    pub async fn begun(&self) {
        // It fails only without a sender, and `self` holds one.
        let _ = self.told.clone().wait_for(|told| *told).await;
    }

    /// Begins on Ctrl-C and on SIGTERM.
    pub fn on_signals(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            shutdown.begin();
        });
        Ok(())
    }
}

struct Acceptor {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    patience: Patience,
    room: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
}

impl Acceptor {
    async fn run(self, shutdown: Shutdown) {
        loop {
            let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = shutdown.begun() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Answers are small and written whole: waiting to fill a segment delays them.
                    let _ = stream.set_nodelay(true);
                    let (connection, ending) = (self.connection(peer), shutdown.clone());
                    let tls = self.tls.clone();
                    tokio::spawn(async move {
                        match tls {
                            None => connection.serve(stream).await,
                            Some(tls) => connection.serve_securely(tls, stream, ending).await,
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, mostly. Those who are here will give some back.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn connection(&self, peer: SocketAddr) -> Connection {
        let (router, patience) = (self.router.clone(), self.patience);
        Connection { router, patience, watcher: self.graceful.watcher(), peer }
    }
}

/// One connection, from its first byte to its last.
struct Connection {
    router: Router,
    patience: Patience,
    watcher: Watcher,
    peer: SocketAddr,
}

impl Connection {
    /// The same behind a handshake, which has as long as any other greeting, and which nobody waits
    /// for at the end.
    async fn serve_securely(self, tls: TlsAcceptor, stream: TcpStream, ending: Shutdown) {
        let greeted = tokio::select! {
            greeted = tokio::time::timeout(self.patience.greeting, tls::greet(&tls, stream)) => greeted,
            () = ending.begun() => return,
        };
        match greeted {
            Ok(Ok(Some(stream))) => self.serve(stream).await,
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { router, patience, watcher, peer } = self;
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if let Some(uri) = shell::collapse_slashes(request.uri()) {
                *request.uri_mut() = uri;
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_DEADLINE)
            .max_buf_size(64 << 10);
        builder.http2().timer(TokioTimer::new()).max_header_list_size(64 << 10);
        let stream = TokioIo::new(Patient::new(stream, patience));
        let connection = builder.serve_connection(stream, service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            // A client that goes away is no news.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

fn resolve(address: &str) -> Result<Vec<SocketAddr>, BindError> {
    let unresolved = || BindError::Unresolved(address.to_owned());
    let (host, port) = address.rsplit_once(':').ok_or_else(unresolved)?;
    let port: u16 = port.parse().map_err(|_| unresolved())?;
    if host.eq_ignore_ascii_case("localhost") {
        let hosts = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        return Ok(hosts.map(|host| SocketAddr::new(host, port)).to_vec());
    }
    let found: Vec<_> = address.to_socket_addrs().map_err(|_| unresolved())?.collect();
    // A name can have many addresses; which of them is meant is not ours to guess.
    found.first().map(|addr| vec![*addr]).ok_or_else(unresolved)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = Listeners::bind("127.0.0.1:0").await.unwrap();
        let address = first.addresses()[0];
        let second = Listeners::bind(&address.to_string()).await;
        assert!(matches!(second, Err(BindError::Taken(taken)) if taken == address));
    }

    #[tokio::test]
    async fn refuses_what_is_no_address() {
        for address in ["", "localhost", "localhost:x", "localhost:70000", "256.1.1.1:80"] {
            let refused = Listeners::bind(address).await;
            assert!(matches!(refused, Err(BindError::Unresolved(_))), "{address}");
        }
    }

    /// Whoever does nothing is left, however they do it, and does not keep a place for ever.
    #[tokio::test]
    async fn a_silent_client_is_left() {
        const PREFACE: &[u8] =
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
        let short = Duration::from_millis(50);
        let patience = Patience { greeting: short, silence: short };
        let shutdown = Shutdown::default();
        let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
        let address = listeners.addresses()[0];
        let router = Router::new().route("/", get(async || "here"));
        let served = tokio::spawn(listeners.serve_patiently(router, shutdown.clone(), patience));
        for said in [b"".as_slice(), b"P", PREFACE] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said).await.unwrap();
            let mut said_back = Vec::new();
            let left = stream.read_to_end(&mut said_back);
            let left = tokio::time::timeout(Duration::from_secs(30), left).await;
            assert!(left.is_ok(), "after {said:?}");
        }
        shutdown.begin();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_in_flight_is_finished() {
        let shutdown = Shutdown::default();
        let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
        let address = listeners.addresses()[0];
        let ending = shutdown.clone();
        // The handler itself calls for the end, so the request is surely in flight then.
        let router = Router::new().route(
            "/slow",
            get(move || async move {
                ending.begin();
                tokio::task::yield_now().await;
                "finished"
            }),
        );
        let served = tokio::spawn(listeners.serve(router, shutdown));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET //slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("finished"), "{answer}");
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
