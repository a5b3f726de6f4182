//! Which steps wait for which, without what follows from others.

use std::collections::BTreeSet;

use super::model::{Disposition, Needs, PlannedStep};

/// Returns for each step the positions of the steps that it waits for, in ascending order.
///
/// A step that waits for all before it is given only the last of them: the others follow.
pub(crate) fn arrows(steps: &[PlannedStep]) -> Vec<Vec<usize>> {
    let mut walk = Walk { arrows: Vec::with_capacity(steps.len()), seen: vec![0; steps.len()], round: 0 };
    // Steps that run and that no later one waits for yet.
    let mut last: BTreeSet<usize> = BTreeSet::new();
    for (index, step) in steps.iter().enumerate() {
        let needs: Vec<usize> = match &step.needs {
            Needs::AllBefore => last.iter().copied().collect(),
            Needs::Named(needs) => needs.iter().map(|need| need.0).collect(),
        };
        let needs = walk.reduced(needs);
        if step.disposition == Disposition::Run {
            needs.iter().for_each(|need| _ = last.remove(need));
            last.insert(index);
        }
        walk.arrows.push(needs);
    }
    walk.arrows
}

/// Walks back along arrows that are known already.
struct Walk {
    arrows: Vec<Vec<usize>>,
    /// For each step the last round that came by.
    seen: Vec<usize>,
    round: usize,
}

impl Walk {
    /// Returns those of some steps that none of the others waits for, near or far, in ascending order.
    fn reduced(&mut self, mut steps: Vec<usize>) -> Vec<usize> {
        steps.sort_unstable();
        steps.dedup();
        let Some(&first) = steps.first().filter(|_| steps.len() > 1) else { return steps };
        self.round += 1;
        let mut kept = Vec::new();
        for &step in steps.iter().rev() {
            if self.seen[step] != self.round {
                kept.push(step);
                self.walk(step, first);
            }
        }
        kept.reverse();
        kept
    }

    /// Marks all that a step waits for, not farther back than `first`.
    fn walk(&mut self, step: usize, first: usize) {
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            for &need in self.arrows[step].iter().filter(|&&need| need >= first) {
                if std::mem::replace(&mut self.seen[need], self.round) != self.round {
                    open.push(need);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{page, planned, step};
    use crate::tutorial::Step;

    #[track_caller]
    fn check(steps: Vec<Step>, expected: &[&[usize]]) {
        assert_eq!(arrows(&planned(page(steps)).steps), expected);
    }

    #[test]
    fn steps_without_needs_wait_for_the_last() {
        check(vec![step("a"), step("b"), step("c")], &[&[], &[0], &[1]]);
        check(
            vec![step("a"), step("b").needs(&["a"]), step("c").needs(&["a"]), step("d")],
            &[&[], &[0], &[0], &[1, 2]],
        );
    }

    #[test]
    fn steps_that_do_not_run_are_passed_over() {
        let skipped = step("b").change(|attributes| attributes.skip = Some("later".to_owned()));
        check(vec![step("a"), skipped, step("c")], &[&[], &[0], &[0]]);
    }

    #[test]
    fn needs_that_follow_from_others_are_left_out() {
        let last = step("d").needs(&["a", "b", "c"]);
        check(
            vec![step("a"), step("b").needs(&["a"]), step("c").needs(&["b"]), last],
            &[&[], &[0], &[1], &[2]],
        );
    }

    #[test]
    fn cleanup_waits_for_nobody() {
        let cleanup = step("b").change(|attributes| attributes.cleanup = true);
        check(vec![step("a"), cleanup], &[&[], &[]]);
    }
}
