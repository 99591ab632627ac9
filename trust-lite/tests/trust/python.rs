//! The reference implementation of TUF follows us over HTTP, where it is installed.

use std::process::Command;

use lite_http::{Listeners, Shutdown};
use lite_keys::KeyKind;

use crate::common::{DAY, Site, fragment};

/// Refreshes from the root in `sys.argv[2]` and downloads every target.
const CLIENT: &str = r#"
import sys, tempfile, json, urllib.request
from tuf.ngclient import Updater
url, root, when = sys.argv[1], open(sys.argv[2], "rb").read(), sys.argv[3]
with tempfile.TemporaryDirectory() as metadata, tempfile.TemporaryDirectory() as targets:
    updater = Updater(metadata, url + "/", targets, url + "/targets/", bootstrap=root)
    import datetime
    updater._trusted_set.reference_time = datetime.datetime.fromisoformat(when)
    updater.refresh()
    names = sorted(updater._trusted_set.targets.targets)
    for name in names:
        updater.download_target(updater.get_targetinfo(name))
    print(" ".join(names), updater._trusted_set.root.version)
"#;

fn python() -> Option<String> {
    let python = std::env::var("SIGLITE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_tuf = Command::new(&python).args(["-c", "import tuf.ngclient, cryptography"]).output();
    has_tuf.ok().filter(|output| output.status.success()).map(|_| python)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_implementation_downloads_every_target() {
    let Some(python) = python() else {
        println!("skipped: no python with tuf and cryptography; name one in SIGLITE_PYTHON");
        return;
    };
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519, KeyKind::EcdsaP256]));
    let first_root = site.path("first_root.json");
    std::fs::copy(site.path("client/root.json"), &first_root).unwrap();
    let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/tuf", listeners.port());
    let serving = tokio::spawn(listeners.serve(server.router(), Shutdown::default()));

    let follow = |days: u32, roots: u32| {
        let expected = format!(
            "rekor.pub signing_config.v0.2.json signing_config_rekor_v1.v0.2.json \
             signing_config_rekor_v2.v0.2.json trusted_root.json trusted_root_ecdsa.json {roots}\n"
        );
        let when = lite_time::Time::parse_rfc3339("2026-03-01T12:00:00Z").unwrap().plus(DAY * days);
        let output = Command::new(&python)
            .args(["-c", CLIENT, &url])
            .arg(&first_root)
            .arg(when.to_rfc3339().replace('Z', "+00:00"))
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{complaint}");
    };
    tokio::task::block_in_place(|| follow(0, 1));
    site.clock.advance(DAY * 400);
    server.tick().unwrap();
    tokio::task::block_in_place(|| follow(400, 2));
    serving.abort();
}
