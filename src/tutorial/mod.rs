//! Markdown text becomes a [`Tutorial`], and the way back.
//!
//! Parsing is a function of text: it never fails, returns what it understood and a list
//! of findings. [`load()`] is the one place that reads files.
//!
//! ```text
//! text -> front matter
//!      -> page: a flat list of headings, paragraphs, code blocks, comments
//!      -> the same with included pages in place
//!      -> steps: each block with the comments and headings around it
//!      -> names
//! ```
//!
//! Expected output belongs to the step above it under the same heading. It is the next
//! `output` block, or any block after an `expect` comment; paragraphs and other blocks
//! may stand between, another step may not, nor a block of a language that would print
//! something and is not run.

mod annotation;
mod assemble;
mod attributes;
mod classify;
mod comment;
mod dialect;
mod error;
mod expectation;
mod fence;
mod front_matter;
mod include;
mod info;
mod load;
mod model;
mod names;
mod page;
mod parse;
mod prerequisite;
mod promises;
mod rewrite;
mod runaway;
mod scalars;
mod tables;
mod transcript;
mod values;

pub use error::LoadError;
pub(crate) use front_matter::plain_value;
pub use include::Includes;
pub use load::load;
pub use model::{
    Action, Attributes, CodeBlock, Delimiters, Dialect, ExpectedOutput, FrontMatter, Generate, Heading,
    Include, Link, Matrix, NamedResult, NetworkRequirement, NotRun, Origin, Parameter, ParameterKind,
    Prerequisite, Ready, Requirements, Runs, Step, StepName, Template, Text, ToolRequirement,
    TranscriptCommand, Tutorial, Value, ValuesTable,
};
pub(crate) use names::Anchors;
pub use page::markdown_options;
pub use parse::{ParseOptions, parse};
pub use rewrite::{Edit, rewrite};
pub(crate) use scalars::scalars;
pub(crate) use transcript::read as transcript_commands;
pub(crate) use values::{delimiters as read_delimiters, ready as read_ready};
