//! Which wrong outputs would the expectations of a tutorial have let pass?

use std::collections::{BTreeMap, BTreeSet};

use super::measurement::{Measured, Measurement, Measurements};
use crate::diagnostic::{Finding, Place, Severity, sort_by_place};
use crate::expect::MutationKind;
use crate::plan::{Plan, PlanKey, PlannedStep, Work};
use crate::record::{Record, State, Store, state};

/// What is known about the strength of tutorials.
#[derive(Debug, Default)]
pub struct StrengthReport {
    /// Weak expectations, and tutorials that could not be measured.
    pub findings: Vec<Finding>,
    /// A row for each plan that was measured.
    pub tutorials: Vec<TutorialStrength>,
}

/// How well the expectations of a plan notice wrong outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct TutorialStrength {
    /// Which plan.
    pub plan: PlanKey,
    /// How many expectations were measured.
    pub expectations: usize,
    /// How many of them could notice more.
    pub weak: usize,
    /// How many wrong outputs they could notice together.
    pub noticeable: usize,
    /// How many of those they do notice.
    pub noticed: usize,
}

impl TutorialStrength {
    /// Returns the share of wrong outputs that are noticed, 0 to 1; 1 where there was nothing to notice.
    pub fn score(&self) -> f64 {
        if self.noticeable == 0 { 1.0 } else { self.noticed as f64 / self.noticeable as f64 }
    }
}

/// Measures the expectations of plans with the outputs of their last runs.
///
/// A plan that promises no output is passed over. A wrong output counts only if a better
/// expectation would notice it: no text can tell one random digest from another. In a plan
/// whose score is below `minimum`, weak expectations are errors.
pub fn strength(plans: &[Plan], store: &Store, minimum: Option<f64>) -> StrengthReport {
    let mut report = StrengthReport::default();
    let mut weak = BTreeMap::new();
    for plan in plans.iter().filter(|plan| plan.steps.iter().any(promises)) {
        match usable_record(plan, store) {
            Ok(record) => {
                let Measurements { measured, unmeasured } =
                    Measurement { plan, record: &record, store }.measure();
                let unknown = unmeasured.into_iter().map(|(place, reason)| {
                    unmeasured_finding(plan, place, "this expectation", reason, minimum)
                });
                report.findings.extend(unknown);
                if measured.is_empty() {
                    continue;
                }
                let row = summary(plan, &measured);
                let below = minimum.is_some_and(|minimum| row.score() < minimum);
                collect(&mut weak, measured, below);
                report.tutorials.push(row);
            }
            Err(Unusable::Skipped) => {
                let reason = "it was never run on a machine that has what it needs";
                // Another machine may know; here nobody can do anything about it.
                let finding = unmeasured_plan(plan, reason, minimum);
                report
                    .findings
                    .push(Finding { severity: finding.severity.min(Severity::Warning), ..finding });
            }
            Err(Unusable::Other(reason)) => report.findings.push(unmeasured_plan(plan, &reason, minimum)),
        }
    }
    report.findings.extend(weak.into_values().map(Weakness::finding));
    sort_by_place(&mut report.findings);
    report
}

/// Returns whether the page says what a step prints.
fn promises(step: &PlannedStep) -> bool {
    let of_commands = match &step.work {
        Work::Transcript { commands, .. } => commands.iter().any(|command| !command.expected.is_empty()),
        _ => false,
    };
    of_commands || !step.expected.is_empty()
}

/// Why a record says nothing about a plan as it is now.
enum Unusable {
    /// The machine has not what the plan needs.
    Skipped,
    /// There is none, or it is of another text.
    Other(String),
}

fn usable_record(plan: &Plan, store: &Store) -> Result<Record, Unusable> {
    let record = store.read(&plan.key).map_err(|error| Unusable::Other(error.to_string()))?;
    match (state(plan, record.as_ref()), record) {
        (State::Stale(reasons), _) => {
            Err(Unusable::Other(format!("it changed since its last run: {}", reasons.join(", "))))
        }
        (State::Skipped(_), _) => Err(Unusable::Skipped),
        (_, Some(record)) => Ok(record),
        (_, None) => Err(Unusable::Other("it was never run".to_owned())),
    }
}

