//! Plans become files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::file::GeneratedFile;
use super::pattern::Pattern;
use crate::diagnostic::{Finding, Place, normal_path};
use crate::plan::{Disposition, Plan, PlannedStep, Work};
use crate::tutorial::Value;

/// What plans write into the repository.
#[derive(Debug, Default)]
pub struct Generated<'a> {
    /// The files in the order of their paths.
    pub files: Vec<GeneratedFile<'a>>,
    /// Which files the steps own, with the place that says so.
    pub patterns: Vec<(Pattern, Place)>,
    /// What cannot be: two writers of one file, a path that is not to be written.
    pub findings: Vec<Finding>,
}

/// Returns what plans write into the repository.
pub fn generated(plans: &[Plan]) -> Generated<'_> {
    let mut generated = Generated::default();
    let mut files: BTreeMap<String, GeneratedFile<'_>> = BTreeMap::new();
    for plan in plans {
        for step in plan.steps.iter().filter(|step| is_generated(plan, step)) {
            generated.own(plan, step);
            for file in of_step(plan, step).filter(|_| step.disposition == Disposition::Run) {
                generated.add(file, &mut files);
            }
        }
    }
    generated.findings.extend(files.values().filter_map(|file| in_a_file(file, &files)));
    generated.files = files.into_values().collect();
    generated
}

fn is_generated(plan: &Plan, step: &PlannedStep) -> bool {
    plan.tutorial.steps[step.source].attributes.generate.is_some()
}

/// Returns the files of a step as the plan has them.
fn of_step<'a>(plan: &'a Plan, step: &'a PlannedStep) -> impl Iterator<Item = GeneratedFile<'a>> {
    let file = move |path: &str, content, mode, variant, parameters| GeneratedFile {
        path: normal(path),
        content,
        mode,
        variant,
        plan,
        step,
        parameters,
        source: OnceLock::new(),
        origins: OnceLock::new(),
    };
    let (one, many) = match &step.work {
        Work::File { path, content, mode, .. } => {
            let variant = plan.key.variant.as_deref();
            (Some(file(path, content.as_str(), *mode, variant, &plan.parameters)), None)
        }
        Work::Files { files, mode } => (None, Some((files, *mode))),
        Work::Command { .. } | Work::Transcript { .. } | Work::Service { .. } => (None, None),
    };
    let many = many.into_iter().flat_map(move |(files, mode)| {
        files.iter().map(move |planned| {
            let (content, parameters): (&str, &BTreeMap<String, Value>) =
                (&planned.content, &planned.parameters);
            file(&planned.path, content, mode, Some(&planned.variant), parameters)
        })
    });
    one.into_iter().chain(many)
}

fn normal(path: &str) -> String {
    normal_path(Path::new(path)).to_string_lossy().into_owned()
}

impl<'a> Generated<'a> {
    /// Notes which files a step owns; each step says so once, however many variants there are.
    fn own(&mut self, plan: &Plan, step: &PlannedStep) {
        let block = &plan.tutorial.steps[step.source];
        let place = block.attributes.places.get("generate").unwrap_or(&block.place);
        let is_known = |known: &Place| Arc::ptr_eq(&known.source, &place.source) && known.span == place.span;
        if !self.patterns.iter().any(|(_, known)| is_known(known)) {
            self.patterns.extend(Pattern::of_step(block).map(|pattern| (pattern, place.clone())));
        }
    }

    fn add(&mut self, file: GeneratedFile<'a>, files: &mut BTreeMap<String, GeneratedFile<'a>>) {
        if let Some(finding) = forbidden(&file) {
            self.findings.push(finding);
        } else if let Some(first) = files.get(&file.path) {
            self.findings.push(twice(first, &file));
        } else {
            files.insert(file.path.clone(), file);
        }
    }
}

/// Returns the finding about a path that nothing is written to.
fn forbidden(file: &GeneratedFile<'_>) -> Option<Finding> {
    let inside = file.path.split('/').find(|part| [".git", ".stagebook"].contains(part));
    let page = file.path == file.plan.key.tutorial;
    let included =
        || file.plan.tutorial.includes.iter().any(|include| file.path == include.path.to_string_lossy());
    let what = match inside {
        Some(folder) => format!("`{}` is in `{folder}`, where nothing is generated", file.path),
        None if page || included() => format!("`{}` would overwrite the page that writes it", file.path),
        None => return None,
    };
    Some(Finding::error("forbidden-path", what).at(file.path_place()).help("write another path"))
}

fn twice(first: &GeneratedFile<'_>, second: &GeneratedFile<'_>) -> Finding {
    let message =
        format!("`{}` is written twice: by {} and by {}", first.path, first.writer(), second.writer());
    let finding = Finding::error("written-twice", message).at(second.path_place());
    let same_step = first.block().place.span == second.block().place.span
        && Arc::ptr_eq(&first.plan.tutorial, &second.plan.tutorial);
    if same_step {
        return finding.help("write a value into the path that differs, as `{{ stream }}`");
    }
    finding.related(first.path_place(), "the first one").help("give one of them another path")
}

/// Returns the finding about a file in whose folder's place another file is written.
fn in_a_file(file: &GeneratedFile<'_>, files: &BTreeMap<String, GeneratedFile<'_>>) -> Option<Finding> {
    let mut above = file.path.rmatch_indices('/').map(|(at, _)| &file.path[..at]);
    let other = above.find_map(|folder| files.get(folder))?;
    let message = format!(
        "`{}` is a file, written by {}, and cannot hold `{}`, written by {}",
        other.path,
        other.writer(),
        file.path,
        file.writer()
    );
    Some(Finding::error("written-twice", message).at(file.path_place()))
}
