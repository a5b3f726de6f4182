//! Stagebook runs Markdown tutorials as pipelines and keeps the evidence.
//!
//! Data walks one way, and the rooms below stand in the order in which it walks.
//! A room uses only the rooms above it.
//!
//! ```text
//! Markdown -> tutorial -> plan -> run -> events -> record -> reports
//! ```

/// Places in sources, and what is wrong there, as plain values.
pub mod diagnostic;

/// Settings from files, environment and flags, each with its origin.
pub mod config;

/// What a text promises about output, and whether output keeps it.
pub mod expect;

/// Markdown becomes a tutorial, and what was printed is written back into it.
pub mod tutorial;

/// Tutorials and settings become steps in an order, with keys that are known before they run.
pub mod plan;

/// What happens during a run: the contract between running and everything after it.
pub mod event;

/// A plan becomes processes and a stream of events.
pub mod run;

/// Events become the record of a run, which is kept, read and compared with the page as it is now.
pub mod record;

/// Everything that can be known to be wrong without running anything.
pub mod check;

/// Events or a record become text for people and for other programs.
pub mod report;

/// Arguments become an exit status: everything is wired here.
pub mod cli;
