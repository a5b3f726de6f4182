//! A schema, compiled.

use std::collections::HashMap;

use regex::Regex;

/// What a value must be like.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) expected: Expected,
    /// The fields of a map that have a schema.
    pub(super) fields: HashMap<Box<str>, Schema>,
    /// What other fields may be.
    pub(super) others: Others,
    /// Fields without which the map is refused.
    pub(super) required: Vec<Box<str>>,
    /// What the items of a list must be like.
    pub(super) items: Option<Box<Schema>>,
    /// What the value must be besides.
    pub(super) limits: Option<Box<Limits>>,
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Expected {
    /// Whatever it is.
    #[default]
    Any,
    Map,
    List,
    Text,
    Integer,
    Number,
    Boolean,
    IntegerOrText,
    /// The `spec` of a Task or Pipeline, which has a schema of its own.
    Embedded(Embedded),
}

/// A place for the `spec` of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Embedded {
    Task,
    Pipeline,
}

/// What may stand in a map beside the fields that are listed.
#[derive(Debug, Default)]
pub(super) enum Others {
    /// Anything.
    #[default]
    Free,
    /// Nothing.
    Refused,
    /// Values like this.
    Like(Box<Schema>),
}

/// What a value must be besides its kind.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) choices: Vec<String>,
    pub(super) pattern: Option<Regex>,
    /// Fewest and most characters of a text.
    pub(super) length: (Option<u64>, Option<u64>),
    /// Least and greatest number.
    pub(super) number: (Option<f64>, Option<f64>),
    /// Fewest and most items of a list.
    pub(super) items: (Option<u64>, Option<u64>),
}
