//! Blocks that their shell cannot read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Subject;
use super::syntax::{self, Answer, Complaint, Shell};
use crate::diagnostic::{Finding, Place, Span, plural};
use crate::plan::{Interpreter, InterpreterKind, Plan, PlannedCommand, PlannedStep, Work};
use crate::tutorial::{Action, Step, Text, TranscriptCommand};

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
        _ => {
            let help = advice(finding.place.as_ref().map_or("", Place::text));
            finding.help(help)
        }
    }
}

fn advice(line: &str) -> &'static str {
    static PLACEHOLDER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("<[A-Za-z][^<>]*>").expect("the expression is fixed and tested"));
    if PLACEHOLDER.is_match(line) {
        "a shell reads `<...>` as files to read and write: use a parameter, or give the block a `skip`"
    } else {
        "if it is not meant to run, change the block's language or give it a `skip`"
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
fn unplanned<'a>(step: &'a Step) -> Vec<Script<'a>> {
    if is_left_out(step) || step.attributes.template.is_some() {
        return Vec::new();
    }
    let shell = if step.language == "zsh" { Shell::Zsh } else { Shell::Bash };
    match &step.action {
        Action::Transcript(commands) => {
            let script = |command: &'a TranscriptCommand| (command.exit, &command.command, &command.place);
            commands.iter().map(script).map(|command| of_command(shell, command, false)).collect()
        }
        Action::Command if step.runs_in_shell() => {
            let fails = is_failure(step.attributes.exit);
            vec![Script { shell, text: &step.text.content, lines: Lines::Block(&step.text), fails }]
        }
        Action::Command | Action::File(_) => Vec::new(),
    }
}

fn planned(plan: &Plan) -> Vec<Script<'_>> {
    let steps = plan.steps.iter().filter_map(|step| Some((step, plan.tutorial.steps.get(step.source)?)));
    let run = steps.filter(|(_, step)| !is_left_out(step));
    run.flat_map(|(planned, step)| of_planned(planned, step)).collect()
}

fn of_planned<'a>(planned: &'a PlannedStep, step: &'a Step) -> Vec<Script<'a>> {
    let rendered = step.attributes.template.is_some();
    match &planned.work {
        Work::Command { text, interpreter } | Work::Service { text, interpreter, .. } => {
            let Some(shell) = shell(interpreter) else { return Vec::new() };
            let lines = if rendered { Lines::Rendered(&step.place) } else { Lines::Block(&step.text) };
            vec![Script { shell, text, lines, fails: is_failure(planned.exit) }]
        }
        Work::Transcript { commands, interpreter } => {
            let Some(shell) = shell(interpreter) else { return Vec::new() };
            let script = |command: &'a PlannedCommand| (command.exit, &command.command, &command.place);
            commands.iter().map(script).map(|command| of_command(shell, command, rendered)).collect()
        }
        Work::File { .. } | Work::Files { .. } => Vec::new(),
    }
}

/// Returns the script of a command of a transcript, given its exit status, text and place.
fn of_command<'a>(
    shell: Shell,
    (exit, text, place): (i32, &'a String, &'a Place),
    rendered: bool,
) -> Script<'a> {
    let lines = if rendered { Lines::Rendered(place) } else { Lines::Command(place) };
    Script { shell, text, lines, fails: exit != 0 }
}

fn shell(interpreter: &Interpreter) -> Option<Shell> {
    match interpreter.kind {
        InterpreterKind::Bash => Some(Shell::Bash),
        InterpreterKind::Sh => Some(Shell::Sh),
        InterpreterKind::Zsh => Some(Shell::Zsh),
        InterpreterKind::Python | InterpreterKind::Program => None,
    }
}

/// Returns whether a step never runs, and so may hold what only a person can fill in.
fn is_left_out(step: &Step) -> bool {
    step.attributes.skip.is_some() || step.attributes.manual
}

