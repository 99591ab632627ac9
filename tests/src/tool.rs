//! Programs: ours, built beside this test, and those of other makers.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A binary of this workspace, of the profile these tests were built with.
#[track_caller]
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let me = std::env::current_exe().expect("a test has a path");
    // target/PROFILE/deps/e2e-HASH
    let built = me.parent().and_then(Path::parent).expect("cargo's layout").join(name);
    assert!(built.is_file(), "{} is not built; run scripts/check", built.display());
    built
}

/// A short program that drives a client which is a library.
#[must_use]
pub fn client_program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

/// The version of a stock client's package, without what Debian adds to it; `None` where the client
/// is not Debian's.
#[must_use]
pub fn stock_version(generation: &str, package: &str) -> Option<String> {
    let dir = PathBuf::from(std::env::var_os("SIGLITE_STOCK")?);
    let list = std::fs::read_to_string(dir.join(generation).join("versions")).ok()?;
    let version = list.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix(' '))?;
    Some(version.split(['-', '+', '~']).next().unwrap_or(version).to_owned())
}

/// Says what is not tested, and why; a failure where nothing may be missing.
#[track_caller]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn skip(what: &str, why: &str) {
    assert!(
        std::env::var_os("SIGLITE_REQUIRE_ALL").is_none(),
        "{what} cannot be tested: {why}; scripts/test installs what is missing"
    );
    eprintln!("skipped: {what}: {why}");
}

/// A program of another maker that judges ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// cosign 3.
    Cosign,
    /// cosign 2.
    Cosign2,
    /// rekor-cli of the generation of cosign 3.
    RekorCli,
    /// rekor-cli of the generation of cosign 2.
    RekorCli2,
    /// gitsign.
    Gitsign,
    /// go-containerregistry's command line.
    Crane,
    /// ORAS.
    Oras,
    /// skopeo.
    Skopeo,
    /// sigstore-go's example program that signs.
    SigstoreGoSigning,
    /// sigstore-go's example program that verifies.
    SigstoreGoVerification,
    /// The same of the generation of cosign 2.
    SigstoreGoVerification2,
    /// sigstore-go's example program that verifies images.
    SigstoreGoImages,
    /// The same of the generation of cosign 2.
    SigstoreGoImages2,
    /// A Python with sigstore-python and python-tuf.
    Python,
    /// curl.
    Curl,
    /// Node.
    Node,
    /// A folder with a folder for each version of sigstore-js.
    SigstoreJs,
    /// Java, with its compiler.
    Java,
    /// A folder with sigstore-java and what it depends on, named after its version.
    SigstoreJava,
    /// OpenSSL's command line.
    OpenSsl,
    /// A clock that is off.
    FakeTime,
    /// strace.
    Strace,
    /// Chromium's driver.
    ChromeDriver,
}

impl Tool {
    /// The program, or `None` after [`skip`] has said so.
    #[track_caller]
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        let found = match self {
            Self::Cosign => stock("v3", "cosign"),
            Self::Cosign2 => stock("v2", "cosign"),
            Self::RekorCli => stock("v3", "rekor-cli"),
            Self::RekorCli2 => stock("v2", "rekor-cli"),
            Self::Gitsign => stock("v3", "gitsign"),
            Self::Crane => stock("v3", "crane"),
            Self::Oras => stock("v3", "oras"),
            Self::Skopeo => on_path("skopeo"),
            Self::SigstoreGoSigning => stock("v3", "sigstore-go-signing"),
            Self::SigstoreGoVerification => stock("v3", "sigstore-go-verification"),
            Self::SigstoreGoVerification2 => stock("v2", "sigstore-go-verification"),
            Self::SigstoreGoImages => stock("v3", "oci-image-verification"),
            Self::SigstoreGoImages2 => stock("v2", "oci-image-verification"),
            Self::Python => std::env::var_os("SIGLITE_PYTHON").map(PathBuf::from),
            Self::Curl => on_path("curl"),
            Self::Node => on_path("node"),
            Self::SigstoreJs => std::env::var_os("SIGLITE_SIGSTORE_JS").map(PathBuf::from),
            Self::Java => on_path("javac").and_then(|_| on_path("java")),
            Self::SigstoreJava => std::env::var_os("SIGLITE_SIGSTORE_JAVA").map(PathBuf::from),
            Self::OpenSsl => on_path("openssl"),
            Self::FakeTime => on_path("faketime"),
            Self::Strace => on_path("strace"),
            Self::ChromeDriver => on_path("chromedriver"),
        };
        if found.is_none() {
            skip(&format!("{self:?}"), "it is not installed");
        }
        found
    }

    /// A command that runs the program, with an environment that holds nothing of its caller's.
    #[track_caller]
    #[must_use]
    pub fn command(self, home: &Path) -> Option<Command> {
        self.find().map(|program| clean(&program, home))
    }
}

/// A command with a home folder of its own and nothing else of the caller's environment that a
/// Sigstore client would read.
#[must_use]
pub fn clean(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for kept in ["PATH", "LANG", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_STATE_HOME", home.join("state"))
        .current_dir(home);
    command
}

fn stock(generation: &str, name: &str) -> Option<PathBuf> {
    let dir = PathBuf::from(std::env::var_os("SIGLITE_STOCK")?);
    Some(dir.join(generation).join("bin").join(name)).filter(|path| path.exists())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|candidate| candidate.is_file())
}
