//! One look at a log: every entry and tile that was not looked at yet.

use lite_tlog::tile_path::TILE_WIDTH;
use lite_tlog::{Checkpoint, EntryBundlePath, Hash, TilePath, entry_bundle, leaf_hash};
use serde_json::{Value, json};

use super::super::reader::LogReader;
use super::derivation::{Derivation, Disagreement};
use super::second::Second;
use super::watch::{Sighting, Watch};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// After so many findings there is nothing to learn from another one.
const MAX_FINDINGS: usize = 32;

/// A log under audit: what was made of its entries so far.
pub(super) struct Audit {
    tree: Derivation,
    /// What the log signed before, as the last audit remembered it.
    before: Option<Checkpoint>,
}

/// What a round came to.
#[derive(Debug, Default)]
pub(super) struct Round {
    origin: String,
    size: u64,
    root: Hash,
    old_size: u64,
    entries: u64,
    bundles: u64,
    tiles: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) watched: Vec<Sighting>,
}

/// Something that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The tile or entry bundle by its path, or `checkpoint`.
    pub(super) what: String,
    pub(super) why: String,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Audit {
    /// Begins an audit, with the checkpoint that the last one remembered.
    pub(super) fn new(before: Option<Checkpoint>) -> Self {
        Self { tree: Derivation::default(), before }
    }

    /// Looks at what is new in the newest tree; in the first round at everything.
    pub(super) async fn round(&mut self, log: &mut LogReader, watch: &Watch) -> Outcome<Round> {
        let checkpoint = log.checkpoint().clone();
        let Checkpoint { size, root, .. } = checkpoint;
        let mut round = Round {
            origin: checkpoint.origin.clone(),
            size,
            root,
            old_size: self.before.as_ref().map_or(0, |before| before.size),
            ..Round::default()
        };
        // (1) Bundle by bundle, from the one that was not full yet.
        let width = u64::from(TILE_WIDTH);
        let from = self.tree.size();
        if from < size {
            for number in from / width..size.div_ceil(width) {
                self.bundle(number, log, watch, &mut round).await?;
                if round.findings.len() >= MAX_FINDINGS {
                    return Ok(round);
                }
            }
            // (2) The tiles at the right edge; level 0 was compared with its bundle.
            for (path, hashes) in self.tree.partial().filter(|(path, _)| path.level() > 0) {
                compare(&path, hashes, log, &mut round).await?;
            }
        }
        // (3) All of it must come to what is signed.
        let derived = self.tree.root().map_err(disagree)?;
        if derived != root {
            round.find(
                "checkpoint",
                "the entries make another tree than is signed",
                &root,
                &derived,
            );
        }
        if round.findings.is_empty() {
            self.before = Some(checkpoint);
        }
        Ok(round)
    }

    /// An entry bundle and the tile of its leaf hashes.
    async fn bundle(
        &mut self,
        number: u64,
        log: &mut LogReader,
        watch: &Watch,
        round: &mut Round,
    ) -> Outcome {
        let size = round.size;
        let none = || Failure::new(Exit::Internal, "a tree has no such bundle");
        let path = EntryBundlePath::in_tree(number, size).ok_or_else(none)?;
        let tile = TilePath::in_tree(0, number, size).ok_or_else(none)?;
        let bytes = log.bundle(&path).await?;
        let served = hashes(&log.tile(&tile).await?, &tile, round);
        (round.bundles, round.tiles) = (round.bundles + 1, round.tiles + 1);
        // A log that has grown since may serve more, of which this is the beginning.
        let leaves = entry_bundle::prefix(&bytes, path.width())
            .and_then(|bytes| entry_bundle::decode_exact(bytes, path.width()));
        let leaves = match (leaves, &served) {
            (Ok(leaves), _) => leaves.into_iter().map(Some).collect::<Vec<_>>(),
            (Err(error), served) => {
                let expected = format!("{} entries", path.width());
                round.say(&path.to_string(), "the entry bundle cannot be read", &expected, &error);
                if served.is_none() {
                    return Err(round.failure(&log.service().url).unwrap_or_else(none));
                }
                vec![None; usize::from(path.width())]
            }
        };
        let first = number * u64::from(TILE_WIDTH);
        let known: Vec<Hash> =
            if self.tree.size() > first { self.tree.open_leaves().to_vec() } else { Vec::new() };
        for (position, leaf) in leaves.into_iter().enumerate() {
            let index = first + position as u64;
            let in_tile = served.as_ref().and_then(|served| served.get(position)).copied();
            let from_leaf = leaf.map(leaf_hash);
            if leaf.map(Second::leaf_hash) != from_leaf {
                return Err(disagree(Disagreement));
            }
            let mut hash = from_leaf.or(in_tile).ok_or_else(none)?;
            if let (Some(from_leaf), Some(in_tile)) = (from_leaf, in_tile)
                && from_leaf != in_tile
                && round.findings.len() < MAX_FINDINGS
            {
                // The hashes around it say which of the two was signed.
                if log.holds(0, index, &in_tile).await? {
                    let why = format!("entry {index} is not the one that is signed");
                    round.find(&path.to_string(), &why, &in_tile, &from_leaf);
                    hash = in_tile;
                } else if log.holds(0, index, &from_leaf).await? {
                    let why = format!("the hash of entry {index} is not the one that is signed");
                    round.find(&tile.to_string(), &why, &from_leaf, &in_tile);
                } else {
                    let why = format!("entry {index} and its hash differ, and neither is signed");
                    round.find(&format!("{path} and {tile}"), &why, &in_tile, &from_leaf);
                }
            }
            if let Some(before) = known.get(position) {
                if *before != hash {
                    let why = format!("entry {index} is not what it was");
                    round.find(&path.to_string(), &why, before, &hash);
                }
                continue;
            }
            if index >= round.old_size
                && let Some(leaf) = leaf
            {
                round.watched.extend(watch.look(index, leaf));
            }
            self.append(hash, log, round).await?;
        }
        Ok(())
    }

    async fn append(&mut self, hash: Hash, log: &mut LogReader, round: &mut Round) -> Outcome {
        let filled = self.tree.append(hash).map_err(disagree)?;
        round.entries += 1;
        for (path, hashes) in filled.into_iter().filter(|(path, _)| path.level() > 0) {
            compare(&path, &hashes, log, round).await?;
        }
        // What was remembered must be what the entries come to: no proof is asked for here.
        if let Some(before) = self.before.as_ref().filter(|it| it.size == self.tree.size()) {
            let derived = self.tree.root().map_err(disagree)?;
            if derived != before.root {
                let why =
                    format!("the first {} entries are not those that were signed", before.size);
                round.find("checkpoint", &why, &before.root, &derived);
            }
        }
        Ok(())
    }
}

