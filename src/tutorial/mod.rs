//! Markdown text becomes a [`Tutorial`], and the way back.
//!
//! Parsing is a function of text: it never fails, returns what it understood and a list
//! of findings. [`load`] is the one place that reads files.

mod model;

pub use model::{
    Action, Attributes, CodeBlock, Delimiters, Dialect, ExpectedOutput, FrontMatter, Heading, Include, Link,
    Matrix, NetworkRequirement, NotRun, Origin, Parameter, ParameterKind, Prerequisite, Ready, Requirements,
    Step, StepName, Template, Text, ToolRequirement, TranscriptCommand, Tutorial, Value,
};
