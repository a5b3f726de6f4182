//! The Pipeline.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::names::{MOST, Names, label};
use super::results::Writers;
use super::task::{Order, WORKSPACE, Workshop, parameter_of_result};
use super::tasks::{self, TaskSteps};
use super::variants::Variants;
use super::{Exported, limits, run, timeouts, when};
use crate::config::KonfluxSettings;
use crate::diagnostic::{Finding, tidy};
use crate::plan::{Disposition, Plan, PlannedStep};
use crate::tutorial::ParameterKind;

/// How long the name of a pipeline may be, so that there is room for what its runs and pods add.
const MOST_OF_PIPELINE: usize = 40;

/// Returns the objects of a tutorial, and what is wrong with them; takes the plans of all its variants.
///
/// Without an object, what is wrong is an error.
pub fn export(plans: &[Plan], settings: &KonfluxSettings) -> (Option<Exported>, Vec<Finding>) {
    let Some(plan) = plans.first() else { return (None, Vec::new()) };
    let mut findings: Vec<Finding> = limits::image(settings).into_iter().collect();
    findings.extend(limits::parameters(plan));
    findings.extend(limits::requirements(plan));
    findings.extend(limits::files_of_variants(plan));
    let is_wanted: Vec<bool> = plan.steps.iter().map(|step| is_wanted(plan, step)).collect();
    let manual = plan.steps.iter().filter(|step| step.disposition == Disposition::Manual);
    findings.extend(manual.map(|step| limits::manual(plan, step)));
    findings.extend(limits::sessions(plan, &is_wanted));
    if !is_wanted.contains(&true) {
        let message = format!("no step of {} can be part of a pipeline", plan.key.tutorial);
        findings.push(Finding::error("no-steps", message));
        return (None, tidy(findings));
    }
    let (name, variants) = (pipeline_name(&plan.key.tutorial), Variants::of(plans));
    let conditions = when::conditions(plan);
    let workshop = Workshop { plan, settings, variants: &variants, conditions: &conditions, pipeline: &name };
    let cut = tasks::cut(&plan.steps, &is_wanted);
    let mut assembly = Assembly::new(&workshop, &cut, &is_wanted, &mut findings);
    let pipeline = assembly.pipeline(&mut findings);
    let run = run::run(&workshop, assembly.tasks_timeout, assembly.finally_timeout);
    (Some(Exported { name: name.clone(), pipeline, run }), tidy(findings))
}

/// Returns whether a step is a part of the pipeline: in some variant it may run.
fn is_wanted(plan: &Plan, step: &PlannedStep) -> bool {
    let is_left_out =
        |attributes: &crate::tutorial::Attributes| attributes.skip.is_some() || attributes.manual;
    match &step.disposition {
        Disposition::Run | Disposition::When(_) => !is_left_out(&plan.tutorial.steps[step.source].attributes),
        Disposition::NeedsLeftOut(need) => {
            let needed = plan.tutorial.steps.iter().find(|other| other.name == *need);
            needed.is_some_and(|needed| !is_left_out(&needed.attributes))
        }
        Disposition::Skip(_) | Disposition::Manual | Disposition::NotSelected => false,
    }
}

/// Returns the name of a page's pipeline.
fn pipeline_name(tutorial: &str) -> String {
    let stem = Path::new(tutorial).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    label(&stem, MOST_OF_PIPELINE)
}

/// Puts the tasks of a pipeline together.
struct Assembly<'a> {
    workshop: &'a Workshop<'a>,
    cut: &'a [TaskSteps],
    names: Vec<String>,
    cleanup: Vec<usize>,
    cleanup_name: String,
    writers: Writers,
    tasks_timeout: Duration,
    finally_timeout: Duration,
}

