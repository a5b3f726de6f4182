//! Generated files are read again: what is wrong with them is wrong with the page.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::file::GeneratedFile;
use crate::diagnostic::{Finding, Location, Place, Source, plural, sort_by_place};

/// Returns what is wrong with the files that are YAML, at the lines of the page that wrote it.
///
/// `judge` is given all of them at once, since one may refer to another; its findings stand in their
/// texts. What is wrong with the files of several variants is said once.
pub fn examine(
    files: &[GeneratedFile<'_>],
    judge: impl FnOnce(&[Arc<Source>]) -> Vec<Finding>,
) -> Vec<Finding> {
    let files: Vec<&GeneratedFile<'_>> = files.iter().filter(|file| is_yaml(&file.path)).collect();
    let sources: Vec<Arc<Source>> = files.iter().map(|file| Arc::clone(file.source())).collect();
    // A file of the repository may be judged with them, and have the path of one.
    let by_source: BTreeMap<*const Source, &GeneratedFile<'_>> =
        files.iter().map(|file| (Arc::as_ptr(file.source()), *file)).collect();
    let mut told = Told::default();
    for finding in judge(&sources) {
        let source = finding.place.as_ref().map(|place| Arc::as_ptr(&place.source));
        match source.and_then(|source| by_source.get(&source)) {
            Some(file) => told.tell(file, file.on_page(finding)),
            None => told.findings.push((finding, 0)),
        }
    }
    let mut findings: Vec<Finding> = told.findings.into_iter().map(with_others).collect();
    sort_by_place(&mut findings);
    findings
}

fn is_yaml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Which line of a page, and which mistake.
type Wrong = (&'static str, Option<Location>);

/// Findings at lines of pages, each with the number of other files that have the same.
#[derive(Default)]
struct Told {
    findings: Vec<(Finding, usize)>,
    /// The findings about a line, in the order of the file that has most of them.
    at_line: BTreeMap<Wrong, Vec<usize>>,
    /// How many of a kind each file has had, by its path: two on one line are two.
    had: BTreeMap<(String, Wrong), usize>,
}

impl Told {
    fn tell(&mut self, file: &GeneratedFile<'_>, finding: Finding) {
        let wrong = (finding.code, finding.place.as_ref().map(Place::location));
        let number = self.had.entry((file.path.clone(), wrong.clone())).or_default();
        let known = self.at_line.entry(wrong).or_default();
        match known.get(*number) {
            Some(&first) => self.findings[first].1 += 1,
            None => {
                known.push(self.findings.len());
                self.findings.push((finding, 0));
            }
        }
        *number += 1;
    }
}

/// Says in how many other files the same is wrong.
fn with_others((mut finding, others): (Finding, usize)) -> Finding {
    if others > 0
        && let Some((_, what)) = finding.related.last_mut()
    {
        what.push_str(&format!(", as in {}", plural(others, "other file")));
    }
    finding
}
