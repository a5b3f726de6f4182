//! An object against its schema.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::catalog::Catalog;
use super::model::{Embedded, Expected, Limits, Others, Schema};
use crate::diagnostic::{Finding, Place, nearest};
use crate::konflux::fields::{field, first_line, text};
use crate::konflux::object::Object;
use crate::konflux::placeholder::is_template;
use crate::konflux::scalar::{ValueKind, kind};
use crate::yaml::{Data, Entry, Node, integer};

/// Whether there was a schema to check an object with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::konflux) enum Judged {
    /// It was checked.
    Yes,
    /// The kind is not known, or not in this version.
    NoSchema,
}

/// Adds what is wrong with an object by its schema.
pub(in crate::konflux) fn validate(
    catalog: &Catalog,
    object: &Object<'_>,
    findings: &mut Vec<Finding>,
) -> Judged {
    let Some(known) = catalog.kind(object.group, object.kind) else { return Judged::NoSchema };
    let Some(schema) = known.version(object.version) else {
        findings.push(unknown_version(object, known.current_versions()));
        return Judged::Yes;
    };
    let mut walk = Walk { catalog, version: object.version, is_relaxed: false, path: Vec::new(), findings };
    walk.value(object.node, schema, &first_line(&object.node.place));
    Judged::Yes
}

fn unknown_version<'a>(object: &Object<'_>, known: impl Iterator<Item = &'a str>) -> Finding {
    let place = field(object.node, "apiVersion").map_or(&object.node.place, |node| &node.place);
    let known: Vec<String> = known.map(|version| format!("`{}/{version}`", object.group)).collect();
    let message = format!("{} has no version `{}`", object.kind, object.version);
    Finding::error("unknown-version", message)
        .at(first_line(place))
        .help(format!("write {}", known.join(" or ")))
}

/// A part of the way from the object's root to a value.
enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

struct Walk<'a, 'f> {
    catalog: &'a Catalog,
    version: &'a str,
    /// Whether the value is part of an embedded spec, in which nothing is required.
    is_relaxed: bool,
    path: Vec<Part<'a>>,
    findings: &'f mut Vec<Finding>,
}

