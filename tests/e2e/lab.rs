//! The lab guide is true: every command in it runs, in order, and prints what the guide says.
//!
//! `docs/labs/container-signing.md` has blocks of kind `console`. A line that begins with `$ ` is a
//! command, and one that ends in `\` goes on in the next line; the lines below are its output, both
//! streams as a terminal shows them. `…` stands for what differs from run to run: within a line for
//! any text, alone on a line for any number of lines. Words behind `console` choose who runs a
//! block:
//!
//! - none: everybody; `siglite`, `cosign`, `cosign2`: whoever plays the guide with that client,
//! - `up`: the stack, which the test has started already,
//! - `browser`: a person signs in with a browser while the command runs.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use lite_testkit::Chromium;
use lite_tests::{ALICE, PASSWORD, Stack, Tool, binary, clean};

use crate::browser::{Signer, sign_in};

/// The guide as it is now.
fn guide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/labs/container-signing.md");
    std::fs::read_to_string(path).unwrap()
}

/// One command with what it must print.
#[derive(Debug, PartialEq)]
struct Step {
    /// For failures: where the command stands.
    line: usize,
    /// Words behind `console`.
    who: Vec<String>,
    /// As typed, in one line.
    command: String,
    /// What it prints.
    output: Vec<String>,
}

/// The commands of a guide, in its order.
fn steps(guide: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut who: Option<Vec<String>> = None;
    let mut goes_on = false;
    for (number, line) in guide.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split_whitespace();
            let opens = who.is_none() && words.next() == Some("console");
            who = opens.then(|| words.map(str::to_owned).collect());
            continue;
        }
        let Some(who) = &who else { continue };
        let (text, continued) = match line.strip_suffix('\\') {
            Some(text) => (text, true),
            None => (line, false),
        };
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(_), _) => {
                let command = text.trim_start_matches("$ ").to_owned();
                steps.push(Step {
                    line: number + 1,
                    who: who.clone(),
                    command,
                    output: Vec::new(),
                });
            }
            (None, Some(step)) if goes_on => step.command.push_str(text),
            (None, Some(step)) => step.output.push(line.to_owned()),
            (None, None) => panic!("line {}: output before the first command", number + 1),
        }
        goes_on = continued && (line.starts_with("$ ") || goes_on);
    }
    steps
}

/// Whether a line is what a pattern with `…` says.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether the output is what the guide says.
fn all_fit(patterns: &[String], lines: &[&str]) -> bool {
    match (patterns.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((pattern, rest)), _) if pattern == "…" => {
            (0..=lines.len()).any(|skipped| all_fit(rest, &lines[skipped..]))
        }
        (Some((pattern, patterns)), Some((line, lines))) => {
            fits(pattern, line) && all_fit(patterns, lines)
        }
        _ => false,
    }
}

/// Somebody who plays the guide.
struct Player<'a> {
    stack: &'a Stack,
    /// What is found before everything else on the path.
    tools: std::path::PathBuf,
}

impl<'a> Player<'a> {
    fn new(stack: &'a Stack, programs: &[(&str, &Path)]) -> Self {
        let tools = stack.home().join("tools");
        std::fs::create_dir_all(&tools).unwrap();
        for (name, program) in programs {
            std::os::unix::fs::symlink(program, tools.join(name)).unwrap();
        }
        Self { stack, tools }
    }

    /// What a person types, with this test's address in place of the guide's.
    fn here(&self, text: &str) -> String {
        let address = self.stack.url().trim_start_matches("http://");
        text.replace("localhost:7070", address)
    }

    /// A shell that remembers what the commands before it exported.
    fn shell(&self, command: &str) -> Command {
        let mut shell = clean(Path::new("bash"), self.stack.home());
        let path = std::env::var("PATH").unwrap();
        let script = format!(
            "path=$PATH\n[ -e .state ] && . ./.state\nPATH=$path\n{}\ncode=$?\nexport -p > .state\nexit $code",
            self.here(command)
        );
        shell.args(["-c", &script]).env("PATH", format!("{}:{path}", self.tools.display()));
        shell
    }

