//! A definition's `openAPIV3Schema` becomes a schema.

use regex::Regex;

use super::model::{Embedded, Expected, Limits, Others, Schema};
use crate::konflux::fields::{elements, field, list, text};
use crate::yaml::Node;

/// Compiles the schema of a value. `key` is the field that it stands in.
pub(super) fn compile(node: &Node, key: &str) -> Schema {
    let keeps_unknown = is_true(node, "x-kubernetes-preserve-unknown-fields");
    let properties = field(node, "properties").and_then(Node::entries).unwrap_or_default();
    let expected = match embedded(key) {
        Some(embedded) if properties.is_empty() => Expected::Embedded(embedded),
        _ => expected(node),
    };
    let fields =
        properties.iter().map(|entry| (entry.key.as_str().into(), compile(&entry.value, &entry.key)));
    Schema {
        expected,
        fields: fields.collect(),
        others: others(node, keeps_unknown, !properties.is_empty()),
        required: list(node, "required").iter().filter_map(Node::text).map(Into::into).collect(),
        items: field(node, "items").map(|items| Box::new(compile(items, ""))),
        limits: limits(node),
    }
}

/// Returns what is put into fields that Tekton leaves open.
fn embedded(key: &str) -> Option<Embedded> {
    match key {
        "taskSpec" => Some(Embedded::Task),
        "pipelineSpec" => Some(Embedded::Pipeline),
        _ => None,
    }
}

fn expected(node: &Node) -> Expected {
    if is_true(node, "x-kubernetes-int-or-string") {
        return Expected::IntegerOrText;
    }
    match text(node, "type") {
        Some("object") => Expected::Map,
        Some("array") => Expected::List,
        Some("string") => Expected::Text,
        Some("integer") => Expected::Integer,
        Some("number") => Expected::Number,
        Some("boolean") => Expected::Boolean,
        _ => Expected::Any,
    }
}

fn others(node: &Node, keeps_unknown: bool, has_fields: bool) -> Others {
    match field(node, "additionalProperties") {
        Some(schema) if schema.entries().is_some() => Others::Like(Box::new(compile(schema, ""))),
        Some(flag) if flag.boolean() == Some(true) => Others::Free,
        _ if has_fields && !keeps_unknown => Others::Refused,
        _ => Others::Free,
    }
}

fn limits(node: &Node) -> Option<Box<Limits>> {
    let number = |key: &str| text(node, key).and_then(|text| text.parse().ok());
    let count = |key: &str| text(node, key).and_then(|text| text.parse().ok());
    let choices = field(node, "enum").map(elements).unwrap_or_default();
    let limits = Limits {
        choices: choices.iter().filter_map(Node::text).map(str::to_owned).collect(),
        // Definitions are written for Go's expressions; the few that ours does not know are not checked.
        pattern: text(node, "pattern").and_then(|pattern| Regex::new(pattern).ok()),
        length: (count("minLength"), count("maxLength")),
        number: (number("minimum"), number("maximum")),
        items: (count("minItems"), count("maxItems")),
    };
    let says_nothing = limits.choices.is_empty()
        && limits.pattern.is_none()
        && [limits.length, limits.items] == [(None, None); 2]
        && limits.number == (None, None);
    (!says_nothing).then(|| Box::new(limits))
}

fn is_true(node: &Node, key: &str) -> bool {
    field(node, key).and_then(Node::boolean) == Some(true)
}
