//! The certificates above the leaves: each kept once, under its hash.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use bytes::Bytes;

use lite_pki::Certificate;
use lite_store::durable;

use crate::stored::fingerprint;

/// Issuers by fingerprint, in memory and on disk.
///
/// *Not* trusted: what is read back is checked against its name.
pub(crate) struct Issuers {
    dir: PathBuf,
    known: RwLock<HashMap<[u8; 32], Bytes>>,
    /// A path has one writer at a time.
    writing: Mutex<()>,
}

impl Issuers {
    /// Reads the folder; it is made if it is not there.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        durable::create_dir_all(&dir)?;
        let mut known = HashMap::new();
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            if let Some((name, der)) = read(&path)? {
                known.insert(name, der);
            }
        }
        Ok(Self { dir, known: RwLock::new(known), writing: Mutex::default() })
    }

    /// The certificate with this fingerprint.
    pub(crate) fn get(&self, name: &[u8; 32]) -> Option<Bytes> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Makes each of `certificates` durable that is not yet. Blocks; there is something to do once
    /// for each CA.
    ///
    /// c2sp.org/static-ct-api, "Issuers": each issuer "MUST be available … before the SCT is
    /// returned".
    pub(crate) fn add(&self, certificates: &[Certificate]) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for certificate in certificates {
            let name = fingerprint(certificate);
            if self.get(&name).is_some() {
                continue;
            }
            let path = self.dir.join(format!("{}.der", hex::encode(name)));
            durable::write(&path, certificate.der(), 0o644)?;
            let der = Bytes::copy_from_slice(certificate.der());
            self.known.write().unwrap_or_else(PoisonError::into_inner).insert(name, der);
        }
        Ok(())
    }

    /// Whether `add` would have nothing to do.
    pub(crate) fn has_all(&self, certificates: &[Certificate]) -> bool {
        certificates.iter().all(|certificate| self.get(&fingerprint(certificate)).is_some())
    }
}

/// A file of ours, or nothing. A damaged one is as good as none, and comes back when its CA
/// submits again.
fn read(path: &Path) -> io::Result<Option<([u8; 32], Bytes)>> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    let Some(Ok(hash)) = name.strip_suffix(".der").map(hex::decode) else { return Ok(None) };
    let der = std::fs::read(path)?;
    let certificate = Certificate::from_der(&der).ok().map(|it| fingerprint(&it));
    Ok(certificate.filter(|found| found[..] == hash[..]).map(|found| (found, der.into())))
}
