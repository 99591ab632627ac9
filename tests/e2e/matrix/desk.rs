//! A person with one client, a home folder and a shell.
//!
//! All that this person knows about the instance is what `siglite env --for CLIENT` prints:
//! each command runs after `eval` of it, and what stands there under `Once:` is typed first.
//! Beside that the shell knows:
//!
//! - `$FILE`, `$STATEMENT`, `$PREDICATE`: what to sign, what to say about it,
//! - `$BUNDLE`, `$ATTESTATION`, `$IMAGE`: what siglite has signed already,
//! - the same with `_1` at the end: logged by the log's first API, for who knows only that,
//! - `$OWN`: an image for this client alone,
//! - `$IDENTITY`, `$ISSUER`, and `$WHO`: who signs, as such, and as flags of cosign,
//! - `$SIGSTORE_ID_TOKEN`: a token, where most clients look for it,
//! - `refused COMMAND…`: the command must fail,
//! - `ours VERB…`: siglite verifies what this client has made.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lite_tests::{ALICE, Ran, binary, clean, run};

use super::cell::Cell;
use super::site::Site;

/// What every command line may use.
const PRELUDE: &str = r#"
refused() { if "$@" >refused.log 2>&1; then echo "not refused: $*"; exit 1; fi; }
ours() { verb=$1; shift; siglite "$verb" $WHO "$@"; }
"#;

/// Somebody who works with one client.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    site: &'a Site,
    home: PathBuf,
    /// What `siglite env --for` knows the client as.
    client: String,
    /// What the shell knows beside that.
    variables: Vec<(&'static str, String)>,
}

impl<'a> Desk<'a> {
    /// A desk with these programs on it, after everything was typed that is typed once.
    #[track_caller]
    pub(super) fn new(
        site: &'a Site,
        name: &str,
        client: &str,
        programs: &[(&str, &Path)],
    ) -> Self {
        let home = site.stack().home().join(format!("desk-{name}"));
        let bin = home.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder of our own");
        let siglite = binary("siglite");
        for (name, program) in programs.iter().copied().chain([("siglite", siglite.as_path())]) {
            symlink(program, bin.join(name)).expect("a folder of our own");
        }
        let issuer = site.stack().issuer();
        let variables = vec![
            ("FILE", site.file.display().to_string()),
            ("STATEMENT", site.statement.display().to_string()),
            ("PREDICATE", site.predicate.display().to_string()),
            ("BUNDLE", site.bundle.display().to_string()),
            ("BUNDLE_1", site.bundle_1.display().to_string()),
            ("ATTESTATION_1", site.attestation_1.display().to_string()),
            ("IMAGE_1", site.image_1.clone()),
            ("ATTESTATION", site.attestation.display().to_string()),
            ("IMAGE", site.image.clone()),
            ("OWN", site.image_for(name)),
            ("IDENTITY", ALICE.to_owned()),
            ("WHO", format!("--certificate-identity={ALICE} --certificate-oidc-issuer={issuer}")),
            ("ISSUER", issuer),
            ("SIGSTORE_ID_TOKEN", site.stack().token()),
            ("SIGLITE_INSTANCE", site.stack().data().display().to_string()),
        ];
        let desk = Self { site, home, client: client.to_owned(), variables };
        let _ = desk.shell(&desk.typed_once()).ok();
        desk
    }

    /// Another variable.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// This person's home folder, where every command starts.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The image for this client alone.
    #[track_caller]
    pub(super) fn own(&self) -> &str {
        let own = self.variables.iter().find(|(name, _)| *name == "OWN");
        own.map(|(_, image)| image.as_str()).expect("it was given one")
    }

    /// Writes a file into the home folder, where the shell finds it.
    #[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
    pub(super) fn keep(&self, name: &str, content: &str) {
        std::fs::write(self.home.join(name), content).expect("a folder of our own");
    }

    /// The instance.
    pub(super) const fn site(&self) -> &Site {
        self.site
    }

    /// It must work.
    pub(super) fn does(&self, script: &str) -> Cell {
        Cell::of(&self.shell(script))
    }

    /// It must fail in these words, which are a fault of the client.
    pub(super) fn cannot(&self, script: &str, words: &str, note: &'static str) -> Cell {
        Cell::fault(&self.shell(script), words, note)
    }

    /// What a command says, in one word: for versions.
    #[track_caller]
    pub(super) fn says(&self, script: &str) -> String {
        self.shell(script).ok().trim().to_owned()
    }

    /// Runs commands as sh does, and stops at the first that fails.
    pub(super) fn shell(&self, script: &str) -> Ran {
        let script = format!(
            "set -eu\n{PRELUDE}\nprinted=$(siglite env --for {})\neval \"$printed\"\n{script}",
            self.client
        );
        let mut command = clean(Path::new("/bin/sh"), &self.home);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.home.join("bin").display()));
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        run(command.args(["-c", &script]))
    }

    /// What `siglite env` shows under `Once:`.
    #[track_caller]
    fn typed_once(&self) -> String {
        let printed = self.says("printf '%s' \"$printed\"");
        let after = printed.lines().skip_while(|line| *line != "# Once:").skip(1);
        let commands: Vec<&str> = after.map_while(|line| line.strip_prefix("#   ")).collect();
        commands.join("\n")
    }
}
