//! TLS of an instance: whose certificate, and how it stays fresh.
//!
//! ```text
//! plain       http://, on this machine's own addresses unless asked for by name
//! own         HOME/tls: an authority of the instance's own, and a certificate below it
//! given       a chain and a key from files that somebody else renews
//! ```
//!
//! Only the URL says which clients expect, and it never changes; so an instance that has an authority
//! of its own goes on with it unasked.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lite_http::{Tls, TlsError};
use lite_keys::{KeyKind, SigningKey};
use lite_pki::local::{LocalAuthority, LocalAuthorityError, ServerSpec};
use lite_pki::{AltName, Certificate};
use lite_store::{durable, key_file};
use lite_time::{Clock, Time};
use url::{Host, Url};

use super::args::Args;
use super::home::Home;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// The room of the authority.
const ROOM: &str = "tls";
const AUTHORITY_KEY: &str = "ca.key.pem";
const AUTHORITY: &str = "ca.pem";
/// Key and chain in one file, so that both change at once.
const SERVER: &str = "server.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// The longest that browsers accept of anybody (397 days).
const SERVER_LIFETIME: Duration = Duration::from_secs(397 * 24 * 60 * 60);
/// Clients' clocks go behind ours.
const BACKDATED: Duration = Duration::from_secs(60 * 60);
/// How often the certificate's age is looked at.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// How an instance is reached.
#[derive(Debug)]
pub(crate) enum Mode {
    /// In plain HTTP; a TLS proxy may stand in front.
    Plain,
    /// With an authority of its own.
    Own,
    /// With a certificate from files.
    Given(Tls),
}

impl Mode {
    /// What `--tls` says, or else what the folder remembers.
    pub(crate) fn choose(args: &Args, home: Option<&Home>) -> Outcome<Self> {
        match args.tls.as_slice() {
            [] => {
                let known = home.filter(|home| home.room(ROOM).join(AUTHORITY).is_file());
                let is_https = known.and_then(Home::public_url).is_some_and(is_https);
                let is_own = is_https && !args.insecure_plain_http;
                Ok(if is_own { Self::Own } else { Self::Plain })
            }
            [word] if word == "self" => Ok(Self::Own),
            [chain, key] => {
                let tls = Tls::from_files(chain.as_ref(), key.as_ref());
                tls.map(Self::Given).map_err(|error| unusable(&error))
            }
            _ => Err(Failure::usage("--tls takes the word self, or a certificate and its key")
                .hint("siglite up --tls self, or siglite up --tls server.pem server.key")),
        }
    }

