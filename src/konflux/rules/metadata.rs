//! Labels and annotations.

use super::name::{key_problem, label_value_problem};
use super::report::Report;
use super::view::PipelineView;
use crate::konflux::fields::{at, field, first_line};
use crate::konflux::object::Object;
use crate::yaml::Node;

pub(super) fn metadata_is_text(object: &Object<'_>, report: &mut Report<'_>) {
    for part in ["labels", "annotations"] {
        let entries = at(object.node, &["metadata", part]).and_then(Node::entries).unwrap_or_default();
        for entry in entries.iter().filter(|entry| !entry.value.to_json().is_string()) {
            let what = part.trim_end_matches('s');
            let message = format!("{what} `{}` is no text", entry.key);
            report.say(first_line(&entry.value.place), message, "write it in quotes, as \"3\" or \"true\"");
        }
    }
}

pub(super) fn keys_of_object(object: &Object<'_>, report: &mut Report<'_>) {
    keys(object.node, report);
}

pub(super) fn keys_of_tasks(pipeline: &PipelineView<'_>, report: &mut Report<'_>) {
    pipeline.tasks.iter().filter_map(|task| field(task.node, "taskSpec")).for_each(|spec| keys(spec, report));
}

fn keys(owner: &Node, report: &mut Report<'_>) {
    for part in ["labels", "annotations"] {
        let what = part.trim_end_matches('s');
        let entries = at(owner, &["metadata", part]).and_then(Node::entries).unwrap_or_default();
        for entry in entries {
            if let Some(problem) = key_problem(&entry.key) {
                let message = format!("the key `{}` of {} {what} {problem}", entry.key, article(what));
                let help = "write `NAME` or `DOMAIN/NAME`, as in `app.kubernetes.io/name`";
                report.say(first_line(&entry.key_place), message, help);
            }
            let value = entry.value.text().filter(|_| what == "label").unwrap_or_default();
            if let Some(problem) = label_value_problem(value) {
                let message = format!("the value `{value}` of label `{}` {problem}", entry.key);
                let help = "a label has at most 63 letters; any text can stand in an annotation";
                report.say(first_line(&entry.value.place), message, help);
            }
        }
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with('a') { "an" } else { "a" }
}
