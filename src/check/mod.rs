//! Everything that can be known about tutorials without running them.
//!
//! Parsing and planning find what makes a page unusable, and hand it over in a
//! [`Subject`]. This room adds what needs more than one page, the disk or a shell's
//! parser: dead links, unused parameters, blocks that no shell can read. [`check()`] gives
//! all of it in one pass, each finding once, in the order of the pages.
//!
//! [`strength()`] asks another question, and only of tutorials that ran: which wrong outputs
//! would their expectations have let pass?
//!
//! Nothing of a tutorial is executed here. Shells are started with `-n`, which reads and
//! does not run, and without their startup files.

mod anchors;
mod coverage;
mod links;
mod lints;
mod measurement;
mod parameters;
mod shell;
mod strength;
mod subject;
mod syntax;
#[cfg(test)]
mod testing;

pub use lints::check;
pub use strength::{StrengthReport, TutorialStrength, strength};
pub use subject::{CheckOptions, Subject};