fn is_failure(exit: Option<i32>) -> bool {
    exit.is_some_and(|status| status != 0)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::check::testing::{lines, project, subject};

    #[track_caller]
    fn check(page: &str, expected: Expect) {
        let project = project(&[("a.md", page)]);
        expected.assert_eq(&lines(&super::check(&[subject(project.path(), "a.md")])));
    }

    #[test]
    fn mistakes_are_found_at_their_line() {
        check(
            "# A\n\n```bash\nls\nfi\n```\n\n- x\n\n  ```sh\n  echo \"a\n\n  ```\n",
            expect![[r#"
            a.md:5:1 error[shell-syntax] `bash` cannot read this: syntax error near unexpected token `fi` (if it is not meant to run, change the block's language or give it a `skip`) `fi`
            a.md:11:3 error[shell-syntax] `bash` cannot read this: unexpected EOF while looking for matching `"` (if it is not meant to run, change the block's language or give it a `skip`) `echo "a`
        "#]],
        );
        check(
            "> ```bash\n> if true; then\n>   ls\n> ```\n",
            expect![[r#"
            a.md:3:3 error[shell-syntax] `bash` cannot read this: syntax error: unexpected end of file (if it is not meant to run, change the block's language or give it a `skip`) `  ls`
        "#]],
        );
    }

    #[test]
    fn commands_of_transcripts_are_read_one_by_one() {
        check(
            "```console\n$ echo \"a\nfi\n$ for x in 1\n> do )\n> done\n```\n",
            expect![[r#"
            a.md:2:3 error[shell-syntax] `bash` cannot read this: unexpected EOF while looking for matching `"` (if it is not meant to run, change the block's language or give it a `skip`) `echo "a`
            a.md:5:1 error[shell-syntax] `bash` cannot read this: syntax error near unexpected token `)` (if it is not meant to run, change the block's language or give it a `skip`) `> do )`
        "#]],
        );
    }

    #[test]
    fn placeholders_have_advice_of_their_own() {
        check(
            "```bash\nssh <your host>\n```\n",
            expect![[r#"
            a.md:2:1 error[shell-syntax] `bash` cannot read this: syntax error near unexpected token `newline` (a shell reads `<...>` as files to read and write: use a parameter, or give the block a `skip`) `ssh <your host>`
        "#]],
        );
    }

    #[test]
    fn templates_are_read_as_they_are_rendered() {
        check(
            "---\nparams:\n  n: 3\n---\n```bash {template}\n{% for i in [1] %}echo {{ i }}\n{% endfor %}\n```\n",
            expect![[""]],
        );
        check(
            "---\nparams:\n  n: it's\n---\n```bash {template}\nls\necho {{ n }}\n```\n",
            expect![[r#"
            a.md:5:1 error[shell-syntax] `bash` cannot read this: unexpected EOF while looking for matching `'` (the rendered line is `echo it's`) ````bash {template}`
        "#]],
        );
    }

    #[test]
    fn blocks_that_no_shell_runs_are_left_alone() {
        check(
            "```bash {skip=\"a sketch\"}\nfi\n```\n\n```sh {manual}\nfi\n```\n\n```bash {file=x}\nfi\n```\n",
            expect![[""]],
        );
    }

    #[test]
    fn promised_failures_are_warnings() {
        check(
            "```bash {exit=2}\nfi\n```\n",
            expect![[r#"
            a.md:2:1 warning[shell-syntax] `bash` cannot read this: syntax error near unexpected token `fi` (if it is not meant to run, change the block's language or give it a `skip`) `fi`
        "#]],
        );
    }

    #[test]
    fn pages_without_plans_are_read_too() {
        check(
            "```bash {needs=nothing}\nfi\n```\n\n```bash {template}\n{{\n```\n",
            expect![[r#"
            a.md:2:1 error[shell-syntax] `bash` cannot read this: syntax error near unexpected token `fi` (if it is not meant to run, change the block's language or give it a `skip`) `fi`
        "#]],
        );
    }

    #[test]
    fn missing_shell_is_a_note() {
        let scripts =
            [Script { shell: Shell::Zsh, text: "", lines: Lines::Rendered(&place()), fails: false }];
        let finding = no_shell(Shell::Zsh, &scripts);
        assert_eq!(finding.message, "`zsh` cannot be started, so 1 script went unchecked");
    }

    fn place() -> Place {
        Place::new(&crate::diagnostic::Source::new("a.md", ""), 0..0)
    }
}
