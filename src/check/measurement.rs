//! Holds expectations against wrong outputs made from recorded ones.

use std::io::Read;
use std::path::Path;

use crate::diagnostic::Place;
use crate::event::{Outcome, StepOutput};
use crate::expect::{
    Captures, Expectation, Matcher, Mutation, MutationKind, Stream, Verdict, measure, propose,
};
use crate::plan::{Plan, PlannedStep, Work};
use crate::record::{Record, StepRecord};
use crate::tutorial::{ExpectedOutput, Origin};

/// The largest output that is read from a file, in bytes. Nobody writes longer expectations.
const LARGEST: u64 = 1024 * 1024;

/// A plan with the evidence of its last run.
pub(super) struct Measurement<'a> {
    /// The plan as it is now.
    pub(super) plan: &'a Plan,
    /// Its record.
    pub(super) record: &'a Record,
    /// The record's folder, where long outputs are.
    pub(super) folder: &'a Path,
}

/// An expectation, and what it made of wrong outputs.
pub(super) struct Measured {
    /// Where it stands.
    pub(super) place: Place,
    /// How many wrong outputs there were.
    pub(super) tried: usize,
    /// The wrong outputs that it lets pass and a better one would notice.
    pub(super) missed: Vec<MutationKind>,
    /// The wrong outputs that no expectation of this output would notice.
    pub(super) unnoticeable: usize,
    /// A better expected text, where there is one.
    pub(super) proposal: Option<String>,
}

/// An expectation with the output that it is about.
struct Pair<'a> {
    expected: &'a ExpectedOutput,
    output: String,
}

impl Measurement<'_> {
    /// Measures every expectation that held, in the order of the plan.
    pub(super) fn measure(&self) -> Vec<Measured> {
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
        let promises = commands
            .iter()
            .zip(outputs)
            .flat_map(|(command, output)| command.expected.iter().map(move |expected| (expected, output)));
        let pairs = promises.filter_map(|(expected, output)| {
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