impl<'a> Walk<'a, '_> {
    /// Checks a value; `key` is where the key stands that it belongs to.
    fn value(&mut self, node: &'a Node, schema: &Schema, key: &Place) {
        match (&node.data, schema.expected) {
            // The API server drops null before it looks at anything.
            (Data::Null, _) => {}
            (_, Expected::Any) if schema.fields.is_empty() => {}
            (Data::Map(_), Expected::Embedded(embedded)) => self.embedded(node, embedded, key),
            (Data::Map(entries), Expected::Map | Expected::Any) => self.map(entries, schema, key),
            (Data::List(items), Expected::List) => self.list(node, items, schema),
            (Data::Scalar { text, .. }, expected) if fits(node, text, expected) => {
                self.limits(node, text, schema.limits.as_deref());
            }
            (_, expected) => self.wrong_kind(node, expected, key),
        }
    }

    fn map(&mut self, entries: &'a [Entry], schema: &Schema, key: &Place) {
        for entry in entries {
            let schema = match (schema.fields.get(entry.key.as_str()), &schema.others) {
                (Some(schema), _) => schema,
                (None, Others::Like(schema)) => schema,
                (None, Others::Free) => continue,
                (None, Others::Refused) => {
                    self.unknown_field(entry, schema);
                    continue;
                }
            };
            self.path.push(Part::Key(&entry.key));
            self.value(&entry.value, schema, &entry.key_place);
            self.path.pop();
        }
        if self.is_relaxed {
            return;
        }
        for required in &schema.required {
            if !entries.iter().any(|entry| entry.key == **required && !entry.value.is_null()) {
                self.missing_field(entries, required, key);
            }
        }
    }

    fn list(&mut self, node: &'a Node, items: &'a [Node], schema: &Schema) {
        if let Some(limits) = &schema.limits
            && let Some(message) = outside(items.len() as f64, "items", wide(limits.items))
        {
            let message = format!("{} {message}", self.place_in_words());
            self.findings.push(Finding::error("invalid-value", message).at(first_line(&node.place)));
        }
        let Some(schema) = &schema.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.path.push(Part::Index(index));
            self.value(item, schema, &first_line(&item.place));
            self.path.pop();
        }
    }

    /// Checks the spec of a Task or Pipeline that stands in another object.
    fn embedded(&mut self, node: &'a Node, embedded: Embedded, key: &Place) {
        let is_custom =
            text(node, "apiVersion").is_some() || text(node, "kind").is_some_and(|kind| kind != "Task");
        if embedded == Embedded::Task && is_custom {
            return;
        }
        let Some(known) = self.catalog.embedded(embedded) else { return };
        let spec = known.version(self.version).and_then(|schema| schema.fields.get("spec"));
        let (Some(spec), Some(entries)) = (spec, node.entries()) else { return };
        let before = std::mem::replace(&mut self.is_relaxed, true);
        for entry in entries {
            // An embedded task has labels and annotations of its own.
            if embedded == Embedded::Task && matches!(entry.key.as_str(), "metadata" | "kind" | "spec") {
                continue;
            }
            match spec.fields.get(entry.key.as_str()) {
                Some(schema) => {
                    self.path.push(Part::Key(&entry.key));
                    self.value(&entry.value, schema, key);
                    self.path.pop();
                }
                None if matches!(spec.others, Others::Refused) => self.unknown_field(entry, spec),
                None => {}
            }
        }
        self.is_relaxed = before;
    }

    fn limits(&mut self, node: &Node, text: &str, limits: Option<&Limits>) {
        let Some(limits) = limits else { return };
        if is_template(text) {
            return;
        }
        let problem = if !limits.choices.is_empty() && !limits.choices.iter().any(|choice| choice == text) {
            Some(format!("is none of `{}`", limits.choices.join("`, `")))
        } else if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            Some(format!("does not match `{}`", pattern.as_str()))
        } else {
            let number = text.parse::<f64>().ok().filter(|_| limits.number != (None, None));
            number
                .and_then(|number| outside(number, "", limits.number))
                .or_else(|| outside(text.chars().count() as f64, "characters", wide(limits.length)))
        };
        if let Some(problem) = problem {
            let message = format!("`{}` {problem} in {}", short(text), self.place_in_words());
            let near = nearest(text, limits.choices.iter().map(String::as_str));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            self.findings
                .push(Finding::error("invalid-value", message).at(first_line(&node.place)).maybe_help(help));
        }
    }

    fn unknown_field(&mut self, entry: &Entry, schema: &Schema) {
        // Templates of Konflux name a version there; a rule of its own says what becomes of it.
        if entry.key == "version" && matches!(self.path.last(), Some(Part::Key("taskRef"))) {
            return;
        }
        let mut known: Vec<&str> = schema.fields.keys().map(AsRef::as_ref).collect();
        known.sort_unstable();
        let near = nearest(&entry.key, known.iter().copied());
        let help = match (renamed(&entry.key, &known), near) {
            (Some(help), _) => help.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("known there are `{}`", known.join("`, `")),
        };
        let message = format!("unknown field `{}` in {}", entry.key, self.place_in_words());
        self.findings.push(Finding::error("unknown-field", message).at(entry.key_place.clone()).help(help));
    }

    fn missing_field(&mut self, entries: &[Entry], field: &str, key: &Place) {
        // Tekton fills in the name of a step before its schema is asked; a rule of its own asks for one.
        let is_step = matches!(self.path.as_slice(), [.., Part::Key("steps"), Part::Index(_)]);
        if field == "name" && is_step {
            return;
        }
        let message = format!("field `{field}` is missing in {}", self.place_in_words());
        let place = entries.first().map_or(key, |entry| &entry.key_place);
        self.findings
            .push(Finding::error("missing-field", message).at(place.clone()).help(format!("add `{field}`")));
    }

    fn wrong_kind(&mut self, node: &Node, expected: Expected, key: &Place) {
        let found = kind(node);
        let is_scalar = matches!(node.data, Data::Scalar { .. });
        let shown =
            node.text().filter(|_| is_scalar).map_or(String::new(), |text| format!(" `{}`", short(text)));
        let message = format!(
            "expected {}, found {}{shown} in {}",
            in_words(expected),
            found.in_words(),
            self.place_in_words()
        );
        let help = match (node.text(), expected, found) {
            (Some(text), Expected::Text, _) => Some(format!("write it in quotes: `\"{text}\"`")),
            (Some(text), Expected::Integer | Expected::Number | Expected::Boolean, ValueKind::Text) => {
                Some(format!("write `{}` without quotes, as {}", short(text), in_words(expected)))
            }
            (_, Expected::List, _) => Some("begin each item with `- `".to_owned()),
            _ => None,
        };
        let place = if is_scalar { first_line(&node.place) } else { key.clone() };
        self.findings.push(Finding::error("wrong-type", message).at(place).maybe_help(help));
    }

    /// Returns the way to the value, as a message names it.
    fn place_in_words(&self) -> Cow<'static, str> {
        let mut path = String::new();
        for part in &self.path {
            match part {
                Part::Key(key) if path.is_empty() => path.push_str(key),
                Part::Key(key) => {
                    let _ = write!(path, ".{key}");
                }
                Part::Index(index) => {
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        if path.is_empty() { Cow::Borrowed("the object") } else { Cow::Owned(format!("`{path}`")) }
    }
}

/// Returns whether a scalar is what a schema expects.
fn fits(node: &Node, written: &str, expected: Expected) -> bool {
    let found = kind(node);
    match expected {
        Expected::Any => true,
        // A covered or quoted placeholder may become anything that it is replaced by.
        Expected::Integer | Expected::Number | Expected::Boolean if is_template(written) => true,
        Expected::Text => found == ValueKind::Text,
        Expected::Integer => found == ValueKind::Integer,
        Expected::Number => matches!(found, ValueKind::Integer | ValueKind::Number),
        Expected::Boolean => found == ValueKind::Boolean,
        // Amounts may be written as `0.5` too: the API server reads them as quantities.
        Expected::IntegerOrText => integer(written).is_some() || found != ValueKind::Boolean,
        Expected::Map | Expected::List | Expected::Embedded(_) => false,
    }
}

fn in_words(expected: Expected) -> &'static str {
    match expected {
        Expected::Any => "anything",
        Expected::Map | Expected::Embedded(_) => "a map",
        Expected::List => "a list",
        Expected::Text => "a string",
        Expected::Integer => "an integer",
        Expected::Number => "a number",
        Expected::Boolean => "`true` or `false`",
        Expected::IntegerOrText => "an integer or a string",
    }
}

