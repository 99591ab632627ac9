//! The names of tiles and entry bundles.
//!
//! ```text
//! tile/<L>/<N>            full tile       tile/entries/<N>
//! tile/<L>/<N>.p/<W>      partial tile    tile/entries/<N>.p/<W>
//! ```
//!
//! c2sp.org/tlog-tiles, "Merkle Tree": `<N>` is in zero-padded 3-digit elements, all but the last
//! prefixed `x`: 1234067 is `x001/x234/067`. Each name is the only one of its tile: a second
//! spelling would be a second file, or a way around a cache.

use std::fmt;
use std::str::FromStr;

/// The number of tree levels in a tile.
pub const TILE_HEIGHT: u32 = 8;

/// The number of hashes in a full tile, and of leaves in a full entry bundle.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// c2sp.org/tlog-tiles: "a decimal ASCII integer between 0 and 63".
const MAX_LEVEL: u8 = 63;

/// The coordinates of a tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    level: u8,
    index: u64,
    width: u16,
}

/// The coordinates of an entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryBundlePath {
    index: u64,
    width: u16,
}

/// Why a string is not the name of a tile or of an entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TilePathError {
    /// `<N>` is not the shortest sequence of 3-digit elements, all but the last marked `x`.
    #[error("tile index is not in 3-digit elements")]
    IndexEncoding,
    /// `<L>` is not a decimal number between 0 and 63 without leading zero.
    #[error("tile level is not a number between 0 and 63")]
    Level,
    /// The name does not begin as one of this kind does.
    #[error("not the path of a tile")]
    Prefix,
    /// `<W>` is not a decimal number between 1 and 255 without leading zero.
    #[error("width of a partial tile is not a number between 1 and 255")]
    Width,
}

impl TilePath {
    /// A tile by its coordinates; `None` if there can be none: a level above 63, a width of 0 or
    /// above 256.
    #[must_use]
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        (level <= MAX_LEVEL && is_width(width)).then_some(Self { level, index, width })
    }

    /// The tile as a tree of `size` leaves has it: full, partial, or `None` when it is empty.
    #[must_use]
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let width = width_in_tree(level, index, size);
        Self::new(level, index, width)
    }

    /// All tiles at the right edge of a tree of `size` leaves that are partial, lowest level
    /// first.
    pub fn partials(size: u64) -> impl Iterator<Item = Self> {
        (0..=7_u8).filter_map(move |level| {
            let hashes = size >> (TILE_HEIGHT * u32::from(level));
            Self::in_tree(level, hashes / u64::from(TILE_WIDTH), size)
        })
    }

    /// The level: a tile at level L holds the hashes of `256^L` leaves each.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The position of the tile within its level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The number of hashes, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has all its 256 hashes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The same tile when it is full.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }

    /// The size of the tile in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::from(self.width) * crate::hash::HASH_BYTES
    }
}

impl EntryBundlePath {
    /// A bundle by its coordinates; `None` for a width of 0 or above 256.
    #[must_use]
    pub fn new(index: u64, width: u16) -> Option<Self> {
        is_width(width).then_some(Self { index, width })
    }

    /// The bundle as a log of `size` leaves has it: full, partial, or `None` when it is empty.
    #[must_use]
    pub fn in_tree(index: u64, size: u64) -> Option<Self> {
        Self::new(index, width_in_tree(0, index, size))
    }

    /// The position of the bundle.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The number of leaves, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the bundle has all its 256 leaves.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The same bundle when it is full.
    #[must_use]
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::Prefix)?;
        let (level, rest) = rest.split_once('/').ok_or(TilePathError::Prefix)?;
        let level = parse_number(level, 2).filter(|level| *level <= u16::from(MAX_LEVEL));
        let level = level.and_then(|level| u8::try_from(level).ok()).ok_or(TilePathError::Level)?;
        let (index, width) = parse_index(rest)?;
        Ok(Self { level, index, width })
    }
}

impl FromStr for EntryBundlePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let rest = path.strip_prefix("tile/entries/").ok_or(TilePathError::Prefix)?;
        let (index, width) = parse_index(rest)?;
        Ok(Self { index, width })
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, format_index(self.index, self.width))
    }
}

impl fmt::Display for EntryBundlePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", format_index(self.index, self.width))
    }
}

/// Writes `<N>`, with `.p/<W>` unless the width is 256. For other families of names than the two
/// above (static-ct's `tile/data/…`).
#[must_use]
pub fn format_index(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        path = format!("{path}.p/{width}");
    }
    path
}

/// Reads `<N>` with or without `.p/<W>`, and returns index and width: the inverse of
/// [`format_index`].
pub fn parse_index(text: &str) -> Result<(u64, u16), TilePathError> {
    let (elements, width) = match text.split_once(".p/") {
        None => (text, TILE_WIDTH),
        Some((elements, width)) => {
            let width = parse_number(width, 3).filter(|width| (1..TILE_WIDTH).contains(width));
            (elements, width.ok_or(TilePathError::Width)?)
        }
    };
    let index = parse_elements(elements).ok_or(TilePathError::IndexEncoding)?;
    Ok((index, width))
}

