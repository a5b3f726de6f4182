//! What Tekton would change, refuse or cut off.

use std::collections::BTreeMap;

use crate::config::KonfluxSettings;
use crate::diagnostic::{Finding, Place};
use crate::image::Pin;
use crate::plan::{InterpreterKind, Plan, PlannedStep, Work};
use crate::tutorial::Action;

/// How much script a task may have: all of it travels in one argument of at most 128 KiB, in base64.
const MOST_SCRIPT: usize = 90_000;

/// How much a variable may hold, with room for its name: the kernel takes strings of 128 KiB.
const MOST_VARIABLE: usize = 120_000;

/// What Tekton puts values in place of, wherever it stands.
const SUBSTITUTED: [&str; 6] = ["$(params", "$(results", "$(workspaces", "$(context", "$(steps", "$(tasks"];

/// Returns what is wrong with the image of the tasks.
pub(super) fn image(settings: &KonfluxSettings) -> Option<Finding> {
    let Some(image) = &settings.image else {
        let finding = Finding::error("no-task-image", "no image is named in which tasks run");
        return Some(finding.help(
            "name one that has `stagebook` in it: `image` below `[konflux]` in `stagebook.toml`; `stagebook konflux export --containerfile` prints a recipe",
        ));
    };
    let problem = Pin::of(image).problem()?;
    let message = format!("the image `{image}` of the tasks {problem}");
    let help = "write it as `NAME@sha256:` and its 64 digits: a tag may be another image tomorrow";
    Some(Finding::warning("image-without-digest", message).help(help))
}

/// Returns the findings about the lines of a step's text that Tekton would change.
pub(super) fn substitutions(plan: &Plan, step: &PlannedStep) -> Vec<Finding> {
    let text = &plan.tutorial.steps[step.source].text;
    let lines = text.content.lines().zip(&text.lines);
    let mut findings = Vec::new();
    for (line, span) in lines {
        for (at, found) in SUBSTITUTED.iter().flat_map(|form| line.match_indices(form)) {
            if !is_reference(&line[at..]) {
                continue;
            }
            let width = line[at..].find(')').map_or(found.len(), |end| end + 1);
            let raw = &text.source.text()[span.range()];
            let start = span.start + raw.find(line).map_or(0, |offset| offset + at);
            let end = (start + width).min(span.end.max(start));
            let message = format!("Tekton would put a value in place of `{}`", &line[at..at + width]);
            let finding = Finding::error("tekton-substitution", message)
                .at(Place::new(&text.source, start..end))
                .help(way_around(plan, step));
            findings.push(finding);
        }
    }
    findings
}

/// Returns how a text gets past Tekton, which knows no way to write that it is to be left alone.
fn way_around(plan: &Plan, step: &PlannedStep) -> &'static str {
    match plan.tutorial.steps[step.source].action {
        Action::File(_) => "write the file from a shell block that puts it together, as `'$'\"(params.x)\"`",
        Action::Command | Action::Transcript(_) => "put it together in the shell, as `'$'\"(params.x)\"`",
    }
}

/// Returns whether a text begins with a reference as Tekton reads it, and not with the command of that name.
fn is_reference(text: &str) -> bool {
    let Some(end) = text.find(')') else { return false };
    let inside = &text["$(".len()..end];
    let after = inside.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    after.starts_with(['.', '[']) && !inside.contains(char::is_whitespace)
}

/// Returns the finding about a task with too much script; it stands at the longest.
pub(super) fn scripts(plan: &Plan, task: &str, scripts: &[(usize, usize)]) -> Option<Finding> {
    let sum: usize = scripts.iter().map(|(_, length)| length).sum();
    let (longest, _) = scripts.iter().max_by_key(|(_, length)| length).filter(|_| sum > MOST_SCRIPT)?;
    let message = format!("the scripts of the task `{task}` have {sum} bytes; Tekton runs {MOST_SCRIPT}");
    let help = "give some steps a `session` of their own, which is another task, or move text into files";
    Some(Finding::error("scripts-too-long", message).at(place(plan, &plan.steps[*longest])).help(help))
}

/// Returns the finding about a step of which too much is expected for a variable.
pub(super) fn definition(plan: &Plan, step: &PlannedStep, definition: &str) -> Option<Finding> {
    let length = definition.len();
    let message = format!(
        "what is expected of step `{}` has {length} bytes; a variable holds {MOST_VARIABLE}",
        step.name
    );
    let finding = Finding::error("definition-too-long", message).at(place(plan, step));
    (length > MOST_VARIABLE).then(|| finding.help("expect less of it: `...` stands for any lines"))
}

