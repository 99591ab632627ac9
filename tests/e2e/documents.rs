//! What the pages say can be looked up: settings, links, the files to open first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const SERVERS: [&str; 7] = [
    "rekor-lite",
    "fulcio-lite",
    "ct-lite",
    "tsa-lite",
    "oidc-lite",
    "trust-lite",
    "registry-lite",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in the text between two marks, the first one that follows `from`.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from:?}")).1;
    rest.split_once(to).map_or(rest, |(inside, _)| inside)
}

/// The names in the first column of a table, and what its second column says.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` |")?;
        Some((name, rest.split('|').next()?.trim()))
    })
}

/// Every Markdown page of the repository that has a reader outside of its folder.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = Vec::new();
    let servers = SERVERS.map(|server| root().join(server));
    let folders = [root(), root().join("docs"), root().join("docs/decisions")];
    for folder in folders.into_iter().chain(servers) {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        pages.extend(files.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages
}

#[test]
fn each_readme_lists_every_setting_and_no_other() {
    for server in SERVERS {
        let source = read(&format!("{server}/src/config.rs"));
        let fields: BTreeSet<&str> = between(&source, "pub struct Config {", "\n}")
            .lines()
            .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'))
            .map(|(name, _)| name)
            .collect();
        let readme = read(&format!("{server}/README.md"));
        let table = between(&readme, "\n## Settings\n", "\n## ");
        let listed = rows(table).map(|(name, _)| name.split('.').next().unwrap_or(name));
        assert_eq!(listed.collect::<BTreeSet<_>>(), fields, "{server}");
        assert!(rows(table).all(|(_, default)| !default.is_empty()), "{server}: a default each");
    }
}

#[test]
fn each_server_has_one_port_on_all_pages() {
    for (server, port) in
        SERVERS.into_iter().zip(["7071", "7073", "7072", "7074", "7075", "7076", "7077"])
    {
        let listen = format!("const LISTEN: &'static str = \"localhost:{port}\";");
        assert!(read(&format!("{server}/src/alone.rs")).contains(&listen), "{server}");
        let name = server.trim_end_matches("-lite");
        let command = format!("{server} serve --config {name}.yaml --listen localhost:{port}");
        assert!(read(&format!("{server}/README.md")).contains(&command), "{server}");
        let published = format!("ports: [\"127.0.0.1:{port}:{port}\"]");
        let service = read("compose.yaml");
        let service = between(&service, &format!("\n  {name}:\n"), "\n\n");
        assert!(service.contains(&published), "{server} in compose.yaml");
    }
}

/// What the macros of the `metrics` crate are given below a folder, tests aside.
fn metrics_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            metrics_below(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&entry).unwrap();
            let macros = ["counter!(\"", "gauge!(\"", "histogram!(\""];
            let names = macros.into_iter().flat_map(|name| text.split(name).skip(1));
            found.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}

#[test]
fn the_page_of_metrics_lists_each_and_no_other() {
    let mut counted = BTreeSet::new();
    for server in SERVERS.into_iter().chain(["crates/http"]) {
        metrics_below(&root().join(server).join("src"), &mut counted);
    }
    let page = read("docs/metrics.md");
    let listed: BTreeSet<String> = rows(&page).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(listed, counted);
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            let path = page.parent().unwrap().join(target);
            assert!(path.exists(), "{} links to {target}", page.display());
        }
    }
}

#[test]
fn the_files_to_open_first_are_there() {
    let text = read("ARCHITECTURE.md");
    let table = between(&text, "| you want to know |", "\n\n");
    let paths = table.split('`').filter(|name| name.contains('/') && !name.contains('|'));
    let mut count = 0;
    for path in paths {
        assert!(root().join(path).exists(), "{path}");
        count += 1;
    }
    assert!(count >= 10, "the table is read: {count}");
}

#[test]
fn every_decision_is_in_the_list() {
    let list = read("docs/decisions/README.md");
    for page in pages().iter().filter(|page| page.parent().unwrap().ends_with("decisions")) {
        let name = page.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        let title = std::fs::read_to_string(page).unwrap();
        let title = title.lines().next().unwrap();
        assert!(title.starts_with(&format!("# {}. ", &name[..4])), "{name}");
        assert!(list.contains(&format!("[{}]({name})", &name[..4])), "{name}");
    }
}
