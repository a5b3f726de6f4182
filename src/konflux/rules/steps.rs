//! What steps, sidecars and volumes of a task must be like.

use std::collections::HashMap;

use super::name::{label_problem, nearest};
use super::report::Report;
use super::view::{ActionView, TaskView};
use crate::konflux::fields::{elements, entry, field, first_line, head, list, name, scalars, text};
use crate::konflux::placeholder::is_template;
use crate::konflux::reference::{place_in, references};
use crate::yaml::Node;

/// How many bytes of scripts fit into the one argument by which Tekton hands them to the pod, with some room.
const MOST_SCRIPT: usize = 90_000;

pub(super) fn task_has_steps(task: &TaskView<'_>, report: &mut Report<'_>) {
    if task.steps().is_empty() {
        let place = first_line(&task.spec.place);
        report.say(place, "the task has no steps", "give it at least one step in `steps`");
    }
}

pub(super) fn step_name_is_label(task: &TaskView<'_>, report: &mut Report<'_>) {
    for step in task.steps() {
        if let Some(problem) = label_problem(name(step)).filter(|_| !name(step).is_empty()) {
            let message = format!("step name `{}` {problem}", name(step));
            report.say(head(step), message, "write small letters, digits and dashes, as in `build-image`");
        }
    }
}

pub(super) fn step_names_differ(task: &TaskView<'_>, report: &mut Report<'_>) {
    twice(task.steps(), "step", report);
    twice(task.sidecars(), "sidecar", report);
}

/// Says which items have a name that another one has.
pub(super) fn twice(items: &[Node], what: &str, report: &mut Report<'_>) {
    let mut known: HashMap<&str, &Node> = HashMap::new();
    for item in items.iter().filter(|item| !name(item).is_empty()) {
        if let Some(first) = known.get(name(item)) {
            let finding = report.finding(format!("two {what}s are called `{}`", name(item)));
            let finding = finding.at(head(item)).related(head(first), "the first of them");
            report.add(finding.help("give each a name of its own"));
        } else {
            known.insert(name(item), item);
        }
    }
}

/// Returns what a message calls an item: by its name, where it has one.
fn called(what: &str, item: &Node) -> String {
    match name(item) {
        "" => format!("a {what}"),
        name => format!("{what} `{name}`"),
    }
}

pub(super) fn step_has_name(task: &TaskView<'_>, report: &mut Report<'_>) {
    for step in task.steps().iter().filter(|step| name(step).is_empty()) {
        report.say(head(step), "a step has no name", "logs and other steps call it by its name: add `name`");
    }
}

pub(super) fn step_has_image(task: &TaskView<'_>, report: &mut Report<'_>) {
    for step in task.steps() {
        if field(step, "ref").is_none() && task.step_field(step, "image").is_none() {
            let message = format!("{} has no image", called("step", step));
            report.say(head(step), message, "add `image`, or `ref` with the name of a StepAction");
        }
    }
    for sidecar in task.sidecars().iter().filter(|sidecar| field(sidecar, "image").is_none()) {
        let message = format!("{} has no image", called("sidecar", sidecar));
        report.say(head(sidecar), message, "add `image`");
    }
}

pub(super) fn action_has_image(action: &ActionView<'_>, report: &mut Report<'_>) {
    if field(action.spec, "image").is_none() {
        report.say(first_line(&action.spec.place), "the step action has no image", "add `image`");
    }
}

pub(super) fn action_has_script_or_command(action: &ActionView<'_>, report: &mut Report<'_>) {
    both(action.spec, !list(action.spec, "command").is_empty(), report);
}

pub(super) fn script_or_command(task: &TaskView<'_>, report: &mut Report<'_>) {
    for step in task.steps() {
        let has_command = task.step_field(step, "command").is_some_and(|node| !elements(node).is_empty());
        both(step, has_command, report);
    }
    for sidecar in task.sidecars() {
        both(sidecar, !list(sidecar, "command").is_empty(), report);
    }
}

fn both(container: &Node, has_command: bool, report: &mut Report<'_>) {
    if let Some(script) = entry(container, "script").filter(|_| has_command) {
        let message = format!("{} has a script and a command", called("step", container));
        report.say(script.key_place.clone(), message, "keep one of them: the script is the command");
    }
}

