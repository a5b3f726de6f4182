//! The PipelineRuns that Pipelines-as-Code starts.

use serde_json::{Map, Value, json};

use super::expand::{hyphenized, stream_name};
use super::{TenantFile, bundle};
use crate::config::{ComponentSettings, StreamSettings, TenantSettings};

/// What starts a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Push,
    PullRequest,
}

impl Event {
    /// Returns its name in names.
    fn word(self) -> &'static str {
        match self {
            Self::Push => "on-push",
            Self::PullRequest => "on-pull-request",
        }
    }

    /// Returns its name in conditions.
    fn event(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::PullRequest => "pull_request",
        }
    }
}

/// Returns the files of the source repository's `.tekton`, one for each component, stream and event.
pub fn runs(tenant: &TenantSettings) -> Vec<TenantFile> {
    let mut files = Vec::new();
    for stream in &tenant.streams {
        for component in &tenant.components {
            for event in [Event::Push, Event::PullRequest] {
                let name = format!("{}-{}", stream_name(&component.name, stream), event.word());
                let path = format!("{}/{}/{name}.yaml", hyphenized(&stream.name), event.word());
                files.push(TenantFile::new(path, run(tenant, component, stream, event, &name)));
            }
        }
    }
    files
}

fn run(
    tenant: &TenantSettings,
    component: &ComponentSettings,
    stream: &StreamSettings,
    event: Event,
    name: &str,
) -> Value {
    let full_name = stream_name(&component.name, stream);
    json!({
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {
            "name": name,
            "namespace": tenant.namespace,
            "labels": {
                "appstudio.openshift.io/application": stream_name(&tenant.project, stream),
                "appstudio.openshift.io/component": full_name,
                "pipelines.appstudio.openshift.io/type": "build",
            },
            "annotations": annotations(component, stream, event),
        },
        "spec": {
            "params": params(tenant, component, stream, event),
            "pipelineRef": bundle(&tenant.pipeline),
            "taskRunTemplate": {"serviceAccountName": format!("build-pipeline-{full_name}")},
        },
    })
}

/// Returns the streams whose builds have no network, and before which nothing is fetched.
pub(super) fn without_prefetch(tenant: &TenantSettings) -> Vec<&str> {
    let is_starved = |stream: &&StreamSettings| {
        let all = || stream.params.iter().chain(&tenant.params);
        let value = |wanted: &str| all().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let is_hermetic = value("hermetic") == Some("true");
        is_hermetic && value("prefetch-input").map_or(tenant.prefetch.is_empty(), str::is_empty)
    };
    tenant.streams.iter().filter(is_starved).map(|stream| stream.name.as_str()).collect()
}

/// Returns what is fetched before a build as the prefetching task reads it: a list of inputs in JSON.
fn prefetch_input(tenant: &TenantSettings) -> String {
    let inputs = tenant.prefetch.iter().map(|input| {
        let fields =
            input.fields.iter().map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    });
    format!("[{}]", inputs.collect::<Vec<_>>().join(", "))
}

fn annotations(component: &ComponentSettings, stream: &StreamSettings, event: Event) -> Map<String, Value> {
    let is_pull_request = event == Event::PullRequest;
    let repository = component.url.trim_end_matches(".git");
    let condition = format!("event == \"{}\" && target_branch == \"{}\"", event.event(), stream.branch);
    let mut annotations = Map::new();
    let mut add = |name: &str, value: &str| _ = annotations.insert(name.to_owned(), value.into());
    add("build.appstudio.openshift.io/repo", &format!("{repository}?rev={{{{revision}}}}"));
    add("build.appstudio.redhat.com/cancel-in-progress", &is_pull_request.to_string());
    add("build.appstudio.redhat.com/commit_sha", "{{revision}}");
    if is_pull_request {
        add("build.appstudio.redhat.com/pull_request_number", "{{pull_request_number}}");
    }
    add("build.appstudio.redhat.com/target_branch", "{{target_branch}}");
    add("pipelinesascode.tekton.dev/max-keep-runs", "3");
    add("pipelinesascode.tekton.dev/on-cel-expression", &condition);
    annotations
}

/// Returns the parameters of a run: those that every build has, and over them the project's and the stream's.
fn params(
    tenant: &TenantSettings,
    component: &ComponentSettings,
    stream: &StreamSettings,
    event: Event,
) -> Vec<Value> {
    let tag = if event == Event::PullRequest { "on-pr-{{revision}}" } else { "{{revision}}" };
    let image = format!("{}/{}:{tag}", tenant.registry, stream_name(&component.name, stream));
    let mut params: Vec<(String, Value)> = vec![
        ("git-url".to_owned(), "{{source_url}}".into()),
        ("revision".to_owned(), "{{revision}}".into()),
        ("output-image".to_owned(), image.into()),
        ("dockerfile".to_owned(), component.containerfile.clone().into()),
        ("path-context".to_owned(), component.context.clone().into()),
    ];
    if !tenant.platforms.is_empty() {
        params.push(("build-platforms".to_owned(), tenant.platforms.clone().into()));
    }
    if !tenant.prefetch.is_empty() {
        params.push(("prefetch-input".to_owned(), prefetch_input(tenant).into()));
    }
    if event == Event::PullRequest {
        params.push(("image-expires-after".to_owned(), tenant.expires_after.clone().into()));
    }
    for (name, value) in tenant.params.iter().chain(&stream.params) {
        match params.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.clone().into(),
            None => params.push((name.clone(), value.clone().into())),
        }
    }
    params.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}
