//! Needs and the order in which they are met.

use std::collections::{BTreeMap, BTreeSet};

use super::interpreters::attribute_place;
use crate::diagnostic::{Finding, nearest};
use crate::tutorial::Step;

/// Returns for each step the positions on the page of the steps that it names in `needs`.
pub(super) fn named_needs(steps: &[Step], findings: &mut Vec<Finding>) -> Vec<Vec<usize>> {
    let positions: BTreeMap<&str, usize> =
        steps.iter().enumerate().rev().map(|(position, step)| (step.name.0.as_str(), position)).collect();
    let mut resolve = |step: &Step| {
        let mut needs = Vec::new();
        for name in &step.attributes.needs {
            match positions.get(name.0.as_str()) {
                None => findings.push(unknown_need(step, &name.0, positions.keys().copied())),
                Some(&need) if steps[need].attributes.cleanup => {
                    findings.push(cleanup_need(step, &steps[need]));
                }
                Some(&need) if needs.contains(&need) => {}
                Some(&need) => needs.push(need),
            }
        }
        needs
    };
    steps.iter().map(&mut resolve).collect()
}

fn unknown_need<'a>(step: &Step, need: &str, names: impl Iterator<Item = &'a str>) -> Finding {
    let others = names.filter(|name| *name != step.name.0);
    let near = nearest(need, others).map(|near| format!("did you mean `{near}`?"));
    let near = near.unwrap_or_else(|| "give the step that is meant this `name`".to_owned());
    let message = format!("step `{}` needs `{need}`, which is no step of this page", step.name);
    Finding::error("unknown-need", message).at(attribute_place(step, "needs")).help(near)
}

fn cleanup_need(step: &Step, need: &Step) -> Finding {
    let message = format!("step `{}` needs `{}`, which runs at the end", step.name, need.name);
    Finding::error("needs-cleanup", message)
        .at(attribute_place(step, "needs"))
        .related(need.place.clone(), "the cleanup step")
        .help("leave the need out, or make the needed step an ordinary one")
}

/// Returns the positions on the page in the order in which the steps run.
///
/// That is the order of the page; a step is delayed only until its needs are met, and
/// cleanup steps come last. Steps that need each other are a finding.
pub(super) fn order(steps: &[Step], needs: &[Vec<usize>], findings: &mut Vec<Finding>) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); steps.len()];
    for (step, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|&need| needed_by[need].push(step));
    }
    let key = |step: usize| (steps[step].attributes.cleanup, step);
    let mut left: BTreeSet<(bool, usize)> = (0..steps.len()).map(key).collect();
    let mut ready: BTreeSet<(bool, usize)> =
        left.iter().copied().filter(|(_, step)| waiting[*step] == 0).collect();
    let mut order = Vec::with_capacity(steps.len());
    while !left.is_empty() {
        let next = match ready.pop_first() {
            Some(next) => next,
            None => {
                let cycle = find_cycle(needs, &left);
                findings.push(cycle_finding(steps, &cycle));
                // Going on as if one of them had run finds cycles elsewhere.
                key(cycle[0])
            }
        };
        left.remove(&next);
        order.push(next.1);
        for &step in &needed_by[next.1] {
            waiting[step] -= 1;
            if waiting[step] == 0 && left.contains(&key(step)) {
                ready.insert(key(step));
            }
        }
    }
    // A cleanup step that needs nothing is ready at once: it still waits for all others.
    order.sort_by_key(|&step| steps[step].attributes.cleanup);
    order
}

/// Returns steps of which each needs the next and the last the first. Every step that is left needs one that is left.
fn find_cycle(needs: &[Vec<usize>], left: &BTreeSet<(bool, usize)>) -> Vec<usize> {
    let left: BTreeSet<usize> = left.iter().map(|(_, step)| *step).collect();
    let mut path = Vec::new();
    let mut at: BTreeMap<usize, usize> = BTreeMap::new();
    let mut step = *left.first().expect("a cycle is looked for only while steps are left");
    while !at.contains_key(&step) {
        at.insert(step, path.len());
        path.push(step);
        let next = needs[step].iter().find(|need| left.contains(need));
        step = *next.expect("a step that is not ready needs one that has not run");
    }
    path.split_off(at[&step])
}

