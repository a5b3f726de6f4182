//! An object becomes a part of a page.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::comments::Comments;
use super::language::language;
use super::page::{Fact, Page};
use super::table::Column::{self, Code, Prose, Word};
use crate::yaml::Node;

/// Where parameters are declared.
const DECLARED: [Column; 4] = [Code("name"), Word("type"), Code("default"), Prose("description")];

/// Where values are given.
const GIVEN: [Column; 2] = [Code("name"), Code("value")];

/// What a task or a pipeline gives.
const RESULTS: [Column; 4] = [Code("name"), Word("type"), Prose("description"), Code("value")];

/// What a task or a pipeline works in.
const WORKSPACES: [Column; 3] = [Code("name"), Code("optional"), Prose("description")];

/// Which workspace of the pipeline a task has.
const BOUND: [Column; 2] = [Code("name"), Code("workspace")];

/// What a step says that fits on a line, with where that stands.
const STEP_FACTS: [(&str, &[&str]); 7] = [
    ("image", &["image"]),
    ("ref", &["ref", "name"]),
    ("workingDir", &["workingDir"]),
    ("command", &["command"]),
    ("args", &["args"]),
    ("timeout", &["timeout"]),
    ("onError", &["onError"]),
];

/// What a task of a pipeline says that fits on a line.
const TASK_FACTS: [(&str, &[&str]); 13] = [
    ("task", &["taskRef", "name"]),
    ("task", &["taskRef", "params", "name", "value"]),
    ("bundle", &["taskRef", "params", "bundle", "value"]),
    ("bundle", &["taskRef", "bundle"]),
    ("resolver", &["taskRef", "resolver"]),
    ("pipeline", &["pipelineRef", "name"]),
    ("runAfter", &["runAfter"]),
    ("when", &["when"]),
    ("matrix", &["matrix"]),
    ("retries", &["retries"]),
    ("timeout", &["timeout"]),
    ("onError", &["onError"]),
    ("displayName", &["displayName"]),
];

/// What a run says that fits on a line.
const RUN_FACTS: [(&str, &[&str]); 13] = [
    ("pipeline", &["spec", "pipelineRef", "name"]),
    ("pipeline", &["spec", "pipelineRef", "params", "name", "value"]),
    ("bundle", &["spec", "pipelineRef", "params", "bundle", "value"]),
    ("task", &["spec", "taskRef", "name"]),
    ("task", &["spec", "taskRef", "params", "name", "value"]),
    ("bundle", &["spec", "taskRef", "params", "bundle", "value"]),
    ("serviceAccountName", &["spec", "taskRunTemplate", "serviceAccountName"]),
    ("timeout", &["spec", "timeouts", "pipeline"]),
    ("max-keep-runs", &["metadata", "annotations", "pipelinesascode.tekton.dev/max-keep-runs"]),
    ("cancel-in-progress", &["metadata", "annotations", "pipelinesascode.tekton.dev/cancel-in-progress"]),
    ("on-event", &["metadata", "annotations", "pipelinesascode.tekton.dev/on-event"]),
    ("on-target-branch", &["metadata", "annotations", "pipelinesascode.tekton.dev/on-target-branch"]),
    ("on-path-change", &["metadata", "annotations", "pipelinesascode.tekton.dev/on-path-change"]),
];

/// Where Pipelines-as-Code says when a run starts.
const CEL: [&str; 3] = ["metadata", "annotations", "pipelinesascode.tekton.dev/on-cel-expression"];

/// A parameter of the page, by the variable that scripts read it from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// What it is if nobody says otherwise.
    pub(super) default: Option<Value>,
    /// What it is for.
    pub(super) description: Option<String>,
    /// The parameter that it has its value from.
    parameter: String,
}

/// Where a part of an object stands on the page.
#[derive(Debug, Clone, Copy)]
struct Spot<'a> {
    /// What the names of its pieces begin with.
    scope: &'a str,
    /// The level of its own heading.
    level: usize,
    /// Whether it runs whatever happened before.
    last: bool,
}

