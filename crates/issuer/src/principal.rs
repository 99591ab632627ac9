//! Who a token proves, ready to be written into a certificate.

mod built_in;
mod email;
mod provider;
mod workload;

use lite_identity::{Claims, IdToken};
use lite_pki::{AltName, FulcioExtension, FulcioExtensions};

use crate::config::{Issuer, Kind};
use crate::template::MissingValue;
use crate::uri;

pub(crate) use built_in::built_in;
pub use provider::Provider;

/// Longer names than this are nobody's; with it a precertificate stays far below what a log takes.
const MAX_NAMES_BYTES: usize = 16 * 1024;

/// Who the token proves.
#[derive(Clone, Debug)]
pub struct Principal {
    /// What the caller must have signed: the address or the subject.
    name: String,
    issuer: String,
    /// Upstream fills templates only after the proof of possession, so a template that cannot be filled
    /// waits here until then.
    names: Result<Names, EmbedError>,
}

/// What a certificate says about its principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The subject alternative name.
    pub alt_name: AltName,
    /// Fulcio's extensions.
    pub extensions: FulcioExtensions,
}

/// Why a token proves nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// A claim that this type of issuer must send is missing, empty, or of another type.
    #[error("a claim of this issuer type is missing")]
    ClaimMissing,
    /// The address is not one, or has a domain without a dot.
    #[error("email address is not valid")]
    EmailInvalid,
    /// There is no `email`.
    #[error("token has no email")]
    EmailMissing,
    /// The issuer did not verify the address.
    #[error("email is not verified")]
    EmailUnverified,
    /// The subject is an address where a URI or a username is expected.
    #[error("subject is an email address")]
    SubjectIsEmail,
    /// The subject is not an absolute URI.
    #[error("subject is not an absolute URI")]
    SubjectNotUri,
    /// The subject is outside the domain of this issuer.
    #[error("subject is outside the domain of its issuer")]
    SubjectForeign,
    /// A username with `!` could name another domain.
    #[error("username contains an exclamation mark")]
    UsernameShape,
}

/// Why what a token says cannot be written into a certificate. The text is told to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// A template needs a value that the token does not have.
    #[error("{value}. Issuer: {issuer}")]
    Missing {
        /// What is missing.
        value: MissingValue,
        /// Whose token it was.
        issuer: String,
    },
    /// The subject alternative name is not an absolute URI.
    #[error("subject alternative name is not an absolute URI")]
    NotUri,
    /// More text than a certificate should hold.
    #[error("names are too long for a certificate")]
    TooLong,
}

impl Principal {
    /// (3) The principal of a token that was believed.
    #[expect(clippy::needless_pass_by_value, reason = "each step consumes the one before")]
    pub fn from_token(token: IdToken, issuer: &Issuer) -> Result<Self, PrincipalError> {
        let claims = token.claims();
        let draft = match &issuer.kind {
            Kind::Email { issuer_claim, insecure_skip_verification } => {
                email::email(claims, issuer_claim.as_deref(), *insecure_skip_verification)?
            }
            Kind::Uri { scheme, host } => workload::uri(claims, scheme, host)?,
            Kind::Username { domain } => workload::username(claims, domain)?,
            Kind::Spiffe { trust_domain } => workload::spiffe(claims, trust_domain)?,
            Kind::Kubernetes => workload::kubernetes(claims),
            Kind::Chainguard => workload::chainguard(claims)?,
            Kind::Provider { provider, .. } => provider.principal(claims)?,
            Kind::Siglite if claims.email().is_some() => email::email(claims, None, false)?,
            Kind::Siglite => workload::machine(claims)?,
        };
        Ok(draft.finish(claims))
    }

    /// What the caller must have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The issuer of the token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What a certificate says about it.
    pub fn names(&self) -> Result<&Names, EmbedError> {
        self.names.as_ref().map_err(Clone::clone)
    }
}

/// What the types differ in.
struct Draft {
    name: String,
    /// The issuer as the certificate names it.
    issuer: String,
    alt_name: Result<Alt, EmbedError>,
    extensions: Vec<(FulcioExtension, String)>,
}

enum Alt {
    Email(String),
    Uri(String),
    Username(String),
}

impl Draft {
    /// A principal that is a URI, with nothing beside it.
    fn uri(claims: &Claims, uri: String) -> Self {
        Self {
            name: claims.subject().to_owned(),
            issuer: claims.issuer().to_owned(),
            alt_name: Ok(Alt::Uri(uri)),
            extensions: Vec::new(),
        }
    }

    fn finish(self, claims: &Claims) -> Principal {
        let names = self.alt_name.and_then(|alt| {
            let alt_name = match alt {
                Alt::Email(address) => AltName::Email(address),
                Alt::Uri(text) => {
                    AltName::Uri(uri::for_certificate(&text).ok_or(EmbedError::NotUri)?)
                }
                Alt::Username(text) => AltName::Username(text),
            };
            let mut extensions = FulcioExtensions::for_issuer(&self.issuer);
            for (extension, text) in &self.extensions {
                extensions.set(*extension, text);
            }
            // Fulcio 1.8.6: the subject as it came, for every type.
            extensions.set(FulcioExtension::TokenSubject, claims.subject());
            let size = extensions.iter().map(|(_, text)| text.len()).sum::<usize>()
                + alt_name.as_text().map_or(0, str::len);
            if size > MAX_NAMES_BYTES {
                return Err(EmbedError::TooLong);
            }
            Ok(Names { alt_name, extensions })
        });
        Principal { name: self.name, issuer: claims.issuer().to_owned(), names }
    }
}