/// Returns the findings about sessions that cannot go on in another container.
pub(super) fn sessions(plan: &Plan, is_wanted: &[bool]) -> Vec<Finding> {
    let mut first: BTreeMap<&str, &PlannedStep> = BTreeMap::new();
    let mut findings = Vec::new();
    for step in plan.steps.iter().zip(is_wanted).filter(|(_, wanted)| **wanted).map(|(step, _)| step) {
        if kind(step) == Some(InterpreterKind::Sh) && defines_function(plan, step) {
            findings.extend(lost_function(plan, step, is_wanted));
        }
        if kind(step) != Some(InterpreterKind::Python) {
            continue;
        }
        if let Some(before) = first.insert(&step.session, step) {
            let message = format!("the python session `{}` cannot go on in another container", step.session);
            let finding = Finding::error("session-not-kept", message)
                .at(place(plan, step))
                .related(place(plan, before), "its step before");
            findings.push(
                finding.help("make one block of them, or leave `session` out and hand values over in files"),
            );
        }
    }
    findings
}

fn kind(step: &PlannedStep) -> Option<InterpreterKind> {
    match &step.work {
        Work::Command { interpreter, .. }
        | Work::Transcript { interpreter, .. }
        | Work::Service { interpreter, .. } => Some(interpreter.kind),
        Work::File { .. } | Work::Files { .. } => None,
    }
}

/// Returns the finding about a function of `sh` that a later step may want: that shell cannot tell what it is.
fn lost_function(plan: &Plan, step: &PlannedStep, is_wanted: &[bool]) -> Option<Finding> {
    let mut sharing = plan
        .steps
        .iter()
        .zip(is_wanted)
        .filter(|(other, wanted)| **wanted && other.session == step.session && kind(other).is_some());
    let is_last = sharing.next_back().is_some_and(|(last, _)| last.name == step.name);
    let message =
        format!("functions of the `sh` session `{}` do not go on in another container", step.session);
    let finding = Finding::warning("functions-not-kept", message).at(place(plan, step));
    (!is_last).then(|| finding.help("write `bash` where later steps call them: it can hand them on"))
}

/// Returns whether a line of a step begins a function. A guess is enough for a warning.
fn defines_function(plan: &Plan, step: &PlannedStep) -> bool {
    let text = &plan.tutorial.steps[step.source].text.content;
    text.lines().filter_map(|line| line.trim_start().split_once("()")).any(|(name, _)| {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let name = name.trim_end();
        !name.is_empty() && name.chars().all(is_inner)
    })
}

/// Returns the steps that write a file for each variant: a task writes those of its own alone.
pub(super) fn files_of_variants(plan: &Plan) -> impl Iterator<Item = Finding> {
    let steps = plan.steps.iter().filter(|step| matches!(step.work, Work::Files { .. }));
    steps.map(|step| {
        let message =
            format!("step `{}` writes a file for each variant, which a pipeline does not", step.name);
        let help = "`stagebook generate` writes them into the repository: leave the page out here, and give steps that are to be a pipeline a page of their own";
        Finding::error("files-of-variants", message).at(place(plan, step)).help(help)
    })
}

/// Returns what a cluster may not give.
pub(super) fn requirements(plan: &Plan) -> Vec<Finding> {
    let requires = &plan.tutorial.front_matter.requires;
    let place = plan.tutorial.front_matter.places.get("requires");
    let mut findings = Vec::new();
    if requires.kvm {
        let message = "the page needs `/dev/kvm`, which a pod has only where its cluster gives it";
        let help = "add the device to the task by a plugin of the cluster, or run the page elsewhere";
        findings.push(Finding::warning("needs-kvm", message).help(help));
    }
    if requires.root {
        let message = "the page needs root, so its containers run as user 0";
        let help = "the cluster must allow that to the service account of the run";
        findings.push(Finding::warning("needs-root", message).help(help));
    }
    findings.into_iter().map(|finding| place.cloned().into_iter().fold(finding, Finding::at)).collect()
}

/// Returns the findings about parameters whose names Tekton takes for one.
pub(super) fn parameters(plan: &Plan) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for name in plan.parameters.keys() {
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            let message = format!("Tekton does not tell the parameters `{other}` and `{name}` apart");
            let declared = plan.tutorial.front_matter.parameters.iter().find(|known| known.name == *name);
            let finding =
                Finding::error("names-differ-in-case", message).help("give one of them another name");
            findings.push(declared.map(|known| known.place.clone()).into_iter().fold(finding, Finding::at));
        }
    }
    findings
}

/// Returns the finding about a step that is for a person.
pub(super) fn manual(plan: &Plan, step: &PlannedStep) -> Finding {
    let message = format!("step `{}` is for a person, and no part of the pipeline", step.name);
    Finding::note("manual-step", message).at(place(plan, step))
}

/// Returns where a step stands.
pub(super) fn place(plan: &Plan, step: &PlannedStep) -> Place {
    plan.tutorial.steps[step.source].place.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_commands() {
        for text in ["$(params.x)", "$(params['a.b'])", "$(results.r.path)", "$(params[\"x\"])"] {
            assert!(is_reference(text), "{text}");
        }
        for text in ["$(params)", "$(params x.y)", "$(tasks.txt", "$(results. x)"] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