fn wide(range: (Option<u64>, Option<u64>)) -> (Option<f64>, Option<f64>) {
    (range.0.map(|number| number as f64), range.1.map(|number| number as f64))
}

/// Returns what is wrong with a number outside of a range: of characters or items, or by itself.
fn outside(number: f64, unit: &str, (least, greatest): (Option<f64>, Option<f64>)) -> Option<String> {
    let counted = |less_or_more: &str, limit: f64| match unit {
        "" => format!("is {less_or_more} than {limit}"),
        unit => format!("has {less_or_more} than {limit} {unit}"),
    };
    match (least, greatest) {
        (Some(least), _) if number < least => Some(counted("less", least)),
        (_, Some(greatest)) if number > greatest => Some(counted("more", greatest)),
        _ => None,
    }
}

/// Returns what became of a field of Tekton's earlier versions.
fn renamed(field: &str, known: &[&str]) -> Option<&'static str> {
    let knows = |name: &str| known.contains(&name);
    match field {
        "resources" if knows("computeResources") => Some("it is called `computeResources` in tekton.dev/v1"),
        "bundle" if knows("resolver") => {
            Some("write `resolver: bundles` with the parameters `bundle`, `name` and `kind`")
        }
        "serviceAccountName" | "podTemplate" if knows("taskRunTemplate") => {
            Some("it stands in `taskRunTemplate` in tekton.dev/v1")
        }
        "timeout" if knows("timeouts") => Some("write it as `timeouts`, with `pipeline` below it"),
        "taskServiceAccountName" if knows("serviceAccountName") => {
            Some("it is called `serviceAccountName` in tekton.dev/v1")
        }
        "taskPodTemplate" if knows("podTemplate") => Some("it is called `podTemplate` in tekton.dev/v1"),
        _ => None,
    }
}

/// Returns the beginning of a text that may be long.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 60 || line.len() < text.trim_end().len() {
        format!("{}…", line.chars().take(60).collect::<String>())
    } else {
        line.to_owned()
    }
}
