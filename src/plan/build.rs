//! A tutorial and values become plans.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fingerprint;
use super::inputs::Inputs;
use super::interpreters::{self, Assignment, attribute_place};
use super::matrix::{self, Variant};
use super::model::{Disposition, Fingerprint, Plan, PlanKey, PlannedStep, StepIndex};
use super::{order, selection, template, values, work};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, sort_by_place};
use crate::tutorial::{Requirements, Step, Tutorial, Value};

/// Builds the plans of a tutorial: one for each variant of its matrix.
///
/// Everything that is wrong is found in one pass; a plan is given only where nothing is.
pub fn build(
    tutorial: &Arc<Tutorial>,
    settings: &Settings,
    inputs: &Inputs,
) -> Result<Vec<Plan>, Vec<Finding>> {
    let mut findings = Vec::new();
    let page = Page::of(tutorial, settings, &mut findings);
    let variants = matrix::variants(&tutorial.front_matter, inputs, &mut findings);
    let plans = variants.iter().map(|variant| page.plan(variant, inputs, &mut findings)).collect();
    if findings.is_empty() { Ok(plans) } else { Err(tidy(findings)) }
}

/// Sorts findings, and keeps one of those that every variant repeats.
fn tidy(mut findings: Vec<Finding>) -> Vec<Finding> {
    sort_by_place(&mut findings);
    let location = |finding: &Finding| finding.place.as_ref().map(Place::location);
    findings.dedup_by(|left, right| left.message == right.message && location(left) == location(right));
    findings
}

/// What all variants of a tutorial share.
struct Page<'a> {
    tutorial: &'a Arc<Tutorial>,
    settings: &'a Settings,
    assignments: Vec<Assignment>,
    needs: Vec<Vec<usize>>,
    order: Vec<usize>,
}

impl<'a> Page<'a> {
    fn of(tutorial: &'a Arc<Tutorial>, settings: &'a Settings, findings: &mut Vec<Finding>) -> Self {
        let needs = order::named_needs(&tutorial.steps, findings);
        let order = order::order(&tutorial.steps, &needs, findings);
        let assignments = interpreters::assign(&tutorial.steps, settings, findings);
        Self { tutorial, settings, assignments, needs, order }
    }

    fn plan(&self, variant: &Variant, inputs: &Inputs, findings: &mut Vec<Finding>) -> Plan {
        let front = &self.tutorial.front_matter;
        let parameters = values::resolve(front, variant, inputs, findings);
        // A step can only be judged by its values once each parameter has one.
        let steps = if findings.is_empty() { self.steps(&parameters, findings) } else { Vec::new() };
        let mut plan = Plan {
            key: PlanKey { tutorial: inputs.tutorial_id.clone(), variant: matrix::name(variant) },
            tutorial: Arc::clone(self.tutorial),
            environment: environment(&front.env, &parameters),
            secrets: front.secrets.clone(),
            requires: requirements(&front.requires, &parameters, findings),
            parameters,
            steps,
            fingerprint: Fingerprint(String::new()),
        };
        fingerprint::stamp(&mut plan);
        if findings.is_empty() {
            selection::apply(&inputs.selection, &mut plan.steps);
        }
        plan
    }

    fn steps(&self, parameters: &BTreeMap<String, Value>, findings: &mut Vec<Finding>) -> Vec<PlannedStep> {
        let mut position = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(index, &source)| position[source] = index);
        let mut steps: Vec<PlannedStep> = Vec::with_capacity(self.order.len());
        for &source in &self.order {
            let explicit: Vec<StepIndex> =
                self.needs[source].iter().map(|&need| StepIndex(position[need])).collect();
            if let Some(mut step) = collect(findings, self.step(source, parameters)) {
                step.needs = if step.explicit_needs { explicit } else { default_needs(&step, &steps) };
                steps.push(step);
            }
        }
        steps
    }

    fn step(&self, source: usize, parameters: &BTreeMap<String, Value>) -> Result<PlannedStep, Box<Finding>> {
        let step = &self.tutorial.steps[source];
        let (attributes, assignment) = (&step.attributes, &self.assignments[source]);
        let page_timeout = self.tutorial.front_matter.timeout;
        Ok(PlannedStep {
            name: step.name.clone(),
            source,
            work: work::resolve(step, assignment.interpreter.as_ref(), parameters)?,
            disposition: disposition(step, parameters)?,
            needs: Vec::new(),
            explicit_needs: !attributes.needs.is_empty(),
            cleanup: attributes.cleanup,
            session: assignment.session.clone(),
            cwd: attributes.cwd.clone(),
            env: attributes.env.clone(),
            timeout: attributes.timeout.or(page_timeout).unwrap_or(self.settings.run.timeout),
            tries: attributes.retry.saturating_add(1),
            retry_delay: attributes.retry_delay,
            errexit: attributes.errexit,
            exit: attributes.exit,
            expected: step.expected.clone(),
            cache: attributes.cache,
            fingerprint: Fingerprint(String::new()),
        })
    }
}

/// Returns the needs of a step that names none: all before it that run. A cleanup step needs nothing.
fn default_needs(step: &PlannedStep, before: &[PlannedStep]) -> Vec<StepIndex> {
    let runs = |other: &PlannedStep| other.disposition == Disposition::Run;
    let before = before.iter().enumerate().filter(|(_, other)| !step.cleanup && runs(other));
    before.map(|(index, _)| StepIndex(index)).collect()
}

fn disposition(step: &Step, parameters: &BTreeMap<String, Value>) -> Result<Disposition, Box<Finding>> {
    // The condition is judged even where it does not matter, so that a mistake in it is found.
    let when = step.attributes.when.as_deref();
    let holds = match when {
        Some(when) => template::holds(when, parameters, &attribute_place(step, "when"))?,
        None => true,
    };
    Ok(match (&step.attributes.skip, when) {
        (Some(reason), _) => Disposition::Skip(reason.clone()),
        (None, Some(when)) if !holds => Disposition::Skip(format!("when `{when}` is false")),
        _ if step.attributes.manual => Disposition::Manual,
        _ => Disposition::Run,
    })
}

/// Returns the variables of every step: the page's own, and over them the parameters.
fn environment(
    env: &BTreeMap<String, String>,
    parameters: &BTreeMap<String, Value>,
) -> BTreeMap<String, String> {
    let parameters = parameters.iter().map(|(name, value)| (name.replace('-', "_"), value.to_string()));
    env.clone().into_iter().chain(parameters).collect()
}

/// Returns the requirements whose `when` is true.
fn requirements(
    requires: &Requirements,
    parameters: &BTreeMap<String, Value>,
    findings: &mut Vec<Finding>,
) -> Requirements {
    let mut counts = |when: &Option<String>, place: &Place| match when {
        Some(when) => collect(findings, template::holds(when, parameters, place)).unwrap_or(false),
        None => true,
    };
    let mut kept = requires.clone();
    kept.tools.retain(|tool| counts(&tool.when, &tool.place));
    kept.network.retain(|host| counts(&host.when, &host.place));
    kept
}

fn collect<T>(findings: &mut Vec<Finding>, result: Result<T, Box<Finding>>) -> Option<T> {
    result.map_err(|finding| findings.push(*finding)).ok()
}
