//! A web page where a document was expected: a proxy, a login page or a wrong address answered.
//!
//! "expected value at line 1 column 1" tells nobody that; the page's own title does.

use crate::failure::Failure;

/// How much of a title is worth showing.
const MAX_TITLE: usize = 80;

/// What to do about a page that came over the network.
pub(crate) const HINT: &str = "a proxy or a login page answered in the server's place: ask its \
     keeper to let the address through, name the instance in NO_PROXY, or check the address";

/// The title of a page, if these bytes are one; "a web page" if it has none.
pub(crate) fn title(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(16 * 1024))?);
    let lower = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).to_ascii_lowercase();
    if !["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| lower.starts_with(tag)) {
        return None;
    }
    let said = text.find("<title").or_else(|| text.find("<TITLE")).and_then(|start| {
        let (_, after) = text.get(start..)?.split_once('>')?;
        let (title, _) = after.split_once('<')?;
        let words: Vec<&str> = title.split_whitespace().collect();
        let title: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
        Some(title.chars().take(MAX_TITLE).collect::<String>())
    });
    Some(match said.filter(|title| !title.is_empty()) {
        Some(title) => format!("a web page with the title \u{201c}{title}\u{201d}"),
        None => "a web page".to_owned(),
    })
}

/// Says so of a file that should have been a document.
pub(crate) fn explain(failure: Failure, bytes: &[u8]) -> Failure {
    match title(bytes) {
        Some(page) => failure.note("found", page).hint(
            "it was downloaded through a proxy or a login page, or from another address: \
             download it again and look at it",
        ),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_title() {
        let page = b"\n<!DOCTYPE html><html><head><title>\n Access  denied </title>";
        assert_eq!(title(page).unwrap(), "a web page with the title \u{201c}Access denied\u{201d}");
        assert_eq!(title(b"<HTML><p>no").unwrap(), "a web page");
        assert_eq!(title(b"<html><title>").unwrap(), "a web page");
    }

    #[test]
    fn documents_are_no_pages() {
        for bytes in [&b"{\"a\": \"<html>\"}"[..], b"", b"-----BEGIN X-----", b"\xff\xfe<html>"] {
            assert_eq!(title(bytes), None);
        }
    }
}
