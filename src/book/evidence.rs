//! What is known about a page that is a tutorial: its plans and the records of their runs.

use crate::event::{Coverage, Outcome, StepResult};
use crate::plan::{Plan, PlannedStep};
use crate::record::{self, Record, State};

use super::shape::Shown;

/// A tutorial with the evidence of each of its variants.
#[derive(Debug)]
pub struct Evidence {
    /// One for each variant, in the order of the matrix; one in all without a matrix.
    pub variants: Vec<Variant>,
}

/// A plan with its record.
#[derive(Debug)]
pub struct Variant {
    /// The plan, as the page is now.
    pub plan: Plan,
    /// The last run, where there is one that can be read.
    pub record: Option<Record>,
    /// What the two say together.
    pub state: State,
}

/// What a page shows of a step in one variant.
#[derive(Debug, Clone)]
pub(super) struct StepEvidence<'a> {
    pub(super) planned: &'a PlannedStep,
    pub(super) shown: Shown,
    /// Why it is shown so, where a word is not enough.
    pub(super) why: Option<String>,
    pub(super) result: Option<&'a StepResult>,
}

impl StepEvidence<'_> {
    /// Returns how long it took, where it was run.
    pub(super) fn took(&self) -> Option<String> {
        let result = self.result.filter(|result| result.attempt > 0)?;
        Some(crate::diagnostic::duration(result.duration))
    }
}

impl Variant {
    /// Takes a plan and the record of its last run.
    pub fn new(plan: Plan, record: Option<Record>) -> Self {
        let state = record::state(&plan, record.as_ref());
        Self { plan, record, state }
    }

    /// Returns its state as a page shows it.
    pub fn shown(&self) -> Shown {
        match &self.state {
            State::Verified => Shown::Verified,
            State::Ran => Shown::Ran,
            State::Failed(_) => Shown::Failed,
            State::Stale(_) => Shown::Stale,
            State::Skipped(_) => Shown::Skipped,
            _ => Shown::NeverRun,
        }
    }

    /// Returns its name as it stands behind a title, ` [base=debian]`; nothing where there is no matrix.
    pub(super) fn suffix(&self) -> String {
        self.plan.key.variant.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default()
    }

    /// Returns every block accounted for, where it was run.
    pub(super) fn coverage(&self) -> Option<Coverage> {
        self.record.as_ref().map(|record| record.result.coverage)
    }

    /// Returns what is known about the step of a block; `None` where the plan leaves the block out.
    pub(super) fn step(&self, source: usize) -> Option<StepEvidence<'_>> {
        let planned = self.plan.steps.iter().find(|step| step.source == source)?;
        Some(self.evidence(planned))
    }

    /// Returns what is known about each step, in the order in which they run.
    pub(super) fn steps(&self) -> impl Iterator<Item = StepEvidence<'_>> {
        self.plan.steps.iter().map(|planned| self.evidence(planned))
    }

    fn evidence<'a>(&'a self, planned: &'a PlannedStep) -> StepEvidence<'a> {
        let never = StepEvidence { planned, shown: Shown::NeverRun, why: None, result: None };
        let Some(step) = self.record.as_ref().and_then(|record| record.step(&planned.name.0)) else {
            return never;
        };
        let result = Some(&step.result);
        if step.info.fingerprint != planned.fingerprint {
            let why = "it, or a step before it, changed since it was run".to_owned();
            return StepEvidence { planned, shown: Shown::Stale, why: Some(why), result };
        }
        let (shown, why) = shown(&step.result.outcome);
        StepEvidence { planned, shown, why, result }
    }
}

impl Evidence {
    /// Returns the state that the page as a whole shows: the worst, but for what the machine could not run.
    pub fn shown(&self) -> Shown {
        let states = || self.variants.iter().map(Variant::shown);
        let tried = states().filter(|shown| *shown != Shown::Skipped).min();
        tried.or_else(|| states().min()).unwrap_or(Shown::NeverRun)
    }

    /// Returns which variant a reader sees first: the first that is verified, else the first that was run.
    pub(super) fn first(&self) -> usize {
        let at = |wanted: fn(Shown) -> bool| self.variants.iter().position(|variant| wanted(variant.shown()));
        at(|shown| shown == Shown::Verified)
            .or_else(|| at(|shown| !matches!(shown, Shown::Skipped | Shown::NeverRun)))
            .unwrap_or_default()
    }
}

/// Returns what a step's outcome is on a page, and why.
fn shown(outcome: &Outcome) -> (Shown, Option<String>) {
    match outcome {
        Outcome::Verified => (Shown::Verified, None),
        Outcome::Unverified => (Shown::Ran, None),
        Outcome::Failed { reason } => (Shown::Failed, Some(reason.clone())),
        Outcome::TimedOut { limit } => {
            (Shown::Failed, Some(format!("timed out after {}", crate::diagnostic::duration(*limit))))
        }
        Outcome::Skipped { reason } => (Shown::Skipped, Some(reason.to_string())),
        Outcome::Cancelled => (Shown::NeverRun, Some("the run was stopped before it ended".to_owned())),
    }
}
