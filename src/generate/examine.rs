//! Generated files are read again: what is wrong with them is wrong with the page.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::GeneratedFile;
use crate::diagnostic::{Finding, Location, Place, plural, sort_by_place};
use crate::yaml::{Documents, read_documents};

/// Reads the files that are YAML, and returns what is wrong with them at the lines of the page that wrote it.
///
/// `judge` is asked about each file that can be read; its findings stand in the text of the file, see
/// [`GeneratedFile::source`]. What is wrong with several variants in the same way is said once.
pub fn examine(
    files: &[GeneratedFile<'_>],
    judge: impl Fn(&GeneratedFile<'_>, &Documents) -> Vec<Finding>,
) -> Vec<Finding> {
    let mut seen: BTreeMap<(&'static str, String, Option<Location>), usize> = BTreeMap::new();
    let mut findings: Vec<(Finding, usize)> = Vec::new();
    for file in files.iter().filter(|file| is_yaml(&file.path)) {
        let mut documents = read_documents(file.source());
        let mut wrong = std::mem::take(&mut documents.findings);
        if wrong.is_empty() {
            wrong = judge(file, &documents);
        }
        for finding in wrong.into_iter().map(|finding| file.on_page(finding)) {
            let key = (finding.code, finding.message.clone(), finding.place.as_ref().map(Place::location));
            match seen.get(&key) {
                Some(&first) => findings[first].1 += 1,
                None => {
                    seen.insert(key, findings.len());
                    findings.push((finding, 0));
                }
            }
        }
    }
    let mut findings: Vec<Finding> = findings.into_iter().map(with_others).collect();
    sort_by_place(&mut findings);
    findings
}

fn is_yaml(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
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
