//! Names that only few may be: kinds, resolvers, placeholders.

use super::name::nearest;
use super::report::Report;
use super::view::{PipelineView, RunView, TaskView};
use crate::konflux::fields::{field, first_line, list, scalars};
use crate::konflux::object::Object;
use crate::konflux::placeholder::placeholders;
use crate::konflux::reference::place_in;
use crate::yaml::Node;

/// The kinds of the groups that meet in a `.tekton` folder and in a tenant's repository.
const KINDS: [(&str, &[&str]); 4] = [
    (
        "tekton.dev",
        &[
            "Task",
            "ClusterTask",
            "TaskRun",
            "Pipeline",
            "PipelineRun",
            "StepAction",
            "Run",
            "CustomRun",
            "VerificationPolicy",
            "PipelineResource",
        ],
    ),
    ("pipelinesascode.tekton.dev", &["Repository"]),
    (
        "appstudio.redhat.com",
        &[
            "Application",
            "Component",
            "ComponentDetectionQuery",
            "ComponentGroup",
            "Snapshot",
            "SnapshotEnvironmentBinding",
            "Environment",
            "ImageRepository",
            "IntegrationTestScenario",
            "Release",
            "ReleasePlan",
            "ReleasePlanAdmission",
            "ReleaseServiceConfig",
            "EnterpriseContractPolicy",
            "InternalRequest",
        ],
    ),
    ("projctl.konflux.dev", &["Project", "ProjectDevelopmentStream", "ProjectDevelopmentStreamTemplate"]),
];

/// Resolvers that Tekton brings.
const RESOLVERS: [&str; 5] = ["bundles", "git", "hub", "http", "cluster"];

/// What a resolver takes: what it cannot do without, and what it may be given.
const RESOLVER_PARAMETERS: [(&str, &[&str], &[&str]); 5] = [
    ("bundles", &["bundle", "name"], &["kind", "serviceAccount", "secret", "cache"]),
    (
        "git",
        &["pathInRepo"],
        &[
            "url",
            "repo",
            "org",
            "revision",
            "token",
            "tokenKey",
            "gitToken",
            "gitTokenKey",
            "scmType",
            "serverURL",
            "configKey",
            "cache",
        ],
    ),
    ("hub", &["name", "version"], &["catalog", "type", "kind", "url"]),
    ("http", &["url"], &["http-username", "http-password-secret", "http-password-secret-key", "digest"]),
    ("cluster", &["name"], &["kind", "namespace"]),
];

/// What Pipelines-as-Code puts values in place of.
const PLACEHOLDERS: [&str; 22] = [
    "body",
    "event",
    "event_title",
    "event_type",
    "files",
    "git_auth_secret",
    "git_tag",
    "headers",
    "pull_request_labels",
    "pull_request_number",
    "repo_name",
    "repo_owner",
    "repo_url",
    "revision",
    "sender",
    "source_branch",
    "source_url",
    "target_branch",
    "target_namespace",
    "target_url",
    "trigger_comment",
    "cel",
];

pub(super) fn kind_is_spelt_right(object: &Object<'_>, report: &mut Report<'_>) {
    let of_group = KINDS.iter().find(|(group, _)| *group == object.group);
    let is_kind = |kinds: &[&str], kind: &str| kinds.contains(&kind);
    match of_group {
        Some((_, kinds)) if !is_kind(kinds, object.kind) => {
            let lower = object.kind.to_lowercase();
            let same = kinds.iter().copied().find(|kind| kind.to_lowercase() == lower);
            if let Some(near) = same.or_else(|| nearest(object.kind, kinds.iter().copied())) {
                let message = format!("`{}` has no kind `{}`", object.group, object.kind);
                report.say(place(object, "kind"), message, format!("did you mean `{near}`?"));
            }
        }
        // Kubernetes has Jobs and Pods without a group, and no kind of these names.
        None => {
            let Some((group, _)) = KINDS.iter().find(|(_, kinds)| is_kind(kinds, object.kind)) else {
                return;
            };
            if object.group.is_empty() || nearest(object.group, [*group]).is_some() {
                let written = field(object.node, "apiVersion").and_then(Node::text).unwrap_or_default();
                let message = format!("`{written}` has no kind `{}`", object.kind);
                report.say(
                    place(object, "apiVersion"),
                    message,
                    format!("did you mean the group `{group}`?"),
                );
            }
        }
        Some(_) => {}
    }
}

fn place(object: &Object<'_>, key: &str) -> crate::diagnostic::Place {
    field(object.node, key).map_or_else(|| object.head(), |node| first_line(&node.place))
}

