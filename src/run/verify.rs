//! Did a step do what the text says?

use crate::event::{CheckResult, Exit, Outcome};
use crate::expect::{Captures, Mismatch, Stream, Verdict};
use crate::tutorial::ExpectedOutput;

use super::recording::Printed;

/// What came of looking at a step.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) checks: Vec<CheckResult>,
}

/// Compares how a unit ended and what it printed with what its page promises.
///
/// `promised` is the exit status that the page names; without one it must be 0, and that
/// alone verifies nothing. New captures are added to `bound` if everything held.
pub(super) fn judge(
    promised: Option<i32>,
    exit: &Exit,
    expected: &[ExpectedOutput],
    printed: &Printed,
    bound: &mut Captures,
) -> Judgement {
    if let Some(reason) = wrong_exit(promised.unwrap_or(0), exit) {
        // The output is compared all the same: its diff often says why.
        let checks = expected.iter().map(|expected| check(expected, printed, bound)).collect();
        return Judgement { outcome: Outcome::Failed { reason }, checks };
    }
    let mut seen = bound.clone();
    let mut checks = Vec::with_capacity(expected.len());
    for expected in expected {
        let result = check(expected, printed, &seen);
        seen.extend(result.captures.clone());
        checks.push(result);
    }
    let broken = checks.iter().find_map(|check| check.mismatch.as_ref());
    let outcome = match broken {
        Some(mismatch) => Outcome::Failed { reason: mismatch.summary.clone() },
        None if checks.is_empty() && promised.is_none() => Outcome::Unverified,
        None => Outcome::Verified,
    };
    if broken.is_none() {
        *bound = seen;
    }
    Judgement { outcome, checks }
}

/// Returns why an exit is not the promised one.
pub(super) fn wrong_exit(promised: i32, exit: &Exit) -> Option<String> {
    match exit {
        Exit::Status(status) if *status == promised => None,
        Exit::Status(status) => Some(format!("exit status {status}, expected {promised}")),
        Exit::Signal(signal) => Some(format!("its shell was ended by {signal}")),
    }
}

fn check(expected: &ExpectedOutput, printed: &Printed, bound: &Captures) -> CheckResult {
    let text = match expected.expectation.stream {
        Stream::Stderr => printed.error.as_deref(),
        Stream::Both | Stream::Stdout => printed.text.as_deref(),
    };
    let verdict = match text {
        Some(text) => expected.expectation.check(text, bound),
        None => Verdict::Broken(Mismatch {
            summary: incomparable(printed, expected.expectation.stream),
            diff: Vec::new(),
        }),
    };
    let location = expected.place.location();
    match verdict {
        Verdict::Held { captures, score } => CheckResult { location, mismatch: None, captures, score },
        Verdict::Broken(mismatch) => {
            CheckResult { location, mismatch: Some(mismatch), captures: Captures::new(), score: None }
        }
    }
}

/// Returns why the text of an output is not known.
fn incomparable(printed: &Printed, stream: Stream) -> String {
    let output = printed.output.of(stream).unwrap_or(&printed.output);
    match &output.trouble {
        Some(trouble) => {
            format!("{} bytes of output could not be kept, and are not compared: {trouble}", output.bytes)
        }
        None => format!("{} bytes of output are too many to compare", output.bytes),
    }
}
