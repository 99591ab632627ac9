//! Artifacts that are almost what was signed.

use lite_bundle::Subject;
use lite_keys::HashAlgorithm;

use crate::artifact::Artifact;

/// Larger files are not tried in other forms.
const MAX_TRIED: usize = 16 * 1024 * 1024;
/// As many subjects are named one by one.
const MAX_NAMED: usize = 3;

/// A form of the artifact that has this digest: editors, mail and version control change line ends.
pub(crate) fn other_form(
    artifact: &Artifact<'_>,
    hash: HashAlgorithm,
    digest: &[u8],
) -> Option<String> {
    one_of(artifact, &[(hash, digest.to_vec())]).map(|(_, words)| words.to_owned())
}

/// One way to write a file otherwise; `None` where it is written so already.
type Form = fn(&[u8]) -> Option<Vec<u8>>;

const FORMS: [(Form, &str); 5] = [
    (|bytes| Some([bytes, b"\n"].concat()), "it lacks the line end with which it was signed"),
    (
        |bytes| bytes.strip_suffix(b"\n").map(<[u8]>::to_vec),
        "it was signed without the line end at its end",
    ),
    (unix, "it was signed with the line ends of Unix (LF), and has those of Windows (CRLF)"),
    (windows, "it was signed with the line ends of Windows (CRLF), and has those of Unix (LF)"),
    (
        |bytes| bytes.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec),
        "it was signed without the byte order mark at its start",
    ),
];

/// Which of the digests a form of the artifact has, and which form. However many there are, each
/// form is hashed once per algorithm: a bundle decides how many subjects it names.
fn one_of(
    artifact: &Artifact<'_>,
    wanted: &[(HashAlgorithm, Vec<u8>)],
) -> Option<(usize, &'static str)> {
    let named = |hash: HashAlgorithm| wanted.iter().any(|(other, _)| *other == hash);
    let find = |form: &[u8]| {
        HashAlgorithm::ALL.into_iter().filter(|hash| named(*hash)).find_map(|hash| {
            let digest = hash.digest(form);
            wanted.iter().position(|(other, wanted)| *other == hash && *wanted == digest)
        })
    };
    if let Some(index) = find(&[]) {
        return Some((index, "an empty file was signed"));
    }
    let bytes = artifact.bytes().filter(|bytes| bytes.len() <= MAX_TRIED)?;
    if bytes.is_empty() {
        return Some((0, "the file at hand is empty"));
    }
    FORMS.iter().find_map(|(form, words)| Some((find(&form(bytes)?)?, *words)))
}

fn unix(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.contains(&b'\r') {
        return None;
    }
    let mut form = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte != b'\r' || rest.peek() != Some(&&b'\n') {
            form.push(*byte);
        }
    }
    Some(form)
}

fn windows(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.contains(&b'\r') || !bytes.contains(&b'\n') {
        return None;
    }
    let mut form = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    for byte in bytes {
        if *byte == b'\n' {
            form.push(b'\r');
        }
        form.push(*byte);
    }
    Some(form)
}

/// The subject that comes nearest to the artifact, in words.
pub(crate) fn subject(subjects: &[Subject], artifact: &Artifact<'_>) -> Option<String> {
    let called = |subject: &Subject| {
        if subject.name.is_empty() {
            "a subject without a name".to_owned()
        } else {
            subject.name.clone()
        }
    };
    let (mut wanted, mut whose) = (Vec::new(), Vec::new());
    for subject in subjects {
        for hash in HashAlgorithm::ALL {
            let digest = subject.digest.get(hash.short_name());
            if let Some(digest) = digest.and_then(|hex| hex::decode(hex).ok()) {
                wanted.push((hash, digest));
                whose.push(subject);
            }
        }
    }
    if let Some((index, words)) = one_of(artifact, &wanted)
        && let Some(subject) = whose.get(index)
    {
        return Some(format!("{}: {words}", called(subject)));
    }
    let same_name = |subject: &&Subject| {
        let last = |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned);
        artifact.name().is_some_and(|name| !name.is_empty() && last(&subject.name) == last(name))
    };
    if let Some(subject) = subjects.iter().find(same_name) {
        return Some(format!("it names {}, with another digest", subject.name));
    }
    let comparable = |subject: &&Subject| {
        HashAlgorithm::ALL.into_iter().any(|hash| {
            subject.digest.contains_key(hash.short_name()) && artifact.digest(hash).is_some()
        })
    };
    if let Some(subject) = subjects.iter().find(|subject| !comparable(subject)) {
        let algorithms: Vec<&str> = subject.digest.keys().map(String::as_str).collect();
        return Some(format!(
            "{} is given by its {} digest, which is not known of the artifact",
            called(subject),
            algorithms.join(" and ")
        ));
    }
    let names: Vec<String> = subjects.iter().take(MAX_NAMED).map(called).collect();
    let more = match subjects.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| format!("it is about {}{more}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(signed: &[u8], at_hand: &[u8], words: &str) {
        let hash = HashAlgorithm::Sha256;
        let said = other_form(&Artifact::of_bytes(at_hand), hash, &hash.digest(signed));
        assert!(said.clone().unwrap_or_default().contains(words), "{said:?}");
        assert_eq!(said.is_none(), words.is_empty(), "{said:?}");
    }

    #[test]
    fn finds_what_editors_and_mail_do_to_a_file() {
        check(b"a\n", b"a", "lacks the line end");
        check(b"a", b"a\n", "without the line end");
        check(b"a\nb\n", b"a\r\nb\r\n", "of Unix");
        check(b"a\r\nb\r\n", b"a\nb\n", "of Windows");
        check(b"a", b"\xEF\xBB\xBFa", "byte order mark");
        check(b"", b"a", "an empty file was signed");
        check(b"a", b"", "is empty");
        check(b"a", b"b", "");
    }

    #[test]
    fn finds_the_subject_by_its_name() {
        let subject =
            |name: &str, hash: HashAlgorithm| Subject::new(name, hash, &hash.digest(b"x"));
        let artifact = Artifact::of_sha256([1; 32]).named("dist/tool.tar");
        let said = |subjects: &[Subject]| self::subject(subjects, &artifact).unwrap();
        let tool = subject("tool.tar", HashAlgorithm::Sha256);
        assert!(
            said(std::slice::from_ref(&tool)).contains("it names tool.tar, with another digest")
        );
        let other = subject("other", HashAlgorithm::Sha512);
        assert!(said(std::slice::from_ref(&other)).contains("by its sha512 digest"));
        assert!(said(&[other, tool]).contains("it names tool.tar"));
        assert!(said(&[subject("", HashAlgorithm::Sha256)]).contains("without a name"));
        assert_eq!(self::subject(&[], &artifact), None);
    }
}
