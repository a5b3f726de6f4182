//! PipelineRuns and TaskRuns.

use super::pipelines::reference_is_complete;
use super::report::Report;
use super::steps::{duration, seconds};
use super::view::RunView;
use crate::konflux::fields::{at, entry, field, first_line, head, list, text};
use crate::yaml::Node;

pub(super) fn says_what_it_runs(run: &RunView<'_>, report: &mut Report<'_>) {
    let word = run.word();
    let [reference, spec] = [format!("{word}Ref"), format!("{word}Spec")];
    match (entry(run.spec, &reference), entry(run.spec, &spec)) {
        (None, None) => {
            let message = format!("the {} does not say what it runs", run.object.kind);
            report.say(head_of(run), message, format!("add `{reference}` or `{spec}`"));
        }
        (Some(_), Some(extra)) => {
            let message = format!("the {} has `{reference}` and `{spec}`", run.object.kind);
            report.say(extra.key_place.clone(), message, "keep one of them");
        }
        _ => {}
    }
}

fn head_of(run: &RunView<'_>) -> crate::diagnostic::Place {
    entry(run.object.node, "spec").map_or_else(|| run.object.head(), |spec| spec.key_place.clone())
}

pub(super) fn reference(run: &RunView<'_>, report: &mut Report<'_>) {
    if let Some(reference) = entry(run.spec, &format!("{}Ref", run.word())) {
        reference_is_complete(&reference.value, &reference.key_place, report);
    }
}

pub(super) fn status(run: &RunView<'_>, report: &mut Report<'_>) {
    const OF_PIPELINE: &[&str] =
        &["Cancelled", "CancelledRunFinally", "StoppedRunFinally", "PipelineRunPending"];
    const OF_TASK: &[&str] = &["TaskRunCancelled", "TaskRunPending"];
    let known = if run.object.kind == "TaskRun" { OF_TASK } else { OF_PIPELINE };
    if let Some(status) = field(run.spec, "status")
        && !known.contains(&status.text().unwrap_or_default())
    {
        let message =
            format!("`{}` is no status of a {}", status.text().unwrap_or_default(), run.object.kind);
        report.say(first_line(&status.place), message, format!("write one of `{}`", known.join("`, `")));
    }
}

pub(super) fn timeouts_are_durations(run: &RunView<'_>, report: &mut Report<'_>) {
    let of_tasks = list(run.spec, "taskRunSpecs").iter().filter_map(|spec| field(spec, "timeout"));
    let of_run = ["pipeline", "tasks", "finally"].iter().filter_map(|key| at(run.spec, &["timeouts", key]));
    of_run.chain(of_tasks).chain(field(run.spec, "timeout")).for_each(|node| duration(node, report));
}

/// How long a pipeline may take where the run and the cluster say nothing.
const DEFAULT_TIMEOUT: f64 = 3600.0;

pub(super) fn timeouts(run: &RunView<'_>, report: &mut Report<'_>) {
    let [whole, tasks, last] = ["pipeline", "tasks", "finally"].map(|key| at(run.spec, &["timeouts", key]));
    let length = |node: Option<&Node>| node.and_then(Node::text).and_then(seconds);
    let limit = whole.map_or(Some(DEFAULT_TIMEOUT), |whole| length(Some(whole)));
    let Some(limit) = limit.filter(|limit| *limit > 0.0) else { return };
    let parts = length(tasks).unwrap_or_default() + length(last).unwrap_or_default();
    let endless = [tasks, last].into_iter().flatten().find(|node| length(Some(node)) == Some(0.0));
    let (place, message) = match (endless, tasks.or(last)) {
        (Some(endless), _) => (&endless.place, "`0` is no limit, and the pipeline has one"),
        (None, Some(part)) if parts > limit => {
            (&part.place, "tasks and `finally` may take longer than the pipeline")
        }
        _ => return,
    };
    let finding = report.finding(message).at(first_line(place));
    report.add(match whole {
        Some(whole) => finding
            .related(first_line(&whole.place), "the pipeline may take this long")
            .help("make `timeouts.pipeline` as long as both together, or longer"),
        None => finding.help("a pipeline may take an hour unless it says otherwise: add `timeouts.pipeline`"),
    });
}

pub(super) fn task_run_specs(run: &RunView<'_>, report: &mut Report<'_>) {
    let own = (run.object.kind == "TaskRun").then_some(run.spec);
    for spec in list(run.spec, "taskRunSpecs").iter().chain(own) {
        for key in ["stepSpecs", "sidecarSpecs"] {
            super::steps::twice(list(spec, key), "entry", report);
        }
        let of_steps = list(spec, "stepSpecs").iter().any(|step| field(step, "computeResources").is_some());
        if let Some(whole) = entry(spec, "computeResources").filter(|_| of_steps) {
            let message = "resources are set for the task and for its steps";
            report.say(whole.key_place.clone(), message, "keep one of them");
        }
    }
}

pub(super) fn task_run_specs_name_tasks(run: &RunView<'_>, report: &mut Report<'_>) {
    let Some(target) = run.target.filter(|_| run.object.kind == "PipelineRun") else { return };
    let known =
        || list(target, "tasks").iter().chain(list(target, "finally")).map(crate::konflux::fields::name);
    for spec in list(run.spec, "taskRunSpecs") {
        let Some(wanted) =
            text(spec, "pipelineTaskName").filter(|wanted| !known().any(|known| known == *wanted))
        else {
            continue;
        };
        let place =
            field(spec, "pipelineTaskName").map_or_else(|| head(spec), |node| first_line(&node.place));
        let help = super::name::nearest(wanted, known())
            .map_or("name a task of the pipeline".to_owned(), |near| format!("did you mean `{near}`?"));
        report.say(place, format!("the pipeline has no task `{wanted}`"), help);
    }
}