    #[track_caller]
    fn play(&self, step: &Step) {
        let said = self.stack.home().join("lab.out");
        let log = File::create(&said).unwrap();
        let status = self
            .shell(&step.command)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let said = std::fs::read_to_string(&said).unwrap();
        assert!(status.success(), "{step:?}\nended with {status}:\n{said}");
        self.judge(step, &said);
    }

    #[track_caller]
    fn judge(&self, step: &Step, said: &str) {
        let want: Vec<String> = step.output.iter().map(|line| self.here(line)).collect();
        let said = said.replace('\r', "");
        let found: Vec<&str> = said.trim_end().lines().collect();
        let wanted = want.join("\n");
        let patterns: Vec<String> = wanted.trim_end().lines().map(str::to_owned).collect();
        assert!(
            all_fit(&patterns, &found),
            "line {} of the guide: {}\n--- the guide says\n{wanted}\n--- it printed\n{said}",
            step.line,
            step.command
        );
    }

    /// A person signs in while the command runs.
    async fn sign_in_with(&self, step: &Step, browser: &Chromium) {
        let shell = self.shell(&step.command);
        let mut signer = Signer::start(self.stack, &shell, true);
        browser.open(&signer.page().await).await;
        sign_in(browser).await;
        let said = signer.finish().await;
        self.judge(step, &said);
    }
}

/// Plays the guide as somebody who has this client.
async fn play(client: &str, programs: &[(&str, &Path)]) {
    let Some(browser) = Chromium::start(&[]).await else { return };
    let stack = tokio::task::block_in_place(Stack::start);
    let siglite = binary("siglite");
    let mut all = vec![("siglite", siglite.as_path())];
    all.extend_from_slice(programs);
    let player = Player::new(&stack, &all);
    let mut count = 0;
    for step in steps(&guide()) {
        let is = |word: &str| step.who.iter().any(|who| who == word);
        let for_all = !["siglite", "cosign", "cosign2"].into_iter().any(is);
        if is("up") || !(for_all || is(client)) {
            continue;
        }
        if is("browser") {
            player.sign_in_with(&step, &browser).await;
        } else {
            tokio::task::block_in_place(|| player.play(&step));
        }
        count += 1;
    }
    browser.quit().await;
    assert!(count > 10, "only {count} commands of the guide ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lab_guide_is_true_for_siglite() {
    play("siglite", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lab_guide_is_true_for_cosign_3() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    play("cosign", &[("cosign", &cosign)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lab_guide_is_true_for_cosign_2() {
    let Some(cosign) = Tool::Cosign2.find() else { return };
    play("cosign2", &[("cosign", &cosign)]).await;
}

#[test]
fn the_guide_signs_in_as_the_person_that_the_test_knows() {
    assert!(
        guide().contains(&format!("{ALICE}:\"{PASSWORD}\"")),
        "siglite up --account in the guide"
    );
}

#[test]
fn a_guide_is_read_as_a_person_reads_it() {
    let guide =
        "text\n```console siglite\n$ one \\\n  two\nout\n$ three\n```\n```sh\n$ not run\n```\n";
    let read = steps(guide);
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].command.as_str(), read[0].line), ("one   two", 3));
    assert_eq!(read[0].output, ["out"]);
    assert_eq!(read[0].who, ["siglite"]);
    assert_eq!(read[1].command, "three");
}

#[test]
fn an_ellipsis_stands_for_what_differs() {
    assert!(fits("a…c", "abc") && fits("…", "") && fits("a…b…c", "a1b2c") && fits("abc", "abc"));
    assert!(!fits("a…c", "abd") && !fits("abc", "abcd") && !fits("…x", "ab"));
    let patterns = ["a".to_owned(), "…".to_owned(), "d".to_owned()];
    assert!(all_fit(&patterns, &["a", "b", "c", "d"]) && all_fit(&patterns, &["a", "d"]));
    assert!(!all_fit(&patterns, &["a", "b"]) && !all_fit(&patterns, &["d"]));
}
