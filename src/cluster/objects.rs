//! What Tekton says of its runs: the fields that are needed, as `tekton.dev/v1` names them.

use k8s_openapi::jiff::Timestamp;
use kube::core::DynamicObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The label that a TaskRun has from its PipelineRun.
pub(super) const PIPELINE_RUN: &str = "tekton.dev/pipelineRun";
const PIPELINE_TASK: &str = "tekton.dev/pipelineTask";

/// Reads the status of an object; one that has none yet is empty.
fn status<T: DeserializeOwned + Default>(object: &DynamicObject) -> T {
    let status = object.data.get("status").cloned().unwrap_or_default();
    serde_json::from_value(status).unwrap_or_default()
}

/// How a run stands.
#[derive(Debug, Clone, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    conditions: Vec<Condition>,
    pod_name: Option<String>,
    steps: Vec<StepStatus>,
    results: Vec<ResultStatus>,
}

/// A result of a run.
#[derive(Debug, Clone, Deserialize)]
struct ResultStatus {
    name: String,
    #[serde(default)]
    value: serde_json::Value,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) succeeded: bool,
    /// A word for it, such as `Cancelled` or `TaskRunTimeout`.
    pub(super) reason: String,
    pub(super) message: String,
}

impl Status {
    fn ending(&self) -> Option<Ending> {
        let condition = self.conditions.iter().find(|condition| condition.kind == "Succeeded")?;
        let is_over = condition.status == "True" || condition.status == "False";
        is_over.then(|| Ending {
            succeeded: condition.status == "True",
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        })
    }
}

impl Status {
    /// Returns why nothing begins, where that will not pass by itself soon.
    fn waiting(&self) -> Option<String> {
        /// What Tekton calls it when a pod cannot have what it needs.
        const REASONS: [&str; 5] = [
            "PullImageFailed",
            "ExceededNodeResources",
            "ExceededResourceQuota",
            "CreateContainerConfigError",
            "PodCreationFailed",
        ];
        let condition = self.conditions.iter().find(|condition| condition.kind == "Succeeded")?;
        let message = condition.message.trim();
        // Each pod is without a node for a moment, and then its condition says nothing.
        let unscheduled = message
            .strip_prefix("pod status \"PodScheduled\":\"False\"; message: ")
            .map(|quoted| quoted.trim_matches('"'))
            .filter(|why| !why.is_empty());
        let is_stuck = REASONS.contains(&condition.reason.as_str()) || message.contains("ImagePullBackOff");
        let why = unscheduled.or(is_stuck.then_some(message))?;
        let is_open = condition.status == "Unknown";
        is_open.then(|| if why.is_empty() { condition.reason.clone() } else { why.to_owned() })
    }
}

/// How a step of a TaskRun stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepStatus {
    pub(super) name: String,
    #[serde(default)]
    pub(super) container: String,
    #[serde(default)]
    running: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) terminated: Option<Terminated>,
    #[serde(default)]
    termination_reason: String,
}

/// How a step's container ended.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terminated {
    #[serde(default)]
    pub(super) exit_code: i32,
    #[serde(default)]
    pub(super) signal: Option<i32>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    finished_at: Option<Timestamp>,
}

impl Terminated {
    /// Returns how long it ran, in whole seconds: that is all that Kubernetes keeps.
    pub(super) fn duration(&self) -> std::time::Duration {
        let both = self.started_at.zip(self.finished_at);
        let duration = both.map(|(start, end)| end.duration_since(start));
        duration.and_then(|duration| duration.try_into().ok()).unwrap_or_default()
    }
}

/// What a step's container does.
#[derive(Debug, Clone)]
pub(super) enum StepState {
    Waiting,
    Running,
    /// It ended before it did anything: a step before it failed.
    Skipped,
    TimedOut(Terminated),
    Ended(Terminated),
}

impl StepStatus {
    pub(super) fn state(&self) -> StepState {
        match (&self.terminated, self.termination_reason.as_str()) {
            (Some(_), "Skipped") => StepState::Skipped,
            (Some(terminated), "TimeoutExceeded") => StepState::TimedOut(terminated.clone()),
            (Some(terminated), _) => StepState::Ended(terminated.clone()),
            (None, _) if self.running.is_some() => StepState::Running,
            _ => StepState::Waiting,
        }
    }
}

/// A TaskRun as it stands.
#[derive(Debug, Clone)]
pub(super) struct TaskRun {
    /// The pipeline's name for it.
    pub(super) task: String,
    pub(super) pod: Option<String>,
    pub(super) steps: Vec<StepStatus>,
    pub(super) ending: Option<Ending>,
    /// Why its pod does not begin.
    pub(super) waiting: Option<String>,
}

impl TaskRun {
    /// Reads an object; nothing where it is none of a pipeline.
    pub(super) fn read(object: &DynamicObject) -> Option<Self> {
        let task = object.metadata.labels.as_ref()?.get(PIPELINE_TASK)?.clone();
        let status: Status = status(object);
        let (ending, waiting) = (status.ending(), status.waiting());
        Some(Self { task, ending, waiting, pod: status.pod_name, steps: status.steps })
    }
}

/// A PipelineRun as it stands.
#[derive(Debug, Clone)]
pub(super) struct PipelineRun {
    pub(super) ending: Option<Ending>,
    /// Values by name; what is no text is as JSON.
    pub(super) results: Vec<(String, String)>,
}

impl PipelineRun {
    pub(super) fn read(object: &DynamicObject) -> Self {
        let status: Status = status(object);
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let results = status.results.iter().map(|result| (result.name.clone(), text(&result.value)));
        Self { results: results.collect(), ending: status.ending() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reason: &str, message: &str, expected: Option<&str>) {
        let condition = serde_json::json!({
            "type": "Succeeded", "status": "Unknown", "reason": reason, "message": message,
        });
        let status: Status =
            serde_json::from_value(serde_json::json!({"conditions": [condition]})).expect("it is a status");
        assert_eq!(status.waiting().as_deref(), expected);
    }

    #[test]
    fn what_passes_by_itself_is_not_told() {
        check("Pending", "Pending", None);
        check("Pending", "pod status \"Ready\":\"False\"; message: \"containers with unready status\"", None);
        check("Pending", "pod status \"PodScheduled\":\"False\"; message: \"\"", None);
        check("Running", "Not all Steps in the Task have finished executing", None);
    }

    #[test]
    fn what_a_pod_waits_for_is_told() {
        let nodes = "0/1 nodes are available: 1 node(s) had untolerated taint(s)";
        check(
            "Pending",
            &format!("pod status \"PodScheduled\":\"False\"; message: \"{nodes}\""),
            Some(nodes),
        );
        let image = "build step \"step-a\" is pending with reason \"Back-off pulling image \\\"x\\\"\"";
        check("PullImageFailed", image, Some(image));
        check("ExceededNodeResources", "", Some("ExceededNodeResources"));
    }
}
