//! `compose.yaml`: Compose accepts it, and its seven servers work together as processes of their own.
//!
//! Containers need a registry of images, so the servers run here as Compose would start them: the
//! same command lines and the same files, with folders, names and ports of this test.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use lite_tests::{ALICE, PASSWORD, Tool, binary, clean, http, run, skip};
use serde_json::Value;

/// Decides nothing but when to stop waiting.
const PATIENCE: Duration = Duration::from_secs(90);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn compose() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(repository().join("compose.yaml")).unwrap();
    let document: Value = serde_saphyr::from_str(&text).unwrap();
    document["services"].as_object().unwrap().clone()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn compose_accepts_it() {
    let mut accepted = 0;
    for words in [&["docker", "compose"][..], &["docker-compose"]] {
        let compose = |arguments: &[&str]| {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).args(arguments).current_dir(repository());
            command
        };
        // A docker without the plugin fails here, and a machine without either cannot start one.
        let version = compose(&["version"]).output();
        if version.is_ok_and(|output| output.status.success()) {
            let _ = run(&mut compose(&["-f", "compose.yaml", "config", "-q"])).ok();
            accepted += 1;
        }
    }
    if accepted == 0 {
        skip("compose.yaml", "neither docker compose nor docker-compose is installed");
    }
}

/// What this test has instead of containers.
struct Site {
    home: tempfile::TempDir,
    /// The port of each service in `compose.yaml`, and the one it has here.
    ports: Vec<(String, String)>,
}

impl Site {
    fn new(services: &serde_json::Map<String, Value>) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("etc")).unwrap();
        let port = |service: &Value| {
            let published = &strings(&service["ports"])[0];
            (published.rsplit(':').next().unwrap().to_owned(), free_port().to_string())
        };
        let ports = services.values().map(port).collect();
        Self { home, ports }
    }

    fn data(&self) -> String {
        self.home.path().join("data").display().to_string()
    }

    fn here(&self, text: &str, names: &[String]) -> String {
        let etc = self.home.path().join("etc").display().to_string();
        let mut text = text.replace("/etc/siglite", &etc).replace("0.0.0.0:", "localhost:");
        for name in names {
            text = text.replace(&format!("{name}.localhost"), "localhost");
        }
        for (theirs, ours) in &self.ports {
            text = text.replace(&format!(":{theirs}"), &format!(":{ours}"));
        }
        text.replace("/data/", &format!("{}/", self.data()))
    }
}

/// A port that nobody has, and that no connection of another test is given meanwhile: it lies below
/// the range from which the kernel takes those.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 400).unwrap() * 30;
    let mut candidates =
        std::iter::repeat_with(|| 20_000 + (start + NEXT.fetch_add(1, Ordering::SeqCst)) % 12_000);
    candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

