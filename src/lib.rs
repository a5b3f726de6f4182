//! Stagebook runs Markdown tutorials as pipelines and keeps the evidence.
//!
//! Data walks one way, and the rooms below stand in the order in which it walks.
//! A room uses only the rooms above it.
//!
//! ```text
//! Markdown -> tutorial -> plan -> run -> events -> record -> reports, the book
//! ```
//!
//! It runs on Linux: what a step leaves behind is found in `/proc`, and adopted as only Linux lets a
//! process adopt.
//!
//! - [`parallel`]: work on many things at once
//! - [`diagnostic`]: places in sources, and what is wrong there, as plain values
//! - [`yaml`]: YAML becomes nodes with places, and values become YAML
//! - [`config`]: settings from files, environment and flags
//! - [`http`]: other machines are asked
//! - [`expect`]: what a text promises about output, and whether output keeps it
//! - [`tutorial`]: Markdown becomes a tutorial, and what was printed is written back into it
//! - [`plan`]: tutorials and settings become steps in an order, with keys known before they run
//! - [`image`]: OCI images: what they are, what is in them, in what two of them differ
//! - [`event`]: the contract between running and everything after it
//! - [`run`]: a plan becomes processes and a stream of events
//! - [`record`]: events become the record of a run, kept and compared with the page as it is now
//! - [`check`]: what can be known to be wrong without running anything
//! - [`report`]: events or a record become text for people and for other programs
//! - [`generate`]: plans become files of the repository, compared and written
//! - [`konflux`]: pages become Tekton and Konflux objects, and such objects become pages
//! - [`cluster`]: a plan runs on a cluster, and what happens there becomes events
//! - [`book`]: Markdown and records become a site
//! - [`cli`]: arguments become an exit status: everything is wired here

#[cfg(not(target_os = "linux"))]
compile_error!(
    "stagebook runs on Linux only: it finds and ends what a step leaves behind with the means of Linux"
);

pub mod parallel;

pub mod diagnostic;

pub mod yaml;

pub mod config;

pub mod http;

pub mod expect;

pub mod tutorial;

pub mod plan;

pub mod image;

pub mod event;

pub mod run;

pub mod record;

pub mod check;

pub mod report;

pub mod generate;

pub mod konflux;

pub mod cluster;

pub mod book;

pub mod cli;
