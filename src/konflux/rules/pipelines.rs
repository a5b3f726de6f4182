//! The tasks of a pipeline, and what stands between them.

use std::collections::BTreeSet;

use super::name::{label_problem, qualified_problem};
use super::report::Report;
use super::steps::{duration, unknown_context};
use super::view::{PipelineTask, PipelineView, TaskView};
use crate::konflux::fields::{entry, field, first_line, head, list, scalars, text};
use crate::konflux::placeholder::is_template;
use crate::konflux::reference::{place_in, references};
use crate::yaml::Node;

/// The first names of variables that a pipeline knows.
const HEADS: &[&str] = &["params", "tasks", "finally", "context", "workspaces", "results"];

pub(super) fn pipeline_has_tasks(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    if pipeline.tasks.iter().all(|task| task.is_final) {
        let place = entry(pipeline.spec, "finally")
            .map_or_else(|| first_line(&pipeline.spec.place), |entry| entry.key_place.clone());
        let message = if pipeline.tasks.is_empty() {
            "the pipeline has no tasks"
        } else {
            "the pipeline has tasks in `finally` alone"
        };
        report.say(place, message, "give it at least one task in `tasks`");
    }
}

pub(super) fn task_names(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        if let Some(problem) = label_problem(task.name) {
            let message = if task.name.is_empty() {
                "a task has no name".to_owned()
            } else {
                format!("task name `{}` {problem}", task.name)
            };
            report.say(
                head(task.node),
                message,
                "write small letters, digits and dashes, as in `build-image`",
            );
        }
    }
}

pub(super) fn task_names_differ(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in pipeline.tasks.iter().filter(|task| !task.name.is_empty()) {
        if let Some(first) = pipeline.task(task.name).filter(|first| !std::ptr::eq(first.node, task.node)) {
            let finding = report.finding(format!("two tasks are called `{}`", task.name));
            let finding = finding.at(head(task.node)).related(head(first.node), "the first of them");
            report.add(finding.help("give each a name of its own; `tasks` and `finally` share their names"));
        }
    }
}

pub(super) fn task_says_what_it_runs(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    const KINDS: &[&str] = &["taskRef", "taskSpec", "pipelineRef", "pipelineSpec"];
    for task in &pipeline.tasks {
        let found: Vec<&str> =
            KINDS.iter().copied().filter(|kind| field(task.node, kind).is_some()).collect();
        if found.is_empty() {
            let message = format!("task `{}` does not say what it runs", task.name);
            report.say(head(task.node), message, "add `taskRef` or `taskSpec`");
        } else if found.len() > 1 {
            let message = format!("task `{}` has `{}`", task.name, found.join("` and `"));
            report.say(head(task.node), message, "keep one of them");
        }
    }
}

pub(super) fn references_are_complete(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        for key in ["taskRef", "pipelineRef"] {
            if let Some(reference) = entry(task.node, key) {
                reference_is_complete(&reference.value, &reference.key_place, report);
            }
        }
    }
}

pub(super) fn step_references_are_complete(task: &TaskView<'_>, report: &mut Report<'_>) {
    for reference in task.steps().iter().filter_map(|step| entry(step, "ref")) {
        reference_is_complete(&reference.value, &reference.key_place, report);
    }
}

/// Says what is missing in a reference by name or by resolver.
pub(super) fn reference_is_complete(
    reference: &Node,
    key: &crate::diagnostic::Place,
    report: &mut Report<'_>,
) {
    let (resolver, params) = (field(reference, "resolver"), entry(reference, "params"));
    let named = field(reference, "name");
    match (resolver, params, named) {
        (None, Some(params), _) => {
            let help = "say which resolver takes them: `resolver: bundles`, `git`, `hub` or `cluster`";
            report.say(params.key_place.clone(), "a reference has `params` and no resolver", help);
        }
        (Some(_), _, Some(named)) if !named.text().unwrap_or_default().contains("://") => {
            let help = "with a resolver, the name is one of its `params`";
            report.say(first_line(&named.place), "a reference has a name and a resolver", help);
        }
        (None, None, Some(named)) => {
            let name = named.text().unwrap_or_default();
            let is_open = name.contains("$(") || is_template(name);
            if let Some(problem) = qualified_problem(name, true).filter(|_| !is_open) {
                let message = format!("the name `{name}` of a reference {problem}");
                report.say(first_line(&named.place), message, "write the name of an object on the cluster");
            }
        }
        (None, None, None) if field(reference, "bundle").is_none() => {
            report.say(
                key.clone(),
                "a reference names nothing",
                "add `name`, or `resolver` with its `params`",
            );
        }
        _ => {}
    }
}

