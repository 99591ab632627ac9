//! (0) When was the signature made, and who says so?

use lite_bundle::Bundle;
use lite_pki::chain::ChainError;
use lite_pki::timestamp::{TimestampError, TimestampResponse};
use lite_time::Time;

use super::{Passed, is_v2};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::report::{Evidence, TimeSource, TrustedTime};
use crate::trust::{StampingAuthority, Trust, show};

/// Collects the trusted times: RFC 3161 timestamps over the signature, verified here, and the
/// integrated times of v1 entries, which step (5) authenticates.
pub(crate) fn establish(
    bundle: &Bundle,
    trust: &Trust,
    policy: &Policy,
) -> Passed<Vec<TrustedTime>> {
    let mut times = Vec::new();
    let mut evidence = Evidence::default();
    for (index, der) in bundle.timestamps.iter().enumerate() {
        // Two copies would count twice in a reader's eyes.
        if bundle.timestamps.iter().take(index).any(|earlier| earlier == der) {
            return Err(Refusal::new(
                Reason::TimestampDuplicate,
                "each timestamp once",
                format!("number {index} again"),
            ));
        }
        let (time, authority) = timestamp(der, bundle.content.signature(), trust)?;
        evidence.add("timestamp", time);
        evidence.add("by", authority.name());
        times.push(TrustedTime {
            at: time,
            source: TimeSource::Timestamp { authority: authority.index },
        });
    }
    for entry in &bundle.entries {
        if let Some(secs) = entry.integrated_time {
            if is_v2(entry) {
                let at = Time::from_secs(secs);
                return Err(Refusal::new(Reason::IntegratedTimeInV2, "no integrated time", at));
            }
            // Without a SET nothing signs it, and without the log nothing checks the SET.
            if entry.inclusion_promise.is_some() && !policy.insecure.insecure_skip_log {
                let at = Time::from_secs(secs);
                evidence.add("integrated time", at);
                times.push(TrustedTime {
                    at,
                    source: TimeSource::IntegratedTime { log_id: entry.log_id.clone() },
                });
            }
        }
    }
    let assumed = policy.insecure.insecure_assume_time.filter(|_| times.is_empty());
    if let Some(at) = assumed {
        evidence.add("assumed time (insecure)", at);
        times.push(TrustedTime { at, source: TimeSource::Assumed });
    }
    let (found, wanted) = (distinct(&times), policy.required_times());
    if found < wanted && assumed.is_none() {
        let expected = format!("times from {wanted} authorities or v1 logs");
        return Err(Refusal::new(Reason::TimeMissing, expected, format!("times from {found}")));
    }
    if times.is_empty() {
        evidence.add("times", "none, and a managed key needs none");
    }
    Ok((times, evidence))
}

/// How many authorities and logs speak; one that speaks twice counts once.
fn distinct(times: &[TrustedTime]) -> usize {
    let first = |(index, time): &(usize, &TrustedTime)| {
        times.iter().take(*index).all(|other| other.source != time.source)
    };
    times.iter().enumerate().filter(first).count()
}

/// The time of one timestamp, and the authority that made it.
fn timestamp<'a>(
    der: &[u8],
    signature: &[u8],
    trust: &'a Trust,
) -> Result<(Time, &'a StampingAuthority), Refusal> {
    let response = TimestampResponse::from_der(der).map_err(|error| {
        Refusal::new(Reason::TimestampMalformed, "a granted TimeStampResp", error)
    })?;
    let names: Vec<&str> =
        trust.timestamp_authorities.iter().map(StampingAuthority::name).collect();
    let mut nearest = Refusal::new(
        Reason::TimestampAuthorityUnknown,
        if names.is_empty() {
            "a trusted root with timestamp authorities".to_owned()
        } else {
            names.join(", ")
        },
        "another authority's timestamp",
    );
    for authority in &trust.timestamp_authorities {
        match response.verify_with(&authority.links, signature, &authority.trusted) {
            Ok(verified) => return Ok((verified.time, authority)),
            Err(error) => {
                if let Some(refusal) = explain(&error, authority, response.unverified_time()) {
                    nearest = refusal;
                }
            }
        }
    }
    Err(nearest)
}

/// What an error says; `None` where it only says that another authority made the timestamp.
fn explain(error: &TimestampError, authority: &StampingAuthority, at: Time) -> Option<Refusal> {
    let name = authority.name();
    Some(match error {
        TimestampError::UnknownSigner
        | TimestampError::OtherSigner
        | TimestampError::Chain(ChainError::UnknownIssuer) => return None,
        TimestampError::Imprint => Refusal::new(
            Reason::TimestampImprint,
            "a timestamp over this signature",
            "one over other bytes",
        ),
        TimestampError::Window => Refusal::new(
            Reason::TimestampAuthorityWindow,
            format!("{name} between {}", show(Some(&authority.window))),
            at,
        ),
        TimestampError::Chain(error) => {
            Refusal::new(Reason::TimestampChain, format!("a valid chain to {name} at {at}"), error)
        }
        error => Refusal::new(Reason::TimestampSignature, format!("a signature of {name}"), error),
    })
}
