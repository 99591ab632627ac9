//! The authority's folder: made once, then opened.
//!
//! ```text
//! DIR/root.key.pem      0600  signed once, when the folder was made; may be moved away after that
//! DIR/issuing.key.pem   0600  signs every certificate
//! DIR/chain.pem         0644  the issuing certificate, then the root; written last
//! DIR/public/root.pem   0644  the root, for the CT log and for people
//! DIR/journal/          0700  what was signed
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lite_keys::{SigningKey, SigningKeyError};
use lite_pki::cert::CertificateError;
use lite_pki::chain::Purpose;
use lite_pki::hierarchy::{AuthorityError, AuthoritySpec, IssuingCa};
use lite_pki::name::AuthorityName;
use lite_pki::{Authority, Certificate};
use lite_store::key_file::{self, KeyFileError};
use lite_store::{FolderLock, LockError, durable, public};
use lite_time::Time;

use crate::Config;

/// Ten years, as Sigstore's own authorities have.
const LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The windows begin a little before the folder was made: clocks differ.
const BACKDATED: Duration = Duration::from_secs(5 * 60);

const ROOT_KEY: &str = "root.key.pem";
const ISSUING_KEY: &str = "issuing.key.pem";
/// In the public folder.
const ROOT: &str = "root.pem";
const CHAIN: &str = "chain.pem";

/// An authority's folder, held for this process.
#[derive(Debug)]
pub struct CaFolder {
    pub(crate) ca: Arc<IssuingCa>,
    pub(crate) dir: PathBuf,
    pub(crate) lock: FolderLock,
}

/// Why a folder is not an authority's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The keys and certificates do not make an authority.
    #[error("{0} does not hold a working certificate authority")]
    Authority(PathBuf, #[source] AuthorityError),
    /// A certificate cannot be read.
    #[error("{0} is not a chain of certificates: restore it from a backup")]
    Chain(PathBuf, #[source] CertificateError),
    /// A file is missing that was there once.
    #[error("{0} is missing from a folder that was in use: restore it from a backup")]
    Gone(PathBuf),
    /// A file cannot be read or written.
    #[error("{0} cannot be used")]
    Io(PathBuf, #[source] io::Error),
    /// A key cannot be read.
    #[error("{0} is not a private key in PEM: restore it from a backup")]
    Key(PathBuf, #[source] SigningKeyError),
    /// The folder's authority has another kind of key than is configured.
    #[error(
        "{0} has a key of another kind than `ca_key` says: change `ca_key` back, or make a new folder"
    )]
    KeyKind(PathBuf),
    /// The folder is not ours.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl CaFolder {
    /// Opens the folder, and makes the authority if there never was one. The assembly calls this before it
    /// opens the CT log, which needs [`CaFolder::root_pem`].
    pub fn open(config: &Config, now: Time) -> Result<Self, FolderError> {
        let dir = config.dir.clone();
        // The folder is open and its secrets are not: a CT log beside us reads `public`.
        durable::create_dir_all(&dir).map_err(|source| FolderError::Io(dir.clone(), source))?;
        let lock = FolderLock::acquire(&dir)?;
        let folder = Folder(&dir);
        if !folder.path(CHAIN).exists() {
            folder.refuse_if_used()?;
            folder.create(config, now)?;
        }
        let ca = folder.load(config, now)?;
        folder.publish(&ca)?;
        Ok(Self { ca, dir, lock })
    }

    /// The root in PEM: what a CT log must accept chains to.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root().to_pem()
    }

    /// Issuing certificate first, root last.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        self.ca.chain()
    }

    pub(crate) fn root(&self) -> &Certificate {
        // `IssuingCa` has at least two certificates, so the issuing one only stands in for a type.
        self.ca.chain().last().unwrap_or_else(|| self.ca.certificate())
    }
}

struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn io<T>(path: PathBuf, done: io::Result<T>) -> Result<T, FolderError> {
        done.map_err(|source| FolderError::Io(path, source))
    }

    /// A new authority beside an old one's traces would be a surprise to everyone who trusts the old one.
    /// Without `chain.pem` nothing else can be there but the keys of a start that was interrupted.
    fn refuse_if_used(&self) -> Result<(), FolderError> {
        let used = self.path(public::FOLDER).exists() || self.path("journal").exists();
        if used { Err(FolderError::Gone(self.path(CHAIN))) } else { Ok(()) }
    }

    /// The chain is written last: with it the authority exists, without it the keys are nobody's.
    fn create(&self, config: &Config, now: Time) -> Result<(), FolderError> {
        let name = |what: &str| {
            AuthorityName::new(&config.organization, &format!("{}-{what}", config.organization))
        };
        let spec = AuthoritySpec {
            purpose: Purpose::CodeSigning,
            root_name: name("root"),
            name: name("intermediate"),
            key_kind: config.ca_key.kind(),
            not_before: now.minus(BACKDATED).floor_to_second(),
            lifetime: LIFETIME,
        };
        let made = Authority::create(&spec);
        let made = made.map_err(|why| FolderError::Authority(self.0.to_owned(), why))?;
        for (name, key) in [(ROOT_KEY, &made.root_key), (ISSUING_KEY, &made.key)] {
            let path = self.path(name);
            let done = key_file::write(&path, key);
            Self::io(path, done)?;
        }
        let path = self.path(CHAIN);
        let pem = Certificate::chain_to_pem(&made.chain());
        let done = durable::write(&path, pem.as_bytes(), durable::PUBLIC);
        Self::io(path, done)
    }

    fn load(&self, config: &Config, now: Time) -> Result<Arc<IssuingCa>, FolderError> {
        let chain_path = self.path(CHAIN);
        let chain = self.read(CHAIN)?;
        let chain = Certificate::chain_from_pem(&chain)
            .map_err(|why| FolderError::Chain(chain_path, why))?;
        let key = self.read_key(ISSUING_KEY)?;
        if key.kind() != config.ca_key.kind() {
            return Err(FolderError::KeyKind(self.0.to_owned()));
        }
        IssuingCa::new(key, chain, now)
            .map_err(|why| FolderError::Authority(self.0.to_owned(), why))
    }

    fn read_key(&self, name: &str) -> Result<SigningKey, FolderError> {
        let path = self.path(name);
        match key_file::read(&path) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(FolderError::Gone(path)),
            Err(KeyFileError::Content(why)) => Err(FolderError::Key(path, why)),
            Err(KeyFileError::Io(why)) => Err(FolderError::Io(path, why)),
        }
    }

    fn read(&self, name: &str) -> Result<String, FolderError> {
        let path = self.path(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Err(FolderError::Gone(path)),
            Err(why) => Err(FolderError::Io(path, why)),
        }
    }

    fn publish(&self, ca: &IssuingCa) -> Result<(), FolderError> {
        let root = ca.chain().last().map(Certificate::to_pem).unwrap_or_default();
        let done = public::write(self.0, ROOT, root.as_bytes());
        Self::io(self.path(public::FOLDER).join(ROOT), done)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::CaKey;

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn open(dir: &Path) -> Result<CaFolder, FolderError> {
        CaFolder::open(&Config::new(dir, "http://localhost:7070"), NOW)
    }

    #[test]
    fn is_made_once_and_then_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path()).unwrap();
        assert!(matches!(open(dir.path()), Err(FolderError::Lock(_))), "one process at a time");
        let chain = first.chain().to_vec();
        drop(first);
        assert_eq!(open(dir.path()).unwrap().chain(), chain);
        for name in [ROOT_KEY, ISSUING_KEY] {
            let mode = dir.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn works_without_the_root_key_and_not_without_the_issuing_one() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(ROOT_KEY)).unwrap();
        open(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(ISSUING_KEY)).unwrap();
        assert!(matches!(open(dir.path()), Err(FolderError::Gone(_))));
    }

    #[test]
    fn a_start_that_was_interrupted_is_begun_again() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::new(dir.path(), "http://localhost:7070");
        Folder(dir.path()).create(&config, NOW).unwrap();
        std::fs::remove_file(dir.path().join(CHAIN)).unwrap();
        open(dir.path()).unwrap();
    }

    #[test]
    fn an_authority_that_lost_its_chain_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(CHAIN)).unwrap();
        assert!(matches!(open(dir.path()), Err(FolderError::Gone(_))));
    }

    #[test]
    fn an_authority_keeps_its_kind_of_key() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        let config =
            Config { ca_key: CaKey::P384, ..Config::new(dir.path(), "http://localhost:7070") };
        assert!(matches!(CaFolder::open(&config, NOW), Err(FolderError::KeyKind(_))));
    }

    #[test]
    fn a_foreign_key_or_chain_is_refused() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        open(one.path()).unwrap();
        open(two.path()).unwrap();
        std::fs::copy(two.path().join(ISSUING_KEY), one.path().join(ISSUING_KEY)).unwrap();
        assert!(matches!(open(one.path()), Err(FolderError::Authority(..))));
        std::fs::copy(two.path().join(CHAIN), one.path().join(ISSUING_KEY)).unwrap();
        assert!(matches!(open(one.path()), Err(FolderError::Key(..))));
    }
}
