//! How a query is answered out of sorted postings, whatever engine sorts them.
//!
//! A posting is 32 bytes: the first 16 of the SHA-256 of a key, which name its *list*, then the
//! *place*: time and index. One more list has every leaf. So each list is sorted by time, a window
//! of times is a range, and a query is a walk along few lists that jumps where it can.
//!
//! Sixteen bytes never meet by chance; who makes two keys meet on purpose is found under both, which
//! a check against the tree shows.

use lite_time::Time;
use sha2::{Digest, Sha256};

use crate::index::{Cause, Row};
use crate::query::{MAX_LIMIT, Query, TooBroad};

/// The most lookups of one query: about a second of a disk's patience.
const MAX_STEPS: usize = 1 << 18;

/// The name of a list.
pub(crate) type List = [u8; 16];

/// A posting as engines keep it.
pub(crate) type Posting = [u8; 32];

/// The list of every leaf. No key leads to it: no SHA-256 begins like this that anybody knows.
const EVERY: List = [0; 16];

/// Where a leaf stands in each list: its time, then its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u128);

impl Place {
    const fn new(time: Time, index: u64) -> Self {
        // The sign bit turned over: the years before 1970 sort first.
        let time = time.millis().cast_unsigned() ^ (1 << 63);
        Self(((time as u128) << 64) | index as u128)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the index")]
    const fn index(self) -> u64 {
        self.0 as u64
    }

    /// The place at the end of a posting.
    pub(crate) fn of(posting: &Posting) -> Self {
        let mut place = [0; 16];
        place.copy_from_slice(&posting[16..]);
        Self(u128::from_be_bytes(place))
    }
}

/// The places of a window, both ends included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    lowest: Place,
    highest: Place,
}

impl Window {
    fn of(query: &Query) -> Self {
        let lowest = query.from.map_or(Place(0), |from| Place::new(from, 0));
        let highest = query.until.map_or(Place(u128::MAX), |until| Place::new(until, u64::MAX));
        Self { lowest, highest }
    }

    /// The first and the last posting that a list can have in this window; `None` if the window is
    /// empty.
    pub(crate) fn postings(&self, list: &List) -> Option<(Posting, Posting)> {
        let ends = (posting(list, self.lowest), posting(list, self.highest));
        (self.lowest <= self.highest).then_some(ends)
    }

    /// What is left of it from `place` on, with or without the place itself.
    fn after(self, place: Place, newest_first: bool, with: bool) -> Option<Self> {
        let step = u128::from(!with);
        Some(if newest_first {
            Self { highest: Place(place.0.checked_sub(step)?), ..self }
        } else {
            Self { lowest: Place(place.0.checked_add(step)?), ..self }
        })
    }
}

/// What an engine does for a walk.
pub(crate) trait Postings {
    /// The first or the last place that a list has in a window.
    fn end(&self, of: &List, window: Window, last: bool) -> Result<Option<Place>, Cause>;
}

/// The postings of rows, sorted, each once.
pub(crate) fn postings(rows: &[Row]) -> Vec<Posting> {
    let mut all = Vec::with_capacity(rows.iter().map(|row| row.keys.len() + 1).sum());
    for row in rows {
        let place = Place::new(row.time, row.index);
        all.push(posting(&EVERY, place));
        all.extend(row.keys.iter().map(|key| posting(&list_of(key), place)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Answers a query.
pub(crate) fn find(postings: &impl Postings, query: &Query) -> Result<Vec<u64>, Cause> {
    let mut lists: Vec<List> = query.any.iter().map(|key| list_of(key)).collect();
    lists.sort_unstable();
    lists.dedup();
    if lists.is_empty() {
        lists.push(EVERY);
    }
    let mut walk = Walk {
        postings,
        newest_first: query.newest_first,
        window: Some(Window::of(query)),
        steps: 0,
        heads: Vec::new(),
    };
    let mut found = Vec::new();
    while found.len() < query.limit.min(MAX_LIMIT) {
        let next = if query.all { walk.in_all(&lists)? } else { walk.in_any(&lists)? };
        match next {
            Some(place) => found.push(place.index()),
            None => break,
        }
    }
    Ok(found)
}

/// A walk along lists, in one direction.
struct Walk<'a, P> {
    postings: &'a P,
    newest_first: bool,
    /// What has not been walked yet.
    window: Option<Window>,
    steps: usize,
    /// The next place of each list, for walks along any of them.
    heads: Vec<Option<Place>>,
}

impl<P: Postings> Walk<'_, P> {
    /// The next place that is in one of the lists.
    fn in_any(&mut self, lists: &[List]) -> Result<Option<Place>, Cause> {
        if self.heads.is_empty() {
            self.heads = lists.iter().map(|list| self.next(list)).collect::<Result<_, _>>()?;
        }
        let heads = self.heads.iter().flatten();
        let nearest = if self.newest_first { heads.max() } else { heads.min() };
        let Some(nearest) = nearest.copied() else { return Ok(None) };
        self.move_to(nearest, false);
        for (at, list) in lists.iter().enumerate() {
            if self.heads[at] == Some(nearest) {
                self.heads[at] = self.next(list)?;
            }
        }
        Ok(Some(nearest))
    }

    /// The next place that is in all of the lists: each in turn jumps to where the others are.
    fn in_all(&mut self, lists: &[List]) -> Result<Option<Place>, Cause> {
        let (mut agreed, mut agreeing) = (None, 0);
        for list in lists.iter().cycle() {
            let Some(place) = self.next(list)? else { return Ok(None) };
            agreeing = if agreed == Some(place) { agreeing + 1 } else { 1 };
            agreed = Some(place);
            let everywhere = agreeing == lists.len();
            self.move_to(place, !everywhere);
            if everywhere {
                break;
            }
        }
        Ok(agreed)
    }

    fn move_to(&mut self, place: Place, with: bool) {
        self.window = self.window.and_then(|it| it.after(place, self.newest_first, with));
    }

    fn next(&mut self, list: &List) -> Result<Option<Place>, Cause> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(TooBroad.into());
        }
        let Some(window) = self.window else { return Ok(None) };
        self.postings.end(list, window, self.newest_first)
    }
}

fn posting(list: &List, place: Place) -> Posting {
    let mut posting = [0; 32];
    posting[..16].copy_from_slice(list);
    posting[16..].copy_from_slice(&place.0.to_be_bytes());
    posting
}

fn list_of(key: &[u8]) -> List {
    let mut list = [0; 16];
    list.copy_from_slice(&Sha256::digest(key)[..16]);
    list
}
