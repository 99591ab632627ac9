//! What an accepted bundle says to a person: who signed, who vouched, when, and where it is logged.

use lite_bundle::Bundle;
use lite_time::Time;
use lite_verifier::Report;
use sha2::{Digest, Sha256};

use super::scene::Scene;
use super::words;
use crate::failure::Outcome;

/// What an accepted bundle says to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Who signed: an identity, or a key by the SHA-256 of its SPKI.
    pub(crate) signer: String,
    /// Who vouched for the identity.
    pub(crate) issuer: Option<String>,
    /// When it was signed, where somebody trusted says so.
    pub(crate) time: Option<Time>,
    /// The log's name and the index of the entry.
    pub(crate) logged: Option<(String, u64)>,
    /// The statement's predicate type, for attestations.
    pub(crate) predicate_type: Option<String>,
}

/// What the report proves, or its first refusal in words.
pub(crate) fn accepted(report: &Report, json: &[u8]) -> Outcome<Accepted> {
    accepted_in(&Scene::default(), report, json)
}

pub(super) fn accepted_in(scene: &Scene, report: &Report, json: &[u8]) -> Outcome<Accepted> {
    match Bundle::parse(json) {
        Ok(bundle) => told(scene, report, &bundle),
        // Nothing is proven of what does not parse, and the report says so.
        Err(_) => Err(words::no_proof(report, scene)),
    }
}

/// The same, where the bundle is read already.
pub(crate) fn told(scene: &Scene, report: &Report, bundle: &Bundle) -> Outcome<Accepted> {
    let Some(verified) = report.verified() else {
        return Err(words::no_proof(report, scene));
    };
    let logged = bundle.entries.first().map(|entry| {
        let checkpoint = entry.inclusion_proof.as_ref();
        let checkpoint = checkpoint.and_then(|proof| proof.checkpoint.as_ref());
        let origin = checkpoint.and_then(|text| text.lines().next().map(str::to_owned));
        (origin.unwrap_or_else(|| "the log".to_owned()), entry.log_index)
    });
    let name = verified.certificate.as_ref().and_then(|certificate| {
        certificate.alt_names().first().and_then(|name| name.as_text()).map(str::to_owned)
    });
    let issuer = verified.certificate.as_ref().and_then(|c| c.fulcio().issuer().map(str::to_owned));
    Ok(Accepted {
        signer: name.unwrap_or_else(|| {
            format!("key sha256:{}", hex::encode(Sha256::digest(verified.key.spki_der())))
        }),
        issuer,
        time: verified.times.first().map(|time| time.at),
        logged,
        predicate_type: verified.statement.as_ref().map(|s| s.predicate_type.clone()),
    })
}

impl Accepted {
    /// One line for people.
    pub(crate) fn sentence(&self) -> String {
        let issuer = self.issuer.as_ref().map(|issuer| format!(" ({issuer})"));
        let time = self.time.map(|time| format!(" at {}", time.to_rfc3339()));
        let entry = self.logged.as_ref().map(|(log, index)| format!(", entry {index} of {log}"));
        let parts = [issuer, time, entry].map(Option::unwrap_or_default);
        format!("by {}{}", self.signer, parts.concat())
    }

    /// Labelled values.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("signer", self.signer.clone())];
        fields.extend(self.issuer.clone().map(|issuer| ("issuer", issuer)));
        fields.extend(self.time.map(|time| ("time", time.to_rfc3339())));
        if let Some((origin, index)) = &self.logged {
            fields.push(("log", origin.clone()));
            fields.push(("logIndex", index.to_string()));
        }
        fields.extend(self.predicate_type.clone().map(|kind| ("predicateType", kind)));
        fields
    }

    /// The same as an object.
    pub(crate) fn json(&self) -> serde_json::Value {
        let fields = self.fields().into_iter();
        fields
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// The same as lines.
    pub(crate) fn lines(&self) -> String {
        let fields = self.fields().into_iter();
        let lines: Vec<_> =
            fields.map(|(name, value)| format!("{:15}{value}", format!("{name}:"))).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_who_when_and_where() {
        let accepted = Accepted {
            signer: "alice@example.org".to_owned(),
            issuer: Some("http://localhost:7070/oidc".to_owned()),
            time: Some(Time::from_secs(0)),
            logged: Some(("localhost".to_owned(), 7)),
            predicate_type: None,
        };
        assert_eq!(
            accepted.sentence(),
            "by alice@example.org (http://localhost:7070/oidc) at 1970-01-01T00:00:00Z, \
             entry 7 of localhost"
        );
        assert_eq!(accepted.json()["logIndex"], "7");
    }
}
