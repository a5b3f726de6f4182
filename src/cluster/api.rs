//! The questions that are put to a cluster.

use std::fmt;
use std::time::Duration;

use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, KubeconfigError};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, Status};
use kube::{Api, Client};
use serde_json::Value;

use super::error::{ClusterError, refused};
use super::objects::PIPELINE_RUN;
use super::options::Target;

/// How often something is asked for that the server could not do just now.
const TRIES: u32 = 6;

/// The wait before the second try; it doubles from then on.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The annotation that tells whose an object is.
pub(super) const RUN: &str = "stagebook/run";

/// A cluster that answers.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    server: String,
    namespace: String,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in {}", self.server, self.namespace)
    }
}

/// Finds a cluster as kubectl does: `KUBECONFIG`, `~/.kube/config`, and in a pod its service account.
///
/// Nothing is asked of it yet.
pub async fn connect(target: &Target) -> Result<Cluster, ClusterError> {
    let config = config(target).await.map_err(|reason| ClusterError::Config { reason })?;
    let server = config.cluster_url.to_string();
    let namespace = target.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config)
        .map_err(|error| ClusterError::Config { reason: crate::diagnostic::chain(&error) })?;
    Ok(Cluster { client, server, namespace })
}

async fn config(target: &Target) -> Result<Config, String> {
    if target.context.is_some() {
        let options = KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
        return Config::from_kubeconfig(&options).await.map_err(|error| kubeconfig(&error));
    }
    // That this is no pod of a cluster is nothing that anybody would want to change.
    Config::infer().await.map_err(|error| {
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        source.map_or_else(|| error.to_string(), kubeconfig)
    })
}

/// Says in words, and once, what is wrong with a kubeconfig: its own errors repeat what caused them.
fn kubeconfig(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(why, path) if why.kind() == std::io::ErrorKind::NotFound => {
            format!("there is no kubeconfig `{}`", path.display())
        }
        KubeconfigError::ReadConfig(why, path) => {
            format!("the kubeconfig `{}` cannot be read ({why})", path.display())
        }
        KubeconfigError::FindPath => "there is no home folder to look for a kubeconfig in".to_owned(),
        KubeconfigError::CurrentContextNotSet => "the kubeconfig says no current context".to_owned(),
        KubeconfigError::LoadContext(name) => format!("the kubeconfig has no context `{name}`"),
        KubeconfigError::LoadClusterOfContext(name) => {
            format!("the kubeconfig has no cluster `{name}`, which the context names")
        }
        KubeconfigError::Parse(_) => {
            let said = error.to_string();
            let line = said.lines().next().unwrap_or_default();
            let why =
                line.trim_start_matches("failed to parse kubeconfig YAML: ").trim_start_matches("error: ");
            format!("the kubeconfig is no YAML ({why})")
        }
        other => format!("the kubeconfig cannot be used ({other})"),
    }
}

/// What became of an object that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Created {
    /// What the server said about it besides.
    pub(super) warnings: Vec<String>,
}

impl Cluster {
    /// Returns the namespace that objects are made in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns what the server runs on: its version and its platform.
    pub(super) async fn version(&self) -> Result<(String, String), ClusterError> {
        let asked = self.client.apiserver_version().await;
        let info = asked.map_err(|error| self.error("ask for the cluster's version", error))?;
        Ok((info.git_version, info.platform))
    }

