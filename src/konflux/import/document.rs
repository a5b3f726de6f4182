//! A file of YAML becomes a page.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::back::export_page;
use super::comments::Comments;
use super::object::{Variable, Writer};
use super::page::{Page, fence};
use super::piece::{Mark, looks_like_reference};
use crate::diagnostic::{Finding, Place, Severity, Source, plural};
use crate::tutorial::{Includes, ParseOptions, parse};
use crate::yaml::{Data, Node, read_documents, write};

/// A page that was made of a file.
#[derive(Debug)]
pub struct Imported {
    /// The page.
    pub text: String,
    /// How many objects it holds.
    pub objects: usize,
    /// What does not come onto the page, and what is worth knowing.
    pub findings: Vec<Finding>,
}

/// Kinds that Tekton defines and that become more than YAML.
const KINDS: [&str; 6] = ["Task", "ClusterTask", "StepAction", "Pipeline", "PipelineRun", "TaskRun"];

/// An object of a file.
struct Object<'a> {
    node: &'a Node,
    value: Value,
}

/// Makes a page of a file. Of one that cannot be read to its end, the page has no objects: half of a file is not the
/// file.
pub fn import(source: &Arc<Source>) -> Imported {
    let read = read_documents(source);
    if !read.findings.is_empty() {
        return Imported { text: String::new(), objects: 0, findings: read.findings };
    }
    let mut findings: Vec<Finding> = read.tagged.iter().map(tag_left_out).collect();
    let objects = objects(&read.documents, &mut findings);
    let mut comments = Comments::of(source, &read);
    let mut draft = Draft::of(source, &objects, &mut comments, &vec![false; objects.len()]);
    // Reading back what was written is the proof that nothing is lost; an object that fails stays YAML.
    let whole = draft.not_kept(&objects);
    if whole.contains(&true) {
        comments = Comments::of(source, &read);
        draft = Draft::of(source, &objects, &mut comments, &whole);
        let names = objects.iter().zip(&whole).filter(|(_, whole)| **whole);
        findings.extend(names.map(|(object, _)| kept_whole(object)));
        let lost = draft.not_kept(&objects);
        findings
            .extend(objects.iter().zip(lost).filter(|(_, lost)| *lost).map(|(object, _)| differs(object)));
    }
    findings.extend(comments.findings());
    draft.drop_variables_that_are_wrong();
    Imported { text: draft.page(), objects: objects.len(), findings }
}

fn tag_left_out(tag: &Place) -> Finding {
    let message = format!("tag `{}` is left out: it is no part of the value", tag.text());
    let finding = Finding::warning("import-tag", message).at(tag.clone());
    finding.help("Kubernetes does not read tags; keep the file if another program does")
}

fn kept_whole(object: &Object<'_>) -> Finding {
    let message = format!("`{}` stays YAML on the page", title_of(&object.value));
    let finding = Finding::warning("import-whole", message).at(start_of(object.node));
    finding.help("a part of it cannot stand as text and be read back; nothing is lost")
}

fn differs(object: &Object<'_>) -> Finding {
    let message = format!("`{}` is not the same when it is read back from the page", title_of(&object.value));
    let finding = Finding::error("import-differs", message).at(start_of(object.node));
    finding.help("keep the file: the page does not replace it")
}

/// Returns the objects of some documents; a list stands for its items.
fn objects<'a>(documents: &'a [Node], findings: &mut Vec<Finding>) -> Vec<Object<'a>> {
    let mut objects = Vec::new();
    for document in documents {
        let items =
            match (document.get("kind").and_then(Node::text), document.get("items").map(|node| &node.data)) {
                (Some("List"), Some(Data::List(items))) => {
                    let message = format!("a `List` is taken apart into {}", plural(items.len(), "object"));
                    let finding = Finding::warning("import-list", message).at(start_of(document));
                    findings.push(finding.help("the way back gives the objects, each as a document"));
                    items.iter().collect()
                }
                _ => vec![document],
            };
        objects.extend(items.into_iter().map(|node| Object { node, value: known(node, findings) }));
    }
    objects
}

