//! What the template stands for: the objects of each stream.

use serde_json::Value;

use super::TenantFile;
use super::streams::{release_plans, resources};
use crate::config::{StreamSettings, TenantSettings};

/// Returns the objects that each stream has, as the cluster makes them of the template, and the release plans.
pub fn expanded(tenant: &TenantSettings) -> Vec<TenantFile> {
    let mut files = Vec::new();
    for stream in &tenant.streams {
        for mut object in resources(tenant) {
            fill(&mut object, stream);
            object["metadata"]["namespace"] = tenant.namespace.clone().into();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
            let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
            let path = format!("{}/{kind}-{name}.yaml", hyphenized(&stream.name));
            files.push(TenantFile::new(path, object));
        }
    }
    files.extend(release_plans(tenant));
    files
}

/// Puts the values of a stream in place of the template's variables.
fn fill(value: &mut Value, stream: &StreamSettings) {
    match value {
        Value::String(text) => {
            *text = text
                .replace("{{.versionName}}", &hyphenized(&stream.name))
                .replace("{{.version}}", &stream.name)
                .replace("{{.revision}}", &stream.branch);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, stream)),
        Value::Object(map) => map.values_mut().for_each(|item| fill(item, stream)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns a name with the stream after it.
pub(super) fn stream_name(name: &str, stream: &StreamSettings) -> String {
    format!("{name}-{}", hyphenized(&stream.name))
}

/// Returns a stream's name as names of objects have it: `4.20` is `4-20` there.
pub(super) fn hyphenized(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}
