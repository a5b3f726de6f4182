//! Leaves out the steps that a caller did not ask for.

use std::ops::Range;

use super::inputs::Selection;
use super::model::{Disposition, Needs, PlannedStep};

/// Marks the steps that are not selected. Cleanup steps stay.
///
/// What is left out counts as done: it goes from the needs of the others.
pub(super) fn apply(selection: &Selection, steps: &mut [PlannedStep]) {
    if *selection == Selection::default() {
        return;
    }
    let named = with_needs(&selection.steps, steps);
    let range = range(selection, steps);
    let chosen = |index: usize| named[index] && range.contains(&index);
    for (index, step) in steps.iter_mut().enumerate() {
        if let Needs::Named(needs) = &mut step.needs {
            needs.retain(|need| chosen(need.0));
        }
        if !step.cleanup && !chosen(index) && step.disposition == Disposition::Run {
            step.disposition = Disposition::NotSelected;
        }
    }
}

/// Returns for each step whether it is named or needed by one that is; no name is all.
fn with_needs(names: &[String], steps: &[PlannedStep]) -> Vec<bool> {
    let mut chosen: Vec<bool> =
        steps.iter().map(|step| names.is_empty() || names.contains(&step.name.0)).collect();
    // A need stands before its step, so one walk backwards finds all of them.
    let mut all_before = false;
    for index in (0..steps.len()).rev().filter(|_| !names.is_empty()) {
        chosen[index] |= all_before && steps[index].disposition == Disposition::Run;
        match &steps[index].needs {
            _ if !chosen[index] => {}
            Needs::AllBefore => all_before = true,
            Needs::Named(needs) => needs.iter().for_each(|need| chosen[need.0] = true),
        }
    }
    chosen
}

/// Returns the positions between the first and the last step; none where the tutorial lacks one of them.
fn range(selection: &Selection, steps: &[PlannedStep]) -> Range<usize> {
    let position = |name: &String| steps.iter().position(|step| step.name.0 == *name);
    let first = selection.from.as_ref().map_or(Some(0), position);
    let last = selection.until.as_ref().map_or(steps.len().checked_sub(1), position);
    match (first, last) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::arrows::arrows;
    use crate::plan::testing::{flags, page, plans, step};

    #[track_caller]
    fn check(steps: &[&str], from: Option<&str>, until: Option<&str>, expected: &str) {
        let mut inputs = flags(&[]);
        inputs.selection = Selection {
            steps: steps.iter().map(|&name| name.to_owned()).collect(),
            from: from.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        let page = page(vec![
            step("a"),
            step("b").needs(&["a"]),
            step("c").needs(&[]),
            step("d").needs(&["a"]),
            step("e").change(|attributes| attributes.cleanup = true),
        ]);
        let plan = plans(page, &inputs).unwrap().remove(0);
        let running = plan.steps.iter().filter(|step| step.disposition == Disposition::Run);
        assert_eq!(running.map(|step| step.name.0.as_str()).collect::<String>(), expected);
        let runs = |index: usize| plan.steps[index].disposition == Disposition::Run;
        assert!(arrows(&plan.steps).into_iter().flatten().all(runs));
    }

    #[test]
    fn named_steps_run_with_what_they_need() {
        check(&[], None, None, "abcde");
        check(&["d"], None, None, "ade");
        check(&["c"], None, None, "abce");
        check(&["b", "d"], None, None, "abde");
    }

    #[test]
    fn ranges_run_without_what_is_before_and_after() {
        check(&[], Some("c"), None, "cde");
        check(&[], None, Some("b"), "abe");
        check(&[], Some("b"), Some("c"), "bce");
        check(&["d"], Some("b"), None, "de");
    }

    #[test]
    fn pages_without_the_step_run_nothing_of_their_own() {
        check(&["other"], None, None, "e");
        check(&[], Some("other"), None, "e");
    }
}
