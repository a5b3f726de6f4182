//! Stagebook runs Markdown tutorials as pipelines and keeps the evidence.
//!
//! Data walks one way, and the rooms below stand in the order in which it walks.
//! A room uses only the rooms above it.
//!
//! ```text
//! Markdown -> tutorial -> plan -> run -> events -> record -> reports
//! ```
//!
//! It runs on Linux: what a step leaves behind is found in `/proc`, and adopted as only Linux lets a
//! process adopt.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "stagebook runs on Linux only: it finds and ends what a step leaves behind with the means of Linux"
);

pub mod diagnostic;

pub mod config;

pub mod expect;

pub mod tutorial;

pub mod plan;

pub mod event;

pub mod run;

pub mod record;

pub mod check;

pub mod report;

pub mod cli;
