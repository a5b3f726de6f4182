//! Project, template, streams and release plans.

use serde_json::{Value, json};

use super::expand::{hyphenized, stream_name};
use super::{TenantFile, bundle, listed};
use crate::config::{ComponentSettings, ReleaseSettings, StreamSettings, TenantSettings, TestSettings};

const KONFLUX: &str = "appstudio.redhat.com/v1alpha1";
const PROJECTS: &str = "projctl.konflux.dev/v1beta1";

/// How names in the template end, with the stream in it.
const STREAM: &str = "{{.versionName}}";

/// Returns the files of the tenant's repository, with a kustomization that lists them.
pub fn tenant(tenant: &TenantSettings) -> Vec<TenantFile> {
    let mut files = vec![
        TenantFile::new("project.yaml", project(tenant)),
        TenantFile::new("template.yaml", template(tenant)),
    ];
    let path = |stream: &StreamSettings| format!("devstreams/{}.yaml", hyphenized(&stream.name));
    files.extend(tenant.streams.iter().map(|one| TenantFile::new(path(one), stream(tenant, one))));
    files.extend(release_plans(tenant));
    let listed: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": tenant.namespace,
        "resources": listed,
    });
    files.push(TenantFile::new("kustomization.yaml", kustomization));
    files
}

fn project(tenant: &TenantSettings) -> Value {
    let mut spec = json!({"displayName": tenant.title.as_ref().unwrap_or(&tenant.project)});
    if let Some(description) = &tenant.description {
        spec["description"] = description.clone().into();
    }
    object(tenant, PROJECTS, "Project", &tenant.project, spec)
}

fn template(tenant: &TenantSettings) -> Value {
    let variables = json!([
        {"name": "version", "description": "The stream"},
        {"name": "versionName", "defaultValue": "{{hyphenize .version}}", "description": "The stream in names"},
        {"name": "revision", "defaultValue": "{{.version}}", "description": "The branch that it is built from"},
    ]);
    let spec = json!({"project": tenant.project, "variables": variables, "resources": resources(tenant)});
    object(tenant, PROJECTS, "ProjectDevelopmentStreamTemplate", &template_name(tenant), spec)
}

fn template_name(tenant: &TenantSettings) -> String {
    format!("{}-template", tenant.project)
}

/// Returns what each stream has, with the variables of the template in it.
pub(super) fn resources(tenant: &TenantSettings) -> Vec<Value> {
    let application = format!("{}-{STREAM}", tenant.project);
    let title = tenant.title.as_ref().unwrap_or(&tenant.project);
    let mut resources = vec![json!({
        "apiVersion": KONFLUX,
        "kind": "Application",
        "metadata": {"name": application},
        "spec": {"displayName": format!("{title} {{{{.version}}}}")},
    })];
    for component in &tenant.components {
        resources.push(component_object(&application, component));
        resources.push(image_repository(tenant, &application, component));
    }
    resources.extend(tenant.tests.iter().map(|test| test_object(&application, test)));
    resources
}

fn component_object(application: &str, component: &ComponentSettings) -> Value {
    let name = format!("{}-{STREAM}", component.name);
    json!({
        "apiVersion": KONFLUX,
        "kind": "Component",
        "metadata": {
            "name": name,
            // The pipelines are in the repository already: nobody needs a pull request with others.
            "annotations": {"build.appstudio.openshift.io/request": "configure-pac-no-mr"},
        },
        "spec": {
            "application": application,
            "componentName": name,
            "source": {
                "git": {
                    "url": component.url,
                    "revision": "{{.revision}}",
                    "context": component.context,
                    "dockerfileUrl": component.containerfile,
                },
            },
        },
    })
}

fn image_repository(tenant: &TenantSettings, application: &str, component: &ComponentSettings) -> Value {
    let name = format!("{}-{STREAM}", component.name);
    // The registry and its organization are the cluster's; what follows them is ours to name.
    let below = tenant.registry.splitn(3, '/').nth(2).unwrap_or(&tenant.namespace);
    json!({
        "apiVersion": KONFLUX,
        "kind": "ImageRepository",
        "metadata": {
            "name": format!("imagerepository-for-{name}"),
            "annotations": {"image-controller.appstudio.redhat.com/update-component-image": "true"},
            "labels": {"appstudio.redhat.com/application": application, "appstudio.redhat.com/component": name},
        },
        "spec": {"image": {"name": format!("{below}/{name}"), "visibility": "public"}},
    })
}

fn test_object(application: &str, test: &TestSettings) -> Value {
    let mut object = json!({
        "apiVersion": "appstudio.redhat.com/v1beta2",
        "kind": "IntegrationTestScenario",
        "metadata": {"name": format!("{}-{STREAM}", test.name)},
        "spec": {
            "application": application,
            "contexts": [{"name": "application", "description": "Tests each application by itself"}],
            "resolverRef": {
                "resolver": "git",
                "params": [
                    {"name": "url", "value": test.url},
                    {"name": "revision", "value": test.revision},
                    {"name": "pathInRepo", "value": test.path},
                ],
            },
        },
    });
    if !test.params.is_empty() {
        object["spec"]["params"] = listed(&test.params).into();
    }
    object
}

fn stream(tenant: &TenantSettings, stream: &StreamSettings) -> Value {
    let mut values = vec![json!({"name": "version", "value": stream.name})];
    if stream.branch != stream.name {
        values.push(json!({"name": "revision", "value": stream.branch}));
    }
    let template = json!({"name": template_name(tenant), "values": values});
    let spec = json!({"project": tenant.project, "template": template});
    object(tenant, PROJECTS, "ProjectDevelopmentStream", &stream_name(&tenant.project, stream), spec)
}

/// Returns the plan of each way out for each stream.
pub(super) fn release_plans(tenant: &TenantSettings) -> Vec<TenantFile> {
    let mut files = Vec::new();
    for release in &tenant.releases {
        for stream in &tenant.streams {
            let name = stream_name(&release.name, stream);
            files.push(TenantFile::new(
                format!("releaseplans/{name}.yaml"),
                release_plan(tenant, release, stream, &name),
            ));
        }
    }
    files
}

fn release_plan(
    tenant: &TenantSettings,
    release: &ReleaseSettings,
    stream: &StreamSettings,
    name: &str,
) -> Value {
    let mapped = |component: &ComponentSettings| {
        let repository = format!("{}/{}", release.registry, component.name);
        let name = stream_name(&component.name, stream);
        json!({"name": name, "repository": repository, "tags": [stream.name]})
    };
    let components: Vec<Value> = tenant.components.iter().map(mapped).collect();
    let spec = json!({
        "application": stream_name(&tenant.project, stream),
        "data": {"mapping": {"components": components}},
        "tenantPipeline": {
            "pipelineRef": bundle(&release.pipeline),
            "serviceAccountName": release.service_account,
        },
    });
    let mut plan = object(tenant, KONFLUX, "ReleasePlan", name, spec);
    plan["metadata"]["labels"] = json!({
        "release.appstudio.openshift.io/auto-release": release.automatic.to_string(),
        "release.appstudio.openshift.io/standing-attribution": "true",
    });
    plan
}

/// Returns an object of the tenant's namespace.
fn object(tenant: &TenantSettings, version: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": tenant.namespace},
        "spec": spec,
    })
}
