//! What a refusal teaches: what an attacker could have done to cause it, and what helps.
//!
//! The table is a `match` over every word, so that none can lack its lesson.

use crate::reason::Reason;

/// What kind of thing helps after a refusal. Whoever talks to people makes a command of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Help {
    /// Name the file that was signed, or the bundle of this file.
    Artifact,
    /// Fetch the bundle again from who made it.
    Bundle,
    /// Say who must have signed: the name in the certificate.
    Identity,
    /// Look at what the bundle says, without believing it.
    Inspect,
    /// Say who must have vouched for the signer.
    Issuer,
    /// Say with which key it must have been signed.
    Key,
    /// Ask the log whether it still serves the tree that it signed.
    Log,
    /// Say of which type the attestation must be.
    PredicateType,
    /// Sign it again.
    Sign,
    /// Say which identity must have signed, rather than which key.
    Signer,
    /// Fetch, or name, the trust of the instance where it was signed.
    Trust,
}

macro_rules! lessons {
    ($($reason:ident $help:ident $attack:literal,)+) => {
        impl Reason {
            /// What an attacker could have done to cause this refusal, or that it is most likely no
            /// attack. One sentence with a capital letter and a full stop.
            #[must_use]
            pub const fn attack(self) -> &'static str {
                match self { $(Self::$reason => $attack,)+ }
            }

            /// What helps.
            #[must_use]
            pub const fn help(self) -> Help {
                match self { $(Self::$reason => Help::$help,)+ }
            }
        }
    };
}

