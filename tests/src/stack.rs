//! `siglite up` as a process of its own, in a folder of its own, on a port of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::run;
use crate::tool::{binary, clean};

/// The person that every stack knows.
pub const ALICE: &str = "alice@example.org";
/// Her password.
pub const PASSWORD: &str = "correct horse battery";

/// How long a stack may take before a test gives up. It decides nothing but when to stop waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running stack. Dropping it kills it.
#[derive(Debug)]
pub struct Stack {
    home: Home,
    child: Option<Child>,
    url: String,
    options: Options,
}

/// The folder of a stack: its own, or one that a test looks after.
#[derive(Debug)]
enum Home {
    Own(TempDir),
    Given(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct Options {
    arguments: Vec<String>,
    listen: Option<String>,
}

/// How a stack is to be started.
#[derive(Debug, Default)]
pub struct StackBuilder {
    home: Option<PathBuf>,
    options: Options,
}

impl StackBuilder {
    /// Starts in this folder, whatever lives in it.
    #[must_use]
    pub fn home(mut self, home: &Path) -> Self {
        self.home = Some(home.to_owned());
        self
    }

    /// More arguments of `siglite up`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.options.arguments.push(argument.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    #[track_caller]
    #[must_use]
    pub fn start(self) -> Stack {
        let home = match self.home {
            Some(home) => Home::Given(home),
            None => Home::Own(tempfile::tempdir().expect("a temporary folder")),
        };
        let mut stack = Stack { home, child: None, url: String::new(), options: self.options };
        stack.spawn();
        stack
    }
}

impl Stack {
    /// A stack with one person, [`ALICE`].
    #[track_caller]
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A stack that is not started yet.
    #[must_use]
    pub fn builder() -> StackBuilder {
        StackBuilder::default()
    }

    /// The public URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The issuer of its tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/oidc", self.url)
    }

    /// The folder that is home to everything of this test.
    #[must_use]
    pub fn home(&self) -> &Path {
        match &self.home {
            Home::Own(dir) => dir.path(),
            Home::Given(dir) => dir,
        }
    }

    /// The data folder of `siglite up`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home().join("instance")
    }

    /// A file of the client folder, such as `trusted_root.json`.
    #[must_use]
    pub fn client(&self, name: &str) -> PathBuf {
        self.data().join("client").join(name)
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// A `siglite` command that works with this stack.
    #[must_use]
    pub fn siglite(&self) -> Command {
        clean(&binary("siglite"), self.home())
    }

    /// A command of another program in this test's home.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = clean(program, self.home());
        let (ca, bundle) = (self.client("ca.pem"), self.client("ca-bundle.pem"));
        if ca.is_file() {
            // As `siglite env` has it.
            command.env("SSL_CERT_FILE", &bundle).env("REQUESTS_CA_BUNDLE", &bundle);
            command.env("CURL_CA_BUNDLE", &bundle).env("NODE_EXTRA_CA_CERTS", &ca);
        }
        command
    }

    /// An ID token of [`ALICE`].
    #[track_caller]
    #[must_use]
    pub fn token(&self) -> String {
        let mut command = self.siglite();
        command.args(["token", "--account", ALICE]).env("SIGLITE_PASSWORD", PASSWORD);
        run(&mut command).ok().trim().to_owned()
    }

    /// Writes a file of the test and returns its path.
    #[track_caller]
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::write(&path, content).expect("a test's own file");
        path
    }

    /// Signs `name` with siglite as [`ALICE`]; returns the bundle's path.
    #[track_caller]
    #[must_use]
    pub fn sign(&self, file: &Path) -> PathBuf {
        let bundle = file.with_extension("siglite.sigstore.json");
        let mut command = self.siglite();
        command.arg("sign-blob").arg(file).arg("--bundle").arg(&bundle);
        command.args(["--yes", "--identity-token", &self.token()]);
        let _ = run(&mut command).ok();
        bundle
    }

    /// Everything the process has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.home().join("up.log")).unwrap_or_default()
    }

    /// Ends it as Ctrl-C would, and waits; returns its exit code.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take()?;
        let _ = run(Command::new("kill").args(["-INT", &child.id().to_string()])).ok();
        child.wait().expect("a child can be waited for").code()
    }

    /// Ends it as a power cut would end a process.
    #[track_caller]
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
        }
    }

    /// Starts it again on the same folder and port.
    #[track_caller]
    pub fn restart(&mut self) {
        if self.options.listen.is_none() {
            let port = self.url.rsplit(':').next().expect("a URL with a port");
            self.options.listen = Some(format!("localhost:{port}"));
        }
        self.spawn();
    }

    #[track_caller]
    fn spawn(&mut self) {
        let ready = self.home().join("ready");
        let _ = std::fs::remove_file(&ready);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home().join("up.log"))
            .expect("a test's own file");
        let mut command = self.siglite();
        command
            .args(["up", "--listen", self.options.listen.as_deref().unwrap_or("localhost:0")])
            .arg("--data")
            .arg(self.data())
            .arg("--ready-file")
            .arg(&ready)
            .args(["--account", &format!("{ALICE}:{PASSWORD}")])
            .args(&self.options.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log);
        let mut child = command.spawn().expect("siglite starts");
        self.url = wait_until_ready(&ready, &mut child)
            .unwrap_or_else(|| panic!("siglite up did not get ready:\n{}", self.said()));
        self.child = Some(child);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The public URL that the ready file names, once it is there.
fn wait_until_ready(ready: &Path, child: &mut Child) -> Option<String> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(text) = std::fs::read_to_string(ready)
            && let Ok(document) = serde_json::from_str::<Value>(&text)
        {
            return document["url"].as_str().map(str::to_owned);
        }
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    None
}

/// An HTTP client without a proxy, for looking at what a stack answers.
#[must_use]
pub fn http() -> reqwest::blocking::Client {
    // The second call finds it done.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::blocking::Client::builder().no_proxy().build().expect("a client without settings")
}
