//! (0) When was the signature made, and who says so?

use lite_bundle::{Bundle, Content};
use lite_pki::chain::ChainError;
use lite_pki::timestamp::{TimestampError, TimestampResponse};
use lite_time::Time;

use super::{Passed, is_v2};
use crate::near;
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
        let (time, authority) = timestamp(der, bundle, trust)?;
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
        let refusal = Refusal::new(Reason::TimeMissing, expected, format!("times from {found}"));
        return Err(refusal.near(uncounted(bundle, policy)));
    }
    if times.is_empty() {
        evidence.add("times", "none, and a managed key needs none");
    }
    Ok((times, evidence))
}

/// A time that is there and does not count.
fn uncounted(bundle: &Bundle, policy: &Policy) -> Option<String> {
    let stated = bundle.entries.iter().find_map(|entry| Some((entry, entry.integrated_time?)));
    match stated {
        Some((entry, secs)) => {
            let why = match entry.inclusion_promise {
                Some(_) if policy.insecure.insecure_skip_log => "the log is not asked",
                _ => "no SET signs it",
            };
            let at = Time::from_secs(secs);
            Some(format!("the log entry says {at}, which does not count: {why}"))
        }
        None => bundle.entries.iter().any(is_v2).then(|| {
            "a v2 log signs no time: with one, a timestamp authority must say when".to_owned()
        }),
    }
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
    bundle: &Bundle,
    trust: &'a Trust,
) -> Result<(Time, &'a StampingAuthority), Refusal> {
    let content = &bundle.content;
    let response = TimestampResponse::from_der(der).map_err(|error| {
        Refusal::new(Reason::TimestampMalformed, "a granted TimeStampResp", error)
    })?;
    let mut nearest = None;
    for authority in &trust.timestamp_authorities {
        match response.verify_with(&authority.links, content.signature(), &authority.trusted) {
            Ok(verified) => return Ok((verified.time, authority)),
            Err(error) => {
                if let Some(refusal) = explain(&error, authority, &response, content) {
                    nearest = Some(refusal);
                }
            }
        }
    }
    Err(nearest.unwrap_or_else(|| unknown(&response, bundle, trust)))
}

/// The refusal where no authority says that the timestamp is its own.
fn unknown(response: &TimestampResponse, bundle: &Bundle, trust: &Trust) -> Refusal {
    let names: Vec<&str> =
        trust.timestamp_authorities.iter().map(StampingAuthority::name).collect();
    let expected = match names.as_slice() {
        [] => "a trusted root with timestamp authorities".to_owned(),
        names => names.join(", "),
    };
    let (found, nearest) = near::certificates::stamper(response, trust);
    let nearest = nearest.into_iter().chain(near::logs::stranger(bundle, trust));
    let nearest: Vec<String> = nearest.collect();
    Refusal::new(Reason::TimestampAuthorityUnknown, expected, found)
        .near((!nearest.is_empty()).then(|| nearest.join("; ")))
}

/// What an error says; `None` where it only says that another authority made the timestamp.
fn explain(
    error: &TimestampError,
    authority: &StampingAuthority,
    response: &TimestampResponse,
    content: &Content,
) -> Option<Refusal> {
    let at = response.unverified_time();
    let name = authority.name();
    Some(match error {
        TimestampError::UnknownSigner
        | TimestampError::OtherSigner
        | TimestampError::Chain(ChainError::UnknownIssuer) => return None,
        TimestampError::Imprint => imprint(response, content),
        TimestampError::Window => Refusal::new(
            Reason::TimestampAuthorityWindow,
            format!("{name} between {}", show(Some(&authority.window))),
            at,
        )
        .near(near::outside_window(at, Some(&authority.window))),
        TimestampError::Chain(error) => {
            let expected = format!("a valid chain to {name} at {at}");
            let outside = authority.trusted.chain.iter().find_map(|certificate| {
                let by = near::outside(
                    at,
                    Some(certificate.not_before()),
                    Some(certificate.not_after()),
                );
                let whose = near::certificates::called(&certificate.subject());
                by.map(|by| format!("of the certificate of {whose}, {by}"))
            });
            Refusal::new(Reason::TimestampChain, expected, error).near(outside)
        }
        error => Refusal::new(Reason::TimestampSignature, format!("a signature of {name}"), error),
    })
}

/// A timestamp of something else: often of the artifact, by who took the signature for it.
fn imprint(response: &TimestampResponse, content: &Content) -> Refusal {
    let (hash, found) = response.imprint();
    let show = |digest: &[u8]| format!("{}:{}", hash.short_name(), hex::encode(digest));
    let stamped = |what: &str| format!("it was made over {what}, and not over its signature");
    let nearest = match content {
        Content::Message(message) => {
            let artifact = message.digest.as_ref().is_some_and(|(_, digest)| digest == found);
            artifact.then(|| stamped("the artifact"))
        }
        Content::Dsse(envelope) if hash.digest(&envelope.payload) == found => {
            Some(stamped("the statement"))
        }
        Content::Dsse(envelope) => {
            (hash.digest(&envelope.pae()) == found).then(|| stamped("the envelope"))
        }
    };
    let expected =
        format!("a timestamp over this signature, {}", show(&hash.digest(content.signature())));
    Refusal::new(Reason::TimestampImprint, expected, show(found)).near(nearest)
}
