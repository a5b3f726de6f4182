//! A task: steps, sidecars, and what their containers find in their environment.

use serde_json::{Map, Value, json};

use super::limits;
use super::names::{MOST_OF_CONTAINER, Names};
use super::variants::Variants;
use super::when;
use crate::config::{KonfluxSettings, parameter_variable};
use crate::diagnostic::Finding;
use crate::konflux::step::{
    RESULT_PREFIX, Role, STEP_VARIABLE, StepDefinition, TUTORIAL_VARIABLE, TutorialDefinition,
    WORKSPACE_VARIABLE,
};
use crate::plan::{Plan, Work};
use crate::run::RESULTS_VARIABLE;
use crate::tutorial::NamedResult;
use crate::yaml;

/// The workspace that all tasks share.
pub(super) const WORKSPACE: &str = "work";

/// The line that hands a script over to us.
const CALL: &str = "#!/usr/bin/env -S stagebook konflux step\n";

/// Where Tekton looks for results.
const RESULTS_FOLDER: &str = "/tekton/results";

/// What all tasks of a pipeline are made from.
pub(super) struct Workshop<'a> {
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a KonfluxSettings,
    pub(super) variants: &'a Variants,
    /// What must hold for each step of the plan.
    pub(super) conditions: &'a [Vec<String>],
    /// The pipeline's name.
    pub(super) pipeline: &'a str,
}

/// What one task is made from.
pub(super) struct Order<'a> {
    /// The task's name.
    pub(super) name: &'a str,
    /// What it is for.
    pub(super) description: String,
    /// Positions of its steps in the plan.
    pub(super) steps: &'a [usize],
    /// Results that it writes.
    pub(super) writes: Vec<&'a NamedResult>,
    /// Results that are handed over to it.
    pub(super) reads: Vec<&'a NamedResult>,
    /// Whether the images of the page are there once it is over.
    pub(super) is_last: bool,
    /// Whether it looks for the programs that the page requires.
    pub(super) is_first: bool,
}

impl Workshop<'_> {
    /// Returns the specification of a task.
    pub(super) fn task(&self, order: &Order<'_>, findings: &mut Vec<Finding>) -> Value {
        let (mut steps, mut sidecars, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        let (mut names, mut sidecar_names) = (Names::new(MOST_OF_CONTAINER), Names::new(MOST_OF_CONTAINER));
        let shared = self.environment(order);
        for &index in order.steps {
            let step = &self.plan.steps[index];
            let source = &self.plan.tutorial.steps[step.source];
            findings.extend(limits::substitutions(self.plan, step));
            let mut definition = self.definition(order, index);
            let script = format!("{CALL}{}", source.text.content);
            lengths.push((index, script.len()));
            let name = names.give(&step.name.0);
            if !matches!(step.work, Work::Service { .. }) {
                let text = definition_text(&definition);
                findings.extend(limits::definition(self.plan, step, &text));
                steps.push(self.container(&name, &[], text, &script));
                continue;
            }
            definition.role = Role::Start;
            let sidecar = sidecar_names.give(&step.name.0);
            let words = format!("{CALL}# Starts the sidecar `{sidecar}`, and waits until it is ready.\n");
            steps.push(self.container(&name, &[], definition_text(&definition), &words));
            definition.role = Role::Service;
            sidecars.push(self.container(&sidecar, &shared, definition_text(&definition), &script));
        }
        findings.extend(limits::scripts(self.plan, order.name, &lengths));
        self.specification(order, shared, steps, sidecars)
    }

    fn specification(
        &self,
        order: &Order<'_>,
        shared: Vec<Value>,
        steps: Vec<Value>,
        sidecars: Vec<Value>,
    ) -> Value {
        let mut task = Map::new();
        task.insert("description".to_owned(), order.description.clone().into());
        let params: Vec<Value> = self
            .plan
            .parameters
            .keys()
            .cloned()
            .chain(order.reads.iter().map(|result| parameter_of_result(&result.name)))
            .map(|name| json!({"name": name, "type": "string"}))
            .collect();
        insert(&mut task, "params", params);
        let result = |result: &&NamedResult| {
            let mut value = json!({"name": result.name, "type": "string"});
            if let Some(description) = &result.description {
                value["description"] = description.clone().into();
            }
            value
        };
        insert(&mut task, "results", order.writes.iter().map(result).collect());
        let what = "What the tasks of a run share: files, sessions, captures.";
        insert(&mut task, "workspaces", vec![json!({"name": WORKSPACE, "description": what})]);
        let mut template = json!({"env": shared});
        if self.plan.tutorial.front_matter.requires.root {
            template["securityContext"] = json!({"runAsUser": 0});
        }
        task.insert("stepTemplate".to_owned(), template);
        insert(&mut task, "steps", steps);
        insert(&mut task, "sidecars", sidecars);
        Value::Object(task)
    }

    fn definition(&self, order: &Order<'_>, index: usize) -> StepDefinition {
        let mut definition = StepDefinition::of(self.plan, &self.plan.steps[index]);
        definition.when = when::joined(&self.conditions[index]);
        if order.steps.last() == Some(&index) {
            definition.results = order.writes.iter().map(|result| result.name.clone()).collect();
            if order.is_last {
                definition.images = self.plan.tutorial.front_matter.images.clone();
            }
        }
        definition
    }

    fn container(&self, name: &str, shared: &[Value], definition: String, script: &str) -> Value {
        let mut env = shared.to_vec();
        env.push(json!({"name": STEP_VARIABLE, "value": definition}));
        json!({
            "name": name,
            "image": self.settings.image.clone().unwrap_or_default(),
            "env": env,
            "script": script,
        })
    }

    /// Returns the variables of all containers of a task.
    fn environment(&self, order: &Order<'_>) -> Vec<Value> {
        let variable = |name: String, value: String| json!({"name": name, "value": value});
        let parameter = |name: &String| variable(parameter_variable(name), format!("$(params.{name})"));
        let mut env: Vec<Value> = self.plan.parameters.keys().map(parameter).collect();
        env.extend(order.reads.iter().map(|result| {
            let parameter = parameter_of_result(&result.name);
            variable(format!("{RESULT_PREFIX}{}", result.name), format!("$(params.{parameter})"))
        }));
        let secret = self.settings.secret.as_deref().unwrap_or(self.pipeline);
        env.extend(
            self.plan.secrets.iter().map(
                |name| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}),
            ),
        );
        env.push(variable(WORKSPACE_VARIABLE.to_owned(), format!("$(workspaces.{WORKSPACE}.path)")));
        env.push(variable(RESULTS_VARIABLE.to_owned(), RESULTS_FOLDER.to_owned()));
        let mut tutorial = TutorialDefinition::of(self.plan, &self.variants.names);
        if !order.is_first {
            tutorial.requires.clear();
        }
        env.push(variable(TUTORIAL_VARIABLE.to_owned(), definition_text(&tutorial)));
        env
    }
}

/// Returns the parameter by which a result is handed over.
pub(super) fn parameter_of_result(result: &str) -> String {
    format!("result-{}", result.replace('.', "-"))
}

/// Returns YAML in which neither Tekton nor Kubernetes finds anything to put a value in place of.
///
/// Where the text has what they would take for that, it is JSON, which is YAML too and has other words for `$`.
fn definition_text(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a definition is JSON");
    let text = yaml::write(&value);
    if text.contains("$(") || text.contains("$$") {
        let json = serde_json::to_string_pretty(&value).expect("a definition is JSON");
        return format!("{}\n", json.replace('$', "\\u0024"));
    }
    text
}

fn insert(map: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        map.insert(name.to_owned(), Value::Array(values));
    }
}
