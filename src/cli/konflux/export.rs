//! `stagebook konflux export`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::Value;

use super::files::write_file;
use super::objects::{Prepared, checker};
use super::page::{ImportedPage, take_imported};
use crate::cli::arguments::{SelectionArguments, TutorialArguments};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::{Pages, Project, has_error};
use crate::config::KonfluxSettings;
use crate::diagnostic::{Finding, Severity, Source, plural};
use crate::konflux::{CONTAINERFILE, Checker, Exported, Origins, export as export_plans};
use crate::plan::Plan;
use crate::yaml;

/// Write tutorials as Tekton pipelines: a Pipeline with its tasks inline, and a PipelineRun
///
/// A page that `konflux import` made gives the objects that it holds.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    /// Run the tasks in this image [default: `image` below `[konflux]` of stagebook.toml]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Write a file (`NAME.yaml`), or two files for each tutorial into a folder [default: standard output]
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Read the definitions of kinds from a folder [default: `schemas` below `[konflux]` of stagebook.toml]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
    /// Print a recipe for the image in which tasks run, and do nothing else
    #[arg(long, exclusive = true)]
    containerfile: bool,
}

/// Exports tutorials.
pub(super) fn export(arguments: &ExportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    if arguments.containerfile {
        printer.data(CONTAINERFILE)?;
        return Ok(ExitStatus::Passed);
    }
    let mut project = Project::open(&arguments.tutorials, Pages::Exported)?;
    let settings = KonfluxSettings {
        image: arguments.image.clone().or_else(|| project.settings.konflux.image.clone()),
        ..project.settings.konflux.clone()
    };
    let mut wrong = Vec::new();
    let pages = take_imported(&mut project, &mut wrong);
    let (exported, mut findings) = exported(&mut project, arguments, &settings)?;
    findings.extend(wrong);
    printer.findings(&mut findings);
    if has_error(&findings) {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        printer.failure(&format!("{}; nothing was exported", plural(errors, "mistake")));
        return Err(CliError::Findings);
    }
    match &arguments.output {
        None => printer.data(&documents(objects(&exported, &pages)))?,
        Some(output) if is_file(output) => write(output, &documents(objects(&exported, &pages)), printer)?,
        Some(folder) => write_folder(folder, &exported, &pages, printer)?,
    }
    Ok(ExitStatus::Passed)
}

/// Exports each tutorial, and collects what is wrong with any of them.
fn exported(
    project: &mut Project,
    arguments: &ExportArguments,
    settings: &KonfluxSettings,
) -> Result<(Vec<Exported>, Vec<Finding>), CliError> {
    let planned = project.plans_by_page(&arguments.tutorials, &SelectionArguments::default())?;
    let mut findings = std::mem::take(&mut project.findings);
    // What is said of the image once need not be said at each step.
    let allow = ["image-digest".to_owned()];
    let Prepared { checker, findings: wrong, .. } =
        checker(&project.settings, arguments.schemas.as_deref(), &allow)?;
    findings.extend(wrong);
    let mut exported: Vec<Exported> = Vec::new();
    let mut pages: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (loaded, plans) in project.tutorials.iter().zip(planned) {
        findings.extend(loaded.findings.iter().cloned());
        match plans {
            Ok(plans) => {
                let (one, mut wrong) = export_plans(&plans, settings);
                wrong.iter_mut().for_each(offer_flag);
                if !has_error(&wrong) {
                    findings.extend(one.iter().flat_map(|one| check(one, &plans[0], &checker)));
                }
                findings.extend(one.iter().filter_map(|one| taken(&one.name, &loaded.path, &mut pages)));
                exported.extend(one);
                findings.extend(wrong);
            }
            Err(wrong) => findings.extend(wrong),
        }
    }
    Ok((exported, crate::diagnostic::tidy(findings)))
}

/// Says that another page has given a pipeline of this name: on a cluster, and in a folder, the later one would take
/// the place of the first.
fn taken(name: &str, page: &Path, pages: &mut BTreeMap<String, PathBuf>) -> Option<Finding> {
    let first = pages.insert(name.to_owned(), page.to_path_buf()).filter(|first| first != page)?;
    let message =
        format!("`{}` and `{}` would both be the pipeline `{name}`", first.display(), page.display());
    Some(
        Finding::error("duplicate-pipeline", message)
            .help("rename one of the pages, or export them one by one"),
    )
}

/// Says that an image can be named on the command line too, which a run on a cluster cannot.
fn offer_flag(finding: &mut Finding) {
    if finding.code == "no-task-image"
        && let Some(help) = &mut finding.help
    {
        help.push_str("; `--image` names one for this time");
    }
}

/// Returns what is wrong with exported objects, with the lines of the page that they come from.
fn check(exported: &Exported, plan: &Plan, checker: &Checker) -> Vec<Finding> {
    let text = documents([&exported.pipeline, &exported.run].into_iter());
    let source = Source::new(format!("{}.yaml", exported.name), text);
    let findings = checker.check(&[Arc::clone(&source)]);
    if findings.is_empty() { findings } else { Origins::of(&source, plan).on_page(findings) }
}

/// Returns whether a path is meant as a file: it is one, or it is called as one.
fn is_file(path: &Path) -> bool {
    let is_called_so = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    !path.is_dir() && (path.is_file() || is_called_so)
}

fn objects<'a>(exported: &'a [Exported], pages: &'a [ImportedPage]) -> impl Iterator<Item = &'a Value> {
    let plans = exported.iter().flat_map(|one| [&one.pipeline, &one.run]);
    plans.chain(pages.iter().flat_map(|page| &page.objects))
}

fn documents<'a>(objects: impl Iterator<Item = &'a Value>) -> String {
    objects.map(yaml::write).collect::<Vec<_>>().join("---\n")
}

fn write_folder(
    folder: &Path,
    exported: &[Exported],
    pages: &[ImportedPage],
    printer: &Printer,
) -> Result<(), CliError> {
    for one in exported {
        write(&folder.join(format!("{}.yaml", one.name)), &yaml::write(&one.pipeline), printer)?;
        write(&folder.join(format!("{}-run.yaml", one.name)), &yaml::write(&one.run), printer)?;
    }
    for page in pages {
        write(&folder.join(format!("{}.yaml", page.name)), &documents(page.objects.iter()), printer)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, printer: &Printer) -> Result<(), CliError> {
    write_file(path, text)?;
    printer.say(&path.display().to_string());
    Ok(())
}
