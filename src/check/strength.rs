//! Which wrong outputs would the expectations of a tutorial have let pass?

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use crate::diagnostic::{Finding, Place, Severity, sort_by_place};
use crate::event::{Outcome, StepOutput};
use crate::expect::{
    Captures, Expectation, Matcher, Mutation, MutationKind, Stream, Verdict, measure, propose,
};
use crate::plan::{Plan, PlanKey, PlannedStep, Work};
use crate::record::{Record, State, StepRecord, Store, state};
use crate::tutorial::{ExpectedOutput, Origin};

/// The largest output that is read from a file, in bytes. Nobody writes longer expectations.
const LARGEST: u64 = 1024 * 1024;

/// How well tutorials notice wrong outputs.
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
/// A wrong output counts only if a better expectation would notice it: no text can tell
/// one random digest from another. Below `minimum` weak expectations are errors.
pub fn strength(plans: &[Plan], store: &Store, minimum: Option<f64>) -> StrengthReport {
    let mut report = StrengthReport::default();
    let mut weak = BTreeMap::new();
    for plan in plans {
        match usable_record(plan, store) {
            Ok(record) => {
                let measured =
                    Measurement { plan, record: &record, folder: &store.folder(&plan.key) }.measure();
                let row = summary(plan, &measured);
                let below = minimum.is_some_and(|minimum| row.score() < minimum);
                collect(&mut weak, measured, below);
                report.tutorials.push(row);
            }
            Err(reason) => report.findings.push(unmeasured(plan, &reason, minimum)),
        }
    }
    report.findings.extend(weak.into_values().map(Weakness::finding));
    sort_by_place(&mut report.findings);
    report
}

/// Returns the record of a plan, or why it says nothing about the plan as it is now.
fn usable_record(plan: &Plan, store: &Store) -> Result<Record, String> {
    let record = store.read(&plan.key).map_err(|error| error.to_string())?;
    match (state(plan, record.as_ref()), record) {
        (State::Stale(reasons), _) => Err(format!("it changed since its last run: {}", reasons.join(", "))),
        (State::Skipped(_), _) => Err("it was never run on a machine that has what it needs".to_owned()),
        (_, Some(record)) => Ok(record),
        (_, None) => Err("it was never run".to_owned()),
    }
}

fn unmeasured(plan: &Plan, reason: &str, minimum: Option<f64>) -> Finding {
    let message = format!("strength of `{}` is not known: {reason}", plan.key);
    // Where strength is demanded, not knowing it matters more.
    let severity = if minimum.is_some() { Severity::Warning } else { Severity::Note };
    let finding = Finding { severity, ..Finding::note("unmeasured-strength", message) };
    let place = Place::new(&plan.tutorial.source, 0..0);
    finding.at(place).help(format!("run it first: `stagebook run {}`", plan.key.tutorial))
}

/// An expectation, and what it made of wrong outputs.
struct Measured {
    place: Place,
    tried: usize,
    /// The wrong outputs that it lets pass and a better one would notice.
    missed: Vec<MutationKind>,
    /// The wrong outputs that no expectation of this output would notice.
    unnoticeable: usize,
    proposal: Option<String>,
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
        let finding = match self.below_minimum {
            true => Finding::error("weak-expectation", message),
            false => Finding::warning("weak-expectation", message),
        };
        let label = format!("misses {} of {} wrong outputs", self.missed, self.tried);
        let help = self.proposal.map(|text| format!("expect more of the output:\n{}", text.trim_end()));
        finding.at(self.place).label(label).maybe_help(help)
    }
}

/// Returns words as `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// A plan with the evidence of its last run.
struct Measurement<'a> {
    plan: &'a Plan,
    record: &'a Record,
    folder: &'a Path,
}

/// An expectation with the output that it is about.
struct Pair<'a> {
    expected: &'a ExpectedOutput,
    output: String,
}

