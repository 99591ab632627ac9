//! PEM as Go's `encoding/pem` reads it, as far as clients need it.
//!
//! Any line width and ending, text before a block is passed over, text behind the last one is not.
//! No headers inside a block.

use lite_pki::pem;

use crate::Refusal;

/// Most blocks: upstream reads chains of up to ten certificates.
pub(crate) const MAX_BLOCKS: usize = 10;

/// A block: what it says it is, and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) content: Vec<u8>,
}

/// All blocks of a text, one at least.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| Refusal::Pem)?;
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() || found.is_empty() {
        if found.len() == MAX_BLOCKS {
            return Err(Refusal::ChainTooLong);
        }
        let block = pem::first_block(rest).ok().flatten().ok_or(Refusal::Pem)?;
        let content = block.decode().map_err(|_| Refusal::Pem)?;
        found.push(Block { label: block.label, content });
        rest = block.after.trim();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use lite_pki::pem::encode;

    use super::*;

    #[test]
    fn reads_blocks_of_any_width_and_text_before_them() {
        let one = encode("X", &[7; 100]);
        let narrow = format!(
            "words\n-----BEGIN X-----\r\n{}\r\n-----END X-----\r\n",
            STANDARD.encode([7; 100])
        );
        for text in [one.clone(), format!("\n {one}\n"), narrow] {
            let block = Block { label: "X", content: vec![7; 100] };
            assert_eq!(blocks(text.as_bytes()), Ok(vec![block]));
        }
        assert_eq!(blocks(one.repeat(10).as_bytes()).map(|all| all.len()), Ok(10));
    }

    #[test]
    fn refuses_what_is_no_pem() {
        let one = encode("X", &[7; 100]);
        for text in [
            String::new(),
            "words".to_owned(),
            one.replace("END X", "END Y"),
            one.replace("-----END X-----", ""),
            one.replace("Bw", "!!"),
            format!("{one}words"),
        ] {
            assert_eq!(blocks(text.as_bytes()), Err(Refusal::Pem), "{text}");
        }
        assert_eq!(blocks(b"\xff"), Err(Refusal::Pem));
        assert_eq!(blocks(one.repeat(11).as_bytes()), Err(Refusal::ChainTooLong));
    }
}
