//! The authority's folder.
//!
//! ```text
//! root-key.pem   0600  written first; may be moved off the machine afterwards
//! key.pem        0600  signs timestamps
//! chain.pem      0644  written last: where it is, the authority is whole
//! public/        0755  chain.pem for everybody; its presence says that the authority was published
//! ```

use std::io;
use std::path::Path;
use std::time::Duration;

use lite_keys::SigningKey;
use lite_pki::Certificate;
use lite_pki::chain::Purpose;
use lite_pki::hierarchy::{Authority, AuthoritySpec};
use lite_pki::name::AuthorityName;
use lite_pki::timestamp::TimestampAuthority;
use lite_store::key_file::{self, KeyFileError};
use lite_store::{durable, public};
use lite_time::Time;

use crate::config::Config;
use crate::error::OpenError;

/// The chain's name, in the folder and in the public one.
const CHAIN: &str = "chain.pem";
/// How long before its making an authority is valid, so that a clock that is set right soon after
/// does not end it.
const MARGIN: Duration = Duration::from_secs(60);
/// A Julian year.
const YEAR: Duration = Duration::from_secs(365 * 86_400 + 86_400 / 4);

/// Opens the authority of a folder, or makes one where there never was any.
pub(crate) fn open(config: &Config, now: Time) -> Result<TimestampAuthority, OpenError> {
    let chain = config.dir.join(CHAIN);
    let published = config.dir.join(public::FOLDER).join(CHAIN);
    if !exists(&chain)? {
        if exists(&published)? {
            return Err(OpenError::Missing(chain));
        }
        create(config, now)?;
    }
    let certificates = read_chain(&chain)?;
    let key = read_key(&config.dir.join("key.pem"))?;
    let authority = TimestampAuthority::new(key, certificates, now)?;
    let pem = Certificate::chain_to_pem(authority.chain());
    public::write(&config.dir, CHAIN, pem.as_bytes()).map_err(at(&published))?;
    Ok(authority)
}

fn create(config: &Config, now: Time) -> Result<(), OpenError> {
    if !(1..=100).contains(&config.validity_years) {
        return Err(OpenError::Validity(config.validity_years));
    }
    let authority = Authority::create(&AuthoritySpec {
        purpose: Purpose::TimeStamping,
        root_name: AuthorityName::new(&config.organization, "timestamp root"),
        name: AuthorityName::new(&config.organization, "timestamp authority"),
        key_kind: config.curve.kind(),
        not_before: now.minus(MARGIN),
        lifetime: YEAR * config.validity_years,
    })?;
    for (name, key) in [("root-key.pem", &authority.root_key), ("key.pem", &authority.key)] {
        let path = config.dir.join(name);
        key_file::write(&path, key).map_err(at(&path))?;
    }
    let (path, chain) = (config.dir.join(CHAIN), Certificate::chain_to_pem(&authority.chain()));
    durable::write(&path, chain.as_bytes(), durable::PUBLIC).map_err(at(&path))?;
    tracing::info!(dir = %config.dir.display(), "made a timestamp authority");
    Ok(())
}

fn read_key(path: &Path) -> Result<SigningKey, OpenError> {
    match key_file::read(path) {
        Ok(Some(key)) => Ok(key),
        Ok(None) => Err(OpenError::Missing(path.to_owned())),
        Err(KeyFileError::Content(source)) => Err(OpenError::Key { path: path.into(), source }),
        Err(KeyFileError::Io(source)) => Err(at(path)(source)),
    }
}

fn read_chain(path: &Path) -> Result<Vec<Certificate>, OpenError> {
    let pem = std::fs::read_to_string(path).map_err(at(path))?;
    Certificate::chain_from_pem(&pem)
        .map_err(|source| OpenError::Chain { path: path.into(), source })
}

/// Unlike [`Path::exists`], says when it cannot know: a chain that cannot be seen is not absent.
fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(at(path))
}

/// Says of which path an error of the operating system speaks.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}