fn unmeasured_plan(plan: &Plan, reason: &str, minimum: Option<f64>) -> Finding {
    let place = Place::new(&plan.tutorial.source, 0..0);
    unmeasured_finding(plan, place, &format!("`{}`", plan.key), reason, minimum)
}

fn unmeasured_finding(plan: &Plan, place: Place, what: &str, reason: &str, minimum: Option<f64>) -> Finding {
    let message = format!("strength of {what} is not known: {reason}");
    // Where strength is demanded, what was not measured has none.
    let severity = if minimum.is_some() { Severity::Error } else { Severity::Note };
    let finding = Finding { severity, ..Finding::note("unmeasured-strength", message) };
    finding.at(place).help(format!("run it first: `stagebook run {}`", plan.key.tutorial))
}

fn summary(plan: &Plan, measured: &[Measured]) -> TutorialStrength {
    let sum = |count: fn(&Measured) -> usize| measured.iter().map(count).sum::<usize>();
    let noticeable = sum(|one| one.tried - one.unnoticeable);
    TutorialStrength {
        plan: plan.key.clone(),
        expectations: measured.len(),
        weak: measured.iter().filter(|one| !one.missed.is_empty()).count(),
        noticeable,
        noticed: noticeable - sum(|one| one.missed.len()),
    }
}

/// A weak expectation, whichever variants it is weak in.
struct Weakness {
    place: Place,
    kinds: BTreeSet<MutationKind>,
    missed: usize,
    tried: usize,
    proposal: Option<String>,
    below_minimum: bool,
}

fn collect(weak: &mut BTreeMap<String, Weakness>, measured: Vec<Measured>, below_minimum: bool) {
    for one in measured.into_iter().filter(|one| !one.missed.is_empty()) {
        let weakness = weak.entry(one.place.location().to_string()).or_insert_with(|| Weakness {
            place: one.place.clone(),
            kinds: BTreeSet::new(),
            missed: 0,
            tried: 0,
            proposal: one.proposal,
            below_minimum: false,
        });
        weakness.kinds.extend(&one.missed);
        weakness.missed += one.missed.len();
        weakness.tried += one.tried;
        weakness.below_minimum |= below_minimum;
    }
}

impl Weakness {
    fn finding(self) -> Finding {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.describe()).collect();
        let message = format!("would still pass with {}", alternatives(&kinds));
        let finding = Finding { severity: self.severity(), ..Finding::note("weak-expectation", message) };
        let label = format!("misses {} of {} wrong outputs", self.missed, self.tried);
        let help = self.proposal.map(|text| format!("expect more of the output:\n{}", text.trim_end()));
        finding.at(self.place).label(label).maybe_help(help)
    }

    /// To miss a failure is worse than to leave a detail open, which authors do on purpose.
    fn severity(&self) -> Severity {
        match self.kinds.iter().all(|kind| kind.is_detail()) {
            _ if self.below_minimum => Severity::Error,
            true => Severity::Note,
            false => Severity::Warning,
        }
    }
}

