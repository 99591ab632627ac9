//! rustls and our own client as clients, rcgen as the authority.

use std::path::PathBuf;

use axum::Router;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;

use super::*;
use crate::client::{Client, ClientConfig, ClientError};
use crate::patience::Patience;
use crate::{Listeners, Shutdown};

/// An authority, and the files of a server that it certifies.
struct Site {
    dir: tempfile::TempDir,
    ca: Issuer<'static, KeyPair>,
    ca_pem: String,
}

impl Site {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca_pem = params.self_signed(&key).unwrap().pem();
        let site = Self { dir: tempfile::tempdir().unwrap(), ca: Issuer::new(params, key), ca_pem };
        site.certify();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A new certificate for `localhost`, of a new key, in both files.
    fn certify(&self) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        self.put("chain.pem", &params.signed_by(&key, &self.ca).unwrap().pem());
        self.put("key.pem", &key.serialize_pem());
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn tls(&self) -> Result<Tls, TlsError> {
        Tls::from_files(&self.path("chain.pem"), &self.path("key.pem"))
    }

    /// A client that trusts the authority, and offers these protocols.
    async fn connect(&self, port: u16, alpn: &[&[u8]]) -> io::Result<ClientStream<TcpStream>> {
        self.connect_with(port, alpn, rustls::ALL_VERSIONS).await
    }

