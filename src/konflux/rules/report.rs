//! What a rule says.

use super::table::Rule;
use crate::diagnostic::{Finding, Place, Severity};
use crate::konflux::checker::CheckSettings;

/// Takes what one rule finds.
pub(in crate::konflux) struct Report<'r> {
    pub(super) rule: &'static Rule,
    pub(super) settings: &'r CheckSettings,
    pub(super) findings: &'r mut Vec<Finding>,
}

impl Report<'_> {
    /// Adds a finding with what to do.
    pub(super) fn say(&mut self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.add(self.finding(message).at(place).help(help));
    }

    /// Returns a finding of the rule that has no place yet.
    pub(super) fn finding(&self, message: impl Into<String>) -> Finding {
        match self.rule.severity {
            Severity::Error => Finding::error(self.rule.id, message),
            Severity::Warning => Finding::warning(self.rule.id, message),
            Severity::Note => Finding::note(self.rule.id, message),
        }
    }

    /// Adds a finding.
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
