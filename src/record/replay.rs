//! A record becomes the events it was folded from.

use std::time::Duration;

use crate::event::{Coverage, EventKind, RunEvent, Timestamp, Totals, TutorialOutcome};
use crate::plan::StepIndex;

use super::model::{Record, StepRecord};

/// Returns the events of a run that had this plan alone.
///
/// What was printed comes with the steps' results, not piece by piece. The steps follow one
/// another in the order of the plan; when each began is not recorded, so their times are
/// sums of durations.
pub fn replay(record: &Record) -> impl Iterator<Item = RunEvent> + use<> {
    let mut clock = Clock { started: record.started, elapsed: Duration::ZERO };
    let mut events = vec![
        clock.event(run_started(record)),
        clock.event(EventKind::TutorialStarted(Box::new(record.start()))),
    ];
    for (index, step) in record.steps.iter().enumerate() {
        replay_step(record, StepIndex(index), step, &mut clock, &mut events);
    }
    for end in &record.services_ended {
        let (plan, step, exit) = (record.plan.clone(), end.step, end.exit.clone());
        events.push(clock.event(EventKind::ServiceEnded { plan, step, exit }));
    }
    if let Some(signal) = record.interrupted.clone() {
        events.push(clock.event(EventKind::Interrupted { signal }));
    }
    let end = |kind| RunEvent { at: record.ended, elapsed: record.result.duration, kind };
    let (plan, result) = (record.plan.clone(), Box::new(record.result.clone()));
    events.push(end(EventKind::TutorialFinished { plan, result }));
    events.push(end(EventKind::RunFinished {
        totals: totals(record.result.outcome, record.result.coverage),
        interrupted: record.interrupted.is_some(),
    }));
    events.into_iter()
}

struct Clock {
    started: Timestamp,
    elapsed: Duration,
}

impl Clock {
    fn event(&self, kind: EventKind) -> RunEvent {
        let at = self.started.checked_add(self.elapsed).unwrap_or(self.started);
        RunEvent { at, elapsed: self.elapsed, kind }
    }

    fn advance(&mut self, duration: Duration) {
        self.elapsed = self.elapsed.saturating_add(duration);
    }
}

fn run_started(record: &Record) -> EventKind {
    EventKind::RunStarted {
        stagebook: record.stagebook.clone(),
        host: record.host.clone(),
        plans: 1,
        steps: record.steps.len(),
        jobs: 1,
    }
}

fn replay_step(
    record: &Record,
    step: StepIndex,
    kept: &StepRecord,
    clock: &mut Clock,
    events: &mut Vec<RunEvent>,
) {
    let plan = || record.plan.clone();
    for result in &kept.retries {
        events.push(clock.event(EventKind::StepStarted { plan: plan(), step, attempt: result.attempt }));
        clock.advance(result.duration);
        let (result, delay) = (Box::new(result.clone()), Duration::ZERO);
        events.push(clock.event(EventKind::StepRetried { plan: plan(), step, result, delay }));
    }
    if kept.result.attempt > 0 {
        events.push(clock.event(EventKind::StepStarted { plan: plan(), step, attempt: kept.result.attempt }));
    }
    clock.advance(kept.result.duration);
    events.push(clock.event(EventKind::StepFinished {
        plan: plan(),
        step,
        result: Box::new(kept.result.clone()),
    }));
}

fn totals(outcome: TutorialOutcome, coverage: Coverage) -> Totals {
    let mut totals = Totals { coverage, ..Totals::default() };
    match outcome {
        TutorialOutcome::Passed => totals.passed = 1,
        TutorialOutcome::Failed => totals.failed = 1,
        TutorialOutcome::Skipped => totals.skipped = 1,
        TutorialOutcome::Cancelled => totals.cancelled = 1,
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{fold, samples};

    #[track_caller]
    fn check(record: Record) {
        assert_eq!(fold(&replay(&record).collect::<Vec<_>>()), [record]);
    }

    #[test]
    fn replayed_record_folds_into_itself() {
        check(samples::record());
        check(samples::failed_record("tutorials/b.md"));
        check(samples::skipped_record("tutorials/c.md"));
        check(Record { interrupted: Some("SIGINT".into()), ..samples::record() });
    }

    #[test]
    fn clock_that_went_back_does_not_matter() {
        let record = samples::record();
        check(Record { ended: record.started - jiff::SignedDuration::from_hours(5), ..record });
    }
}
