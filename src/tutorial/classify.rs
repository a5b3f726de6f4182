//! Which blocks are steps, and of which kind.

use std::collections::BTreeSet;

use super::fence::Fence;
use super::info::Info;
use super::model::{Action, Dialect, NotRun, Step, Text};
use super::transcript;
use crate::diagnostic::Finding;

/// Languages whose blocks a shell runs.
const SHELLS: [&str; 4] = ["bash", "sh", "shell", "zsh"];

/// Languages whose blocks show commands with their output.
const TRANSCRIPTS: [&str; 8] = [
    "console",
    "shell-session",
    "sh-session",
    "shellsession",
    "bash-session",
    "zsh-session",
    "terminal",
    "scrut",
];

/// Shells that nothing here runs.
const OTHER_SHELLS: [&str; 23] = [
    "fish",
    "powershell",
    "pwsh",
    "ps1",
    "ps",
    "posh",
    "ps1con",
    "azurepowershell",
    "azurepowershell-interactive",
    "cmd",
    "bat",
    "batch",
    "dos",
    "csh",
    "tcsh",
    "ksh",
    "dash",
    "ash",
    "shellscript",
    "nu",
    "nushell",
    "elvish",
    "xonsh",
];

/// Languages of what is shown and prints nothing: a page may have it between a step and its output.
const DATA: [&str; 40] = [
    "",
    "text",
    "txt",
    "plain",
    "plaintext",
    "none",
    "output",
    "json",
    "jsonc",
    "json5",
    "jsonl",
    "yaml",
    "yml",
    "toml",
    "xml",
    "html",
    "css",
    "csv",
    "ini",
    "conf",
    "config",
    "properties",
    "env",
    "dotenv",
    "log",
    "diff",
    "patch",
    "markdown",
    "md",
    "mdx",
    "mermaid",
    "http",
    "dockerfile",
    "containerfile",
    "hcl",
    "tf",
    "terraform",
    "proto",
    "systemd",
    "ignore",
];

/// What Innovation Engine runs besides `bash`.
const AZURE: [&str; 2] = ["azurecli", "azurecli-interactive"];

/// A block with what is said about it.
pub(crate) struct Block<'a> {
    pub(crate) info: &'a Info,
    pub(crate) fence: &'a Fence,
    /// The path that it is written to.
    pub(crate) file: Option<&'a str>,
    /// Whether it carries attributes of ours.
    pub(crate) annotated: bool,
    pub(crate) dialect: Dialect,
}

/// What a block is.
pub(crate) enum Kind {
    Step { action: Action, language: String },
    Other(NotRun),
}

/// Decides what a block is.
pub(crate) fn classify(
    block: &Block<'_>,
    interpreters: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> Kind {
    let language = block.info.language.as_str();
    if let Some(path) = block.file {
        return Kind::Step { action: Action::File(path.to_owned()), language: language.to_owned() };
    }
    let prompts = SHELLS.contains(&language) && transcript::begins_with_prompt(&block.fence.text);
    if prompts || TRANSCRIPTS.contains(&language) {
        return transcript_of(block, findings);
    }
    if SHELLS.contains(&language) || (block.annotated && interpreters.contains(language)) {
        return Kind::Step { action: Action::Command, language: language.to_owned() };
    }
    if block.dialect == Dialect::InnovationEngine && AZURE.contains(&language) {
        return Kind::Step { action: Action::Command, language: "bash".to_owned() };
    }
    let shell = OTHER_SHELLS.contains(&language);
    // Runme names blocks of every language, those that only show something too.
    let meant_to_run = block.annotated && !(block.dialect == Dialect::Runme && block.info.json);
    if shell || meant_to_run {
        let name = if language.is_empty() {
            "a block without a language".to_owned()
        } else {
            format!("`{language}`")
        };
        return Kind::Other(NotRun::NotSupported(format!("nothing here runs {name}")));
    }
    Kind::Other(NotRun::Prose)
}

impl Step {
    /// Returns whether a shell runs the step: its block, or the commands of its transcript.
    pub fn runs_in_shell(&self) -> bool {
        match self.action {
            Action::Command => SHELLS.contains(&self.language.as_str()),
            Action::Transcript(_) => true,
            Action::File(_) => false,
        }
    }
}

/// Returns whether a language is that of a shell whose blocks are commands.
pub(crate) fn is_command(language: &str) -> bool {
    SHELLS.contains(&language)
}

/// Returns whether a block without attributes becomes a step, going by its language and its prompts.
pub(crate) fn runs(language: &str, text: &Text, dialect: Dialect) -> bool {
    SHELLS.contains(&language)
        || TRANSCRIPTS.contains(&language) && transcript::has_prompt(text)
        || dialect == Dialect::InnovationEngine && AZURE.contains(&language)
}

/// Returns whether a language is that of data or text, which prints nothing.
pub(crate) fn is_data(language: &str) -> bool {
    DATA.contains(&language)
}

/// Returns whether a language is that of a shell, run here or not.
pub(crate) fn is_shell(language: &str) -> bool {
    SHELLS.contains(&language) || TRANSCRIPTS.contains(&language) || OTHER_SHELLS.contains(&language)
}

/// Returns the finding about a block whose author wants it to run.
pub(crate) fn cannot_run(block: &Block<'_>, reason: &NotRun) -> Option<Finding> {
    let NotRun::NotSupported(reason) = reason else { return None };
    let finding = Finding::warning("cannot-run", format!("block cannot run: {reason}"));
    let finding = finding.at(crate::diagnostic::Place::new(&block.fence.place.source, block.fence.info));
    let help = "name a program for the language in `stagebook.toml`, or give the block a `file`";
    block.annotated.then(|| finding.help(help))
}

fn transcript_of(block: &Block<'_>, findings: &mut Vec<Finding>) -> Kind {
    let commands = transcript::read(&block.fence.text, findings);
    if commands.is_empty() {
        return Kind::Other(NotRun::NotSupported(transcript::why_empty(&block.fence.text)));
    }
    Kind::Step { action: Action::Transcript(commands), language: block.info.language.clone() }
}
