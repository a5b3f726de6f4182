//! An expectation, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a text promises about the output of a command.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// How the output is compared.
    pub matcher: Matcher,
    /// What is made equal in output and expectation before they are compared.
    pub normalise: Normalise,
    /// Which output is compared.
    pub stream: Stream,
}

impl Expectation {
    /// Expects these lines; see [`Matcher::Lines`] for what a line can be.
    pub fn lines(text: &str) -> Result<Self, PatternError> {
        Ok(Self::new(Matcher::Lines(super::lines::LinePattern::parse(text)?)))
    }

    /// Expects each text somewhere in the output.
    pub fn contains(texts: Vec<String>) -> Self {
        Self::new(Matcher::Contains(texts))
    }

    /// Expects a match of a regular expression, in which `^` and `$` are the ends of a line.
    pub fn regex(pattern: &str) -> Result<Self, PatternError> {
        let compiled =
            regex::RegexBuilder::new(pattern.trim_end_matches(['\r', '\n'])).multi_line(true).build();
        let error = |source| PatternError::Regex {
            pattern: pattern.to_owned(),
            line: None,
            source: Box::new(source),
        };
        Ok(Self::new(Matcher::Regex(compiled.map_err(error)?)))
    }

    /// Expects that a glob matches the whole output.
    pub fn glob(pattern: &str) -> Self {
        Self::new(Matcher::Glob(super::glob::Glob::new(&super::check::trimmed(pattern))))
    }

    /// Expects JSON that contains this JSON, on standard output.
    pub fn json(text: &str) -> Result<Self, PatternError> {
        let error = |source| PatternError::Json { source: std::sync::Arc::new(source) };
        let value = super::json::read(text).map_err(error)?;
        Ok(Self::new(Matcher::Json(value)).stream(Stream::Stdout))
    }

    /// Expects an output that is at least so similar to a text.
    pub fn similarity(text: impl Into<String>, threshold: f64) -> Result<Self, PatternError> {
        if !(0.0..=1.0).contains(&threshold) {
            return Err(PatternError::Similarity(threshold));
        }
        Ok(Self::new(Matcher::Similarity { text: text.into(), threshold }))
    }

    /// Returns an expectation of the same kind with another text; what looks for a text somewhere
    /// has none of its own and becomes lines.
    pub fn with_text(&self, text: &str) -> Result<Self, PatternError> {
        let new = match &self.matcher {
            Matcher::Json(_) => Self::json(text)?,
            Matcher::Similarity { threshold, .. } => Self::similarity(text, *threshold)?,
            Matcher::Lines(_) | Matcher::Contains(_) | Matcher::Regex(_) | Matcher::Glob(_) => {
                Self::lines(text)?
            }
        };
        Ok(new.normalise(self.normalise.clone()).stream(self.stream))
    }

    /// Sets which differences do not count.
    #[must_use]
    pub fn normalise(self, normalise: Normalise) -> Self {
        Self { normalise, ..self }
    }

    /// Sets which output is compared.
    #[must_use]
    pub fn stream(self, stream: Stream) -> Self {
        Self { stream, ..self }
    }

    fn new(matcher: Matcher) -> Self {
        Expectation { matcher, normalise: Normalise::default(), stream: Stream::default() }
    }
}

/// The ways to compare. Patterns are compiled when the expectation is made, so that a
/// pattern that cannot compile is found without running anything.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// Line by line: exact lines, `...` lines, `[..]`, `(re)` and `(glob)` suffixes, `<name>` captures.
    Lines(super::lines::LinePattern),
    /// Each text occurs somewhere in the output.
    Contains(Vec<String>),
    /// The regular expression matches somewhere in the output.
    Regex(regex::Regex),
    /// The glob matches the whole output.
    Glob(super::glob::Glob),
    /// The output is JSON, and contains this value as a subset.
    Json(serde_json::Value),
    /// The output is at least this similar to the text (0 to 1, Jaro, as Innovation Engine measures).
    Similarity {
        /// The text to be similar to.
        text: String,
        /// The least similarity that holds.
        threshold: f64,
    },
}

/// Which differences do not count. Trailing blanks and CRLF never do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Normalise {
    /// Keep ANSI escape sequences instead of removing them from the output.
    pub keep_ansi: bool,
    /// Replace durations (`1.2s`, `3 ms`, `1m05s`) by `<duration>`.
    pub durations: bool,
    /// Replace dates and times (RFC 3339 and the usual variants) by `<date>`.
    pub dates: bool,
}

/// Which of a step's outputs an expectation is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output and standard error as a terminal would show them.
    #[default]
    Both,
    /// Standard output alone.
    Stdout,
    /// Standard error alone.
    Stderr,
}

/// Values that `<name>` captures took, by name.
pub type Captures = BTreeMap<String, String>;

/// Whether an expectation held.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The output is what was promised.
    Held {
        /// What the captures took.
        captures: Captures,
        /// For similarity, the measured value.
        score: Option<f64>,
    },
    /// The output is something else.
    Broken(Mismatch),
}

/// How an output differs from what was promised. Plain data: it travels in events and records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Mismatch {
    /// One line: `output differs from line 3`, `"done" does not occur in the output`.
    pub summary: String,
    /// The line diff; empty where lines are not what was compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<DiffLine>,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffLine {
    /// Expected and there. Holds the line as it was printed.
    Same(String),
    /// Expected by a pattern (`...`, `[..]`, `(re)`) that took this printed line.
    Matched {
        /// The line of the expectation.
        pattern: String,
        /// The line of the output.
        line: String,
    },
    /// Several printed lines that a `...` took, too many to show each.
    Skipped(usize),
    /// Expected and missing.
    Missing(String),
    /// Printed and not expected.
    Unexpected(String),
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PatternError {
    /// A regular expression does not compile.
    #[error("regular expression `{pattern}` does not compile")]
    Regex {
        /// The expression.
        pattern: String,
        /// Line of the expectation, counted from 0, where that is known.
        line: Option<usize>,
        /// The compiler's message.
        #[source]
        source: Box<regex::Error>,
    },
    /// The text of a JSON expectation is not JSON.
    #[error("expected output is not JSON")]
    Json {
        /// The parser's message.
        #[source]
        source: std::sync::Arc<serde_json::Error>,
    },
    /// A similarity outside 0 to 1.
    #[error("similarity {0} is not between 0 and 1")]
    Similarity(f64),
}