    async fn connect_with(
        &self,
        port: u16,
        alpn: &[&[u8]],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> io::Result<ClientStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

/// A served router that ends with the test.
struct Served {
    port: u16,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

async fn serve(tls: Tls, patience: Patience) -> Served {
    let listeners = Listeners::bind("127.0.0.1:0").await.unwrap().with_tls(tls);
    let (port, shutdown) = (listeners.port(), Shutdown::default());
    let router = Router::new().route("/", get(async || "here"));
    let task = tokio::spawn(listeners.serve_patiently(router, shutdown.clone(), patience));
    Served { port, shutdown, task }
}

impl Served {
    async fn end(self) {
        self.shutdown.begin();
        self.task.await.unwrap();
    }
}

fn leaf(connection: &ClientConnection) -> Vec<u8> {
    connection.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn both_versions_and_both_protocols_are_spoken() {
    let site = Site::new();
    let served = serve(site.tls().unwrap(), Patience::default()).await;
    for (version, name) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        for alpn in [b"h2".as_slice(), b"http/1.1"] {
            let stream = site.connect_with(served.port, &[alpn], &[version]).await.unwrap();
            let (_, connection) = stream.get_ref();
            assert_eq!(connection.alpn_protocol(), Some(alpn));
            assert_eq!(connection.protocol_version(), Some(name));
        }
    }
    let neither = site.connect(served.port, &[b"spdy/3"]).await;
    assert!(neither.is_err(), "a client that speaks neither is told so");
    served.end().await;
}

#[tokio::test]
async fn our_client_believes_the_authority_it_is_given() {
    let site = Site::new();
    let served = serve(site.tls().unwrap(), Patience::default()).await;
    let url = format!("https://localhost:{}/", served.port).parse().unwrap();
    let trusting = ClientConfig { ca_pem: vec![site.ca_pem.clone()], ..ClientConfig::default() };
    let answer = Client::new(trusting).get(&url).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"here"[..]));
    let strange = ClientConfig { ca_pem: vec![Site::new().ca_pem], ..ClientConfig::default() };
    let refused = Client::new(strange).get(&url).await;
    assert!(matches!(refused, Err(ClientError::Unreachable { .. })), "{refused:?}");
    served.end().await;
}

#[tokio::test]
async fn plain_http_is_told_what_is_spoken_here() {
    let site = Site::new();
    let served = serve(site.tls().unwrap(), Patience::default()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 24];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400 Bad Request");
    served.end().await;
}

/// Before the handshake, in the middle of it, and after it.
#[tokio::test]
async fn a_silent_client_is_left() {
    let site = Site::new();
    let short = Duration::from_millis(50);
    let patience = Patience { greeting: short, silence: short };
    let served = serve(site.tls().unwrap(), patience).await;
    for said in [b"".as_slice(), b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut said_back = Vec::new();
        let left = stream.read_to_end(&mut said_back);
        let left = tokio::time::timeout(Duration::from_secs(30), left).await;
        assert!(left.is_ok(), "after {said:?}");
    }
    let slow = Patience { greeting: Duration::from_secs(1), silence: short };
    let served_after = serve(site.tls().unwrap(), slow).await;
    let mut stream = site.connect(served_after.port, &[b"h2"]).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut said_back = Vec::new();
    let left = stream.read_to_end(&mut said_back);
    assert!(tokio::time::timeout(Duration::from_secs(30), left).await.is_ok());
    served.end().await;
    served_after.end().await;
}

#[tokio::test]
async fn nobody_waits_at_the_end_for_a_handshake() {
    let site = Site::new();
    let served = serve(site.tls().unwrap(), Patience::default()).await;
    let mut silent = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    silent.write_all(b"\x16").await.unwrap();
    // Whoever comes after it was accepted after it.
    let stream = site.connect(served.port, &[b"h2"]).await.unwrap();
    drop(stream);
    let ended = tokio::time::timeout(Duration::from_secs(5), served.end()).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn new_files_serve_new_connections_and_broken_ones_nobody() {
    let site = Site::new();
    let tls = site.tls().unwrap();
    let served = serve(tls.clone(), Patience::default()).await;
    let shown = async || {
        let stream = site.connect(served.port, &[b"h2"]).await.unwrap();
        leaf(stream.get_ref().1)
    };
    // The server looks too; what it sees once more changes nothing.
    let look_twice = || (0..2).for_each(|_| tls.files.look());
    let first = shown().await;
    let open = site.connect(served.port, &[b"h2"]).await.unwrap();

    site.certify();
    look_twice();
    let second = shown().await;
    assert_ne!(second, first);
    assert_eq!(leaf(open.get_ref().1), first, "a connection keeps what it began with");

    let key = std::fs::read_to_string(site.path("key.pem")).unwrap();
    for broken in ["", "no PEM", &KeyPair::generate().unwrap().serialize_pem()] {
        site.put("key.pem", broken);
        look_twice();
        assert_eq!(shown().await, second, "{broken}");
    }
    std::fs::remove_file(site.path("key.pem")).unwrap();
    look_twice();
    assert_eq!(shown().await, second);

    site.put("key.pem", &key);
    look_twice();
    assert_eq!(shown().await, second);
    site.certify();
    look_twice();
    assert_ne!(shown().await, second);
    served.end().await;
}

#[test]
fn refuses_by_name_what_cannot_be_served_with() {
    let site = Site::new();
    let good = std::fs::read_to_string(site.path("chain.pem")).unwrap();
    assert!(site.tls().is_ok());
    site.put("chain.pem", "nothing");
    assert!(matches!(site.tls(), Err(TlsError::NoChain { source: None, .. })));
    site.put("chain.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    assert!(matches!(site.tls(), Err(TlsError::NoChain { source: Some(_), .. })));
    site.put("chain.pem", &good);
    site.put("key.pem", &good);
    assert!(matches!(site.tls(), Err(TlsError::NoKey { .. })));
    site.put("key.pem", &KeyPair::generate().unwrap().serialize_pem());
    assert!(matches!(site.tls(), Err(TlsError::Mismatch { .. })));
    site.put("key.pem", &"x".repeat((1 << 20) + 1));
    assert!(matches!(site.tls(), Err(TlsError::Unreadable { .. })));
    std::fs::remove_file(site.path("key.pem")).unwrap();
    assert!(matches!(site.tls(), Err(TlsError::Unreadable { .. })));
}
