//! A listener that keeps what a run proved.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::event::{Outcome, RunEvent, SkipReason, StepResult, TutorialOutcome};
use crate::plan::PlanKey;

use super::error::StoreError;
use super::fold::Folder;
use super::model::Record;
use super::store::Store;

/// How many records may wait to be written before the run waits for the disk.
const WAITING: usize = 64;

/// Listens to a run, and stores a record for each plan that ends.
///
/// Records are written beside the run, which need not wait for the disk, and made durable at its end.
#[derive(Debug)]
pub struct Recorder {
    folder: Folder,
    store: Store,
    ended: SyncSender<Record>,
    writer: JoinHandle<Written>,
}

/// What became of the records of plans that ended, and which of them were stored.
type Written = (Vec<Result<Kept, StoreError>>, Vec<PlanKey>);

/// What became of the record of a plan that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was stored.
    Stored,
    /// It was not: only some steps were selected, and that proves nothing about the tutorial.
    Selection,
    /// It was not: the run was stopped before the tutorial ended.
    Cancelled,
    /// It was not: the tutorial was skipped, and there is an earlier record of a run.
    Earlier,
}

impl Recorder {
    /// Listens to the run of this name, whose outputs are in folders of [`Store::output_folder`].
    pub fn new(store: Store, run: impl Into<String>) -> Self {
        let (ended, records) = sync_channel(WAITING);
        let keeper = Keeper { store: store.clone(), run: run.into() };
        let writer = thread::spawn(move || keeper.keep_all(&records));
        Self { folder: Folder::default(), store, ended, writer }
    }

    /// Takes one event; one that ends a plan makes its record.
    pub fn event(&mut self, event: &RunEvent) {
        if let Some(record) = self.folder.event(event) {
            self.ended.send(record).expect("the writer holds the other end until this one is dropped");
        }
    }

    /// Waits until all records are on the disk; says what became of each.
    pub fn finish(self) -> Vec<Result<Kept, StoreError>> {
        drop(self.ended);
        let (mut kept, stored) = self.writer.join().expect("writing a record does not panic");
        kept.extend(self.store.make_durable(&stored).into_iter().map(Err));
        kept
    }
}

/// Decides what is kept, and writes it.
#[derive(Debug)]
struct Keeper {
    store: Store,
    run: String,
}

impl Keeper {
    /// Keeps records until no more can come.
    fn keep_all(&self, records: &Receiver<Record>) -> Written {
        let (mut all, mut stored) = (Vec::new(), Vec::new());
        for record in records {
            let kept = self.keep(&record);
            all.extend(lost_outputs(&record).map(Err));
            if matches!(kept, Ok(Kept::Stored)) {
                stored.push(record.plan);
            }
            all.push(kept);
        }
        (all, stored)
    }

    fn keep(&self, record: &Record) -> Result<Kept, StoreError> {
        let kept = self.judge(record);
        if kept != Kept::Stored {
            self.store.sweep_unrecorded(&record.plan, &self.run)?;
            return Ok(kept);
        }
        let saved = self.store.save(record);
        if matches!(saved, Err(StoreError::Write { .. })) {
            // Nothing would ever name its outputs, and the disk may be full because of them.
            self.store.remove_outputs(&record.plan, &self.run)?;
        }
        saved.map(|()| kept)
    }

    fn judge(&self, record: &Record) -> Kept {
        match record.result.outcome {
            _ if has_selection(record) => Kept::Selection,
            TutorialOutcome::Cancelled => Kept::Cancelled,
            // It failed, as far as it came: a cleanup step often does where others were stopped.
            TutorialOutcome::Failed
                if record.interrupted.is_some() && record.result.coverage.cancelled > 0 =>
            {
                Kept::Cancelled
            }
            TutorialOutcome::Skipped if self.has_earlier_run(record) => Kept::Earlier,
            _ => Kept::Stored,
        }
    }

