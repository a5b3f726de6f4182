//! What the text promises goes to the step, or the command, that has to keep it.

use super::model::{Action, ExpectedOutput, Step};
use crate::diagnostic::{Finding, Place};

/// Gives expected output to a step; of a transcript its last command prints it.
pub(crate) fn expect(
    step: &mut Step,
    expected: impl IntoIterator<Item = ExpectedOutput>,
    place: &Place,
) -> Option<Finding> {
    let mut expected = expected.into_iter().peekable();
    expected.peek()?;
    match &mut step.action {
        Action::File(_) => return Some(of_file(place)),
        Action::Transcript(commands) => commands.last_mut()?.expected.extend(expected),
        Action::Command => step.expected.extend(expected),
    }
    None
}

/// Gives an exit status to a step; a transcript's is that of its last command.
pub(crate) fn exit(step: &mut Step, exit: i32, place: &Place) -> Option<Finding> {
    let of_last = match &mut step.action {
        Action::File(_) => return nothing(step, "a step that writes a file", place),
        _ if step.attributes.background => return nothing(step, "a service", place),
        Action::Transcript(commands) => commands.last_mut().map(|command| &mut command.exit),
        Action::Command => None,
    };
    let below = of_last.as_ref().map(|exit| **exit).filter(|exit| *exit != 0);
    let other = step.attributes.exit.or(below).into_iter().chain(below).find(|other| *other != exit);
    if let Some(other) = other {
        let message = format!("the step has two exit statuses, {other} and {exit}");
        return Some(Finding::error("two-exits", message).at(place.clone()).help("leave one of them out"));
    }
    of_last.into_iter().for_each(|last| *last = exit);
    step.attributes.exit = Some(exit);
    None
}

fn of_file(place: &Place) -> Finding {
    Finding::error("orphan-expectation", "expected output of a step that writes a file, which prints nothing")
        .at(place.clone())
        .help("it belongs below the step that prints it: show the file with `cat` in a `bash` block")
}

/// Takes the exit status from a step that has none, so that it does not count as a check.
fn nothing(step: &mut Step, what: &str, place: &Place) -> Option<Finding> {
    step.attributes.exit = None;
    Some(Finding::warning("odd-attributes", format!("`exit` does nothing on {what}")).at(place.clone()))
}