struct Server {
    name: String,
    url: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a service with copies of the files that it mounts.
    fn start(site: &Site, name: &str, service: &Value, names: &[String]) -> Self {
        let mounted: Vec<_> = strings(&service["volumes"])
            .into_iter()
            .map(|volume| {
                let mut parts = volume.split(':').map(str::to_owned);
                (parts.next().unwrap(), parts.next().unwrap())
            })
            .collect();
        for (source, target) in mounted.iter().filter(|(source, _)| source.starts_with("./")) {
            let text = std::fs::read_to_string(repository().join(source)).unwrap();
            for path in text.split_whitespace().map(|word| word.trim_matches(['[', ']', ','])) {
                let inside = path.starts_with("/data/") || path.starts_with("/etc/");
                let reachable = mounted.iter().any(|(_, target)| path.starts_with(target));
                assert!(!inside || reachable, "{name} does not mount {path} of {source}");
            }
            write(Path::new(&site.here(target, names)), &site.here(&text, names));
        }

        let words: Vec<_> =
            strings(&service["command"]).iter().map(|word| site.here(word, names)).collect();
        let listen = words.iter().position(|word| word == "--listen").unwrap() + 1;
        let log = site.home.path().join(format!("{name}.log"));
        let said = File::create(&log).unwrap();
        let child = clean(&binary(&words[0]), site.home.path())
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let url = format!("http://{}", words[listen]);
        let mut server = Self { name: name.to_owned(), url, child, log };
        // It listens before it waits for others.
        while TcpStream::connect(&words[listen]).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{}", server.said());
        }
        server
    }

    #[track_caller]
    fn wait_until_ready(&mut self) {
        let start = Instant::now();
        let ready = format!("{}/readyz", self.url);
        while !http().get(&ready).send().is_ok_and(|answer| answer.status() == 200) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        format!("{} is not ready:\n{said}", self.name)
    }

    /// What `docker compose stop` sends.
    #[track_caller]
    fn stop(&mut self) {
        let _ = run(Command::new("kill").args(["-TERM", &self.child.id().to_string()])).ok();
        let code = self.child.wait().unwrap().code();
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        assert_eq!(code, Some(0), "{} on SIGTERM:\n{said}", self.name);
        assert!(!said.contains("panicked"), "{}:\n{said}", self.name);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// Starts all services, each after the one before it has begun, and then waits until all are ready.
fn start_all(
    site: &Site,
    services: &serde_json::Map<String, Value>,
    order: &[String],
) -> Vec<Server> {
    let mut servers: Vec<_> =
        order.iter().map(|name| Server::start(site, name, &services[name], order)).collect();
    for server in &mut servers {
        server.wait_until_ready();
    }
    servers
}

#[test]
fn its_servers_find_each_other_whoever_starts_first() {
    let services = compose();
    // First who sums the others up, and the authority before the log it submits to.
    let mut order: Vec<String> =
        ["trust", "fulcio", "ct", "oidc", "tsa", "rekor", "registry"].map(str::to_owned).to_vec();
    assert!(order.len() == services.len() && order.iter().all(|name| services.contains_key(name)));
    let site = Site::new(&services);
    let mut servers = start_all(&site, &services, &order);

    let home = site.home.path();
    let mut account = clean(&binary("siglite"), home);
    account.args(["account", "add", "--data", &site.data(), ALICE]);
    let _ = run(account.env("SIGLITE_PASSWORD", PASSWORD)).ok();

    let file = home.join("artifact.txt");
    write(&file, "signed by seven processes\n");
    sign_and_verify(home, &servers, &file);

    for server in &mut servers {
        server.stop();
    }
    drop(servers);

    // The other way round, on what is there: everything was published before.
    order.reverse();
    let mut servers = start_all(&site, &services, &order);
    sign_and_verify(home, &servers, &file);
    for server in &mut servers {
        server.stop();
    }
}

#[test]
fn a_server_that_waits_for_another_can_be_stopped() {
    let services = compose();
    let order: Vec<String> = services.keys().cloned().collect();
    let site = Site::new(&services);
    for name in ["ct", "fulcio", "trust"] {
        let mut server = Server::start(&site, name, &services[name], &order);
        // It lacks what none of the others has published.
        server.stop();
    }
}

/// Trusts what the trust root says over the network, as a test on one machine may.
#[track_caller]
fn sign_and_verify(home: &Path, servers: &[Server], file: &Path) {
    let url_of = |name: &str| &servers.iter().find(|server| server.name == name).unwrap().url;
    for name in ["trusted_root.json", "signing_config.json"] {
        let answer = http().get(format!("{}/{name}", url_of("trust"))).send().unwrap();
        assert_eq!(answer.status(), 200);
        write(&home.join(name), &answer.text().unwrap());
    }
    let issuer = format!("{}/oidc", url_of("oidc"));
    let bundle = home.join("artifact.sigstore.json");
    let mut sign = clean(&binary("siglite"), home);
    sign.arg("sign-blob").arg(file).arg("--bundle").arg(&bundle);
    sign.args(["--account", ALICE, "--oidc-issuer", &issuer]).env("SIGLITE_PASSWORD", PASSWORD);
    sign.args(["--trusted-root", "trusted_root.json", "--signing-config", "signing_config.json"]);
    let _ = run(&mut sign).ok();

    let verify = |program: &mut Command| {
        program.arg("verify-blob").arg(file).arg("--bundle").arg(&bundle);
        program.args(["--trusted-root", "trusted_root.json", "--certificate-identity", ALICE]);
        let _ = run(program.args(["--certificate-oidc-issuer", &issuer])).ok();
    };
    verify(&mut clean(&binary("siglite"), home));
    if let Some(mut cosign) = Tool::Cosign.command(home) {
        verify(&mut cosign);
    }
}
