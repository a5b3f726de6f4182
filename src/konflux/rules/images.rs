//! Images and bundles: pinned, kept for a while, and not where production lies.

use super::report::Report;
use super::view::{ActionView, PipelineView, RunView, TaskView};
use crate::config::is_expiry;
use crate::image::Pin;
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
    let Some(problem) = unpinned(written) else { return };
    let named = written.split('@').next().unwrap_or_default();
    let help = format!(
        "what a tag means changes: `skopeo inspect --format '{{{{.Digest}}}}' docker://{named}` tells the digest, write `{named}@sha256:` and its 64 digits"
    );
    report.say(first_line(&image.place), format!("image `{written}` {problem}"), help);
}

/// Returns in which way a name is not pinned. One that is only known when it is used is not judged.
fn unpinned(written: &str) -> Option<String> {
    let is_open = written.is_empty() || written.contains("$(") || is_template(written);
    if is_open { None } else { Pin::of(written).problem() }
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
    let written = bundle.and_then(Node::text).unwrap_or_default();
    if let (Some(bundle), Some(problem)) = (bundle, unpinned(written)) {
        report.say(
            first_line(&bundle.place),
            format!("bundle `{written}` {problem}"),
            "Conforma trusts bundles by digest alone: write `…@sha256:` and its 64 digits",
        );
    }
}

pub(super) fn pull_requests_expire(run: &RunView<'_>, report: &mut Report<'_>) {
    each_expiry(run, report);
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

/// Says where an image is kept for a time that its registry does not read, and so for ever.
fn each_expiry(run: &RunView<'_>, report: &mut Report<'_>) {
    let given = list(run.spec, "params").iter().filter(|given| name(given) == "image-expires-after");
    for value in given.filter_map(|given| field(given, "value")) {
        let text = value.text().unwrap_or_default();
        if !text.is_empty() && !text.contains("$(") && !is_template(text) && !is_expiry(text) {
            let message = format!("`{text}` is no time that quay.io reads");
            report.say(first_line(&value.place), message, "write one number and its unit: `12h`, `5d`, `2w`");
        }
    }
}

pub(super) fn hermetic_builds_fetch_before(run: &RunView<'_>, report: &mut Report<'_>) {
    let given = |wanted: &str| list(run.spec, "params").iter().find(|given| name(given) == wanted);
    let is_true = |given: &&Node| {
        field(given, "value").is_some_and(|value| value.boolean() == Some(true) || value.to_json() == true)
    };
    let Some(hermetic) = given("hermetic").filter(is_true) else { return };
    let declared = run.target.map(|target| list(target, "params")).unwrap_or_default();
    let default = declared.iter().find(|known| name(known) == "prefetch-input");
    let input = given("prefetch-input").map(|given| field(given, "value"));
    let input = input.unwrap_or_else(|| default.and_then(|known| field(known, "default")));
    if input.is_none_or(|input| matches!(input.text(), Some("" | "[]" | "{}"))) {
        let message = "the build has no network, and nothing is fetched before it";
        let help = "give `prefetch-input`, as `[{\"type\": \"rpm\", \"path\": \".\"}]`; a build that takes all from its base image needs none";
        report.say(head(hermetic), message, help);
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
    outputs_of_run(run).for_each(|image| stays_out(image, report));
}

pub(super) fn pipeline_stays_out_of_production(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    outputs_of_pipeline(pipeline).for_each(|image| stays_out(image, report));
}

pub(super) fn component_stays_out_of_production(object: &Object<'_>, report: &mut Report<'_>) {
    image_of_component(object).into_iter().for_each(|image| stays_out(image, report));
}

pub(super) fn run_builds_staging(run: &RunView<'_>, report: &mut Report<'_>) {
    outputs_of_run(run).for_each(|image| is_intermediate(image, report));
}

pub(super) fn pipeline_builds_staging(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    outputs_of_pipeline(pipeline).for_each(|image| is_intermediate(image, report));
}

pub(super) fn component_builds_staging(object: &Object<'_>, report: &mut Report<'_>) {
    image_of_component(object).into_iter().for_each(|image| is_intermediate(image, report));
}

pub(super) fn release_goes_to_devel(object: &Object<'_>, report: &mut Report<'_>) {
    if object.group != "appstudio.redhat.com" || object.kind != "ReleasePlan" {
        return;
    }
    let mapping = at(object.node, &["spec", "data", "mapping"]);
    let components = mapping.map(|mapping| list(mapping, "components")).unwrap_or_default();
    let repositories = components.iter().filter_map(|component| field(component, "repository"));
    let devel = report.settings.devel.clone();
    let help = "release to a namespace of `[staging] devel` of stagebook.toml, or name this one there";
    repositories.for_each(|repository| is_in_tier(repository, &devel, "releases go", help, report));
}

fn outputs_of_run<'a>(run: &RunView<'a>) -> impl Iterator<Item = &'a Node> {
    list(run.spec, "params")
        .iter()
        .filter(|given| is_output(name(given)))
        .filter_map(|given| field(given, "value"))
}

fn outputs_of_pipeline<'a>(pipeline: &PipelineView<'a>) -> impl Iterator<Item = &'a Node> {
    let given = pipeline.tasks.iter().flat_map(super::view::PipelineTask::given);
    let given = given.filter(|given| is_output(name(given))).filter_map(|given| field(given, "value"));
    let declared = list(pipeline.spec, "params").iter().filter(|declared| is_output(name(declared)));
    given.chain(declared.filter_map(|declared| field(declared, "default")))
}

fn image_of_component<'a>(object: &Object<'a>) -> Option<&'a Node> {
    let is_component = object.group == "appstudio.redhat.com" && object.kind == "Component";
    is_component.then(|| at(object.node, &["spec", "containerImage"])).flatten()
}

/// Returns whether a parameter says where an image is pushed to.
fn is_output(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.eq_ignore_ascii_case("outputimage")
}

fn stays_out(value: &Node, report: &mut Report<'_>) {
    let written = value.text().unwrap_or_default();
    if let Some(namespace) = report.settings.production.iter().find(|namespace| is_in(written, namespace)) {
        let message = format!("`{written}` lies in `{namespace}`, where production images are");
        report.say(
            first_line(&value.place),
            message,
            "push to a staging name, and release from there; `[production] namespaces` of stagebook.toml is the list",
        );
    }
}

fn is_intermediate(value: &Node, report: &mut Report<'_>) {
    let intermediate = report.settings.intermediate.clone();
    let help = "push to a namespace of `[staging] intermediate` of stagebook.toml, or name this one there";
    is_in_tier(value, &intermediate, "builds push", help, report);
}

/// Finds an image that lies in none of a tier's namespaces. What only a run knows is passed over.
fn is_in_tier(value: &Node, tier: &[String], who: &str, help: &'static str, report: &mut Report<'_>) {
    let written = value.text().unwrap_or_default();
    let is_known = !written.is_empty() && !written.starts_with("$(") && !written.starts_with("{{");
    if is_known && !tier.is_empty() && !tier.iter().any(|namespace| is_in(written, namespace)) {
        let message = format!("`{written}` is not where {who}: {}", tier.join(", "));
        report.say(first_line(&value.place), message, help);
    }
}

/// Returns whether an image lies in a namespace of a registry.
fn is_in(image: &str, namespace: &str) -> bool {
    let plain = image.strip_prefix("docker://").unwrap_or(image);
    let rest = plain.strip_prefix(namespace.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '@']))
}
