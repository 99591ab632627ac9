//! `GET /registry`: what there is, for people. No script, no form, nothing from elsewhere.

use std::fmt::Write as _;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use lite_http::page::{escape, policy};
use lite_oci::media_type;
use lite_time::Time;

use super::error::header_map;
use crate::app::App;
use crate::store::{RepositoryView, TagView};

const STYLE: &str = include_str!("page.css");
/// Repositories of one page.
const REPOSITORIES: usize = 100;
/// Tags of one repository.
const TAGS: usize = 100;

/// Where a page begins.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct After {
    last: Option<String>,
}

/// The page.
pub(crate) async fn registry(
    State(app): State<App>,
    headers: HeaderMap,
    after: Result<Query<After>, QueryRejection>,
) -> Response {
    if let Err(refused) = app.access.check_person(&headers).await {
        return refused;
    }
    let last = after.ok().and_then(|Query(after)| after.last);
    let (names, more) = app.store.catalog(last.as_deref(), REPOSITORIES);
    let views = app.store.overview(&names, TAGS);
    let next = names.last().filter(|_| more).map(|name| name.as_str().to_owned());
    let headers = header_map([
        (CONTENT_SECURITY_POLICY, policy(STYLE)),
        (CACHE_CONTROL, "no-store".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ]);
    (headers, Html(page(&app.host, &views, next.as_deref()))).into_response()
}

fn page(host: &str, views: &[RepositoryView], next: Option<&str>) -> String {
    let host = escape(host);
    let mut body = String::new();
    for view in views {
        repository(&mut body, view);
    }
    if views.is_empty() {
        let _ = write!(
            body,
            "<h2>Nothing has been pushed yet</h2>\n<pre><code>docker tag alpine {host}/alpine:1h
docker push {host}/alpine:1h
siglite sign {host}/alpine:1h</code></pre>\n"
        );
    }
    if let Some(next) = next {
        let _ = writeln!(body, "<p><a href=\"/registry?last={}\">More</a></p>", escape(next));
    }
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Images – siglite</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Images</h1>
<p>What was pushed to <code>{host}</code>. Whether a signature holds, a client says: <code>siglite verify</code>.</p>
{body}</main>
</body>
</html>
"
    )
}

fn repository(out: &mut String, view: &RepositoryView) {
    let name = escape(view.name.as_str());
    let _ = writeln!(out, "<h2>{name}</h2>");
    if view.tags.is_empty() {
        out.push_str("<p>No tags.</p>\n");
        return;
    }
    out.push_str(
        "<div class=\"scroll\"><table>\n<tr><th>Tag</th><th>Digest</th><th>Kind</th><th>Size</th>\
         <th>Pushed</th><th>Expires</th><th>Signed</th></tr>\n",
    );
    for tag in &view.tags {
        row(out, tag);
    }
    out.push_str("</table></div>\n");
    if view.more > 0 {
        let _ = writeln!(out, "<p>And {} more tags.</p>", view.more);
    }
}

fn row(out: &mut String, tag: &TagView) {
    let digest = tag.digest.as_str();
    let short = digest.get(..19).unwrap_or(digest);
    let minutes = |time: Time| time.to_rfc3339().replace('T', " ").get(..16).map(str::to_owned);
    let _ = writeln!(
        out,
        "<tr><td>{}</td><td class=\"digest\" title=\"{digest}\">{short}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escape(tag.tag.as_str()),
        kind(&tag.media_type),
        size(tag.size),
        minutes(tag.pushed).unwrap_or_default(),
        tag.expires.and_then(minutes).unwrap_or_default(),
        signed(tag),
    );
}

fn kind(media_type: &str) -> &'static str {
    if media_type::is_index(media_type) { "index" } else { "image" }
}

/// What is attached, in words: a colour alone says nothing to those who do not see it.
fn signed(tag: &TagView) -> String {
    let words = [
        (tag.signatures, "signature"),
        (tag.attestations, "attestation"),
        (tag.sboms, "SBOM"),
        (tag.others, "other"),
    ];
    let found: Vec<String> = words
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if found.is_empty() {
        "no".to_owned()
    } else {
        format!("<span class=\"yes\">{}</span>", found.join(", "))
    }
}

#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in units {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_cannot_become_markup() {
        let page = page("<script>\"&", &[], None);
        assert!(page.contains("&lt;script&gt;&quot;&amp;/alpine:1h"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn sizes_have_units() {
        for (bytes, want) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (1_550_000, "1.6 MB"),
            (64_000_000_000, "64.0 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), want);
        }
    }
}