impl<'a> Assembly<'a> {
    fn new(
        workshop: &'a Workshop<'a>,
        cut: &'a [TaskSteps],
        is_wanted: &[bool],
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut names = Names::new(MOST);
        let steps = workshop.plan.steps.iter().enumerate();
        let cleanup = steps.filter(|(index, step)| step.cleanup && is_wanted[*index]).map(|(index, _)| index);
        Self {
            workshop,
            cut,
            names: cut.iter().map(|task| names.give(&task.session)).collect(),
            cleanup: cleanup.collect(),
            cleanup_name: names.give("cleanup"),
            writers: Writers::find(workshop.plan, cut, findings),
            tasks_timeout: Duration::ZERO,
            finally_timeout: Duration::ZERO,
        }
    }

    fn pipeline(&mut self, findings: &mut Vec<Finding>) -> Value {
        let plan = self.workshop.plan;
        let tasks: Vec<Value> = (0..self.cut.len()).map(|task| self.task(task, findings)).collect();
        let finally = self.finally(findings);
        let mut spec = Map::new();
        let front = &plan.tutorial.front_matter;
        let description = front.description.as_ref().unwrap_or(&plan.tutorial.title);
        spec.insert("description".to_owned(), description.clone().into());
        let mut insert = |name: &str, values: Vec<Value>| {
            if !values.is_empty() {
                spec.insert(name.to_owned(), values.into());
            }
        };
        insert("params", self.parameters());
        insert("workspaces", vec![json!({"name": WORKSPACE, "description": "What the tasks share."})]);
        insert("results", self.results());
        insert("tasks", tasks);
        insert("finally", finally);
        json!({
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {
                "name": self.workshop.pipeline,
                "annotations": {"stagebook/page": plan.key.tutorial},
            },
            "spec": spec,
        })
    }

    /// Returns a task of the pipeline.
    fn task(&mut self, task: usize, findings: &mut Vec<Finding>) -> Value {
        let plan = self.workshop.plan;
        let TaskSteps { session, steps, after } = &self.cut[task];
        let writes = self.writers.of(plan, task);
        // A matrix gives a list of values, of which none is this variant's; it is in the workspace.
        let reads = match self.workshop.variants.matrix {
            Some(_) => Vec::new(),
            None => self.handed_over(task),
        };
        let handed_over: Vec<Value> = reads
            .iter()
            .filter_map(|result| {
                let writer = &self.names[self.writers.task(&result.name)?];
                let value = format!("$(tasks.{writer}.results.{})", result.name);
                Some(json!({"name": parameter_of_result(&result.name), "value": value}))
            })
            .collect();
        let order = Order {
            name: &self.names[task],
            description: format!("Session `{session}` of {}.", plan.key.tutorial),
            steps,
            writes,
            reads,
            is_last: task + 1 == self.cut.len(),
            is_first: task == 0,
        };
        let spec = self.workshop.task(&order, findings);
        let timeout = timeouts::of_task(steps.iter().map(|step| &plan.steps[*step]));
        self.tasks_timeout += timeout;
        let mut value = self.embedded(&self.names[task], spec, timeout, handed_over);
        if !after.is_empty() {
            value["runAfter"] = after.iter().map(|task| self.names[*task].clone()).collect();
        }
        if let Some(condition) = self.condition(steps) {
            value["when"] = json!([condition]);
        }
        value
    }

