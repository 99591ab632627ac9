//! Every word with which a bundle can be refused.

use std::fmt::{self, Write as _};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::report::Step;

/// Why a bundle is refused: a word, what was expected, what was found, and what came nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The word.
    pub reason: Reason,
    /// What would have been accepted.
    pub expected: String,
    /// What is there instead.
    pub found: String,
    /// What did fit, or by how much the rest did not; `None` where that would help nobody. It may
    /// hold text of the bundle: whoever prints it keeps it to one line.
    pub nearest: Option<String>,
}

impl Refusal {
    pub(crate) fn new(
        reason: Reason,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self { reason, expected: expected.to_string(), found: found.to_string(), nearest: None }
    }

    /// The same with its nearest miss, where there is one.
    pub(crate) fn near(self, nearest: Option<String>) -> Self {
        Self { nearest: nearest.or(self.nearest), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (expected, found) = (OneLine(&self.expected), OneLine(&self.found));
        write!(f, "{}: expected {expected}, found {found}", self.reason)
    }
}

/// A text from who knows where, so that it cannot look like the line below it.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => f.write_char(c),
        })
    }
}

impl std::error::Error for Refusal {}

/// `{"reason": code, "message": …, "step": name, "expected": …, "found": …, "nearest": …,
/// "attack": …}`; `nearest` may be null.
impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut refusal = serializer.serialize_struct("Refusal", 7)?;
        refusal.serialize_field("reason", self.reason.code())?;
        refusal.serialize_field("message", self.reason.message())?;
        refusal.serialize_field("step", self.reason.step().name())?;
        refusal.serialize_field("expected", &self.expected)?;
        refusal.serialize_field("found", &self.found)?;
        refusal.serialize_field("nearest", &self.nearest)?;
        refusal.serialize_field("attack", self.reason.attack())?;
        refusal.end()
    }
}

