//! What a shell is asked to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::plan::InterpreterKind;

/// A text to run, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Whether any failing command ends it.
    pub(crate) errexit: bool,
    /// Whether it is a service.
    pub(crate) service: bool,
    /// Whether standard error has a pipe of its own.
    pub(crate) apart: bool,
    /// What holds for this text alone.
    pub(crate) extras: Option<&'a Extras>,
    /// Whether the shell saves its state before it runs the text.
    pub(crate) saved: bool,
}

impl Request<'_> {
    /// Returns the letters that the drivers know. Never empty: most drivers split the line at blanks.
    pub(super) fn flags(&self) -> String {
        let flags = [
            (self.service, 'b'),
            (!self.errexit, 'E'),
            (self.apart, '2'),
            (self.extras.is_some(), 'p'),
            (self.saved || self.may_replace_shell(), 's'),
        ];
        let set = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag);
        std::iter::once('-').chain(set).collect()
    }

    /// Returns whether the text could end its shell before the shell can save its state.
    ///
    /// A guess from words is enough: saving once too often costs a millisecond.
    fn may_replace_shell(&self) -> bool {
        self.has_word(&["exec", "trap", "kill"])
    }

    /// Returns whether the text could set a trap, or bring a function that does.
    pub(super) fn may_set_trap(&self) -> bool {
        self.has_word(&["trap"]) || self.may_run_other_text()
    }

    /// Returns whether the text could make `command` a function, through which the driver of bash redirects.
    pub(super) fn may_define_command(&self) -> bool {
        self.has_word(&["command"]) || self.may_run_other_text()
    }

    /// Returns whether the text could run commands that do not stand in it.
    fn may_run_other_text(&self) -> bool {
        self.has_word(&["source", "eval"]) || self.text.contains(". ")
    }

    fn has_word(&self, looked_for: &[&str]) -> bool {
        let mut words = self.text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        words.any(|word| looked_for.contains(&word))
    }
}

/// Folder and variables of one step alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    /// Working folder, relative to the workspace.
    pub(crate) cwd: Option<String>,
    /// Variables.
    pub(crate) env: BTreeMap<String, String>,
}

impl Extras {
    /// Returns the extras of a step, if it has any.
    pub(crate) fn of(cwd: Option<&String>, env: &BTreeMap<String, String>) -> Option<Self> {
        (cwd.is_some() || !env.is_empty()).then(|| Self { cwd: cwd.cloned(), env: env.clone() })
    }

    /// Returns the text that sets them, in the interpreter's language.
    ///
    /// A shell in which one cannot be set fails with this text, and finds in `__sb_extra` why.
    pub(super) fn before(&self, kind: InterpreterKind, workspace: &Path) -> String {
        let folder = self.cwd.as_ref().map(|cwd| workspace.join(cwd).to_string_lossy().into_owned());
        let mut text = String::new();
        if kind == InterpreterKind::Python {
            if let Some(folder) = folder {
                let _ =
                    writeln!(text, "import os; __sb_pwd = os.getcwd(); os.chdir({})", python_string(&folder));
            }
            for (name, value) in &self.env {
                let (name, value) = (python_string(name), python_string(value));
                let _ = writeln!(
                    text,
                    "import os; globals().setdefault('__sb_old', {{}})[{name}] = os.environ.get({name}); os.environ[{name}] = {value}"
                );
            }
            return text;
        }
        let own = own_commands(kind);
        if let Some(folder) = folder {
            let _ = writeln!(
                text,
                "__sb_extra='its folder cannot be entered'; __sb_now=$PWD; {own} cd -- {} || {own} return; __sb_pwd_before=$__sb_now",
                shell_string(&folder)
            );
        }
        for (name, value) in &self.env {
            let value = shell_string(value);
            let _ = writeln!(
                text,
                "__sb_extra='its variable `{name}` cannot be set: the shell has it as readonly'; __sb_now=${{{name}+x}}; __sb_old_{name}=${{{name}-}}; {own} export {name}={value} || {own} return; __sb_had_{name}=$__sb_now"
            );
        }
        text
    }

    /// Returns the text that takes them back. Does nothing where they were not set: a shell may die before.
    pub(super) fn after(&self, kind: InterpreterKind) -> String {
        let mut text = String::new();
        if kind == InterpreterKind::Python {
            if self.cwd.is_some() {
                text.push_str("import os; os.chdir(__sb_pwd)\n");
            }
            for name in self.env.keys() {
                let name = python_string(name);
                let _ = writeln!(
                    text,
                    "import os; __sb_value = __sb_old.pop({name}); os.environ.pop({name}, None)\nif __sb_value is not None: os.environ[{name}] = __sb_value"
                );
            }
            return text;
        }
        let own = own_commands(kind);
        if self.cwd.is_some() {
            let _ = writeln!(
                text,
                "case ${{__sb_pwd_before+x}} in x) {own} cd -- \"$__sb_pwd_before\";; esac; {own} unset __sb_pwd_before"
            );
        }
        for name in self.env.keys() {
            let _ = writeln!(
                text,
                "case ${{__sb_had_{name}-never}} in x) {name}=$__sb_old_{name};; '') {own} unset {name};; esac; {own} unset __sb_had_{name} __sb_old_{name}"
            );
        }
        text
    }
}

/// Returns the word that makes a shell run its own command and not a function of that name.
fn own_commands(kind: InterpreterKind) -> &'static str {
    if kind == InterpreterKind::Sh { "command" } else { "builtin" }
}

/// Returns a text as one word of a POSIX shell.
pub(crate) fn shell_string(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns a text as a literal of Python, which reads JSON strings as its own.
fn python_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