/// Returns words as `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::check::testing::{lines, project, subject};
    use crate::event::{CommandResult, Exit, Outcome};
    use crate::record::samples;

    /// Returns the record of a plan in which all steps passed and printed what is given for them.
    fn record(plan: &Plan, outputs: &[&str]) -> Record {
        let mut record = samples::record();
        let sample = record.steps[0].clone();
        let step = |(step, output): (&PlannedStep, &&str)| {
            let mut kept = sample.clone();
            kept.info.name = step.name.clone();
            kept.result = samples::result(Outcome::Verified, output);
            if let Work::Transcript { commands, .. } = &step.work {
                kept.result.commands = commands.iter().zip(output.split('|')).map(command).collect();
            }
            kept
        };
        record.steps = plan.steps.iter().zip(outputs).map(step).collect();
        record.plan = plan.key.clone();
        record.fingerprint = plan.fingerprint.clone();
        record
    }

    fn command((command, output): (&crate::plan::PlannedCommand, &str)) -> CommandResult {
        CommandResult {
            command: command.command.clone(),
            location: command.place.location(),
            exit: Exit::Status(0),
            output: samples::result(Outcome::Verified, output).output,
        }
    }

    #[track_caller]
    fn check(page: &str, outputs: &[&str], minimum: Option<f64>, expected: Expect) {
        let project = project(&[("a.md", page)]);
        let plans = subject(project.path(), "a.md").plans.expect("the page is fine");
        let store = Store::open(project.path());
        for plan in &plans {
            store.save(&record(plan, outputs)).expect("a record can be written");
        }
        expected.assert_eq(&shown(&strength(&plans, &store, minimum)));
    }

    fn shown(report: &StrengthReport) -> String {
        let row = |row: &TutorialStrength| {
            let score = row.score() * 100.0;
            format!("{}: {}/{} weak, {score:.0} %\n", row.plan, row.weak, row.expectations)
        };
        lines(&report.findings) + &report.tutorials.iter().map(row).collect::<String>()
    }

    #[test]
    fn exact_expectations_are_strong() {
        check(
            "```bash\nmake\n```\n\n```output\nBuilt 12 files: Succeeded\n```\n",
            &["Built 12 files: Succeeded\n"],
            Some(1.0),
            expect![[r#"
                a.md: 0/1 weak, 100 %
            "#]],
        );
    }

    #[test]
    fn weak_expectations_are_named_with_a_better_one() {
        check(
            "```bash\nmake\n```\n\n<!-- expect: {contains: Built} -->\n",
            &["Built 12 files: Succeeded\n"],
            None,
            expect![[r#"
                a.md:5:1 warning[weak-expectation] would still pass with failure where it says success or another number (expect more of the output:
                Built 12 files: Succeeded) `<!-- expect: {contains: Built} -->`
                a.md: 1/1 weak, 50 %
            "#]],
        );
        check(
            "```bash\nmake\n```\n\n```output\nBuilt 12\n...\n```\n\n```bash\nls\n```\n",
            &["Built 12\n3 files\nSucceeded\n", "Built 12\na\n"],
            Some(0.9),
            expect![[r#"
                a.md:5:1 error[weak-expectation] would still pass with failure where it says success, the output of another step, another number or a line lost (expect more of the output:
                Built 12
                3 files
                Succeeded) ````output`
                a.md: 1/1 weak, 44 %
            "#]],
        );
    }

    #[test]
    fn details_left_open_are_notes() {
        check(
            "```bash\nmake\n```\n\n<!-- expect: json -->\n\n```json\n{\"state\": \"Succeeded\"}\n```\n",
            &["{\"state\": \"Succeeded\", \"count\": 12}\n"],
            None,
            expect![[r#"
                a.md:7:1 note[weak-expectation] would still pass with another number (expect more of the output:
                {
                  "state": "Succeeded",
                  "count": 12
                }) ````json`
                a.md: 1/1 weak, 75 %
            "#]],
        );
    }

    #[test]
    fn what_no_text_can_notice_does_not_count() {
        check(
            "```bash\nmake\n```\n\n```output\nid [..]\n```\n",
            &["id 3f2a9bc1d\n"],
            Some(1.0),
            expect![[r#"
                a.md: 0/1 weak, 100 %
            "#]],
        );
    }

    #[test]
    fn commands_of_transcripts_are_measured_one_by_one() {
        check(
            "```console\n$ make\nBuilt 12\n$ ls\n...\n$ true\n```\n",
            &["Built 12\n|a\nb\n|"],
            None,
            expect![[r#"
                a.md:5:1 warning[weak-expectation] would still pass with no output at all, an error message instead, the output of another step or a line lost (expect more of the output:
                a
                b) `...`
                a.md: 1/2 weak, 45 %
            "#]],
        );
    }

    #[test]
    fn captures_of_earlier_steps_are_bound() {
        check(
            "```bash\nmake\n```\n\n```output\nid <id>\n```\n\n```bash\nls\n```\n\n```output\n<id>\n```\n",
            &["id 12\n", "12\n"],
            None,
            expect![[r#"
                a.md: 0/2 weak, 100 %
            "#]],
        );
    }

    #[test]
    fn variants_share_a_finding() {
        check(
            "---\nmatrix:\n  base: [a, b]\n---\n```bash\necho $base\n```\n\n```output\n...\n```\n",
            &["ok\n"],
            None,
            expect![[r#"
                a.md:9:1 warning[weak-expectation] would still pass with no output at all, an error message instead or failure where it says success (expect more of the output:
                ok) ````output`
                a.md [base=a]: 1/1 weak, 0 %
                a.md [base=b]: 1/1 weak, 0 %
            "#]],
        );
    }

    #[test]
    fn tutorials_that_promise_nothing_are_passed_over() {
        check("```bash\nmake\n```\n", &["a\n"], Some(1.0), expect![[""]]);
        check("# A\n", &[], Some(1.0), expect![[""]]);
    }

    #[test]
    fn patterns_that_take_anything_are_weak() {
        let page = |pattern: &str| format!("```bash\nmake\n```\n\n```output\n{pattern}\n```\n");
        for pattern in ["[..]", ".* (re)", "* (glob)", "<anything>"] {
            let project = project(&[("a.md", &page(pattern))]);
            let plans = subject(project.path(), "a.md").plans.expect("the page is fine");
            let store = Store::open(project.path());
            store.save(&record(&plans[0], &["Status: Succeeded, 5 images\n"])).expect("it can be written");
            let report = strength(&plans, &store, Some(1.0));
            assert!(report.tutorials[0].score() < 1.0, "{pattern}");
            let help = report.findings[0].help.as_deref().unwrap_or_default();
            assert!(help.contains("Status: Succeeded, 5 images"), "{pattern}: {help}");
        }
    }

    #[test]
    fn expectations_of_failed_steps_are_not_measured() {
        let project = project(&[("a.md", "```bash\nmake\n```\n\n```output\na\n```\n")]);
        let store = Store::open(project.path());
        let plans = subject(project.path(), "a.md").plans.expect("the page is fine");
        let mut failed = record(&plans[0], &["b\n"]);
        failed.steps[0].result.outcome = Outcome::Failed { reason: "it differs".to_owned() };
        store.save(&failed).expect("a record can be written");
        expect![[r#"
            a.md:5:1 error[unmeasured-strength] strength of this expectation is not known: its step did not pass (run it first: `stagebook run a.md`) ````output`
        "#]].assert_eq(&shown(&strength(&plans, &store, Some(0.5))));
    }

    #[test]
    fn tutorials_without_a_fresh_record_are_not_measured() {
        let project = project(&[("a.md", "```bash\nmake\n```\n\n```output\n...\n```\n")]);
        let store = Store::open(project.path());
        let mut plans = subject(project.path(), "a.md").plans.expect("the page is fine");
        expect![[r#"
            a.md:1:1 note[unmeasured-strength] strength of `a.md` is not known: it was never run (run it first: `stagebook run a.md`) ``
        "#]].assert_eq(&shown(&strength(&plans, &store, None)));
        store.save(&record(&plans[0], &["ok\n"])).expect("a record can be written");
        plans[0].fingerprint.0.push('x');
        expect![[r#"
            a.md:1:1 error[unmeasured-strength] strength of `a.md` is not known: it changed since its last run: parameter `tag` changed, step `step-1` changed (run it first: `stagebook run a.md`) ``
        "#]].assert_eq(&shown(&strength(&plans, &store, Some(0.5))));
    }
}
