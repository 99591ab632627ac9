//! Signing in with a browser on this machine (RFC 8252): the code comes back over loopback.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::code::Question;
use super::provider::Provider;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::surroundings::Environment;
use crate::token::IdToken;

/// How long a browser may stay on the login page.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Whether a browser can show itself.
pub(super) fn has_display(env: &dyn Environment) -> bool {
    cfg!(any(target_os = "macos", target_os = "windows"))
        || ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].iter().any(|name| env.filled(name).is_some())
}

/// Opens the login page, and waits for the browser to come back with a code.
pub(super) async fn sign_in(provider: &Provider, context: &Context) -> Outcome<IdToken> {
    // (1) Listen first, because the port is part of the address the browser comes back to.
    let listeners = Listeners::bind().await?;
    let redirect = format!("http://localhost:{}/auth/callback", listeners.port);
    let question = Question::new(provider, redirect)?;

    // (2) The address is printed, too: a browser may fail to open without saying so.
    context.screen().ask(&format!("To sign in, open {}", question.url()));
    open(question.url().as_str(), context.env());

    // (3) The browser comes back with a code, and the code becomes a token.
    let code = tokio::time::timeout(PATIENCE, listeners.wait(question.state().to_owned()))
        .await
        .map_err(|_| {
        Failure::new(Exit::Identity, "nobody signed in within five minutes")
            .hint("--device signs in on another device")
    })??;
    question.redeem(code, None).await
}

/// The same port on both loopback addresses: `localhost` may mean either.
struct Listeners {
    port: u16,
    all: Vec<TcpListener>,
}

impl Listeners {
    async fn bind() -> Outcome<Self> {
        let refuse = |error: std::io::Error| {
            Failure::new(Exit::Internal, "cannot listen for the browser").because(&error)
        };
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refuse)?;
        let port = first.local_addr().map_err(refuse)?.port();
        let mut all = vec![first];
        // Machines without IPv6 have only the one.
        all.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok());
        Ok(Self { port, all })
    }

    /// Serves the callback until a code with our `state` has come, or a refusal.
    async fn wait(self, state: String) -> Outcome<String> {
        let (sender, receiver) = oneshot::channel();
        let waiting = Waiting { state, sender: Arc::new(Mutex::new(Some(sender))) };
        let (end, ended) = watch::channel(());
        let mut servers = JoinSet::new();
        for listener in self.all {
            let mut ended = ended.clone();
            let server = axum::serve(listener, router(waiting.clone()));
            let server = server.with_graceful_shutdown(async move {
                let _ = ended.changed().await;
            });
            servers.spawn(server.into_future());
        }
        let came = receiver.await;
        // The page that says "done" is still on its way to the browser.
        let _ = end.send(());
        let _ = tokio::time::timeout(Duration::from_secs(1), servers.join_all()).await;
        came.unwrap_or_else(|_| Err(Failure::new(Exit::Internal, "the callback went away")))
    }
}

#[derive(Clone)]
struct Waiting {
    state: String,
    sender: Arc<Mutex<Option<oneshot::Sender<Outcome<String>>>>>,
}

fn router(waiting: Waiting) -> Router {
    Router::new().route("/auth/callback", get(callback)).with_state(waiting)
}

