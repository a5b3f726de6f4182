//! The programs that drive the shells.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use tokio::process::Command;

use crate::plan::{Interpreter, InterpreterKind};
use crate::run::spawn;

/// The driver of bash, in parts: what every shell reads is short, for reading it is most of what a shell costs.
///
/// Each is on one line, so that the lines that bash reports count from the step's first.
static BASH: LazyLock<String> = LazyLock::new(|| on_one_line(include_str!("bash/driver.sh")));
/// What it takes for a shell that ends, and for steps that are not plain.
static BASH_FUNCTIONS: LazyLock<String> = LazyLock::new(|| on_one_line(include_str!("bash/functions.sh")));
/// How a step is run that is not plain: a service, with streams apart, with variables of its own.
static BASH_OTHER: LazyLock<String> = LazyLock::new(|| on_one_line(include_str!("bash/other.sh")));
/// How the state of a shell before is taken over.
static BASH_STATE: LazyLock<String> = LazyLock::new(|| on_one_line(include_str!("bash/state.sh")));
const POSIX: &str = include_str!("posix.sh");
const ZSH: &str = include_str!("zsh.sh");
const PYTHON: &str = include_str!("python.py");

/// Returns whether a word of a command line is one of the drivers: then it is a shell of ours, or a part of it.
pub(in crate::run) fn is_driver(word: &str) -> bool {
    word == *BASH || [POSIX, ZSH, PYTHON].contains(&word)
}

fn on_one_line(script: &str) -> String {
    script.replace('\n', " ")
}

/// Returns the command that starts a shell with its driver and these variables.
///
/// `folder` holds its pipes; `has_state` says whether it takes over what a shell before left there.
pub(super) fn command(
    interpreter: &Interpreter,
    folder: &Path,
    has_state: bool,
    environment: &BTreeMap<String, String>,
) -> Command {
    let (program, arguments) = interpreter.command.split_first().expect("an interpreter has a program");
    let mut command = spawn::program(program, environment);
    command.env_clear().envs(environment).args(arguments);
    // The word after the driver is `$0`: what error messages begin with, as in a terminal.
    match interpreter.kind {
        InterpreterKind::Bash => command.args(["--noprofile", "--norc", "-c", &BASH, "bash"]),
        InterpreterKind::Sh => command.args(["-c", POSIX, "sh"]),
        InterpreterKind::Zsh => command.args(["-f", "-c", ZSH, "zsh"]),
        InterpreterKind::Python => command.args(["-u", "-c", PYTHON]),
        InterpreterKind::Program => unreachable!("a program has no session"),
    };
    command.arg(folder);
    if interpreter.kind == InterpreterKind::Bash {
        let state = if has_state { BASH_STATE.as_str() } else { "" };
        command.args([BASH_FUNCTIONS.as_str(), BASH_OTHER.as_str(), state]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
