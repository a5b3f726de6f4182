//! Blocks that their shell cannot read.

use std::collections::BTreeSet;

use super::Subject;
use super::syntax::{self, Answer, Complaint, Shell};
use crate::diagnostic::{Finding, Place, Span, plural};
use crate::plan::{Interpreter, InterpreterKind, Plan, Work};
use crate::tutorial::{Action, Step, Text};

/// Finds blocks and commands that their shell cannot read.
pub(super) fn check(subjects: &[Subject]) -> Vec<Finding> {
    let scripts: Vec<Script<'_>> = subjects.iter().flat_map(scripts).collect();
    let answers = syntax::ask(scripts.iter().map(|script| (script.shell, script.text)));
    let mut findings = Vec::new();
    let mut missing = BTreeSet::new();
    for script in &scripts {
        match answers.get(&(script.shell, script.text)) {
            Some(Answer::Complaint(complaint)) => findings.push(unreadable(script, complaint)),
            Some(Answer::NoShell) => {
                missing.insert(script.shell);
            }
            Some(Answer::Fine) | None => {}
        }
    }
    findings.extend(missing.into_iter().map(|shell| no_shell(shell, &scripts)));
    findings
}

/// A text that a shell is to run.
struct Script<'a> {
    shell: Shell,
    text: &'a str,
    lines: Lines<'a>,
    /// Whether the page promises that it fails.
    fails: bool,
}

/// Where the lines of a script stand.
enum Lines<'a> {
    /// Line by line in a block.
    Block(&'a Text),
    /// From here on: a command of a transcript.
    Command(&'a Place),
    /// It was rendered from this block, and its lines are not those of the page.
    Rendered(&'a Place),
}

fn unreadable(script: &Script<'_>, complaint: &Complaint) -> Finding {
    let message = format!("`{}` cannot read this: {}", script.shell.program(), complaint.message);
    // A page may show a mistake in order to explain it.
    let finding = match script.fails {
        true => Finding::warning("shell-syntax", message),
        false => Finding::error("shell-syntax", message),
    };
    let finding = finding.at(script.place(complaint.line));
    match &script.lines {
        Lines::Rendered(_) => {
            let line = complaint.line.and_then(|line| script.text.lines().nth(line - 1));
            finding.maybe_help(line.map(|line| format!("the rendered line is `{}`", line.trim())))
        }
        _ => finding.help("if it is not meant to run, change the block's language or give it a `skip`"),
    }
}

fn no_shell(shell: Shell, scripts: &[Script<'_>]) -> Finding {
    let program = shell.program();
    let unchecked = scripts.iter().filter(|script| script.shell == shell).count();
    let message = format!("`{program}` cannot be started, so {} went unchecked", plural(unchecked, "script"));
    Finding::note("no-shell", message).help(format!("install {program} to check their syntax"))
}

impl Script<'_> {
    /// Returns the place of a line, counted from 1. Shells may name the line after the last.
    fn place(&self, line: Option<usize>) -> Place {
        let index = line.unwrap_or(1).saturating_sub(1);
        match &self.lines {
            Lines::Rendered(place) => Place::clone(place),
            Lines::Block(text) => {
                let filled = |at: &usize| !text.source.text()[text.lines[*at].range()].trim().is_empty();
                let last = text.lines.len().saturating_sub(1);
                let at = (0..=index.min(last)).rev().find(filled).unwrap_or_default();
                Place::new(&text.source, text.lines.get(at).copied().unwrap_or(Span::new(0, 0)))
            }
            Lines::Command(place) => {
                let last = place.source.line(place.span.end.saturating_sub(1).max(place.span.start));
                let line = (place.line() + index).min(last);
                let span = place.source.line_span(line).unwrap_or(place.span);
                Place::new(&place.source, span.start.max(place.span.start)..span.end)
            }
        }
    }
}

/// Returns what a tutorial runs in shells.
fn scripts(subject: &Subject) -> Vec<Script<'_>> {
    match subject.plans() {
        [] => subject.tutorial.steps.iter().flat_map(unplanned).collect(),
        plans => plans.iter().flat_map(planned).collect(),
    }
}

/// Without a plan nothing is rendered, and each shell is the one of its language.
fn unplanned(step: &Step) -> Vec<Script<'_>> {
    if is_left_out(step) || step.attributes.template.is_some() {
        return Vec::new();
    }
    let fails = is_failure(step.attributes.exit);
    let shell = if step.language == "zsh" { Shell::Zsh } else { Shell::Bash };
    match &step.action {
        Action::File(_) => Vec::new(),
        Action::Transcript(commands) => commands
            .iter()
            .map(|command| Script {
                shell,
                text: &command.command,
                lines: Lines::Command(&command.place),
                fails: command.exit != 0,
            })
            .collect(),
        Action::Command if is_shell(&step.language) => {
            vec![Script { shell, text: &step.text.content, lines: Lines::Block(&step.text), fails }]
        }
        Action::Command => Vec::new(),
    }
}

fn planned(plan: &Plan) -> Vec<Script<'_>> {
    let steps = plan.steps.iter().filter_map(|step| Some((step, plan.tutorial.steps.get(step.source)?)));
    let run = steps.filter(|(_, step)| !is_left_out(step));
    run.flat_map(|(planned, step)| {
        let rendered = step.attributes.template.is_some();
        let fails = is_failure(planned.exit);
        match &planned.work {
            Work::Command { text, interpreter } | Work::Service { text, interpreter, .. } => {
                let lines = if rendered { Lines::Rendered(&step.place) } else { Lines::Block(&step.text) };
                shell(interpreter).map(|shell| Script { shell, text, lines, fails }).into_iter().collect()
            }
            Work::Transcript { commands, interpreter } => {
                let script = |shell| {
                    commands.iter().map(move |command| Script {
                        shell,
                        text: &command.command,
                        lines: if rendered {
                            Lines::Rendered(&command.place)
                        } else {
                            Lines::Command(&command.place)
                        },
                        fails: command.exit != 0,
                    })
                };
                shell(interpreter).map(script).into_iter().flatten().collect()
            }
            Work::File { .. } => Vec::new(),
        }
    })
    .collect()
}

fn shell(interpreter: &Interpreter) -> Option<Shell> {
    match interpreter.kind {
        InterpreterKind::Bash => Some(Shell::Bash),
        InterpreterKind::Sh => Some(Shell::Sh),
        InterpreterKind::Zsh => Some(Shell::Zsh),
        InterpreterKind::Python | InterpreterKind::Program => None,
    }
}

fn is_shell(language: &str) -> bool {
    matches!(language, "bash" | "sh" | "shell" | "zsh")
}

/// Returns whether a step never runs, and so may hold what only a person can fill in.
fn is_left_out(step: &Step) -> bool {
    step.attributes.skip.is_some() || step.attributes.manual
}

fn is_failure(exit: Option<i32>) -> bool {
    exit.is_some_and(|status| status != 0)
}
