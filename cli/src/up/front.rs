//! The page at `/`: what stands here, for somebody who opens the URL in a browser.

use std::fmt::Write as _;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::Html;
use axum::routing::get;
use lite_http::page::{escape, policy};

/// The style is the only thing on the page that is not text; its hash lets nothing else in.
const STYLE: &str = include_str!("front.css");

/// What stands here: path, name, and what it is for.
const ROWS: [(&str, &str, &str); 10] = [
    (
        "oidc/.well-known/openid-configuration",
        "Identity provider",
        "who you are becomes an ID token",
    ),
    (
        "api/v2/configuration",
        "Certificate authority",
        "an ID token becomes a ten-minute certificate",
    ),
    (
        "ct/ct/v1/get-sth",
        "Certificate transparency log",
        "every certificate is logged before it is used",
    ),
    ("checkpoint", "Signature log", "every signature is logged, with proof"),
    ("api/v1/timestamp/certchain", "Timestamp authority", "when a signature was made"),
    ("registry", "Image registry", "images, and the signatures beside them"),
    ("trusted_root.json", "Trusted root", "the keys and certificates to verify with"),
    ("signing_config.json", "Signing config", "the servers to sign with"),
    ("root.json", "TUF root", "what a client starts from"),
    ("readyz", "Health", "whether every part does what it promises"),
];

/// The route `/`.
pub(crate) fn router(url: &str) -> Router {
    let page = page(url);
    let policy = policy(STYLE);
    Router::new().route(
        "/",
        get(move || {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, policy.clone()),
                (header::CACHE_CONTROL, "no-cache".to_owned()),
                (HeaderName::from_static("referrer-policy"), "no-referrer".to_owned()),
            ];
            std::future::ready((headers, Html(page.clone())))
        }),
    )
}

/// The page. The URL was parsed and written again by the URL library, so it holds no markup; it
/// is escaped all the same.
fn page(url: &str) -> String {
    let url = &escape(url);
    let mut rows = String::new();
    for (path, name, what) in ROWS {
        let _ = writeln!(rows, "<li><a href=\"/{path}\">{name}</a> <span>{what}</span></li>");
    }
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>siglite</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>siglite</h1>
<p>A whole Sigstore stands here, at <code>{url}</code>, and needs nobody else.</p>
<h2>Use it</h2>
<pre><code>siglite use {url}
siglite sign-blob FILE
siglite verify-blob FILE --certificate-identity EMAIL \\
    --certificate-oidc-issuer {url}/oidc</code></pre>
<h2>What stands here</h2>
<ul>
{rows}</ul>
</main>
</body>
</html>
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_cannot_become_markup() {
        let page = page("http://<script>\"&");
        assert!(page.contains("http://&lt;script&gt;&quot;&amp;"));
        assert!(!page.contains("<script"));
    }
}
