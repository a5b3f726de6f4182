//! Projects of a few files for the tests of this room.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{CheckOptions, Subject, check};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place};
use crate::plan::{Inputs, build};
use crate::tutorial::{ParseOptions, load};

/// Writes a project: its files by path, each with its text.
pub(super) fn project(files: &[(&str, &str)]) -> TempDir {
    let project = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        let path = project.path().join(path);
        fs_err::create_dir_all(path.parent().expect("it lies in the project")).expect("a folder can be made");
        fs_err::write(path, text).expect("a file can be written");
    }
    project
}

/// Reads and plans a page of a project, as the command line does.
pub(super) fn subject(root: &Path, page: &str) -> Subject {
    let path = root.join(page);
    let (tutorial, parsing) =
        load(&path, Path::new(page), root, &ParseOptions::default()).expect("the page exists");
    let tutorial = Arc::new(tutorial);
    let inputs = Inputs { tutorial_id: page.to_owned(), ..Inputs::default() };
    let plans = build(&tutorial, &Settings::defaults(root), &inputs);
    Subject { path, named: true, tutorial, parsing, plans }
}

/// Returns what is found in pages of a project.
pub(super) fn found(root: &Path, pages: &[&str]) -> Vec<Finding> {
    let subjects: Vec<Subject> = pages.iter().map(|page| subject(root, page)).collect();
    check(&subjects, &CheckOptions { root, parse: &ParseOptions::default() })
}

/// Returns findings as lines: where, how much, what, and what to do.
pub(super) fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let place = finding.place.as_ref().map_or("-".to_owned(), |place| place.location().to_string());
        let marked = finding.place.as_ref().map_or("", Place::text).lines().next().unwrap_or_default();
        let help = finding.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place} {}[{}] {}{help} `{marked}`\n", finding.severity, finding.code, finding.message)
    };
    findings.iter().map(line).collect()
}
