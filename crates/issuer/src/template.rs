//! The part of Go's `text/template` that Fulcio's public configuration uses, and no more.
//!
//! ```text
//! {{ .k }}   {{ index . "k" }}   {{ (index . "k") }}        a value
//! {{ if eq OPERAND "text" }} … {{ else }} … {{ end }}       a choice; OPERAND is a value
//! ```
//!
//! A text without `{{` is the name of a value, and not a text that stands for itself
//! (fulcio:pkg/identity/ciprovider/principal.go). Whatever else a template holds is refused when it is
//! read, by name: a template that means another thing here than upstream would forge identities.

mod parse;

use std::collections::BTreeMap;

/// The values a template is filled with.
pub type Values = BTreeMap<String, String>;

/// A template, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Node>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    Value(Operand),
    Choice { operand: Operand, equals: String, then: Vec<Node>, otherwise: Vec<Node> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
    /// `.k`: an absent value is an error (`missingkey=error`).
    Field(String),
    /// `index . "k"`: an absent value is empty, as Go's `index` makes it.
    Index(String),
    /// The whole template is a name.
    Name(String),
}

/// Why a text is not a template that runs here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// `{{ else }}` or `{{ end }}` without its `{{ if }}`, or an `{{ if }}` without its `{{ end }}`.
    #[error("template has an if, else or end without the others")]
    Unbalanced,
    /// `{{` without `}}`.
    #[error("template has an action that does not end")]
    Unfinished,
    /// A construct outside the subset.
    #[error("template construct is not supported: {{{{{construct}}}}}")]
    Unsupported {
        /// What stood between the braces.
        construct: String,
    },
}

/// A value that a template needs is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MissingValue {
    /// `{{ .k }}`.
    #[error("map has no entry for key \"{0}\"")]
    Field(String),
    /// The template was a name.
    #[error("value <{0}> not present in either claims or defaults")]
    Name(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.contains("{{") {
            parse::nodes(text).map(Self)
        } else {
            Ok(Self(vec![Node::Value(Operand::Name(text.to_owned()))]))
        }
    }

    /// Fills it.
    pub fn fill(&self, values: &Values) -> Result<String, MissingValue> {
        let mut out = String::new();
        fill(&self.0, values, &mut out)?;
        Ok(out)
    }
}

fn fill(nodes: &[Node], values: &Values, out: &mut String) -> Result<(), MissingValue> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Value(operand) => out.push_str(operand.look_up(values)?),
            Node::Choice { operand, equals, then, otherwise } => {
                let holds = operand.look_up(values)? == equals;
                fill(if holds { then } else { otherwise }, values, out)?;
            }
        }
    }
    Ok(())
}

impl Operand {
    fn look_up<'a>(&self, values: &'a Values) -> Result<&'a str, MissingValue> {
        let name = match self {
            Self::Field(name) | Self::Index(name) | Self::Name(name) => name,
        };
        match (values.get(name), self) {
            (Some(value), _) => Ok(value),
            (None, Self::Index(_)) => Ok(""),
            (None, Self::Field(_)) => Err(MissingValue::Field(name.clone())),
            (None, Self::Name(_)) => Err(MissingValue::Name(name.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        [
            ("url", "https://ci.example"),
            ("ref_type", "branch"),
            ("ref", "main"),
            ("a/b-c", "x"),
            ("empty", ""),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into()
    }

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let filled = Template::parse(template).unwrap().fill(&values());
        assert_eq!(filled.as_deref(), Ok(expected), "{template}");
    }

    #[test]
    fn fills_what_the_public_configuration_uses() {
        check("url", "https://ci.example");
        check("empty", "");
        check("{{ .url }}/{{.ref}}", "https://ci.example/main");
        check(
            "refs/{{if eq .ref_type \"branch\"}}heads/{{ else }}tags/{{end}}{{ .ref }}",
            "refs/heads/main",
        );
        check("refs/{{ if eq .ref_type \"tag\" }}tags/{{ end }}{{ .ref }}", "refs/main");
        check("{{(index . \"a/b-c\")}}{{ index . \"a/b-c\" }}", "xx");
        check("{{if eq (index . \"a/b-c\") \"true\"}}rerun{{ else }}\"\"{{end}}", "\"\"");
        check("{{if eq .ref \"main\"}}{{if eq .url \"x\"}}a{{else}}b{{end}}{{else}}c{{end}}", "b");
    }

    #[test]
    fn a_field_must_be_there_and_an_index_need_not() {
        let fill = |text: &str| Template::parse(text).unwrap().fill(&values());
        assert_eq!(fill("{{ .nope }}"), Err(MissingValue::Field("nope".into())));
        assert_eq!(fill("nope"), Err(MissingValue::Name("nope".into())));
        assert_eq!(fill("{{ index . \"nope\" }}!").as_deref(), Ok("!"));
    }

    #[test]
    fn refuses_every_other_construct_by_name() {
        for construct in [
            " .a.b ",
            " . ",
            " printf \"%s\" .a ",
            " .a | html ",
            "- .a -",
            " range .a ",
            " with .a ",
            " template \"x\" ",
            " define \"x\" ",
            " else if eq .a \"b\" ",
            " if .a ",
            " if ne .a \"b\" ",
            " if eq .a .b ",
            " if eq .a \"b\" \"c\" ",
            " if eq \"b\" .a ",
            " index .a \"b\" ",
            " index . \"b\" \"c\" ",
            " (index . \"b\" ",
            " index . \"\\\"\" ",
            " /* comment */ ",
            " \"text\" ",
            " $x := .a ",
            "",
        ] {
            let text = format!("x{{{{{construct}}}}}y");
            let expected = TemplateError::Unsupported { construct: construct.to_owned() };
            assert_eq!(Template::parse(&text), Err(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_does_not_end() {
        assert_eq!(Template::parse("a {{ .b "), Err(TemplateError::Unfinished));
        for text in [
            "{{if eq .a \"b\"}}x",
            "{{end}}",
            "{{else}}",
            "{{if eq .a \"b\"}}{{else}}{{else}}{{end}}",
        ] {
            assert_eq!(Template::parse(text), Err(TemplateError::Unbalanced), "{text}");
        }
    }
}
