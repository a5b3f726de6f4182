//! `stagebook generate`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::konflux::objects::{Prepared, check_objects, checker};
use super::printer::Printer;
use super::project::{Pages, Project, has_error};
use crate::diagnostic::{Finding, plural, unified};
use crate::generate::{Comparison, Generated, GeneratedFile, State, compare, generated, json, prune, write};
use crate::konflux::Checker;
use crate::plan::Plan;
use crate::report::closing_line;

/// Write the files of the repository that pages generate
///
/// A file step with the attribute `generate` belongs into the repository: it is written to its path below
/// the project's root, once for each variant. Only files that differ are written.
#[derive(Debug, Args)]
pub(super) struct GenerateArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    /// Write nothing; print what differs, and fail if anything does
    #[arg(long)]
    check: bool,
    /// Remove files that the pages own and do not write any more
    #[arg(long, conflicts_with = "check")]
    prune: bool,
    /// Check objects of Tekton and Konflux with the definitions in a folder [default: `schemas` of `[konflux]` in stagebook.toml]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
    /// How to show what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Writes the files, or says how they differ.
pub(super) fn generate(arguments: &GenerateArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    project.tutorials.retain(|loaded| {
        loaded.tutorial.steps.iter().any(|step| step.attributes.generate.is_some())
            || has_error(&loaded.findings)
    });
    let plans = project.plans(&arguments.tutorials, &SelectionArguments::default())?;
    let plans = printer.sound_or(plans, "nothing was written")?;
    let Prepared { checker, findings, .. } = checker(&project.settings, arguments.schemas.as_deref(), &[])?;
    project.findings.extend(findings);
    let wanted = wanted(&plans, &checker, &mut project.findings);
    let generated = printer.sound_or(wanted, "nothing was written")?;
    printer.findings(&mut project.findings);
    if generated.files.is_empty() && generated.patterns.is_empty() {
        return Err(CliError::NothingGenerated);
    }
    let mut comparison = compare(&project.settings.root, &generated)?;
    if !comparison.stale.is_empty() {
        let others = produced_elsewhere(&project, arguments);
        comparison.stale.retain(|stale| others.as_ref().is_some_and(|others| !others.contains(&stale.path)));
    }
    let status = match arguments.check {
        true => check(&comparison, arguments, printer)?,
        false => update(&project, &comparison, arguments, printer)?,
    };
    if arguments.format == Format::Json {
        let json = serde_json::to_string_pretty(&json(&comparison)).expect("files are JSON");
        printer.data(&format!("{json}\n"))?;
    }
    Ok(status)
}

/// Returns what plans write into the repository, unless something is wrong with it.
fn wanted<'a>(
    plans: &'a [Plan],
    checker: &Checker,
    warnings: &mut Vec<Finding>,
) -> Result<Generated<'a>, Vec<Finding>> {
    let mut generated = generated(plans);
    let mut findings = std::mem::take(&mut generated.findings);
    findings.extend(check_objects(checker, &[], &generated.files));
    if has_error(&findings) {
        return Err(findings);
    }
    warnings.extend(findings);
    Ok(generated)
}

/// Returns the files that the project's other pages write; `None` where that cannot be known.
fn produced_elsewhere(project: &Project, arguments: &GenerateArguments) -> Option<BTreeSet<String>> {
    let tutorials = &arguments.tutorials;
    // With a value given, files of other values are not produced, and yet not left over.
    let given = !tutorials.parameters.is_empty() || tutorials.params_file.is_some();
    if given || !project.environment.parameters().is_empty() {
        return None;
    }
    if tutorials.paths.is_empty() {
        return Some(BTreeSet::new());
    }
    let all = TutorialArguments::default();
    let Ok(mut others) = Project::open(&all, Pages::Tutorials) else { return Some(BTreeSet::new()) };
    others.tutorials.retain(|loaded| {
        loaded.tutorial.steps.iter().any(|step| step.attributes.generate.is_some())
            && !project.tutorials.iter().any(|known| known.id == loaded.id)
    });
    let plans = others.plans_by_page(&all, &SelectionArguments::default()).ok()?;
    let plans: Result<Vec<Vec<Plan>>, _> = plans.into_iter().collect();
    let plans: Vec<Plan> = plans.ok()?.into_iter().flatten().collect();
    Some(generated(&plans).files.into_iter().map(|file| file.path).collect())
}