/// RFC 6749, Sections 4.1.2 and 4.1.2.1.
#[derive(Deserialize)]
struct Callback {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn callback(
    State(waiting): State<Waiting>,
    Query(query): Query<Callback>,
) -> impl IntoResponse {
    // Any page may send a browser here. Without our state it is not our answer, and we go on
    // waiting for that.
    if query.state.as_deref() != Some(waiting.state.as_str()) {
        return page(StatusCode::BAD_REQUEST, "This is not the sign-in that siglite waits for.");
    }
    let (outcome, shown) = match (query.code, query.error) {
        (Some(code), None) => (Ok(code), "You are signed in. You can close this window."),
        (_, error) => {
            let said = query.error_description.or(error).unwrap_or_default();
            let failure = Failure::new(Exit::Identity, "the identity provider refuses the sign-in")
                .note("answer", said);
            (Err(failure), "You are not signed in. siglite says why. You can close this window.")
        }
    };
    let sender = waiting.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = sender {
        // Whoever waited may have run out of patience.
        let _ = sender.send(outcome);
    }
    page(StatusCode::OK, shown)
}

/// A page of one sentence. It may load and run nothing.
fn page(status: StatusCode, sentence: &'static str) -> (StatusCode, HeaderMap, String) {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let headers = headers
        .map(|(name, value): (HeaderName, &'static str)| (name, HeaderValue::from_static(value)));
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>siglite</title>\
         <style>body{{font:1.25rem system-ui,sans-serif;margin:4rem auto;max-width:40rem;\
         padding:0 1rem;color-scheme:light dark}}</style><main><p>{sentence}</main>"
    );
    (status, HeaderMap::from_iter(headers), body)
}

/// Starts the browser; the printed address is there for when that does not work.
fn open(url: &str, env: &dyn Environment) {
    let named = env.filled("BROWSER").and_then(|list| named_browser(&list, url));
    let desktop = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let words = named.unwrap_or_else(|| vec![desktop.to_owned(), url.to_owned()]);
    let _ = std::process::Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}

/// The first command of `BROWSER`, a list with colons in between, in which `%s` stands for the
/// address; without a `%s` the address comes last.
fn named_browser(list: &str, url: &str) -> Option<Vec<String>> {
    let first = list.split(':').find(|command| !command.trim().is_empty())?;
    let mut words: Vec<String> =
        first.split_whitespace().map(|word| word.replace("%s", url)).collect();
    if !first.contains("%s") {
        words.push(url.to_owned());
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::surroundings::tests::Made;

    #[test]
    fn the_browser_variable_is_read_as_others_read_it() {
        let check = |list: &str, want: &[&str]| {
            let words = named_browser(list, "http://a").unwrap_or_default();
            assert_eq!(words, want, "{list}");
        };
        check("firefox", &["firefox", "http://a"]);
        check("firefox --new-tab %s:lynx", &["firefox", "--new-tab", "http://a"]);
        check(":lynx", &["lynx", "http://a"]);
        check("", &[]);
    }

    fn waiting() -> (Waiting, oneshot::Receiver<Outcome<String>>) {
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        (Waiting { state: "ours".to_owned(), sender }, receiver)
    }

    async fn ask(waiting: &Waiting, query: &str) -> StatusCode {
        let request = Request::get(format!("/auth/callback?{query}")).body(Body::empty()).unwrap();
        router(waiting.clone()).oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_callback_with_another_state_is_not_ours_and_ends_nothing() {
        let (waiting, mut receiver) = waiting();
        assert_eq!(ask(&waiting, "state=theirs&code=evil").await, StatusCode::BAD_REQUEST);
        assert_eq!(ask(&waiting, "code=evil").await, StatusCode::BAD_REQUEST);
        assert!(receiver.try_recv().is_err());
        assert_eq!(ask(&waiting, "state=ours&code=good").await, StatusCode::OK);
        assert_eq!(receiver.await.unwrap().unwrap(), "good");
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_providers_words() {
        let (waiting, receiver) = waiting();
        ask(&waiting, "state=ours&error=access_denied&error_description=no+such+account").await;
        let failure = receiver.await.unwrap().unwrap_err();
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.notes.contains(&("answer", "no such account".to_owned())));
    }

    #[tokio::test]
    async fn a_second_answer_changes_nothing() {
        let (waiting, receiver) = waiting();
        ask(&waiting, "state=ours&code=first").await;
        ask(&waiting, "state=ours&code=second").await;
        assert_eq!(receiver.await.unwrap().unwrap(), "first");
    }

    #[test]
    fn a_display_is_one_of_three_variables() {
        if cfg!(target_os = "linux") {
            assert!(!has_display(&Made::of([("DISPLAY", "")])));
            assert!(has_display(&Made::of([("WAYLAND_DISPLAY", "wayland-0")])));
        }
    }
}
