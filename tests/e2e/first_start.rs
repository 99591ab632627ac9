//! A first start that ends early: killed, it goes on later; refused, it leaves nothing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use lite_tests::{Stack, binary, clean, run, skip};

/// The file that stands in a data folder until its first start has told who can sign in.
const UNFINISHED: &str = "first-start";

/// `siglite up` on this folder, with words in `up.log` and a ready file beside it.
struct Up {
    child: Child,
    ready: PathBuf,
    log: PathBuf,
}

impl Up {
    fn spawn(home: &Path, data: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let (ready, log) = (home.join("ready"), home.join("up.log"));
        let words = std::fs::File::create(&log).unwrap();
        let mut command = clean(&binary("siglite"), home);
        command.arg("up").arg("--data").arg(data).arg("--ready-file").arg(&ready);
        change(&mut command);
        command.stdin(Stdio::null()).stdout(words.try_clone().unwrap()).stderr(words);
        Self { child: command.spawn().unwrap(), ready, log }
    }

    /// What it had said when it was ready, or when it ended.
    fn said(&mut self) -> String {
        while !self.ready.exists() && self.child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        // The words come after the file.
        let said = || std::fs::read_to_string(&self.log).unwrap();
        while !said().contains("Ctrl-C ends it.") && self.child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        said()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.ready);
    }
}

/// Everything below `dir` in the order in which it was made, and how much of it there was after
/// each tick of the clock that dates files.
fn in_order(dir: &Path) -> Option<(Vec<PathBuf>, Vec<usize>)> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push((path.metadata().unwrap().created().ok()?, path.clone()));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    let ticks = (1..found.len()).filter(|at| found[at - 1].0 != found[*at].0).collect();
    let below = |(_, path): (_, PathBuf)| path.strip_prefix(dir).unwrap().to_owned();
    Some((found.into_iter().map(below).collect(), ticks))
}

/// A copy of what `paths` names, and of the mark that a whole start has taken away again.
fn copy(from: &Path, to: &Path, paths: &[PathBuf]) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::File::create(to.join(UNFINISHED)).unwrap();
    for path in paths {
        if from.join(path).is_dir() {
            std::fs::create_dir_all(to.join(path)).unwrap();
        } else {
            std::fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
            std::fs::copy(from.join(path), to.join(path)).unwrap();
        }
    }
}

/// Whether a start that died just after this is worth its own look: many files of one kind are
/// looked at once.
fn is_a_step(paths: &[PathBuf], made: usize) -> bool {
    let kind = |path: &PathBuf| {
        let many = ["client", "trust/repository/targets", "trust/keys"];
        many.iter().find(|folder| path.starts_with(folder)).copied()
    };
    kind(&paths[made - 1]).is_none() || kind(&paths[made - 1]) != kind(&paths[made])
}

#[test]
fn a_first_start_that_was_killed_goes_on_wherever_it_was() {
    let mut whole = Stack::start();
    whole.kill();
    let Some((paths, ticks)) = in_order(&whole.data()) else {
        return skip("a start that was killed", "files here have no time of birth");
    };
    let record = paths.iter().position(|path| path == Path::new("siglite.json")).unwrap();
    let steps: Vec<usize> =
        ticks.into_iter().filter(|made| *made > record && is_a_step(&paths, *made)).collect();
    assert!(steps.len() > 20, "only {} steps are told apart", steps.len());
    let port = whole.url().rsplit(':').next().unwrap();
    // A start mostly waits for the disk, so several share the time; the port is that of the URL.
    std::thread::scope(|scope| {
        for (some, host) in steps.chunks(steps.len().div_ceil(4)).zip(2..) {
            let (data, paths) = (whole.data(), &paths);
            let listen = format!("127.0.0.{host}:{port}");
            let go = move |made: &usize| goes_on_after(&data, &paths[..*made], &listen);
            scope.spawn(move || some.iter().for_each(go));
        }
    });
}

fn goes_on_after(whole: &Path, paths: &[PathBuf], listen: &str) {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("instance");
    copy(whole, &data, paths);
    // What Alice was given an account with is not what a start without `--account` does.
    let _ = std::fs::remove_file(data.join("oidc/accounts.json"));
    let said = Up::spawn(home.path(), &data, |up| {
        up.args(["--listen", listen]);
    })
    .said();
    let last = paths[paths.len() - 1].display();
    assert!(said.contains("Sigstore is up"), "killed after {last}: {said}");
    assert!(said.contains("with the password"), "nobody can sign in after {last}: {said}");
}

#[test]
fn whoever_was_not_told_the_password_is_told_another() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("instance");
    let mut first = Up::spawn(home.path(), &data, |up| {
        up.args(["--listen", "localhost:0"]);
    });
    let password =
        |said: &str| said.split("with the password ").nth(1).map(|rest| rest[..23].to_owned());
    let before = password(&first.said()).unwrap();
    drop(first);
    std::fs::File::create(data.join(UNFINISHED)).unwrap();
    let mut second = Up::spawn(home.path(), &data, |_| ());
    let after = password(&second.said()).unwrap();
    assert_ne!(before, after);
}

#[test]
fn a_first_start_that_is_refused_leaves_nothing() {
    for (arguments, code) in
        [(["--account", "alice:password"], 2), (["--issuers", "/nowhere/issuers.yaml"], 2)]
    {
        for was_there in [false, true] {
            let home = tempfile::tempdir().unwrap();
            let data = home.path().join("instance");
            if was_there {
                std::fs::create_dir(&data).unwrap();
            }
            let mut command = clean(&binary("siglite"), home.path());
            command.args(["up", "--listen", "localhost:0", "--data"]).arg(&data).args(arguments);
            let ran = run(&mut command);
            assert_eq!(ran.code, Some(code), "{ran}");
            assert_eq!(data.exists(), was_there, "{ran}");
            let left = std::fs::read_dir(&data).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{ran}");
        }
        let home = tempfile::tempdir().unwrap();
        let mut command = clean(&binary("siglite"), home.path());
        command.env("TMPDIR", home.path()).args(["up", "--ephemeral", "--listen", "localhost:0"]);
        let ran = run(command.args(arguments));
        assert_eq!(ran.code, Some(code), "{ran}");
        let left = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, 0, "an ephemeral folder stays: {ran}");
    }
}

#[test]
fn the_ready_file_of_a_killed_run_is_not_this_runs() {
    let home = tempfile::tempdir().unwrap();
    let ready = home.path().join("ready");
    std::fs::File::create(&ready).unwrap();
    let mut command = clean(&binary("siglite"), home.path());
    command.args(["up", "--listen", "localhost:0", "--account", "alice:password"]);
    let ran = run(command.arg("--ready-file").arg(&ready));
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(!ready.exists(), "whoever waits for it would go on too early");
}

#[test]
fn a_service_without_a_home_is_served_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("instance");
    let mut up = Up::spawn(home.path(), &data, |up| {
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            up.env_remove(variable);
        }
        up.args(["--listen", "localhost:0"]);
    });
    let said = up.said();
    assert!(said.contains("Sigstore is up"), "{said}");
    assert!(said.contains("--instance"), "how commands find it: {said}");
}
