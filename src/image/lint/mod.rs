//! What is wrong with an image, or will make the next build of it another one.
//!
//! Takes the flattened tree of an image, its labels and the few files that a rule reads; gives findings,
//! each with the name of its rule, the paths, why it matters and what to do. The rules of
//! `bootc container lint` have bootc's names and severities: a report of the one can be held against one of
//! the other. Nothing is mounted, nothing is run, and no root is needed.
//!
//! Each rule is a row of [`RULES`] and a small function that looks at the subject, an unfolded image.

mod base;
mod labels;
mod model;
mod page;
mod report;
mod settings;
mod show;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod traces;
mod users;
mod var;
mod words;

pub use model::{Applies, Finding, Origin, Rule, RuleSet, Severity};
pub use page::rules_reference;
pub use report::{Report, lint, looks_bootable, report};
pub use show::{list, text};
pub(super) use subject::is_read;
pub use table::RULES;
