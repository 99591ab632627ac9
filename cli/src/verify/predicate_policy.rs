//! Rego policies about what a verified statement says, with cosign's contract
//! (`cosign:pkg/cosign/rego`): the statement is `input`, and `data.signature.allow` must be true.
//!
//! The language is Rego v0, as cosign reads it; a file that says `import rego.v1` is of v1. There
//! is no network and no clock in a policy: its verdict depends on the statement alone.

use std::path::{Path, PathBuf};

use regorus::{Engine, Value};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// What must be true.
const RULE: &str = "data.signature.allow";
/// What policies say why, where they say it: a set of messages.
const REASONS: &str = "data.signature.deny";

/// A policy is written by hand.
const MAX_POLICY_BYTES: u64 = 1024 * 1024;

/// Policies that hold together, as OPA takes several files: their rules meet in their packages.
pub(crate) struct Policies {
    engine: Engine,
    /// The files, for the words of a refusal.
    files: Vec<String>,
}

impl Policies {
    /// Reads the files of `--policy`; with none of them, everything is allowed.
    pub(crate) fn load(paths: &[PathBuf]) -> Outcome<Self> {
        let mut engine = Engine::new();
        engine.set_rego_v0(true);
        // As OPA does it: a function that has no answer leaves its rule undefined.
        engine.set_strict_builtin_errors(false);
        let mut files = Vec::new();
        for path in paths {
            let name = path.display().to_string();
            let text = text(path, &name)?;
            engine.add_policy(name.clone(), text).map_err(|error| {
                Failure::usage(format!("{name} is not a policy in Rego")).because(error.as_ref())
            })?;
            files.push(name);
        }
        Ok(Self { engine, files })
    }

    /// Holds a verified statement to the policies.
    pub(crate) fn check(&self, statement: &[u8]) -> Outcome {
        if self.files.is_empty() {
            return Ok(());
        }
        let mut engine = self.engine.clone();
        let input = std::str::from_utf8(statement)
            .map_err(|error| Failure::new(Exit::Refused, "not a statement").because(&error))?;
        engine.set_input_json(input).map_err(|error| {
            Failure::new(Exit::Refused, "the statement is not JSON").because(error.as_ref())
        })?;
        match engine.eval_rule(RULE.to_owned()) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(value) => Err(self.refusal(&value, &mut engine)),
            Err(error) => Err(Failure::usage(format!("{} gives no verdict", self.names()))
                .because(error.as_ref())
                .note("expected", "a rule allow in the package signature")),
        }
    }

    fn refusal(&self, value: &Value, engine: &mut Engine) -> Failure {
        let found = match value {
            Value::Undefined => "it is undefined: one of its conditions does not hold".to_owned(),
            value => value.to_json_str().unwrap_or_default(),
        };
        let mut failure =
            Failure::new(Exit::Refused, format!("the policy {} does not allow this", self.names()))
                .note("expected", format!("{RULE} is true"))
                .note("found", found);
        for reason in reasons(engine) {
            failure = failure.note("because", reason);
        }
        failure
            .hint("--statement-out - prints what the statement says, without --policy in the way")
    }

    fn names(&self) -> String {
        self.files.join(", ")
    }
}

fn text(path: &Path, name: &str) -> Outcome<String> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("rego") => files::read_text(path, MAX_POLICY_BYTES, Exit::Usage),
        Some("cue") => Err(Failure::usage(format!("{name} is a policy in CUE"))
            .note("cause", "CUE has one implementation, in Go, and siglite is one program in Rust")
            .hint("write it in Rego: package signature, and a rule allow over input.predicate")),
        _ => Err(Failure::usage(format!("{name} is not a policy: its name does not end in .rego"))),
    }
}

/// What the policies say why; nothing where they have no such rule.
fn reasons(engine: &mut Engine) -> Vec<String> {
    let said = engine.eval_rule(REASONS.to_owned()).unwrap_or(Value::Undefined);
    let members: Vec<Value> = match &said {
        Value::Set(members) => members.iter().cloned().collect(),
        Value::Array(members) => members.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let text = |member: Value| match member {
        Value::String(text) => text.to_string(),
        other => other.to_json_str().unwrap_or_default(),
    };
    members.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Reader;

    const POLICY: &str = r#"
        package signature

        default allow = false
        allow { input.predicate.review == "passed" }
        deny[msg] { input.predicate.review != "passed"; msg := sprintf("review %s", [input.predicate.review]) }
    "#;

    fn load(files: &[(&str, &str)]) -> Outcome<Policies> {
        let dir = tempfile::tempdir().unwrap();
        let write = |(name, text): &(&str, &str)| {
            let path = dir.path().join(name);
            files::write(&path, text.as_bytes(), Reader::Everyone).unwrap();
            path
        };
        Policies::load(&files.iter().map(write).collect::<Vec<_>>())
    }

    fn said(policies: &Policies, review: &str) -> Outcome {
        policies.check(format!(r#"{{"predicate":{{"review":"{review}"}}}}"#).as_bytes())
    }

    #[test]
    fn a_statement_is_held_to_its_policy_and_told_why_not() {
        let policies = load(&[("review.rego", POLICY)]).unwrap();
        said(&policies, "passed").unwrap();
        let failure = said(&policies, "failed").unwrap_err();
        assert_eq!(failure.exit, Exit::Refused);
        assert!(failure.sentence.contains("review.rego"), "{failure:?}");
        assert!(failure.notes.contains(&("found", "false".to_owned())), "{failure:?}");
        assert!(failure.notes.contains(&("because", "review failed".to_owned())), "{failure:?}");
    }

    #[test]
    fn only_true_allows() {
        for rule in ["allow = 1", "allow = \"true\"", "allow { false }", "allow[x] { x := true }"] {
            let policies = load(&[("p.rego", &format!("package signature\n{rule}"))]).unwrap();
            assert_eq!(said(&policies, "passed").unwrap_err().exit, Exit::Refused, "{rule}");
        }
        let elsewhere = load(&[("p.rego", "package other\nallow = true")]).unwrap();
        assert_eq!(said(&elsewhere, "passed").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn several_files_meet_in_their_package() {
        let helper = "package signature\npassed { input.predicate.review == \"passed\" }";
        let rule = "package signature\nallow { passed }";
        let policies = load(&[("a.rego", helper), ("b.rego", rule)]).unwrap();
        said(&policies, "passed").unwrap();
        let failure = said(&policies, "failed").unwrap_err();
        assert!(failure.notes.iter().any(|(_, note)| note.contains("undefined")), "{failure:?}");
    }

    #[test]
    fn rego_of_v1_is_read_where_the_file_says_so() {
        let v1 = "package signature\nimport rego.v1\nallow if input.predicate.review == \"passed\"";
        let policies = load(&[("p.rego", v1)]).unwrap();
        said(&policies, "passed").unwrap();
        assert!(said(&policies, "failed").is_err());
    }

    #[test]
    fn what_is_no_policy_is_refused_before_anything_is_verified() {
        let refused = |name, text| load(&[(name, text)]).err().unwrap();
        assert!(refused("p.cue", "").hint.unwrap().contains("Rego"));
        assert!(refused("p.json", "{}").sentence.contains(".rego"));
        let broken = refused("p.rego", "package signature\nallow {");
        assert!(broken.sentence.contains("not a policy in Rego") && !broken.notes.is_empty());
    }

    #[test]
    fn without_policies_everything_is_allowed() {
        said(&Policies::load(&[]).unwrap(), "failed").unwrap();
    }
}
