//! The trust root as a process of its own: where the fragments come from.

use std::path::Path;

use axum::Router;
use axum::routing::get;
use lite_bundle::trust::Fragment;
use lite_http::standalone::Standalone as _;
use lite_http::{Listeners, Shutdown};
use lite_keys::KeyKind;
use trust_lite::{Alone, Config};

use crate::common::{Site, fragment};
use crate::life::put;

/// One with the logs of `whole`, one with the rest.
fn halves(whole: &Fragment) -> [Fragment; 2] {
    let logs = Fragment { tlogs: whole.tlogs.clone(), ..Fragment::default() };
    let rest = Fragment { tlogs: Vec::new(), ..whole.clone() };
    [logs, rest]
}

fn trusted_root(site: &Site) -> Vec<u8> {
    std::fs::read(site.path("client/trusted_root.json")).unwrap()
}

fn config(site: &Site, sources: &[&str]) -> Config {
    let fragments = sources.iter().map(|source| (*source).to_owned()).collect();
    Config { fragments, wait_seconds: 0, ..site.config() }
}

fn write(path: &Path, fragment: &Fragment) -> String {
    put(path, fragment.to_json().as_bytes());
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn fragments_come_from_files_and_urls() {
    let (site, whole) = (Site::new(), fragment(&[KeyKind::Ed25519]));
    let [logs, rest] = halves(&whole);
    let file = write(&site.path("logs.json"), &logs);
    let text = rest.to_json();
    let router = Router::new().route("/fragment.json", get(move || std::future::ready(text)));
    let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/fragment.json", listeners.port());
    let serving = tokio::spawn(listeners.serve(router, Shutdown::default()));
    let server = Alone::open(config(&site, &[&file, &url])).await.unwrap();
    assert_eq!(trusted_root(&site), whole.trusted_root().to_json().as_bytes());
    server.close();
    serving.abort();
}

#[tokio::test]
async fn it_starts_with_what_it_saw_last_when_another_server_is_away() {
    let (site, whole) = (Site::new(), fragment(&[KeyKind::Ed25519]));
    let file = write(&site.path("all.json"), &whole);
    Alone::open(config(&site, &[&file])).await.unwrap().close();
    let before = trusted_root(&site);
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_dir_all(site.path("client")).unwrap();
    Alone::open(config(&site, &[&file])).await.unwrap().close();
    assert_eq!(trusted_root(&site), before);
}

#[tokio::test]
async fn it_does_not_start_with_less_than_all_fragments() {
    let site = Site::new();
    let file = write(&site.path("all.json"), &fragment(&[]));
    let broken = site.path("broken.json");
    put(&broken, b"{\"tlogs\":7}");
    for (sources, words) in [
        (vec![], "names no fragments"),
        (vec![file.as_str(), "/nowhere/fragment.json"], "/nowhere/fragment.json"),
        (vec![file.as_str(), broken.to_str().unwrap()], "broken.json"),
        (vec!["http://127.0.0.1:1/fragment.json"], "http://127.0.0.1:1/fragment.json"),
    ] {
        let error = Alone::open(config(&site, &sources)).await.err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!site.path("trust").exists(), "nothing was made");
    }
}
