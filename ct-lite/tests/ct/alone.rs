//! The log as a process of its own: what it waits for, and what it leaves for the others.

use ct_lite::Alone;
use lite_bundle::trust::Fragment;
use lite_http::Health;
use lite_http::standalone::Standalone as _;

use crate::common::Site;

#[tokio::test]
async fn it_waits_for_its_roots_and_writes_its_fragment() {
    let mut site = Site::new();
    let roots = site.dir.path().join("root.pem");
    site.config.roots_pem.clear();
    site.config.root_files.push(roots.clone());
    let opening = tokio::spawn(Alone::open(site.config.clone()));
    tokio::task::yield_now().await;
    crate::life::put(&roots, site.ca.root.to_pem().as_bytes());
    let server = opening.await.unwrap().unwrap();
    let health = Health::default();
    server.watch(&health);
    assert_eq!(health.failing(), []);
    let fragment = std::fs::read(site.dir.path().join("ct/public/fragment.json")).unwrap();
    let fragment = Fragment::parse(&fragment).unwrap();
    let sth = crate::common::ask(server.router(), "/ct/v1/get-sth").await.json();
    assert_eq!(sth["tree_size"], 1);
    assert_eq!(fragment.ctlogs[0].base_url, "http://localhost:7070/ct");
    server.close();
}

#[tokio::test]
async fn it_names_the_root_that_does_not_come() {
    let mut site = Site::new();
    site.config.root_files.push(site.dir.path().join("missing.pem"));
    site.config.wait_seconds = 0;
    let error = Alone::open(site.config.clone()).await.err().unwrap();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}
