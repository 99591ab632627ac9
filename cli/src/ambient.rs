//! Tokens that the surroundings of a build hold ready: environment, file, GitHub Actions.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::client::Web;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::surroundings::Environment;
use crate::token::IdToken;

/// cosign's and sigstore-js's variable, then sigstore-python's.
const VARIABLES: [&str; 2] = ["SIGSTORE_ID_TOKEN", "SIGSTORE_IDENTITY_TOKEN"];

/// cosign's file provider: a token that an orchestrator mounts.
const TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";

const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// A token file is one token.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a token lies ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// In this environment variable.
    Variable(&'static str),
    /// In this file.
    File(PathBuf),
    /// At the URL that GitHub Actions names.
    GitHub { url: Url },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::GitHub { .. } => f.write_str(REQUEST_URL),
        }
    }
}

/// The first place that holds a token, in cosign's order. An empty variable holds none.
pub(crate) fn source(env: &dyn Environment, audience: &str) -> Outcome<Option<Source>> {
    source_with(env, audience, Path::new(TOKEN_FILE))
}

fn source_with(env: &dyn Environment, audience: &str, file: &Path) -> Outcome<Option<Source>> {
    if let Some(name) = VARIABLES.into_iter().find(|name| env.filled(name).is_some()) {
        return Ok(Some(Source::Variable(name)));
    }
    if file.is_file() {
        return Ok(Some(Source::File(file.to_path_buf())));
    }
    match (env.filled(REQUEST_URL), env.filled(REQUEST_TOKEN)) {
        (Some(url), Some(_)) => github_url(&url, audience).map(|url| Some(Source::GitHub { url })),
        _ => Ok(None),
    }
}

/// Takes the token from where it lies.
pub(crate) async fn take(source: &Source, env: &dyn Environment, web: &Web) -> Outcome<IdToken> {
    let text = match source {
        Source::Variable(name) => env.filled(name).unwrap_or_default(),
        Source::File(path) => files::read_text(path, MAX_BYTES, Exit::Identity)?,
        Source::GitHub { url } => {
            let secret = env.filled(REQUEST_TOKEN).unwrap_or_default();
            ask_github(url, &secret, web).await?
        }
    };
    IdToken::parse(&text).map_err(|failure| {
        failure
            .note("source", source.to_string())
            .hint("--oidc-disable-ambient-providers leaves the environment aside")
    })
}

/// GitHub, "OpenID Connect reference": `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…`; the URL
/// has a query already.
fn github_url(text: &str, audience: &str) -> Outcome<Url> {
    let mut url = Url::parse(text).map_err(|error| {
        Failure::new(Exit::Identity, format!("{REQUEST_URL} is not a URL")).because(&error)
    })?;
    url.query_pairs_mut().append_pair("audience", audience);
    Ok(url)
}

async fn ask_github(url: &Url, secret: &str, web: &Web) -> Outcome<String> {
    #[derive(Deserialize)]
    struct Answer {
        value: String,
    }
    let answer = web.get_with_bearer("the build's token service", url.as_str(), secret).await?;
    let answer: Answer = answer.json("the build's token service")?;
    Ok(answer.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[track_caller]
    fn check<const N: usize>(variables: [(&str, &str); N], file: &Path, expected: Option<&str>) {
        let found = source_with(&Made::of(variables), "sigstore", file).unwrap();
        assert_eq!(found.map(|source| source.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_nearest_source_wins() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("oidc-token");
        let none = dir.path().join("none");
        files::write(&file, b"x", files::Reader::Everyone).unwrap();
        let github = [(REQUEST_URL, "https://ci/token?v=1"), (REQUEST_TOKEN, "s")];
        check([], &none, None);
        check(github, &none, Some(REQUEST_URL));
        check(github, &file, file.to_str());
        check([("SIGSTORE_IDENTITY_TOKEN", "b")], &file, Some("SIGSTORE_IDENTITY_TOKEN"));
        check(
            [("SIGSTORE_IDENTITY_TOKEN", "b"), ("SIGSTORE_ID_TOKEN", "a")],
            &file,
            Some("SIGSTORE_ID_TOKEN"),
        );
    }

    #[test]
    fn an_empty_variable_holds_no_token() {
        let none = Path::new("/nowhere");
        check([("SIGSTORE_ID_TOKEN", ""), ("SIGSTORE_IDENTITY_TOKEN", " ")], none, None);
        check([(REQUEST_URL, "https://ci/token?v=1")], none, None);
    }

    #[test]
    fn the_audience_is_appended_to_the_request_url() {
        let url = github_url("https://ci/token?api-version=2.0", "sigstore").unwrap();
        assert_eq!(url.as_str(), "https://ci/token?api-version=2.0&audience=sigstore");
        assert_eq!(github_url("not a url", "sigstore").unwrap_err().exit, Exit::Identity);
    }

    /// GitHub, "OpenID Connect reference": the secret goes into the header, the token comes back
    /// as `value`.
    #[tokio::test]
    async fn a_build_is_asked_with_its_secret() {
        use axum::extract::Query;
        use axum::http::{HeaderMap, StatusCode};

        async fn answer(
            headers: HeaderMap,
            Query(query): Query<std::collections::HashMap<String, String>>,
        ) -> Result<String, StatusCode> {
            let asked = headers.get("authorization").is_some_and(|value| value == "Bearer s");
            if !asked || query.get("audience").is_none_or(|audience| audience != "sigstore") {
                return Err(StatusCode::FORBIDDEN);
            }
            let claims = serde_json::json!({
                "iss": "https://ci", "sub": "repo:a", "aud": "sigstore", "exp": 2_000_000_000,
            });
            Ok(serde_json::json!({ "value": crate::token::tests::jwt(&claims) }).to_string())
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token?v=1", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/token", axum::routing::get(answer));
        tokio::spawn(axum::serve(listener, router).into_future());
        for (secret, good) in [("s", true), ("other", false)] {
            let env = Made::of([(REQUEST_URL, url.as_str()), (REQUEST_TOKEN, secret)]);
            let source = source_with(&env, "sigstore", Path::new("/nowhere")).unwrap().unwrap();
            let token = take(&source, &env, &Web::default()).await;
            assert_eq!(token.is_ok_and(|token| token.who() == "repo:a"), good, "{secret}");
        }
    }

    #[tokio::test]
    async fn a_variable_with_something_else_names_itself_and_the_way_around() {
        let env = Made::of([("SIGSTORE_ID_TOKEN", "nonsense")]);
        let source = source_with(&env, "sigstore", Path::new("/nowhere")).unwrap().unwrap();
        let web = Web::default();
        let failure = take(&source, &env, &web).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.notes.contains(&("source", "SIGSTORE_ID_TOKEN".to_owned())));
        assert!(failure.hint.unwrap().contains("--oidc-disable-ambient-providers"));
    }
}