pub(super) fn resolvers_of_tasks_get_theirs(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        ["taskRef", "pipelineRef"]
            .iter()
            .for_each(|key| resolver_gets_its_own(field(task.node, key), report));
    }
}

pub(super) fn resolvers_of_steps_get_theirs(task: &TaskView<'_>, report: &mut Report<'_>) {
    task.steps().iter().for_each(|step| resolver_gets_its_own(field(step, "ref"), report));
}

pub(super) fn resolver_of_run_gets_its_own(run: &RunView<'_>, report: &mut Report<'_>) {
    ["taskRef", "pipelineRef"].iter().for_each(|key| resolver_gets_its_own(field(run.spec, key), report));
}

fn resolver_gets_its_own(reference: Option<&Node>, report: &mut Report<'_>) {
    let Some(reference) = reference else { return };
    let Some(resolver) = field(reference, "resolver") else { return };
    let word = resolver.text().unwrap_or_default();
    let Some((_, needed, others)) = RESOLVER_PARAMETERS.iter().find(|(name, ..)| *name == word) else {
        return;
    };
    let names: Vec<(&Node, &str)> = list(reference, "params")
        .iter()
        .filter_map(|parameter| field(parameter, "name"))
        .filter_map(|name| Some((name, name.text()?)))
        .collect();
    let is_given = |needed: &str| names.iter().any(|(_, name)| *name == needed);
    for (node, name) in &names {
        let near = nearest(name, needed.iter().chain(*others).copied()).filter(|near| !is_given(near));
        if let Some(near) =
            near.filter(|near| near != name && !needed.contains(name) && !others.contains(name))
        {
            let message = format!("the resolver `{word}` takes no parameter `{name}`");
            report.say(first_line(&node.place), message, format!("did you mean `{near}`?"));
        }
    }
    let missing: Vec<&str> = needed.iter().copied().filter(|needed| !is_given(needed)).collect();
    if !missing.is_empty() {
        let message = format!("the resolver `{word}` does not get `{}`", missing.join("`, `"));
        report.say(first_line(&resolver.place), message, "give it under `params`".to_owned());
    }
}

pub(super) fn resolvers_of_tasks(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        ["taskRef", "pipelineRef"].iter().for_each(|key| resolver_is_known(field(task.node, key), report));
    }
}

pub(super) fn resolvers_of_steps(task: &TaskView<'_>, report: &mut Report<'_>) {
    task.steps().iter().for_each(|step| resolver_is_known(field(step, "ref"), report));
}

pub(super) fn resolver_of_run(run: &RunView<'_>, report: &mut Report<'_>) {
    ["taskRef", "pipelineRef"].iter().for_each(|key| resolver_is_known(field(run.spec, key), report));
}

fn resolver_is_known(reference: Option<&Node>, report: &mut Report<'_>) {
    let Some(resolver) = reference.and_then(|reference| field(reference, "resolver")) else { return };
    let word = resolver.text().unwrap_or_default();
    if RESOLVERS.contains(&word) || word.contains("$(") || word.contains("{{") {
        return;
    }
    let help = nearest(word, RESOLVERS).map_or_else(
        || {
            format!(
                "Tekton brings `{}`; another one must be installed on the cluster",
                RESOLVERS.join("`, `")
            )
        },
        |near| format!("did you mean `{near}`?"),
    );
    report.say(first_line(&resolver.place), format!("Tekton brings no resolver `{word}`"), help);
}

/// Says which placeholders are nearly one that Pipelines-as-Code knows; others may be a Repository's own.
pub(super) fn placeholders_are_spelt_right(object: &Object<'_>, report: &mut Report<'_>) {
    if object.group != "tekton.dev" {
        return;
    }
    scalars(object.node, &[], &mut |scalar| {
        for (written, name) in placeholders(scalar.text().unwrap_or_default()) {
            let near = nearest(name, PLACEHOLDERS).filter(|near| !near.eq(&name) && is_near(name, near));
            if let Some(near) = near.filter(|_| !PLACEHOLDERS.contains(&name)) {
                let message = format!("Pipelines-as-Code has no placeholder `{written}`");
                report.say(place_in(scalar, written), message, format!("did you mean `{{{{{near}}}}}`?"));
            }
        }
    });
}

/// Returns whether names differ by a slip of the hand: parameters of a Repository may have similar names.
fn is_near(name: &str, near: &str) -> bool {
    strsim::damerau_levenshtein(name, near) <= 2
}
