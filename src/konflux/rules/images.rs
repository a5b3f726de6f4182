//! Images and bundles: pinned, kept for a while, and not where production lies.

use super::report::Report;
use super::view::{ActionView, PipelineView, RunView, TaskView};
use crate::konflux::fields::{at, field, first_line, head, list, name, text};
use crate::konflux::object::Object;
use crate::konflux::placeholder::is_template;
use crate::yaml::Node;

pub(super) fn steps_are_pinned(task: &TaskView<'_>, report: &mut Report<'_>) {
    let template = field(task.spec, "stepTemplate");
    for container in task.steps().iter().chain(task.sidecars()).chain(template) {
        if let Some(image) = field(container, "image") {
            image_is_pinned(image, report);
        }
    }
}

pub(super) fn action_is_pinned(action: &ActionView<'_>, report: &mut Report<'_>) {
    if let Some(image) = field(action.spec, "image") {
        image_is_pinned(image, report);
    }
}

fn image_is_pinned(image: &Node, report: &mut Report<'_>) {
    let written = image.text().unwrap_or_default();
    if is_open(written) {
        return;
    }
    let message = format!("image `{written}` has no digest");
    let help = format!(
        "what a tag means changes: `skopeo inspect --format '{{{{.Digest}}}}' docker://{written}` tells the digest, write `{written}@sha256:…`"
    );
    report.say(first_line(&image.place), message, help);
}

/// Returns whether a name is pinned by a digest, or only known when it is used.
fn is_open(written: &str) -> bool {
    written.is_empty() || written.contains("@sha256:") || written.contains("$(") || is_template(written)
}

pub(super) fn bundles_of_tasks_are_pinned(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for task in &pipeline.tasks {
        ["taskRef", "pipelineRef"]
            .into_iter()
            .filter_map(|key| field(task.node, key))
            .for_each(|node| bundle_is_pinned(node, report));
    }
}

pub(super) fn bundle_of_run_is_pinned(run: &RunView<'_>, report: &mut Report<'_>) {
    ["taskRef", "pipelineRef"]
        .into_iter()
        .filter_map(|key| field(run.spec, key))
        .for_each(|node| bundle_is_pinned(node, report));
}

fn bundle_is_pinned(reference: &Node, report: &mut Report<'_>) {
    let is_bundle = text(reference, "resolver") == Some("bundles");
    let parameter =
        list(reference, "params").iter().find(|parameter| is_bundle && name(parameter) == "bundle");
    let bundle =
        parameter.and_then(|parameter| field(parameter, "value")).or_else(|| field(reference, "bundle"));
    if let Some(bundle) = bundle.filter(|bundle| !is_open(bundle.text().unwrap_or_default())) {
        let written = bundle.text().unwrap_or_default();
        let message = format!("bundle `{written}` has no digest");
        report.say(
            first_line(&bundle.place),
            message,
            "Conforma trusts bundles by digest alone: write `…@sha256:` and the digest",
        );
    }
}

pub(super) fn pull_requests_expire(run: &RunView<'_>, report: &mut Report<'_>) {
    let given = list(run.spec, "params");
    let Some(output) = given.iter().find(|given| name(given) == "output-image") else { return };
    let expires = given.iter().any(|given| {
        name(given) == "image-expires-after" && text(given, "value").is_some_and(|value| !value.is_empty())
    });
    if is_for_pull_requests(&run.object) && !expires {
        let finding = report.finding("the image of a pull request does not expire");
        let help = "each push to a pull request leaves an image behind: add the parameter `image-expires-after` with `5d`";
        report.add(finding.at(head(output)).help(help));
    }
}

fn is_for_pull_requests(object: &Object<'_>) -> bool {
    let annotation = |name: &str| object.annotation(name).and_then(Node::text).unwrap_or_default();
    let expression = annotation("pipelinesascode.tekton.dev/on-cel-expression");
    let compared = expression.replace(' ', "").replace('\'', "\"");
    annotation("pipelinesascode.tekton.dev/on-event").contains("pull_request")
        || compared.contains("event==\"pull_request\"")
}

pub(super) fn run_stays_out_of_production(run: &RunView<'_>, report: &mut Report<'_>) {
    for given in list(run.spec, "params").iter().filter(|given| is_output(name(given))) {
        field(given, "value").into_iter().for_each(|value| stays_out(value, report));
    }
}

pub(super) fn pipeline_stays_out_of_production(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    for given in pipeline
        .tasks
        .iter()
        .flat_map(super::view::PipelineTask::given)
        .filter(|given| is_output(name(given)))
    {
        field(given, "value").into_iter().for_each(|value| stays_out(value, report));
    }
    for declared in list(pipeline.spec, "params").iter().filter(|declared| is_output(name(declared))) {
        field(declared, "default").into_iter().for_each(|value| stays_out(value, report));
    }
}

pub(super) fn component_stays_out_of_production(object: &Object<'_>, report: &mut Report<'_>) {
    if object.group == "appstudio.redhat.com" && object.kind == "Component" {
        at(object.node, &["spec", "containerImage"]).into_iter().for_each(|image| stays_out(image, report));
    }
}

/// Returns whether a parameter says where an image is pushed to.
fn is_output(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.eq_ignore_ascii_case("outputimage")
}

fn stays_out(value: &Node, report: &mut Report<'_>) {
    let written = value.text().unwrap_or_default();
    let plain = written.strip_prefix("docker://").unwrap_or(written);
    let settings = report.settings;
    let inside = |namespace: &&String| {
        let rest = plain.strip_prefix(namespace.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '@']))
    };
    if let Some(namespace) = settings.production.iter().find(inside) {
        let message = format!("`{written}` lies in `{namespace}`, where production images are");
        report.say(
            first_line(&value.place),
            message,
            "push to a staging name, and release from there; `[production] namespaces` of stagebook.toml is the list",
        );
    }
}