    /// A record that cannot be read is kept too: it may be a later stagebook's.
    fn has_earlier_run(&self, record: &Record) -> bool {
        match self.store.read(&record.plan) {
            Ok(Some(earlier)) => earlier.result.outcome != TutorialOutcome::Skipped,
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// Returns the trouble with each step whose output could not be written.
fn lost_outputs(record: &Record) -> impl Iterator<Item = StoreError> {
    record.steps.iter().filter_map(|step| {
        let results = step.retries.iter().chain([&step.result]);
        let mut troubles = results.flat_map(StepResult::outputs).filter_map(|output| output.trouble.as_ref());
        let (plan, name) = (record.plan.clone(), step.info.name.clone());
        troubles.next().map(|trouble| StoreError::Output { plan, step: name, trouble: trouble.clone() })
    })
}

fn has_selection(record: &Record) -> bool {
    let not_selected = Outcome::Skipped { reason: SkipReason::NotSelected };
    record.steps.iter().any(|step| step.result.outcome == not_selected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{replay, samples};

    fn run(store: &Store, record: &Record) -> Kept {
        let mut recorder = Recorder::new(store.clone(), "2");
        replay(record).for_each(|event| recorder.event(&event));
        let kept = recorder.finish();
        assert_eq!(kept.len(), 1, "one plan ended");
        *kept[0].as_ref().expect("the store is writable")
    }

    /// Runs `second` after `first`; expects what becomes of it, and which of them is there then.
    #[track_caller]
    fn check(first: &Record, second: &Record, expected: Kept) {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        assert_eq!(run(&store, first), Kept::Stored);
        assert_eq!(run(&store, second), expected);
        let there = store.read(&first.plan).expect("the record can be read").expect("there is one");
        assert_eq!(&there, if expected == Kept::Stored { second } else { first });
    }

    fn selection() -> Record {
        let mut record = samples::record();
        record.steps[0].result.outcome = Outcome::Skipped { reason: SkipReason::NotSelected };
        record
    }

    fn cancelled() -> Record {
        let mut record = samples::record();
        record.result.outcome = TutorialOutcome::Cancelled;
        record
    }

    /// Returns a run that was stopped, and whose cleanup failed then.
    fn failed_when_stopped() -> Record {
        let mut record = samples::failed_record("tutorials/a.md");
        record.interrupted = Some("SIGINT".to_owned());
        record.result.coverage.cancelled = 1;
        record
    }

    #[test]
    fn record_is_replaced_only_by_a_better_one() {
        let (passed, failed) = (samples::record(), samples::failed_record("tutorials/a.md"));
        let skipped = samples::skipped_record("tutorials/a.md");
        check(&passed, &failed, Kept::Stored);
        check(&failed, &passed, Kept::Stored);
        check(&skipped, &passed, Kept::Stored);
        check(&skipped, &skipped, Kept::Stored);
        check(&passed, &skipped, Kept::Earlier);
        check(&passed, &selection(), Kept::Selection);
        check(&passed, &cancelled(), Kept::Cancelled);
        check(&passed, &failed_when_stopped(), Kept::Cancelled);
    }

    #[test]
    fn every_record_is_there_when_the_recorder_is_done() {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        let mut recorder = Recorder::new(store.clone(), "1");
        let plans = 3 * WAITING;
        for number in 0..plans {
            replay(&samples::record_of(&format!("{number}.md"))).for_each(|event| recorder.event(&event));
        }
        assert_eq!(recorder.finish().len(), plans);
        assert_eq!(store.read_all().iter().filter(|record| record.is_ok()).count(), plans);
    }

    #[test]
    fn selection_is_not_stored_even_where_nothing_is() {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        assert_eq!(run(&store, &selection()), Kept::Selection);
        assert!(store.read_all().is_empty());
    }

    #[test]
    fn outputs_of_a_record_that_cannot_be_written_are_removed() {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        let mut record = samples::record();
        let (outputs, name) = store.output_folder(&record.plan, "2");
        std::fs::create_dir_all(&outputs).expect("the folder can be written");
        record.steps[0].result.output.file = Some(format!("{name}/build.txt"));
        // A folder cannot be replaced by a file, whoever tries.
        std::fs::create_dir(store.folder(&record.plan).join("record.json"))
            .expect("the folder can be written");
        let mut recorder = Recorder::new(store.clone(), "2");
        replay(&record).for_each(|event| recorder.event(&event));
        assert!(matches!(recorder.finish()[..], [Err(StoreError::Write { .. })]));
        assert!(!outputs.exists());
    }
}
