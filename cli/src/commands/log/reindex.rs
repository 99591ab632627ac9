//! `siglite log reindex`: asks for the search index to be built again out of the log.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lite_search::Requested;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::OutputForm;

/// Where rekor-lite keeps its indexes, within the data folder of an instance.
const FOLDER: &str = "rekor/search";

/// The trees, each with an index of its own.
const TREES: [&str; 2] = ["v1", "v2"];

/// How often to look whether it is done.
const LOOK: Duration = Duration::from_millis(200);

/// Have the search index built again out of the log
///
/// The running instance does it while it serves: the old index answers until the new one reaches as
/// far. Where none runs, the next start does it. Nothing but the search is touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log reindex
  siglite log reindex --data DIR
  siglite log reindex --no-wait")]
pub(super) struct Args {
    /// The data folder of the instance, or of rekor-lite alone [default: the current instance's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Do not wait until it is done
    #[arg(long)]
    no_wait: bool,

    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

pub(super) fn run(args: &Args, output: OutputForm, context: &Context) -> Outcome {
    let folder = match &args.data {
        Some(data) => data.clone(),
        None => data_folder(context)?,
    };
    let indexes = indexes(&folder)?;
    let mut asked = Vec::new();
    for (tree, dir) in indexes {
        let requested = lite_search::request_rebuild(&dir).map_err(|error| {
            Failure::new(Exit::Folder, format!("cannot write in {}", dir.display()))
                .because(&error)
                .hint("run it as the user that the instance runs as")
        })?;
        asked.push((tree, dir, requested));
    }
    let running = asked.iter().any(|(.., requested)| *requested == Requested::OfTheRunning);
    if running && !args.no_wait {
        context.screen().say("The running instance builds its search index again …");
        wait(&asked, Duration::from_secs(args.timeout))?;
    }
    let states: Vec<Value> = asked
        .iter()
        .map(|(tree, dir, requested)| {
            let state = match requested {
                _ if !lite_search::is_requested(dir) => "done",
                Requested::OfTheRunning => "running",
                Requested::AtTheNextStart => "at the next start",
            };
            json!({ "tree": tree, "folder": dir.display().to_string(), "state": state })
        })
        .collect();
    match output {
        OutputForm::Json => context.screen().json(&json!({ "indexes": states })),
        OutputForm::Text => {
            let line = |state: &Value| {
                let word = |name: &str| state[name].as_str().unwrap_or_default().to_owned();
                format!("{}  {}", word("tree"), word("state"))
            };
            context.screen().data(&states.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The data folder around the client folder of an instance on this machine.
fn data_folder(context: &Context) -> Outcome<PathBuf> {
    let instance = context.instance()?;
    instance.client_dir.parent().map(Path::to_path_buf).ok_or_else(|| elsewhere(&instance.url))
}

/// The folders of the indexes that there are.
fn indexes(folder: &Path) -> Outcome<Vec<(&'static str, PathBuf)>> {
    let places = [folder.join(FOLDER), folder.join("search")];
    let found: Vec<_> = places
        .iter()
        .flat_map(|place| TREES.map(|tree| (tree, place.join(tree))))
        .filter(|(_, dir)| dir.is_dir())
        .collect();
    if found.is_empty() { Err(elsewhere(&folder.display().to_string())) } else { Ok(found) }
}

fn elsewhere(what: &str) -> Failure {
    Failure::usage(format!("there is no search index of {what} on this machine"))
        .note("expected", format!("{FOLDER} in a data folder"))
        .hint("name the folder with --data DIR, on the machine where the instance runs")
}

fn wait(asked: &[(&str, PathBuf, Requested)], limit: Duration) -> Outcome {
    let since = Instant::now();
    let is_open = |(_, dir, requested): &&(&str, PathBuf, Requested)| {
        *requested == Requested::OfTheRunning && lite_search::is_requested(dir)
    };
    while let Some((tree, ..)) = asked.iter().find(is_open) {
        if since.elapsed() >= limit {
            return Err(Failure::new(
                Exit::Instance,
                format!("the index of {tree} is not built yet"),
            )
            .hint("the request stands: the instance goes on with it, and its log says why it takes long"));
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_found_in_the_folder_of_an_instance_and_of_the_server_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(indexes(dir.path()).unwrap_err().exit, Exit::Usage);
        let alone = dir.path().join("rekor");
        std::fs::create_dir_all(alone.join("search/v2")).unwrap();
        let found = |folder: &Path| indexes(folder).unwrap();
        assert_eq!(found(dir.path()), [("v2", alone.join("search/v2"))]);
        assert_eq!(found(&alone), found(dir.path()));
        std::fs::create_dir_all(alone.join("search/v1")).unwrap();
        assert_eq!(found(dir.path()).len(), 2);
    }
}
