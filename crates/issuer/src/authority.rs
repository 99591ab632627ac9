//! The story of a certificate, told once.

use std::sync::Arc;

use lite_identity::{Expected, IdToken, TokenError, UnverifiedToken};
use lite_keys::HashAlgorithm;
use lite_pki::profile::{LintError, ProfileError};
use lite_time::Clock;

use crate::algorithms::ClientAlgorithms;
use crate::config::{Issuer, Issuers};
use crate::ports::{
    CtLog, Event, IssuanceJournal, JournalError, KeySource, KeySourceError, Randomness, Signer,
};
use crate::principal::{EmbedError, Principal, PrincipalError};
use crate::steps::{Evidence, Issued, LogError, PossessionError, PrepareError};

/// What issues certificates: the configuration and the ports.
pub struct Authority {
    /// Who is believed.
    pub issuers: Issuers,
    /// What clients may sign with.
    pub algorithms: ClientAlgorithms,
    /// The keys of the token issuers.
    pub keys: Box<dyn KeySource>,
    /// The key that signs.
    pub signer: Box<dyn Signer>,
    /// The log.
    pub log: Box<dyn CtLog>,
    /// The journal.
    pub journal: Box<dyn IssuanceJournal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Serial numbers.
    pub randomness: Box<dyn Randomness>,
}

/// What a caller asks with.
#[derive(Clone)]
pub struct Request {
    /// The ID token, in compact form.
    pub token: String,
    /// The proof of possession.
    pub evidence: Evidence,
}

/// Why a token opens nothing. The caller is told that it is the token, and not which of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// No configured issuer has the URL that the token names.
    #[error("token is of an issuer that is not configured")]
    IssuerUnknown,
    /// The issuer's keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    /// The token proves nobody.
    #[error(transparent)]
    Principal(#[from] PrincipalError),
    /// The token does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// What the token says cannot be written into a certificate.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Nothing was signed: the intent could not be recorded. Or the certificate was, and is not handed out.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The names break the certificate profile.
    #[error(transparent)]
    Lint(LintError),
    /// A precertificate was signed and the log has not promised to publish it.
    #[error("precertificate is not logged")]
    NotLogged(#[source] LogError),
    /// The proof of possession proves nothing.
    #[error(transparent)]
    Possession(#[from] PossessionError),
    /// The authority cannot sign. Where the log has promised already, it will show a precertificate
    /// without its certificate.
    #[error("certificate is not signed")]
    Signing(#[source] ProfileError),
    /// The token opens nothing.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
}

impl IssueError {
    /// A word for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Embed(_) => "embed",
            Self::Journal(_) => "journal",
            Self::Lint(_) => "lint",
            Self::NotLogged(_) => "not_logged",
            Self::Possession(_) => "possession",
            Self::Signing(_) => "signing",
            Self::Token(_) => "token",
        }
    }

    /// Whether the caller brought the reason.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Embed(_) | Self::Lint(_) | Self::Possession(_) | Self::Token(_) => true,
            Self::Journal(_) | Self::NotLogged(_) | Self::Signing(_) => false,
        }
    }
}

impl Authority {
    /// The life of a certificate. The steps are those of ARCHITECTURE.md, and their types keep their order.
    pub fn issue(&self, request: &Request) -> Result<Issued, IssueError> {
        // (1) Choose the issuer that the token names. Only one that is configured is ever asked for keys,
        // or a stranger could make us fetch what they like.
        let token = UnverifiedToken::parse(&request.token).map_err(TokenRefusal::from)?;
        let configured = self.issuers.find(token.unverified_issuer());
        let configured = configured.ok_or(TokenRefusal::IssuerUnknown)?;

        // (2) Believe the token, or not: signature, issuer, audience, times.
        let token = self.believe(token, &configured)?;

        // (3) Name the principal: who this is, and what they must have signed.
        let principal = Principal::from_token(token, &configured).map_err(TokenRefusal::from)?;

        // (4) Prove possession of a key that is strong enough.
        let proven = principal.prove(&request.evidence, &self.algorithms)?;

        // (5) Prepare: every byte fixed and linted before anything is signed.
        let now = self.clock.now();
        let prepared =
            proven.prepare(self.signer.current(), self.serial(), now).map_err(not_prepared)?;

        // (6) Record the intent, durably, then sign the precertificate. RFC 6962, Section 3.1: "the
        // signature on the TBSCertificate indicates the certificate authority's intent to issue", which
        // is why whatever comes after this line must be explainable.
        let serial = prepared.serial();
        let intended = prepared.intend(&*self.journal, now)?;
        let precertificate = intended.sign().map_err(|why| self.unsigned(&serial, why))?;

        // (7) Log it, and verify the log's promise. No SCT, no certificate.
        let logged =
            precertificate.submit(&*self.log).map_err(|why| self.unlogged(&serial, why))?;

        // (8) Record the second intent, and sign the certificate with the same key.
        let promised = logged.intend(&*self.journal, &serial, self.clock.now())?;
        let issued = promised.finish().map_err(|why| self.unsigned(&serial, why))?;

        // (9) Record the result, then hand it out.
        self.journal.record(&Event::Issued {
            serial: &serial,
            at: self.clock.now(),
            certificate_sha256: &HashAlgorithm::Sha256.digest(issued.certificate.der()),
        })?;
        Ok(issued)
    }

    /// The issuer and key that a token names, unverified: what an adapter needs to know to have the keys
    /// at hand before [`Authority::issue`] asks for them. `None`: issuing will refuse it.
    #[must_use]
    pub fn foresee(&self, token: &str) -> Option<(Arc<Issuer>, Option<String>)> {
        let token = UnverifiedToken::parse(token).ok()?;
        let issuer = self.issuers.find(token.unverified_issuer())?;
        Some((issuer, token.key_id().map(str::to_owned)))
    }

    fn believe(&self, token: UnverifiedToken, issuer: &Issuer) -> Result<IdToken, TokenRefusal> {
        let trusted = self.keys.keys(issuer, token.key_id())?;
        let expected = Expected {
            issuer: &issuer.url,
            audience: &issuer.client_id,
            algorithms: &trusted.algorithms,
        };
        Ok(token.verify(&trusted.keys, expected, self.clock.now())?)
    }

    fn serial(&self) -> [u8; 20] {
        let mut serial = [0; 20];
        self.randomness.fill(&mut serial);
        serial
    }

    fn unsigned(&self, serial: &[u8], why: ProfileError) -> IssueError {
        self.abandon(serial, IssueError::Signing(why))
    }

    fn unlogged(&self, serial: &[u8], why: LogError) -> IssueError {
        self.abandon(serial, IssueError::NotLogged(why))
    }

    /// The intent stays in the journal; this says what became of it. If that cannot be written either, the
    /// intent alone says enough.
    fn abandon(&self, serial: &[u8], why: IssueError) -> IssueError {
        let event = Event::Abandoned { serial, at: self.clock.now(), why: why.kind() };
        let _ = self.journal.record(&event);
        why
    }
}

fn not_prepared(why: PrepareError) -> IssueError {
    match why {
        PrepareError::Embed(why) => IssueError::Embed(why),
        PrepareError::Lint(why) => IssueError::Lint(why),
        PrepareError::Profile(why) => IssueError::Signing(why),
    }
}
