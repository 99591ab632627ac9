//! Services as flags describe them, in cosign's spelling: `url=…,api-version=1,start-time=…`.

use lite_bundle::trust::ValidityWindow;
use lite_time::Time;

use crate::failure::{Failure, Outcome};

/// One flag's value, taken apart.
#[derive(Debug)]
pub(crate) struct Spec<'a> {
    flag: &'static str,
    text: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

/// Which members a flag has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members {
    /// Those that must be there.
    pub(crate) required: &'static [&'static str],
    /// Those that may be there.
    pub(crate) optional: &'static [&'static str],
}

impl<'a> Spec<'a> {
    /// Reads a flag's value. A member that the flag does not have is refused: cosign overlooks it,
    /// and with it every typing error.
    pub(crate) fn parse(flag: &'static str, text: &'a str, members: Members) -> Outcome<Self> {
        let mut spec = Self { flag, text, pairs: Vec::new() };
        for pair in text.split(',') {
            let (name, value) = pair
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()))
                .ok_or_else(|| spec.refuse("is not a list of name=value").note("found", pair))?;
            if !members.required.contains(&name) && !members.optional.contains(&name) {
                let all = [members.required, members.optional].concat().join(", ");
                return Err(spec.refuse(&format!("has no member {name}")).note("expected", all));
            }
            if spec.get(name).is_some() {
                return Err(spec.refuse(&format!("names {name} twice")));
            }
            spec.pairs.push((name, value));
        }
        match members.required.iter().find(|name| spec.get(name).is_none()) {
            Some(missing) => Err(spec.refuse(&format!("lacks {missing}"))),
            None => Ok(spec),
        }
    }

    /// A member that says something.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let pair = self.pairs.iter().find(|(member, _)| *member == name);
        pair.map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    /// A member that [`Members::required`] names.
    pub(crate) fn require(&self, name: &str) -> Outcome<&'a str> {
        self.get(name).ok_or_else(|| self.refuse(&format!("lacks {name}")))
    }

    /// `start-time` and `end-time`; without a start, `otherwise`. Whole seconds, as every trust
    /// document of ours has them.
    pub(crate) fn window(&self, otherwise: Option<Time>) -> Outcome<ValidityWindow> {
        let start = self.time("start-time")?.or(otherwise);
        Ok(ValidityWindow { start, end: self.time("end-time")? })
    }

    fn time(&self, name: &str) -> Outcome<Option<Time>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        Time::parse_rfc3339(text).map(|time| Some(time.floor_to_second())).map_err(|error| {
            self.refuse(&format!("has no time in {name}"))
                .because(&error)
                .note("expected", "RFC 3339, as 2026-01-02T03:04:05Z")
                .note("found", text)
        })
    }

    /// What is wrong with this flag.
    pub(crate) fn refuse(&self, what: &str) -> Failure {
        Failure::usage(format!("--{} {what}: {}", self.flag, self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: Members =
        Members { required: &["url", "start-time"], optional: &["end-time", "origin"] };

    fn parse(text: &str) -> Outcome<Spec<'_>> {
        Spec::parse("rekor", text, MEMBERS)
    }

    #[test]
    fn members_stand_in_any_order_with_spaces_around_them() {
        let spec = parse("start-time=2024-01-01T01:00:00.5+01:00, url = http://h/?a=b ").unwrap();
        assert_eq!(spec.require("url").unwrap(), "http://h/?a=b");
        let window = spec.window(None).unwrap();
        assert_eq!(window.start, Some(Time::parse_rfc3339("2024-01-01T00:00:00Z").unwrap()));
        assert_eq!(window.end, None);
    }

    #[test]
    fn every_mistake_is_named() {
        #[track_caller]
        fn check(text: &str, words: &str) {
            let failure = parse(text).map(|spec| spec.window(None)).map_or_else(Some, Result::err);
            assert!(failure.unwrap().sentence.contains(words), "{text}");
        }
        check("url", "--rekor is not a list of name=value");
        check("url=a", "lacks start-time");
        check("url=,start-time=2024-01-01T00:00:00Z", "lacks url");
        check("url=a,start-time=2024-01-01T00:00:00Z,orign=x", "has no member orign");
        check("url=a,url=b", "names url twice");
        check("url=a,start-time=2024", "has no time in start-time");
    }
}
