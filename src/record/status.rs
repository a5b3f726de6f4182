//! What the record of a tutorial says about the tutorial as it is now.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::event::{Coverage, Timestamp, TutorialOutcome};
use crate::plan::{Plan, PlanKey, PlannedStep};
use crate::tutorial::Value;

use super::error::StoreError;
use super::model::{Record, StepRecord};
use super::store::Store;

/// The state of a tutorial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It passed, and at least one expectation held.
    Verified,
    /// It passed, and nothing was expected of it.
    Ran,
    /// It failed; what went wrong outside of its steps, where something did.
    Failed(Vec<String>),
    /// It was never run on a machine that has what it needs; what is missing.
    Skipped(Vec<String>),
    /// It changed since the record, and how.
    Stale(Vec<String>),
    /// There is no record, or none that can be read.
    NeverRun,
    /// It has mistakes, so nobody knows what its record is worth; which ones.
    Broken(Vec<String>),
}

/// A tutorial and variant, and what is known about it.
#[derive(Debug)]
pub struct StatusRow {
    /// Which one.
    pub plan: PlanKey,
    /// Its state.
    pub state: State,
    /// When the recorded run ended.
    pub ended: Option<Timestamp>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// Every block accounted for.
    pub coverage: Option<Coverage>,
    /// Why there is a record and it cannot be read.
    pub trouble: Option<StoreError>,
}

impl State {
    /// Returns the word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Ran => "ran",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
            Self::Stale(_) => "stale",
            Self::NeverRun => "never run",
            Self::Broken(_) => "broken",
        }
    }

    /// Returns why, where there is something to say.
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Failed(reasons) | Self::Skipped(reasons) | Self::Stale(reasons) | Self::Broken(reasons) => {
                reasons
            }
            Self::Verified | Self::Ran | Self::NeverRun => &[],
        }
    }
}

/// Returns a row for each plan.
pub fn status<'a>(plans: impl IntoIterator<Item = &'a Plan>, store: &Store) -> Vec<StatusRow> {
    plans.into_iter().map(|plan| row(plan, store.read(&plan.key))).collect()
}

/// Returns the row of a tutorial that has mistakes, and so no plan.
pub fn broken(tutorial: &str, mistakes: Vec<String>) -> StatusRow {
    StatusRow {
        plan: PlanKey { tutorial: tutorial.to_owned(), variant: None },
        state: State::Broken(mistakes),
        ended: None,
        duration: None,
        coverage: None,
        trouble: None,
    }
}

fn row(plan: &Plan, read: Result<Option<Record>, StoreError>) -> StatusRow {
    let (record, trouble) = match read {
        Ok(record) => (record, None),
        Err(error) => (None, Some(error)),
    };
    let record = record.as_ref();
    StatusRow {
        plan: plan.key.clone(),
        state: state(plan, record),
        ended: record.map(|record| record.ended),
        duration: record.map(|record| record.result.duration),
        coverage: record.map(|record| record.result.coverage),
        trouble,
    }
}

/// Returns the state of a plan, given its record.
pub fn state(plan: &Plan, record: Option<&Record>) -> State {
    let Some(record) = record else { return State::NeverRun };
    if record.fingerprint != plan.fingerprint {
        return State::Stale(changes(plan, record));
    }
    // What a run leaves has every step: a record that lacks some is a part of one, and proves nothing.
    let lost = not_recorded(plan, record);
    let lost: Vec<String> =
        lost.map(|step| format!("step `{}` is missing in the record", step.name)).collect();
    if !lost.is_empty() {
        return State::Stale(lost);
    }
    match record.result.outcome {
        TutorialOutcome::Passed if record.result.coverage.verified > 0 => State::Verified,
        TutorialOutcome::Passed => State::Ran,
        TutorialOutcome::Failed => State::Failed(record.result.trouble.iter().cloned().collect()),
        TutorialOutcome::Skipped => State::Skipped(record.result.missing.clone()),
        TutorialOutcome::Cancelled => State::NeverRun,
    }
}

/// Returns the steps of a plan that a record does not have.
fn not_recorded<'p>(plan: &'p Plan, record: &Record) -> impl Iterator<Item = &'p PlannedStep> {
    let recorded: HashSet<&str> = record.steps.iter().map(|step| step.info.name.0.as_str()).collect();
    plan.steps.iter().filter(move |step| !recorded.contains(step.name.0.as_str()))
}