    /// Whether anybody is served in TLS.
    pub(crate) const fn is_secure(&self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// The scheme of the URL.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }

    /// Refuses a URL that clients would speak something else to than is spoken here.
    pub(crate) fn check_new_url(&self, url: &str) -> Outcome {
        if self.is_secure() && !is_https(url) {
            return Err(Failure::usage(format!("--tls makes {url} speak TLS"))
                .note("expected", "--public-url https://…")
                .hint("leave --public-url out, or --tls"));
        }
        Ok(())
    }

    /// The same for the URL of an instance that was made before: it cannot change with the flags.
    pub(crate) fn check_known_url(&self, url: &str, home: &Home) -> Outcome {
        let refuse = |found: &str| {
            Failure::new(
                Exit::Folder,
                format!("{} holds the instance of {url}", home.dir().display()),
            )
            .note("expected", url)
            .note("found", found)
        };
        if self.is_secure() && !is_https(url) {
            let hint = "its URL stands in keys, certificates and checkpoints: leave --tls out, or make \
                        a new instance with --tls self --data DIR";
            return Err(refuse("--tls, which speaks https://").hint(hint));
        }
        let is_local = Url::parse(url).is_ok_and(|url| lite_http::client::is_loopback(&url));
        if !self.is_secure() && is_https(url) && is_local {
            let hint = format!(
                "say --tls self, or --tls CERT KEY; if a TLS proxy forwards {url} here, say \
                 --public-url {url}"
            );
            return Err(refuse("no --tls").hint(hint));
        }
        Ok(())
    }
}

fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

fn unusable(error: &TlsError) -> Failure {
    Failure::usage("--tls names nothing that TLS can be spoken with")
        .because(error)
        .note("expected", "a chain of certificates and its private key, both in PEM")
        .hint("siglite up --tls server.pem server.key, or siglite up --tls self")
}

/// The authority of an instance, and the certificate it keeps fresh.
pub(crate) struct Own {
    room: PathBuf,
    authority: LocalAuthority,
    hosts: Vec<AltName>,
}

/// Why the certificate is not renewed.
#[derive(Debug, thiserror::Error)]
enum RenewalError {
    #[error("the certificate is not issued")]
    Authority(#[from] LocalAuthorityError),
    #[error("the certificate is not written")]
    Write(#[from] std::io::Error),
}

impl Own {
    /// Opens the authority, or makes it where there is none, and sees to it that its server has a
    /// certificate with time left.
    pub(crate) fn open(home: &Home, url: &str, now: Time) -> Outcome<Self> {
        let room = home.room(ROOM);
        let broken = |error: &(dyn std::error::Error + 'static)| {
            Failure::new(Exit::Folder, format!("{} holds no authority for TLS", room.display()))
                .because(error)
                .hint("restore it from a backup; without the folder a new one is made, which clients must be told to trust")
        };
        durable::create_dir_all_with_mode(&room, 0o700).map_err(|error| broken(&error))?;
        let (key_path, path) = (room.join(AUTHORITY_KEY), room.join(AUTHORITY));
        let key = key_file::read(&key_path).map_err(|error| broken(&error))?;
        let authority = match (key, files::read_if_there(&path, files::MAX_DOCUMENT_BYTES)?) {
            (Some(key), Some(pem)) => {
                let certificate = Certificate::from_pem(&String::from_utf8_lossy(&pem));
                certificate
                    .map_err(LocalAuthorityError::from)
                    .and_then(|certificate| LocalAuthority::new(key, certificate))
                    .map_err(|error| broken(&error))?
            }
            (None, Some(_)) => return Err(broken(&std::io::Error::other("its key is missing"))),
            // A start that was cut off between the two files; nobody was told to trust it yet.
            (_, None) => {
                let authority =
                    LocalAuthority::create(now.minus(BACKDATED), AUTHORITY_LIFETIME + BACKDATED)
                        .map_err(|error| broken(&error))?;
                key_file::write(&key_path, authority.key()).map_err(|error| broken(&error))?;
                let pem = authority.certificate().to_pem();
                durable::write(&path, pem.as_bytes(), durable::PUBLIC)
                    .map_err(|error| broken(&error))?;
                authority
            }
        };
        if !authority.certificate().is_valid_at(now) {
            let end = authority.certificate().not_after().to_rfc3339();
            return Err(Failure::new(Exit::Folder, "the instance's authority for TLS has expired")
                .note("found", format!("valid until {end}"))
                .hint(format!(
                    "move {} away for a new one, which clients must be told to trust",
                    room.display()
                )));
        }
        let own = Self { room: room.clone(), authority, hosts: hosts(url) };
        own.renew(now).map_err(|error| broken(&error))?;
        Ok(own)
    }

    /// The authority's certificate, which clients are to trust.
    pub(crate) fn certificate(&self) -> String {
        self.authority.certificate().to_pem()
    }

    /// What listeners speak TLS with.
    pub(crate) fn tls(&self) -> Outcome<Tls> {
        let file = self.room.join(SERVER);
        Tls::from_files(&file, &file).map_err(|error| {
            Failure::new(Exit::Folder, format!("{} cannot be used", file.display())).because(&error)
        })
    }

    /// Renews the certificate when it is time, for as long as it is polled. A listener takes the new
    /// one from the file by itself.
    pub(crate) async fn keep_fresh(self, clock: Arc<dyn Clock>) {
        let own = Arc::new(self);
        loop {
            tokio::time::sleep(LOOK).await;
            let (own, now) = (Arc::clone(&own), clock.now());
            // It waits for a disk.
            let renewed = tokio::task::spawn_blocking(move || own.renew(now)).await;
            if let Ok(Err(error)) = renewed {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the TLS certificate is not renewed");
            }
        }
    }

    /// Certifies a new key of the server if that is due.
    fn renew(&self, now: Time) -> Result<(), RenewalError> {
        if !self.is_due(now) {
            return Ok(());
        }
        let mut random = [0; 20];
        lite_keys::fill_random(&mut random);
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let certificate = self.authority.certify(&ServerSpec {
            key: key.public(),
            hosts: &self.hosts,
            not_before: now.minus(BACKDATED),
            lifetime: SERVER_LIFETIME,
            random,
        })?;
        let chain = [certificate, self.authority.certificate().clone()];
        let mut text = key.to_pkcs8_pem();
        text.push_str(&Certificate::chain_to_pem(&chain));
        durable::write(&self.room.join(SERVER), text.as_bytes(), durable::PRIVATE)?;
        Ok(())
    }

    /// Whether there is no certificate of this authority for these hosts with a third of its life
    /// left. What cannot be read counts as none.
    fn is_due(&self, now: Time) -> bool {
        let text =
            files::read_text(&self.room.join(SERVER), files::MAX_DOCUMENT_BYTES, Exit::Folder);
        let chain = text.ok().and_then(|text| Certificate::chain_from_pem(&text).ok());
        let Some(server) = chain.as_deref().and_then(<[Certificate]>::first) else {
            return true;
        };
        let is_ours = server.authority_key_id() == self.authority.certificate().subject_key_id()
            && server.alt_names() == self.hosts;
        let rest = server.not_after().since(server.not_before()) / 3;
        !is_ours || !server.is_valid_at(now) || !server.is_valid_at(now.plus(rest.max(DAY)))
    }
}

/// What clients of this URL may call its server: itself, and this machine.
fn hosts(url: &str) -> Vec<AltName> {
    let mut hosts = vec![
        AltName::Dns("localhost".to_owned()),
        AltName::Ip(IpAddr::from([127, 0, 0, 1])),
        AltName::Ip(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16])),
    ];
    let host = match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => Some(AltName::Dns(name.to_ascii_lowercase())),
        Some(Host::Ipv4(address)) => Some(AltName::Ip(address.into())),
        Some(Host::Ipv6(address)) => Some(AltName::Ip(address.into())),
        None => None,
    };
    hosts.extend(host.filter(|host| !hosts.contains(host)));
    hosts
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    const URL: &str = "https://lab.example:7070";
    const NOW: Time = Time::from_secs(1_790_000_000);