/// Returns an object's value, and says what is special about it.
fn known(node: &Node, findings: &mut Vec<Finding>) -> Value {
    let mut value = node.to_json();
    let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
    if node.entries().is_none() || kind.is_empty() {
        let finding = Finding::warning("import-no-object", "a document is no object: it has no `kind`");
        findings.push(finding.at(start_of(node)).help("it is kept on the page as it is"));
    } else if !KINDS.contains(&kind) {
        let finding = Finding::warning("import-kind", format!("kind `{kind}` is none of Tekton's"));
        findings.push(finding.at(start_of(node)).help("it is kept on the page as it is"));
    }
    let version = node.get("apiVersion").and_then(Node::text).unwrap_or_default();
    if version == "tekton.dev/v1beta1" && kind != "StepAction" {
        let place = node.get("apiVersion").map_or_else(|| start_of(node), |node| node.place.clone());
        let finding =
            Finding::warning("import-old-version", format!("`{kind}` is of the old version `{version}`"));
        findings.push(finding.at(place).help("it is kept so; new objects are of `tekton.dev/v1`"));
    }
    let mut dropped = Vec::new();
    for path in [["spec"].as_slice(), &["spec", "pipelineSpec"]] {
        drop_versions(node, &mut value, path, &mut dropped);
    }
    findings.extend(dropped.first().map(|first| versions_dropped(dropped.len(), first)));
    value
}

/// Drops `taskRef.version`, which templates of Konflux have and Tekton does not know.
fn drop_versions(node: &Node, value: &mut Value, path: &[&str], dropped: &mut Vec<Place>) {
    let Some(node) = path.iter().try_fold(node, |node, key| node.get(key)) else { return };
    let Some(value) = path.iter().try_fold(value, |value, key| value.get_mut(key)) else { return };
    for key in ["tasks", "finally"] {
        let Some(tasks) = value.get_mut(key).and_then(Value::as_array_mut) else { continue };
        let nodes = node.get(key).and_then(Node::items).unwrap_or_default();
        for (task, node) in tasks.iter_mut().zip(nodes) {
            let Some(reference) = task.get_mut("taskRef").and_then(Value::as_object_mut) else { continue };
            if reference.shift_remove("version").is_some() {
                let place = node.get("taskRef").and_then(|node| node.get("version")).unwrap_or(node);
                dropped.push(place.place.clone());
            }
        }
    }
}

fn versions_dropped(count: usize, first: &Place) -> Finding {
    let message =
        format!("`taskRef.version` of {} is left out: Tekton has no such field", plural(count, "task"));
    let help =
        "Konflux replaces it by the task's bundle: write `resolver: bundles` and the bundle with its digest";
    Finding::warning("import-task-version", message).at(first.clone()).help(help)
}

fn start_of(node: &Node) -> Place {
    let start = node.place.span.start;
    Place::new(&node.place.source, start..start)
}