/// Holds a tile to the hashes that the entries below it make.
async fn compare(
    path: &TilePath,
    derived: &[Hash],
    log: &mut LogReader,
    round: &mut Round,
) -> Outcome {
    let bytes = log.tile(path).await?;
    round.tiles += 1;
    let Some(served) = hashes(&bytes, path, round) else { return Ok(()) };
    let pairs = derived.iter().zip(&served).enumerate();
    let Some((position, (ours, theirs))) = pairs.into_iter().find(|(_, (a, b))| a != b) else {
        return Ok(());
    };
    // The hashes around it say which of the two was signed.
    let place = path.index() * u64::from(TILE_WIDTH) + position as u64;
    if log.holds(path.level(), place, theirs).await? {
        let why = format!("makes another hash than {path} has, which is signed");
        round.find(&below(path, place), &why, theirs, ours);
    } else {
        let why = format!("hash {position} is not that of the entries below it");
        round.find(&path.to_string(), &why, ours, theirs);
    }
    Ok(())
}

/// What a hash of a tile is made of.
fn below(path: &TilePath, place: u64) -> String {
    let tile = TilePath::new(path.level() - 1, place, TILE_WIDTH);
    let tile = tile.map(|tile| tile.to_string()).unwrap_or_default();
    match EntryBundlePath::new(place, TILE_WIDTH) {
        Some(bundle) if path.level() == 1 => format!("{bundle} and {tile}"),
        _ => tile,
    }
}

