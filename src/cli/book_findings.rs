//! What is wrong with a book, as its reader at a terminal finds it: the causes first and short, and some of each
//! kind where there are hundreds.

use std::collections::BTreeMap;

use super::printer::Printer;
use crate::diagnostic::{Finding, Severity, plural, render, sort_by_place};
use crate::report::Verbosity;

/// Most warnings of one kind that are shown to those who did not ask for everything.
const MOST: usize = 10;

/// Notes that explain what pages look like, so that everyone is told.
const TOLD: &[&str] = &["handlebars", "preprocessors", "unknown-book-key", "unused-book-keys"];

/// Prints what is wrong with a book.
pub(super) fn tell(findings: &mut [Finding], printer: &Printer) {
    sort_by_place(findings);
    if printer.verbosity() == Verbosity::Verbose {
        printer.findings(findings);
        return;
    }
    let is_quiet = printer.verbosity() == Verbosity::Quiet;
    let told = findings.iter().filter(|finding| !is_quiet && TOLD.contains(&finding.code));
    let mut shown: Vec<Finding> = some_of_each(told.map(brief)).0;
    let least = printer.least();
    let found = findings.iter().filter(|finding| finding.severity >= least).cloned();
    let (found, left) = some_of_each(found);
    shown.extend(found);
    for finding in shown.iter().chain(&rest(&left, findings)) {
        printer.insist(&format!("{}\n", render(finding, printer.is_coloured())));
    }
    printer.annotate(shown.iter());
}

/// Returns a note in one line: where, and what.
fn brief(finding: &Finding) -> Finding {
    let mut brief = finding.clone();
    if let Some(place) = brief.place.take() {
        let file = place.source.path().display();
        brief.message = format!("{file}:{}: {}", place.line(), brief.message);
    }
    brief
}

/// Returns all errors and some findings of each other kind, and how many of each kind are left out.
fn some_of_each(findings: impl Iterator<Item = Finding>) -> (Vec<Finding>, BTreeMap<&'static str, usize>) {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let is_shown = |finding: &Finding| {
        let count = counts.entry(finding.code).or_default();
        *count += usize::from(finding.severity < Severity::Error);
        finding.severity == Severity::Error || *count <= MOST
    };
    let shown = findings.filter(is_shown).collect();
    let left = counts.into_iter().filter(|(_, count)| *count > MOST);
    (shown, left.map(|(code, count)| (code, count - MOST)).collect())
}

/// Returns what stands for the warnings that are not shown, with what may be the reason of so many.
fn rest(left: &BTreeMap<&'static str, usize>, findings: &[Finding]) -> Option<Finding> {
    if left.is_empty() {
        return None;
    }
    let kinds: Vec<String> = left.iter().map(|(code, count)| format!("{count} of `{code}`")).collect();
    let count = plural(left.values().sum(), "more warning");
    let rest = Finding::warning("more", format!("{count}: {}", kinds.join(", ")));
    let preprocessors = findings.iter().find(|finding| finding.code == "preprocessors");
    let are_links = left.keys().any(|code| code.starts_with("dead-") || code.starts_with("missing-"));
    Some(match preprocessors.filter(|_| are_links) {
        Some(finding) => {
            rest.help(format!("`--verbose` shows all; the reason may be that {}", finding.message))
        }
        None => rest.help("`--verbose` shows all"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_all_shown_and_warnings_are_counted() {
        let warnings = (0..13).map(|number| Finding::warning("dead-link", number.to_string()));
        let errors = (0..12).map(|number| Finding::error("missing-include", number.to_string()));
        let (shown, left) = some_of_each(warnings.chain(errors));
        assert_eq!((shown.len(), left.clone()), (22, BTreeMap::from([("dead-link", 3)])));
        let note = Finding::note("preprocessors", "the preprocessor `spec` was not run");
        let rest = rest(&left, &[note]).unwrap();
        assert_eq!(rest.message, "3 more warnings: 3 of `dead-link`");
        assert!(rest.help.unwrap().ends_with("the preprocessor `spec` was not run"));
    }
}
