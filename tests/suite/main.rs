//! The whole program, as a user meets it: arguments and files in, exit status and text out.
//!
//! Most cases are data: see `golden`. The other modules hold what data cannot say, such as signals,
//! full disks and terminals.

#![expect(clippy::print_stdout, reason = "what libtest shows of a test that failed, or with --nocapture")]

mod antora;
mod book;
mod case;
mod cluster;
mod evidence;
mod external_links;
mod flatten;
mod folders;
mod generate;
mod golden;
mod guest;
mod image_lint;
mod images;
mod konflux_check;
mod konflux_export;
mod konflux_import;
mod kubernetes;
mod layout;
mod limits;
mod packages;
mod parity;
mod project;
mod readme;
mod rebuild;
mod redact;
mod reference;
mod registry;
mod serve;
mod shared;
mod sqlite;
mod stopping;
mod tekton;
mod terminal;
mod text_diff;