pub(super) fn custom_tasks_are_complete(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        for key in ["taskRef", "taskSpec"] {
            let Some(node) = field(task.node, key) else { continue };
            let (api, kind) = (field(node, "apiVersion"), text(node, "kind"));
            let is_custom = api.is_some() || kind.is_some_and(|kind| kind != "Task");
            if key == "taskSpec" && !list(node, "steps").is_empty() {
                if let Some(extra) = entry(node, "apiVersion").or_else(|| entry(node, "kind")) {
                    let message = format!("a task with steps has `{}`", extra.key);
                    report.say(extra.key_place.clone(), message, "take it out: only custom tasks have one");
                }
            } else if is_custom {
                custom_task(node, api, kind, report);
            }
        }
    }
}

fn custom_task(node: &Node, api: Option<&Node>, kind: Option<&str>, report: &mut Report<'_>) {
    let is_version = |text: &str| {
        text.split_once('/').is_some_and(|(group, version)| {
            !group.is_empty() && !version.is_empty() && !version.contains('/')
        })
    };
    match (api, kind) {
        (None, Some("ClusterTask")) => {
            let help = "use `resolver: cluster` with the parameters `kind`, `name` and `namespace`";
            report.say(head(node), "ClusterTask is gone from Tekton", help);
        }
        (None, _) => report.say(
            head(node),
            "a custom task has no `apiVersion`",
            "add its `apiVersion`, as `group/version`",
        ),
        (Some(api), _) if !api.text().is_some_and(is_version) => {
            let message = format!("`{}` is no `apiVersion` of a custom task", api.text().unwrap_or_default());
            report.say(first_line(&api.place), message, "write it as `group/version`");
        }
        (Some(api), None) => {
            report.say(first_line(&api.place), "a custom task has no `kind`", "add its `kind`")
        }
        _ => {}
    }
}

pub(super) fn on_error(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let Some(value) = field(task.node, "onError") else { continue };
        let word = value.text().unwrap_or_default();
        let is_known =
            matches!(word, "continue" | "stopAndFail") || word.starts_with("$(params") || is_template(word);
        if !is_known {
            let message = format!("`{word}` is no `onError` of a task");
            report.say(first_line(&value.place), message, "write `continue` or `stopAndFail`");
        }
        let retries = text(task.node, "retries").and_then(|text| text.parse().ok()).unwrap_or(0);
        if word == "continue" && retries > 0 {
            let message = format!("task `{}` goes on after an error, and is tried again", task.name);
            report.say(first_line(&value.place), message, "take `retries` or `onError: continue` out");
        }
    }
}

pub(super) fn final_tasks(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in pipeline.tasks.iter().filter(|task| task.is_final) {
        if let Some(after) = entry(task.node, "runAfter").filter(|_| !list(task.node, "runAfter").is_empty())
        {
            let message = format!("task `{}` of `finally` has `runAfter`", task.name);
            report.say(
                after.key_place.clone(),
                message,
                "tasks in `finally` run beside each other, after all others: take it out",
            );
        }
    }
    super::results::each_use(pipeline, &mut |user, scalar, reference, task, _| {
        let is_final = pipeline.task(task).is_some_and(|task| task.is_final);
        if user.is_final && is_final {
            let message = format!("`{}` names a task of `finally`", reference.written);
            report.say(
                place_in(scalar, reference.written),
                message,
                "tasks in `finally` run at the same time: use results of `tasks`",
            );
        } else if is_final && reference.head() == "tasks" {
            let message = format!("`{}` names a task of `finally`", reference.written);
            report.say(
                place_in(scalar, reference.written),
                message,
                "it runs after all others: use a task of `tasks`",
            );
        }
    });
}

pub(super) fn statuses(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_variable(task, &mut |scalar, written, names| match names {
            ["tasks", "status"] | ["tasks", _, "status" | "reason"] if !task.is_final => {
                let message = format!("`{written}` stands in a task that is not in `finally`");
                report.say(
                    place_in(scalar, written),
                    message,
                    "how tasks ended is only known in `finally`: move the task there",
                );
            }
            ["tasks", wanted, "status" | "reason"]
                if pipeline.task(wanted).is_none_or(|task| task.is_final) =>
            {
                let message = format!("`{written}` names task `{wanted}`, which the pipeline does not have");
                report.say(place_in(scalar, written), message, "name a task of `tasks`");
            }
            _ => {}
        });
    }
}

/// Calls a function with each variable in a task's parameters, matrix and conditions.
fn each_variable<'a>(task: &PipelineTask<'a>, take: &mut impl FnMut(&'a Node, &'a str, &[&'a str])) {
    for node in ["params", "matrix", "when"].into_iter().filter_map(|key| field(task.node, key)) {
        scalars(node, &["name"], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                take(scalar, reference.written, &reference.names);
            }
        });
    }
}

pub(super) fn variables_have_a_head(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_variable(task, &mut |scalar, written, names| {
            if !names.first().is_some_and(|head| HEADS.contains(head)) {
                let message = format!("`{written}` is no variable of a pipeline");
                let help =
                    format!("begin with one of `{}`; a shell's variable is `${{NAME}}`", HEADS.join("`, `"));
                report.say(place_in(scalar, written), message, help);
            }
        });
    }
}