    fn home(dir: &Path) -> Home {
        Home::open(dir, false).unwrap()
    }

    fn server(own: &Own) -> Certificate {
        let text = std::fs::read_to_string(own.room.join(SERVER)).unwrap();
        Certificate::chain_from_pem(&text).unwrap()[0].clone()
    }

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_life_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let home = home(dir.path());
        let own = Own::open(&home, URL, NOW).unwrap();
        let (first, authority) = (server(&own), own.certificate());
        let check = |days: u32, renewed: bool| {
            let own = Own::open(&home, URL, NOW.plus(DAY * days)).unwrap();
            assert_eq!(server(&own) != first, renewed, "after {days} days");
            assert_eq!(own.certificate(), authority);
        };
        check(0, false);
        check(260, false);
        check(266, true);
        let other = Own::open(&home, "https://other.example", NOW).unwrap();
        assert!(server(&other).alt_names().contains(&AltName::Dns("other.example".into())));
    }

    #[test]
    fn the_certificate_names_this_machine_and_the_url_once() {
        let count = |url| hosts(url).len();
        assert_eq!(count("https://localhost:7070"), 3);
        assert_eq!(count("https://127.0.0.1"), 3);
        assert_eq!(count("https://lab.example"), 4);
        assert_eq!(count("https://10.0.0.1:7"), 4);
    }

    #[test]
    fn keys_are_their_owners_and_a_missing_one_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let home = home(dir.path());
        let own = Own::open(&home, URL, NOW).unwrap();
        for name in [AUTHORITY_KEY, SERVER] {
            let mode = std::fs::metadata(own.room.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(own.tls().is_ok());
        let far = Own::open(&home, URL, NOW.plus(DAY * 3660)).err().unwrap();
        assert!(far.sentence.contains("expired"), "{}", far.sentence);
        std::fs::remove_file(own.room.join(AUTHORITY_KEY)).unwrap();
        assert_eq!(Own::open(&home, URL, NOW).err().unwrap().exit, Exit::Folder);
    }

    #[test]
    fn what_is_spoken_agrees_with_the_url() {
        let dir = tempfile::tempdir().unwrap();
        let home = home(dir.path());
        for (mode, url, fits) in [
            (Mode::Plain, "http://localhost:1", true),
            (Mode::Own, "http://localhost:1", false),
            (Mode::Own, "https://localhost:1", true),
            (Mode::Plain, "https://localhost:1", false),
            // Behind a proxy.
            (Mode::Plain, "https://lab.example", true),
        ] {
            assert_eq!(mode.check_known_url(url, &home).is_ok(), fits, "{mode:?} {url}");
        }
        assert!(Mode::Own.check_new_url("http://h").is_err());
        assert!(Mode::Plain.check_new_url("https://h").is_ok());
    }
}
