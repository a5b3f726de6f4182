//! Konflux and Tekton: pipelines from pages, and pages from pipelines.
//!
//! Nothing here talks to a cluster or reads a file: documents come in as text, and go out as text.

pub mod compare;
pub mod import;
