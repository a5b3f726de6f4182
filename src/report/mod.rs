//! Shows a run, or a record of one, to people and to machines.
//!
//! A [`Reporter`] listens to events and writes to the writer it was given; it never
//! prints by itself. Several listen at once through [`Reporters`], where one that fails
//! is dropped and remembered: a full disk under a report does not fail the run.
//!
//! The two reporters for people, [`Plain`] and [`Terminal`], share their words: the
//! narrator turns events into lines, with a file each for failures and the summary.
//! What a process printed is untrusted. It is cleaned of control sequences, and each of
//! its lines is shown behind a mark of ours, so that it can neither repaint the terminal
//! nor speak to a CI system in the system's own commands (`::error`).
//!
//! What `stagebook check` finds is written by [`findings_text`], [`findings_json`] and
//! [`findings_sarif`].

mod annotations;
mod clean;
mod counter;
mod error;
mod failure;
mod findings;
mod gitlab;
mod json;
mod junit;
mod narrator;
mod plain;
mod progress;
mod reporter;
mod repository;
mod screen;
mod status;
mod styles;
mod summary;
mod terminal;
#[cfg(test)]
mod testing;

pub use annotations::{GithubAnnotations, github_finding};
pub use clean::clean;
pub use counter::Counter;
pub use error::ReportError;
pub use failure::diff_text;
pub use findings::{FINDINGS_VERSION, findings_json, findings_sarif, findings_text};
pub use gitlab::GitlabCodeQuality;
pub use json::JsonLines;
pub use junit::Junit;
pub use narrator::{TextSettings, Verbosity};
pub use plain::Plain;
pub use reporter::{Reporter, Reporters, Writer};
pub use repository::Repository;
pub use screen::{Size, screen};
pub use status::{status_json, status_table};
pub use styles::{Styles, closing_line};
pub use terminal::Terminal;
