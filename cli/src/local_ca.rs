//! The TLS authority of an instance, beside its trust material: whom clients believe on the wire.
//!
//! It says nothing about signatures. `ca.pem` is the authority alone, for clients that add it to
//! those of the machine; `ca-bundle.pem` is all of them, for clients that replace theirs.

use std::path::Path;

use lite_pki::Certificate;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Reader};

/// The authority alone.
pub(crate) const CA: &str = "ca.pem";
/// The authority and those of this machine.
pub(crate) const CA_BUNDLE: &str = "ca-bundle.pem";

/// Java reads no PEM: this makes a store of it, which then stands in place of the machine's.
pub(crate) const JAVA_STORE: &str = "keytool -importcert -noprompt -alias siglite \
    -storetype PKCS12 -storepass siglite -keystore siglite.p12";
/// What Java is started with to read the store.
pub(crate) const JAVA_FLAGS: &str =
    "-Djavax.net.ssl.trustStore=siglite.p12 -Djavax.net.ssl.trustStorePassword=siglite";

/// Stands in the name of every instance's authority.
const OF_AN_INSTANCE: &[u8] = b"local TLS authority ";

/// The authority that clients of this folder's instance trust, in PEM.
pub(crate) fn read(client_dir: &Path) -> Outcome<Option<String>> {
    let bytes = files::read_if_there(&client_dir.join(CA), files::MAX_DOCUMENT_BYTES)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Certificates of authorities in a file that a person names.
pub(crate) fn read_given(path: &Path) -> Outcome<String> {
    let text = files::read_text(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
    Certificate::chain_from_pem(&text).map_err(|error| {
        Failure::usage(format!("{} holds no certificates in PEM", path.display())).because(&error)
    })?;
    Ok(text)
}

/// Puts the authority where clients look for it.
pub(crate) fn keep(client_dir: &Path, pem: &str) -> Outcome {
    files::write(&client_dir.join(CA), pem.as_bytes(), Reader::Everyone)?;
    files::write(&client_dir.join(CA_BUNDLE), bundle(pem).as_bytes(), Reader::Everyone)
}

/// Nobody is to trust it any more.
pub(crate) fn forget(client_dir: &Path) -> Outcome {
    files::remove(&client_dir.join(CA))?;
    files::remove(&client_dir.join(CA_BUNDLE))
}

/// The machine's authorities and this one. Those of other instances, which a shell may have brought
/// along, are left out.
fn bundle(pem: &str) -> String {
    // What of the machine's cannot be read is missing here as it is missing there.
    let machine = rustls_native_certs::load_native_certs().certs;
    let is_strange =
        |der: &[u8]| der.windows(OF_AN_INSTANCE.len()).any(|bytes| bytes == OF_AN_INSTANCE);
    let machine = machine.iter().map(AsRef::as_ref).filter(|der: &&[u8]| !is_strange(der));
    let machine = machine.map(|der| lite_pki::pem::encode("CERTIFICATE", der));
    std::iter::once(pem.to_owned()).chain(machine).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_hold_the_authority_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        keep(dir.path(), "PEM\n").unwrap();
        assert_eq!(read(dir.path()).unwrap().as_deref(), Some("PEM\n"));
        let all = std::fs::read_to_string(dir.path().join(CA_BUNDLE)).unwrap();
        assert!(all.starts_with("PEM\n"));
        forget(dir.path()).unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        assert!(!dir.path().join(CA_BUNDLE).exists());
    }

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        files::write(&path, b"nothing", Reader::Everyone).unwrap();
        assert_eq!(read_given(&path).unwrap_err().exit, Exit::Usage);
    }
}
