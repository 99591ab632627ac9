//! The servers of an instance, as a client meets them: one file each, all over [`Web`].
//!
//! Nothing here is believed: these modules carry bytes and read their shape, and the stories in
//! [`crate::sign`] and [`crate::commands`] verify them.

pub(crate) mod fulcio;
pub(crate) mod rekor;
pub(crate) mod rekor_v1;
pub(crate) mod tsa;
pub(crate) mod tuf;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use lite_http::client::{Client, ClientConfig, ClientError};
use serde::de::DeserializeOwned;
use url::Url;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::web_page;

/// How much of a foreign error message is worth showing.
const MAX_SHOWN: usize = 500;

/// Requests, with failures in words that name the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Web(Client);

/// What a server answered, whatever its status.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    url: Url,
    pub(crate) status: StatusCode,
    pub(crate) body: bytes::Bytes,
}

impl Web {
    /// Requests that believe these authorities beside those of the machine.
    pub(crate) fn trusting(ca_pem: impl IntoIterator<Item = String>) -> Self {
        let ca_pem = ca_pem.into_iter().collect();
        Self(Client::new(ClientConfig { ca_pem, ..ClientConfig::default() }))
    }

    /// The same for answers that may be this large: an entry bundle has up to 256 leaves of 64 KiB.
    pub(crate) fn trusting_with_answers_up_to(
        max_body: usize,
        ca_pem: impl IntoIterator<Item = String>,
    ) -> Self {
        let ca_pem = ca_pem.into_iter().collect();
        Self(Client::new(ClientConfig { ca_pem, max_body, ..ClientConfig::default() }))
    }

    /// The client underneath, for libraries that bring their own requests.
    pub(crate) const fn client(&self) -> &Client {
        &self.0
    }

    /// Gets a document; any status.
    pub(crate) async fn get(&self, what: &str, url: &str) -> Outcome<Answer> {
        self.send(what, http::Method::GET, url, HeaderMap::new(), Vec::new()).await
    }

    /// Gets a document with a secret in the header; only 200 counts.
    pub(crate) async fn get_with_bearer(
        &self,
        what: &str,
        url: &str,
        secret: &str,
    ) -> Outcome<Answer> {
        let headers = bearer(what, secret)?;
        let answer = self.send(what, http::Method::GET, url, headers, Vec::new()).await?;
        answer.with_status(what, StatusCode::OK)
    }

    /// Posts JSON, with a token in the header where one is given; any status.
    pub(crate) async fn post_json(
        &self,
        what: &str,
        url: &str,
        body: &serde_json::Value,
        token: Option<&str>,
    ) -> Outcome<Answer> {
        let mut headers =
            token.map_or_else(|| Ok(HeaderMap::new()), |token| bearer(what, token))?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.send(what, http::Method::POST, url, headers, body.to_string().into_bytes()).await
    }

    /// Posts bytes of a media type; any status.
    pub(crate) async fn post(
        &self,
        what: &str,
        url: &str,
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Outcome<Answer> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        self.send(what, http::Method::POST, url, headers, body).await
    }

    async fn send(
        &self,
        what: &str,
        method: http::Method,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Outcome<Answer> {
        let url = parse(what, url)?;
        let answer = self
            .0
            .send(method, &url, headers, body.into())
            .await
            .map_err(|error| unreachable(what, &url, &error))?;
        Ok(Answer { url, status: answer.status, body: answer.body })
    }
}

impl Answer {
    /// This answer, if it has the status the protocol asks for.
    pub(crate) fn with_status(self, what: &str, status: StatusCode) -> Outcome<Self> {
        if self.status == status { Ok(self) } else { Err(self.refusal(what)) }
    }

    /// This answer, if it has one of several statuses.
    pub(crate) fn with_status_in(self, what: &str, statuses: &[StatusCode]) -> Outcome<Self> {
        if statuses.contains(&self.status) { Ok(self) } else { Err(self.refusal(what)) }
    }

    /// The answer as JSON of a known shape.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str) -> Outcome<T> {
        serde_json::from_slice(&self.body).map_err(|error| self.nonsense(what).because(&error))
    }