impl Measurement<'_> {
    fn measure(&self) -> Vec<Measured> {
        let pairs: Vec<Pair<'_>> = self.plan.steps.iter().flat_map(|step| self.pairs(step)).collect();
        let mut bound = Captures::new();
        let mut measured = Vec::new();
        let outputs = self.outputs();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        for pair in &pairs {
            // What does not hold was not verified by the run, and cannot be weak.
            let Verdict::Held { captures, .. } = pair.expected.expectation.check(&pair.output, &bound) else {
                continue;
            };
            measured.push(measure_pair(pair, &outputs, &bound));
            bound.extend(captures);
        }
        measured
    }

    /// Returns what all steps printed: each is a wrong output of the others.
    fn outputs(&self) -> Vec<String> {
        let results = self.record.steps.iter().map(|step| &step.result);
        let outputs = results
            .flat_map(|result| result.commands.iter().map(|command| &command.output).chain([&result.output]));
        outputs.filter_map(|output| self.text(output, Stream::Both)).filter(|text| !text.is_empty()).collect()
    }

    /// Returns the expectations of a step that was verified, each with its output.
    fn pairs<'p>(&self, step: &'p PlannedStep) -> Vec<Pair<'p>> {
        let Some(record) = self.record.step(&step.name.0) else { return Vec::new() };
        let Work::Transcript { commands, .. } = &step.work else {
            return self.pairs_of_step(step, record);
        };
        let outputs = record.result.commands.iter().map(|command| &command.output);
        let pairs = commands.iter().zip(outputs).filter_map(|(command, output)| {
            let expected = command.expected.as_ref()?;
            Some(Pair { expected, output: self.text(output, expected.expectation.stream)? })
        });
        pairs.collect()
    }

    fn pairs_of_step<'p>(&self, step: &'p PlannedStep, record: &StepRecord) -> Vec<Pair<'p>> {
        if record.result.outcome != Outcome::Verified {
            return Vec::new();
        }
        let output = &record.result.output;
        let pair = |expected: &'p ExpectedOutput| {
            Some(Pair { expected, output: self.text(output, expected.expectation.stream)? })
        };
        step.expected.iter().filter_map(pair).collect()
    }

    /// Returns the output that a check saw; `None` where it was too much to compare.
    fn text(&self, output: &StepOutput, stream: Stream) -> Option<String> {
        if stream == Stream::Stderr {
            return output.stderr.clone();
        }
        let Some(name) = &output.file else { return Some(output.text.clone()) };
        if output.kept < output.bytes || output.kept > LARGEST {
            return None;
        }
        let mut bytes = Vec::new();
        let file = fs_err::File::open(self.folder.join(name)).ok()?;
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn measure_pair(pair: &Pair<'_>, outputs: &[&str], bound: &Captures) -> Measured {
    let expectation = &pair.expected.expectation;
    let strength = measure(expectation, &pair.output, outputs, bound);
    let text = match &pair.expected.origin {
        Origin::Lines(text) => text.content.as_str(),
        Origin::Comment => "",
    };
    let better = propose(expectation, text, &pair.output)
        .and_then(|text| proposed(expectation, &text).map(|better| (text, better)));
    let passes = |better: &Expectation, made: &Mutation| {
        matches!(better.check(&made.text, bound), Verdict::Held { .. })
    };
    let is_missed = |made: &&Mutation| better.as_ref().is_some_and(|(_, better)| !passes(better, made));
    let missed: Vec<MutationKind> =
        strength.survived.iter().filter(is_missed).map(|made| made.kind).collect();
    Measured {
        place: pair.expected.place.clone(),
        tried: strength.tried.len(),
        unnoticeable: strength.survived.len() - missed.len(),
        missed,
        proposal: better.map(|(text, _)| text),
    }
}

/// Returns a proposal as the expectation that it would be.
fn proposed(expectation: &Expectation, text: &str) -> Option<Expectation> {
    let better = match &expectation.matcher {
        Matcher::Json(_) => Expectation::json(text),
        _ => Expectation::lines(text),
    };
    let Expectation { normalise, stream, .. } = expectation.clone();
    Some(better.ok()?.normalise(normalise).stream(stream))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::check::testing::{lines, project, subject};
    use crate::event::{CommandResult, Exit};
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
            a.md:1:1 warning[unmeasured-strength] strength of `a.md` is not known: it changed since its last run: parameter `tag` changed, step `step-1` changed (run it first: `stagebook run a.md`) ``
        "#]].assert_eq(&shown(&strength(&plans, &store, Some(0.5))));
    }
}
