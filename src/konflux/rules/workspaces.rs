//! Workspaces: declared by tasks and pipelines, bound by runs.

use super::name::nearest;
use super::report::Report;
use super::view::{PipelineView, RunView, Scope, Stand, Target, TaskView};
use crate::diagnostic::Place;
use crate::konflux::fields::{entry, field, first_line, head, list, name, scalars, text};
use crate::konflux::reference::{place_in, references};
use crate::yaml::Node;

/// What a workspace can be bound to.
const SOURCES: &[&str] =
    &["volumeClaimTemplate", "persistentVolumeClaim", "emptyDir", "configMap", "secret", "projected", "csi"];

pub(super) fn names_differ_in_task(task: &TaskView<'_>, report: &mut Report<'_>) {
    super::steps::twice(list(task.spec, "workspaces"), "workspace", report);
}

pub(super) fn names_differ_in_pipeline(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    super::steps::twice(list(pipeline.spec, "workspaces"), "workspace", report);
    pipeline
        .tasks
        .iter()
        .for_each(|task| super::steps::twice(list(task.node, "workspaces"), "workspace", report));
}

pub(super) fn names_differ_in_run(run: &RunView<'_>, report: &mut Report<'_>) {
    super::steps::twice(list(run.spec, "workspaces"), "workspace", report);
}

pub(super) fn mount_paths_differ(task: &TaskView<'_>, report: &mut Report<'_>) {
    let mounts = task
        .steps()
        .iter()
        .chain(field(task.spec, "stepTemplate"))
        .flat_map(|step| list(step, "volumeMounts"));
    let mut taken: Vec<String> = mounts.filter_map(|mount| text(mount, "mountPath")).map(clean).collect();
    for workspace in list(task.spec, "workspaces") {
        let default = format!("/workspace/{}", name(workspace));
        let path = clean(text(workspace, "mountPath").unwrap_or(&default));
        if taken.contains(&path) {
            let message =
                format!("workspace `{}` is mounted at `{path}`, where something else is", name(workspace));
            report.say(head(workspace), message, "give it another `mountPath`");
        }
        taken.push(path);
    }
}

fn clean(path: &str) -> String {
    crate::diagnostic::normal_path(std::path::Path::new(path)).to_string_lossy().into_owned()
}

pub(super) fn used_in_task_exist(task: &TaskView<'_>, report: &mut Report<'_>) {
    let containers = || task.steps().iter().chain(task.sidecars());
    for usage in containers().flat_map(|step| list(step, "workspaces")) {
        if !list(task.spec, "workspaces").iter().any(|known| name(known) == name(usage)) {
            unknown(&task.scope, name(usage), head(usage), "task", report);
        }
    }
    let entries = task.spec.entries().unwrap_or_default().iter();
    for entry in
        entries.filter(|entry| !matches!(entry.key.as_str(), "description" | "displayName" | "params"))
    {
        scalars(&entry.value, &["description", "displayName"], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                if reference.head() == "workspaces" && !task.scope.has_workspace(reference.name()) {
                    unknown(
                        &task.scope,
                        reference.name(),
                        place_in(scalar, reference.written),
                        "task",
                        report,
                    );
                }
            }
        });
    }
}

pub(super) fn used_in_pipeline_exist(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for binding in pipeline.tasks.iter().flat_map(|task| list(task.node, "workspaces")) {
        let wanted = text(binding, "workspace").filter(|wanted| !wanted.is_empty()).unwrap_or(name(binding));
        if !pipeline.scope.has_workspace(wanted) {
            let place =
                field(binding, "workspace").map_or_else(|| head(binding), |node| first_line(&node.place));
            unknown(&pipeline.scope, wanted, place, "pipeline", report);
        }
    }
}

fn unknown(scope: &Scope<'_>, wanted: &str, place: Place, owner: &str, report: &mut Report<'_>) {
    let near = nearest(wanted, scope.workspace_names());
    let help = near.map_or_else(
        || format!("declare it in `workspaces` of the {owner}"),
        |near| format!("did you mean `{near}`?"),
    );
    report.say(place, format!("workspace `{wanted}` is used and not declared"), help);
}

