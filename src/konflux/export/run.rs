//! The PipelineRun.

use std::time::Duration;

use serde_json::{Value, json};

use super::task::{WORKSPACE, Workshop};
use super::timeouts;

/// Returns the run of a pipeline with the values that the caller chose.
pub(super) fn run(workshop: &Workshop<'_>, tasks: Duration, finally: Duration) -> Value {
    let mut spec = json!({"pipelineRef": {"name": workshop.pipeline}});
    let params = parameters(workshop);
    if !params.is_empty() {
        spec["params"] = params.into();
    }
    spec["timeouts"] = json!({"pipeline": timeouts::text(tasks + finally), "tasks": timeouts::text(tasks)});
    if finally > Duration::ZERO {
        spec["timeouts"]["finally"] = timeouts::text(finally).into();
    }
    spec["workspaces"] = json!([{
        "name": WORKSPACE,
        "volumeClaimTemplate": {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": workshop.settings.storage}},
            },
        },
    }]);
    json!({
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"generateName": format!("{}-", workshop.pipeline)},
        "spec": spec,
    })
}

/// Returns the values that differ from what the page declares.
fn parameters(workshop: &Workshop<'_>) -> Vec<Value> {
    let declared = &workshop.plan.tutorial.front_matter.parameters;
    let is_default = |name: &String, value: &crate::tutorial::Value| {
        declared.iter().any(|parameter| parameter.name == *name && parameter.default.as_ref() == Some(value))
    };
    let own = workshop.plan.parameters.iter().filter(|(name, _)| !workshop.variants.names.contains(name));
    let given = own.filter(|(name, value)| !is_default(name, value));
    given.map(|(name, value)| json!({"name": name, "value": value.to_string()})).collect()
}
