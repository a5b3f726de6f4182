//! A page is planned and rendered before anyone relies on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::document::NoIncludes;
use super::folder::Member;
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, Severity, Source, plural};
use crate::generate::generated;
use crate::plan::{Inputs, Plan, build};
use crate::tutorial::{ParseOptions, parse};
use crate::yaml::{Node, read_documents};

/// The name that the page has in findings about it.
const PAGE: &str = "page.md";

/// What rendering a page showed.
pub(super) struct Proof {
    /// What is not as in the files.
    pub(super) findings: Vec<Finding>,
    /// Files that the page writes byte for byte, by their number.
    pub(super) exact: BTreeSet<usize>,
    /// Whether every file means the same.
    pub(super) holds: bool,
}

impl Proof {
    fn of(findings: Vec<Finding>, exact: BTreeSet<usize>) -> Self {
        let holds = findings.iter().all(|finding| finding.severity != Severity::Error);
        Self { findings, exact, holds }
    }
}

/// Renders a page, and compares what it writes with the files that it was made of. `texts` are theirs.
pub(super) fn prove(page: &str, files: &[Member], texts: &[&str], settings: &Settings) -> Proof {
    let twice = twice(files);
    if !twice.is_empty() {
        return Proof::of(twice, BTreeSet::new());
    }
    let plans = match plans(page, settings) {
        Ok(plans) => plans,
        Err(findings) => return Proof::of(findings, BTreeSet::new()),
    };
    let generated = generated(&plans);
    let mut findings: Vec<Finding> = generated.findings.iter().map(unreadable).collect();
    let mut written: BTreeMap<&str, &str> =
        generated.files.iter().map(|file| (file.path.as_str(), file.content)).collect();
    let mut exact = BTreeSet::new();
    for (number, (file, text)) in files.iter().zip(texts).enumerate() {
        match written.remove(file.path.as_str()) {
            Some(content) if content == *text => {
                exact.insert(number);
            }
            Some(content) => findings.push(differs(file, text, content)),
            None => findings.push(lost(file)),
        }
    }
    findings.extend(written.keys().map(|path| invented(path)));
    Proof::of(findings, exact)
}

/// Says which files have the same path in the project.
fn twice(files: &[Member]) -> Vec<Finding> {
    let mut known: BTreeMap<&str, &Member> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files {
        if let Some(first) = known.insert(&file.path, file) {
            let message = format!("two files would be `{}` in the project", file.path);
            let finding = Finding::error("import-double", message).at(Place::new(&file.source, 0..0));
            let first = Place::new(&first.source, 0..0);
            findings.push(finding.related(first, "the first one").help("import one folder after the other"));
        }
    }
    findings
}

fn plans(page: &str, settings: &Settings) -> Result<Vec<Plan>, Vec<Finding>> {
    let source = Source::new(PAGE, page);
    let (tutorial, findings) = parse(&source, &ParseOptions::default(), &NoIncludes);
    let errors: Vec<Finding> =
        findings.iter().filter(|finding| finding.severity == Severity::Error).map(unreadable).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let inputs = Inputs { tutorial_id: PAGE.to_owned(), ..Inputs::default() };
    build(&Arc::new(tutorial), settings, &inputs)
        .map_err(|findings| findings.iter().map(unreadable).collect())
}

fn unreadable(wrong: &Finding) -> Finding {
    let message = format!("the page cannot be used: {}", wrong.message);
    let finding = Finding::error("import-page", message);
    let finding = match &wrong.place {
        Some(place) => finding.at(place.clone()),
        None => finding,
    };
    finding.help("make a page for each file: --each")
}

/// Says how a file that the page writes is another: in what it means, or only in how it is written.
fn differs(file: &Member, text: &str, content: &str) -> Finding {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(text), lines(content));
    let first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let place = Place::new(&file.source, start_of_line(&file.source, first));
    if values(&file.documents) == values(&read_documents(&Source::new(PAGE, content)).documents) {
        let count = old.iter().zip(&new).filter(|(old, new)| old != new).count();
        let is = if count == 1 { "is" } else { "are" };
        let message = format!("{} {is} written in another way than in the first file", plural(count, "line"));
        return Finding::warning("import-rewritten", message)
            .at(place)
            .help("the values are the same; `stagebook generate` writes them as the first file has them");
    }
    let finding = Finding::error("import-differs", "the page would write another value here").at(place);
    finding.help("make a page for each file: --each")
}

/// Returns the bytes of a line, counted from 0; nothing but its place where there is none.
fn start_of_line(source: &Source, line: usize) -> std::ops::Range<usize> {
    let text = source.text();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    start..start + text[start..].lines().next().map_or(0, str::len)
}

fn values(documents: &[Node]) -> Vec<Value> {
    documents.iter().map(Node::to_json).collect()
}

fn lost(file: &Member) -> Finding {
    let message = format!("the page would not write `{}`", file.path);
    let finding = Finding::error("import-differs", message).at(Place::new(&file.source, 0..0));
    finding.help("make a page for each file: --each")
}

fn invented(path: &str) -> Finding {
    let message = format!("the page would write `{path}`, which is none of the files");
    Finding::error("import-differs", message).help("make a page for each file: --each")
}
