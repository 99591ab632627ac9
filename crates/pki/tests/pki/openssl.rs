//! The `openssl` command line as a judge; tests say so when there is none.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own in which to run `openssl`.
pub(crate) struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    /// `None`, said aloud, where the command is missing.
    pub(crate) fn find() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("skipped: there is no openssl on this machine");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file beside which the command runs.
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not be durable")]
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs `openssl` with these words: whether it agrees, and what it says.
    pub(crate) fn ask(&self, words: &str) -> (bool, String) {
        let output = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(Path::new(self.0.path()))
            .output()
            .unwrap();
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said += &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    }

    /// Runs `openssl`, which must agree.
    #[track_caller]
    pub(crate) fn agree(&self, words: &str) -> String {
        let (agrees, said) = self.ask(words);
        assert!(agrees, "openssl {words}\n{said}");
        said
    }
}
