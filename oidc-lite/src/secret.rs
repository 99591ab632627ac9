//! Unguessable strings, and how they are compared.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// 256 random bits in 43 characters that need no escaping in a URL, a form or a cookie.
pub(crate) fn token() -> String {
    let mut bytes = [0; 32];
    lite_keys::fill_random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// 130 random bits in 26 letters and digits: short enough to copy, and a double click selects all
/// of it.
pub(crate) fn code() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 26];
    lite_keys::fill_random(&mut bytes);
    // 32 divides 256, so every letter is equally likely.
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// Whether a text has the shape of a [`token`].
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// SHA-256. Secrets are looked up by their digest, so that a lookup leaks nothing of them by time.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// SHA-256 in base64url without padding, as PKCE and JWK thumbprints write it.
pub(crate) fn sha256_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(bytes))
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