/// Returns what changed, in words.
fn changes(plan: &Plan, record: &Record) -> Vec<String> {
    let mut changes = changed_parameters(&record.parameters, &plan.parameters);
    changes.extend(gone(plan, record));
    changes.extend(not_recorded(plan, record).map(|step| format!("step `{}` is new", step.name)));
    let changed: Vec<_> = plan.steps.iter().filter(|step| differs(step, record)).collect();
    changes.extend(culprits(plan, record, &changed, changes.is_empty()));
    if changes.is_empty() {
        changes.push("the tutorial's front matter or an included file changed".to_owned());
    }
    changes
}

fn changed_parameters(before: &BTreeMap<String, Value>, now: &BTreeMap<String, Value>) -> Vec<String> {
    let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
    let changed = names.filter(|name| before.get(*name) != now.get(*name));
    changed.map(|name| format!("parameter `{name}` changed")).collect()
}

fn gone(plan: &Plan, record: &Record) -> Vec<String> {
    let names = record.steps.iter().map(|step| &step.info.name);
    let gone = names.filter(|name| plan.steps.iter().all(|step| step.name != **name));
    gone.map(|name| format!("step `{name}` is gone")).collect()
}

fn differs(step: &PlannedStep, record: &Record) -> bool {
    record.step(&step.name.0).is_some_and(|kept| kept.info.fingerprint != step.fingerprint)
}

/// Returns the steps that changed themselves.
///
/// The fingerprint of a step covers what stands before it, so all steps after a change differ
/// too. Those whose text changed are to blame; if there are none and nothing else is, the first.
fn culprits(plan: &Plan, record: &Record, changed: &[&PlannedStep], first_is_to_blame: bool) -> Vec<String> {
    let rewritten = |step: &&&PlannedStep| {
        let kept = record.step(&step.name.0);
        kept.is_some_and(|kept| is_rewritten(plan, step, kept))
    };
    let mut culprits: Vec<_> = changed.iter().filter(rewritten).collect();
    if culprits.is_empty() && first_is_to_blame {
        culprits.extend(changed.first());
    }
    culprits.iter().map(|step| format!("step `{}` changed", step.name)).collect()
}

fn is_rewritten(plan: &Plan, step: &PlannedStep, kept: &StepRecord) -> bool {
    let now = plan.tutorial.steps.get(step.source).map(|step| step.text.content.trim_end());
    now.is_some_and(|now| now != kept.info.text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Fingerprint;
    use crate::record::samples;

    #[track_caller]
    fn check(plan: &Plan, record: &Record, expected: State) {
        assert_eq!(state(plan, Some(record)), expected);
    }

    fn stale(reasons: &[&str]) -> State {
        State::Stale(reasons.iter().map(|reason| (*reason).to_owned()).collect())
    }

    #[test]
    fn unchanged_tutorial_is_what_its_record_says() {
        let record = samples::record();
        let plan = samples::plan_of(&record);
        check(&plan, &record, State::Verified);
        assert_eq!(state(&plan, None), State::NeverRun);
        let failed = samples::failed_record("tutorials/a.md");
        check(&samples::plan_of(&failed), &failed, State::Failed(Vec::new()));
        let skipped = samples::skipped_record("tutorials/a.md");
        check(&samples::plan_of(&skipped), &skipped, State::Skipped(skipped.result.missing.clone()));
        let mut ran = record;
        ran.result.coverage.verified = 0;
        check(&plan, &ran, State::Ran);
    }

    /// Changes the record instead of the plan: it is the difference that counts.
    #[track_caller]
    fn check_change(change: impl FnOnce(&mut Record), expected: &[&str]) {
        let mut record = samples::record();
        let plan = samples::plan_of(&record);
        record.fingerprint = Fingerprint("other".into());
        change(&mut record);
        check(&plan, &record, stale(expected));
    }

    fn other() -> Fingerprint {
        Fingerprint("other".into())
    }

    #[test]
    fn stale_names_what_changed() {
        check_change(|_| {}, &["the tutorial's front matter or an included file changed"]);
        check_change(
            |record| record.parameters = [("base".to_owned(), Value::Boolean(true))].into(),
            &["parameter `base` changed", "parameter `tag` changed"],
        );
        check_change(
            |record| record.steps[0].info.name.0 = "x".into(),
            &["step `x` is gone", "step `build` is new"],
        );
        check_change(
            |record| {
                record.steps[0].info.text.push('x');
                record.steps[0].info.fingerprint = other();
                record.steps[1].info.fingerprint = other();
            },
            &["step `build` changed"],
        );
    }

    #[test]
    fn first_step_is_to_blame_if_no_text_changed() {
        let attributes = |record: &mut Record| {
            for step in &mut record.steps {
                step.info.fingerprint = other();
            }
        };
        check_change(attributes, &["step `build` changed"]);
    }
}
