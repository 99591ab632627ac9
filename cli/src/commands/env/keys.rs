//! Keys and certificates one by one, for clients that read no trusted root.

use std::path::Path;

use lite_bundle::trust::{CertificateAuthority, TransparencyLog, TrustedRoot};
use lite_pki::pem;

use crate::failure::Outcome;
use crate::files::{self, Reader};

/// What a trusted root holds, in PEM, as older clients take it.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The key of the log with the older API: it alone has ECDSA, and stands first.
    pub(super) rekor: Option<String>,
    /// The key of the certificate-transparency log.
    pub(super) ctfe: Option<String>,
    /// The authority's certificates, roots and others.
    pub(super) fulcio: Option<String>,
}

impl Keys {
    /// Takes them from a trusted root.
    pub(super) fn of(root: &TrustedRoot) -> Self {
        let is_ecdsa = |log: &&TransparencyLog| {
            let details = log.public_key.key_details.as_deref();
            details.is_some_and(|details| details.starts_with("PKIX_ECDSA"))
        };
        let key = |log: &TransparencyLog| pem::encode("PUBLIC KEY", &log.public_key.raw_bytes);
        let chain = root.certificate_authorities.iter().flat_map(CertificateAuthority::chain);
        let chain: String = chain.map(|der| pem::encode("CERTIFICATE", der)).collect();
        Self {
            rekor: root.tlogs.iter().find(is_ecdsa).map(key),
            ctfe: root.ctlogs.first().map(key),
            fulcio: (!chain.is_empty()).then_some(chain),
        }
    }

    /// The files in a folder, each with the variable that names it.
    pub(super) fn files(&self) -> [(&'static str, &'static str, Option<&str>); 3] {
        [
            ("GITSIGN_FULCIO_ROOT", "fulcio.pem", self.fulcio.as_deref()),
            ("SIGSTORE_REKOR_PUBLIC_KEY", "rekor.pub", self.rekor.as_deref()),
            ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "ctfe.pub", self.ctfe.as_deref()),
        ]
    }

    /// Writes them where those variables lead.
    pub(super) fn write(&self, folder: &Path) -> Outcome {
        for (_, name, text) in self.files() {
            if let Some(text) = text {
                files::write(&folder.join(name), text.as_bytes(), Reader::Everyone)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_clients_get_the_log_with_the_key_that_they_read() {
        let log = |details: &str, bytes: &[u8]| {
            let json = serde_json::json!({
                "baseUrl": "http://h",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64::Engine::encode(&super::super::STANDARD, bytes),
                    "keyDetails": details,
                    "validFor": { "start": "2026-01-01T00:00:00Z" },
                },
                "logId": { "keyId": "AA==" },
            });
            json.to_string()
        };
        let root = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs":[{},{}],"certificateAuthorities":[],"ctlogs":[],
                "timestampAuthorities":[]}}"#,
            log("PKIX_ED25519", b"two"),
            log("PKIX_ECDSA_P256_SHA_256", b"one"),
        );
        let keys = Keys::of(&TrustedRoot::parse(root.as_bytes()).unwrap());
        assert_eq!(keys.rekor, Some(pem::encode("PUBLIC KEY", b"one")));
        assert_eq!((keys.ctfe.as_deref(), keys.fulcio.as_deref()), (None, None));
        let folder = tempfile::tempdir().unwrap();
        keys.write(&folder.path().join("keys")).unwrap();
        assert!(folder.path().join("keys/rekor.pub").is_file());
        assert!(!folder.path().join("keys/fulcio.pem").exists());
    }
}
