//! A block: what is known of one value, and the lines that make it again.

use lite_verifier::Step;
use serde_json::{Value, json};

/// One value to recompute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The step of the verification that needs it.
    pub(super) step: Step,
    /// What it is: our words and decimals.
    pub(super) title: String,
    /// Labelled values. They may hold what a bundle says.
    pub(super) values: Vec<(&'static str, String)>,
    /// Lines for `sh`; the last one prints what is to be seen. Empty where there is only
    /// something to read.
    pub(super) commands: Vec<String>,
    /// What the last line prints if all is well.
    pub(super) expect: Option<String>,
}

impl Block {
    /// A block with something to read.
    pub(super) fn new(step: Step, title: impl Into<String>) -> Self {
        Self { step, title: title.into(), values: Vec::new(), commands: Vec::new(), expect: None }
    }

    /// One more value.
    pub(super) fn value(mut self, label: &'static str, value: impl std::fmt::Display) -> Self {
        self.values.push((label, value.to_string()));
        self
    }

    /// A value, where there is one.
    pub(super) fn maybe(self, label: &'static str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.value(label, value),
            None => self,
        }
    }

    /// The lines, and what the last one prints.
    pub(super) fn run(self, script: super::shell::Script, expect: impl Into<String>) -> Self {
        match script.finish() {
            Some(commands) => Self { commands, expect: Some(expect.into()), ..self },
            None => self.value("too long", "the bytes are not shown, so nothing is to be run here"),
        }
    }

    /// As a member of `recompute`.
    pub(crate) fn json(&self) -> Value {
        let values = self.values.iter();
        json!({
            "step": self.step.number(),
            "name": self.step.name(),
            "title": self.title,
            "values": values.map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>(),
            "commands": self.commands,
            "expect": self.expect,
        })
    }

    /// As text that is a script as a whole: what is not a command is a comment, and inert even
    /// where a shell knows no comments.
    pub(crate) fn text(&self) -> String {
        let number = self.step.number().map_or_else(String::new, |number| format!("({number}) "));
        let mut lines = vec![format!("# {number}{}: {}", self.step.name(), inert(&self.title))];
        for (label, value) in &self.values {
            lines.push(format!("#   {label:18} {}", inert(value)));
        }
        if let (Some((last, others)), Some(expect)) = (self.commands.split_last(), &self.expect) {
            lines.extend(others.iter().cloned());
            lines.push(format!("# expect: {}", inert(expect)));
            lines.push(last.clone());
        }
        lines.push(String::new());
        lines.join("\n") + "\n"
    }
}

/// What a bundle says, as text that no shell does anything with, on one line.
///
/// A person copies more than the line they meant to, and an interactive `zsh` has no comments.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_alphanumeric() || " ._:/@+=,-".contains(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::shell::Script;
    use super::*;

    #[test]
    fn what_a_bundle_says_stays_a_comment() {
        let hostile = "a\nrm -rf ~\r`id`$(id)'\"\\;&|<>#!*?[]{}\u{1b}[2J\u{202e}";
        let mut script = Script::new();
        script.line("printf 'x\\n'");
        let block =
            Block::new(Step::Identity, "a name").value("name", hostile).run(script, hostile);
        let text = block.text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[1].starts_with("#   name") && lines[3].starts_with("# expect: "));
        for line in [lines[1], lines[3]] {
            assert!(!line.contains(['`', '$', '\'', '"', ';', '&', '|', '<', '>', '\u{1b}']));
        }
        assert_eq!(block.json()["values"][0]["value"], hostile);
        assert_eq!(block.json()["step"], 3);
    }
}
