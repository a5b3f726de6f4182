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
        let message = format!("would still pass with {}", kinds.join(", "));
        let finding = match self.below_minimum {
            true => Finding::error("weak-expectation", message),
            false => Finding::warning("weak-expectation", message),
        };
        let label = format!("misses {} of {} wrong outputs", self.missed, self.tried);
        let help = self.proposal.map(|text| format!("expect more of the output:\n{}", text.trim_end()));
        finding.at(self.place).label(label).maybe_help(help)
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
        for (index, pair) in pairs.iter().enumerate() {
            // What does not hold was not verified by the run, and cannot be weak.
            let Verdict::Held { captures, .. } = pair.expected.expectation.check(&pair.output, &bound) else {
                continue;
            };
            let others = pairs.iter().enumerate().filter(|(other, _)| *other != index);
            let others: Vec<&str> = others.map(|(_, pair)| pair.output.as_str()).collect();
            measured.push(measure_pair(pair, &others, &bound));
            bound.extend(captures);
        }
        measured
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

fn measure_pair(pair: &Pair<'_>, others: &[&str], bound: &Captures) -> Measured {
    let expectation = &pair.expected.expectation;
    let strength = measure(expectation, &pair.output, others, bound);
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
