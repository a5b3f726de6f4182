//! `stagebook run --update`: what was printed goes back into the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::CliError;
use super::printer::Printer;
use super::project::Project;
use crate::diagnostic::{Location, Source, plural};
use crate::event::{EventKind, Outcome, StepOutput, StepResult};
use crate::expect::{Captures, Matcher, Verdict, updated};
use crate::plan::{PlanKey, StepIndex};
use crate::record::Store;
use crate::tutorial::{
    Action, Edit, ExpectedOutput, Origin, Step, StepName, Text, TranscriptCommand, Tutorial, rewrite,
};

/// Remembers what steps printed, to write what is not what the page says.
#[derive(Debug, Default)]
pub(super) struct Updates {
    names: BTreeMap<PlanKey, Vec<StepName>>,
    /// The steps with checks, in the order in which they ended. Those that held count too: they
    /// capture, and a page that two variants share must stay right for both.
    finished: BTreeMap<PlanKey, Vec<(StepName, StepResult)>>,
    /// Plans in which something else failed too.
    beyond: BTreeSet<PlanKey>,
}

/// What a check of a plan asks of the page.
#[derive(Debug)]
struct Wish {
    plan: PlanKey,
    source: Arc<Source>,
    location: Location,
    /// The new lines; `None` where the page is right as it is.
    edit: Option<Edit>,
}

/// The pages of a run on their way to being rewritten.
struct Rewriting<'a> {
    project: &'a Project,
    store: &'a Store,
    printer: &'a Printer,
    wishes: Vec<Wish>,
    /// Plans with a check that cannot be mended.
    unmended: BTreeSet<PlanKey>,
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
        let failed = matches!(result.outcome, Outcome::Failed { .. } | Outcome::TimedOut { .. });
        if failed && !result.only_output_differs() {
            self.beyond.insert(plan.clone());
        }
        if !result.checks.is_empty() {
            let step = (self.names[plan][step.0].clone(), result.clone());
            self.finished.entry(plan.clone()).or_default().push(step);
        }
    }

    /// Rewrites the pages; returns how many plans failed for nothing else.
    pub(super) fn write(
        self,
        project: &Project,
        store: &Store,
        printer: &Printer,
    ) -> Result<usize, CliError> {
        let mut rewriting =
            Rewriting { project, store, printer, wishes: Vec::new(), unmended: self.beyond.clone() };
        for (plan, steps) in &self.finished {
            rewriting.plan(plan, steps);
        }
        rewriting.settle();
        rewriting.write()?;
        let differs =
            |steps: &[(StepName, StepResult)]| steps.iter().any(|(_, result)| result.only_output_differs());
        let failed = self.finished.iter().filter(|(_, steps)| differs(steps));
        Ok(failed.filter(|(plan, _)| !rewriting.unmended.contains(plan)).count())
    }
}

