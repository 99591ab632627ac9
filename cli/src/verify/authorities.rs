//! Authorities that are named on the command line, in place of the trusted root's.

use std::path::Path;

use lite_bundle::trust::{CertChain, CertificateAuthority, TrustedRoot, X509Certificate};
use lite_pki::Certificate;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::AuthorityFlags;

/// Puts the named authorities where the trusted root's own were; logs and timestamp authorities
/// stay.
pub(super) fn replace(root: &mut TrustedRoot, flags: &AuthorityFlags) -> Outcome {
    if let Some(chain) = &flags.certificate_chain {
        root.certificate_authorities = vec![authority(certificates(chain)?)];
    }
    if let Some(roots) = &flags.ca_roots {
        let below = match &flags.ca_intermediates {
            Some(intermediates) => certificates(intermediates)?,
            None => Vec::new(),
        };
        let chain = |root| authority(below.iter().cloned().chain([root]).collect());
        root.certificate_authorities = certificates(roots)?.into_iter().map(chain).collect();
    }
    Ok(())
}

/// An authority that nobody says anything about but its certificates.
fn authority(chain: Vec<Vec<u8>>) -> CertificateAuthority {
    CertificateAuthority {
        subject: None,
        uri: String::new(),
        cert_chain: CertChain {
            certificates: chain
                .into_iter()
                .map(|raw_bytes| X509Certificate { raw_bytes })
                .collect(),
        },
        valid_for: None,
        operator: None,
    }
}

/// The certificates of a PEM file, DER, in their order.
fn certificates(path: &Path) -> Outcome<Vec<Vec<u8>>> {
    let pem = files::read_text(path, files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    let refuse = || Failure::new(Exit::Trust, format!("{} holds no certificates", path.display()));
    let chain = Certificate::chain_from_pem(&pem).map_err(|error| refuse().because(&error))?;
    if chain.is_empty() {
        return Err(refuse().note("expected", "certificates in PEM"));
    }
    Ok(chain.into_iter().map(|certificate| certificate.der().to_vec()).collect())
}
