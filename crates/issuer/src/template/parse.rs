//! Reading a template.

use super::{Node, Operand, TemplateError};

/// What stands between `{{` and `}}`.
enum Action {
    Value(Operand),
    If(Operand, String),
    Else,
    End,
}

/// An `{{ if }}` whose `{{ end }}` has not come yet.
struct Open {
    operand: Operand,
    equals: String,
    /// What stood before the `{{ if }}` at its level.
    before: Vec<Node>,
    /// The first branch, once `{{ else }}` has come.
    then: Option<Vec<Node>>,
}

/// Reads from left to right, with a stack of open choices: no recursion, so no depth to exhaust.
pub(super) fn nodes(text: &str) -> Result<Vec<Node>, TemplateError> {
    let mut open: Vec<Open> = Vec::new();
    let mut current = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        push_text(&mut current, before);
        let (construct, after) = after.split_once("}}").ok_or(TemplateError::Unfinished)?;
        rest = after;
        match action(construct)? {
            Action::Value(operand) => current.push(Node::Value(operand)),
            Action::If(operand, equals) => {
                open.push(Open {
                    operand,
                    equals,
                    before: std::mem::take(&mut current),
                    then: None,
                });
            }
            Action::Else => {
                let innermost = open.last_mut().filter(|open| open.then.is_none());
                innermost.ok_or(TemplateError::Unbalanced)?.then =
                    Some(std::mem::take(&mut current));
            }
            Action::End => current = close(open.pop().ok_or(TemplateError::Unbalanced)?, current),
        }
    }
    push_text(&mut current, rest);
    if open.is_empty() { Ok(current) } else { Err(TemplateError::Unbalanced) }
}

fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if !text.is_empty() {
        nodes.push(Node::Text(text.to_owned()));
    }
}

fn close(open: Open, last: Vec<Node>) -> Vec<Node> {
    let (then, otherwise) = match open.then {
        Some(then) => (then, last),
        None => (last, Vec::new()),
    };
    let mut nodes = open.before;
    nodes.push(Node::Choice { operand: open.operand, equals: open.equals, then, otherwise });
    nodes
}

fn action(construct: &str) -> Result<Action, TemplateError> {
    let unsupported = || TemplateError::Unsupported { construct: construct.to_owned() };
    let trimmed = construct.trim();
    match trimmed {
        "else" => return Ok(Action::Else),
        "end" => return Ok(Action::End),
        _ => {}
    }
    if let Some(condition) = trimmed.strip_prefix("if eq ") {
        let (operand, equals) = condition.trim_start().split_once('"').ok_or_else(unsupported)?;
        let operand = match operand.trim_end() {
            // The text of `index . "k"` ends at its second quote, so the comparison starts there.
            "(index ." => return indexed_condition(condition).ok_or_else(unsupported),
            other => field(other).ok_or_else(unsupported)?,
        };
        let equals = plain_text(equals).ok_or_else(unsupported)?;
        return Ok(Action::If(operand, equals));
    }
    field(trimmed).or_else(|| index(unwrapped(trimmed))).map(Action::Value).ok_or_else(unsupported)
}

/// `(index . "k") "text"`.
fn indexed_condition(condition: &str) -> Option<Action> {
    let (indexed, equals) = condition.trim_start().strip_prefix('(')?.split_once(')')?;
    let equals = plain_text(equals.trim_start().strip_prefix('"')?)?;
    Some(Action::If(index(indexed)?, equals))
}

/// `.k`.
fn field(text: &str) -> Option<Operand> {
    let name = text.strip_prefix('.')?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (starts && plain).then(|| Operand::Field(name.to_owned()))
}

/// `index . "k"`.
fn index(text: &str) -> Option<Operand> {
    let name = text.strip_prefix("index ")?.trim_start().strip_prefix(". ")?;
    plain_text(name.trim_start().strip_prefix('"')?).map(Operand::Index)
}

fn unwrapped(text: &str) -> &str {
    text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).map_or(text, str::trim)
}

/// The rest of a quoted text after its first quote: no escape, and nothing after its last quote.
fn plain_text(rest: &str) -> Option<String> {
    let text = rest.trim_end().strip_suffix('"')?;
    (!text.contains(['"', '\\'])).then(|| text.to_owned())
}
