//! Fulcio's certificate extensions, 1.3.6.1.4.1.57264.1.N (fulcio:docs/oid-info.md).
//!
//! ```text
//! .1 … .6    OCTET STRING { the bytes of the text }              raw, deprecated but still read
//! .8 … .24   OCTET STRING { UTF8String { the text } }            DER
//! .7         is the type of an otherName, never an extension
//! ```

use std::collections::BTreeMap;

use crate::asn1;
use crate::oid::{self, ObjectIdentifier};

/// One of Fulcio's extensions. The discriminant is N of its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FulcioExtension {
    /// `.1`: The OIDC issuer, deprecated form, raw. sigstore-python reads only this one.
    Issuer = 1,
    /// `.2`: The event that started the GitHub workflow, raw.
    GithubWorkflowTrigger = 2,
    /// `.3`: The commit of the GitHub workflow, raw.
    GithubWorkflowSha = 3,
    /// `.4`: The name of the GitHub workflow, raw.
    GithubWorkflowName = 4,
    /// `.5`: The repository of the GitHub workflow, raw.
    GithubWorkflowRepository = 5,
    /// `.6`: The git reference of the GitHub workflow, raw.
    GithubWorkflowRef = 6,
    /// `.8`: The OIDC issuer, as a DER `UTF8String`.
    IssuerV2 = 8,
    /// `.9`: The build instructions that sign.
    BuildSignerUri = 9,
    /// `.10`: The version of those instructions.
    BuildSignerDigest = 10,
    /// `.11`: Whether the platform or the user hosts the build.
    RunnerEnvironment = 11,
    /// `.12`: The repository that was built.
    SourceRepositoryUri = 12,
    /// `.13`: The commit that was built.
    SourceRepositoryDigest = 13,
    /// `.14`: The git reference that was built.
    SourceRepositoryRef = 14,
    /// `.15`: The repository's immutable identifier.
    SourceRepositoryIdentifier = 15,
    /// `.16`: The owner of the repository.
    SourceRepositoryOwnerUri = 16,
    /// `.17`: The owner's immutable identifier.
    SourceRepositoryOwnerIdentifier = 17,
    /// `.18`: The top-level build instructions.
    BuildConfigUri = 18,
    /// `.19`: The version of the top-level build instructions.
    BuildConfigDigest = 19,
    /// `.20`: The event that started the build.
    BuildTrigger = 20,
    /// `.21`: The run of the build.
    RunInvocationUri = 21,
    /// `.22`: Whether the repository was public at signing.
    SourceRepositoryVisibility = 22,
    /// `.23`: The environment the build deploys to.
    DeploymentEnvironment = 23,
    /// `.24`: The token's `sub`, as it came.
    TokenSubject = 24,
}

impl FulcioExtension {
    /// All of them, in the order a certificate holds them.
    pub const ALL: [Self; 23] = [
        Self::Issuer,
        Self::GithubWorkflowTrigger,
        Self::GithubWorkflowSha,
        Self::GithubWorkflowName,
        Self::GithubWorkflowRepository,
        Self::GithubWorkflowRef,
        Self::IssuerV2,
        Self::BuildSignerUri,
        Self::BuildSignerDigest,
        Self::RunnerEnvironment,
        Self::SourceRepositoryUri,
        Self::SourceRepositoryDigest,
        Self::SourceRepositoryRef,
        Self::SourceRepositoryIdentifier,
        Self::SourceRepositoryOwnerUri,
        Self::SourceRepositoryOwnerIdentifier,
        Self::BuildConfigUri,
        Self::BuildConfigDigest,
        Self::BuildTrigger,
        Self::RunInvocationUri,
        Self::SourceRepositoryVisibility,
        Self::DeploymentEnvironment,
        Self::TokenSubject,
    ];

