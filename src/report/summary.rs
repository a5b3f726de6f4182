//! The last lines of a run.

use std::time::Duration;

use crate::diagnostic::{duration, plural};
use crate::event::Totals;

use super::styles::{Styles, paint};

/// Returns the line that sums up a run, with its newline.
pub(super) fn summary(styles: &Styles, totals: &Totals, interrupted: Option<&str>, took: Duration) -> String {
    let tutorials = tutorials(totals);
    let coverage = totals.coverage;
    let blocks = format!(
        "{} of {} run, {} verified in {}",
        coverage.executed(),
        plural(coverage.blocks, "block"),
        coverage.verified,
        duration(took)
    );
    let nothing = interrupted.is_none() && totals.nothing_ran();
    let (style, symbol) = match totals {
        _ if interrupted.is_some() => (styles.warn, styles.symbols.warn),
        _ if nothing => (styles.fail, styles.symbols.fail),
        Totals { failed: 1.., .. } => (styles.fail, styles.symbols.fail),
        _ => (styles.pass, styles.symbols.pass),
    };
    let first = match interrupted {
        Some(signal) => format!("interrupted by {signal}: "),
        None if nothing && coverage.executed() > 0 => "nothing but cleanup was executed: ".to_owned(),
        None if nothing => "nothing was executed: ".to_owned(),
        None => String::new(),
    };
    format!("{}; {blocks}\n", paint(style, format!("{symbol} {first}{tutorials}")))
}

/// Returns `2 tutorials passed, 1 failed`.
fn tutorials(totals: &Totals) -> String {
    let counts = [
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "cancelled"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
        let count = if parts.is_empty() { plural(count, "tutorial") } else { count.to_string() };
        parts.push(format!("{count} {word}"));
    }
    if parts.is_empty() { "no tutorial was run".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Coverage;

    #[track_caller]
    fn check(totals: Totals, interrupted: Option<&str>, expected: &str) {
        let styles = Styles::new(false, true);
        assert_eq!(summary(&styles, &totals, interrupted, Duration::from_secs(65)), format!("{expected}\n"));
    }

    #[test]
    fn summary_counts_what_there_is() {
        let coverage = Coverage { blocks: 18, verified: 11, unverified: 3, failed: 1, ..Coverage::default() };
        let totals = Totals { passed: 2, failed: 1, skipped: 1, cancelled: 0, coverage };
        let blocks = "15 of 18 blocks run, 11 verified in 1m 05s";
        check(totals, None, &format!("✗ 2 tutorials passed, 1 failed, 1 skipped; {blocks}"));
        check(Totals { failed: 0, skipped: 0, ..totals }, None, &format!("✓ 2 tutorials passed; {blocks}"));
        check(
            Totals { passed: 0, skipped: 0, cancelled: 2, ..totals },
            Some("SIGINT"),
            &format!("! interrupted by SIGINT: 1 tutorial failed, 2 cancelled; {blocks}"),
        );
        check(
            Totals::default(),
            None,
            "✗ nothing was executed: no tutorial was run; 0 of 0 blocks run, 0 verified in 1m 05s",
        );
    }
}
