//! The issuer types, and what each needs from the configuration.

use std::sync::Arc;

use crate::principal::Provider;

/// How a token of an issuer becomes a principal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// `email`: a verified address.
    Email {
        /// The claim that names the issuer to write into the certificate, name by name.
        issuer_claim: Option<Vec<String>>,
        /// Believe an address that the issuer did not verify.
        insecure_skip_verification: bool,
    },
    /// `uri`: the subject, under one scheme and host.
    Uri {
        /// The scheme of every subject.
        scheme: String,
        /// The host of every subject.
        host: String,
    },
    /// `username`: `subject!domain`.
    Username {
        /// What follows the `!`.
        domain: String,
    },
    /// `spiffe`: the subject, of one trust domain.
    Spiffe {
        /// The trust domain.
        trust_domain: String,
    },
    /// `kubernetes`: a service account.
    Kubernetes,
    /// `chainguard-identity`: issuer and subject.
    Chainguard,
    /// `ci-provider`, and the types that are such a provider with fixed templates:
    /// `github-workflow`, `gitlab-pipeline`, `buildkite-job`, `codefresh-workflow`.
    Provider {
        /// The type's name in the file.
        name: &'static str,
        /// What its tokens mean.
        provider: Arc<Provider>,
    },
    /// `siglite`, our own, for the embedded identity provider: a verified address where the token has
    /// one, else the subject, which is an absolute URI (a machine account).
    Siglite,
}

impl Kind {
    /// The type's name in the file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Uri { .. } => "uri",
            Self::Username { .. } => "username",
            Self::Spiffe { .. } => "spiffe",
            Self::Kubernetes => "kubernetes",
            Self::Chainguard => "chainguard-identity",
            Self::Provider { name, .. } => name,
            Self::Siglite => "siglite",
        }
    }

    /// The claim a client signs, as `/api/v2/configuration` tells it.
    #[must_use]
    pub const fn challenge_claim(&self) -> &'static str {
        match self {
            Self::Email { .. } | Self::Siglite => "email",
            _ => "sub",
        }
    }
}
