//! What a verifier asks for: who must have signed, with how much evidence.

use lite_keys::PublicKey;
use lite_pki::FulcioExtension;
use lite_time::Time;
use regex::Regex;

/// What a bundle must show to be accepted.
///
/// The defaults are the client specification's: one log entry, one SCT and, for certificates, one
/// trusted time. Thresholds count *distinct* logs and authorities, and can only be raised: a zero
/// counts as the default, and what leaves a check out is named in [`Insecure`].
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who must have signed.
    pub signer: SignerPolicy,
    /// Signature logs that must hold the signature.
    pub min_logs: usize,
    /// CT logs that must have promised to hold the certificate.
    pub min_scts: usize,
    /// Authorities that must say when the signature was made. `None`: one for certificates, none
    /// for keys, which do not expire.
    pub min_times: Option<usize>,
    /// What the attestation must be about; with it, a bundle that is no attestation is refused.
    pub predicate_type: Option<String>,
    /// Checks that are left out.
    pub insecure: Insecure,
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub enum SignerPolicy {
    /// The certificate is of any one of these.
    Identities(Vec<Identity>),
    /// This key.
    Key(Box<PublicKey>),
}

/// An identity: who, vouched for by which issuer of ID tokens.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate's name: email, URI or username.
    pub name: Matcher,
    /// The issuer of the ID token.
    pub issuer: Matcher,
    /// What else the certificate must say, all of it.
    pub claims: Vec<Claim>,
}

/// What one of Fulcio's extensions must say.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which extension.
    pub extension: FulcioExtension,
    /// What it says.
    pub value: Matcher,
}

/// A text that must be met: in full, always.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// This text.
    Exact(String),
    /// A text that the whole pattern describes from its first to its last character.
    Pattern {
        /// The pattern as it was given.
        text: String,
        /// The pattern between anchors.
        anchored: Box<Regex>,
    },
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("not a regular expression: {0}")]
pub struct PatternError(#[from] regex::Error);

/// Checks that are left out. Every field weakens the verdict, and its name says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Insecure {
    /// Accept certificates that no CT log promised to hold.
    pub insecure_skip_sct: bool,
    /// Accept signatures that no log holds. Integrated times do not count then.
    pub insecure_skip_log: bool,
    /// Believe that the signature was made at this time, where the bundle does not say.
    pub insecure_assume_time: Option<Time>,
}

impl Policy {
    /// Signed by this identity.
    #[must_use]
    pub fn identity(identity: Identity) -> Self {
        Self::identities(vec![identity])
    }

    /// Signed by any one of these identities. With none, nothing is accepted.
    #[must_use]
    pub fn identities(identities: Vec<Identity>) -> Self {
        Self::of(SignerPolicy::Identities(identities))
    }

    /// Signed with this key.
    #[must_use]
    pub fn key(key: PublicKey) -> Self {
        Self::of(SignerPolicy::Key(Box::new(key)))
    }

    fn of(signer: SignerPolicy) -> Self {
        Self {
            signer,
            min_logs: 1,
            min_scts: 1,
            min_times: None,
            predicate_type: None,
            insecure: Insecure::default(),
        }
    }

    /// A certificate is asked at a time, so one time is the least; only a key can do without.
    pub(crate) fn required_times(&self) -> usize {
        let least = match self.signer {
            SignerPolicy::Identities(_) => 1,
            SignerPolicy::Key(_) => 0,
        };
        self.min_times.unwrap_or(least).max(least)
    }

    /// Zero would leave the check out, and [`Insecure`] is the place to say so.
    pub(crate) fn required_logs(&self) -> usize {
        self.min_logs.max(1)
    }

    /// The same.
    pub(crate) fn required_scts(&self) -> usize {
        self.min_scts.max(1)
    }
}

impl Identity {
    /// This name, vouched for by this issuer.
    #[must_use]
    pub fn exact(name: &str, issuer: &str) -> Self {
        Self::new(Matcher::exact(name), Matcher::exact(issuer))
    }

    /// A name and an issuer.
    #[must_use]
    pub fn new(name: Matcher, issuer: Matcher) -> Self {
        Self { name, issuer, claims: Vec::new() }
    }

    /// And the certificate says this, too.
    #[must_use]
    pub fn with_claim(mut self, extension: FulcioExtension, value: Matcher) -> Self {
        self.claims.push(Claim { extension, value });
        self
    }
}

impl Matcher {
    /// This text.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self::Exact(text.to_owned())
    }

    /// Texts that the pattern describes in full.
    ///
    /// cosign's patterns match anywhere, so that `@example.com` also admits
    /// `me@example.com.evil.org`. Ours are anchored; who wants "anywhere" writes `.*`.
    pub fn pattern(text: &str) -> Result<Self, PatternError> {
        // The pattern must stand alone: `a)|(b` would otherwise break out of the group.
        Regex::new(text)?;
        let anchored = Regex::new(&format!(r"\A(?:{text})\z"))?;
        Ok(Self::Pattern { text: text.to_owned(), anchored: Box::new(anchored) })
    }

    /// Whether the whole of `text` is met.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == text,
            Self::Pattern { anchored, .. } => anchored.is_match(text),
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Pattern { text, .. } => write!(f, "/{text}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let matcher = Matcher::pattern(pattern).unwrap();
        for text in yes {
            assert!(matcher.matches(text), "/{pattern}/ should describe {text}");
        }
        for text in no {
            assert!(!matcher.matches(text), "/{pattern}/ should not describe {text}");
        }
    }

    #[test]
    fn a_pattern_describes_the_whole_text() {
        check(
            "a@example.com",
            &["a@example.com"],
            &["aa@example.com", "a@example.com.evil.org", ""],
        );
        check("a|b", &["a", "b"], &["ab", "ax", "xb"]);
        check("^a$", &["a"], &["a\n", "ba"]);
        check("(?m)^a$", &["a"], &["a\nb", "b\na"]);
        check(
            ".*@example\\.com",
            &["me@example.com"],
            &["me@example.com\n", "x\nme@example.com", "me@exampleXcom"],
        );
    }

    #[test]
    fn a_pattern_cannot_break_out_of_its_anchors() {
        for pattern in ["a)|(b", "(?x)a #", "(", "a{1000000}"] {
            assert!(Matcher::pattern(pattern).is_err(), "{pattern}");
        }
    }
}
