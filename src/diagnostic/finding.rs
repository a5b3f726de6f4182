//! What is wrong with a page, as data.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::source::{Place, Span};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something worth knowing.
    Note,
    /// Probably not what the author meant.
    Warning,
    /// The page cannot be used as it is.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something that a person should look at: what, where, and what to do.
///
/// The message is a lower-case fragment without a final period; values stand in
/// backticks. The help says what to do, as a sentence of its own.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable name of the kind of finding, in kebab case: `unknown-attribute`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where; a finding about a whole file has a place of no width at its start.
    pub place: Option<Place>,
    /// What the mark under the source line says, where the message alone is not enough.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that matter, with what they have to do with it.
    pub related: Vec<(Place, String)>,
}

impl Finding {
    /// Returns an error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Returns a warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Returns a note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            place: None,
            label: None,
            help: None,
            related: Vec::new(),
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says what the mark under the line means.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, place: Place, what: impl Into<String>) -> Self {
        self.related.push((place, what.into()));
        self
    }
}

/// Puts findings in the order in which a person would go through the files.
pub fn sort_by_place(findings: &mut [Finding]) {
    findings.sort_by(|left, right| position(left).cmp(&position(right)));
}

fn position(finding: &Finding) -> Option<(&Path, Span)> {
    finding.place.as_ref().map(|place| (place.source.path(), place.span))
}

/// Sorts findings, and keeps one of those that several variants or pages repeat.
pub fn tidy(mut findings: Vec<Finding>) -> Vec<Finding> {
    sort_by_place(&mut findings);
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        seen.insert((finding.code, finding.message.clone(), finding.place.as_ref().map(Place::location)))
    });
    findings
}
