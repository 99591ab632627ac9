//! What the strict reader of each format says: the one that commands use before they verify.

use lite_bundle::trust::{ClientTrustConfig, SigningConfig, TrustedRoot};
use lite_bundle::{Bundle, Envelope, Statement, TransparencyLogEntry};
use lite_oci::{Manifest, SimpleSigning};
use lite_tuf::{Root, Signed, Snapshot, Targets, Timestamp};

use crate::kind::Kind;

/// Why a document would be refused before anything of it is verified; `None` where it would not
/// be, or where no command reads such a document.
pub(crate) fn refusal(kind: Kind, json: &[u8]) -> Option<String> {
    match kind {
        Kind::Bundle => told(Bundle::parse(json)),
        Kind::TrustedRoot => told(TrustedRoot::parse(json)),
        Kind::SigningConfig => told(SigningConfig::parse(json)),
        Kind::ClientTrustConfig => told(ClientTrustConfig::parse(json)),
        Kind::LogEntry => told(TransparencyLogEntry::parse(json)),
        Kind::Envelope => told(Envelope::parse(json)),
        Kind::Statement => told(Statement::parse(json)),
        Kind::ImageManifest | Kind::ImageIndex => told(Manifest::parse(json, None)),
        Kind::SimpleSigning => told(SimpleSigning::parse(json)),
        Kind::TufRoot => told(Signed::<Root>::parse(json)),
        Kind::TufTargets => told(Signed::<Targets>::parse(json)),
        Kind::TufSnapshot => told(Signed::<Snapshot>::parse(json)),
        Kind::TufTimestamp => told(Signed::<Timestamp>::parse(json)),
        _ => None,
    }
}

fn told<T, E: std::error::Error>(read: Result<T, E>) -> Option<String> {
    let error = read.err()?;
    let mut text = format!("siglite would refuse it: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    Some(text)
}
