//! Results: declared by tasks, used by others.

use super::name::{is_result_name, nearest};
use super::report::Report;
use super::view::{ActionView, PipelineTask, PipelineView, RunView, TaskView};
use crate::konflux::fields::{field, first_line, head, list, name, scalars, text};
use crate::konflux::reference::{Reference, place_in, references};
use crate::yaml::Node;

/// Fields of a pipeline's task that are looked at elsewhere, or are prose.
const APART: &[&str] = &["description", "displayName", "name", "taskSpec", "pipelineSpec"];

pub(super) fn names(task: &TaskView<'_>, report: &mut Report<'_>) {
    names_of(task.spec, report);
    task.steps().iter().for_each(|step| names_of(step, report));
}

pub(super) fn names_of_action(action: &ActionView<'_>, report: &mut Report<'_>) {
    names_of(action.spec, report);
}

fn names_of(owner: &Node, report: &mut Report<'_>) {
    super::steps::twice(list(owner, "results"), "result", report);
    for result in list(owner, "results") {
        if !is_result_name(name(result)) {
            let message = format!("`{}` cannot be the name of a result", name(result));
            report.say(
                head(result),
                message,
                "write letters, digits, `-`, `_` and points; begin and end with a letter or digit",
            );
        }
    }
}

pub(super) fn types(task: &TaskView<'_>, report: &mut Report<'_>) {
    types_of(task.spec, report);
    task.steps().iter().for_each(|step| types_of(step, report));
}

pub(super) fn types_of_action(action: &ActionView<'_>, report: &mut Report<'_>) {
    types_of(action.spec, report);
}

fn types_of(owner: &Node, report: &mut Report<'_>) {
    for result in list(owner, "results") {
        let kind = text(result, "type").unwrap_or("string");
        if !matches!(kind, "string" | "array" | "object") {
            let place = field(result, "type").map_or_else(|| head(result), |node| first_line(&node.place));
            report.say(
                place,
                format!("`{kind}` is no type of a result"),
                "write `string`, `array` or `object`",
            );
        } else if kind == "object" && field(result, "properties").is_none() {
            let message = format!("object result `{}` has no properties", name(result));
            report.say(head(result), message, "list its keys in `properties`, each with `{type: string}`");
        }
    }
}

pub(super) fn values_come_from_steps(task: &TaskView<'_>, report: &mut Report<'_>) {
    for result in list(task.spec, "results") {
        let Some(value) = field(result, "value") else { continue };
        let written = value.text().unwrap_or_default();
        let of_step = references(written).find_map(|reference| match reference.names.as_slice() {
            ["steps", step, "results", wanted, ..] => Some((*step, *wanted)),
            _ => None,
        });
        let step = |wanted: &str| task.steps().iter().find(|known| name(known) == wanted);
        match of_step {
            None if !written.is_empty() => {
                let message = format!("the value of result `{}` names no result of a step", name(result));
                report.say(first_line(&value.place), message, "write `$(steps.STEP.results.RESULT)`");
            }
            Some((wanted, _)) if step(wanted).is_none() => {
                let message =
                    format!("result `{}` comes from step `{wanted}`, which does not exist", name(result));
                let near = nearest(wanted, task.steps().iter().map(name));
                let help = near
                    .map_or("name a step of the task".to_owned(), |near| format!("did you mean `{near}`?"));
                report.say(first_line(&value.place), message, help);
            }
            Some((wanted, result)) => {
                let problem = step(wanted).and_then(|step| not_declared(step, wanted, result));
                if let Some((message, help)) = problem {
                    report.say(first_line(&value.place), message, help);
                }
            }
            None => {}
        }
    }
}

pub(super) fn written_are_declared(task: &TaskView<'_>, report: &mut Report<'_>) {
    let of_task: Vec<&str> = list(task.spec, "results").iter().map(name).collect();
    for step in task.steps() {
        paths_exist(step, "results", &of_task, "task", report);
        // What a StepAction writes is its own.
        if field(step, "ref").is_none() {
            let of_step: Vec<&str> = list(step, "results").iter().map(name).collect();
            paths_exist(step, "step.results", &of_step, "step", report);
        }
    }
}

