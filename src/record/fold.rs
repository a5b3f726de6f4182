//! Events become records.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::event::{
    EventKind, Host, Outcome, RunEvent, SkipReason, StepOutput, StepResult, Timestamp, TutorialOutcome,
    TutorialResult, TutorialStart,
};
use crate::plan::{PlanKey, StepIndex};

use super::model::{Record, ServiceEnd, StepRecord, VERSION};

/// Folds the events of plans that run at once into a record for each.
#[derive(Debug, Default)]
pub struct Folder {
    stagebook: String,
    host: Option<Host>,
    interrupted: Option<String>,
    running: HashMap<PlanKey, Running>,
}

/// A plan that has begun.
#[derive(Debug)]
struct Running {
    start: TutorialStart,
    started: Timestamp,
    results: BTreeMap<StepIndex, StepResult>,
    retries: BTreeMap<StepIndex, Vec<StepResult>>,
    services_ended: Vec<ServiceEnd>,
}

/// Returns the records of a whole run, in the order in which its plans ended.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a RunEvent>) -> Vec<Record> {
    let mut folder = Folder::default();
    events.into_iter().filter_map(|event| folder.event(event)).collect()
}

impl Folder {
    /// Takes one event; returns the record of a plan that it ends.
    pub fn event(&mut self, event: &RunEvent) -> Option<Record> {
        match &event.kind {
            EventKind::RunStarted { stagebook, host, .. } => {
                self.stagebook.clone_from(stagebook);
                self.host = Some(host.clone());
            }
            EventKind::TutorialStarted(start) => self.start(start, event.at),
            EventKind::StepRetried { plan, step, result, .. } => {
                let plan = self.running.get_mut(plan)?;
                plan.retries.entry(*step).or_default().push(StepResult::clone(result));
            }
            EventKind::StepFinished { plan, step, result } => {
                self.running.get_mut(plan)?.results.insert(*step, StepResult::clone(result));
            }
            EventKind::ServicePrinted { plan, step, output } => {
                let result = self.running.get_mut(plan)?.results.get_mut(step)?;
                result.output = StepOutput::clone(output);
            }
            EventKind::ServiceEnded { plan, step, exit } => {
                let end = ServiceEnd { step: *step, exit: exit.clone() };
                self.running.get_mut(plan)?.services_ended.push(end);
            }
            EventKind::Interrupted { signal } => self.interrupted = Some(signal.clone()),
            EventKind::TutorialFinished { plan, result } => {
                let running = self.running.remove(plan)?;
                return Some(self.record(running, event.at, result));
            }
            EventKind::TutorialNoted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::StepPrinted { .. }
            | EventKind::StepSlow { .. }
            | EventKind::RunFinished { .. }
            | EventKind::Tick => {}
        }
        None
    }

    fn start(&mut self, start: &TutorialStart, started: Timestamp) {
        let running = Running {
            start: start.clone(),
            started,
            results: BTreeMap::new(),
            retries: BTreeMap::new(),
            services_ended: Vec::new(),
        };
        self.running.insert(start.plan.clone(), running);
    }

    fn record(&self, running: Running, ended: Timestamp, result: &TutorialResult) -> Record {
        let Running { start, started, mut results, mut retries, services_ended } = running;
        let steps = start.steps.into_iter().enumerate().map(|(index, info)| {
            let index = StepIndex(index);
            let result = results.remove(&index).unwrap_or_else(|| never_reached(result));
            StepRecord { info, result, retries: retries.remove(&index).unwrap_or_default() }
        });
        Record {
            version: VERSION,
            plan: start.plan,
            path: start.path,
            title: start.title,
            dialect: start.dialect,
            stagebook: self.stagebook.clone(),
            host: self.host.clone().unwrap_or_else(unknown_host),
            started,
            ended,
            parameters: start.parameters,
            given: start.given,
            fingerprint: start.fingerprint,
            not_supported: start.not_supported,
            images: start.images,
            interrupted: self.interrupted.clone(),
            result: result.clone(),
            steps: steps.collect(),
            services_ended,
        }
    }
}

/// A run that broke off says nothing about its remaining steps: they must not look as if they had passed.
fn never_reached(result: &TutorialResult) -> StepResult {
    let outcome = match result.outcome {
        TutorialOutcome::Skipped => {
            Outcome::Skipped { reason: SkipReason::Requirement(result.missing.clone()) }
        }
        _ => Outcome::Cancelled,
    };
    StepResult {
        outcome,
        duration: Duration::ZERO,
        attempt: 0,
        exit: None,
        checks: Vec::new(),
        output: StepOutput::default(),
        commands: Vec::new(),
        left_behind: Vec::new(),
        images: Vec::new(),
    }
}

fn unknown_host() -> Host {
    let unknown = || "unknown".to_owned();
    Host { distribution: unknown(), architecture: unknown(), kernel: unknown() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{replay, samples};

    #[test]
    fn plans_that_run_at_once_are_kept_apart() {
        let (one, two) = (samples::record_of("tutorials/a.md"), samples::failed_record("tutorials/b.md"));
        let mut events = Vec::new();
        let (left, right): (Vec<_>, Vec<_>) = (replay(&one).collect(), replay(&two).collect());
        // Both runs have their own first and last event; a folder does not mind.
        for index in 0..left.len().max(right.len()) {
            events.extend(left.get(index).cloned());
            events.extend(right.get(index).cloned());
        }
        let mut records = fold(&events);
        records.sort_by(|left, right| left.plan.cmp(&right.plan));
        assert_eq!(records, [one, two]);
    }

    #[test]
    fn step_without_an_ending_is_cancelled() {
        let record = samples::record();
        let events = replay(&record).filter(|event| !matches!(event.kind, EventKind::StepFinished { .. }));
        let records = fold(&events.collect::<Vec<_>>());
        let outcomes: Vec<_> = records[0].steps.iter().map(|step| &step.result.outcome).collect();
        assert_eq!(outcomes, [&Outcome::Cancelled, &Outcome::Cancelled]);
    }

    #[test]
    fn service_is_recorded_with_all_that_it_printed() {
        let record = samples::record();
        let mut events: Vec<RunEvent> = replay(&record).collect();
        let output = StepOutput { bytes: 6, kept: 6, text: "fatal\n".to_owned(), ..StepOutput::default() };
        let (plan, step) = (record.plan.clone(), StepIndex(0));
        let kind = EventKind::ServicePrinted { plan, step, output: Box::new(output.clone()) };
        let before_the_end = events.len() - 2;
        events.insert(before_the_end, RunEvent { kind, ..events[0].clone() });
        assert_eq!(fold(&events)[0].steps[0].result.output, output);
    }

    #[test]
    fn events_of_an_unknown_plan_are_ignored() {
        let record = samples::record();
        let events = replay(&record).filter(|event| !matches!(event.kind, EventKind::TutorialStarted(_)));
        assert_eq!(fold(&events.collect::<Vec<_>>()), []);
    }
}
