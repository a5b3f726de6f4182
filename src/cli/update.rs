//! `stagebook run --update`: what was printed goes back into the pages.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CliError;
use super::printer::Printer;
use super::project::Project;
use crate::diagnostic::{Location, Source, plural};
use crate::event::{EventKind, Outcome, StepOutput, StepResult};
use crate::expect::{Captures, Stream, updated};
use crate::plan::{PlanKey, StepIndex};
use crate::record::Store;
use crate::tutorial::{Action, Edit, ExpectedOutput, Origin, StepName, Tutorial, rewrite};

/// Remembers what steps printed whose output was not what the page says.
#[derive(Debug, Default)]
pub(super) struct Updates {
    names: BTreeMap<PlanKey, Vec<StepName>>,
    differing: Vec<Differing>,
    /// Plans in which something else failed too.
    beyond: BTreeMap<PlanKey, usize>,
}

/// A step whose output differs, and what captures had taken before it.
#[derive(Debug)]
struct Differing {
    plan: PlanKey,
    step: StepName,
    result: StepResult,
    bound: Captures,
}

/// Expected lines that are to be replaced.
#[derive(Debug)]
struct Change {
    source: Arc<Source>,
    edit: Edit,
}

impl Updates {
    /// Takes one event.
    pub(super) fn event(&mut self, event: &EventKind) {
        match event {
            EventKind::TutorialStarted(start) => {
                let names = start.steps.iter().map(|step| step.name.clone()).collect();
                self.names.insert(start.plan.clone(), names);
            }
            EventKind::StepFinished { plan, step, result } => self.step(plan, *step, result),
            _ => {}
        }
    }

    fn step(&mut self, plan: &PlanKey, step: StepIndex, result: &StepResult) {
        match &result.outcome {
            Outcome::Failed { .. } if result.only_output_differs() => {
                let step = self.names[plan][step.0].clone();
                let bound = Captures::new();
                self.differing.push(Differing { plan: plan.clone(), step, result: result.clone(), bound });
            }
            Outcome::Failed { .. } | Outcome::TimedOut { .. } => {
                *self.beyond.entry(plan.clone()).or_default() += 1;
            }
            _ => {}
        }
    }

    /// Rewrites the pages; returns how many plans failed for nothing else.
    pub(super) fn write(
        self,
        project: &Project,
        store: &Store,
        printer: &Printer,
    ) -> Result<usize, CliError> {
        let mut changes: BTreeMap<PathBuf, Vec<Change>> = BTreeMap::new();
        let mut mended: BTreeMap<&PlanKey, bool> = BTreeMap::new();
        for differing in &self.differing {
            let whole = self.collect(differing, project, store, printer, &mut changes);
            *mended.entry(&differing.plan).or_insert(true) &= whole;
        }
        for (path, changes) in changes {
            rewrite_page(&path, changes, printer)?;
        }
        let only_output = |plan: &PlanKey| !self.beyond.contains_key(plan);
        Ok(mended.into_iter().filter(|(plan, whole)| *whole && only_output(plan)).count())
    }

    /// Adds the changes of one step; returns whether they mend all that differs.
    fn collect(
        &self,
        differing: &Differing,
        project: &Project,
        store: &Store,
        printer: &Printer,
        changes: &mut BTreeMap<PathBuf, Vec<Change>>,
    ) -> bool {
        let Some(loaded) = project.tutorials.iter().find(|loaded| loaded.id == differing.plan.tutorial)
        else {
            return false;
        };
        let folder = store.folder(&differing.plan);
        let mut whole = true;
        for (expected, output) in promises(&loaded.tutorial, &differing.step, &differing.result) {
            let Some(text) = printed(output, expected.expectation.stream, &folder) else {
                whole = false;
                continue;
            };
            if !differs(&differing.result, &expected.place.location()) {
                continue;
            }
            let Some((lines, with)) = new_lines(expected, &text, &differing.bound) else {
                let location = expected.place.location();
                printer.warning(&format!("{location}: this check is the author's own and is not rewritten"));
                whole = false;
                continue;
            };
            let change = Change {
                source: Arc::clone(&expected.place.source),
                edit: Edit { lines, place: expected.place.clone(), with },
            };
            let page = changes.entry(expected.place.source.path().to_path_buf()).or_default();
            // Variants of a matrix share a page: the first one that differs is written.
            if page.iter().all(|earlier| earlier.edit.place.span != change.edit.place.span) {
                page.push(change);
            }
        }
        whole
    }
}

fn new_lines(
    expected: &ExpectedOutput,
    output: &str,
    bound: &Captures,
) -> Option<(crate::tutorial::Text, String)> {
    let Origin::Lines(lines) = &expected.origin else { return None };
    let with = updated(&expected.expectation, &lines.content, output, bound)?;
    Some((lines.clone(), with))
}

fn differs(result: &StepResult, location: &Location) -> bool {
    result.checks.iter().any(|check| check.location == *location && check.mismatch.is_some())
}

/// Returns each promise of a step with the output that it is about.
fn promises<'a>(
    tutorial: &'a Tutorial,
    name: &StepName,
    result: &'a StepResult,
) -> Vec<(&'a ExpectedOutput, &'a StepOutput)> {
    let Some(step) = tutorial.steps.iter().find(|step| step.name == *name) else { return Vec::new() };
    match &step.action {
        Action::Transcript(commands) => {
            let pairs = commands.iter().zip(&result.commands);
            let promises = pairs.flat_map(|(command, ran)| {
                command.expected.iter().map(move |expected| (expected, &ran.output))
            });
            promises.collect()
        }
        Action::Command | Action::File(_) => {
            step.expected.iter().map(|expected| (expected, &result.output)).collect()
        }
    }
}

/// Returns the whole text that an expectation is compared with.
fn printed(output: &StepOutput, stream: Stream, folder: &Path) -> Option<String> {
    match (&output.file, stream) {
        (_, Stream::Stderr) => output.stderr.clone(),
        (None, _) => Some(output.text.clone()),
        (Some(_), _) if output.kept < output.bytes => None,
        (Some(file), _) => {
            let bytes = std::fs::read(folder.join(file)).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}

/// Writes a page in one piece, unless someone changed it since it was read.
fn rewrite_page(path: &Path, changes: Vec<Change>, printer: &Printer) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_path_buf(), source };
    let Some(source) = changes.first().map(|change| Arc::clone(&change.source)) else { return Ok(()) };
    if std::fs::read(path).map_err(failed)? != source.text().as_bytes() {
        printer.warning(&format!("{} changed while it ran and is not rewritten", path.display()));
        return Ok(());
    }
    let count = changes.len();
    let edits: Vec<Edit> = changes.into_iter().map(|change| change.edit).collect();
    let text = rewrite(&source, &edits);
    let real = path.canonicalize().map_err(failed)?;
    let folder = real.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(&real).map_err(failed)?.permissions();
    std::fs::set_permissions(file.path(), permissions).map_err(failed)?;
    file.persist(&real).map_err(|error| failed(error.error))?;
    printer.say(&format!("updated {} in {}", plural(count, "expected output"), path.display()));
    Ok(())
}
