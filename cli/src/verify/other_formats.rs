//! What a file is that should have been a bundle and is none: older pieces, another document, a
//! web page. Each has a command of its own.

use std::path::Path;

use lite_verifier::{Reason, Report};
use serde_json::Value;

use crate::artifact::Artifact;
use crate::failure::Failure;
use crate::web_page;

/// Adds to the refusal of a bundle that does not parse what the file seems to be, and what to do
/// with it.
pub(super) fn explain(
    failure: Failure,
    report: &Report,
    text: &str,
    bundle: &Path,
    artifact: &Artifact,
) -> Failure {
    let unread = |reason| matches!(reason, Reason::BundleMalformed | Reason::BundleVersionUnknown);
    if !report.refusal().is_some_and(|refusal| unread(refusal.reason)) {
        return failure;
    }
    let failure = web_page::explain(failure, text.as_bytes());
    let Some(other) = Other::recognise(text) else { return failure };
    failure.note("this is", other.name()).hint(other.hint(bundle, artifact))
}

/// Files that are mistaken for bundles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    /// `cosign sign-blob --bundle` of cosign 1 and 2.
    OldBundle,
    /// A signature alone, in base64.
    Signature,
    /// A certificate or a key in PEM.
    Pem,
    /// A DSSE envelope alone.
    Envelope,
    /// What verifiers trust.
    TrustedRoot,
}

impl Other {
    fn recognise(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("-----BEGIN ") {
            return Some(Self::Pem);
        }
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\n');
        if (64..1024).contains(&text.len()) && text.bytes().all(base64) {
            return Some(Self::Signature);
        }
        let json: Value = serde_json::from_str(text).ok()?;
        let has = |name: &str| json.get(name).is_some();
        let media_type = json.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if has("base64Signature") {
            Some(Self::OldBundle)
        } else if media_type.contains("trustedroot") {
            Some(Self::TrustedRoot)
        } else if has("payloadType") && has("signatures") {
            Some(Self::Envelope)
        } else {
            None
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::OldBundle => "a bundle of cosign's old format, which has no inclusion proof",
            Self::Signature => "a signature alone: nothing in it says who signed, or when",
            Self::Pem => "a certificate or a key",
            Self::Envelope => "a DSSE envelope alone: nothing in it says who signed, or when",
            Self::TrustedRoot => "a trusted root",
        }
    }

    fn hint(self, bundle: &Path, artifact: &Artifact) -> String {
        let (old, file) = (bundle.display(), artifact);
        match self {
            Self::OldBundle => format!(
                "siglite bundle create --artifact {file} --bundle {old} --rekor-url LOG --out \
                 {file}.sigstore.json makes a bundle of it, with the proof of the log that has it"
            ),
            Self::Signature => format!(
                "siglite bundle create --artifact {file} --signature {old} --certificate CERT (or \
                 --key KEY) --rekor-url LOG --out {file}.sigstore.json puts the pieces together"
            ),
            Self::Envelope => format!(
                "siglite bundle create --artifact {file} --attestation {old} --certificate CERT \
                 (or --key KEY) --rekor-url LOG --out {file}.sigstore.json puts the pieces together"
            ),
            Self::Pem => {
                format!("--key {old} names a key; --bundle names a bundle, FILE.sigstore.json")
            }
            Self::TrustedRoot => {
                format!(
                    "--trusted-root {old} names it; --bundle names a bundle, FILE.sigstore.json"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_mistaken_for_bundles_are_known() {
        let signature = "MEUCIQ".repeat(16);
        for (text, expected) in [
            (r#"{"base64Signature":"MEUC","cert":"LS0t"}"#, Some(Other::OldBundle)),
            (signature.as_str(), Some(Other::Signature)),
            ("-----BEGIN PUBLIC KEY-----\n", Some(Other::Pem)),
            (r#"{"payload":"e30=","payloadType":"x","signatures":[]}"#, Some(Other::Envelope)),
            (
                r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
                Some(Other::TrustedRoot),
            ),
            ("{}", None),
            ("MEUC", None),
        ] {
            assert_eq!(Other::recognise(text), expected, "{text}");
        }
    }
}