    /// Creates a PipelineRun, which has a name; the server refuses fields that it does not know.
    ///
    /// With `dry_run` it does all but keep it. One that is lost on the way is sent again, and found to be ours.
    pub(super) async fn create(&self, object: &Value, dry_run: bool) -> Result<Created, ClusterError> {
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            match self.create_once(object, dry_run).await {
                Err(error) if error.is_passing() && attempt < TRIES => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) if error.is_taken() && attempt > 1 && self.is_ours(object).await => {
                    return Ok(Created { warnings: Vec::new() });
                }
                created => return created,
            }
            attempt += 1;
        }
    }

    async fn create_once(&self, object: &Value, dry_run: bool) -> Result<Created, ClusterError> {
        let doing = if dry_run { "ask for a dry run" } else { "create the PipelineRun" };
        let path = format!(
            "/apis/tekton.dev/v1/namespaces/{}/pipelineruns?fieldManager=stagebook&fieldValidation=Strict{}",
            self.namespace,
            if dry_run { "&dryRun=All" } else { "" }
        );
        let body = Body::from(object.to_string().into_bytes());
        let request = hyper::Request::post(path).header("content-type", "application/json").body(body);
        let request = request.expect("a namespace is a DNS label");
        let answer = self.client.send(request).await.map_err(|error| self.error(doing, error))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| self.error(doing, error))?.to_bytes();
        if head.status.is_success() {
            let warnings =
                head.headers.get_all("warning").iter().filter_map(|value| warning(value.to_str().ok()?));
            return Ok(Created { warnings: warnings.collect() });
        }
        let plain = || Status::failure(&String::from_utf8_lossy(&body), "").with_code(head.status.as_u16());
        let status = serde_json::from_slice(&body).unwrap_or_else(|_| plain());
        Err(refused(doing, &status, &self.namespace))
    }

    /// Returns whether the object that has this one's name came from this run.
    async fn is_ours(&self, object: &Value) -> bool {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let ours = object["metadata"]["annotations"][RUN].as_str();
        let found = self.pipeline_runs().get(name).await.ok();
        let annotations = found.and_then(|found| found.metadata.annotations);
        ours.is_some() && annotations.as_ref().and_then(|all| all.get(RUN)).map(String::as_str) == ours
    }

    /// Asks a PipelineRun to stop; its `finally` tasks run if `gently`.
    pub(super) async fn cancel(&self, name: &str, gently: bool) -> Result<(), ClusterError> {
        let status = if gently { "CancelledRunFinally" } else { "Cancelled" };
        let patch = Patch::Merge(serde_json::json!({"spec": {"status": status}}));
        let asked = self.pipeline_runs().patch(name, &PatchParams::default(), &patch).await;
        asked.map(drop).map_err(|error| self.error("cancel the PipelineRun", error))
    }

    /// Removes a PipelineRun, with its pods and volumes.
    pub(super) async fn delete(&self, name: &str) -> Result<(), ClusterError> {
        let asked = self.pipeline_runs().delete(name, &DeleteParams::background()).await;
        match asked.map_err(|error| self.error("delete the PipelineRun", error)) {
            Err(error) if error.is_missing() => Ok(()),
            done => done.map(drop),
        }
    }

    /// Returns the TaskRuns of a PipelineRun as they are now.
    pub(super) async fn task_runs_of(&self, name: &str) -> Result<Vec<DynamicObject>, ClusterError> {
        let of = ListParams::default().labels(&format!("{PIPELINE_RUN}={name}"));
        let asked = self.task_runs().list(&of).await;
        asked.map(|list| list.items).map_err(|error| self.error("list the TaskRuns", error))
    }

    /// Returns the definitions of the kinds that the cluster has besides Kubernetes' own.
    pub(super) async fn definitions(&self) -> Result<Vec<Value>, ClusterError> {
        let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let resource = ApiResource::from_gvk(&kind);
        let definitions: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let asked = definitions.list(&ListParams::default()).await;
        let list = asked.map_err(|error| self.error("read the definitions of kinds", error))?;
        let named = |definition: DynamicObject| {
            let mut value = definition.data;
            // An item of a list does not say what it is.
            value["apiVersion"] = resource.api_version.as_str().into();
            value["kind"] = resource.kind.as_str().into();
            value
        };
        Ok(list.items.into_iter().map(named).collect())
    }

    pub(super) fn pipeline_runs(&self) -> Api<DynamicObject> {
        self.tekton("PipelineRun", "pipelineruns")
    }

    pub(super) fn task_runs(&self) -> Api<DynamicObject> {
        self.tekton("TaskRun", "taskruns")
    }

    pub(super) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn tekton(&self, kind: &str, plural: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("tekton.dev", "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// Says in words why something could not be done.
    pub(super) fn error(&self, doing: &str, error: kube::Error) -> ClusterError {
        match error {
            kube::Error::Api(status) => refused(doing, &status, &self.namespace),
            error => ClusterError::Unreachable {
                doing: doing.to_owned(),
                server: self.server.trim_end_matches('/').to_owned(),
                reason: crate::diagnostic::chain(&error),
            },
        }
    }
}

/// Returns the text of a `Warning` header (RFC 9111 5.5): `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let quoted = header.split_once('"')?.1.strip_suffix('"')?;
    Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
}
