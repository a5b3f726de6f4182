//! `stagebook konflux export`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::konflux_objects::{Prepared, check_objects, checker};
use super::printer::Printer;
use super::project::{Pages, Project, has_error};
use crate::config::KonfluxSettings;
use crate::diagnostic::{Finding, Severity, Source, plural};
use crate::konflux::{CONTAINERFILE, Exported, export as export_plans};
use crate::yaml;

/// Write tutorials as Tekton pipelines: a Pipeline with its tasks inline, and a PipelineRun
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
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    let settings = KonfluxSettings {
        image: arguments.image.clone().or_else(|| project.settings.konflux.image.clone()),
        ..project.settings.konflux.clone()
    };
    let (exported, mut findings) = exported(&mut project, arguments, &settings)?;
    findings.extend(refused(&project, &exported)?);
    printer.findings(&mut findings);
    if has_error(&findings) {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        printer.failure(&format!("{}; nothing was exported", plural(errors, "mistake")));
        return Err(CliError::Findings);
    }
    match &arguments.output {
        None => printer.data(&documents(exported.iter().flat_map(|one| [&one.pipeline, &one.run])))?,
        Some(output) if is_file(output) => {
            write(output, &documents(exported.iter().flat_map(|one| [&one.pipeline, &one.run])), printer)?;
        }
        Some(folder) => write_folder(folder, &exported, printer)?,
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
    let mut exported = Vec::new();
    for (loaded, plans) in project.tutorials.iter().zip(planned) {
        findings.extend(loaded.findings.iter().cloned());
        match plans {
            Ok(plans) => {
                let (one, wrong) = export_plans(&plans, settings);
                exported.extend(one);
                findings.extend(wrong);
            }
            Err(wrong) => findings.extend(wrong),
        }
    }
    Ok((exported, crate::diagnostic::tidy(findings)))
}

/// Returns what a cluster would refuse of what was exported.
fn refused(project: &Project, exported: &[Exported]) -> Result<Vec<Finding>, CliError> {
    let Prepared { checker, .. } = checker(&project.settings, None, &[])?;
    let text = |one: &Exported| documents([&one.pipeline, &one.run].into_iter());
    let sources: Vec<_> =
        exported.iter().map(|one| Source::new(format!("{}.yaml", one.name), text(one))).collect();
    let mut findings = check_objects(&checker, &sources, &[]);
    findings.retain(|finding| finding.severity == Severity::Error);
    Ok(findings)
}

/// Returns whether a path is meant as a file: it is one, or it is called as one.
fn is_file(path: &Path) -> bool {
    let is_called_so = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    !path.is_dir() && (path.is_file() || is_called_so)
}

fn documents<'a>(objects: impl Iterator<Item = &'a Value>) -> String {
    objects.map(yaml::write).collect::<Vec<_>>().join("---\n")
}

fn write_folder(folder: &Path, exported: &[Exported], printer: &Printer) -> Result<(), CliError> {
    let trouble = |source| CliError::Write { path: folder.to_path_buf(), source };
    std::fs::create_dir_all(folder).map_err(trouble)?;
    for one in exported {
        write(&folder.join(format!("{}.yaml", one.name)), &yaml::write(&one.pipeline), printer)?;
        write(&folder.join(format!("{}-run.yaml", one.name)), &yaml::write(&one.run), printer)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, printer: &Printer) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|source| CliError::Write { path: path.to_path_buf(), source })?;
    printer.say(&path.display().to_string());
    Ok(())
}
