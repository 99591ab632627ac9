//! The issuer of the Kubernetes cluster we run in: its API server, behind the cluster's own authority and not
//! open to strangers.

use std::path::PathBuf;

use http::HeaderValue;
use lite_issuer::{Issuer, Kind};
use url::Url;

/// The names of a cluster's API server inside the cluster.
const HOSTS: [&str; 2] = ["kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

/// Where the cluster puts what its API server asks for.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) ca_file: PathBuf,
    pub(crate) token_file: PathBuf,
}

impl Cluster {
    /// Whether `issuer` is the API server of our own cluster.
    pub(super) fn is_own(issuer: &Issuer) -> bool {
        let url = Url::parse(&issuer.url).ok().filter(|url| url.scheme() == "https");
        let own = url.and_then(|url| url.host_str().map(|host| HOSTS.contains(&host)));
        matches!(issuer.kind, Kind::Kubernetes) && own == Some(true)
    }

    /// The cluster's authority in PEM; empty when there is none to read.
    pub(super) fn ca(&self) -> String {
        std::fs::read_to_string(&self.ca_file).unwrap_or_else(|why| {
            tracing::warn!(file = %self.ca_file.display(), %why, "the cluster's authority cannot be read");
            String::new()
        })
    }

    /// `Authorization` for a request to `url`: our token, if `issuer` is our own cluster and `url` is at
    /// the same place. It is read each time, because the cluster renews it.
    pub(super) fn authorization(&self, issuer: &Issuer, url: &Url) -> Option<HeaderValue> {
        let same_place = Url::parse(&issuer.url).ok()?.origin() == url.origin();
        if !same_place || !Self::is_own(issuer) {
            return None;
        }
        let token = std::fs::read_to_string(&self.token_file).ok()?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(url: &str, kind: Kind) -> Issuer {
        Issuer { url: url.to_owned(), kind, ..Issuer::siglite(url, "sigstore") }
    }

    #[test]
    fn the_clusters_token_goes_to_its_api_server_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let (ca_file, token_file) = (dir.path().join("ca"), dir.path().join("token"));
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&token_file, "secret\n").unwrap();
        let cluster = Cluster { ca_file, token_file };
        let check = |issuer: &Issuer, url: &str, expected: bool| {
            let url = url.parse().unwrap();
            assert_eq!(cluster.authorization(issuer, &url).is_some(), expected, "{url}");
        };
        let own = issuer("https://kubernetes.default.svc", Kind::Kubernetes);
        check(&own, "https://kubernetes.default.svc/openid/v1/jwks", true);
        check(&own, "https://10.0.0.1:6443/openid/v1/jwks", false);
        check(&own, "https://kubernetes.default.svc:6443/openid/v1/jwks", false);
        check(&own, "http://kubernetes.default.svc/openid/v1/jwks", false);
        let foreign = issuer("https://oidc.eks.example", Kind::Kubernetes);
        check(&foreign, "https://oidc.eks.example/keys", false);
        let person = issuer("https://kubernetes.default.svc", Kind::Siglite);
        check(&person, "https://kubernetes.default.svc/keys", false);
        let plain = issuer("http://kubernetes.default.svc", Kind::Kubernetes);
        check(&plain, "http://kubernetes.default.svc/keys", false);
        assert_eq!(cluster.ca(), "", "an authority that is not there is none");
    }
}