pub(super) fn step_says_what_it_runs(task: &TaskView<'_>, report: &mut Report<'_>) {
    let silent = |step: &&Node| {
        field(step, "ref").is_none()
            && field(step, "script").is_none()
            && task.step_field(step, "command").is_none()
            && task.step_field(step, "image").is_some()
    };
    for step in task.steps().iter().filter(silent) {
        let message = format!("{} has neither script nor command", called("step", step));
        report.say(
            head(step),
            message,
            "Tekton asks the image's registry for the entrypoint before the task can start: write it as `command`",
        );
    }
}

pub(super) fn step_action_stands_alone(task: &TaskView<'_>, report: &mut Report<'_>) {
    const OWN: &[&str] =
        &["image", "command", "args", "script", "workingDir", "env", "volumeMounts", "results"];
    for step in task.steps() {
        let wrong: &[&str] = if field(step, "ref").is_some() { OWN } else { &["params"] };
        for field in wrong.iter().filter_map(|key| entry(step, key)) {
            let (message, help) = if field.key == "params" {
                (
                    "a step has `params` and no `ref`".to_owned(),
                    "parameters are for a StepAction: add `ref`, or take them out",
                )
            } else {
                (
                    format!("a step has `{}` beside `ref`", field.key),
                    "the StepAction says it: take one of them out",
                )
            };
            report.say(field.key_place.clone(), message, help);
        }
    }
}

pub(super) fn step_on_error(task: &TaskView<'_>, report: &mut Report<'_>) {
    for value in task.steps().iter().filter_map(|step| field(step, "onError")) {
        let known = value.text().is_some_and(|text| {
            matches!(text, "continue" | "stopAndFail") || text.starts_with("$(params.") || is_template(text)
        });
        if !known {
            let message = format!("`{}` is no `onError` of a step", value.text().unwrap_or_default());
            report.say(first_line(&value.place), message, "write `continue` or `stopAndFail`");
        }
    }
}

pub(super) fn mounts_leave_tekton_alone(task: &TaskView<'_>, report: &mut Report<'_>) {
    for mount in task.steps().iter().flat_map(|step| list(step, "volumeMounts")) {
        let path = text(mount, "mountPath").unwrap_or_default().trim_end_matches('/');
        if path.starts_with("/tekton/") && !path.starts_with("/tekton/home") {
            let place = field(mount, "mountPath").map_or(&mount.place, |node| &node.place);
            let message = format!("`{path}` lies below `/tekton/`, which is Tekton's own");
            report.say(first_line(place), message, "mount the volume somewhere else");
        }
        if name(mount).starts_with("tekton-internal-") {
            let message = format!("volume name `{}` is Tekton's own", name(mount));
            report.say(head(mount), message, "volumes must not be called `tekton-internal-…`");
        }
    }
}

pub(super) fn step_results_in_arguments(task: &TaskView<'_>, report: &mut Report<'_>) {
    const PLACES: &[&str] =
        &["name", "image", "script", "workingDir", "imagePullPolicy", "volumeMounts", "envFrom"];
    for node in task.steps().iter().flat_map(|step| PLACES.iter().filter_map(|key| field(step, key))) {
        scalars(node, &[], &mut |scalar| {
            let is_result = |names: &[&str]| matches!(names, ["steps", _, "results", _, ..]);
            let text = scalar.text().unwrap_or_default();
            for reference in references(text).filter(|reference| is_result(&reference.names)) {
                let message = format!("`{}` stands where results of steps are not known", reference.written);
                let help =
                    "put it into `env`, and use the variable: only `env`, `command` and `args` may have it";
                report.say(place_in(scalar, reference.written), message, help);
            }
        });
    }
}

pub(super) fn volume_names_differ(task: &TaskView<'_>, report: &mut Report<'_>) {
    twice(list(task.spec, "volumes"), "volume", report);
}

