//! Plans as JSON: `stagebook plan --format json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::arrows::arrows;
use super::model::{Disposition, Fingerprint, Plan, PlanKey, PlannedStep, StepKind, Work};
use crate::diagnostic::Location;
use crate::tutorial::{Dialect, StepName, Value};

/// The version of the format. It changes when a reader of the old one would be wrong.
pub const PLAN_VIEW_VERSION: u32 = 1;

/// Plans, as JSON has them.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct PlansView {
    /// [`PLAN_VIEW_VERSION`].
    pub version: u32,
    /// The plans, one for each variant.
    pub plans: Vec<PlanView>,
}

/// A plan, as JSON has it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct PlanView {
    /// Which tutorial, which variant.
    #[serde(flatten)]
    pub key: PlanKey,
    /// The tutorial's title.
    pub title: String,
    /// Whose conventions the page follows.
    pub dialect: Dialect,
    /// Values of the parameters, without those that are secret.
    pub parameters: BTreeMap<String, Value>,
    /// Variables of every step, without those that are secret.
    pub environment: BTreeMap<String, String>,
    /// Names of secret variables.
    pub secrets: Vec<String>,
    /// Changes whenever anything does that the result depends on.
    pub fingerprint: Fingerprint,
    /// The steps in the order in which they run.
    pub steps: Vec<StepView>,
}

/// A step of a plan, as JSON has it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct StepView {
    /// Its name.
    pub name: StepName,
    /// What kind of step it is.
    pub kind: StepKind,
    /// The block's language.
    pub language: String,
    /// Where it stands.
    pub location: Location,
    /// `run`, `skip`, `when`, `not-selected`, `manual` or `needs-left-out`.
    pub disposition: &'static str,
    /// Why it is skipped: the page's reason, the false condition, or the step that is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The condition that the page puts on it, whether it holds or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Names of the steps that must pass first; those that follow from others are left out.
    pub needs: Vec<StepName>,
    /// Runs at the end whatever happened.
    pub cleanup: bool,
    /// The session that it runs in.
    pub session: String,
    /// The program that runs it, with its arguments; none for a file.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub interpreter: Vec<String>,
    /// Working folder relative to the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Variables for this step alone.
    pub env: BTreeMap<String, String>,
    /// How long one try may take, in seconds.
    pub timeout: f64,
    /// How many tries there are.
    pub tries: u32,
    /// The exit status that the text promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How many promises of the text are checked.
    pub checks: usize,
    /// Path of the file that it writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Paths of the files of all variants, on a page that runs once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What is run or written.
    pub text: String,
    /// The step's fingerprint.
    pub fingerprint: Fingerprint,
}

/// Returns plans as JSON has them.
pub fn view(plans: &[Plan]) -> PlansView {
    PlansView { version: PLAN_VIEW_VERSION, plans: plans.iter().map(plan_view).collect() }
}

/// Returns the JSON schema of plans.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::default().for_serialize();
    settings.into_generator().into_root_schema_for::<PlansView>().to_value()
}

fn plan_view(plan: &Plan) -> PlanView {
    PlanView {
        key: plan.key.clone(),
        title: plan.tutorial.title.clone(),
        dialect: plan.tutorial.dialect,
        parameters: public(&plan.parameters, &plan.secrets),
        environment: public(&plan.environment, &plan.secrets),
        secrets: plan.secrets.clone(),
        fingerprint: plan.fingerprint.clone(),
        steps: plan
            .steps
            .iter()
            .zip(arrows(&plan.steps))
            .map(|(step, needs)| step_view(plan, step, &needs))
            .collect(),
    }
}

