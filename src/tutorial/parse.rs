//! Text becomes a tutorial.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assemble::{self, Assembled};
use super::dialect;
use super::front_matter::{self, Top};
use super::include::{self, Includes};
use super::model::{Dialect, Heading, Include, Step, StepName, Tutorial};
use super::names::StepNames;
use super::page;
use super::prerequisite;
use super::tables;
use crate::diagnostic::{Finding, Place, Source, Span, sort_by_place};

/// What a page cannot know by itself.
#[derive(Debug, Clone, Default)]
pub struct ParseOptions {
    /// Languages besides the shells that run where a block carries attributes.
    pub interpreters: BTreeSet<String>,
}

/// Reads a page. What is wrong with it is said in the findings, in page order; the
/// tutorial is what could be understood.
pub fn parse(
    source: &Arc<Source>,
    options: &ParseOptions,
    includes: &dyn Includes,
) -> (Tutorial, Vec<Finding>) {
    let (mut tutorial, mut findings) = parse_alone(source, options, includes);
    if !tutorial.prerequisites.is_empty() {
        prerequisite::prepend(&mut tutorial, options, includes, &mut findings);
        sort_by_place(&mut findings);
    }
    (tutorial, findings)
}

/// Reads a page without its prerequisites.
pub(crate) fn parse_alone(
    source: &Arc<Source>,
    options: &ParseOptions,
    includes: &dyn Includes,
) -> (Tutorial, Vec<Finding>) {
    let mut findings = Vec::new();
    findings.extend(nul_byte(source));
    findings.extend(only_carriage_returns(source));
    let mut top = front_matter::read(source, &mut findings);
    let page = page::read(source, top.body, &mut findings);
    let expanded = include::expand(source, &top.front_matter.places, page, includes, &mut findings);
    let dialect = dialect_of(&top, &expanded.page.items);
    let mut assembled =
        assemble::assemble(expanded.page.items, dialect, &options.interpreters, &mut findings);
    tables::settle(&mut top.front_matter, std::mem::take(&mut assembled.tables), &mut findings);
    give_names(&mut assembled.steps, dialect, &expanded.includes, &mut findings);
    sort_by_place(&mut findings);
    let links = expanded.page.links;
    let mut tutorial = tutorial(source, dialect, top, assembled);
    let prerequisites = match dialect {
        Dialect::InnovationEngine => dialect::prerequisites(&tutorial.headings, &links),
        _ => Vec::new(),
    };
    tutorial.comments.extend(expanded.comments);
    (Tutorial { links, includes: expanded.includes, prerequisites, ..tutorial }, findings)
}

fn tutorial(source: &Arc<Source>, dialect: Dialect, top: Top, assembled: Assembled) -> Tutorial {
    let mut front_matter = top.front_matter;
    for (name, value) in assembled.variables {
        front_matter.env.entry(name).or_insert(value);
    }
    Tutorial {
        source: Arc::clone(source),
        dialect,
        title: title(source, front_matter.title.as_deref(), &assembled.headings),
        front_matter,
        body: Span::new(top.body, source.text().len()),
        steps: assembled.steps,
        other_blocks: assembled.other_blocks,
        comments: assembled.comments,
        headings: assembled.headings,
        links: Vec::new(),
        includes: Vec::new(),
        prerequisites: Vec::new(),
    }
}

fn title(source: &Source, given: Option<&str>, headings: &[Heading]) -> String {
    let first = headings.iter().map(|heading| heading.text.as_str()).find(|text| !text.is_empty());
    let file = || source.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
    given.or(first).map(str::to_owned).or_else(file).unwrap_or_default()
}

fn dialect_of(top: &Top, items: &[page::Item]) -> Dialect {
    let runme = top.runme.then_some(Dialect::Runme);
    runme.or_else(|| assemble::dialect_of(items)).unwrap_or_default()
}

/// Returns whether a text has a byte. Most have not: all are looked at, without a step for each.
fn has(text: &str, wanted: u8) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte == wanted))
}

fn nul_byte(source: &Arc<Source>) -> Option<Finding> {
    let at = has(source.text(), 0).then(|| source.text().find('\0'))??;
    let finding = Finding::error("nul-byte", "page contains a NUL byte").at(Place::new(source, at..at + 1));
    Some(finding.help("is this a text file?"))
}

/// Finds line ends of old systems, with which the whole page is one line.
fn only_carriage_returns(source: &Arc<Source>) -> Option<Finding> {
    let text = source.text().trim_end_matches('\r');
    let at = has(text, b'\r').then(|| text.find('\r'))?.filter(|_| !text.contains('\n'))?;
    let finding = Finding::error("line-ends", "lines end in a carriage return alone, which is no line end");
    Some(finding.at(Place::new(source, at..at + 1)).help("save the file with LF or CRLF line ends"))
}

/// Names the steps that have no name, and reports names that are given twice.
fn give_names(steps: &mut [Step], dialect: Dialect, includes: &[Include], findings: &mut Vec<Finding>) {
    let mut given: BTreeMap<String, Place> = BTreeMap::new();
    for step in steps.iter_mut().filter(|step| step.named) {
        let place = step.attributes.places.get("name").unwrap_or(&step.place).clone();
        match given.get(&step.name.0) {
            None => {
                given.insert(step.name.0.clone(), place);
            }
            Some(first) => {
                findings.push(duplicate(step, dialect, place, first.clone(), includes));
                step.named = false;
            }
        }
    }
    let mut names = StepNames::new(given.into_keys());
    for step in steps.iter_mut().filter(|step| !step.named) {
        step.name = StepName(names.next(step.anchor.as_deref()));
    }
}

fn duplicate(step: &Step, dialect: Dialect, place: Place, first: Place, includes: &[Include]) -> Finding {
    let of_its_page = includes.iter().filter(|include| include.source.path() == place.source.path());
    let comments: Vec<&Place> = of_its_page.map(|include| &include.place).collect();
    if let [once, .., again] = comments.as_slice()
        && first.location() == place.location()
    {
        let message = format!("the page of step `{}` is included twice", step.name);
        let finding = Finding::error("duplicate-name", message).at((*again).clone());
        let finding = finding.related((*once).clone(), "it is included here").related(place, "the step");
        return finding.help("include it once, or leave out the names of its steps");
    }
    let message = format!("two steps are named `{}`", step.name);
    // There a name is a title, and the same one may stand twice.
    let finding = match dialect {
        Dialect::MechanicalMarkdown => Finding::note("duplicate-name", message),
        _ => Finding::error("duplicate-name", message),
    };
    finding.at(place).help("give one of them another name").related(first, "the first one is here")
}

#[cfg(test)]
mod tests;
