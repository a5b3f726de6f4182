//! What came of something, in the words of the design.

use std::fmt;

use super::model::{Coverage, Exit, Outcome, Parity, ParityOutcome, SkipReason, Totals};

impl Outcome {
    /// Returns whether the step ran and did what the text says, as far as the text says something.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Verified | Self::Unverified)
    }

    /// Returns whether the step ran and did not do what the text says, or not in time.
    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::TimedOut { .. })
    }

    /// Returns the word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "ran",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed out",
            Self::Skipped { .. } => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(reason) => formatter.write_str(reason),
            Self::Manual => formatter.write_str("only a person can do it"),
            Self::When(condition) => write!(formatter, "`{condition}` is false"),
            Self::NotSelected => formatter.write_str("not selected"),
            Self::Need(step) => write!(formatter, "step `{step}` did not pass"),
            Self::NeedLeftOut(step) => write!(formatter, "it needs `{step}`, which was left out"),
            Self::Requirement(missing) => write!(formatter, "missing: {}", missing.join("; ")),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "exit status {status}"),
            Self::Signal(signal) => write!(formatter, "killed by {signal}"),
        }
    }
}

impl fmt::Display for Parity {
    /// Writes it as a line: `parity with docker://quay.io/a/b: explained: 4 differences, none without a rule`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "parity with {}: {}", self.reference, self.outcome)
    }
}

impl fmt::Display for ParityOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared(report) => formatter.write_str(&report.summary),
            Self::NotCompared { reason } => write!(formatter, "not compared: {reason}"),
        }
    }
}

impl Totals {
    /// Returns whether the run proves nothing: no block ran, or none but those that clean up.
    pub fn nothing_ran(&self) -> bool {
        self.coverage.executed() == 0 || self.passed + self.failed + self.cancelled == 0
    }
}

impl Coverage {
    /// Returns the line that accounts for every block: `7 of 8 blocks run, 5 verified, 1 skipped`.
    ///
    /// What is zero is left out, except for what ran and what was verified.
    pub fn summary(&self) -> String {
        let noun = if self.blocks == 1 { "block" } else { "blocks" };
        let mut text =
            format!("{} of {} {noun} run, {} verified", self.executed(), self.blocks, self.verified);
        let rest = [
            (self.failed, "failed"),
            (self.skipped, "skipped"),
            (self.manual, "manual"),
            (self.not_supported, "not supported"),
            (self.cancelled, "cancelled"),
        ];
        for (count, word) in rest.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!(", {count} {word}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coverage: Coverage, expected: &str) {
        assert_eq!(coverage.summary(), expected);
    }

    #[test]
    fn coverage_accounts_for_every_block() {
        check(Coverage::default(), "0 of 0 blocks run, 0 verified");
        check(Coverage { blocks: 1, unverified: 1, ..Coverage::default() }, "1 of 1 block run, 0 verified");
        let ran = Coverage { blocks: 8, verified: 5, unverified: 2, skipped: 1, ..Coverage::default() };
        check(ran, "7 of 8 blocks run, 5 verified, 1 skipped");
        let odd = Coverage { blocks: 4, failed: 1, manual: 1, not_supported: 1, cancelled: 1, ..ran };
        check(
            Coverage { verified: 0, unverified: 0, skipped: 0, ..odd },
            "1 of 4 blocks run, 0 verified, 1 failed, 1 manual, 1 not supported, 1 cancelled",
        );
    }

    #[test]
    fn skipped_is_neither_passed_nor_failed() {
        let skipped = Outcome::Skipped { reason: SkipReason::Manual };
        assert_eq!((skipped.passed(), skipped.failed(), skipped.word()), (false, false, "skipped"));
    }
}
