//! PEM, as lenient as the clients in the field need and no more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The label and content of the only PEM block of `pem`.
///
/// RFC 7468 is stricter about line lengths than the clients in the field, so lines are joined
/// before the Base64 is read; the Base64 itself is strict.
pub(crate) fn decode(pem: &str) -> Option<(&str, Vec<u8>)> {
    let rest = pem.trim().strip_prefix("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let body = rest.strip_suffix("-----")?.strip_suffix(label)?.strip_suffix("-----END ")?;
    let joined: String = body.split_ascii_whitespace().collect();
    Some((label, STANDARD.decode(joined).ok()?))
}

/// One PEM block with a newline at its end.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    // It never fails: the labels are ours, and the length fits a `usize`.
    pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap_or_default()
}
