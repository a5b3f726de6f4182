//! Who runs a block, and in which session.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Interpreter, InterpreterKind};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, nearest};
use crate::expect::Stream;
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
                check_service(step, interpreter, findings);
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
        "zsh" | "zsh-session" => InterpreterKind::Zsh,
        "sh" if session.is_some_and(|name| posix.contains(name)) => InterpreterKind::Sh,
        _ if step.runs_in_shell() => InterpreterKind::Bash,
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

/// Refuses a service that is no block of a shell, and promises about one of its streams: it has only one.
fn check_service(step: &Step, interpreter: &Interpreter, findings: &mut Vec<Finding>) {
    if !step.attributes.background {
        return;
    }
    let what = match interpreter.kind {
        _ if matches!(step.action, Action::Transcript(_)) => Some("a transcript".to_owned()),
        InterpreterKind::Python | InterpreterKind::Program => Some(format!("a block of `{}`", step.language)),
        InterpreterKind::Bash | InterpreterKind::Sh | InterpreterKind::Zsh => None,
    };
    if let Some(what) = what {
        let finding = Finding::error("no-service", format!("{what} cannot run in the background"));
        let help = "write it to a file with `file`, and start it from a `bash` block with `background`";
        findings.push(finding.at(attribute_place(step, "background")).help(help));
    }
    let one_stream = step.expected.iter().filter(|expected| expected.expectation.stream != Stream::Both);
    for expected in one_stream {
        let message = "streams of a background step are not kept apart";
        let help = "expect it of both, by `stream: both`, or ask the service from a step of its own";
        findings.push(Finding::error("no-service-stream", message).at(expected.place.clone()).help(help));
    }
}

/// Returns where an attribute stands, else the block.
pub(super) fn attribute_place(step: &Step, attribute: &str) -> Place {
    step.attributes.places.get(attribute).unwrap_or(&step.place).clone()
}

fn is_file(step: &Step) -> bool {
    matches!(step.action, Action::File(_))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::expect::{Expectation, Stream};
    use crate::plan::Work;
    use crate::plan::testing::{flags, lines, page, plans, step};
    use crate::tutorial::{Action, ExpectedOutput, Origin};

    #[track_caller]
    fn check(blocks: &[(&str, Option<&str>)], expected: Expect) {
        let block = |(index, (language, session)): (usize, &(&str, Option<&str>))| {
            let mut step = step(&format!("s{index}")).language(language);
            if *language == "console" {
                step.action = Action::Transcript(Vec::new());
            }
            session.iter().fold(step, |step, session| step.session(session))
        };
        let shown = match plans(page(blocks.iter().enumerate().map(block).collect()), &flags(&[])) {
            Ok(plans) => plans[0]
                .steps
                .iter()
                .map(|step| match &step.work {
                    Work::Command { interpreter, .. } | Work::Transcript { interpreter, .. } => {
                        format!("{} {:?} {}\n", step.session, interpreter.kind, interpreter.command.join(" "))
                    }
                    other => format!("{other:?}\n"),
                })
                .collect(),
            Err(findings) => lines(&findings),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn shells_share_one_bash_and_zsh_has_its_own() {
        check(
            &[("bash", None), ("sh", None), ("shell", None), ("console", None), ("zsh", None)],
            expect![[r#"
                main Bash bash
                main Bash bash
                main Bash bash
                main Bash bash
                zsh Zsh zsh
            "#]],
        );
    }

    #[test]
    fn named_sessions_of_sh_alone_are_posix_shells() {
        check(
            &[("sh", Some("a")), ("sh", Some("a")), ("sh", Some("b")), ("bash", Some("b"))],
            expect![[r#"
            a Sh sh
            a Sh sh
            b Bash bash
            b Bash bash
        "#]],
        );
    }

    #[test]
    fn python_is_a_session_only_where_one_is_named() {
        check(
            &[("python", None), ("python", Some("py")), ("ruby", None), ("py", None)],
            expect![[r#"
            main Program python3
            py Python python3
            main Program ruby
            main Program python3
        "#]],
        );
    }

    #[test]
    fn sessions_of_two_kinds_are_findings() {
        check(
            &[("bash", Some("a")), ("python", Some("a"))],
            expect![[r#"
            mixed-session: session `a` is `bash` and cannot run `python`; give the block a session of its own
        "#]],
        );
        check(
            &[("zsh", Some("main")), ("bash", None)],
            expect![[r#"
            mixed-session: session `main` is `zsh` and cannot run `bash`; give the block a session of its own
        "#]],
        );
        check(
            &[("ruby", Some("a"))],
            expect![[r#"
            no-session: blocks of `ruby` have no sessions; leave `session` out: each block is a program of its own
        "#]],
        );
    }

    #[test]
    fn unknown_languages_are_findings() {
        check(
            &[("rubi", None), ("lua", None)],
            expect![[r#"
            unknown-interpreter: no interpreter is known for `rubi`; did you mean `ruby`?
            unknown-interpreter: no interpreter is known for `lua`; name its program below `[interpreters]` in `stagebook.toml`: `lua = ["..."]`
        "#]],
        );
    }

    #[test]
    fn services_are_shell_blocks_with_one_stream() {
        let service = |language: &str| step("serve").language(language).change(|is| is.background = true);
        let expecting = |expectation: Expectation| {
            let mut step = service("bash");
            let (place, origin) = (step.place.clone(), Origin::Comment);
            step.expected = vec![ExpectedOutput { expectation, place, origin }];
            step
        };
        let contains = || Expectation::contains(vec!["up".to_owned()]);
        let wrong =
            |step| plans(page(vec![step]), &flags(&[])).map_or_else(|found| lines(&found), |_| String::new());
        assert_eq!(wrong(service("bash")), "");
        assert_eq!(wrong(service("zsh")), "");
        assert_eq!(wrong(expecting(contains())), "");
        expect![[r#"
            no-service: a block of `python` cannot run in the background; write it to a file with `file`, and start it from a `bash` block with `background`
        "#]].assert_eq(&wrong(service("python")));
        expect![[r#"
            no-service: a block of `python` cannot run in the background; write it to a file with `file`, and start it from a `bash` block with `background`
        "#]].assert_eq(&wrong(service("python").session("py")));
        expect![[r#"
            no-service-stream: streams of a background step are not kept apart; expect it of both, by `stream: both`, or ask the service from a step of its own
        "#]].assert_eq(&wrong(expecting(contains().stream(Stream::Stderr))));
    }
}
