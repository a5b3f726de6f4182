//! What a plan says about itself before it runs, and how its blocks are accounted for afterwards.

use std::collections::BTreeMap;

use crate::event::{Coverage, Outcome, SkipReason, StepInfo, StepResult, TutorialStart};
use crate::plan::{Plan, PlannedStep};
use crate::tutorial::{NotRun, Value};

/// Describes a plan that begins.
pub(super) fn introduce(plan: &Plan) -> TutorialStart {
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

/// Returns the parameters whose values are not the declared defaults.
fn given(plan: &Plan) -> BTreeMap<String, Value> {
    let declared = &plan.tutorial.front_matter.parameters;
    let default = |name: &String| declared.iter().find(|parameter| parameter.name == *name)?.default.as_ref();
    let differs = |(name, value): &(&String, &Value)| default(name) != Some(*value);
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

/// Accounts for every block of a plan.
pub(super) fn coverage(plan: &Plan, results: &[Option<StepResult>]) -> Coverage {
    let not_supported = plan
        .tutorial
        .other_blocks
        .iter()
        .filter(|block| matches!(block.reason, NotRun::NotSupported(_)))
        .count();
    let mut coverage =
        Coverage { blocks: results.len() + not_supported, not_supported, ..Coverage::default() };
    for result in results {
        let counter = match result.as_ref().map(|result| &result.outcome) {
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
