//! A report for people.

use std::fmt::Write as _;

use super::model::{Applies, Finding, Severity};
use super::report::Report;
use super::table::RULES;
use crate::diagnostic::plural;
use crate::image::path::shown;

/// How many paths of a finding are shown when nobody asks for all; bootc shows as many.
const MOST_PATHS: usize = 5;

/// Shows a report as text; of each finding all paths, or the first.
pub fn text(report: &Report, all_paths: bool) -> String {
    let image = shown(report.reference.as_bytes());
    let mut out =
        format!("image      {image} {} ({})\n\n{}\n", report.digest, report.platform, verdict(report));
    for of_rule in report.findings.chunk_by(|one, next| one.rule == next.rule) {
        out.push('\n');
        of_rule.iter().for_each(|finding| entry(&mut out, finding, all_paths));
        let Finding { why, help, .. } = &of_rule[0];
        let _ = writeln!(out, "           why: {why}\n           help: {help}");
    }
    out.push('\n');
    for line in rest(report) {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn verdict(report: &Report) -> String {
    let (fatal, warnings) = (report.count(Severity::Fatal), report.count(Severity::Warning));
    match (fatal, warnings) {
        (0, 0) => "no findings".to_owned(),
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(fatal, "fatal finding"),
        _ => format!("{}, {}", plural(fatal, "fatal finding"), plural(warnings, "warning")),
    }
}

fn entry(out: &mut String, finding: &Finding, all_paths: bool) {
    let Finding { rule, severity, what, paths, .. } = finding;
    let _ = writeln!(out, "  {severity:<8} {rule}: {what}");
    let most = if all_paths { paths.len() } else { MOST_PATHS };
    for path in paths.iter().take(most) {
        let _ = writeln!(out, "           {path}");
    }
    if paths.len() > most {
        let _ = writeln!(out, "           … and {} more: `--all` shows them", paths.len() - most);
    }
}

fn rest(report: &Report) -> Vec<String> {
    let mut lines = vec![format!("{} held", plural(report.held.len(), "rule"))];
    if !report.allowed.is_empty() {
        lines.push(format!(
            "{} allowed: {}",
            plural(report.allowed.len(), "rule"),
            report.allowed.join(", ")
        ));
    }
    let is_about_booting =
        |id: &&&str| RULES.iter().any(|rule| rule.id == **id && rule.applies == Applies::ToBootable);
    let left_out = report.left_out.iter().filter(is_about_booting).count();
    let asked = report.held.iter().chain(report.findings.iter().map(|finding| &finding.rule));
    let applied = asked.filter(is_about_booting).count();
    let why = "the image has no label `containers.bootc`, no kernel, and nothing of bootc or ostree";
    if left_out > 0 && !report.is_bootable {
        let rules = plural(left_out, "rule");
        lines.push(format!("{rules} about images that boot left out: {why}; `--rules all` applies them"));
    } else if left_out > 0 {
        lines.push(format!("{} about images that boot left out", plural(left_out, "rule")));
    } else if applied > 0 && !report.is_bootable {
        lines.push(format!("note: some rules are about images that boot, and this is none: {why}"));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines
}

/// Shows the rules as text.
pub fn list() -> String {
    let mut out = String::new();
    for rule in RULES {
        let _ =
            writeln!(out, "{:<21} {:<8} {:<16} {}", rule.id, rule.severity, rule.origin.name(), rule.demands);
    }
    out
}