pub(super) fn tasks_get_theirs(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        let Some(spec) = task.target.spec() else { continue };
        let is_embedded =
            matches!(task.target, Target::Embedded(_)) || field(task.node, "pipelineSpec").is_some();
        let bound = list(task.node, "workspaces");
        for declared in list(spec, "workspaces").iter().filter(|declared| !is_optional(declared)) {
            let is_bound = bound.iter().any(|bound| name(bound) == name(declared))
                || (is_embedded && pipeline.scope.has_workspace(name(declared)));
            if !is_bound {
                let message = format!("task `{}` does not get workspace `{}`", task.name, name(declared));
                let finding = report
                    .finding(message)
                    .at(head(task.node))
                    .related(head(declared), "it is declared here");
                report.add(finding.help(format!("add `- name: {}` to its `workspaces`", name(declared))));
            }
        }
        for binding in bound.iter().filter(|_| !is_embedded) {
            if !list(spec, "workspaces").iter().any(|known| name(known) == name(binding)) {
                let message = format!("task `{}` has no workspace `{}`", task.name, name(binding));
                let near = nearest(name(binding), list(spec, "workspaces").iter().map(name));
                let help = near.map_or("take it out".to_owned(), |near| format!("did you mean `{near}`?"));
                report.say(head(binding), message, help);
            }
        }
    }
}

pub(super) fn run_binds_all(run: &RunView<'_>, report: &mut Report<'_>) {
    let Some(target) = run.target else { return };
    for declared in list(target, "workspaces").iter().filter(|declared| !is_optional(declared)) {
        if !list(run.spec, "workspaces").iter().any(|bound| name(bound) == name(declared)) {
            let place = entry(run.spec, "workspaces")
                .map_or_else(|| run.object.head(), |entry| entry.key_place.clone());
            let message = format!("workspace `{}` of the {} is not bound", name(declared), run.word());
            let finding = report.finding(message).at(place).related(head(declared), "it is declared here");
            report.add(
                finding.help(format!("add `- name: {}` to `workspaces`, with a volume", name(declared))),
            );
        }
    }
    if run.stand == Stand::Alone {
        for bound in list(run.spec, "workspaces") {
            if !list(target, "workspaces").iter().any(|known| name(known) == name(bound)) {
                let message = format!("the {} has no workspace `{}`", run.word(), name(bound));
                let near = nearest(name(bound), list(target, "workspaces").iter().map(name));
                let help = near.map_or("take it out".to_owned(), |near| format!("did you mean `{near}`?"));
                report.say(head(bound), message, help);
            }
        }
    }
}

fn is_optional(declared: &Node) -> bool {
    field(declared, "optional").and_then(Node::boolean) == Some(true)
}

pub(super) fn bindings_have_one_source(run: &RunView<'_>, report: &mut Report<'_>) {
    for binding in list(run.spec, "workspaces") {
        let sources: Vec<&str> =
            SOURCES.iter().copied().filter(|source| field(binding, source).is_some()).collect();
        match sources.as_slice() {
            [] => {
                let message = format!("workspace `{}` is bound to nothing", name(binding));
                report.say(head(binding), message, format!("bind it to one of `{}`", SOURCES.join("`, `")));
            }
            [_] => source_is_complete(binding, sources[0], report),
            [_, second, ..] => {
                let place =
                    entry(binding, second).map_or_else(|| head(binding), |entry| entry.key_place.clone());
                let message =
                    format!("workspace `{}` is bound to `{}`", name(binding), sources.join("` and `"));
                report.say(place, message, "keep one of them");
            }
        }
    }
}

fn source_is_complete(binding: &Node, source: &str, report: &mut Report<'_>) {
    let needed = match source {
        "persistentVolumeClaim" => "claimName",
        "configMap" => "name",
        "secret" => "secretName",
        "csi" => "driver",
        _ => return,
    };
    let has =
        field(binding, source).is_some_and(|node| text(node, needed).is_some_and(|text| !text.is_empty()));
    if !has {
        let place = entry(binding, source).map_or_else(|| head(binding), |entry| entry.key_place.clone());
        let message = format!("`{source}` of workspace `{}` has no `{needed}`", name(binding));
        report.say(place, message, format!("add `{needed}`"));
    }
}