    /// N of 1.3.6.1.4.1.57264.1.N.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The extension with this number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| u32::from(extension.number()) == number)
    }

    /// The name: the key of an extension template in Fulcio's configuration, where it has one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::GithubWorkflowTrigger => "github-workflow-trigger",
            Self::GithubWorkflowSha => "github-workflow-sha",
            Self::GithubWorkflowName => "github-workflow-name",
            Self::GithubWorkflowRepository => "github-workflow-repository",
            Self::GithubWorkflowRef => "github-workflow-ref",
            Self::IssuerV2 => "issuer-v2",
            Self::BuildSignerUri => "build-signer-uri",
            Self::BuildSignerDigest => "build-signer-digest",
            Self::RunnerEnvironment => "runner-environment",
            Self::SourceRepositoryUri => "source-repository-uri",
            Self::SourceRepositoryDigest => "source-repository-digest",
            Self::SourceRepositoryRef => "source-repository-ref",
            Self::SourceRepositoryIdentifier => "source-repository-identifier",
            Self::SourceRepositoryOwnerUri => "source-repository-owner-uri",
            Self::SourceRepositoryOwnerIdentifier => "source-repository-owner-identifier",
            Self::BuildConfigUri => "build-config-uri",
            Self::BuildConfigDigest => "build-config-digest",
            Self::BuildTrigger => "build-trigger",
            Self::RunInvocationUri => "run-invocation-uri",
            Self::SourceRepositoryVisibility => "source-repository-visibility-at-signing",
            Self::DeploymentEnvironment => "deployment-environment",
            Self::TokenSubject => "token-subject",
        }
    }

    /// The extension with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.name() == name)
    }

    /// The object identifier.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        // Never fails: every number is one arc of one byte. The arc itself stands in, and the
        // round-trip test over `ALL` would see it.
        oid::FULCIO.push_arc(self.number().into()).unwrap_or(oid::FULCIO)
    }

    /// The extension with this object identifier.
    #[must_use]
    pub fn from_oid(id: &ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.oid() == *id)
    }

    /// Whether the text stands in the `OCTET STRING` without a DER wrapping of its own.
    #[must_use]
    pub const fn is_raw(self) -> bool {
        self.number() <= 6
    }

    /// The content of the extension's `OCTET STRING`.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        if self.is_raw() { text.as_bytes().to_vec() } else { asn1::utf8(text) }
    }

    /// The text from the content of the extension's `OCTET STRING`.
    #[must_use]
    pub fn decode(self, value: &[u8]) -> Option<String> {
        let bytes = if self.is_raw() { value } else { asn1::content(asn1::UTF8_STRING, value)? };
        String::from_utf8(bytes.to_vec()).ok()
    }
}

/// What a certificate says about its principal beside the name: at most one text an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FulcioExtensions(BTreeMap<FulcioExtension, String>);

impl FulcioExtensions {
    /// The extensions every certificate has: the issuer in both forms, as old clients read only
    /// `.1` and new ones prefer `.8`.
    #[must_use]
    pub fn for_issuer(issuer: &str) -> Self {
        let mut extensions = Self::default();
        extensions.set(FulcioExtension::Issuer, issuer);
        extensions.set(FulcioExtension::IssuerV2, issuer);
        extensions
    }

    /// Sets one; an empty text removes it, since Fulcio emits an extension only when it says something.
    pub fn set(&mut self, extension: FulcioExtension, text: &str) {
        if text.is_empty() {
            self.0.remove(&extension);
        } else {
            self.0.insert(extension, text.to_owned());
        }
    }

    /// The text of one.
    #[must_use]
    pub fn get(&self, extension: FulcioExtension) -> Option<&str> {
        self.0.get(&extension).map(String::as_str)
    }

    /// The OIDC issuer: `.8`, else `.1`, as sigstore-go and sigstore-js read it.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.get(FulcioExtension::IssuerV2).or_else(|| self.get(FulcioExtension::Issuer))
    }

    /// All that are set, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (FulcioExtension, &str)> {
        self.0.iter().map(|(extension, text)| (*extension, text.as_str()))
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(FulcioExtension, &'a str)> for FulcioExtensions {
    fn from_iter<I: IntoIterator<Item = (FulcioExtension, &'a str)>>(items: I) -> Self {
        let mut extensions = Self::default();
        for (extension, text) in items {
            extensions.set(extension, text);
        }
        extensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_has_the_two_encodings_of_the_sample() {
        // wire sample: `04 2B https://…` in version 1, `04 2D 0C 2B https://…` in version 2.
        let issuer = "https://token.actions.githubusercontent.com";
        assert_eq!(FulcioExtension::Issuer.encode(issuer), issuer.as_bytes());
        assert_eq!(FulcioExtension::IssuerV2.encode(issuer)[..2], [0x0C, 0x2B]);
    }

    #[test]
    fn each_extension_is_found_by_number_name_and_identifier() {
        for extension in FulcioExtension::ALL {
            assert_eq!(FulcioExtension::from_number(extension.number().into()), Some(extension));
            assert_eq!(FulcioExtension::from_name(extension.name()), Some(extension));
            assert_eq!(FulcioExtension::from_oid(&extension.oid()), Some(extension));
            assert_eq!(extension.decode(&extension.encode("é!")).as_deref(), Some("é!"));
        }
        assert_eq!(FulcioExtension::from_number(7), None);
        assert_eq!(FulcioExtension::from_number(25), None);
    }

    #[test]
    fn an_empty_text_is_no_extension() {
        let mut extensions = FulcioExtensions::for_issuer("https://a.example");
        extensions.set(FulcioExtension::BuildTrigger, "");
        assert_eq!(extensions.iter().map(|(e, _)| e.number()).collect::<Vec<_>>(), [1, 8]);
    }

    #[test]
    fn a_der_extension_with_more_behind_it_is_not_read() {
        assert_eq!(FulcioExtension::IssuerV2.decode(b"\x0C\x01ab"), None);
        assert_eq!(FulcioExtension::IssuerV2.decode(b"\x16\x01a"), None);
    }
}