fn cycle_finding(steps: &[Step], cycle: &[usize]) -> Finding {
    let names = cycle.iter().chain(cycle.first()).map(|&step| steps[step].name.0.as_str());
    let path = names.collect::<Vec<_>>().join(" -> ");
    let finding = Finding::error("needs-cycle", format!("steps need each other: {path}"));
    let finding = finding.at(attribute_place(&steps[cycle[0]], "needs")).help("leave one of these needs out");
    cycle.iter().skip(1).fold(finding, |finding, &step| {
        let step = &steps[step];
        finding.related(attribute_place(step, "needs"), format!("`{}` needs the next", step.name))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use crate::plan::Needs;
    use crate::plan::testing::{flags, lines, page, plans, step};

    /// Steps as `name`, `name: need need`, and `name!` for cleanup; shows each with its needs.
    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let parse = |line: &str| {
            let (name, needs) = line.split_once(": ").unwrap_or((line, ""));
            let needs: Vec<&str> = needs.split_whitespace().collect();
            let cleanup = name.ends_with('!');
            step(name.trim_end_matches('!')).needs(&needs).change(|attributes| attributes.cleanup = cleanup)
        };
        let shown = match plans(page(text.split(", ").map(parse).collect()), &flags(&[])) {
            Ok(plans) => plans[0]
                .steps
                .iter()
                .enumerate()
                .map(|(index, step)| {
                    let needs = match &step.needs {
                        Needs::AllBefore => (0..index).collect(),
                        Needs::Named(needs) => needs.iter().map(|need| need.0).collect::<Vec<_>>(),
                    };
                    let needs = needs.iter().map(|&need| plans[0].steps[need].name.0.as_str());
                    format!("{} needs [{}]\n", step.name, needs.collect::<Vec<_>>().join(" "))
                })
                .collect(),
            Err(findings) => lines(&findings),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn steps_need_all_before_them_unless_they_say_which() {
        check(
            "a, b, c: a a, d",
            expect![[r#"
                a needs []
                b needs [a]
                c needs [a]
                d needs [a b c]
            "#]],
        );
    }

    #[test]
    fn steps_are_delayed_only_until_their_needs_are_met() {
        check(
            "a: c, b, c, d",
            expect![[r#"
                b needs []
                c needs [b]
                a needs [c]
                d needs [b c a]
            "#]],
        );
    }

    #[test]
    fn cleanup_steps_come_last() {
        check(
            "x!, a, y!: a, b",
            expect![[r#"
                a needs []
                b needs [a]
                x needs []
                y needs [a]
            "#]],
        );
        check(
            "x!, a: x",
            expect![[r#"
            needs-cleanup: step `a` needs `x`, which runs at the end; leave the need out, or make the needed step an ordinary one
        "#]],
        );
    }

    #[test]
    fn cycles_are_shown_with_their_path() {
        check(
            "a: b, b: c, c: a, d: a",
            expect![[r#"
                needs-cycle: steps need each other: a -> b -> c -> a; leave one of these needs out
            "#]],
        );
        check(
            "a: a, b: c, c: b",
            expect![[r#"
                needs-cycle: steps need each other: a -> a; leave one of these needs out
                needs-cycle: steps need each other: b -> c -> b; leave one of these needs out
            "#]],
        );
    }

    #[test]
    fn unknown_needs_are_shown_with_a_near_name() {
        check(
            "build, test: biuld",
            expect![[r#"
            unknown-need: step `test` needs `biuld`, which is no step of this page; did you mean `build`?
        "#]],
        );
    }

    proptest! {
        #[test]
        fn every_need_is_met_before_its_step(needs in prop::collection::vec(prop::collection::vec(0..12usize, 0..3), 1..12)) {
            let count = needs.len();
            let build = |(index, needs): (usize, &Vec<usize>)| {
                let names: Vec<String> = needs.iter().map(|need| format!("s{}", need % count)).collect();
                step(&format!("s{index}")).needs(&names.iter().map(String::as_str).collect::<Vec<_>>())
            };
            let steps = needs.iter().enumerate().map(build).collect();
            match plans(page(steps), &flags(&[])) {
                Ok(plans) => {
                    let steps = &plans[0].steps;
                    prop_assert_eq!(steps.len(), count);
                    for (index, step) in steps.iter().enumerate() {
                        let Needs::Named(needs) = &step.needs else { continue };
                        prop_assert!(needs.iter().all(|need| need.0 < index));
                    }
                }
                Err(findings) => prop_assert!(findings.iter().all(|finding| finding.code == "needs-cycle")),
            }
        }
    }
}