pub(super) fn written_by_action_are_declared(action: &ActionView<'_>, report: &mut Report<'_>) {
    let known: Vec<&str> = list(action.spec, "results").iter().map(name).collect();
    paths_exist(action.spec, "results", &known, "step action", report);
    paths_exist(action.spec, "step.results", &known, "step action", report);
}

/// Says which results a container writes that nobody declares.
fn paths_exist(container: &Node, prefix: &str, known: &[&str], owner: &str, report: &mut Report<'_>) {
    for node in ["script", "command", "args", "env"].into_iter().filter_map(|key| field(container, key)) {
        scalars(node, &["name"], &mut |scalar| path_exists(scalar, prefix, known, owner, report));
    }
}

fn path_exists(scalar: &Node, prefix: &str, known: &[&str], owner: &str, report: &mut Report<'_>) {
    for reference in references(scalar.text().unwrap_or_default()) {
        let wanted = match (prefix, reference.names.as_slice()) {
            ("results", ["results", wanted, ..]) | ("step.results", ["step", "results", wanted, ..]) => {
                wanted
            }
            _ => continue,
        };
        if !known.contains(wanted) {
            let help = nearest(wanted, known.iter().copied()).map_or_else(
                || format!("declare it in `results` of the {owner}"),
                |near| format!("did you mean `{near}`?"),
            );
            report.say(
                place_in(scalar, reference.written),
                format!("result `{wanted}` is written and not declared"),
                help,
            );
        }
    }
}

/// Looks at what steps use of steps before them.
pub(super) fn of_steps_are_declared(task: &TaskView<'_>, report: &mut Report<'_>) {
    for (index, step) in task.steps().iter().enumerate() {
        let before = &task.steps()[..index];
        for node in STEP_RESULTS.iter().filter_map(|key| field(step, key)) {
            scalars(node, &["name"], &mut |scalar| {
                for reference in references(scalar.text().unwrap_or_default()) {
                    if let ["steps", wanted, "results", result, ..] = reference.names.as_slice() {
                        let problem = of_step(before, task.steps(), wanted, result);
                        if let Some((message, help)) = problem {
                            report.say(place_in(scalar, reference.written), message, help);
                        }
                    }
                }
            });
        }
    }
}

/// Where a step may have a result of another one.
const STEP_RESULTS: [&str; 5] = ["args", "command", "env", "when", "params"];

/// Returns what is wrong with a result of a step: no such step, a later one, or one that declares no such result.
fn of_step(before: &[Node], all: &[Node], wanted: &str, result: &str) -> Option<(String, String)> {
    let Some(step) = before.iter().find(|step| name(step) == wanted) else {
        if all.iter().any(|step| name(step) == wanted) {
            let message = format!("step `{wanted}` has not run then, and its result `{result}` is not known");
            return Some((message, "use results of steps before it".to_owned()));
        }
        let near = nearest(wanted, before.iter().map(name));
        let help = near.map_or("name a step before it that declares the result".to_owned(), |near| {
            format!("did you mean `{near}`?")
        });
        return Some((format!("the task has no step `{wanted}`"), help));
    };
    not_declared(step, wanted, result)
}

/// Returns what is wrong with a result of a step that does not declare it. What a StepAction gives is its own.
fn not_declared(step: &Node, wanted: &str, result: &str) -> Option<(String, String)> {
    let known = || list(step, "results").iter().map(name);
    if field(step, "ref").is_some() || known().any(|known| known == result) {
        return None;
    }
    let help = nearest(result, known()).map_or_else(
        || format!("declare it in `results` of the step `{wanted}`"),
        |near| format!("did you mean `{near}`?"),
    );
    Some((format!("step `{wanted}` gives no result `{result}`"), help))
}

/// Calls a function with each result of a task that another task of the pipeline uses.
pub(super) fn each_use<'a>(
    pipeline: &PipelineView<'a>,
    take: &mut impl FnMut(&PipelineTask<'a>, &'a Node, &Reference<'a>, &'a str, &'a str),
) {
    for user in &pipeline.tasks {
        scalars(user.node, APART, &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                if let Some((task, result)) = reference.task_result() {
                    take(user, scalar, &reference, task, result);
                }
            }
        });
    }
}

