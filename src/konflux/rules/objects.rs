//! What holds for objects of whatever kind.

use super::name::object_problem;
use super::report::Report;
use crate::konflux::fields::{at, entry, field, first_line, head};
use crate::konflux::object::Object;

pub(super) fn object_name(object: &Object<'_>, report: &mut Report<'_>) {
    if object.group != "tekton.dev" {
        return;
    }
    match object.name() {
        Some(name) => {
            if let Some(problem) = object_problem(name) {
                let place = at(object.node, &["metadata", "name"])
                    .map_or_else(|| head(object.node), |node| first_line(&node.place));
                report.say(
                    place,
                    format!("name `{name}` {problem}"),
                    "write small letters, digits and dashes, at most 63",
                );
            }
        }
        None if at(object.node, &["metadata", "generateName"]).is_none() => {
            let place =
                entry(object.node, "kind").map_or_else(|| head(object.node), |kind| kind.value.place.clone());
            report.say(
                place,
                format!("the {} has no name", object.kind),
                "add `metadata.name`, or `generateName` for a run",
            );
        }
        None => {}
    }
}

/// Versions that clusters still take and no one should write, with what to write.
const DEPRECATED: &[(&str, &str, &str)] = &[
    ("tekton.dev", "v1alpha1", "tekton.dev/v1beta1"),
    ("tekton.dev", "v1beta1", "tekton.dev/v1"),
    ("appstudio.redhat.com", "v1alpha1 IntegrationTestScenario", "appstudio.redhat.com/v1beta2"),
    ("appstudio.redhat.com", "v1beta1 IntegrationTestScenario", "appstudio.redhat.com/v1beta2"),
];

pub(super) fn version_is_current(object: &Object<'_>, report: &mut Report<'_>) {
    let exact = format!("{} {}", object.version, object.kind);
    let is_old = |(group, version, _): &&(&str, &str, &str)| {
        object.group == *group && (object.version == *version || exact == *version)
    };
    // There is no newer version of a step action than v1beta1.
    let is_newest = object.is_tekton("StepAction") && object.version == "v1beta1";
    if let Some((_, _, newer)) = DEPRECATED.iter().find(is_old).filter(|_| !is_newest) {
        let place = field(object.node, "apiVersion")
            .map_or_else(|| head(object.node), |node| first_line(&node.place));
        let message = format!("`{}/{}` of {} is deprecated", object.group, object.version, object.kind);
        report.say(
            place,
            message,
            format!("write `apiVersion: {newer}`, and look at fields that were renamed"),
        );
    }
}