impl Spot<'_> {
    fn named(&self, name: &str) -> String {
        if self.scope.is_empty() { name.to_owned() } else { format!("{}.{name}", self.scope) }
    }
}

/// Writes objects onto a page.
pub(super) struct Writer<'a> {
    pub(super) page: &'a mut Page,
    pub(super) comments: &'a mut Comments,
    /// Parameters that scripts read; none where two mean different things by one name.
    pub(super) variables: BTreeMap<String, Option<Variable>>,
}

impl Writer<'_> {
    /// Writes what readers want of an object, and leaves references in it. Returns whether its kind is known.
    pub(super) fn object(&mut self, object: &mut Value, node: &Node, scope: &str, level: usize) -> bool {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let spot = Spot { scope, level, last: false };
        let spec = node.get("spec");
        match kind.as_str() {
            "Task" | "ClusterTask" => self.in_spec(object, |writer, value| writer.task(value, spec, spot)),
            "StepAction" => self.in_spec(object, |writer, value| writer.step_action(value, spot)),
            "Pipeline" => self.in_spec(object, |writer, value| writer.pipeline(value, spec, spot)),
            "PipelineRun" | "TaskRun" => self.run(object, spec, spot),
            _ => return false,
        }
        true
    }

    fn in_spec(&mut self, object: &mut Value, write: impl FnOnce(&mut Self, &mut Value)) {
        if let Some(spec) = object.get_mut("spec") {
            write(self, spec);
        }
    }

    fn run(&mut self, object: &mut Value, node: Option<&Node>, spot: Spot<'_>) {
        self.facts(object, &RUN_FACTS, &spot.named("run"));
        if let Some(expression) = slot(object, &CEL)
            && expression.is_string()
        {
            self.page.part("Pipelines-as-Code starts it when this is true:");
            let text = super::language::Language { word: "text", runs: false };
            if !self.page.block(expression, &spot.named("on-cel-expression"), text, "") {
                self.page.part("(see below)");
            }
        }
        let Some(spec) = object.get_mut("spec") else { return };
        self.page_table(spec, "params", spot, (spot.level + 1, "Parameters"), &GIVEN);
        let Some(map) = spec.as_object_mut() else { return };
        if let Some(pipeline) = map.get_mut("pipelineSpec") {
            let spot = Spot { scope: &spot.named("pipeline"), ..spot };
            self.pipeline(pipeline, node.and_then(|node| node.get("pipelineSpec")), spot);
        }
        if let Some(task) = map.get_mut("taskSpec") {
            let spot = Spot { scope: &spot.named("task"), ..spot };
            self.task(task, node.and_then(|node| node.get("taskSpec")), spot);
        }
    }

    fn pipeline(&mut self, spec: &mut Value, node: Option<&Node>, spot: Spot<'_>) {
        self.declarations(spec, spot);
        for (key, title, last) in [("tasks", "Tasks", false), ("finally", "Finally", true)] {
            let Some(tasks) =
                spec.get_mut(key).and_then(Value::as_array_mut).filter(|tasks| !tasks.is_empty())
            else {
                continue;
            };
            self.page.heading(spot.level + 1, title);
            let nodes = node.and_then(|node| node.get(key)).and_then(Node::items).unwrap_or_default();
            for (number, task) in tasks.iter_mut().enumerate() {
                let spot = Spot { level: spot.level + 2, last, ..spot };
                self.pipeline_task(task, nodes.get(number).copied(), number, spot);
            }
        }
    }

    fn pipeline_task(&mut self, task: &mut Value, node: Option<&Node>, number: usize, spot: Spot<'_>) {
        let name = name_of(task).unwrap_or_else(|| format!("task-{}", number + 1));
        self.page.heading(spot.level, &name);
        self.comment(node);
        let scope = spot.named(&name);
        let spot = Spot { scope: &scope, ..spot };
        if let Some(description) = task.get_mut("description") {
            self.page.prose(description, &spot.named("description"));
        }
        self.facts(task, &TASK_FACTS, &scope);
        self.page_table(task, "params", spot, (0, "It is given:"), &GIVEN);
        self.page_table(task, "workspaces", spot, (0, "It works in:"), &BOUND);
        if let Some(spec) = task.get_mut("taskSpec") {
            self.task(spec, node.and_then(|node| node.get("taskSpec")), spot);
        }
        if let Some(spec) = task.get_mut("pipelineSpec") {
            self.pipeline(spec, node.and_then(|node| node.get("pipelineSpec")), spot);
        }
    }

    fn task(&mut self, spec: &mut Value, node: Option<&Node>, spot: Spot<'_>) {
        let parameters = declared(spec);
        self.declarations(spec, spot);
        if let Some(template) = spec.get_mut("stepTemplate") {
            self.read_variables(template, &parameters, spec_scripts(spec_steps(node)));
            self.page_table(template, "env", spot, (spot.level + 1, "Environment of all steps"), &GIVEN);
        }
        for (key, title) in [("steps", "Steps"), ("sidecars", "Sidecars")] {
            let Some(steps) =
                spec.get_mut(key).and_then(Value::as_array_mut).filter(|steps| !steps.is_empty())
            else {
                continue;
            };
            self.page.heading(spot.level + 1, title);
            let nodes = node.and_then(|node| node.get(key)).and_then(Node::items).unwrap_or_default();
            for (number, step) in steps.iter_mut().enumerate() {
                let name =
                    name_of(step).unwrap_or_else(|| format!("{}-{}", &key[..key.len() - 1], number + 1));
                self.page.heading(spot.level + 2, &name);
                self.comment(nodes.get(number).copied());
                self.step(step, &parameters, &spot.named(&name), spot);
            }
        }
    }

    fn step_action(&mut self, spec: &mut Value, spot: Spot<'_>) {
        let parameters = declared(spec);
        self.declarations(spec, spot);
        self.page.heading(spot.level + 1, "What it does");
        self.step(spec, &parameters, &spot.named("step"), spot);
    }

    fn step(&mut self, step: &mut Value, parameters: &[Value], name: &str, spot: Spot<'_>) {
        let inside = Spot { scope: name, ..spot };
        let image = step.get("image").and_then(Value::as_str).map(str::to_owned);
        let script = step.get("script").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.read_variables(step, parameters, script);
        self.facts(step, &STEP_FACTS, &inside.named("facts"));
        self.page_table(step, "env", inside, (0, "Its environment:"), &GIVEN);
        self.page_table(step, "results", inside, (0, "Its results:"), &RESULTS);
        self.page_table(step, "params", inside, (0, "It is given:"), &GIVEN);
        if let Some(script) = step.get_mut("script") {
            let language = language(script.as_str().unwrap_or_default());
            let attributes = attributes(image.as_deref(), spot.last);
            self.page.block(script, name, language, &attributes);
        }
    }

    /// Writes what a task or a pipeline takes and gives.
    fn declarations(&mut self, spec: &mut Value, spot: Spot<'_>) {
        if let Some(description) = spec.get_mut("description") {
            self.page.prose(description, &spot.named("description"));
        }
        let level = spot.level + 1;
        self.page_table(spec, "params", spot, (level, "Parameters"), &DECLARED);
        self.page_table(spec, "workspaces", spot, (level, "Workspaces"), &WORKSPACES);
        self.page_table(spec, "results", spot, (level, "Results"), &RESULTS);
    }

    fn page_table(
        &mut self,
        owner: &mut Value,
        key: &str,
        spot: Spot<'_>,
        heading: (usize, &str),
        columns: &[Column],
    ) {
        if let Some(list) = owner.get_mut(key) {
            self.page.table(list, &spot.named(key), heading, columns);
        }
    }

    fn facts(&mut self, owner: &mut Value, wanted: &[(&'static str, &[&str])], name: &str) {
        // Each value is taken out for as long as the others are looked at.
        let mut taken: Vec<(&'static str, &[&str], Value)> = Vec::new();
        for (label, path) in wanted {
            let known = taken.iter().any(|(other, ..)| other == label);
            if let Some(value) = slot(owner, path).filter(|_| !known) {
                taken.push((label, path, std::mem::take(value)));
            }
        }
        let facts = taken.iter_mut().map(|(label, _, value)| Fact { label, value }).collect();
        self.page.facts(facts, name);
        for (_, path, value) in taken {
            if let Some(slot) = slot_of_null(owner, path) {
                *slot = value;
            }
        }
    }

    fn comment(&mut self, node: Option<&Node>) {
        if let Some(text) = node.and_then(|node| self.comments.above(&node.place)) {
            self.page.part(&text);
        }
    }

    /// Finds variables that hold a parameter, and that a script reads.
    fn read_variables(&mut self, owner: &Value, parameters: &[Value], script: String) {
        let entries = owner.get("env").and_then(Value::as_array).into_iter().flatten();
        for entry in entries {
            let Some((variable, parameter)) = variable(entry) else { continue };
            let Some(declared) = parameters.iter().find(|known| name_of(known).as_deref() == Some(parameter))
            else {
                continue;
            };
            if !reads(&script, variable) {
                continue;
            }
            let found = Variable {
                default: declared.get("default").cloned(),
                description: declared.get("description").and_then(Value::as_str).map(one_line),
                parameter: parameter.to_owned(),
            };
            let known = self.variables.entry(variable.to_owned()).or_insert_with(|| Some(found.clone()));
            if known.as_ref().is_some_and(|known| *known != found) {
                *known = None;
            }
        }
    }
}

/// Returns what a block says besides its name: that it is not run by accident, and where it runs.
fn attributes(image: Option<&str>, last: bool) -> String {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "/-_.:$()[]".contains(letter);
    let image = image.map(|image| image.split('@').next().unwrap_or(image));
    let image = image.filter(|image| !image.is_empty() && image.chars().all(is_safe)).unwrap_or("its image");
    let last = if last { " cleanup" } else { "" };
    format!("{last} skip=\"runs in {image} on the cluster\"")
}

/// Returns a value inside of another; a list is gone into by name.
fn slot<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    slot_of_null(value, path).filter(|value| !value.is_null())
}

fn slot_of_null<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    let inside = match value {
        Value::Object(map) => map.get_mut(*first)?,
        Value::Array(items) => {
            items.iter_mut().find(|item| item.get("name").and_then(Value::as_str) == Some(first))?
        }
        _ => return None,
    };
    slot_of_null(inside, rest)
}

fn name_of(value: &Value) -> Option<String> {
    value.get("name")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Returns the parameters that a task declares.
fn declared(spec: &Value) -> Vec<Value> {
    spec.get("params").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn spec_steps(node: Option<&Node>) -> Vec<&Node> {
    node.and_then(|node| node.get("steps")).and_then(Node::items).unwrap_or_default()
}

fn spec_scripts(steps: Vec<&Node>) -> String {
    let scripts = steps.into_iter().filter_map(|step| step.get("script")?.text());
    scripts.collect::<Vec<_>>().join("\n")
}

/// Returns the name of a variable and of the parameter that is all it holds.
fn variable(entry: &Value) -> Option<(&str, &str)> {
    let name = entry.get("name")?.as_str()?;
    let value = entry.get("value")?.as_str()?;
    let parameter = value.strip_prefix("$(params.")?.strip_suffix(')')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some((name, parameter))
}

/// Returns whether a script reads a variable.
fn reads(script: &str, variable: &str) -> bool {
    let pattern = format!(r"\$\{{?[#!]?{}\b", regex::escape(variable));
    Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(script))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
