//! What came of steps and plans, judged by what Tekton says of them.
//!
//! What a step promises was looked at in its task: a container that ended as it should have has kept it.

use super::error::ClusterError;
use super::objects::{PipelineRun, Terminated};
use crate::diagnostic::chain;
use crate::event::{
    CheckResult, Exit, ImageFound, NamedResult, Outcome, Parity, ParityOutcome, PromisedImage, StepOutput,
    StepResult, TutorialOutcome,
};
use crate::expect::Captures;
use crate::plan::{Plan, PlannedStep, Work};
use crate::run::not_run;
use crate::tutorial::ExpectedOutput;

/// Returns what came of a step whose container has ended, and whose task has, by the word for its end.
pub(super) fn of_step(
    planned: &PlannedStep,
    how: &Terminated,
    task_ended: Option<&str>,
    output: StepOutput,
) -> StepResult {
    let as_promised = how.exit_code == 0 && how.signal.is_none();
    let outcome = match task_ended {
        _ if as_promised && promises(planned).next().is_some() => Outcome::Verified,
        _ if as_promised && planned.exit.is_some() => Outcome::Verified,
        _ if as_promised => Outcome::Unverified,
        Some("TaskRunTimeout") => Outcome::TimedOut { limit: planned.timeout },
        Some("TaskRunCancelled") => Outcome::Cancelled,
        _ => Outcome::Failed { reason: reason(how, &output) },
    };
    let exit =
        if as_promised { Exit::Status(planned.exit.unwrap_or(0)) } else { Exit::Status(how.exit_code) };
    let checks = match outcome {
        Outcome::Verified => promises(planned).map(held).collect(),
        _ => Vec::new(),
    };
    StepResult { exit: Some(exit), checks, output, duration: how.duration(), attempt: 1, ..not_run(outcome) }
}

/// Returns what came of a plan whose steps ended so.
pub(super) fn of_tutorial(
    outcomes: &[&Outcome],
    has_trouble: bool,
    is_stopped: bool,
    executed: usize,
) -> TutorialOutcome {
    if has_trouble || outcomes.iter().any(|outcome| is_failure(outcome)) {
        TutorialOutcome::Failed
    } else if is_stopped || outcomes.iter().any(|outcome| **outcome == Outcome::Cancelled) {
        TutorialOutcome::Cancelled
    } else if executed == 0 {
        TutorialOutcome::Skipped
    } else {
        TutorialOutcome::Passed
    }
}

/// Returns the images that the page promises: the task has looked at them, and failed where one is missing.
pub(super) fn images(plan: &Plan) -> Vec<PromisedImage> {
    let front_matter = &plan.tutorial.front_matter;
    let reason = "it is in the workspace on the cluster, where the last task looked at it";
    let parity = |reference: &String| Parity {
        reference: reference.clone(),
        outcome: ParityOutcome::NotCompared {
            reason: "the image is in the workspace on the cluster".to_owned(),
        },
    };
    let image = |(name, reference): (&String, &String)| PromisedImage {
        name: name.clone(),
        reference: reference.clone(),
        found: ImageFound::Unread { reason: reason.to_owned() },
        parity: front_matter.reference.get(name).map(parity),
    };
    front_matter.images.iter().map(image).collect()
}

/// Returns the values that the run left under names.
pub(super) fn results(followed: &Result<PipelineRun, ClusterError>) -> Vec<NamedResult> {
    let results = followed.as_ref().map(|run| run.results.as_slice()).unwrap_or_default();
    results.iter().map(|(name, value)| NamedResult { name: name.clone(), value: value.clone() }).collect()
}

pub(super) fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { .. } | Outcome::TimedOut { .. })
}

/// Returns why a step failed: what the check in the task said last, else how the container ended.
fn reason(how: &Terminated, output: &StepOutput) -> String {
    let said = output.text.lines().rev().find_map(|line| line.strip_prefix("stagebook: "));
    match (said, how.signal) {
        (Some(said), _) => said.to_owned(),
        (None, Some(signal)) => format!("its container was ended by signal {signal}"),
        (None, None) => format!("exit status {}", how.exit_code),
    }
}

/// Returns what is wrong with a run that no step is to blame for, and what to do.
pub(super) fn trouble(error: &ClusterError) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", chain(error)),
        None => chain(error),
    }
}

/// Returns what a step promises about its output.
fn promises(step: &PlannedStep) -> impl Iterator<Item = &ExpectedOutput> {
    let commands = match &step.work {
        Work::Transcript { commands, .. } => commands.as_slice(),
        _ => &[],
    };
    commands.iter().flat_map(|command| &command.expected).chain(&step.expected)
}

/// Returns what is known of a promise that was looked at in the task, and held.
fn held(expected: &ExpectedOutput) -> CheckResult {
    CheckResult {
        location: expected.place.location(),
        mismatch: None,
        captures: Captures::new(),
        score: None,
    }
}
