//! People sign in with a browser: cosign's interactive login, its device flow, sigstore-python's
//! login and siglite's own, each against the real pages in headless Chromium.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lite_testkit::{Chromium, Locator};
use lite_tests::{ALICE, PASSWORD, Stack, Tool, clean};

use crate::clients::{Client, Policy};

/// How long a program may take before a test gives up. It decides nothing but that.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that signs while a person signs in.
pub(crate) struct Signer {
    child: Child,
    said: PathBuf,
    opened: PathBuf,
}

/// Puts a stand-in for the desktop's browser on the path: it writes down what it should open.
#[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
fn stand_in(home: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = home.join("bin");
    std::fs::create_dir_all(&dir).unwrap();
    for name in ["xdg-open", "x-www-browser", "www-browser"] {
        let program = dir.join(name);
        let script = "#!/bin/sh\nprintf '%s' \"$1\" > \"$HOME/opened.new\"\nmv \"$HOME/opened.new\" \"$HOME/opened\"\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir
}

impl Signer {
    /// Starts a command; with a terminal of its own if it would not open a browser otherwise.
    pub(crate) fn start(stack: &Stack, command: &Command, terminal: bool) -> Self {
        let home = stack.home();
        let (said, opened) = (home.join("said"), home.join("opened"));
        let _ = std::fs::remove_file(&opened);
        let dir = stand_in(home);
        let path = std::env::var("PATH").unwrap();
        let words: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut outer = if terminal {
            let mut outer = clean(Path::new("script"), home);
            let quote = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
            let quoted: Vec<String> = words.iter().map(quote).collect();
            outer.args(["-qefc", &quoted.join(" "), "/dev/null"]);
            outer
        } else {
            let mut outer = clean(Path::new(&words[0]), home);
            outer.args(&words[1..]);
            outer
        };
        let log = File::create(&said).unwrap();
        let own = command.get_envs().find(|(name, _)| *name == "PATH");
        let path = own.and_then(|(_, path)| path?.to_str().map(str::to_owned)).unwrap_or(path);
        outer
            .env("PATH", format!("{}:{path}", dir.display()))
            .env("BROWSER", format!("{} %s", dir.join("xdg-open").display()))
            .env("DISPLAY", ":0")
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Self { child: outer.spawn().unwrap(), said, opened }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Waits for something that the program brings about.
    async fn wait_for<T>(&mut self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            let patient = ended.is_none() && start.elapsed() < PATIENCE;
            assert!(patient, "no {what} ({ended:?}):\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The page the program wanted to open.
    pub(crate) async fn page(&mut self) -> String {
        self.wait_for("page", |signer| std::fs::read_to_string(&signer.opened).ok()).await
    }

    /// Waits for its end, which must be a good one; returns what it said.
    pub(crate) async fn finish(mut self) -> String {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}:\n{}", self.said());
                return self.said();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Fills the login page in as [`ALICE`].
pub(crate) async fn sign_in(browser: &Chromium) {
    browser.type_into("email", ALICE).await;
    browser.type_into("password", PASSWORD).await;
    browser.press("password").await;
}

#[track_caller]
fn everyone_accepts(stack: &Stack, file: &Path, bundle: &Path) {
    for client in Client::WITH_FILES.into_iter().filter(|client| client.is_here()) {
        let ran = client.verify(stack, file, bundle, &Policy::of(stack));
        assert_eq!(ran.code, Some(0), "{client:?}: {ran}");
    }
}

/// `cosign sign-blob` without a token.
fn cosign(stack: &Stack, program: &Path, file: &Path, bundle: &Path) -> Command {
    let mut command = stack.command(program);
    command.arg("sign-blob").arg(file).arg("--bundle").arg(bundle).arg("--yes");
    command.arg("--trusted-root").arg(stack.client("trusted_root.json"));
    command.arg("--signing-config").arg(stack.client("signing_config.json"));
    command
}

/// A person at a terminal: a program opens the login page, and signs once they have signed in.
/// `farewell` is what its last page says, where it has one that is its own.
async fn signs_interactively(
    command: impl FnOnce(&Stack, &Path, &Path) -> Command,
    farewell: Option<&str>,
) {
    let Some(browser) = Chromium::start(&[]).await else { return };
    let stack = tokio::task::block_in_place(Stack::start);
    let file = stack.file("artifact.txt", "signed by a person at a terminal\n");
    let bundle = stack.home().join("person.sigstore.json");
    let mut signer = Signer::start(&stack, &command(&stack, &file, &bundle), true);
    browser.open(&signer.page().await).await;
    sign_in(&browser).await;
    if let Some(words) = farewell {
        browser.says(Locator::Css("body"), words).await;
    }
    let _ = signer.finish().await;
    browser.quit().await;
    tokio::task::block_in_place(|| everyone_accepts(&stack, &file, &bundle));
}

#[tokio::test(flavor = "multi_thread")]
async fn cosign_signs_in_interactively() {
    let Some(program) = Tool::Cosign.find() else { return };
    let command = |stack: &Stack, file: &Path, bundle: &Path| cosign(stack, &program, file, bundle);
    signs_interactively(command, Some("authentication successful")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cosign_signs_in_from_a_device() {
    let (Some(program), Some(browser)) = (Tool::Cosign.find(), Chromium::start(&[]).await) else {
        return;
    };
    let stack = tokio::task::block_in_place(Stack::start);
    let file = stack.file("artifact.txt", "signed by a person beside a machine\n");
    let bundle = stack.home().join("device.sigstore.json");
    let command = cosign(&stack, &program, &file, &bundle);
    // Without a terminal cosign takes the device flow.
    let mut signer = Signer::start(&stack, &command, false);
    let page = signer
        .wait_for("device page", |signer| {
            let said = signer.said();
            let url = said.split_whitespace().find(|word| word.contains("/oidc/device"))?;
            Some(url.trim_end_matches('.').to_owned())
        })
        .await;
    browser.open(&page).await;
    if !page.contains("user_code=") {
        let said = signer.said();
        let code = said.split_whitespace().map(|word| word.trim_matches(['.', ',', ':']));
        let code = code.into_iter().find(|word| {
            word.len() == 9 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-')
        });
        browser.type_into("user_code", code.expect("cosign shows the code")).await;
        browser.click(Locator::Css("button.main")).await;
    }
    sign_in(&browser).await;
    browser.says(Locator::Css("h1"), "Approved").await;
    let _ = signer.finish().await;
    browser.quit().await;
    tokio::task::block_in_place(|| everyone_accepts(&stack, &file, &bundle));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigstore_python_signs_in_with_a_browser() {
    let Some(program) = Tool::Python.find() else { return };
    let command = |stack: &Stack, file: &Path, bundle: &Path| {
        let mut command = stack.command(&program);
        command.args(["-m", "sigstore", "--trust-config"]).arg(stack.client("trust_config.json"));
        command.args(["sign", "--bundle"]).arg(bundle).arg(file);
        command
    };
    signs_interactively(command, Some("authentication successful")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn siglite_signs_in_with_a_browser() {
    let command = |stack: &Stack, file: &Path, bundle: &Path| {
        let mut command = stack.siglite();
        command.arg("sign-blob").arg(file).arg("--bundle").arg(bundle).arg("--yes");
        command
    };
    signs_interactively(command, None).await;
}
