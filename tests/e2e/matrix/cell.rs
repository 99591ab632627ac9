//! What a client did, in one column and in all.

use lite_tests::Ran;

/// The columns, in their order.
pub(super) const COLUMNS: [&str; 6] =
    ["sign blob", "verify blob", "attest", "sign image", "verify image", "log query"];

/// What a client does in one column.
#[derive(Debug)]
pub(super) enum Cell {
    /// It did it; and what is particular about that.
    Yes(Option<&'static str>),
    /// It has no such function; and what it is instead.
    Absent(&'static str),
    /// It cannot, by a fault of its own: it failed in just the words that this fault has.
    Fault(&'static str),
    /// It did not, and should have.
    Broken(String),
}

impl Cell {
    /// It must have worked.
    pub(super) fn of(ran: &Ran) -> Self {
        if ran.code == Some(0) { Self::Yes(None) } else { Self::Broken(ran.to_string()) }
    }

    /// It must have failed, with these words among what it said.
    pub(super) fn fault(ran: &Ran, words: &str, note: &'static str) -> Self {
        let said = ran.stdout.contains(words) || ran.stderr.contains(words);
        if ran.code != Some(0) && said {
            Self::Fault(note)
        } else {
            Self::Broken(format!("it should have failed with `{words}`: {ran}"))
        }
    }

    /// What a library did.
    pub(super) fn tried(outcome: Result<(), Box<dyn std::error::Error>>) -> Self {
        match outcome {
            Ok(()) => Self::Yes(None),
            Err(error) => Self::Broken(format!("{error}: {error:?}")),
        }
    }

    /// And then this must work.
    pub(super) fn and(self, then: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::Yes(_)) { then() } else { self }
    }

    /// The same, with a remark where it worked.
    pub(super) fn but(self, note: &'static str) -> Self {
        match self {
            Self::Yes(_) => Self::Yes(Some(note)),
            other => other,
        }
    }

    /// The word in the table.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::Absent(_) => "–",
            Self::Fault(_) => "no",
            Self::Broken(_) => "BROKEN",
        }
    }

    /// What stands below the table.
    pub(super) const fn note(&self) -> Option<&'static str> {
        match self {
            Self::Yes(note) => *note,
            Self::Absent(note) | Self::Fault(note) => Some(note),
            Self::Broken(_) => None,
        }
    }
}

/// A client and its cells.
#[derive(Debug)]
pub(super) struct Row {
    /// The client.
    pub(super) client: &'static str,
    /// Its version, as it says itself.
    pub(super) version: String,
    /// One for each of [`COLUMNS`].
    pub(super) cells: [Cell; 6],
}

impl Row {
    /// Says what is particular about a cell that works.
    pub(super) fn remark(&mut self, column: usize, note: &'static str) {
        if let Cell::Yes(place) = &mut self.cells[column] {
            *place = Some(note);
        }
    }

    /// What went wrong here.
    pub(super) fn broken(&self) -> Vec<String> {
        let of = |(cell, column): (&Cell, &str)| match cell {
            Cell::Broken(why) => Some(format!("{} {}, {column}: {why}", self.client, self.version)),
            _ => None,
        };
        self.cells.iter().zip(COLUMNS).filter_map(of).collect()
    }
}
