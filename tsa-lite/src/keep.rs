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
use lite_store::durable;
use lite_time::Time;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::OpenError;

/// How long before its making an authority is valid, so that a clock that is set right soon after
/// does not end it.
const MARGIN: Duration = Duration::from_secs(60);
/// A Julian year.
const YEAR: Duration = Duration::from_secs(365 * 86_400 + 86_400 / 4);

/// Opens the authority of a folder, or makes one where there never was any.
pub(crate) fn open(config: &Config, now: Time) -> Result<TimestampAuthority, OpenError> {
    let (chain, public) = (config.dir.join("chain.pem"), config.dir.join("public"));
    let published = public.join("chain.pem");
    if !exists(&chain)? {
        if exists(&published)? {
            return Err(OpenError::Missing(chain));
        }
        create(config, now)?;
    }
    let certificates = read_chain(&chain)?;
    let key = read_key(&config.dir.join("key.pem"))?;
    let authority = TimestampAuthority::new(key, certificates, now)?;
    durable::create_dir_all(&public).map_err(at(&public))?;
    let pem = Certificate::chain_to_pem(authority.chain());
    durable::write(&published, pem.as_bytes(), durable::PUBLIC).map_err(at(&published))?;
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
    let write = |name: &str, text: &str, mode| {
        let path = config.dir.join(name);
        durable::write(&path, text.as_bytes(), mode).map_err(at(&path))
    };
    write("root-key.pem", &authority.root_key.to_pkcs8_pem(), durable::PRIVATE)?;
    write("key.pem", &authority.key.to_pkcs8_pem(), durable::PRIVATE)?;
    write("chain.pem", &Certificate::chain_to_pem(&authority.chain()), durable::PUBLIC)?;
    tracing::info!(dir = %config.dir.display(), "made a timestamp authority");
    Ok(())
}

fn read_key(path: &Path) -> Result<SigningKey, OpenError> {
    let pem = match std::fs::read_to_string(path) {
        Ok(pem) => Zeroizing::new(pem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::Missing(path.to_owned()));
        }
        Err(error) => return Err(at(path)(error)),
    };
    SigningKey::from_pkcs8_pem(&pem).map_err(|source| OpenError::Key { path: path.into(), source })
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
