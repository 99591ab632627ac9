//! Pages for people that are written by hand: text that cannot become markup, and a policy that
//! lets nothing in but the page's own style.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;

/// Text as it stands between tags and in quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The `Content-Security-Policy` of a page whose only part that is not text is this style.
#[must_use]
pub fn policy(style: &str) -> String {
    let hash = STANDARD.encode(HashAlgorithm::Sha256.digest(style.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape(r#"<a href="&">"#), "&lt;a href=&quot;&amp;&quot;&gt;");
    }

    /// `printf x | openssl dgst -sha256 -binary | base64`.
    #[test]
    fn the_policy_names_the_style_by_its_hash() {
        assert!(
            policy("x")
                .contains("style-src 'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=';")
        );
    }
}
