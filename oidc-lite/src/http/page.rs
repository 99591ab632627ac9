//! Pages: templates without script, under the strictest policy a form can live with.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use crate::redirect::Redirect;
use crate::secret::sha256_base64url;
use crate::server::App;

/// The style sheet, the same for all pages.
pub(crate) const STYLE: &str = include_str!("../../templates/login.css");

/// What surrounds every page.
pub(crate) struct Frame {
    /// The path of the issuer, before every link.
    pub(crate) base: String,
    /// Changes with the style sheet, so that browsers may keep it.
    pub(crate) style: String,
    pub(crate) issuer: String,
}

impl Frame {
    pub(crate) fn of(app: &App) -> Frame {
        Frame {
            base: app.checked.path.clone(),
            style: style_version(),
            issuer: app.config.issuer.clone(),
        }
    }
}

/// Eight characters that change with the style sheet.
pub(crate) fn style_version() -> String {
    sha256_base64url(STYLE.as_bytes())[..8].to_owned()
}

/// The part of a form that says who is there.
pub(crate) struct Who {
    /// Seals the request and the browser.
    pub(crate) ticket: String,
    /// What to write into the first field.
    pub(crate) email: String,
    /// Who is signed in already.
    pub(crate) signed_in: Option<String>,
    /// How long "stay signed in" lasts, if it is offered.
    pub(crate) stay: Option<String>,
    /// What went wrong, in words for the person.
    pub(crate) alert: Option<String>,
}

/// `/auth`: who are you, and may this client know?
#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    pub(crate) frame: Frame,
    pub(crate) client: &'a str,
    /// Where the code goes; `None` for a page to copy it from.
    pub(crate) target: Option<&'a str>,
    pub(crate) email_shared: bool,
    pub(crate) who: Who,
}

/// The code, to be copied by hand.
#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage<'a> {
    pub(crate) frame: Frame,
    pub(crate) client: &'a str,
    pub(crate) code: &'a str,
    pub(crate) minutes: u64,
}

/// On to the client, where the form's policy cannot name its address.
#[derive(Template)]
#[template(path = "onward.html")]
pub(crate) struct OnwardPage<'a> {
    pub(crate) frame: Frame,
    pub(crate) location: &'a str,
}

/// `/device`: which device is it?
#[derive(Template)]
#[template(path = "device.html")]
pub(crate) struct DevicePage<'a> {
    pub(crate) frame: Frame,
    pub(crate) typed: &'a str,
    pub(crate) alert: Option<String>,
}

/// `/device`: may this device sign as you?
#[derive(Template)]
#[template(path = "approve.html")]
pub(crate) struct ApprovePage<'a> {
    pub(crate) frame: Frame,
    pub(crate) client: &'a str,
    pub(crate) user_code: &'a str,
    pub(crate) from: String,
    pub(crate) ago: String,
    pub(crate) email_shared: bool,
    pub(crate) who: Who,
}

/// Something happened, and the person need do nothing more.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage<'a> {
    pub(crate) frame: Frame,
    pub(crate) good: bool,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    /// A machine's word for it, for a search or a report.
    pub(crate) detail: Option<String>,
}

/// `/logout`.
#[derive(Template)]
#[template(path = "logout.html")]
pub(crate) struct LogoutPage {
    pub(crate) frame: Frame,
    pub(crate) ticket: String,
    pub(crate) signed_in: String,
}

/// Where the forms of a page may lead.
pub(crate) enum Forms<'a> {
    /// Here.
    Own,
    /// Here, and by a redirect to the client.
    OwnThen(&'a Redirect),
}

/// Renders a page.
pub(crate) fn html(status: StatusCode, page: &impl Template, forms: &Forms<'_>) -> Response {
    let body = match page.render() {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, Html(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(forms));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Chromium and Safari hold `form-action` against the redirect that answers a form, so a page whose
/// form ends at the client names that client's origin, and no other.
fn policy(forms: &Forms<'_>) -> HeaderValue {
    let then = match forms {
        Forms::Own => None,
        Forms::OwnThen(redirect) => redirect.csp_source(),
    };
    let then = then.map(|source| format!(" {source}")).unwrap_or_default();
    let text = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{then}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    // An origin of a checked loopback address is visible ASCII without `;` or `,`.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[track_caller]
    fn check(colours: &str, text: &str, ground: &str, least: f64) {
        let colour = |name: &str| {
            let (_, rest) = colours.split_once(&format!("--{name}: ")).expect("a colour");
            luminance(rest.split(';').next().unwrap())
        };
        let (a, b) = (colour(text), colour(ground));
        let ratio = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(ratio >= least, "{text} on {ground}: {ratio:.2}");
    }

    #[test]
    fn every_text_stands_out_from_its_ground_by_day_and_by_night() {
        let (day, night) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for colours in [day, night] {
            for (text, ground) in [
                ("ink", "paper"),
                ("ink", "ground"),
                ("ink", "accent-soft"),
                ("quiet", "paper"),
                ("quiet", "ground"),
                ("quiet", "accent-soft"),
                ("accent", "paper"),
                ("accent-ink", "accent"),
                ("bad", "bad-soft"),
                ("good", "good-soft"),
            ] {
                check(colours, text, ground, 4.5);
            }
            // WCAG 2.2, Success Criterion 1.4.11: what shows where a field is.
            check(colours, "edge", "paper", 3.0);
            check(colours, "accent", "ground", 3.0);
        }
    }
}
