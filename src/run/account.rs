//! What a plan says about itself before it runs, and how its blocks are accounted for afterwards.

use std::collections::BTreeMap;

use crate::event::{Coverage, Outcome, SkipReason, StepInfo, TutorialStart};
use crate::plan::{Disposition, Plan, PlannedStep};
use crate::tutorial::{NotRun, Value};

/// Describes a plan that begins.
pub(crate) fn introduce(plan: &Plan) -> TutorialStart {
    let tutorial = &plan.tutorial;
    let not_supported = tutorial.other_blocks.iter().filter_map(|block| match &block.reason {
        NotRun::NotSupported(reason) => Some((block.place.location(), reason.clone())),
        NotRun::Prose => None,
    });
    TutorialStart {
        plan: plan.key.clone(),
        path: tutorial.source.path().to_path_buf(),
        title: tutorial.title.clone(),
        dialect: tutorial.dialect,
        parameters: plan.parameters.clone(),
        given: given(plan),
        fingerprint: plan.fingerprint.clone(),
        steps: plan.steps.iter().map(|step| describe(plan, step)).collect(),
        not_supported: not_supported.collect(),
        images: tutorial.front_matter.images.clone(),
    }
}

/// Returns the parameters whose values are not the declared defaults, and those that choose the variant.
fn given(plan: &Plan) -> BTreeMap<String, Value> {
    let declared = &plan.tutorial.front_matter.parameters;
    let axes = &plan.tutorial.front_matter.matrix.axes;
    let is_axis = |name: &String| axes.iter().any(|(axis, _)| axis == name);
    let default = |name: &String| declared.iter().find(|parameter| parameter.name == *name)?.default.as_ref();
    // What a table of the page gives follows from the variant.
    let tables = &plan.tutorial.front_matter.matrix.tables;
    let is_column = |name: &String| tables.iter().any(|table| table.columns.contains(name));
    let differs = |(name, value): &(&String, &Value)| {
        is_axis(name) || (!is_column(name) && default(name) != Some(*value))
    };
    plan.parameters.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn describe(plan: &Plan, step: &PlannedStep) -> StepInfo {
    let source = &plan.tutorial.steps[step.source];
    StepInfo {
        name: step.name.clone(),
        headings: source.headings.clone(),
        kind: step.work.kind(),
        language: source.language.clone(),
        location: source.place.location(),
        text: source.text.content.clone(),
        fingerprint: step.fingerprint.clone(),
        cleanup: step.cleanup,
    }
}

/// Returns what becomes of a step that is not run, wherever the others are.
pub(crate) fn left_out(disposition: &Disposition) -> Option<Outcome> {
    let reason = match disposition {
        Disposition::Run => return None,
        Disposition::Skip(reason) => SkipReason::Page(reason.clone()),
        Disposition::When(expression) => SkipReason::When(expression.clone()),
        Disposition::NotSelected => SkipReason::NotSelected,
        Disposition::Manual => SkipReason::Manual,
        Disposition::NeedsLeftOut(need) => SkipReason::NeedLeftOut(need.clone()),
    };
    Some(Outcome::Skipped { reason })
}

/// Accounts for every block of a plan: takes the outcome of each of its steps that has one.
pub(crate) fn coverage<'a>(plan: &Plan, outcomes: impl IntoIterator<Item = Option<&'a Outcome>>) -> Coverage {
    let not_supported = plan
        .tutorial
        .other_blocks
        .iter()
        .filter(|block| matches!(block.reason, NotRun::NotSupported(_)))
        .count();
    let mut coverage =
        Coverage { blocks: plan.steps.len() + not_supported, not_supported, ..Coverage::default() };
    for outcome in outcomes {
        let counter = match outcome {
            Some(Outcome::Verified) => &mut coverage.verified,
            Some(Outcome::Unverified) => &mut coverage.unverified,
            Some(Outcome::Failed { .. } | Outcome::TimedOut { .. }) => &mut coverage.failed,
            Some(Outcome::Skipped { reason: SkipReason::Manual }) => &mut coverage.manual,
            Some(Outcome::Skipped { .. }) => &mut coverage.skipped,
            Some(Outcome::Cancelled) | None => &mut coverage.cancelled,
        };
        *counter += 1;
    }
    coverage
}