pub(super) fn context_variables(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        each_variable(task, &mut |scalar, written, names| {
            let known: &[&str] = match names {
                ["context", "pipelineRun", ..] => &["name", "namespace", "uid"],
                ["context", "pipeline", ..] => &["name"],
                ["context", "pipelineTask", ..] => &["retries"],
                _ => return,
            };
            if !names.get(2).is_some_and(|name| known.contains(name)) {
                unknown_context(scalar, written, known, report);
            }
        });
    }
}

pub(super) fn conditions(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    pipeline.tasks.iter().for_each(|task| conditions_of(task.node, report));
}

pub(super) fn step_conditions(task: &TaskView<'_>, report: &mut Report<'_>) {
    task.steps().iter().for_each(|step| conditions_of(step, report));
}

fn conditions_of(node: &Node, report: &mut Report<'_>) {
    for condition in list(node, "when") {
        let has = |key: &str| field(condition, key).is_some();
        if has("cel") {
            if let Some(extra) =
                ["input", "operator", "values"].into_iter().find_map(|key| entry(condition, key))
            {
                let message = format!("a condition has `cel` and `{}`", extra.key);
                report.say(extra.key_place.clone(), message, "keep one of the two ways");
            }
            continue;
        }
        let operator = field(condition, "operator");
        let word = operator.and_then(Node::text).unwrap_or_default();
        if !matches!(word, "in" | "notin") {
            let place = operator.map_or_else(|| first_line(&condition.place), |node| first_line(&node.place));
            let message = if word.is_empty() {
                "a condition has no operator".to_owned()
            } else {
                format!("`{word}` is no operator of a condition")
            };
            report.say(place, message, "write `operator: in` or `operator: notin`");
        }
        if field(condition, "values")
            .is_none_or(|values| values.text().is_none() && list(condition, "values").is_empty())
        {
            report.say(
                first_line(&condition.place),
                "a condition has no values",
                "list what the input is compared with in `values`",
            );
        }
    }
}

pub(super) fn template_versions(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let version = field(task.node, "taskRef").and_then(|reference| entry(reference, "version"));
        if let Some(version) = version {
            let message = format!("`version` of task `{}` is nothing that Tekton knows", task.name);
            report.say(
                version.key_place.clone(),
                message,
                "Konflux's own build replaces it by a bundle: write `resolver: bundles` with the bundle's digest before you apply the file",
            );
        }
    }
}

pub(super) fn needs_features(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        for key in ["pipelineRef", "pipelineSpec"] {
            if let Some(found) = entry(task.node, key) {
                feature(found.key_place.clone(), key, "enable-api-fields: alpha", report);
            }
        }
        for condition in list(task.node, "when").iter().filter_map(|when| entry(when, "cel")) {
            feature(condition.key_place.clone(), "cel", "enable-cel-in-whenexpression", report);
        }
    }
    for choices in list(pipeline.spec, "params").iter().filter_map(|parameter| entry(parameter, "enum")) {
        feature(choices.key_place.clone(), "enum", "enable-param-enum", report);
    }
}

pub(super) fn task_needs_features(task: &TaskView<'_>, report: &mut Report<'_>) {
    for choices in list(task.spec, "params").iter().filter_map(|parameter| entry(parameter, "enum")) {
        feature(choices.key_place.clone(), "enum", "enable-param-enum", report);
    }
    for step in task.steps() {
        for key in ["stdoutConfig", "stderrConfig"] {
            if let Some(found) = entry(step, key) {
                feature(found.key_place.clone(), key, "enable-api-fields: alpha", report);
            }
        }
        let mut told = BTreeSet::new();
        scalars(step, &[], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                let is_artifact = matches!(
                    reference.names.as_slice(),
                    ["artifacts" | "outputs" | "inputs", ..]
                        | ["steps" | "tasks", _, "outputs" | "inputs", ..]
                        | ["step", "artifacts", ..]
                );
                if is_artifact && told.insert(scalar.place.span.start) {
                    feature(
                        place_in(scalar, reference.written),
                        reference.written,
                        "enable-artifacts",
                        report,
                    );
                }
            }
        });
    }
}

fn feature(place: crate::diagnostic::Place, what: &str, flag: &str, report: &mut Report<'_>) {
    let message = format!("`{what}` needs the feature flag `{flag}`");
    report.say(place, message, "a cluster with Tekton's defaults refuses it: ask its owners, or do without");
}

pub(super) fn timeouts_are_durations(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    pipeline
        .tasks
        .iter()
        .filter_map(|task| field(task.node, "timeout"))
        .for_each(|node| duration(node, report));
}

pub(super) fn retries_are_counts(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for retries in pipeline.tasks.iter().filter_map(|task| field(task.node, "retries")) {
        if retries.text().and_then(|text| text.parse::<i64>().ok()).is_some_and(|count| count < 0) {
            report.say(
                first_line(&retries.place),
                "`retries` is less than nothing",
                "write a count of 0 or more",
            );
        }
    }
}