/// Shows what is not as the pages want it.
fn check(
    comparison: &Comparison<'_>,
    arguments: &GenerateArguments,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    if arguments.format == Format::Text {
        printer.data(&diffs(comparison))?;
    }
    let mut findings = Vec::new();
    for difference in &comparison.files {
        let what = match difference.state {
            State::UpToDate => continue,
            State::OutOfDate { .. } => "out of date",
            State::Missing => "missing",
        };
        let (file, block) = (difference.file, difference.file.block());
        printer.say(&format!("{what}: {}  {}", file.path, place(file)));
        let message = format!("`{}` is {what}: run `stagebook generate`", file.path);
        findings.push(Finding::error("not-generated", message).at(block.place.clone()));
    }
    for stale in &comparison.stale {
        printer.say(&format!("no longer produced: {}", stale.path));
        let message = format!("`{}` is no longer produced: run `stagebook generate --prune`", stale.path);
        findings.push(Finding::error("not-generated", message).at(stale.owner.clone()));
    }
    printer.annotate(findings.iter());
    let good = comparison.is_up_to_date();
    let mut line = in_words(comparison, CHECKED);
    if !good {
        let prune = if comparison.stale.is_empty() { "" } else { " --prune" };
        line.push_str(&format!("; to change that: stagebook generate{prune}"));
    }
    printer.insist(&closing_line(&printer.styles(), good, &line));
    Ok(if good { ExitStatus::Passed } else { ExitStatus::Failed })
}

fn place(file: &GeneratedFile<'_>) -> String {
    let location = file.block().place.location();
    let variant = file.variant.map(|variant| format!(" [{variant}]")).unwrap_or_default();
    format!("({}:{}{variant})", location.path.display(), location.line)
}

fn diffs(comparison: &Comparison<'_>) -> String {
    let mut text = String::new();
    for difference in &comparison.files {
        let file = difference.file;
        text += &match &difference.state {
            State::UpToDate => continue,
            State::OutOfDate { text, .. } => unified(&file.path, Some(text), Some(file.content)),
            State::Missing => unified(&file.path, None, Some(file.content)),
        };
    }
    for stale in &comparison.stale {
        text += &unified(&stale.path, Some(&stale.text), None);
    }
    text
}

/// Makes the repository what the pages want.
fn update(
    project: &Project,
    comparison: &Comparison<'_>,
    arguments: &GenerateArguments,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let root = &project.settings.root;
    for difference in comparison.files.iter().filter(|difference| difference.state != State::UpToDate) {
        write(root, difference)?;
        printer.say(&format!("wrote {}", difference.file.path));
    }
    for stale in &comparison.stale {
        if arguments.prune {
            prune(root, &stale.path)?;
            printer.say(&format!("removed {}", stale.path));
        } else {
            let location = stale.owner.location();
            printer.warning(&format!(
                "{} is no longer produced by {}:{}; --prune removes it",
                stale.path,
                location.path.display(),
                location.line
            ));
        }
    }
    let words = if arguments.prune { PRUNED } else { WRITTEN };
    printer.insist(&closing_line(&printer.styles(), true, &in_words(comparison, words)));
    Ok(ExitStatus::Passed)
}

/// What is said of files that are up to date, out of date, missing and no longer produced.
type Words = [&'static str; 4];

const CHECKED: Words = ["up to date", "out of date", "missing", "no longer produced"];
const WRITTEN: Words = ["unchanged", "changed", "added", "no longer produced"];
const PRUNED: Words = ["unchanged", "changed", "added", "removed"];

/// Returns `18 files: 16 up to date, 1 out of date, 1 missing`.
fn in_words(comparison: &Comparison<'_>, [same, different, missing, stale]: Words) -> String {
    let count =
        |wanted: fn(&State) -> bool| comparison.files.iter().filter(|file| wanted(&file.state)).count();
    let counts = [
        (count(|state| *state == State::UpToDate), same),
        (count(|state| matches!(state, State::OutOfDate { .. })), different),
        (count(|state| *state == State::Missing), missing),
        (comparison.stale.len(), stale),
    ];
    let parts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    let files = plural(comparison.files.len(), "file");
    if parts.is_empty() { files } else { format!("{files}: {}", parts.join(", ")) }
}
