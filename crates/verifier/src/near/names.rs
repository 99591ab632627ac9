//! Names that are almost the expected one.

use regex::Regex;

use crate::policy::Matcher;

/// How a text misses a matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Miss {
    /// Larger is nearer.
    pub(crate) score: u8,
    /// In words.
    pub(crate) words: String,
}

impl Miss {
    fn new(score: u8, words: impl Into<String>) -> Self {
        Self { score, words: words.into() }
    }
}

/// Longest names whose letters are compared one by one.
const MAX_COMPARED: usize = 256;
/// More letters than this, and it is another name rather than a mistyped one.
const MAX_TYPOS: usize = 2;

/// What a text that does not meet the matcher has in common with what would; `None`: nothing.
pub(crate) fn miss(expected: &Matcher, found: &str) -> Option<Miss> {
    match expected {
        Matcher::Exact(expected) => of_text(expected, found),
        Matcher::Pattern { text, .. } => of_pattern(text, found),
    }
}

fn of_text(expected: &str, found: &str) -> Option<Miss> {
    let bare = |text: &str| text.trim().trim_end_matches('/').to_owned();
    if expected.is_empty() {
        return None;
    }
    if expected.trim() == found.trim() {
        return Some(Miss::new(9, "only the white space around it differs"));
    }
    if bare(expected) == bare(found) {
        return Some(Miss::new(9, "only the slash at the end differs"));
    }
    if expected.to_lowercase() == found.to_lowercase() {
        return Some(Miss::new(9, "only upper and lower case differ"));
    }
    if let (Some((_, one)), Some((_, other))) =
        (expected.split_once("://"), found.split_once("://"))
        && one == other
    {
        return Some(Miss::new(8, "only the scheme differs (http or https)"));
    }
    of_workflow(expected, found).or_else(|| of_mailbox(expected, found)).or_else(|| {
        let is_part = found.contains(expected) || expected.contains(found) && !found.is_empty();
        is_part.then(|| Miss::new(2, "one is a part of the other, and all of it must be the same"))
    })
}

/// A workflow's name is a URL, then `@` and the ref from which it ran.
fn of_workflow(expected: &str, found: &str) -> Option<Miss> {
    let parts = |text: &str| {
        let (workflow, reference) = text.rsplit_once('@').unwrap_or((text, ""));
        let is_url = workflow.contains("://");
        is_url.then(|| (workflow.to_owned(), reference.to_owned()))
    };
    let (workflow, reference) = parts(expected)?;
    let (found_workflow, found_reference) = parts(found)?;
    if workflow == found_workflow {
        let shown =
            |text: &str| if text.is_empty() { "no ref".to_owned() } else { text.to_owned() };
        let (expected, found) = (shown(&reference), shown(&found_reference));
        let words = format!("the workflow is the same, run from {found} instead of {expected}");
        return Some(Miss::new(7, words));
    }
    let repository = |text: &str| {
        let mut parts = text.splitn(6, '/');
        let repository: Vec<&str> = parts.by_ref().take(5).collect();
        (repository.len() == 5).then(|| repository.join("/"))
    };
    let (one, other) = (repository(&workflow)?, repository(&found_workflow)?);
    (one == other).then(|| Miss::new(5, format!("the repository is the same, {one}")))
}

fn of_mailbox(expected: &str, found: &str) -> Option<Miss> {
    // A look-alike is what an attacker would register, so the words must not sound like a mistake.
    if let Some(1..=MAX_TYPOS) = distance(expected, found) {
        return Some(Miss::new(
            6,
            "a letter or two differ: mistyped, or a name that is made to look alike",
        ));
    }
    if expected.contains("://") || found.contains("://") {
        return None;
    }
    let (name, domain) = expected.rsplit_once('@')?;
    let (found_name, found_domain) = found.rsplit_once('@')?;
    if domain.eq_ignore_ascii_case(found_domain) {
        return Some(Miss::new(4, format!("another name at the same domain, {domain}")));
    }
    let same = name.eq_ignore_ascii_case(found_name);
    same.then(|| Miss::new(3, format!("the same name at another domain, {found_domain}")))
}

fn of_pattern(pattern: &str, found: &str) -> Option<Miss> {
    let meets = |pattern: String| Regex::new(&pattern).is_ok_and(|regex| regex.is_match(found));
    if meets(format!(r"\A(?i:{pattern})\z")) {
        return Some(Miss::new(9, "only upper and lower case differ"));
    }
    meets(pattern.to_owned()).then(|| {
        Miss::new(
            7,
            "the pattern describes a part of it, and must describe all of it: .* means anything",
        )
    })
}

/// How many letters must be put in, taken out or changed (Levenshtein); `None` for long texts.
fn distance(one: &str, other: &str) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().max(other.len()) > MAX_COMPARED || one.len().abs_diff(other.len()) > MAX_TYPOS {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for ((above, pair), also) in row.iter().skip(1).zip(row.windows(2)).zip(&other) {
            let changed = pair.first().copied().unwrap_or(0) + usize::from(letter != also);
            let left = next.last().copied().unwrap_or(0) + 1;
            next.push(changed.min(left).min(above + 1));
        }
        row = next;
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, found: &str, words: &str) {
        let miss = miss(&Matcher::exact(expected), found);
        let said = miss.map(|miss| miss.words).unwrap_or_default();
        assert!(said.contains(words), "{expected} and {found}: {said}");
        assert_eq!(said.is_empty(), words.is_empty(), "{expected} and {found}: {said}");
    }

    #[test]
    fn says_what_two_names_have_in_common() {
        check("a@example.com ", "a@example.com", "white space");
        check("https://id.example/", "https://id.example", "slash");
        check("Alice@example.com", "alice@example.com", "case");
        check("http://id.example", "https://id.example", "scheme");
        check("alice@example.com", "a1ice@example.com", "look alike");
        check("alice@example.com", "robert@example.com", "same domain");
        check("alice@example.com", "alice@elsewhere.org", "another domain");
        check("alice", "https://h/alice/x", "a part");
        check("alice@example.com", "https://h/o/r", "");
        check("", "x", "");
        let workflow = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
        check(workflow, &workflow.replace("main", "dev"), "run from refs/heads/dev");
        check(workflow, &workflow.replace("w.yml", "other.yml"), "https://github.com/o/r");
        check(workflow, &workflow.replace("/o/", "/attacker/"), "");
    }

    #[test]
    fn says_that_a_pattern_describes_a_part() {
        let of = |pattern: &str, found: &str| {
            miss(&Matcher::pattern(pattern).unwrap(), found).map(|miss| miss.words)
        };
        assert!(of("@example\\.com", "a@example.com").unwrap().contains("a part of it"));
        assert!(of(".*@Example\\.com", "a@example.com").unwrap().contains("case"));
        assert_eq!(of("x", "y"), None);
    }

    #[test]
    fn counts_letters() {
        assert_eq!(distance("kitten", "kitten"), Some(0));
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance("", "ab"), Some(2));
        assert_eq!(distance("", "abc"), None);
    }
}