/// Returns what a reader calls an object.
fn title_of(value: &Value) -> String {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let generated = text("/metadata/generateName").map(|name| name.trim_end_matches('-'));
    let name = text("/metadata/name").or(generated).or(text("/kind")).unwrap_or("Document");
    one_line(name)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page while it is put together.
struct Draft {
    title: String,
    variables: BTreeMap<String, Option<Variable>>,
    body: Page,
    source: Arc<Source>,
}

impl Draft {
    /// Writes all objects; those of which `whole` says so as YAML alone.
    fn of(source: &Arc<Source>, objects: &[Object<'_>], comments: &mut Comments, whole: &[bool]) -> Self {
        let title = match objects {
            [object] => title_of(&object.value),
            _ => source.path().file_stem().map_or_else(String::new, |stem| one_line(&stem.to_string_lossy())),
        };
        let mut body = Page::default();
        body.heading(1, &title);
        let mut writer = Writer { page: &mut body, comments, variables: BTreeMap::new() };
        for (object, whole) in objects.iter().zip(whole) {
            write_object(&mut writer, object, *whole, objects.len() > 1);
        }
        let variables = writer.variables;
        Self { title, variables, body, source: Arc::clone(source) }
    }

    /// Returns for each object whether the page does not give it back as it was.
    fn not_kept(&self, objects: &[Object<'_>]) -> Vec<bool> {
        let exported = export_page(&Source::new(self.source.path(), self.page())).objects;
        let is_other = |(at, object): (usize, &Object<'_>)| {
            exported.len() != objects.len() || exported[at].value != object.value
        };
        objects.iter().enumerate().map(is_other).collect()
    }

    /// Leaves the parameters out where the page would be wrong with them.
    fn drop_variables_that_are_wrong(&mut self) {
        if self.variables.is_empty() {
            return;
        }
        let source = Source::new("page.md", self.page());
        let (_, findings) = parse(&source, &ParseOptions::default(), &NoIncludes);
        let front = |finding: &Finding| {
            let at = finding.place.as_ref().map_or(usize::MAX, |place| place.span.start);
            finding.severity == Severity::Error && at < source.text().find("\n---\n").unwrap_or(0)
        };
        if findings.iter().any(front) {
            self.variables.clear();
        }
    }

    /// Returns the page.
    fn page(&self) -> String {
        let mut front = Map::from_iter([("title".to_owned(), json!(self.title))]);
        let mut parameters = Map::new();
        for (name, variable) in &self.variables {
            if let Some(variable) = variable {
                parameters.insert(name.clone(), declaration(variable));
            }
        }
        if !parameters.is_empty() {
            front.insert("params".to_owned(), Value::Object(parameters));
        }
        front.insert("tags".to_owned(), json!(["tekton"]));
        format!("---\n{}---\n\n{}", write(&Value::Object(front)), self.body.text)
    }
}

/// Returns how front matter declares a parameter.
fn declaration(variable: &Variable) -> Value {
    let mut map = Map::from_iter([("type".to_owned(), json!("string"))]);
    if let Some(Value::String(default)) = &variable.default {
        map.insert("default".to_owned(), json!(default));
    }
    if let Some(description) = &variable.description {
        map.insert("description".to_owned(), json!(description));
    }
    Value::Object(map)
}

/// An imported page includes nothing.
pub(super) struct NoIncludes;

impl Includes for NoIncludes {
    fn read(&self, _from: &Path, _target: &str) -> Result<Arc<Source>, String> {
        Err("it includes nothing".to_owned())
    }
}

fn write_object(writer: &mut Writer<'_>, object: &Object<'_>, whole: bool, several: bool) {
    let mut value = object.value.clone();
    let title = title_of(&value);
    let kind = value.get("kind").and_then(Value::as_str).map(one_line).unwrap_or_default();
    let level = if several { 2 } else { 1 };
    let mut scope = String::new();
    if several {
        writer.page.heading(2, &format!("{kind} {title}"));
        scope = writer.page.name(&title);
    }
    if let Some(comment) = writer.comments.before(&object.node.place) {
        writer.page.part(&comment);
    }
    let plain = whole || looks_like_reference(&value);
    let known = !plain && writer.object(&mut value, object.node, &scope, level);
    let what = match known {
        true => {
            format!("{kind} <code>{}</code> as YAML: all that the page does not say above", escaped(&title))
        }
        false => format!("{kind} <code>{}</code> as YAML", escaped(&title)),
    };
    let yaml = write(&value);
    let fence = fence(&yaml);
    let newline = if yaml.ends_with('\n') { "" } else { "\n" };
    writer.page.part(&format!(
        "<details>\n<summary>{}</summary>\n\n{}\n{fence}yaml\n{yaml}{newline}{fence}\n\n</details>",
        what.trim(),
        Mark::Object { whole: !known }.write(),
    ));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