/// One table holds the words, so that none can lack its step, code or sentence.
macro_rules! reasons {
    ($($step:ident { $($(#[$doc:meta])* $name:ident $code:literal $message:literal,)+ })+) => {
        /// The word of a [`Refusal`]. Codes are stable: programs may compare them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $message] $(#[$doc])* $name,)+)+
        }

        impl Reason {
            /// All words, in the order of the steps.
            pub const ALL: &[Self] = &[$($(Self::$name,)+)+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $($(Self::$name => $code,)+)+ }
            }

            /// The step that refuses with this word.
            #[must_use]
            pub const fn step(self) -> Step {
                match self { $($(Self::$name => Step::$step,)+)+ }
            }

            /// One sentence, lower case, without a full stop.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $($(Self::$name => $message,)+)+ }
            }
        }
    };
}

reasons! {
    Bundle {
        BundleMalformed "bundle-malformed" "the bundle does not parse",
        BundleVersionUnknown "bundle-version-unknown" "the bundle is of no known version",
        BundleChainEmpty "bundle-chain-empty" "the bundle's certificate chain is empty",
        BundleTooLarge "bundle-too-large" "the bundle has too many or too long members",
        ArtifactMissing "artifact-missing" "there is no digest of the artifact to verify against",
    }
    Times {
        IntegratedTimeInV2 "integrated-time-in-v2" "an entry of a v2 log carries an integrated time, which nothing signs",
        TimeMissing "time-missing" "not enough authorities say when the signature was made",
        TimestampDuplicate "timestamp-duplicate" "the bundle holds the same timestamp twice",
        TimestampMalformed "timestamp-malformed" "a timestamp does not parse",
        TimestampAuthorityUnknown "timestamp-authority-unknown" "no timestamp authority of the trusted root made this timestamp",
        TimestampAuthorityWindow "timestamp-authority-window" "the timestamp authority was not trusted at that time",
        TimestampChain "timestamp-chain" "the timestamp's certificate does not lead to the authority at that time",
        TimestampImprint "timestamp-imprint" "the timestamp is over another signature",
        TimestampSignature "timestamp-signature" "the timestamp's own signature does not verify",
    }
    Chain {
        CertificateMissing "certificate-missing" "an identity is expected and a key signed",
        CertificateMalformed "certificate-malformed" "the certificate does not parse, or its key is of no known kind",
        ChainHoldsRoot "chain-holds-root" "the bundle brings a root certificate of its own",
        ChainHoldsStranger "chain-holds-stranger" "the bundle's chain holds a certificate that is not part of the path",
        CertificateAuthorityUnknown "certificate-authority-unknown" "no certificate authority of the trusted root issued this certificate",
        CertificateAuthorityWindow "certificate-authority-window" "the certificate authority was not trusted at the time of signing",
        ChainInvalid "chain-invalid" "the certificate's chain is not valid at the time of signing",
    }
    Sct {
        SctMissing "sct-missing" "not enough CT logs promised to hold the certificate",
        SctMalformed "sct-malformed" "the certificate's SCTs do not parse",
        SctLogUnknown "sct-log-unknown" "no CT log of the trusted root made this SCT",
        SctLogWindow "sct-log-window" "the CT log was not trusted at the time of the SCT",
        SctSignature "sct-signature" "an SCT's signature does not verify",
    }
    Identity {
        SignerIsCertificate "signer-is-certificate" "a key is expected and a certificate signed",
        IdentityMismatch "identity-mismatch" "somebody else signed",
        IssuerMismatch "issuer-mismatch" "another issuer vouched for the signer",
        ClaimMismatch "claim-mismatch" "the certificate says something else about the signer",
    }
    Inclusion {
        EntryMissing "entry-missing" "not enough logs hold the signature",
        EntryDuplicate "entry-duplicate" "the bundle holds the same log entry twice",
        LogUnknown "log-unknown" "no log of the trusted root has this log ID",
        LogWindow "log-window" "the log was not trusted at the time of signing",
        LogWindowMissing "log-window-missing" "the trusted root does not say from when on it trusts the log",
        InclusionProofMissing "inclusion-proof-missing" "the entry has no inclusion proof",
        InclusionProofInvalid "inclusion-proof-invalid" "the inclusion proof does not lead to its root hash",
        LogIndexMismatch "log-index-mismatch" "the entry and its proof name different indexes",
        CheckpointMissing "checkpoint-missing" "the inclusion proof has no checkpoint",
        CheckpointMalformed "checkpoint-malformed" "the checkpoint does not parse",
        CheckpointOrigin "checkpoint-origin" "the checkpoint is of another log",
        CheckpointUnsigned "checkpoint-unsigned" "the log did not sign the checkpoint",
        CheckpointSignature "checkpoint-signature" "the log's signature on the checkpoint does not verify",
        CheckpointMismatch "checkpoint-mismatch" "the checkpoint is of another tree than the proof",
    }
    Set {
        SetMissing "set-missing" "the entry has no SET, which this version of the bundle requires",
        SetInV2 "set-in-v2" "an entry of a v2 log carries an inclusion promise, which such logs do not make",
        SetSignature "set-signature" "the SET does not verify",
    }
    Validity {
        TimeOutsideCertificate "time-outside-certificate" "the signature was made outside the certificate's validity",
    }
    Signature {
        ArtifactDigestUnavailable "artifact-digest-unavailable" "the digest that the signature is over is not known",
        ArtifactMismatch "artifact-mismatch" "another artifact was signed",
        MessageDigestMismatch "message-digest-mismatch"
            "the bundle names another digest than the one that is signed",
        PayloadTypeUnknown "payload-type-unknown" "the envelope holds no in-toto statement",
        PredicateTypeMismatch "predicate-type-mismatch" "the attestation is of another type",
        SignatureInvalid "signature-invalid" "the signature does not verify",
        StatementMalformed "statement-malformed" "the in-toto statement does not parse",
        SubjectMismatch "subject-mismatch" "the attestation is about other artifacts",
    }
    Entry {
        EntryKindUnknown "entry-kind-unknown" "the entry is of an unknown kind, or of one that does not fit the bundle",
        EntryMalformed "entry-malformed" "the entry does not parse",
        EntryArtifactMismatch "entry-artifact-mismatch" "the log holds a signature over another artifact",
        EntryPayloadMismatch "entry-payload-mismatch" "the log holds another envelope",
        EntrySignatureMismatch "entry-signature-mismatch" "the log holds another signature",
        EntryVerifierMismatch "entry-verifier-mismatch" "the log holds another certificate or key",
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_tell_the_words_apart() {
        let mut codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert!(codes.iter().all(|code| {
            code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
    }
}
