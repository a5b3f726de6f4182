//! Who runs a block, and in which session.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Interpreter, InterpreterKind};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, nearest};
use crate::tutorial::{Action, Step};

/// The session of steps that name none: readers paste all of them into one terminal.
pub(super) const MAIN: &str = "main";

/// Interpreters and sessions of a tutorial's steps, by position on the page.
pub(super) struct Assignment {
    /// Who runs the step; `None` for a file.
    pub(super) interpreter: Option<Interpreter>,
    /// The session's name.
    pub(super) session: String,
}

/// Assigns an interpreter and a session to each step.
pub(super) fn assign(steps: &[Step], settings: &Settings, findings: &mut Vec<Finding>) -> Vec<Assignment> {
    let posix = posix_sessions(steps);
    let mut seen = BTreeMap::new();
    steps
        .iter()
        .map(|step| {
            let interpreter = interpreter(step, &posix, settings, findings);
            let session = session(step, interpreter.as_ref());
            if let Some(interpreter) = &interpreter {
                check_session(step, &session, interpreter, &mut seen, findings);
            }
            Assignment { interpreter, session }
        })
        .collect()
}

/// Returns the explicitly named sessions in which every block is `sh`.
fn posix_sessions(steps: &[Step]) -> BTreeSet<&str> {
    let executed = steps.iter().filter(|step| !is_file(step));
    let named = executed.filter_map(|step| step.attributes.session.as_deref().map(|name| (name, step)));
    let mut only_sh = BTreeMap::new();
    for (name, step) in named {
        *only_sh.entry(name).or_insert(true) &= step.language == "sh";
    }
    only_sh.into_iter().filter(|(_, only)| *only).map(|(name, _)| name).collect()
}

fn interpreter(
    step: &Step,
    posix: &BTreeSet<&str>,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Option<Interpreter> {
    if is_file(step) {
        return None;
    }
    let session = step.attributes.session.as_deref();
    let kind = match step.language.as_str() {
        "zsh" => InterpreterKind::Zsh,
        "sh" if session.is_some_and(|name| posix.contains(name)) => InterpreterKind::Sh,
        _ if is_shell(step) => InterpreterKind::Bash,
        "python" | "python3" | "py" if session.is_some() => InterpreterKind::Python,
        _ => InterpreterKind::Program,
    };
    let command = match kind {
        InterpreterKind::Bash => vec!["bash".to_owned()],
        InterpreterKind::Sh => vec!["sh".to_owned()],
        InterpreterKind::Zsh => vec!["zsh".to_owned()],
        InterpreterKind::Python | InterpreterKind::Program => program(step, settings, findings)?,
    };
    Some(Interpreter { language: step.language.clone(), command, kind })
}

fn program(step: &Step, settings: &Settings, findings: &mut Vec<Finding>) -> Option<Vec<String>> {
    let language = step.language.as_str();
    let known = settings.interpreters.get(language);
    let python = || (language == "py").then(|| settings.interpreters.get("python")).flatten();
    let command = known.or_else(python);
    if command.is_none() {
        let near = nearest(language, settings.interpreters.keys().map(String::as_str));
        let name =
            format!("name its program below `[interpreters]` in `stagebook.toml`: `{language} = [\"...\"]`");
        let help = near.map_or(name, |near| format!("did you mean `{near}`?"));
        let message = format!("no interpreter is known for `{language}`");
        findings.push(Finding::error("unknown-interpreter", message).at(step.place.clone()).help(help));
    }
    command.cloned()
}

fn session(step: &Step, interpreter: Option<&Interpreter>) -> String {
    let default = match interpreter.map(|interpreter| interpreter.kind) {
        Some(InterpreterKind::Zsh) => "zsh",
        _ => MAIN,
    };
    step.attributes.session.clone().unwrap_or_else(|| default.to_owned())
}

/// Holds a session to the kind of interpreter that its first step has.
fn check_session<'a>(
    step: &'a Step,
    session: &str,
    interpreter: &Interpreter,
    seen: &mut BTreeMap<String, (InterpreterKind, &'a Step)>,
    findings: &mut Vec<Finding>,
) {
    let language = &step.language;
    if interpreter.kind == InterpreterKind::Program {
        if step.attributes.session.is_some() {
            let message = format!("blocks of `{language}` have no sessions");
            let finding = Finding::error("no-session", message).at(attribute_place(step, "session"));
            findings.push(finding.help("leave `session` out: each block is a program of its own"));
        }
        return;
    }
    let (kind, first) = *seen.entry(session.to_owned()).or_insert((interpreter.kind, step));
    if kind != interpreter.kind {
        let message = format!("session `{session}` is `{}` and cannot run `{language}`", first.language);
        let finding = Finding::error("mixed-session", message).at(attribute_place(step, "session"));
        let finding = finding.related(first.place.clone(), "the session starts here");
        findings.push(finding.help("give the block a session of its own"));
    }
}

/// Returns where an attribute stands, else the block.
pub(super) fn attribute_place(step: &Step, attribute: &str) -> Place {
    step.attributes.places.get(attribute).unwrap_or(&step.place).clone()
}

fn is_file(step: &Step) -> bool {
    matches!(step.action, Action::File(_))
}

fn is_shell(step: &Step) -> bool {
    const SHELLS: &[&str] =
        &["bash", "sh", "shell", "console", "shell-session", "sh-session", "bash-session"];
    matches!(step.action, Action::Transcript(_)) || SHELLS.contains(&step.language.as_str())
}
