//! What stands behind a path below `/v2/`. Names have slashes, so paths are read from their end.

use std::str::FromStr;

/// An endpoint of OCI distribution specification, "Endpoints". What it names is not checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// `NAME/blobs/DIGEST`
    Blob(&'a str),
    /// `NAME/_siglite/history/TAG`, which is ours: where a tag led before. No part of a name begins
    /// with an underscore, so nothing of the specification is hidden by it.
    History(&'a str),
    /// `NAME/manifests/REFERENCE`
    Manifest(&'a str),
    /// `NAME/referrers/DIGEST`
    Referrers(&'a str),
    /// `NAME/tags/list`
    Tags,
    /// `NAME/blobs/uploads/ID`
    Upload(&'a str),
    /// `NAME/blobs/uploads/`
    Uploads,
}

impl<'a> Endpoint<'a> {
    /// The repository's name, as it stands there, and the endpoint.
    pub(crate) fn of(path: &'a str) -> Option<(&'a str, Self)> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (rest, last) = path.rsplit_once('/')?;
        let (name, before) = rest.rsplit_once('/')?;
        match (before, last) {
            ("blobs", "uploads") => Some((name, Self::Uploads)),
            ("blobs", digest) => Some((name, Self::Blob(digest))),
            ("history", tag) => Some((name.strip_suffix("/_siglite")?, Self::History(tag))),
            ("manifests", reference) => Some((name, Self::Manifest(reference))),
            ("referrers", digest) => Some((name, Self::Referrers(digest))),
            ("tags", "list") => Some((name, Self::Tags)),
            ("uploads", id) => Some((name.strip_suffix("/blobs")?, Self::Upload(id))),
            _ => None,
        }
    }
}

/// The parameters of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// The first of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The first of this name, as what it should be.
    pub(crate) fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, T::Err> {
        self.get(name).map(str::parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, want: Option<(&str, Endpoint<'_>)>) {
        assert_eq!(Endpoint::of(path), want, "{path}");
    }

    #[test]
    fn a_path_is_read_from_its_end() {
        check("a/manifests/latest", Some(("a", Endpoint::Manifest("latest"))));
        check("a/b/c/blobs/sha256:0", Some(("a/b/c", Endpoint::Blob("sha256:0"))));
        check("a/blobs/uploads", Some(("a", Endpoint::Uploads)));
        check("a/blobs/uploads/", Some(("a", Endpoint::Uploads)));
        check("a/blobs/uploads/7", Some(("a", Endpoint::Upload("7"))));
        check("a/_siglite/history/v1", Some(("a", Endpoint::History("v1"))));
        check("a/tags/list", Some(("a", Endpoint::Tags)));
        check("a/referrers/sha256:0", Some(("a", Endpoint::Referrers("sha256:0"))));
        // Every word of the specification may stand in a name.
        check("blobs/uploads/manifests/x", Some(("blobs/uploads", Endpoint::Manifest("x"))));
        check("manifests/blobs/uploads/7", Some(("manifests", Endpoint::Upload("7"))));
    }

    #[test]
    fn what_is_no_endpoint_is_none() {
        for path in [
            "",
            "/",
            "a",
            "a/history/v1",
            "a/tags",
            "a/tags/x",
            "manifests/x",
            "a/uploads/7",
            "_catalog/x/y",
        ] {
            check(path, None);
        }
    }
}