fn public<T: Clone>(values: &BTreeMap<String, T>, secrets: &[String]) -> BTreeMap<String, T> {
    let shown = values.iter().filter(|(name, _)| !secrets.contains(name));
    shown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn step_view(plan: &Plan, step: &PlannedStep, needs: &[usize]) -> StepView {
    let source = &plan.tutorial.steps[step.source];
    let (disposition, reason) = disposition(&step.disposition);
    StepView {
        name: step.name.clone(),
        kind: step.work.kind(),
        language: source.language.clone(),
        location: source.place.location(),
        disposition,
        reason,
        when: source.attributes.when.clone(),
        needs: needs.iter().map(|&need| plan.steps[need].name.clone()).collect(),
        cleanup: step.cleanup,
        session: step.session.clone(),
        interpreter: interpreter(&step.work),
        cwd: step.cwd.clone(),
        env: public(&step.env, &plan.secrets),
        timeout: step.timeout.as_secs_f64(),
        tries: step.tries,
        exit: step.exit,
        checks: checks(step),
        file: file(&step.work),
        files: files(&step.work),
        text: text(&step.work),
        fingerprint: step.fingerprint.clone(),
    }
}

/// Returns how many promises of the text are checked: outputs, a documented exit status, a service
/// that gets ready.
pub(super) fn checks(step: &PlannedStep) -> usize {
    let of_work = match &step.work {
        Work::Transcript { commands, .. } => commands.iter().map(|command| command.expected.len()).sum(),
        Work::Service { ready, .. } => usize::from(ready.is_some()),
        Work::Command { .. } | Work::File { .. } | Work::Files { .. } => 0,
    };
    step.expected.len() + of_work + usize::from(step.exit.is_some())
}

fn disposition(disposition: &Disposition) -> (&'static str, Option<String>) {
    match disposition {
        Disposition::Run => ("run", None),
        Disposition::Skip(reason) => ("skip", Some(reason.clone())),
        Disposition::When(expression) => ("when", Some(expression.clone())),
        Disposition::NotSelected => ("not-selected", None),
        Disposition::Manual => ("manual", None),
        Disposition::NeedsLeftOut(need) => ("needs-left-out", Some(need.0.clone())),
    }
}

fn interpreter(work: &Work) -> Vec<String> {
    match work {
        Work::Command { interpreter, .. }
        | Work::Transcript { interpreter, .. }
        | Work::Service { interpreter, .. } => interpreter.command.clone(),
        Work::File { .. } | Work::Files { .. } => Vec::new(),
    }
}

fn file(work: &Work) -> Option<String> {
    match work {
        Work::File { path, .. } => Some(path.clone()),
        _ => None,
    }
}

fn files(work: &Work) -> Vec<String> {
    match work {
        Work::Files { files, .. } => files.iter().map(|file| file.path.clone()).collect(),
        _ => Vec::new(),
    }
}

fn text(work: &Work) -> String {
    match work {
        Work::Command { text, .. } | Work::Service { text, .. } => text.clone(),
        Work::Transcript { commands, .. } => {
            commands.iter().map(|command| format!("{}\n", command.command)).collect()
        }
        Work::File { content, .. } => content.clone(),
        Work::Files { files, .. } => files.iter().map(|file| file.content.as_str()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{page, planned, step};
    use crate::tutorial::Ready;

    #[test]
    fn json_names_needs_and_leaves_out_what_is_not_said() {
        let plan = planned(page(vec![step("a"), step("b").change(|attributes| attributes.exit = Some(1))]));
        let json = serde_json::to_value(view(&[plan])).unwrap();
        let second = &json["plans"][0]["steps"][1];
        assert_eq!((&json["version"], &json["plans"][0]["tutorial"]), (&1.into(), &"a.md".into()));
        assert_eq!((&second["needs"][0], &second["checks"]), (&"a".into(), &1.into()));
        assert_eq!(second.get("cwd"), None);
    }

    #[test]
    fn json_has_conditions_and_promises_of_services() {
        let serve = step("serve").change(|attributes| {
            attributes.background = true;
            attributes.ready = Some(Ready::Port(80));
            attributes.when = Some("true".to_owned());
        });
        let json = serde_json::to_value(view(&[planned(page(vec![serve]))])).unwrap();
        let step = &json["plans"][0]["steps"][0];
        assert_eq!((&step["when"], &step["checks"]), (&"true".into(), &1.into()));
    }
}
