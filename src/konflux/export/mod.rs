//! A plan becomes a Pipeline with its Tasks inline, and a PipelineRun.
//!
//! ```text
//! plans (one for each variant) -> tasks: which steps are in which task
//!                              -> task: steps, sidecars, parameters, results
//!                              -> pipeline, run
//! ```
//!
//! The script of a task's step is the text of the page, byte for byte, below a line that calls
//! `stagebook konflux step`; what else is known of the step stands in a variable ([`super::step`]). Nothing of a
//! parameter gets into a script: a task has it in its environment. Where Tekton would change a text, or could
//! not do what the page says, that is a finding at the page's line.

mod limits;
mod names;
mod origins;
mod pipeline;
mod results;
mod run;
mod task;
mod tasks;
mod timeouts;
mod variants;
mod when;

use serde_json::Value;

pub use origins::Origins;
pub use pipeline::export;

/// A recipe for the image in which tasks run.
pub const CONTAINERFILE: &str = include_str!("Containerfile");

/// The objects of a tutorial.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The pipeline's name.
    pub name: String,
    /// The Pipeline.
    pub pipeline: Value,
    /// The PipelineRun.
    pub run: Value,
}
