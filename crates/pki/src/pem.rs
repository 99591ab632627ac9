//! PEM as clients really write it: RFC 7468 with any line width and line ending.
//!
//! sigstore-java puts a whole key on one line, others end lines with CR LF; the `pem-rfc7468`
//! crate refuses both, and upstream accepts both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Why a text is not the PEM that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// No block of the label that was asked for.
    #[error("no PEM block with the expected label")]
    Missing,
    /// A `BEGIN` without its `END`.
    #[error("a PEM block does not end")]
    Unfinished,
    /// The body is not base64.
    #[error("a PEM block is not base64")]
    Base64,
    /// More blocks or more bytes than the caller allows.
    #[error("PEM input over the limit")]
    TooLarge,
}

/// A block: what it says it is, what it holds, and the text behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The word between the dashes, such as `CERTIFICATE`.
    pub label: &'a str,
    /// Base64, of any line width and line ending.
    pub body: &'a str,
    /// What follows the block's last dash.
    pub after: &'a str,
}

/// The first block of a text, whatever stands before it; `None` where none begins.
pub fn first_block(text: &str) -> Result<Option<Block<'_>>, PemError> {
    let Some((_, from_label)) = text.split_once("-----BEGIN ") else { return Ok(None) };
    let (label, body) = from_label.split_once("-----").ok_or(PemError::Unfinished)?;
    let (body, after) = body.split_once("-----END ").ok_or(PemError::Unfinished)?;
    let after = after.strip_prefix(label).ok_or(PemError::Unfinished)?;
    let after = after.strip_prefix("-----").ok_or(PemError::Unfinished)?;
    Ok(Some(Block { label, body, after }))
}

impl Block<'_> {
    /// The bytes of the body.
    pub fn decode(&self) -> Result<Vec<u8>, PemError> {
        let body: String = self.body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        STANDARD.decode(body).map_err(|_| PemError::Base64)
    }
}

/// The contents of all blocks with one of these labels, in order; other text is passed over.
pub fn decode_all(
    text: &str,
    labels: &[&str],
    max_blocks: usize,
) -> Result<Vec<Vec<u8>>, PemError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(block) = first_block(rest)? {
        rest = block.after;
        if labels.contains(&block.label) {
            if blocks.len() == max_blocks {
                return Err(PemError::TooLarge);
            }
            blocks.push(block.decode()?);
        }
    }
    if blocks.is_empty() { Err(PemError::Missing) } else { Ok(blocks) }
}

/// One block with 64 characters a line and a newline at its end.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + "-----END " + label + "-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_line_width_and_line_ending() {
        let der = vec![0xA5; 100];
        let wrapped = encode("CERTIFICATE", &der);
        let body = STANDARD.encode(&der);
        for text in [
            wrapped.clone(),
            wrapped.replace('\n', "\r\n"),
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"),
            format!("subject=/CN=x\n{wrapped}trailing words"),
        ] {
            assert_eq!(decode_all(&text, &["CERTIFICATE"], 1), Ok(vec![der.clone()]), "{text}");
        }
    }

    #[track_caller]
    fn refuse(text: &str, why: PemError) {
        assert_eq!(decode_all(text, &["X"], 1), Err(why), "{text}");
    }

    #[test]
    fn refuses_by_reason() {
        refuse("", PemError::Missing);
        refuse("-----BEGIN Y-----\nAA==\n-----END Y-----\n", PemError::Missing);
        refuse("-----BEGIN X-----\nAA==\n", PemError::Unfinished);
        refuse("-----BEGIN X-----\nAA==\n-----END Y-----\n", PemError::Unfinished);
        refuse("-----BEGIN X-----\nA\n-----END X-----\n", PemError::Base64);
        refuse(&encode("X", &[1]).repeat(2), PemError::TooLarge);
    }
}
