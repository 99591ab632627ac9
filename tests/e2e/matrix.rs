//! What stock clients can do with an instance: every client, every function, for real.
//!
//! Read in this order: [`site`] (an instance and what it has signed), [`desk`] (a person with one
//! client, who types what `siglite env --for` says and then commands), a row such as [`cosign`],
//! [`table`]. The page `docs/compatibility.md` has the same table, and this holds it to that.

mod cell;
mod cosign;
mod crates;
mod desk;
mod gitsign;
mod rekor_cli;
mod sigstore_go;
mod sigstore_java;
mod sigstore_js;
mod sigstore_python;
mod sigstore_rs;
mod sigstore_rust;
mod site;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cell::Row;
use site::Site;

/// The rows, as the page has them. Each is `None` where its client is not installed.
type Plays = fn(&Site) -> Option<Row>;
const ROWS: [Plays; 15] = [
    cosign::three,
    cosign::three_without_signing_config,
    cosign::two,
    sigstore_go::newer,
    sigstore_go::older,
    sigstore_python::with_rekor_1,
    sigstore_python::with_rekor_2,
    sigstore_js::older,
    sigstore_js::newer,
    sigstore_java::row,
    rekor_cli::newer,
    rekor_cli::older,
    gitsign::row,
    sigstore_rs::row,
    sigstore_rust::row,
];

/// How many clients are at work at once: most of their time is their own.
const AT_ONCE: usize = 3;

#[test]
fn stock_clients_do_what_the_page_says() {
    let site = Site::open();
    let rows = play_all(&site);
    let table = table::markdown(&rows);
    println!("{table}");
    keep(&table);
    let broken: Vec<String> = rows.iter().flat_map(Row::broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    if rows.len() < ROWS.len() {
        eprintln!("skipped: docs/compatibility.md: not every client is installed");
        return;
    }
    let page = std::fs::read_to_string(root().join("docs/compatibility.md")).unwrap();
    assert_eq!(
        table::without_versions(table::on_page(&page)),
        table::without_versions(&table),
        "docs/compatibility.md is not what was found, which is in target/compatibility.md"
    );
}

/// Plays every row; their order is the page's.
fn play_all(site: &Site) -> Vec<Row> {
    let waiting = Mutex::new(ROWS.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((place, play)) = next else { return };
                    let row = play(site);
                    done.lock().unwrap().push((place, row));
                }
            });
        }
    });
    let mut rows = done.into_inner().unwrap();
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().filter_map(|(_, row)| row).collect()
}

/// Where whoever ran the tests finds it: scripts/check prints it at its end.
#[expect(clippy::disallowed_methods, reason = "a result of a test need not survive a crash")]
fn keep(table: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(target.join("compatibility.md"), table).unwrap();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