impl Rewriting<'_> {
    /// Looks at the steps of a plan as the next run will see them, with what earlier ones capture.
    fn plan(&mut self, plan: &PlanKey, steps: &[(StepName, StepResult)]) {
        let project = self.project;
        let Some(loaded) = project.tutorials.iter().find(|loaded| loaded.id == plan.tutorial) else {
            self.unmended.insert(plan.clone());
            return;
        };
        let differs = steps.iter().any(|(_, result)| result.only_output_differs());
        let mut bound = Captures::new();
        for (step, result) in steps {
            let failed = matches!(result.outcome, Outcome::Failed { .. } | Outcome::TimedOut { .. });
            if failed && !result.only_output_differs() {
                self.leave(result);
                continue;
            }
            for promise in promises(&loaded.tutorial, step, result) {
                if differs {
                    self.promise(plan, &promise, result, &mut bound);
                } else {
                    self.wish(plan, promise.expected, None);
                }
            }
        }
    }

    /// Says that the output of a step which failed for more than its output stays as it is.
    fn leave(&self, result: &StepResult) {
        let reason = match &result.outcome {
            Outcome::Failed { reason } => reason,
            _ => "it took too long",
        };
        for check in result.checks.iter().filter(|check| check.mismatch.is_some()) {
            self.printer.warning(&format!("{}: not rewritten, its step failed: {reason}", check.location));
        }
    }

    fn promise(&mut self, plan: &PlanKey, promise: &Promise<'_>, result: &StepResult, bound: &mut Captures) {
        let expected = promise.expected;
        let location = expected.place.location();
        let check = result.checks.iter().find(|check| check.location == location);
        let differs = check.is_some_and(|check| check.mismatch.is_some());
        let kept = self.store.output(plan, promise.output, expected.expectation.stream);
        let Some(output) = kept.ok().flatten() else {
            if differs {
                self.refuse(plan, &location, "its output is too long");
            }
            return;
        };
        match expected.expectation.check(&output, bound) {
            Verdict::Held { captures, .. } => {
                bound.extend(captures);
                self.wish(plan, expected, None);
            }
            Verdict::Broken(_) => match new_lines(promise, &output, bound) {
                Ok((edit, captures)) => {
                    bound.extend(captures);
                    self.wish(plan, expected, Some(edit));
                }
                Err(reason) => self.refuse(plan, &location, reason),
            },
        }
    }

    fn wish(&mut self, plan: &PlanKey, expected: &ExpectedOutput, edit: Option<Edit>) {
        let (source, location) = (Arc::clone(&expected.place.source), expected.place.location());
        self.wishes.push(Wish { plan: plan.clone(), source, location, edit });
    }

    fn refuse(&mut self, plan: &PlanKey, location: &Location, reason: &str) {
        self.printer.warning(&format!("{location}: not rewritten, {reason}"));
        self.unmended.insert(plan.clone());
    }

    /// Drops the wishes for lines of which one plan wants this and another that.
    fn settle(&mut self) {
        let mut places: BTreeMap<Location, Vec<usize>> = BTreeMap::new();
        for (index, wish) in self.wishes.iter().enumerate() {
            places.entry(wish.location.clone()).or_default().push(index);
        }
        let mut dropped = BTreeSet::new();
        for indices in places.into_values() {
            let first = &self.wishes[indices[0]];
            let other = indices.iter().find(|index| !self.wishes[**index].is_same(first));
            let Some(other) = other.map(|index| &self.wishes[*index]) else { continue };
            self.printer.warning(&contested(first, other));
            let unhappy = indices.iter().filter(|index| self.wishes[**index].edit.is_some());
            self.unmended.extend(unhappy.map(|index| self.wishes[*index].plan.clone()));
            dropped.extend(indices);
        }
        let mut index = 0..;
        self.wishes.retain(|_| index.next().is_some_and(|index| !dropped.contains(&index)));
    }

    fn write(&mut self) -> Result<(), CliError> {
        let mut pages: BTreeMap<PathBuf, Vec<Wish>> = BTreeMap::new();
        for wish in std::mem::take(&mut self.wishes) {
            if wish.edit.is_some() {
                pages.entry(wish.source.path().to_path_buf()).or_default().push(wish);
            }
        }
        for (path, wishes) in pages {
            self.page(&path, wishes)?;
        }
        Ok(())
    }

    /// Writes a page in one piece, unless someone changed it since it was read.
    fn page(&mut self, path: &Path, mut wishes: Vec<Wish>) -> Result<(), CliError> {
        let failed = |source| CliError::Write { path: path.to_path_buf(), source };
        let Some(source) = wishes.first().map(|wish| Arc::clone(&wish.source)) else { return Ok(()) };
        if std::fs::read(path).map_err(failed)? != source.text().as_bytes() {
            self.printer.warning(&format!("{} changed while it ran and is not rewritten", path.display()));
            self.unmended.extend(wishes.into_iter().map(|wish| wish.plan));
            return Ok(());
        }
        wishes.retain(|wish| self.can_be_written(&source, wish));
        let mut seen = BTreeSet::new();
        let plans: Vec<PlanKey> = wishes.iter().map(|wish| wish.plan.clone()).collect();
        wishes.retain(|wish| seen.insert(wish.location.clone()));
        let edits: Vec<Edit> = wishes.into_iter().filter_map(|wish| wish.edit).collect();
        let Some(text) = rewrite(&source, &edits) else {
            self.printer.warning(&format!("{}: not rewritten, {MISREAD}", path.display()));
            self.unmended.extend(plans);
            return Ok(());
        };
        if edits.is_empty() {
            return Ok(());
        }
        replace(path, &text).map_err(failed)?;
        let count = plural(edits.len(), "expected output");
        self.printer.say(&format!("updated {count} in {}", path.display()));
        Ok(())
    }

    /// Tells whether new lines would be read as the output that they are; says so if not.
    fn can_be_written(&mut self, source: &Arc<Source>, wish: &Wish) -> bool {
        let fits =
            wish.edit.as_ref().is_some_and(|edit| rewrite(source, std::slice::from_ref(edit)).is_some());
        if !fits {
            self.refuse(&wish.plan, &wish.location, MISREAD);
        }
        fits
    }
}

