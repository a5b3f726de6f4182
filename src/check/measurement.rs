//! Holds expectations against wrong outputs made from recorded ones.

use crate::diagnostic::Place;
use crate::event::{Outcome, StepOutput};
use crate::expect::{
    Captures, Expectation, Matcher, Mutation, MutationKind, Stream, Verdict, measure, propose, propose_whole,
};
use crate::plan::{Plan, PlannedCommand, PlannedStep, Work};
use crate::record::{Record, Store};
use crate::tutorial::{ExpectedOutput, Origin};

/// How much of an output is spoilt and compared, in bytes: its beginning and its end. All of it is
/// taken only where the expectation needs that.
const MOST: usize = 256 * 1024;

/// A plan with the evidence of its last run.
pub(super) struct Measurement<'a> {
    /// The plan as it is now.
    pub(super) plan: &'a Plan,
    /// Its record.
    pub(super) record: &'a Record,
    /// Where long outputs are.
    pub(super) store: &'a Store,
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

/// What is known of the expectations of a plan.
#[derive(Default)]
pub(super) struct Measurements {
    /// Those that were measured, in the order of the plan.
    pub(super) measured: Vec<Measured>,
    /// Where the others stand, and why they were not. Steps that were skipped are left out.
    pub(super) unmeasured: Vec<(Place, &'static str)>,
}

/// An expectation with the output that it is about; without one, its step did not come so far.
struct Pair<'a> {
    expected: &'a ExpectedOutput,
    output: Option<&'a StepOutput>,
}

/// An expectation with what it was compared with.
struct Held<'a> {
    expected: &'a ExpectedOutput,
    output: String,
    captures: Captures,
}

impl Measurement<'_> {
    /// Measures every expectation that held.
    pub(super) fn measure(&self) -> Measurements {
        let mut bound = Captures::new();
        let mut measurements = Measurements::default();
        let outputs = self.outputs();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        for pair in self.plan.steps.iter().flat_map(|step| self.pairs(step)) {
            match self.held(&pair, &bound) {
                Ok(held) => {
                    measurements.measured.push(measure_held(&held, &outputs, &bound));
                    bound.extend(held.captures);
                }
                Err(reason) => measurements.unmeasured.push((pair.expected.place.clone(), reason)),
            }
        }
        measurements
    }

    /// Returns what all steps printed: each is a wrong output of the others.
    fn outputs(&self) -> Vec<String> {
        let results = self.record.steps.iter().map(|step| &step.result);
        let outputs = results
            .flat_map(|result| result.commands.iter().map(|command| &command.output).chain([&result.output]));
        let texts = outputs.filter_map(|output| self.text(output, Stream::Both, MOST));
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Returns the expectations of a step that was run, each with its output.
    fn pairs<'p>(&'p self, step: &'p PlannedStep) -> Vec<Pair<'p>> {
        let record = self.record.step(&step.name.0);
        let Some(result) = record.map(|record| &record.result) else { return Vec::new() };
        if matches!(result.outcome, Outcome::Skipped { .. }) {
            return Vec::new();
        }
        if let Work::Transcript { commands, .. } = &step.work {
            let pairs = |(at, command): (usize, &'p PlannedCommand)| {
                let output = result.commands.get(at).map(|command| &command.output);
                command.expected.iter().map(move |expected| Pair { expected, output })
            };
            return commands.iter().enumerate().flat_map(pairs).collect();
        }
        let output = (result.outcome == Outcome::Verified).then_some(&result.output);
        step.expected.iter().map(|expected| Pair { expected, output }).collect()
    }

    /// Compares once more; what does not hold was not verified by the run, and cannot be weak.
    fn held<'p>(&self, pair: &Pair<'p>, bound: &Captures) -> Result<Held<'p>, &'static str> {
        let expected = pair.expected;
        let output = pair.output.ok_or("its step did not pass")?;
        for most in [MOST, usize::MAX] {
            let text = self.text(output, expected.expectation.stream, most);
            let text = text.ok_or("its output was not kept")?;
            if let Verdict::Held { captures, .. } = expected.expectation.check(&text, bound) {
                return Ok(Held { expected, output: text, captures });
            }
        }
        Err("it did not hold")
    }

    /// Returns the output that a check saw, of a very long one the two ends.
    fn text(&self, output: &StepOutput, stream: Stream, most: usize) -> Option<String> {
        let text = self.store.output(&self.plan.key, output, stream).ok().flatten()?;
        Some(if text.len() <= most { text } else { ends(&text, most / 2) })
    }
}

/// Returns the whole lines at both ends of a text, up to so many bytes each.
fn ends(text: &str, each: usize) -> String {
    let bytes = text.as_bytes();
    let last = text.len() - each;
    let head = bytes[..each].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let tail = bytes[last..].iter().position(|byte| *byte == b'\n');
    let tail = tail.map_or(text.len(), |newline| last + newline + 1);
    format!("{}{}", &text[..head], &text[tail..])
}

fn measure_held(held: &Held<'_>, outputs: &[&str], bound: &Captures) -> Measured {
    let expectation = &held.expected.expectation;
    let strength = measure(expectation, &held.output, outputs, bound);
    let text = match &held.expected.origin {
        Origin::Lines(text) => text.content.as_str(),
        Origin::Comment => "",
    };
    let better = Better::read(expectation, propose(expectation, text, &held.output));
    let whole = Better::read(expectation, propose_whole(expectation, &held.output));
    let notices = |better: &Option<Better>, made: &Mutation| {
        better.as_ref().is_some_and(|better| better.notices(made, bound))
    };
    // A pattern may stand for a detail that changes, but not for a failure.
    let is_missed =
        |made: &&Mutation| notices(&better, made) || (!made.kind.is_detail() && notices(&whole, made));
    let missed: Vec<&Mutation> = strength.survived.iter().filter(is_missed).collect();
    let is_enough = missed.iter().all(|made| notices(&better, made));
    let proposal = if is_enough { better } else { whole };
    Measured {
        place: held.expected.place.clone(),
        tried: strength.tried.len(),
        unnoticeable: strength.survived.len() - missed.len(),
        missed: missed.into_iter().map(|made| made.kind).collect(),
        proposal: proposal.map(|better| better.text),
    }
}

/// A proposal, and the expectation that it would be.
struct Better {
    text: String,
    expectation: Expectation,
}

impl Better {
    fn read(expectation: &Expectation, text: Option<String>) -> Option<Self> {
        let text = text?;
        Some(Better { expectation: proposed(expectation, &text)?, text })
    }

    fn notices(&self, made: &Mutation, bound: &Captures) -> bool {
        matches!(self.expectation.check(&made.text, bound), Verdict::Broken(_))
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
