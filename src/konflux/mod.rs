//! Tutorials and the objects of Tekton and Konflux: the one from the other, and checked.
//!
//! Konflux is a build system on Tekton: the engine where a project outgrows one machine. A plan becomes
//! a Pipeline and a PipelineRun ([`export()`]), [`step`] is what a task's step is made of, and [`tenant`] what a
//! project has on a cluster.
//!
//! The other way round, objects become pages, and such pages the same objects again ([`import`]); and
//! [`compare`] finds what repeats and what varies in nearly equal files.
//!
//! [`Checker`] takes files and gives findings: against the schemas of custom resource definitions that
//! a folder holds ([`Catalog`]), and against [`RULES`], which schemas cannot say. It works on YAML
//! with places, not on typed objects: unknown kinds and fields are kept, and a finding points at the
//! line that someone wrote. Nothing here starts a process, reads the disk but for a folder of schemas that is
//! named, or asks a cluster.

mod cel;
mod checker;
pub mod compare;
mod export;
mod fields;
pub mod import;
mod object;
mod placeholder;
mod reference;
mod rules;
mod scalar;
mod schema;
pub mod step;
pub mod tenant;

pub use checker::{CheckSettings, Checker};
pub use export::{CONTAINERFILE, Exported, Origins, export};
pub use rules::{RULES, Reference, Rule, rules_reference};
pub use schema::{Catalog, SchemaError};