/// Reads `x001/x234/067`.
fn parse_elements(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    let mut elements = text.split('/').enumerate().peekable();
    while let Some((position, element)) = elements.next() {
        let digits = match elements.peek() {
            Some(_) => element.strip_prefix('x')?,
            None => element,
        };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // A leading `x000` adds nothing to the number, and would be its second name.
        if position == 0 && digits == "000" && elements.peek().is_some() {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

/// Reads a decimal number of at most `digits` digits, without sign or leading zero.
fn parse_number(text: &str, digits: usize) -> Option<u16> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if !plain || !shortest || text.len() > digits {
        return None;
    }
    text.parse().ok()
}

fn is_width(width: u16) -> bool {
    (1..=TILE_WIDTH).contains(&width)
}

/// The number of hashes that a tile has in a tree of `size` leaves.
fn width_in_tree(level: u8, index: u64, size: u64) -> u16 {
    let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
    let before = index.saturating_mul(u64::from(TILE_WIDTH));
    let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH));
    u16::try_from(width).unwrap_or(TILE_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<(u8, u64, u16), TilePathError>) {
        let parsed: Result<TilePath, _> = path.parse();
        assert_eq!(parsed.map(|tile| (tile.level, tile.index, tile.width)), expected);
        if let Ok(tile) = parsed {
            assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn reads_and_writes_the_names_of_tiles() {
        check("tile/0/000", Ok((0, 0, 256)));
        check("tile/0/000.p/1", Ok((0, 0, 1)));
        check("tile/63/255.p/255", Ok((63, 255, 255)));
        // tlog-tiles: "index 1234067 will be encoded as `x001/x234/067`".
        check("tile/1/x001/x234/067", Ok((1, 1_234_067, 256)));
        check("tile/0/x001/000.p/8", Ok((0, 1000, 8)));
        let last = "tile/0/x018/x446/x744/x073/x709/x551/615";
        check(last, Ok((0, u64::MAX, 256)));
    }

    #[test]
    fn rejects_every_second_name_for_a_tile() {
        use TilePathError::{IndexEncoding, Level, Prefix, Width};
        for (path, reason) in [
            ("", Prefix),
            ("tile", Prefix),
            ("tile/", Prefix),
            ("tile/0", Prefix),
            ("/tile/0/000", Prefix),
            ("tile//000", Level),
            ("tile/00/000", Level),
            ("tile/01/000", Level),
            ("tile/+1/000", Level),
            ("tile/-1/000", Level),
            ("tile/64/000", Level),
            ("tile/256/000", Level),
            ("tile/1x/000", Level),
            ("tile/٣/000", Level),
            ("tile/entries/000", Level),
            ("tile/0/", IndexEncoding),
            ("tile/0/0", IndexEncoding),
            ("tile/0/00", IndexEncoding),
            ("tile/0/0000", IndexEncoding),
            ("tile/0/+00", IndexEncoding),
            ("tile/0/x000", IndexEncoding),
            ("tile/0/000/", IndexEncoding),
            ("tile/0/000/000", IndexEncoding),
            ("tile/0/001/000", IndexEncoding),
            ("tile/0/x000/000", IndexEncoding),
            ("tile/0/x000/x001/000", IndexEncoding),
            ("tile/0/X001/000", IndexEncoding),
            ("tile/0/xx01/000", IndexEncoding),
            ("tile/0/x1/000", IndexEncoding),
            ("tile/0/1234067", IndexEncoding),
            ("tile/0/x018/x446/x744/x073/x709/x551/616", IndexEncoding),
            ("tile/0/x999/x999/x999/x999/x999/x999/x999/999", IndexEncoding),
            ("tile/0/../000", IndexEncoding),
            ("tile/0/000.p", IndexEncoding),
            ("tile/0/000 ", IndexEncoding),
            ("tile/0/000.p/", Width),
            ("tile/0/000.p/0", Width),
            ("tile/0/000.p/00", Width),
            ("tile/0/000.p/01", Width),
            ("tile/0/000.p/+1", Width),
            ("tile/0/000.p/256", Width),
            ("tile/0/000.p/257", Width),
            ("tile/0/000.p/65537", Width),
            ("tile/0/000.p/1/", Width),
            ("tile/0/000.p/1.p/1", Width),
            ("tile/0/000.p/1 ", Width),
        ] {
            check(path, Err(reason));
        }
    }

    #[test]
    fn reads_and_writes_the_names_of_entry_bundles() {
        for path in ["tile/entries/000", "tile/entries/x001/x234/067.p/255"] {
            let bundle: EntryBundlePath = path.parse().unwrap();
            assert_eq!(bundle.to_string(), path);
        }
        for path in ["tile/entries/0", "tile/0/000", "tile/entries/000.p/256", "tile/data/000"] {
            path.parse::<EntryBundlePath>().unwrap_err();
        }
    }

    #[test]
    fn every_index_has_one_name() {
        let boundaries = [0, 1, 999, 1000, 1001, 999_999, 1_000_000, u64::MAX];
        for index in (0..70_000).chain(boundaries) {
            for width in [1, 255, 256] {
                let name = format_index(index, width);
                assert_eq!(parse_index(&name), Ok((index, width)), "{name}");
            }
        }
    }

    #[test]
    fn the_right_edge_of_70000_leaves_is_the_specifications() {
        // tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, one
        // partial level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of
        // width 17, and one partial level 2 tile of width 1".
        let names: Vec<_> = TilePath::partials(70_000).map(|tile| tile.to_string()).collect();
        assert_eq!(names, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert!(TilePath::in_tree(0, 272, 70_000).unwrap().is_full());
        assert_eq!(TilePath::in_tree(0, 274, 70_000), None);
        // tlog-tiles: "a tree of size 256 will be represented by a full level 0 tile and a partial
        // level 1 tile of width 1".
        let names: Vec<_> = TilePath::partials(256).map(|tile| tile.to_string()).collect();
        assert_eq!(names, ["tile/1/000.p/1"]);
        assert_eq!(TilePath::partials(0).count(), 0);
        assert_eq!(TilePath::partials(u64::MAX).count(), 8);
        assert_eq!(TilePath::in_tree(63, 0, u64::MAX), None);
    }
}