/// The hashes of a tile; a log that has grown may serve more than was asked for.
fn hashes(bytes: &[u8], path: &TilePath, round: &mut Round) -> Option<Vec<Hash>> {
    let whole = bytes.len() >= path.bytes() && bytes.len().is_multiple_of(size_of::<Hash>());
    if !whole {
        let expected = format!("{} bytes", path.bytes());
        round.say(&path.to_string(), "the tile has another length", &expected, &bytes.len());
        return None;
    }
    let (hashes, _) = bytes[..path.bytes()].as_chunks::<32>();
    Some(hashes.to_vec())
}

fn disagree(_: Disagreement) -> Failure {
    Failure::new(Exit::Internal, "two ways of making the tree differ: one of them has a fault")
        .hint("nothing is said about the log; please report it with siglite version")
}

impl Round {
    fn find(&mut self, what: &str, why: &str, expected: &Hash, found: &Hash) {
        self.say(what, why, &hex::encode(expected), &hex::encode(found));
    }

    fn say(
        &mut self,
        what: &str,
        why: &str,
        expected: &dyn std::fmt::Display,
        found: &dyn std::fmt::Display,
    ) {
        self.findings.push(Finding {
            what: what.to_owned(),
            why: why.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// Whether there is anything to tell.
    pub(super) fn is_news(&self) -> bool {
        self.entries > 0 || !self.findings.is_empty()
    }

    /// The verdict, if it is a bad one.
    pub(super) fn failure(&self, url: &str) -> Option<Failure> {
        let first = self.findings.first()?;
        let failure = Failure::new(Exit::Refused, format!("{}: {}", first.what, first.why))
            .note("log", url)
            .note("expected", &*first.expected)
            .note("found", &*first.found);
        let failure = match self.findings.len() {
            1 => failure,
            many => failure.note("findings", many.to_string()),
        };
        Some(
            failure.hint(
                "keep what is printed, and a copy of what the log serves: it is the evidence",
            ),
        )
    }

    /// The verdict, if it is a good one.
    pub(super) fn sentence(&self) -> String {
        let (origin, size) = (&self.origin, self.size);
        format!("{origin} serves the tree of {size} entries that it signed, tile by tile")
    }

    /// Everything, for programs.
    pub(super) fn json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "what": finding.what,
                "why": finding.why,
                "expected": finding.expected,
                "found": finding.found,
            })
        });
        let watched =
            self.watched.iter().map(|seen| json!({ "logIndex": seen.index, "identity": seen.who }));
        json!({
            "origin": self.origin,
            "oldTreeSize": self.old_size,
            "treeSize": self.size,
            "rootHash": hex::encode(self.root),
            "entries": self.entries,
            "bundles": self.bundles,
            "tiles": self.tiles,
            "findings": findings.collect::<Vec<_>>(),
            "watched": watched.collect::<Vec<_>>(),
        })
    }

    /// The same as lines for people.
    pub(super) fn lines(&self) -> String {
        let mut lines = vec![
            format!("origin:       {}", self.origin),
            format!("remembered:   {} entries", self.old_size),
            format!("treeSize:     {}", self.size),
            format!("rootHash:     {}", hex::encode(self.root)),
            format!(
                "read:         {} entries, {} entry bundles, {} tiles",
                self.entries, self.bundles, self.tiles
            ),
        ];
        for finding in &self.findings {
            lines.push(format!("wrong:        {}: {}", finding.what, finding.why));
        }
        for seen in &self.watched {
            lines.push(format!("watched:      entry {} of {}", seen.index, seen.who));
        }
        lines.join("\n")
    }
}
