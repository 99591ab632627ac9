//! (2) Did a CT log promise to hold the certificate?

use lite_pki::sct::SctVerifyError;
use lite_pki::{Certificate, CtEntry, Sct, SctList};

use super::{Passed, short};
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;
use crate::trust::{Log, Trust, show};

/// Verifies the embedded SCTs, of which `min` logs must have made one.
///
/// Every SCT of a known log must verify. One of an unknown log is not evidence and no offence: the
/// CA signed it into the certificate, and not who hands us the bundle.
pub(crate) fn verify(
    leaf: &Certificate,
    issuer: &Certificate,
    trust: &Trust,
    min: usize,
) -> Passed<()> {
    let malformed =
        |error: &dyn std::fmt::Display| Refusal::new(Reason::SctMalformed, "embedded SCTs", error);
    let list = match SctList::of_certificate(leaf) {
        Ok(list) => list,
        Err(lite_pki::sct::SctError::Missing) => {
            return Err(Refusal::new(Reason::SctMissing, format!("{min} SCTs"), "none"));
        }
        Err(error) => return Err(malformed(&error)),
    };
    let entry = CtEntry::of_certificate(leaf, issuer).map_err(|error| malformed(&error))?;
    let mut logs: Vec<[u8; 32]> = Vec::new();
    let mut evidence = Evidence::default();
    let mut nearest = None;
    for sct in &list.0 {
        match find(sct, trust) {
            Ok(log) => {
                check(sct, log, &entry)?;
                if !logs.contains(&sct.log_id) {
                    logs.push(sct.log_id);
                }
                evidence.add("ct log", &log.base_url);
                evidence.add("promised at", sct.time());
            }
            Err(refusal) => nearest = nearest.or(Some(refusal)),
        }
    }
    if logs.len() >= min {
        return Ok(((), evidence));
    }
    let missing = Refusal::new(
        Reason::SctMissing,
        format!("SCTs of {min} logs"),
        format!("{} of known logs", logs.len()),
    );
    Err(nearest.unwrap_or(missing))
}

fn find<'a>(sct: &Sct, trust: &'a Trust) -> Result<&'a Log, Refusal> {
    let mut named = trust.ctlogs.iter().filter(|log| log.id == sct.log_id).peekable();
    let Some(first) = named.peek().copied() else {
        let known: Vec<String> = trust.ctlogs.iter().map(|log| short(&log.id)).collect();
        return Err(Refusal::new(
            Reason::SctLogUnknown,
            format!("one of the CT logs {}", known.join(", ")),
            short(&sct.log_id),
        )
        .near(near::logs::of_sct(&sct.log_id, trust)));
    };
    named.find(|log| log.is_trusted_at(sct.time())).ok_or_else(|| {
        Refusal::new(
            Reason::SctLogWindow,
            format!("{} between {}", first.base_url, show(first.window.as_ref())),
            sct.time(),
        )
        .near(near::outside_window(sct.time(), first.window.as_ref()))
    })
}

fn check(sct: &Sct, log: &Log, entry: &CtEntry) -> Result<(), Refusal> {
    sct.verify(&log.key, entry).map_err(|error| {
        let found = match error {
            SctVerifyError::Log => {
                "a key in the trusted root that does not have this log ID".to_owned()
            }
            other => other.to_string(),
        };
        Refusal::new(Reason::SctSignature, format!("a signature of {}", log.base_url), found)
    })
}
