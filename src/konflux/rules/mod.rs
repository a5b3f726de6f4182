//! What a schema cannot say.
//!
//! Each rule is a row of [`RULES`] and one or several small functions: it has a name, a severity, a
//! sentence for the guide, and the place where one can read why. A function looks at one part of an
//! object, a task, a pipeline, a run ([`view`]), whether that is an object of its own or stands inside
//! another one, and reports what it finds with its place and what to do.
//!
//! About half of them are what Tekton's admission webhook demands; a server would refuse the object.
//! The others are what a server takes, and what then fails while it runs, or should not be done.

mod corpus;
mod graph;
mod images;
mod kinds;
mod matrix;
mod metadata;
mod name;
mod objects;
mod page;
mod parameters;
mod pipelines;
mod report;
mod results;
mod runs;
mod secrets;
mod steps;
mod table;
#[cfg(test)]
mod tests;
mod triggers;
mod view;
mod workspaces;

pub(super) use corpus::Corpus;
pub use page::rules_reference;
pub(super) use table::judge;
pub use table::{RULES, Reference, Rule};
