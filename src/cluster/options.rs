//! What a run on a cluster is told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::StepIndex;
use crate::run::Job;

/// Which cluster, as kubectl names it. What is not said is the kubeconfig's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The context of the kubeconfig.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
}

/// A plan to run, and what it is on the cluster.
#[derive(Debug, Clone)]
pub struct ClusterJob {
    /// The plan, and where its long outputs go.
    pub job: Job,
    /// The PipelineRun. Its name is made when it is created.
    pub pipeline_run: serde_json::Value,
    /// The step that each step of a task is, by the names of the pipeline's task and of its step.
    pub steps: BTreeMap<(String, String), StepIndex>,
}

/// How to run. Every field is the caller's decision, so there is no default.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Which cluster.
    pub target: Target,
    /// Tells the objects of this run from those of another; part of their names.
    pub run: String,
    /// Whether the PipelineRuns are left on the cluster.
    pub keep: bool,
    /// How many bytes of a step's output are kept.
    pub keep_output: u64,
    /// Whether [`StepPrinted`](crate::event::EventKind::StepPrinted) is sent.
    pub stream_output: bool,
    /// How often [`Tick`](crate::event::EventKind::Tick) is sent; never if `None`.
    pub tick: Option<Duration>,
    /// How many plans run at once, at least one.
    pub jobs: usize,
    /// Values that no event shows.
    pub secrets: Vec<String>,
}
