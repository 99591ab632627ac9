//! Images between us, registries and the clients of others: what one writes, the other reads.
//!
//! The registry is crane's, which has no referrers API: everything goes through the fallback tag.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lite_tests::{Tool, binary, clean, run};

/// crane's registry, for as long as a test; nothing in it outlives it.
struct Crane {
    server: Child,
    host: String,
}

impl Crane {
    fn start(home: &Path) -> Option<Self> {
        let mut command = Tool::Crane.command(home)?;
        command.args(["registry", "serve", "--address", "127.0.0.1:0"]);
        let mut server = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(server.stderr.take().unwrap());
        // "serving on port 41873"
        let mut lines = said.lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split("serving on port ").nth(1)?.trim().parse::<u16>().ok());
        // What it says later goes nowhere, and must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { server, host: format!("localhost:{}", port.unwrap()) })
    }
}

impl Drop for Crane {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A home, a registry, and cosign with a key; `None` where a client is missing.
struct Bench {
    home: tempfile::TempDir,
    crane: Crane,
}

impl Bench {
    fn start() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let crane = Crane::start(home.path())?;
        let bench = Self { home, crane };
        bench.cosign(&["generate-key-pair"])?;
        Some(bench)
    }

    fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.crane.host)
    }

    /// Runs siglite; what it printed.
    #[track_caller]
    fn siglite(&self, args: &[&str]) -> String {
        run(self.command(clean(&binary("siglite"), self.home.path())).args(args)).ok()
    }

    /// Runs cosign; what it printed.
    #[track_caller]
    fn cosign(&self, args: &[&str]) -> Option<String> {
        let command = Tool::Cosign.command(self.home.path())?;
        Some(run(self.command(command).env("COSIGN_PASSWORD", "").args(args)).ok())
    }

    fn command(&self, mut command: Command) -> Command {
        command.current_dir(self.home.path());
        command
    }

    /// Makes an image and has cosign sign it in both of its formats.
    fn signed(&self, name: &str) -> Option<String> {
        let by_digest = self.siglite(&["image", "make", name]).trim().to_owned();
        self.cosign(&["signing-config", "create", "--out", "nothing.json"])?;
        let sign = ["sign", "-y", "--key", "cosign.key", &by_digest];
        self.cosign(&[&sign[..], &["--signing-config", "nothing.json"]].concat())?;
        let older =
            ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];
        self.cosign(&[&sign[..], &older].concat())?;
        Some(by_digest)
    }

    #[track_caller]
    fn verified(&self, name: &str) {
        let verify = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog"];
        self.cosign(&[&verify[..], &[name]].concat()).unwrap();
        let older = ["--new-bundle-format=false"];
        self.cosign(&[&verify[..], &older, &[name]].concat()).unwrap();
    }
}

#[test]
fn what_cosign_signs_is_shown_copied_saved_and_loaded() {
    let Some(bench) = Bench::start() else { return };
    let image = bench.name("app:v1");
    let by_digest = bench.signed(&image).unwrap();
    let digest = by_digest.split('@').nth(1).unwrap();
    let tag = format!("{}:{}.sig", bench.name("app"), digest.replace(':', "-"));

    assert_eq!(bench.siglite(&["triangulate", &image]).trim(), tag);
    let tree = bench.siglite(&["tree", &image]);
    for shown in [tag.as_str(), "https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer"] {
        assert!(tree.contains(shown), "{shown} in {tree}");
    }
    let signatures = bench.siglite(&["download", "signature", &image]);
    assert_eq!(signatures.lines().count(), 2, "{signatures}");

    let copied = bench.name("copied:v1");
    bench.siglite(&["copy", &image, &copied]);
    bench.verified(&copied);

    bench.siglite(&["save", &image, "--dir", "ours"]);
    let loaded = bench.name("loaded:v1");
    bench.siglite(&["load", &loaded, "--dir", "ours"]);
    bench.verified(&loaded);

    bench.cosign(&["save", "--dir", "theirs", &by_digest]).unwrap();
    let theirs = bench.name("theirs:v1");
    bench.siglite(&["load", &theirs, "--dir", "theirs"]);
    bench.verified(&theirs);
}

#[test]
fn what_is_saved_is_carried_on_by_others() {
    let Some(bench) = Bench::start() else { return };
    let image = bench.name("app:v1");
    bench.signed(&image).unwrap();
    bench.siglite(&["save", &image, "--dir", "saved"]);
    // cosign reads the folder, and what it loads is signed.
    let loaded = bench.name("loaded:v1");
    bench.cosign(&["load", "--dir", "saved", &loaded]).unwrap();
    let older = ["--insecure-ignore-tlog", "--new-bundle-format=false"];
    let verify = ["verify", "--key", "cosign.pub", &loaded];
    bench.cosign(&[&verify[..], &older].concat()).unwrap();
}

#[test]
fn cleaning_leaves_the_image_and_nothing_else() {
    let Some(bench) = Bench::start() else { return };
    let image = bench.name("app:v1");
    bench.signed(&image).unwrap();
    bench.siglite(&["clean", &image, "-f"]);
    assert_eq!(bench.siglite(&["image", "list", &bench.name("app"), "--all"]).trim(), "v1");
    let none = run(bench.command(clean(&binary("siglite"), bench.home.path())).args([
        "download",
        "signature",
        &image,
    ]));
    assert!(none.refused().contains("no signatures found"));
}

#[test]
fn a_bill_of_materials_is_attached_as_cosign_expects_it() {
    let Some(bench) = Bench::start() else { return };
    let image = bench.name("app:v1");
    bench.siglite(&["image", "make", &image]);
    let document = r#"{"spdxVersion":"SPDX-2.3"}"#;
    let path = bench.home.path().join("s.json");
    std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), document.as_bytes())
        .unwrap();
    bench.siglite(&["attach", "sbom", "--sbom", "s.json", &image]);
    assert_eq!(bench.cosign(&["download", "sbom", &image]).unwrap().trim(), document);
    assert_eq!(bench.siglite(&["download", "sbom", &image]).trim(), document);
}

#[test]
fn an_image_travels_through_every_kind_of_place() {
    let Some(bench) = Bench::start() else { return };
    let image = bench.name("hello:1");
    bench.siglite(&["image", "make", &image, "--message", "hi"]);
    bench.siglite(&["image", "pull", &image, "docker-archive:a.tar"]);
    bench.siglite(&["image", "copy", "a.tar", "oci:folder:1"]);
    let again = bench.name("again:1");
    bench.siglite(&["image", "push", "oci:folder:1", &again]);
    let crane = |name: &str| {
        let mut command = Tool::Crane.command(bench.home.path()).unwrap();
        run(command.args(["digest", name])).ok()
    };
    assert_eq!(crane(&image), crane(&again));
}