pub(super) fn volumes_are_declared(task: &TaskView<'_>, report: &mut Report<'_>) {
    let known = || list(task.spec, "volumes").iter().map(name);
    // A variable (a workspace's volume) is only known when the task runs.
    let is_unknown =
        |mount: &&Node| !name(mount).contains("$(") && !known().any(|known| known == name(mount));
    let containers = task.steps().iter().chain(task.sidecars()).chain(field(task.spec, "stepTemplate"));
    for mount in containers.flat_map(|step| list(step, "volumeMounts")).filter(is_unknown) {
        let help = nearest(name(mount), known())
            .map_or("declare it in `volumes` of the task".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
        report.say(head(mount), format!("volume `{}` is mounted and not declared", name(mount)), help);
    }
}

pub(super) fn variables_differ(task: &TaskView<'_>, report: &mut Report<'_>) {
    for container in task.steps().iter().chain(task.sidecars()).chain(field(task.spec, "stepTemplate")) {
        twice(list(container, "env"), "variable", report);
    }
}

pub(super) fn sidecar_name_is_free(task: &TaskView<'_>, report: &mut Report<'_>) {
    for sidecar in task.sidecars().iter().filter(|sidecar| name(sidecar) == "tekton-log-results") {
        report.say(head(sidecar), "sidecar `tekton-log-results` is Tekton's own", "choose another name");
    }
}

pub(super) fn scripts_fit(task: &TaskView<'_>, report: &mut Report<'_>) {
    let scripts = task.steps().iter().chain(task.sidecars()).filter_map(|step| text(step, "script"));
    let size: usize = scripts.map(str::len).sum();
    if size > MOST_SCRIPT {
        let message = format!("the scripts of the task have {size} bytes together");
        let place = entry(task.spec, "steps")
            .map_or_else(|| first_line(&task.spec.place), |entry| entry.key_place.clone());
        report.say(
            place,
            message,
            format!("they travel in one argument, which takes about {MOST_SCRIPT}: move some into the image, or into a task of its own"),
        );
    }
}

pub(super) fn context_variables_exist(task: &TaskView<'_>, report: &mut Report<'_>) {
    for step in task.steps() {
        scalars(step, &[], &mut |scalar| {
            for reference in references(scalar.text().unwrap_or_default()) {
                let known: &[&str] = match reference.names.as_slice() {
                    ["context", "taskRun", ..] => &["name", "namespace", "uid"],
                    ["context", "task", ..] => &["name", "retry-count"],
                    _ => continue,
                };
                if !reference.names.get(2).is_some_and(|name| known.contains(name)) {
                    unknown_context(scalar, reference.written, known, report);
                }
            }
        });
    }
}

/// Says that a variable of the context is none.
pub(super) fn unknown_context(scalar: &Node, written: &str, known: &[&str], report: &mut Report<'_>) {
    let message = format!("there is no variable `{written}`");
    report.say(place_in(scalar, written), message, format!("known there are `{}`", known.join("`, `")));
}

pub(super) fn steps_are_not_privileged(task: &TaskView<'_>, report: &mut Report<'_>) {
    let template = field(task.spec, "stepTemplate");
    for container in task.steps().iter().chain(task.sidecars()).chain(template) {
        let Some(context) = field(container, "securityContext") else { continue };
        if let Some(flag) = entry(context, "privileged").filter(|flag| flag.value.boolean() == Some(true)) {
            privileged(flag.key_place.clone(), "privileged", report);
        }
        let added = field(context, "capabilities").map(|node| list(node, "add")).unwrap_or_default();
        for capability in
            added.iter().filter(|node| matches!(node.text(), Some("ALL" | "SYS_ADMIN" | "CAP_SYS_ADMIN")))
        {
            privileged(capability.place.clone(), capability.text().unwrap_or_default(), report);
        }
    }
}

fn privileged(place: crate::diagnostic::Place, what: &str, report: &mut Report<'_>) {
    let message = format!("a step asks for `{what}`");
    report.say(
        place,
        message,
        "it can do on its node what it likes, and Konflux's clusters refuse it: build on a remote VM, or ask for less",
    );
}

pub(super) fn step_timeouts_are_durations(task: &TaskView<'_>, report: &mut Report<'_>) {
    for timeout in task.steps().iter().filter_map(|step| field(step, "timeout")) {
        duration(timeout, report);
    }
}

/// Says where a duration is none, as Go reads it.
pub(super) fn duration(node: &Node, report: &mut Report<'_>) {
    let Some(text) = node.text() else { return };
    if seconds(text).is_none() && !is_template(text) && !text.contains("$(") {
        let message = format!("`{text}` is no duration");
        report.say(first_line(&node.place), message, "write it as `30s`, `5m` or `1h30m0s`");
    }
}

/// Returns the seconds of a duration as Go writes it; nothing for what is none, or runs backwards.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|byte: char| !byte.is_ascii_digit() && byte != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) =
            [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))?;
        total += number * factor;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then_some(total)
}
