//! Tutorials and Konflux's objects: the one from the other.
//!
//! Konflux is a build system on Tekton: the engine where a project outgrows one machine. A plan becomes
//! a Pipeline and a PipelineRun ([`export()`]), and [`step`] is what a task's step is made of. Nothing
//! here starts a process or reads a file.

mod export;
pub mod step;

pub use export::{CONTAINERFILE, Exported, export};
