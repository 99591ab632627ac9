//! `siglite log search`: entries by what was signed, by whom, or with which key.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use lite_entries::SearchKey;
use lite_keys::HashAlgorithm;
use lite_time::Time;
use serde_json::{Value, json};

use super::Said;
use super::entry::Entry;
use super::place::Place;
use super::read::Named;
use super::submission::MAX_PIECE_BYTES;
use crate::artifact::Artifact;
use crate::client::rekor_v1::Name;
use crate::client::{rekor, rekor_v1};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::render::Screen;
use crate::trust::LogVersion;

/// The most entries of one search.
const MAX_LIMIT: u32 = 1000;

/// Find entries by what was signed, by whom, or with which key
///
/// The log says where to look. Each entry is then fetched with its proof and held to the question,
/// so that a search can leave out, and never make up.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log search --artifact FILE
  siglite log search --email alice@example.org --since 2026-01-01T00:00:00Z
  siglite log search --hash sha256:9f86d0… --public-key cosign.pub --operator and --output json
  siglite log search --tree v1 --email alice@example.org")]
pub(super) struct Args {
    /// A digest, as sha256:… or in hexadecimal alone
    #[arg(long, value_name = "DIGEST", alias = "sha", conflicts_with = "artifact")]
    hash: Option<String>,

    /// What was signed: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    artifact: Option<Artifact>,

    /// Who signed: an email address, or a URI, as it stands in the certificate
    #[arg(long, value_name = "EMAIL|URI", alias = "identity")]
    email: Option<String>,

    /// The public key, or the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,

    /// Whether an entry must fit all that is given, or one of it
    #[arg(long, value_name = "OPERATOR", default_value = "or")]
    operator: Operator,

    /// Logged at this time or later
    #[arg(long, value_name = "TIME", value_parser = Time::parse_rfc3339)]
    since: Option<Time>,

    /// Logged at this time or earlier
    #[arg(long, value_name = "TIME", value_parser = Time::parse_rfc3339)]
    until: Option<Time>,

    /// The most entries to find
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LIMIT)))]
    limit: u32,

    /// Taken for rekor-cli's sake
    #[arg(long, value_name = "FORMAT", hide = true, value_parser = ["x509"])]
    pki_format: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operator {
    And,
    Or,
}

/// A search, in the words of each API, and as a test of what it finds.
#[derive(Debug)]
struct Question {
    keys: Vec<SearchKey>,
    hash: Option<String>,
    email: Option<String>,
    pem: Option<Vec<u8>>,
    all: bool,
    since: Option<Time>,
    until: Option<Time>,
    limit: u32,
}

pub(super) async fn search(args: &Args, place: &Place, screen: Screen) -> Outcome<Said> {
    let question = args.question()?;
    let mut reader = place.open().await?;
    let mut entries = Vec::new();
    let (mut looked_at, mut unfit) = (None, 0);
    match place.log.version {
        LogVersion::V2 => {
            let (indexes, reached) =
                rekor::search(&place.web, &place.log.url, &question.for_v2()).await?;
            looked_at = Some(reached);
            for index in indexes.into_iter().take(question.limit as usize) {
                entries.push(reader.entry(index).await?);
            }
        }
        LogVersion::V1 => {
            let names = rekor_v1::search(&place.web, &place.log.url, &question.for_v1()).await?;
            for name in names {
                if entries.len() == question.limit as usize {
                    break;
                }
                let Ok(Named::Uuid(uuid)) = name.parse() else {
                    return Err(Failure::new(Exit::Instance, "the search names what is no entry")
                        .note("found", name));
                };
                let entry = reader.entry_of_v1(Name::Uuid(&uuid)).await?;
                if question.is_in_time(&entry) {
                    entries.push(entry);
                }
            }
        }
    }
    entries.retain(|entry| {
        let fits = question.fits(entry);
        unfit += u64::from(!fits);
        fits
    });
    if unfit > 0 {
        screen.say(&format!(
            "{unfit} more that the log's search names do not show by themselves that they fit"
        ));
    }
    let lag = looked_at.filter(|reached| *reached < reader.checkpoint().size);
    if let Some(reached) = lag {
        screen.warn(&format!("the search has looked at {reached} entries so far"));
    }
    let mut data = json!({ "entries": entries.iter().map(Entry::json).collect::<Vec<_>>() });
    if let Some(reached) = looked_at {
        data["reached"] = json!(reached);
    }
    let text = entries.iter().map(Entry::line).collect::<Vec<_>>().join("\n");
    let origin = &reader.checkpoint().origin;
    let words = match entries.len() {
        0 => format!("the search of {origin} finds nothing"),
        1 => format!("1 entry, in a tree that {origin} signed"),
        many => format!("{many} entries, each in a tree that {origin} signed"),
    };
    Ok(Said { data, text, words })
}

