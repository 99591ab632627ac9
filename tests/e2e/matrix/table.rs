//! The table, in Markdown, with what its cells add below it.

use std::fmt::Write as _;

use super::cell::{COLUMNS, Row};

/// The table with its notes.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut notes: Vec<&str> = Vec::new();
    let mut text = format!("| client | version | {} |\n", COLUMNS.join(" | "));
    text += &["|", &"---|".repeat(COLUMNS.len() + 2), "\n"].concat();
    for row in rows {
        let _ = write!(text, "| {} | {} |", row.client, row.version);
        for cell in &row.cells {
            let _ = write!(text, " {}", cell.word());
            if let Some(note) = cell.note() {
                let known = notes.iter().position(|known| *known == note);
                let place = known.unwrap_or_else(|| {
                    notes.push(note);
                    notes.len() - 1
                });
                let _ = write!(text, " [{}]", place + 1);
            }
            text += " |";
        }
        text += "\n";
    }
    text += "\n";
    for (place, note) in notes.iter().enumerate() {
        let _ = writeln!(text, "{}. {note}", place + 1);
    }
    text
}

/// What the page has between its two marks.
#[track_caller]
pub(super) fn on_page(page: &str) -> &str {
    let begins = page.find("| client |").expect("the page has the table");
    let rest = &page[begins..];
    rest.find("\n\n#").map_or(rest, |end| &rest[..=end])
}

/// The same without the versions: a distribution that brings a newer one changes no word.
pub(super) fn without_versions(table: &str) -> String {
    let without = |line: &str| {
        let mut cells: Vec<&str> = line.split('|').collect();
        if line.starts_with('|') && cells.len() == COLUMNS.len() + 4 {
            cells[2] = "";
        }
        cells.join("|")
    };
    table.trim_end().lines().map(without).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_note_stands_once_and_in_order() {
    use super::cell::Cell;
    let cells = || {
        [
            Cell::Yes(None),
            Cell::Yes(Some("b")),
            Cell::Absent("a"),
            Cell::Fault("b"),
            Cell::Yes(None),
            Cell::Broken("it burnt".to_owned()),
        ]
    };
    let row = |client| Row { client, version: "1.2".to_owned(), cells: cells() };
    let table = markdown(&[row("x"), row("y")]);
    let line = "| x | 1.2 | yes | yes [1] | – [2] | no [1] | yes | BROKEN |\n";
    assert!(table.contains(line), "{table}");
    assert!(table.ends_with("\n\n1. b\n2. a\n"), "{table}");
    let page = format!("# A page\n\n{table}\n## More\n");
    assert_eq!(on_page(&page).trim_end(), table.trim_end());
    let newer = table.replace("1.2", "1.3");
    assert_eq!(without_versions(&newer), without_versions(&table));
    assert_ne!(without_versions(&table.replace("| y", "| z")), without_versions(&table));
    assert_eq!(row("x").broken(), ["x 1.2, log query: it burnt"]);
}