pub(super) fn used_come_from_a_task(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    each_use(pipeline, &mut |_, scalar, reference, task, _| {
        if pipeline.task(task).is_none() {
            no_such_task(pipeline, scalar, reference.written, task, report);
        }
    });
    each_pipeline_result(pipeline, &mut |value, reference, task, _| {
        if pipeline.task(task).is_none() {
            no_such_task(pipeline, value, reference.written, task, report);
        }
    });
}

fn no_such_task(
    pipeline: &PipelineView<'_>,
    scalar: &Node,
    written: &str,
    task: &str,
    report: &mut Report<'_>,
) {
    let near = nearest(task, pipeline.tasks.iter().map(|task| task.name));
    let help =
        near.map_or("name a task of the pipeline".to_owned(), |near| format!("did you mean `{near}`?"));
    report.say(
        place_in(scalar, written),
        format!("`{written}` names task `{task}`, which the pipeline does not have"),
        help,
    );
}

pub(super) fn used_are_declared(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    each_use(pipeline, &mut |_, scalar, reference, task, result| {
        given_by_task(pipeline, scalar, reference.written, task, result, report);
    });
    each_pipeline_result(pipeline, &mut |value, reference, task, result| {
        given_by_task(pipeline, value, reference.written, task, result, report);
    });
}

fn given_by_task(
    pipeline: &PipelineView<'_>,
    scalar: &Node,
    written: &str,
    task: &str,
    result: &str,
    report: &mut Report<'_>,
) {
    let Some(spec) = pipeline.task(task).and_then(|task| task.target.spec()) else { return };
    let known = || list(spec, "results").iter().map(name);
    if known().any(|known| known == result) {
        return;
    }
    let help = nearest(result, known()).map_or_else(
        || format!("declare it in `results` of the task `{task}`"),
        |near| format!("did you mean `{near}`?"),
    );
    report.say(place_in(scalar, written), format!("task `{task}` gives no result `{result}`"), help);
}

fn each_pipeline_result<'a>(
    pipeline: &PipelineView<'a>,
    take: &mut impl FnMut(&'a Node, &Reference<'a>, &'a str, &'a str),
) {
    for value in list(pipeline.spec, "results").iter().filter_map(|result| field(result, "value")) {
        scalars(value, &[], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                if let Some((task, result)) = reference.task_result() {
                    take(scalar, &reference, task, result);
                }
            }
        });
    }
}

pub(super) fn pipeline_results_come_from_tasks(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for result in list(pipeline.spec, "results") {
        let Some(value) = field(result, "value") else { continue };
        let mut comes_from_task = false;
        scalars(value, &[], &mut |scalar| {
            let text = scalar.text().unwrap_or_default();
            comes_from_task |= references(text).any(|reference| reference.task_result().is_some());
        });
        if !comes_from_task {
            let message = format!("result `{}` of the pipeline comes from no task", name(result));
            report.say(first_line(&value.place), message, "write `$(tasks.TASK.results.RESULT)`");
        }
    }
}

pub(super) fn none_of_child_pipelines(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    each_use(pipeline, &mut |_, scalar, reference, task, _| {
        let is_pipeline = |task: &PipelineTask<'_>| {
            field(task.node, "pipelineRef").or_else(|| field(task.node, "pipelineSpec")).is_some()
        };
        if pipeline.task(task).is_some_and(is_pipeline) {
            let message =
                format!("`{}` names a result of the pipeline that `{task}` runs", reference.written);
            report.say(
                place_in(scalar, reference.written),
                message,
                "Tekton does not hand results of inner pipelines on yet",
            );
        }
    });
}

pub(super) fn none_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    for given in list(run.spec, "params") {
        scalars(given, &["name"], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                if reference.task_result().is_some() {
                    let message = format!("`{}` stands in a parameter of the run", reference.written);
                    report.say(
                        place_in(scalar, reference.written),
                        message,
                        "no task has run then: use it in the pipeline",
                    );
                }
            }
        });
    }
}