/// Why lines stay that a new text cannot replace.
const MISREAD: &str = "since what was printed would not be read as output there";

impl Wish {
    fn is_same(&self, other: &Wish) -> bool {
        let text = |wish: &Wish| wish.edit.as_ref().map(|edit| edit.with.clone());
        text(self) == text(other)
    }
}

/// Says whose outputs differ where the page has one place for both.
fn contested(one: &Wish, other: &Wish) -> String {
    let location = &one.location;
    if one.plan == other.plan {
        return format!(
            "{location}: not rewritten, it is run more than once and prints something else each time"
        );
    }
    format!("{location}: not rewritten, {} prints something else than {}", other.plan, one.plan)
}

/// A promise of the page, and the output that it is about.
struct Promise<'a> {
    expected: &'a ExpectedOutput,
    output: &'a StepOutput,
    /// The command of a transcript that it stands below.
    command: Option<&'a TranscriptCommand>,
}

/// Returns the new lines for an output, with what they capture of it, or why there are none.
fn new_lines(
    promise: &Promise<'_>,
    output: &str,
    bound: &Captures,
) -> Result<(Edit, Captures), &'static str> {
    const OWN: &str = "this check is the author's own";
    let ExpectedOutput { expectation, origin, place, .. } = promise.expected;
    let Origin::Lines(lines) = origin else { return Err(OWN) };
    let misread = |line: &str, at: usize, count: usize| {
        promise.command.is_some_and(|command| command.misreads(line, at, count))
    };
    let reason =
        if matches!(expectation.matcher, Matcher::Json(_)) { "what was printed is not JSON" } else { OWN };
    let with = updated(expectation, &lines.content, output, bound, &misread).ok_or(reason)?;
    let captures = match expectation.with_text(&with).map(|new| new.check(output, bound)) {
        Ok(Verdict::Held { captures, .. }) => captures,
        _ => Captures::new(),
    };
    Ok((Edit { lines: Text::clone(lines), place: place.clone(), with }, captures))
}

/// Returns each promise of a step with the output that it is about.
fn promises<'a>(tutorial: &'a Tutorial, name: &StepName, result: &'a StepResult) -> Vec<Promise<'a>> {
    let Some(step) = tutorial.steps.iter().find(|step| step.name == *name) else { return Vec::new() };
    match &step.action {
        Action::Transcript(commands) => {
            let pairs = commands.iter().zip(&result.commands);
            let promises = pairs.flat_map(|(command, ran)| {
                command.expected.iter().map(move |expected| Promise {
                    expected,
                    output: &ran.output,
                    command: stands_in(expected, step).then_some(command),
                })
            });
            promises.collect()
        }
        Action::Command | Action::File(_) => {
            let promise = |expected| Promise { expected, output: &result.output, command: None };
            step.expected.iter().map(promise).collect()
        }
    }
}

/// Returns whether what is expected stands in the block of its step, among the commands of a transcript.
fn stands_in(expected: &ExpectedOutput, step: &Step) -> bool {
    let (block, lines) = (&step.place, &expected.place);
    Arc::ptr_eq(&block.source, &lines.source) && block.span.range().contains(&lines.span.start)
}

/// Writes a file in one piece.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let real = path.canonicalize()?;
    let folder = real.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let permissions = std::fs::metadata(&real)?.permissions();
    std::fs::set_permissions(file.path(), permissions)?;
    file.persist(&real).map_err(|error| error.error)?;
    Ok(())
}
