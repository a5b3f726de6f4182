//! Turns tutorials into plans.
//!
//! Takes a parsed tutorial and values, gives a [`Plan`] for each variant: steps in an
//! order in which every need is met, with their values, sessions and keys. Nothing here
//! starts a process or reads a file, so a plan can be printed, compared and tested by
//! itself.
//!
//! Steps keep the order of the page unless a need says otherwise: readers run them top
//! to bottom, and so do we.

mod arrows;
mod build;
mod fingerprint;
mod graph;
mod inputs;
mod interpreters;
mod matrix;
mod model;
mod order;
mod origin;
mod parameters_file;
mod selection;
mod template;
#[cfg(test)]
mod testing;
mod text;
mod values;
mod view;
mod work;

pub(crate) use arrows::arrows;
pub use build::build;
pub use graph::{dot, mermaid};
pub use inputs::{Inputs, Selection, unknown_parameters, unknown_steps};
pub use model::{
    Disposition, Fingerprint, Interpreter, InterpreterKind, Needs, Plan, PlanKey, PlannedCommand,
    PlannedFile, PlannedStep, StepIndex, StepKind, Work,
};
pub use origin::{line_origins, without_tags};
pub use parameters_file::parse_parameters_file;
pub use text::text;
pub use view::{PLAN_VIEW_VERSION, PlanView, PlansView, StepView, schema, view};
