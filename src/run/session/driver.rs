//! The programs that drive the shells.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use tokio::process::Command;

use crate::plan::{Interpreter, InterpreterKind};
use crate::run::spawn;

/// On one line, so that the lines that bash reports count from the step's first.
static BASH: LazyLock<String> = LazyLock::new(|| include_str!("bash.sh").replace('\n', " "));
const POSIX: &str = include_str!("posix.sh");
const ZSH: &str = include_str!("zsh.sh");
const PYTHON: &str = include_str!("python.py");

/// Returns whether a word of a command line is one of the drivers: then it is a shell of ours, or a part of it.
pub(in crate::run) fn is_driver(word: &str) -> bool {
    word == *BASH || [POSIX, ZSH, PYTHON].contains(&word)
}

/// Returns the command that starts a shell with its driver and these variables.
pub(super) fn command(
    interpreter: &Interpreter,
    folder: &Path,
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
    command.arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
