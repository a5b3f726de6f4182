//! A listener that keeps what a run proved.

use crate::event::{Outcome, RunEvent, SkipReason, TutorialOutcome};

use super::error::StoreError;
use super::fold::Folder;
use super::model::Record;
use super::store::Store;

/// Listens to a run, and stores a record for each plan that ends.
#[derive(Debug)]
pub struct Recorder {
    store: Store,
    run: String,
    folder: Folder,
}

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
        Self { store, run: run.into(), folder: Folder::default() }
    }

    /// Takes one event; says what became of the record where one ended a plan.
    pub fn event(&mut self, event: &RunEvent) -> Result<Option<Kept>, StoreError> {
        self.folder.event(event).map(|record| self.keep(&record)).transpose()
    }

    fn keep(&self, record: &Record) -> Result<Kept, StoreError> {
        let kept = self.judge(record);
        match kept {
            Kept::Stored => self.store.save(record)?,
            _ => self.store.sweep_unrecorded(&record.plan, &self.run)?,
        }
        Ok(kept)
    }

    fn judge(&self, record: &Record) -> Kept {
        match record.result.outcome {
            _ if has_selection(record) => Kept::Selection,
            TutorialOutcome::Cancelled => Kept::Cancelled,
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
        let kept = replay(record).filter_map(|event| recorder.event(&event).expect("the store is writable"));
        let kept: Vec<Kept> = kept.collect();
        assert_eq!(kept.len(), 1, "one plan ended");
        kept[0]
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
    }

    #[test]
    fn selection_is_not_stored_even_where_nothing_is() {
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(project.path());
        assert_eq!(run(&store, &selection()), Kept::Selection);
        assert!(store.read_all().is_empty());
    }
}
