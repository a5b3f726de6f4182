//! Tutorials and Konflux's objects: the one from the other.
//!
//! Konflux is a build system on Tekton: the engine where a project outgrows one machine. A plan becomes
//! a Pipeline and a PipelineRun ([`export()`]), [`step`] is what a task's step is made of, and [`tenant`] what a
//! project has on a cluster. Nothing here starts a process or reads a file.

mod export;
pub mod step;
pub mod tenant;

pub use export::{CONTAINERFILE, Exported, export};
