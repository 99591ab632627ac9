//! Who is asking: the browser behind a request, as far as it can be told.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::secret::{is_token, sha256_base64url, token};
use crate::server::App;

/// What a request tells of its sender.
pub(crate) struct Visitor {
    /// The peer of the connection; unknown without `ConnectInfo`.
    pub(crate) address: Option<IpAddr>,
    /// The cookie that ties a browser to the forms it was given.
    pub(crate) browser: Option<String>,
    /// The cookie of somebody who stays signed in.
    pub(crate) session: Option<String>,
    /// Sent by a page of this server, or by no page at all.
    pub(crate) same_origin: bool,
    /// Sent by a program on this machine: not by a browser, not through a proxy.
    pub(crate) local_program: bool,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let headers = &parts.headers;
        let names = CookieNames::of(app);
        let cookie = |name: &str| read_cookie(headers, name).filter(|value| is_token(value));
        let from_page = headers.contains_key(header::ORIGIN) || fetch_site(headers).is_some();
        let proxied = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
        Ok(Visitor {
            address,
            browser: cookie(&names.browser),
            session: cookie(&names.session),
            same_origin: matches!(fetch_site(headers), None | Some("same-origin" | "none")),
            local_program: address.is_some_and(|a| a.is_loopback())
                && !from_page
                && !proxied.iter().any(|name| headers.contains_key(*name)),
        })
    }
}

impl Visitor {
    /// The browser's cookie, a new one if it has none, and whether it must be sent.
    pub(crate) fn browser_or_new(&self) -> (String, bool) {
        self.browser.clone().map_or_else(|| (token(), true), |known| (known, false))
    }
}

/// Cookies do not know ports: two identity providers on one machine would overwrite each other's,
/// so their names differ by issuer.
struct CookieNames {
    browser: String,
    session: String,
}

impl CookieNames {
    fn of(app: &App) -> CookieNames {
        let digest = sha256_base64url(app.config.issuer.as_bytes());
        let tag = &digest[..8];
        CookieNames {
            browser: format!("siglite_browser_{tag}"),
            session: format!("siglite_session_{tag}"),
        }
    }
}

/// `Set-Cookie` for the browser's cookie: until it is closed.
pub(crate) fn browser_cookie(app: &App, value: &str) -> HeaderValue {
    set_cookie(app, &CookieNames::of(app).browser, value, None)
}

/// `Set-Cookie` for a session; zero seconds take it away.
pub(crate) fn session_cookie(app: &App, value: &str, seconds: u32) -> HeaderValue {
    set_cookie(app, &CookieNames::of(app).session, value, Some(seconds))
}

fn set_cookie(app: &App, name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let path = if app.checked.path.is_empty() { "/" } else { &app.checked.path };
    let age = seconds.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
    let secure = if app.checked.https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{age}{secure}");
    // Names and values are base64url and the path is of a parsed URL, so this is visible ASCII.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn read_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then(|| value.to_owned()))
}

/// Browsers say where a request comes from, and no page can change what they say.
fn fetch_site(headers: &HeaderMap) -> Option<&str> {
    headers.get("sec-fetch-site")?.to_str().ok()
}
