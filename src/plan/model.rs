//! What a plan is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::tutorial::{ExpectedOutput, Ready, Requirements, StepName, Tutorial, Value};

/// The steps of one tutorial and one variant, resolved.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which tutorial, which variant.
    pub key: PlanKey,
    /// The tutorial that it came from.
    pub tutorial: Arc<Tutorial>,
    /// Values of the parameters, those of the variant included.
    pub parameters: BTreeMap<String, Value>,
    /// Variables of every step: parameters and the front matter's `env`.
    pub environment: BTreeMap<String, String>,
    /// Names of secret variables. Their values never enter a plan.
    pub secrets: Vec<String>,
    /// What the machine must have. Requirements whose `when` is false are gone.
    pub requires: Requirements,
    /// The steps in the order in which they run; cleanup steps last.
    pub steps: Vec<PlannedStep>,
    /// Changes whenever anything does that the result depends on.
    pub fingerprint: Fingerprint,
}

/// Which tutorial, which variant.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct PlanKey {
    /// Path of the tutorial relative to the project's root, with `/`.
    pub tutorial: String,
    /// The variant's values as `base=debian,arch=x86_64`; `None` where there is no matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl fmt::Display for PlanKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            None => formatter.write_str(&self.tutorial),
            Some(variant) => write!(formatter, "{} [{variant}]", self.tutorial),
        }
    }
}

/// A SHA-256 in lower-case hexadecimal digits.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Position of a step in its plan.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct StepIndex(pub usize);

/// A step of a plan.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// Its name.
    pub name: StepName,
    /// Position of its step in [`Tutorial::steps`].
    pub source: usize,
    /// What is done.
    pub work: Work,
    /// Whether it is done at all.
    pub disposition: Disposition,
    /// Steps that must pass first.
    pub needs: Needs,
    /// Runs at the end whatever happened.
    pub cleanup: bool,
    /// The session that it runs in.
    pub session: String,
    /// Working folder relative to the workspace; `None` stays where the session is.
    pub cwd: Option<String>,
    /// Variables for this step alone.
    pub env: BTreeMap<String, String>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How many tries there are, at least one.
    pub tries: u32,
    /// The wait between two tries.
    pub retry_delay: Duration,
    /// Whether any failing command fails the step.
    pub errexit: bool,
    /// The exit status that the text promises; `None` promises nothing and means 0.
    pub exit: Option<i32>,
    /// What the text promises about the output.
    pub expected: Vec<ExpectedOutput>,
    /// Whether the result may be reused.
    pub cache: bool,
    /// Changes with the step's text, attributes, parameters and everything before it that it can see.
    pub fingerprint: Fingerprint,
}

/// Which steps must pass before another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// The page names none: all before it that run.
    ///
    /// They are not listed, because a list in each step takes room with the square of their number.
    AllBefore,
    /// These and no others.
    Named(Vec<StepIndex>),
}

/// What a step does, resolved.
#[derive(Debug, Clone)]
pub enum Work {
    /// Runs a text in a session or in a program of its own.
    Command {
        /// The text, rendered where it is a template.
        text: String,
        /// Who runs it.
        interpreter: Interpreter,
    },
    /// Runs commands one after the other in a session.
    Transcript {
        /// The commands.
        commands: Vec<PlannedCommand>,
        /// Who runs them.
        interpreter: Interpreter,
    },
    /// Starts a service in a session.
    Service {
        /// The text.
        text: String,
        /// Who runs it.
        interpreter: Interpreter,
        /// When it is ready; `None` as soon as it has started.
        ready: Option<Ready>,
    },
    /// Writes a file into the workspace.
    File {
        /// Path relative to the workspace.
        path: String,
        /// What to write.
        content: String,
        /// Adds to the file instead of replacing it.
        append: bool,
        /// Permissions.
        mode: Option<u32>,
    },
    /// Writes the files of all variants into the workspace, on a page that runs once.
    Files {
        /// The files, in the order of the variants.
        files: Vec<PlannedFile>,
        /// Permissions of each.
        mode: Option<u32>,
    },
}

/// A file of one variant.
#[derive(Debug, Clone)]
pub struct PlannedFile {
    /// The variant's values as `base=debian,arch=x86_64`.
    pub variant: String,
    /// Values of the parameters, those of the variant included.
    pub parameters: BTreeMap<String, Value>,
    /// Path relative to the workspace.
    pub path: String,
    /// What to write.
    pub content: String,
}

impl Work {
    /// Returns what kind of step does this.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Command { .. } => StepKind::Command,
            Self::Transcript { .. } => StepKind::Transcript,
            Self::Service { .. } => StepKind::Service,
            Self::File { .. } | Self::Files { .. } => StepKind::File,
        }
    }

    /// Returns the shell whose session runs its commands; none where a program of its own does, or nothing runs.
    pub fn shell(&self) -> Option<&Interpreter> {
        match self {
            Self::Command { interpreter, .. } | Self::Transcript { interpreter, .. } => {
                Some(interpreter).filter(|interpreter| interpreter.kind != InterpreterKind::Program)
            }
            Self::Service { .. } | Self::File { .. } | Self::Files { .. } => None,
        }
    }
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A shell or interpreter block.
    Command,
    /// Commands with their output.
    Transcript,
    /// A service.
    Service,
    /// A file.
    File,
}

impl StepKind {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Transcript => "transcript",
            Self::Service => "service",
            Self::File => "file",
        }
    }
}

/// A command of a transcript.
#[derive(Debug, Clone)]
pub struct PlannedCommand {
    /// The command.
    pub command: String,
    /// Where it stands.
    pub place: Place,
    /// The exit status that the text promises.
    pub exit: i32,
    /// What the text promises about its output.
    pub expected: Vec<ExpectedOutput>,
}

/// The program that runs a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interpreter {
    /// The language on the page.
    pub language: String,
    /// The program and its arguments; the text's file follows them where no session is kept.
    pub command: Vec<String>,
    /// How it is driven.
    pub kind: InterpreterKind,
}

/// How an interpreter is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InterpreterKind {
    /// A long-lived bash.
    Bash,
    /// A long-lived POSIX shell.
    Sh,
    /// A long-lived zsh.
    Zsh,
    /// A long-lived python.
    Python,
    /// A program started for each step, with the text in a file.
    Program,
}

/// Whether a step is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// It runs.
    Run,
    /// It does not: the page says so, with this reason.
    Skip(String),
    /// It does not: this `when` is false.
    When(String),
    /// It does not: the command line left it out. Steps that need it run as if it had passed.
    NotSelected,
    /// Only a person can do it.
    Manual,
    /// It does not: it needs this step by name, and the page leaves that one out.
    NeedsLeftOut(StepName),
}
