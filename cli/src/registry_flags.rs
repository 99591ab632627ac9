//! How a command reaches registries: cosign's flags, and where signatures are kept.

use std::path::PathBuf;

use lite_images::keychain::Keychain;
use lite_images::{Access, Credential, Registry, Secret};
use lite_oci::{Reference, RepositoryName};

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, MAX_DOCUMENT_BYTES};
use crate::surroundings::Environment;

/// The variable that moves signatures to a repository of their own.
const REPOSITORY_VARIABLE: &str = "COSIGN_REPOSITORY";

/// How registries are reached, named as cosign names it.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryFlags {
    /// Speak plain HTTP to a registry that has no HTTPS; on this machine and in private networks
    /// that needs no flag
    #[arg(long, env = "COSIGN_ALLOW_HTTP_REGISTRY", hide_env = true)]
    pub(crate) allow_http_registry: bool,

    /// Believe any certificate of a registry
    #[arg(long, env = "COSIGN_ALLOW_INSECURE_REGISTRY", hide_env = true)]
    pub(crate) allow_insecure_registry: bool,

    /// Ask registries as this user [default: what docker login has kept]
    #[arg(
        long,
        value_name = "NAME",
        requires = "registry_password",
        env = "COSIGN_REGISTRY_USERNAME",
        hide_env_values = true
    )]
    pub(crate) registry_username: Option<String>,

    /// The user's password; better in the environment than on the command line
    #[arg(
        long,
        value_name = "PASSWORD",
        requires = "registry_username",
        env = "COSIGN_REGISTRY_PASSWORD",
        hide_env_values = true
    )]
    pub(crate) registry_password: Option<Secret>,

    /// A bearer token for the registry itself
    #[arg(
        long,
        value_name = "TOKEN",
        conflicts_with = "registry_username",
        env = "COSIGN_REGISTRY_TOKEN",
        hide_env_values = true
    )]
    pub(crate) registry_token: Option<Secret>,

    /// Certificate authorities of registries, PEM, beside those of the machine
    #[arg(long, value_name = "FILE", env = "COSIGN_REGISTRY_CACERT", hide_env = true)]
    pub(crate) registry_cacert: Option<PathBuf>,

    /// A client certificate for registries, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "registry_client_key",
        env = "COSIGN_REGISTRY_CLIENT_CERT",
        hide_env = true
    )]
    pub(crate) registry_client_cert: Option<PathBuf>,

    /// The private key of the client certificate, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "registry_client_cert",
        env = "COSIGN_REGISTRY_CLIENT_KEY",
        hide_env = true
    )]
    pub(crate) registry_client_key: Option<PathBuf>,

    /// Understood and refused: siglite takes credentials from files, not from a cluster
    #[arg(long, hide = true)]
    pub(crate) k8s_keychain: bool,
}

impl RegistryFlags {
    /// A session with registries.
    pub(crate) fn session(&self, context: &Context) -> Outcome<Registry> {
        Registry::new(self.access(context.env(), context.instance_ca()?)?).map_err(|error| {
            Failure::usage("the registry flags name something that cannot be used").because(&error)
        })
    }

    /// What the flags say, and where docker keeps the rest.
    pub(crate) fn access(
        &self,
        env: &dyn Environment,
        instance_ca_pem: Option<String>,
    ) -> Outcome<Access> {
        if self.k8s_keychain {
            return Err(Failure::usage("--k8s-keychain is not supported")
                .note("cause", "siglite does not ask a cluster for credentials")
                .hint("log in with siglite login REGISTRY, or mount a docker config.json"));
        }
        let password = self.registry_username.clone().zip(self.registry_password.clone());
        let password =
            password.map(|(username, password)| Credential::Password { username, password });
        let token = self.registry_token.clone().map(Credential::RegistryToken);
        let read = |path: &PathBuf| files::read_text(path, MAX_DOCUMENT_BYTES, Exit::Usage);
        let identity = match (&self.registry_client_cert, &self.registry_client_key) {
            (Some(certificate), Some(key)) => {
                Some(Secret::new(format!("{}\n{}", read(certificate)?, read(key)?)))
            }
            _ => None,
        };
        Ok(Access {
            credential: token.or(password),
            keychain: Keychain::of(&|name| env.var(name)),
            allow_http: self.allow_http_registry,
            insecure_skip_tls_verify: self.allow_insecure_registry,
            ca_pem: self.registry_cacert.iter().map(read).collect::<Outcome<_>>()?,
            instance_ca_pem,
            client_identity_pem: identity,
        })
    }
}

/// Where signatures of an image are kept: beside it, or where `COSIGN_REPOSITORY` says.
///
/// As cosign does, the variable names a whole repository, of whatever registry; the image's
/// digest is what leads from one to the other.
pub(crate) fn signature_repository(image: &Reference, env: &dyn Environment) -> Outcome<Reference> {
    let Some(named) = env.filled(REPOSITORY_VARIABLE) else {
        return Ok(image.clone());
    };
    let named = named.trim();
    let refuse = || {
        Failure::usage(format!("{REPOSITORY_VARIABLE} does not name a repository"))
            .note("expected", "HOST[:PORT]/NAME, without a tag")
            .note("found", named)
    };
    let reference: Reference = named.parse().map_err(|error| refuse().because(&error))?;
    let name: RepositoryName = reference.repository().clone();
    let bare = reference.with_repository(name);
    if bare == reference { Ok(bare) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[test]
    fn signatures_are_beside_the_image_or_where_the_variable_says() {
        let image: Reference = "localhost:1/app:v1".parse().unwrap();
        let beside = signature_repository(&image, &Made::default()).unwrap();
        assert_eq!(beside.context(), "localhost:1/app");
        let moved = Made::of([(REPOSITORY_VARIABLE, "localhost:2/signatures")]);
        let moved = signature_repository(&image, &moved).unwrap();
        assert_eq!(moved.context(), "localhost:2/signatures");
        for wrong in ["localhost:2/signatures:tag", "UPPER", "http://x/y"] {
            let wrong = Made::of([(REPOSITORY_VARIABLE, wrong)]);
            assert_eq!(signature_repository(&image, &wrong).unwrap_err().exit, Exit::Usage);
        }
    }

    #[test]
    fn a_clusters_keychain_is_refused_in_a_sentence() {
        let flags = RegistryFlags { k8s_keychain: true, ..RegistryFlags::default() };
        let failure = flags.access(&Made::default(), None).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.unwrap().contains("siglite login"));
    }
}
