//! What a project has on a Konflux cluster, as files of two repositories.
//!
//! The tenant's repository holds a Project, a template of what each stream has, the streams, and the release
//! plans; the names and the layout are those of Fedora CoreOS. The source repository holds a PipelineRun for each
//! component, stream and event, which Pipelines-as-Code starts.
//!
//! ```text
//! project.yaml  template.yaml  devstreams/STREAM.yaml  releaseplans/NAME-STREAM.yaml  kustomization.yaml
//! .tekton: STREAM/on-push/COMPONENT-STREAM-on-push.yaml, STREAM/on-pull-request/...
//! ```

mod expand;
mod owned;
mod runs;
mod streams;

use serde_json::Value;

use crate::config::{BundleSettings, TenantSettings};
use crate::diagnostic::Finding;
use crate::image::Pin;

pub use expand::expanded;
pub use owned::TenantFolder;
pub use runs::runs;
pub use streams::tenant;

/// An object with the file that it belongs in.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantFile {
    /// Path from the folder of all of them.
    pub path: String,
    /// The object.
    pub object: Value,
}

impl TenantFile {
    fn new(path: impl Into<String>, object: Value) -> Self {
        Self { path: path.into(), object }
    }
}

/// Returns what is wrong with the settings of a tenant: bundles that may be others tomorrow, builds that lack what they need.
pub fn findings(tenant: &TenantSettings) -> Vec<Finding> {
    let bundles = tenant.releases.iter().map(|release| &release.pipeline).chain([&tenant.pipeline]);
    // That one is missing is said where the settings are read.
    let bundles = bundles.filter(|pipeline| !pipeline.bundle.is_empty());
    let finding = |pipeline: &BundleSettings| {
        let message = format!("the bundle `{}` {}", pipeline.bundle, Pin::of(&pipeline.bundle).problem()?);
        let finding = Finding::warning("bundle-without-digest", message);
        Some(
            finding
                .help("write it as `NAME@sha256:` and its 64 digits: a tag may be another bundle tomorrow"),
        )
    };
    let without_network = runs::without_prefetch(tenant);
    let starved = (!without_network.is_empty()).then(|| {
        let message =
            format!("nothing is fetched before the hermetic builds of `{}`", without_network.join("`, `"));
        let help =
            "name it in `prefetch`, as `[{ type = \"rpm\", path = \".\" }]`: these builds have no network";
        Finding::warning("hermetic-without-prefetch", message).help(help)
    });
    crate::diagnostic::tidy(bundles.filter_map(finding).chain(starved).collect())
}

/// Returns a reference to a pipeline in a bundle.
fn bundle(pipeline: &BundleSettings) -> Value {
    serde_json::json!({
        "resolver": "bundles",
        "params": [
            {"name": "bundle", "value": pipeline.bundle},
            {"name": "name", "value": pipeline.name},
            {"name": "kind", "value": "pipeline"},
        ],
    })
}

/// Returns parameters as Kubernetes lists them.
fn listed(params: &[(String, String)]) -> Vec<Value> {
    params.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect()
}