impl Args {
    fn question(&self) -> Outcome<Question> {
        let hash = match (&self.hash, &self.artifact) {
            (Some(hash), _) => Some(hash.clone()),
            (None, Some(artifact)) => {
                let digest = match artifact {
                    Artifact::Digest(digest) => digest.clone(),
                    other => other.digest(HashAlgorithm::Sha256)?,
                };
                Some(format!("{}:{}", digest.algorithm.short_name(), digest.hex()))
            }
            (None, None) => None,
        };
        let pem = self.public_key.as_deref();
        let pem = pem.map(|path| files::read(path, MAX_PIECE_BYTES, Exit::Usage)).transpose()?;
        let mut keys = Vec::new();
        if let Some(hash) = &hash {
            keys.push(SearchKey::of_hash(hash).ok_or_else(|| {
                Failure::usage(format!("not a digest: {hash}"))
                    .note("expected", "sha256:… or sha512:…, or the hexadecimal digits alone")
            })?);
        }
        if let Some(pem) = &pem {
            keys.push(lite_entries::key_of_pem(pem).ok_or_else(|| {
                Failure::usage("--public-key is not a public key and not a certificate in PEM")
            })?);
        }
        keys.extend(self.email.as_deref().map(SearchKey::identity));
        if keys.is_empty() && self.since.is_none() && self.until.is_none() {
            return Err(Failure::usage("nothing is asked for").hint(
                "--artifact, --hash, --email or --public-key say what; siglite log tail shows the \
                 newest entries",
            ));
        }
        Ok(Question {
            keys,
            hash,
            email: self.email.clone(),
            pem,
            all: self.operator == Operator::And,
            since: self.since,
            until: self.until,
            limit: self.limit,
        })
    }
}

impl Question {
    /// The query string of a log of v2.
    fn for_v2(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.hash.iter().map(|hash| ("hash", hash.clone())));
        query.extend(self.email.iter().map(|email| ("email", email.clone())));
        for key in &self.keys {
            if let SearchKey::Key(digest) = key {
                query.push(("key", hex::encode(digest)));
            }
        }
        query.extend(self.since.map(|since| ("since", since.to_rfc3339())));
        query.extend(self.until.map(|until| ("until", until.to_rfc3339())));
        query.push(("limit", self.limit.to_string()));
        query.push(("operator", self.operator().to_owned()));
        query
    }

    /// rekor:openapi.yaml, `SearchIndex`.
    fn for_v1(&self) -> Value {
        let mut query = json!({ "operator": self.operator() });
        if let Some(hash) = &self.hash {
            query["hash"] = json!(hash);
        }
        if let Some(email) = &self.email {
            // Only an address passes for an email there; both look at the same names.
            let member = if email.contains("://") { "subject" } else { "email" };
            query[member] = json!(email);
        }
        if let Some(pem) = &self.pem {
            query["publicKey"] = json!({ "format": "x509", "content": STANDARD.encode(pem) });
        }
        query
    }

    const fn operator(&self) -> &'static str {
        if self.all { "and" } else { "or" }
    }

    /// Whether an entry has what was asked for, by its own leaf.
    fn fits(&self, entry: &Entry) -> bool {
        lite_entries::answers(&entry.keys(), &self.keys, self.all)
    }

    /// Whether an entry was logged in the window, as its log promises.
    fn is_in_time(&self, entry: &Entry) -> bool {
        let Some(promised) = &entry.promised else { return true };
        self.since.is_none_or(|since| promised.at >= since)
            && self.until.is_none_or(|until| promised.at <= until)
    }
}
