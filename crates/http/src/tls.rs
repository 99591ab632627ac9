//! TLS: a certificate and its key from files, taken anew when the files change.
//!
//! Versions 1.2 and 1.3, with rustls on aws-lc-rs; HTTP/2 and HTTP/1.1 by ALPN (RFC 7301).
//!
//! **Invariant:** a connection never meets half of a change. What cannot be used whole is not used,
//! and the certificate before it goes on.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The largest file of certificates, or of a key, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Why a certificate and a key cannot be served with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// There is no certificate in the file, or one that is not PEM.
    #[error("{path} holds no chain of certificates in PEM")]
    NoChain {
        /// Which one.
        path: PathBuf,
        /// Where it stops to be PEM, if it does.
        #[source]
        source: Option<pem::Error>,
    },
    /// There is no private key in the file, or one that is not PEM.
    #[error("{path} holds no private key in PEM, or a key with a password")]
    NoKey {
        /// Which one.
        path: PathBuf,
        /// What the library said.
        #[source]
        source: pem::Error,
    },
    /// The key is another certificate's, or of a kind that TLS does not know.
    #[error("{key} is not the key of the first certificate in {chain}, or not one for TLS")]
    Mismatch {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
        /// What the library said.
        #[source]
        source: rustls::Error,
    },
    /// The library has no TLS to offer.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// What a listener speaks TLS with. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    pub(crate) config: Arc<rustls::ServerConfig>,
    files: Arc<Files>,
}

impl Tls {
    /// Reads `chain` (PEM, the server's certificate first) and `key` (PEM: PKCS#8, SEC1 or PKCS#1);
    /// one file may hold both.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(TlsError::Setup)?;
        let (chain, key) = (chain.to_owned(), key.to_owned());
        let read = Arc::new(Pair::read(&chain, &key)?);
        let certified = read.certified(&chain, &key, &provider)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(certified))));
        let mut config =
            builder.with_no_client_auth().with_cert_resolver(Arc::clone(&current) as Arc<_>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let looks = Looks { before: Some(Arc::clone(&read)), acted_on: Some(read) };
        let files = Files { chain, key, provider, current, looks: Mutex::new(looks) };
        Ok(Self { config: Arc::new(config), files: Arc::new(files) })
    }

    /// Looks at the files once a second, for as long as it is polled. New connections get
    /// what was found there last that can be used.
    pub(crate) async fn follow(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let files = Arc::clone(&self.files);
            // It waits for a disk.
            let _ = tokio::task::spawn_blocking(move || files.look()).await;
        }
    }
}

/// What somebody is told who speaks plain HTTP here: Go's servers say so in these words, and clients
/// that try both schemes go by the status.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 48\r\nconnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// The handshake. `None`: the client spoke plain HTTP, and was told.
pub(crate) async fn greet(
    acceptor: &TlsAcceptor,
    mut stream: TcpStream,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    // Every method is made of capital letters, and no handshake begins with one (RFC 8446, 5.1).
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        stream.write_all(PLAIN).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    acceptor.accept(stream).await.map(Some)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("chain", &self.files.chain).finish_non_exhaustive()
    }
}

struct Files {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<rustls::crypto::CryptoProvider>,
    current: Arc<Current>,
    looks: Mutex<Looks>,
}

/// What was found; `None` where a file could not be read.
struct Looks {
    /// At the last look.
    before: Option<Arc<Pair>>,
    /// When something was done about it. What cannot be used is complained about once.
    acted_on: Option<Arc<Pair>>,
}

impl Files {
    /// Takes what is there, if it is news and has been there for two looks: whoever replaces two
    /// files does so one after the other.
    fn look(&self) {
        let found = Pair::read(&self.chain, &self.key).map(Arc::new);
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let now = found.as_ref().ok().cloned();
        let is_settled = now == looks.before;
        looks.before.clone_from(&now);
        if !is_settled || now == looks.acted_on {
            return;
        }
        looks.acted_on = now;
        drop(looks);
        let taken = found.and_then(|pair| pair.certified(&self.chain, &self.key, &self.provider));
        match taken {
            Ok(certified) => {
                self.current.set(certified);
                tracing::info!(chain = %self.chain.display(), "a new TLS certificate is served");
            }
            Err(error) => tracing::error!(
                "the TLS certificate is not taken, and the one before goes on: {}",
                crate::standalone::chain(&error)
            ),
        }
    }
}

/// The content of both files.
#[derive(PartialEq)]
struct Pair {
    chain: Vec<u8>,
    key: Secret,
}

/// Bytes that are not printed.
#[derive(PartialEq)]
struct Secret(Vec<u8>);

impl Pair {
    fn read(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { chain: read(chain)?, key: Secret(read(key)?) })
    }

    fn certified(
        &self,
        chain_path: &Path,
        key_path: &Path,
        provider: &rustls::crypto::CryptoProvider,
    ) -> Result<CertifiedKey, TlsError> {
        let no_chain = |source| TlsError::NoChain { path: chain_path.to_owned(), source };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.chain)
            .collect::<Result<_, _>>()
            .map_err(|error| no_chain(Some(error)))?;
        if chain.is_empty() {
            return Err(no_chain(None));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key.0)
            .map_err(|source| TlsError::NoKey { path: key_path.to_owned(), source })?;
        CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Mismatch {
            chain: chain_path.to_owned(),
            key: key_path.to_owned(),
            source,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// The certificate of the next connection.
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn set(&self, certified: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    /// One certificate for every name: a client that means another host finds out by itself.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests;
