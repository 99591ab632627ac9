//! `--explain`: a line a step, and on a refusal the first broken link with all that helps to see
//! why; and the same as data.

use lite_verifier::{Outcome as StepOutcome, Report};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Lesson, Outcome};
use crate::render::{Line, Mark};

/// Every step, and the first broken link where there is one.
pub(crate) fn lines(report: Option<&Report>, failure: Option<&Failure>) -> Vec<Line> {
    let steps = report.map(Report::steps).unwrap_or_default().iter();
    let mut lines: Vec<Line> =
        steps.map(|step| Line::marked(mark(&step.outcome), one_line(&step.to_string()))).collect();
    if let Some(failure) = failure {
        lines.extend(broken(failure));
    }
    lines
}

const fn mark(outcome: &StepOutcome) -> Mark {
    match outcome {
        StepOutcome::Passed(_) => Mark::Good,
        StepOutcome::Refused(_) => Mark::Bad,
        StepOutcome::NotApplicable(_) => Mark::NotAsked,
        StepOutcome::Skipped(_) => Mark::LeftOut,
        StepOutcome::NotReached => Mark::NotReached,
    }
}

/// The first broken link: what was expected and found, what came nearest, what an attacker could
/// have done, what helps, and where more is written.
fn broken(failure: &Failure) -> Vec<Line> {
    let mut lines = vec![
        Line::plain(""),
        Line::plain(format!("First broken link: {}", one_line(&failure.sentence))),
    ];
    let mut add = |label: &str, value: &str| {
        lines.push(Line::plain(format!("  {:10}{}", format!("{label}:"), one_line(value))));
    };
    for (label, value) in failure.notes.iter().filter(|(label, _)| *label != "reason") {
        add(label, value);
    }
    if let Some(lesson) = &failure.lesson {
        add("attacker", lesson.attack);
        add("command", &lesson.command);
        add("more", &format!("siglite explain {}", lesson.code));
    }
    lines
}

/// Text of a bundle must not look like the line below it.
fn one_line(text: &str) -> String {
    let line = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(line).collect()
}

/// The verdict as data: the report of the verifier, and the refusal, which may be none of its steps.
pub(crate) fn json(report: Option<&Report>, failure: Option<&Failure>) -> Outcome<(Value, Value)> {
    let mut trace = serde_json::to_value(report).map_err(|error| {
        Failure::new(Exit::Internal, "the report cannot be written").because(&error)
    })?;
    let Some(failure) = failure else { return Ok((trace, Value::Null)) };
    let Some(lesson) = &failure.lesson else {
        return Ok((trace, json!({ "message": failure.sentence, "hint": failure.hint })));
    };
    let refusal = refusal(failure, lesson);
    if let Some(of_report) = trace.get_mut("refusal").filter(|value| value.is_object()) {
        of_report["help"] = json!(lesson.command);
        of_report["page"] = json!(page(lesson));
    }
    Ok((trace, refusal))
}

fn refusal(failure: &Failure, lesson: &Lesson) -> Value {
    json!({
        "reason": lesson.code,
        "message": lesson.message,
        "step": lesson.step,
        "expected": failure.noted("expected"),
        "found": failure.noted("found"),
        "nearest": failure.noted("nearest"),
        "attack": lesson.attack,
        "help": lesson.command,
        "page": page(lesson),
    })
}

fn page(lesson: &Lesson) -> String {
    format!("docs/errors/{}.md", lesson.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::own::Own;

    fn failure() -> Failure {
        let failure = Own::ImageMismatch.failure().note("expected", "a\nb").note("found", "c");
        failure.teach(Own::ImageMismatch.lesson("siglite tree IMAGE"))
    }

    #[test]
    fn the_first_broken_link_says_all_that_helps() {
        let lines = lines(None, Some(&failure()));
        let text: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
        assert_eq!(text[1], "First broken link: the signature is about another image");
        assert_eq!(text[2], "  expected: a\\nb");
        for part in ["attacker:", "command:  siglite tree IMAGE", "siglite explain image-mismatch"]
        {
            assert!(text.iter().any(|line| line.contains(part)), "{part} in {text:#?}");
        }
    }

    #[test]
    fn a_script_finds_the_code_and_the_page() {
        let (_, refusal) = json(None, Some(&failure())).unwrap();
        assert_eq!(refusal["reason"], "image-mismatch");
        assert_eq!(refusal["page"], "docs/errors/image-mismatch.md");
        assert_eq!(refusal["help"], "siglite tree IMAGE");
        assert!(refusal["nearest"].is_null());
    }
}
