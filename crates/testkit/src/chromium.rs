//! One headless Chromium with its driver and a profile of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a page may take before the test gives up. It decides no outcome but that.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser that a test owns; it ends when this is dropped.
pub struct Chromium {
    client: Client,
    /// Killed when dropped.
    _driver: Child,
    _profile: TempDir,
}

impl Chromium {
    /// Starts one, or says why not. `look` may hold `mobile` (320 pixels wide) and `dark`.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub async fn start(look: &[&str]) -> Option<Chromium> {
        let programs = find(&["chromium", "chromium-browser", "google-chrome"])
            .and_then(|browser| Some((browser, find(&["chromedriver"])?)));
        let Some((browser, driver)) = programs else {
            let required = std::env::var_os("SIGLITE_REQUIRE_BROWSER").is_some_and(|v| v == "1");
            assert!(!required, "no chromium or chromedriver, and SIGLITE_REQUIRE_BROWSER=1");
            eprintln!("skipped: no chromium");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = start_driver(&driver, profile.path()).await;
        let capabilities = capabilities(&browser, profile.path(), look);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("a session");
        Some(Chromium { client, _driver: driver, _profile: profile })
    }

    /// Goes to a page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits for an element.
    pub async fn find(&self, what: Locator<'_>) -> Element {
        self.client.wait().at_most(PATIENCE).for_element(what).await.unwrap()
    }

    /// Waits until the page says `words` there. A click returns before the next page has come, so
    /// the element may be of the page before.
    pub async fn says(&self, what: Locator<'_>, words: &str) {
        let said = async || {
            let element = self.client.find(what).await?;
            element.text().await
        };
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let now = said().await;
            if now.as_ref().is_ok_and(|text| text.contains(words)) {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "no {words:?} but {now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What stands in a field.
    pub async fn value(&self, id: &str) -> String {
        let value = self.find(Locator::Id(id)).await.prop("value").await.unwrap();
        value.unwrap_or_default()
    }

    /// Empties a field.
    pub async fn clear(&self, id: &str) {
        self.find(Locator::Id(id)).await.clear().await.unwrap();
    }

    /// Types into a field.
    pub async fn type_into(&self, id: &str, text: &str) {
        self.find(Locator::Id(id)).await.send_keys(text).await.unwrap();
    }

    /// Clicks an element.
    pub async fn click(&self, what: Locator<'_>) {
        self.find(what).await.click().await.unwrap();
    }

    /// Presses the button with this action.
    pub async fn press(&self, action: &str) {
        self.click(Locator::Css(&format!("button[value={action}]"))).await;
    }

    /// The `id` of the element with the focus.
    pub async fn focused(&self) -> String {
        self.ask("return document.activeElement.id").await.as_str().unwrap_or_default().to_owned()
    }

    /// What Ctrl+C would copy after one press of the Tab key.
    pub async fn selected_by_tab(&self) -> String {
        self.type_into_page("\u{e004}").await;
        let script = "const e = document.activeElement; \
                      return e.value.substring(e.selectionStart, e.selectionEnd)";
        self.ask(script).await.as_str().unwrap_or_default().to_owned()
    }

    async fn type_into_page(&self, keys: &str) {
        self.find(Locator::Css("body")).await.send_keys(keys).await.unwrap();
    }

    /// How wide the page is, with what lies outside the screen.
    pub async fn width(&self) -> u64 {
        self.ask("return document.documentElement.scrollWidth").await.as_u64().unwrap()
    }

    /// The computed colour behind the page.
    pub async fn background(&self) -> String {
        let script = "return getComputedStyle(document.body).backgroundColor";
        self.ask(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Leaves a picture in the folder that `SIGLITE_SCREENSHOTS` names, if it does.
    #[expect(clippy::disallowed_methods, reason = "a picture need not be durable")]
    pub async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os("SIGLITE_SCREENSHOTS").map(PathBuf::from) else {
            return;
        };
        let picture = self.client.screenshot().await.unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    /// Ends the session.
    pub async fn quit(self) {
        self.client.close().await.unwrap();
    }

    async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|p| p.is_file())
}

/// The driver picks a free port and says which.
async fn start_driver(program: &Path, home: &Path) -> (Child, u16) {
    let mut driver = Command::new(program)
        .arg("--port=0")
        .env("HOME", home)
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the driver says its port");
        let port = line.strip_suffix('.').and_then(|l| l.split_once("successfully on port "));
        if let Some((_, port)) = port {
            // Keep reading, or the driver blocks when the pipe is full.
            let port = port.parse().unwrap();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, port);
        }
    }
}

fn capabilities(browser: &Path, profile: &Path, look: &[&str]) -> Capabilities {
    let mut args: Vec<String> = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        "--window-size=900,1000",
    ]
    .map(str::to_owned)
    .to_vec();
    args.push(format!("--user-data-dir={}", profile.join("profile").display()));
    if look.contains(&"dark") {
        args.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({ "args": args, "binary": browser });
    if look.contains(&"mobile") {
        let metrics = json!({ "width": 320, "height": 720, "pixelRatio": 2.0, "touch": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities
}
