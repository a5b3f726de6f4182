//! A step of a tutorial in a task of its own process.
//!
//! [`export`](super::export()) writes what a step is into the variables of its container;
//! `stagebook konflux step` reads it there, and what the steps before left in the workspace:
//!
//! ```text
//! WORKSPACE[/VARIANT]/work       where steps begin
//! WORKSPACE[/VARIANT]/home       their home folder
//! WORKSPACE[/VARIANT]/.stagebook what sessions and captures are, and where services stand
//! ```
//!
//! The definition of a step is its page's, not yet rendered: parameters come when the pipeline runs.

mod definition;
mod place;
mod service;
mod shared;

pub use definition::{Role, StepDefinition};
pub use place::{ReadError, TaskStep};
pub use service::{Start, announce, await_start, start};
pub use shared::TutorialDefinition;

/// Variable with the [`TutorialDefinition`].
pub const TUTORIAL_VARIABLE: &str = "STAGEBOOK_TUTORIAL";

/// Variable with the [`StepDefinition`].
pub const STEP_VARIABLE: &str = "STAGEBOOK_STEP";

/// Variable with the path of the workspace that all tasks of a pipeline share.
pub const WORKSPACE_VARIABLE: &str = "STAGEBOOK_WORKSPACE";

/// How variables begin that hold a result of a task before.
pub const RESULT_PREFIX: &str = "STAGEBOOK_RESULT_";