    /// Returns the results that are handed over to a task; one whose task may be skipped would skip it too.
    fn handed_over(&self, task: usize) -> Vec<&'a crate::tutorial::NamedResult> {
        let mut reads = self.writers.read(self.workshop.plan, self.cut, task);
        let may_be_skipped = |result: &&crate::tutorial::NamedResult| {
            let writer = self.writers.task(&result.name);
            writer.is_some_and(|writer| self.condition(&self.cut[writer].steps).is_some())
        };
        reads.retain(|result| !may_be_skipped(result));
        reads
    }

    /// Returns the condition that all steps of a task have, if Tekton can judge it.
    fn condition(&self, steps: &[usize]) -> Option<Value> {
        let first = &self.workshop.conditions[*steps.first()?];
        let [condition] = first.as_slice() else { return None };
        let is_shared = steps.iter().all(|step| self.workshop.conditions[*step].contains(condition));
        // The values of a matrix are not known where a task's condition is judged.
        let names = self.workshop.plan.parameters.keys().map(String::as_str);
        let names: Vec<&str> =
            names.filter(|name| !self.workshop.variants.names.iter().any(|varied| varied == name)).collect();
        when::expression(condition, &names).filter(|_| is_shared)
    }

    fn finally(&mut self, findings: &mut Vec<Finding>) -> Vec<Value> {
        if self.cleanup.is_empty() {
            return Vec::new();
        }
        let plan = self.workshop.plan;
        let order = Order {
            name: &self.cleanup_name,
            description: format!("What {} does at its end, whatever happened.", plan.key.tutorial),
            steps: &self.cleanup,
            writes: Vec::new(),
            reads: Vec::new(),
            is_last: false,
            is_first: false,
        };
        let spec = self.workshop.task(&order, findings);
        let timeout = timeouts::of_task(self.cleanup.iter().map(|step| &plan.steps[*step]));
        self.finally_timeout = timeout;
        vec![self.embedded(&self.cleanup_name, spec, timeout, Vec::new())]
    }

    fn embedded(&self, name: &str, spec: Value, timeout: Duration, handed_over: Vec<Value>) -> Value {
        let mut task = json!({"name": name, "timeout": timeouts::text(timeout)});
        let varied = &self.workshop.variants.names;
        let own = self.workshop.plan.parameters.keys().filter(|name| !varied.contains(name));
        let own = own.map(|name| json!({"name": name, "value": format!("$(params.{name})")}));
        let params: Vec<Value> = own.chain(handed_over).collect();
        if !params.is_empty() {
            task["params"] = params.into();
        }
        if let Some(matrix) = &self.workshop.variants.matrix {
            task["matrix"] = matrix.clone();
        }
        task["workspaces"] = json!([{"name": WORKSPACE, "workspace": WORKSPACE}]);
        task["taskSpec"] = spec;
        task
    }

    fn parameters(&self) -> Vec<Value> {
        let plan = self.workshop.plan;
        let varied = &self.workshop.variants.names;
        let parameter = |name: &String| {
            let declared = plan.tutorial.front_matter.parameters.iter().find(|known| known.name == *name);
            let mut value = json!({"name": name, "type": "string"});
            if let Some(words) = declared.and_then(described) {
                value["description"] = words.into();
            }
            if let Some(default) = declared.and_then(|parameter| parameter.default.as_ref()) {
                value["default"] = default.to_string().into();
            }
            value
        };
        plan.parameters.keys().filter(|name| !varied.contains(name)).map(parameter).collect()
    }

    fn results(&self) -> Vec<Value> {
        let plan = self.workshop.plan;
        let results = plan.tutorial.front_matter.results.iter();
        let result = |result: &crate::tutorial::NamedResult| {
            let task = &self.names[self.writers.task(&result.name)?];
            let (kind, all) = match self.workshop.variants.matrix {
                Some(_) => ("array", "[*]"),
                None => ("string", ""),
            };
            let value = format!("$(tasks.{task}.results.{}{all})", result.name);
            let mut written = json!({"name": result.name, "type": kind});
            if let Some(description) = &result.description {
                written["description"] = description.clone().into();
            }
            written["value"] = value.into();
            Some(written)
        };
        results.filter_map(result).collect()
    }
}

/// Returns what a parameter is for, with what it may be where Tekton has no type for that.
fn described(parameter: &crate::tutorial::Parameter) -> Option<String> {
    let kind = match &parameter.kind {
        ParameterKind::String => None,
        ParameterKind::Number => Some("a number".to_owned()),
        ParameterKind::Boolean => Some("true or false".to_owned()),
        ParameterKind::Choice(choices) => Some(format!("one of {}", choices.join(", "))),
    };
    match (&parameter.description, kind) {
        (Some(words), Some(kind)) => Some(format!("{words} ({kind})")),
        (Some(words), None) => Some(words.clone()),
        (None, kind) => kind,
    }
}
