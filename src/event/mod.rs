//! What a run says while it runs: the contract between running and everything after it.
//!
//! [`RunEvent`] is owned, platform-neutral data. The terminal, the JSON stream, JUnit
//! and the record listen to the same stream, and a record that is replayed feeds the same
//! listeners. Secrets are gone from every text before it gets here.

mod model;
#[cfg(test)]
mod round_trip;
mod texts;
mod wording;

pub use crate::plan::StepKind;
pub use model::{
    CheckResult, CommandResult, Coverage, EventKind, Exit, Host, ImageFound, NamedResult, Outcome,
    OutputChunk, Parity, ParityOutcome, ParityReport, PromisedImage, RunEvent, SkipReason, StepInfo,
    StepOutput, StepResult, Timestamp, Totals, TutorialOutcome, TutorialResult, TutorialStart, schema,
};
