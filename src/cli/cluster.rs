//! `stagebook run --engine tekton`

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::{Project, has_error};
use crate::cluster::{ClusterError, ClusterJob, ClusterOptions, Target, dry_run};
use crate::diagnostic::{chain, plural};
use crate::konflux::{Exported, export, step};
use crate::plan::{Plan, StepIndex};
use crate::run::{Job, RunOptions};

/// What runs the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// This machine
    #[default]
    Local,
    /// Tekton, on a Kubernetes cluster
    Tekton,
}

/// Who is asked, where nothing is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DryRun {
    /// The cluster's API server
    Server,
}

/// Where tutorials run.
#[derive(Debug, Clone, Args)]
pub(super) struct EngineArguments {
    /// What runs the steps: this machine, or Tekton on a cluster
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t)]
    pub(super) engine: Engine,
    /// Which context of the kubeconfig names the cluster [default: its current one]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// In which namespace of the cluster [default: the context's]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Ask the cluster whether it would take the pipelines, and run nothing
    #[arg(long, value_name = "WHO", value_enum, conflicts_with = "report")]
    pub(super) dry_run: Option<DryRun>,
}

impl EngineArguments {
    /// Refuses what only a run on a cluster can have.
    pub(super) fn check(&self) -> Result<(), CliError> {
        let given = [
            ("--context", self.context.is_some()),
            ("--namespace", self.namespace.is_some()),
            ("--dry-run", self.dry_run.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given && self.engine == Engine::Local) {
            Some((flag, _)) => Err(CliError::NotOnCluster { flag }),
            None => Ok(()),
        }
    }
}

/// Returns what each plan is on a cluster. Where one cannot be exported nothing is run, and it is said why.
pub(super) fn cluster_jobs(
    jobs: Vec<Job>,
    project: &Project,
    printer: &Printer,
) -> Result<Vec<ClusterJob>, CliError> {
    let (mut made, mut findings) = (Vec::new(), Vec::new());
    for job in jobs {
        let (exported, wrong) = export(std::slice::from_ref(&job.plan), &project.settings.konflux);
        findings.extend(wrong);
        made.extend(exported.map(|exported| cluster_job(job, exported)));
    }
    let mut findings = crate::diagnostic::tidy(findings);
    printer.findings(&mut findings);
    if has_error(&findings) {
        printer.failure("nothing was run: a tutorial cannot be a pipeline");
        return Err(CliError::Findings);
    }
    Ok(made)
}

fn cluster_job(job: Job, exported: Exported) -> ClusterJob {
    let Exported { pipeline, run: mut pipeline_run, .. } = exported;
    let steps = steps(&job.plan, &pipeline);
    // The run carries its pipeline: nothing else has to be on the cluster before, or is left there afterwards.
    if let Some(spec) = pipeline_run["spec"].as_object_mut() {
        spec.remove("pipelineRef");
        spec.insert("pipelineSpec".to_owned(), pipeline["spec"].clone());
    }
    pipeline_run["metadata"]["annotations"] = pipeline["metadata"]["annotations"].clone();
    ClusterJob { job, pipeline_run, steps }
}

/// Returns which step of the plan each step of a task is.
fn steps(plan: &Plan, pipeline: &Value) -> BTreeMap<(String, String), StepIndex> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let tasks = list(&pipeline["spec"]["tasks"]).into_iter().chain(list(&pipeline["spec"]["finally"]));
    let of_task = |task: Value| {
        let name = task["name"].as_str().unwrap_or_default().to_owned();
        list(&task["taskSpec"]["steps"]).into_iter().map(move |step| (name.clone(), step))
    };
    let index = |step: &Value| {
        let definition =
            list(&step["env"]).into_iter().find(|variable| variable["name"] == step::STEP_VARIABLE)?;
        let definition = step::StepDefinition::read(definition["value"].as_str()?)?;
        plan.steps.iter().position(|step| step.name.0 == definition.name).map(StepIndex)
    };
    let named =
        |(task, step): (String, Value)| Some(((task, step["name"].as_str()?.to_owned()), index(&step)?));
    tasks.flat_map(of_task).filter_map(named).collect()
}

/// Returns how to run on the cluster what would run here with `local`.
pub(super) fn cluster_options(
    arguments: &EngineArguments,
    local: RunOptions,
    run_id: &str,
) -> ClusterOptions {
    ClusterOptions {
        target: Target { context: arguments.context.clone(), namespace: arguments.namespace.clone() },
        run: run_id.to_owned(),
        keep: local.keep_workspaces,
        keep_output: local.keep_output,
        stream_output: local.stream_output,
        tick: local.tick,
        jobs: local.jobs,
        secrets: local.secrets.into_values().collect(),
    }
}

/// Asks the cluster whether it would take the plans.
pub(super) fn ask(
    jobs: &[ClusterJob],
    options: &ClusterOptions,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let answers = dry_run(jobs, options)?;
    let mut refused = 0;
    for (job, answer) in jobs.iter().zip(answers) {
        let key = &job.job.plan.key;
        match answer {
            Ok(warnings) => {
                printer.say(&format!("{key}: the cluster would take it"));
                warnings.iter().for_each(|warning| printer.warning(&format!("{key}: {warning}")));
            }
            Err(error) => {
                refused += 1;
                printer.failure(&format!("{key}: {}", chain(&error)));
                help(&error, printer);
            }
        }
    }
    if refused == 0 {
        return Ok(ExitStatus::Passed);
    }
    printer.failure(&format!("{} refused", plural(refused, "pipeline")));
    Ok(ExitStatus::Failed)
}

fn help(error: &ClusterError, printer: &Printer) {
    if let Some(help) = error.help() {
        printer.say(&format!("  help: {help}"));
    }
}