lessons! {
    BundleMalformed Bundle "Most likely none: the file was cut off or is no bundle; bytes made to confuse a parser look the same.",
    BundleVersionUnknown Bundle "Somebody could claim a version whose checks no verifier knows, and hope that they are left out.",
    BundleChainEmpty Bundle "Somebody could take the certificate away, and hope that a signature without a signer is let through.",
    BundleTooLarge Bundle "Somebody could send a bundle that costs the verifier its memory or its time.",
    ArtifactMissing Artifact "None: the verifier was given nothing to hold the signature against.",

    IntegratedTimeInV2 Bundle "Somebody could write any time here, such as one when a stolen certificate was still valid: nothing signs it.",
    TimeMissing Sign "Somebody who found an old signing key could have signed today, and left out whatever would show the day.",
    TimestampDuplicate Bundle "Somebody could show one timestamp twice, to look like two authorities.",
    TimestampMalformed Bundle "Most likely none: the timestamp was damaged, or is no answer of an authority.",
    TimestampAuthorityUnknown Trust "Somebody could run an authority of their own and stamp any time they like, to make a late signature look early.",
    TimestampAuthorityWindow Trust "Somebody who stole the key of a retired authority could still stamp with it.",
    TimestampChain Trust "Somebody could stamp with a certificate that expired or was never meant for timestamps.",
    TimestampImprint Bundle "Somebody could move an early timestamp of another signature here, to make a late signature look early.",
    TimestampSignature Bundle "Somebody could have changed the time in a real timestamp, and could not sign it again.",

    CertificateMissing Key "Somebody could sign with a key of their own, and hope that nobody asks whose it is.",
    CertificateMalformed Inspect "Most likely none: the certificate was damaged, or its key is of a kind that is not accepted.",
    ChainHoldsRoot Bundle "Somebody could make an authority of their own and bring its root along, to be believed on their own word.",
    ChainHoldsStranger Bundle "Somebody could hide a certificate here that another program would take for the signer's.",
    CertificateAuthorityUnknown Trust "Anybody can make an authority that certifies them as you: this is what such a certificate looks like.",
    CertificateAuthorityWindow Trust "Somebody who stole the key of a retired authority could still issue certificates with it.",
    ChainInvalid Inspect "Somebody with an ordinary certificate could try to issue others with it, which it does not allow.",

    SctMissing Inspect "An authority that was broken into could issue certificates in secret: without a CT log, nobody would notice.",
    SctMalformed Inspect "Most likely none: the authority wrote SCTs that cannot be read.",
    SctLogUnknown Trust "A dishonest authority could promise publication in a CT log of its own, which nobody watches.",
    SctLogWindow Trust "Somebody who stole the key of a retired CT log could promise what it will never publish.",
    SctSignature Inspect "Somebody could move the promise for another certificate here, so that this one is published nowhere.",

    SignerIsCertificate Signer "Somebody could sign as themselves, and hope that a verifier with a key does not ask who it was.",
    IdentityMismatch Identity "Anybody can sign with their own name: a genuine signature of a stranger looks exactly like this.",
    IssuerMismatch Issuer "Somebody could open an account under your name at another issuer, and sign with that.",
    ClaimMismatch Inspect "Somebody who may change the repository could sign from another branch, workflow or trigger than the one you trust.",

    EntryMissing Sign "Somebody who stole a key could sign without leaving a trace in a log that its owner watches.",
    EntryDuplicate Bundle "Somebody could show one entry twice, to look like two logs.",
    LogUnknown Trust "Somebody could run a log of their own that shows this entry to you alone.",
    LogWindow Trust "Somebody who stole the key of a retired log could add entries to a tree that nobody watches any more.",
    LogWindowMissing Trust "None: the trusted root is incomplete, and a log without a start is never trusted.",
    InclusionProofMissing Bundle "Somebody could take the proof away, because the log does not hold the entry.",
    InclusionProofInvalid Log "Somebody could show an entry that the log does not hold, with the proof of another.",
    LogIndexMismatch Bundle "Somebody could point at another entry than the proven one, to mislead who looks it up.",
    CheckpointMissing Bundle "Somebody could prove the entry in a tree of their own making: without the log's signature any tree will do.",
    CheckpointMalformed Bundle "Most likely none: the checkpoint was damaged; bytes made to confuse a parser look the same.",
    CheckpointOrigin Trust "Somebody could pass off the checkpoint of a log that they control for that of a trusted one.",
    CheckpointUnsigned Trust "Somebody could invent a tree that holds the entry, and could not sign it as the log.",
    CheckpointSignature Log "Somebody could have changed the size or the root hash of a real checkpoint, and could not sign it again.",
    CheckpointMismatch Log "Somebody could prove the entry in one tree and show the log's signature on another.",

    SetMissing Bundle "Somebody could take the promise away, because the log never made it: here nothing else shows that it holds the entry.",
    SetInV2 Bundle "Somebody could hope that a verifier takes an invented promise for the proof.",
    SetSignature Bundle "Somebody could have changed the index or the time that the log promised, and could not sign it again.",

    TimeOutsideCertificate Sign "Somebody who found the key after its certificate ended could have signed with it; or a clock was wrong.",

    ArtifactDigestUnavailable Artifact "None: the signature is over a digest of another kind than the one that was given.",
    ArtifactMismatch Artifact "Somebody could have changed the file after it was signed, or put another in its place.",
    MessageDigestMismatch Bundle "Somebody could have changed the digest in the bundle, to mislead who reads it instead of verifying it.",
    PayloadTypeUnknown Inspect "Somebody could pass off another document of the same signer for an attestation.",
    PredicateTypeMismatch PredicateType "Somebody could pass off one true statement for another, such as a failed test for a passed one.",
    SignatureInvalid Artifact "Somebody could have changed the file or the signature, or signed with another key than the one that is named.",
    StatementMalformed Inspect "Most likely none: the signer's tool wrote a statement that cannot be read.",
    SubjectMismatch Artifact "Somebody could put a true attestation about another artifact beside this one.",

    EntryKindUnknown Inspect "Somebody could log something of another kind, which says less than this bundle claims.",
    EntryMalformed Bundle "Most likely none: the entry was damaged, or the log wrote it in a form that is not its own.",
    EntryArtifactMismatch Bundle "Somebody could sign in secret, and show the log entry of another artifact instead.",
    EntryPayloadMismatch Bundle "Somebody could log a harmless envelope, and show the harmful one only to you.",
    EntrySignatureMismatch Bundle "Somebody could sign twice, log one signature and show the other.",
    EntryVerifierMismatch Bundle "Somebody could hide who signed from those who watch the log: it names another certificate or key.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_is_a_sentence_of_its_own() {
        let mut seen = Vec::new();
        for reason in Reason::ALL {
            let attack = reason.attack();
            assert!(attack.ends_with('.') && attack.starts_with(char::is_uppercase), "{attack}");
            assert!(!seen.contains(&attack), "said twice: {attack}");
            seen.push(attack);
        }
    }
}
