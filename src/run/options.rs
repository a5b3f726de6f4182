//! What a run is told besides its plans.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::event::Host;
use crate::image::compare::{Requirement, Rule};
use crate::image::{Reading, RegistryAccess};
use crate::plan::Plan;

/// How to run. Every field is the caller's decision, so there is no default.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many plans run at once, at least one.
    pub jobs: usize,
    /// How long a process may take to end after SIGTERM before it is killed.
    pub grace: Duration,
    /// After how long a step is said to be slow.
    pub slow_after: Duration,
    /// How many bytes of a step's output are kept.
    pub keep_output: u64,
    /// Variables that every step sees, before those of its plan.
    pub environment: BTreeMap<String, String>,
    /// Values of secret variables, by name.
    pub secrets: BTreeMap<String, String>,
    /// Whether [`StepPrinted`](crate::event::EventKind::StepPrinted) is sent.
    pub stream_output: bool,
    /// How often [`Tick`](crate::event::EventKind::Tick) is sent; never if `None`.
    pub tick: Option<Duration>,
    /// Whether workspaces are left behind.
    pub keep_workspaces: bool,
    /// Whether steps go on after an output that differs: its page is about to be updated.
    pub updating: bool,
    /// Where a plan goes on that another process began; `None` begins in a fresh workspace.
    pub ground: Option<Ground>,
    /// How registries are asked for images that pages promise; they are not if `None`.
    pub registries: Option<RegistryAccess>,
    /// The folder that takes a copy of each image that a step leaves behind; nobody looks for them if `None`.
    pub keep_images: Option<PathBuf>,
    /// How the layers of images that pages promise are read; they are not if `None`.
    pub reading: Option<Reading>,
    /// What images that pages promise must have of those of production.
    pub parity: ParityOptions,
    /// The machine, as events name it.
    pub host: Host,
}

/// How images that were built are compared with those of production.
#[derive(Debug, Clone, Default)]
pub struct ParityOptions {
    /// What explains differences.
    pub rules: Vec<Rule>,
    /// What must be alike, or the tutorial has failed; nothing if `None`.
    pub require: Option<Requirement>,
}

/// The folders in which a plan goes on that another process began, and that the next one finds as this one leaves them.
///
/// Only one plan at a time can stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The workspace.
    pub work: PathBuf,
    /// The home folder of the steps.
    pub home: PathBuf,
    /// What is kept of sessions and captures.
    pub state: PathBuf,
    /// Where results are written.
    pub results: PathBuf,
    /// Whether what this process does to sessions and captures is kept: a service has a session of its own.
    pub is_kept: bool,
}

/// A plan to run, and where its long outputs go.
#[derive(Debug, Clone)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Folder for outputs that are too long for an event. Made when the first one is.
    pub outputs: PathBuf,
    /// That folder's name in events, relative to the record.
    pub outputs_name: String,
}