    /// A status that says no, with the server's own words.
    pub(crate) fn refusal(&self, what: &str) -> Failure {
        if let Some(failure) = self.page(what) {
            return failure;
        }
        let sentence = format!("{what} refuses with status {}", self.status.as_u16());
        let failure = Failure::new(Exit::Instance, sentence)
            .note("server", self.url.as_str())
            .note("answer", self.message());
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                failure.hint("it is busy: try again in a moment")
            }
            StatusCode::NOT_FOUND => failure.hint("is this the address of an instance?"),
            _ => failure,
        }
    }

    /// An answer that is not what the protocol says.
    pub(crate) fn nonsense(&self, what: &str) -> Failure {
        if let Some(failure) = self.page(what) {
            return failure;
        }
        Failure::new(Exit::Instance, format!("the answer of {what} is not what its protocol says"))
            .note("server", self.url.as_str())
    }

    /// A web page is nobody's protocol, whatever its status says.
    fn page(&self, what: &str) -> Option<Failure> {
        let page = web_page::title(&self.body)?;
        let sentence = format!("something else answers in the place of {what}");
        Some(
            Failure::new(Exit::Instance, sentence)
                .note("server", self.url.as_str())
                .note("found", format!("{page}, with status {}", self.status.as_u16()))
                .hint(web_page::HINT),
        )
    }

    /// An answer that no server gave.
    #[cfg(test)]
    pub(crate) fn made(status: StatusCode, body: &str) -> Self {
        let url = Url::parse("http://localhost/x").unwrap();
        Self { url, status, body: body.as_bytes().to_vec().into() }
    }

    /// `message` of an rpcStatus, `error_description` of OAuth, or the beginning of the text.
    pub(crate) fn message(&self) -> String {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let said = json
            .as_ref()
            .and_then(|json| json.get("message").or_else(|| json.get("error_description")))
            .and_then(serde_json::Value::as_str)
            .map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned);
        said.trim().chars().take(MAX_SHOWN).collect()
    }
}

/// A path below a base URL, whether or not the base ends in a slash.
pub(crate) fn below(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

/// A URL of a server, as a command line or a signing config has it.
fn parse(what: &str, url: &str) -> Outcome<Url> {
    let refuse = || Failure::usage(format!("not the URL of {what}: {url}"));
    let parsed = Url::parse(url).map_err(|error| refuse().because(&error))?;
    match parsed.scheme() {
        "http" | "https" => Ok(parsed),
        _ => Err(refuse().note("expected", "a URL with http:// or https://")),
    }
}

fn bearer(what: &str, secret: &str) -> Outcome<HeaderMap> {
    let mut value = HeaderValue::from_str(&format!("Bearer {secret}")).map_err(|_| {
        Failure::new(Exit::Identity, format!("the token for {what} is not plain text"))
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// No answer, in the words of whoever can change that.
pub(crate) fn unreachable(what: &str, url: &Url, error: &ClientError) -> Failure {
    let failure = match error {
        ClientError::Unreachable { .. } => {
            Failure::new(Exit::Instance, format!("cannot reach {what}"))
        }
        _ => Failure::new(Exit::Instance, format!("no answer from {what} that can be used")),
    };
    // The libraries' layers say little; the last of them says what the system said.
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    let failure = failure.note("server", url.as_str()).note("cause", cause.to_string());
    // rustls: "invalid peer certificate: UnknownIssuer", and its like.
    if cause.to_string().contains("certificate") {
        failure.hint(
            "SSL_CERT_FILE names authorities to believe; siglite use URL --cacert FILE keeps one",
        )
    } else if lite_http::client::is_loopback(url) {
        failure.hint("is the instance running? siglite up starts it")
    } else {
        failure.hint("is the instance running, and does its name lead to it from here?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer::made(StatusCode::BAD_REQUEST, body)
    }

    #[test]
    fn a_page_is_nobodys_answer() {
        let page = Answer::made(StatusCode::OK, "<html><title>Log in</title>");
        for failure in [page.refusal("the log"), page.nonsense("the log")] {
            assert_eq!(failure.sentence, "something else answers in the place of the log");
            assert!(failure.notes.iter().any(|(_, value)| value.contains("Log in")));
            assert!(failure.hint.is_some_and(|hint| hint.contains("NO_PROXY")));
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        for (body, said) in [
            (r#"{"code":3,"message":"no such key","details":[]}"#, "no such key"),
            (r#"{"error":"invalid_grant","error_description":"wrong password"}"#, "wrong password"),
            (" plain \n", "plain"),
        ] {
            let failure = answer(body).refusal("the log");
            assert!(failure.notes.contains(&("answer", said.to_owned())), "{body}");
        }
        assert!(answer(&"x".repeat(9999)).message().len() <= MAX_SHOWN);
    }

    #[test]
    fn paths_meet_bases_in_one_slash() {
        assert_eq!(below("http://h/", "/a"), "http://h/a");
        assert_eq!(below("http://h/p", "a"), "http://h/p/a");
    }

    #[tokio::test]
    async fn nobody_listening_names_the_server_and_the_way_out() {
        // Port 9 of this machine: the discard service, which nothing here runs.
        let failure = Web::default().get("the log", "http://127.0.0.1:9/x").await.unwrap_err();
        assert_eq!(failure.exit, Exit::Instance);
        assert_eq!(failure.sentence, "cannot reach the log");
        assert!(failure.hint.unwrap().contains("siglite up"));
    }

    #[tokio::test]
    async fn a_url_that_is_not_the_webs_is_a_usage_fault() {
        for url in ["file:///etc/passwd", "localhost:7070", ""] {
            let failure = Web::default().get("the log", url).await.unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{url}");
        }
    }
}
