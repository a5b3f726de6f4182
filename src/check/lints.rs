//! All lints in one pass.

use std::collections::BTreeSet;

use super::links::Links;
use super::{CheckOptions, Subject, coverage, parameters, shell};
use crate::diagnostic::{Finding, Place, Severity, sort_by_place};

/// Returns all that can be known to be wrong with tutorials, in the order of files and lines.
pub fn check(subjects: &[Subject], options: &CheckOptions<'_>) -> Vec<Finding> {
    let mut links = Links::new(subjects, options);
    let mut findings = Vec::new();
    for subject in subjects {
        let known = known(subject);
        findings.extend(coverage::check(subject, &known));
        findings.extend(known);
        findings.extend(parameters::check(&subject.tutorial));
        findings.extend(links.check(subject));
    }
    findings.extend(shell::check(subjects));
    tidy(findings)
}

/// Returns what parsing and planning found.
fn known(subject: &Subject) -> Vec<Finding> {
    let planning = subject.plans.as_ref().err().into_iter().flatten();
    subject.parsing.iter().chain(planning).cloned().map(excused).collect()
}

/// A parameter that has to be given is nothing to change on the page.
fn excused(finding: Finding) -> Finding {
    match finding.code {
        "missing-parameter" => Finding { severity: Severity::Note, ..finding },
        _ => finding,
    }
}

/// Sorts findings, and keeps one of those that several variants or pages repeat.
fn tidy(mut findings: Vec<Finding>) -> Vec<Finding> {
    sort_by_place(&mut findings);
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        seen.insert((finding.code, finding.message.clone(), finding.place.as_ref().map(Place::location)))
    });
    findings
}
