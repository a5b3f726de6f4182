//! Steps that were asked for by name: each must run somewhere, or the answer is no.

use std::collections::{BTreeMap, HashMap};

use crate::event::{EventKind, Outcome};
use crate::plan::PlanKey;

/// Remembers which of the steps that were asked for have run.
#[derive(Debug)]
pub(super) struct Asked {
    /// Why each has not run yet, where that is known.
    waiting: BTreeMap<String, Option<String>>,
    /// Names of the steps of the plans that run.
    names: HashMap<PlanKey, Vec<String>>,
}

impl Asked {
    /// Takes the names.
    pub(super) fn new(steps: &[String]) -> Self {
        let waiting = steps.iter().map(|step| (step.clone(), None)).collect();
        Self { waiting, names: HashMap::new() }
    }

    /// Takes one event.
    pub(super) fn event(&mut self, event: &EventKind) {
        match event {
            EventKind::TutorialStarted(start) if !self.waiting.is_empty() => {
                let names = start.steps.iter().map(|step| step.name.0.clone());
                self.names.insert(start.plan.clone(), names.collect());
            }
            EventKind::StepFinished { plan, step, result } => {
                let name = self.names.get(plan).and_then(|names| names.get(step.0));
                let Some(name) = name else { return };
                match &result.outcome {
                    // A variant may leave out what another one runs.
                    Outcome::Skipped { reason } => {
                        self.waiting.entry(name.clone()).and_modify(|why| *why = Some(reason.to_string()));
                    }
                    _ => {
                        self.waiting.remove(name);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the steps that were left out wherever they stand, with the reason.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        self.waiting.iter().filter_map(|(name, why)| Some((name.as_str(), why.as_deref()?)))
    }
}
