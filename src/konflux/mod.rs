//! Objects of Tekton and Konflux: checked, made from plans, and made into tutorials.
//!
//! [`Checker`] takes files and gives findings: against the schemas of custom resource definitions that
//! a folder holds ([`Catalog`]), and against [`RULES`], which schemas cannot say. It works on YAML
//! with places, not on typed objects: unknown kinds and fields are kept, and a finding points at the
//! line that someone wrote. Nothing here reads the disk but a folder of schemas that is named, and
//! nothing asks a cluster.

mod checker;
mod fields;
mod object;
mod placeholder;
mod reference;
mod rules;
mod scalar;
mod schema;

pub use checker::{CheckSettings, Checker, trace};
pub use rules::{RULES, Reference, Rule, rules_reference};
pub use schema::{Catalog, SchemaError};
