//! `stagebook konflux import`

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CliError;
use super::exit::ExitStatus;
use super::konflux_files::{YamlFile, read_yaml_files};
use super::printer::Printer;
use super::project::has_error;
use crate::diagnostic::{Finding, plural};
use crate::konflux::import::import as imported;

/// Make pages of Tekton's objects
///
/// A page shows what an object says where a reader looks for it, and gives the object again: `stagebook
/// konflux export PAGE`.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// YAML files, or folders of them: `.tekton`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the page goes; a folder for the pages of several files [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Writes a page for each file.
pub(super) fn import(arguments: &ImportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut findings = Vec::new();
    let files = read_yaml_files(&arguments.paths, &mut findings)?;
    let pages: Vec<(PathBuf, String)> = files.iter().filter_map(|file| page(file, &mut findings)).collect();
    printer.findings(&mut findings);
    match (pages.as_slice(), &arguments.output) {
        ([], _) => {
            printer.failure("there is nothing to import: name YAML files, or folders of them");
            return Ok(ExitStatus::Invalid);
        }
        ([(_, page)], None) => printer.data(page)?,
        (_, None) => {
            printer.failure("several pages need a folder: --output FOLDER");
            return Ok(ExitStatus::Invalid);
        }
        (pages, Some(output)) => write_pages(pages, output, printer)?,
    }
    Ok(if has_error(&findings) { ExitStatus::Failed } else { ExitStatus::Passed })
}

/// Returns the page of a file, and where it goes below the folder of all.
fn page(file: &YamlFile, findings: &mut Vec<Finding>) -> Option<(PathBuf, String)> {
    let page = imported(&file.source);
    findings.extend(page.findings);
    (page.objects > 0).then(|| (file.inside.with_extension("md"), page.text))
}

/// Writes pages below a folder; a single one may go to a file.
fn write_pages(pages: &[(PathBuf, String)], output: &Path, printer: &Printer) -> Result<(), CliError> {
    let is_file = |path: &Path| path.extension().is_some_and(|ending| ending == "md");
    for (inside, page) in pages {
        let path = match pages {
            [_] if is_file(output) => output.to_path_buf(),
            _ => output.join(inside),
        };
        write_file(&path, page)?;
    }
    printer.say(&format!("{}: {}", plural(pages.len(), "page"), output.display()));
    Ok(())
}

/// Writes a file, in folders that need not be there.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    let wrong = |source| CliError::Write { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    std::fs::write(path, text).map_err(wrong)
}
