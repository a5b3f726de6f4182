//! `stagebook konflux import`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::files::{YamlFile, read_yaml_files};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::has_error;
use crate::config::Settings;
use crate::diagnostic::{Finding, normal_path, plural};
use crate::konflux::import::{Member, import as imported, import_folder, nearly_equal};

/// Make pages of Tekton's objects
///
/// A page shows what an object says where a reader looks for it, and gives the object again: `stagebook
/// konflux export PAGE`. Files that are nearly equal become one page with a table for each part of their
/// names and one template, which writes them again: `stagebook generate PAGE`.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// YAML files, or folders of them: `.tekton`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the page goes; a folder for the pages of several files [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Make one page that generates all files, however much they differ
    #[arg(long)]
    template: bool,
    /// Make a page for each file, even where the files are nearly equal
    #[arg(long, conflicts_with = "template")]
    each: bool,
}

/// Writes a page for each file.
pub(super) fn import(arguments: &ImportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut findings = Vec::new();
    let files = read_yaml_files(&arguments.paths, &mut findings)?;
    if let Some(members) = members(arguments, &files)? {
        let page = import_folder(&members);
        findings.extend(page.findings);
        printer.findings(&mut findings);
        return write_template(&page.text, members.len(), arguments, printer);
    }
    let pages: Vec<(PathBuf, String)> = files.iter().filter_map(|file| page(file, &mut findings)).collect();
    printer.findings(&mut findings);
    match (pages.as_slice(), &arguments.output) {
        ([], _) => {
            printer.failure("there is nothing to import: name YAML files, or folders of them");
            return Ok(ExitStatus::Invalid);
        }
        ([(_, page)], None) => printer.data(page)?,
        (_, Some(output)) if pages.len() > 1 && (is_page(output) || output.is_file()) => {
            printer.failure("several pages need a folder: --output FOLDER, or --template for one page");
            return Ok(ExitStatus::Invalid);
        }
        (_, None) => {
            printer.failure("several pages need a folder: --output FOLDER");
            return Ok(ExitStatus::Invalid);
        }
        (pages, Some(output)) => write_pages(pages, output, printer)?,
    }
    Ok(if has_error(&findings) { ExitStatus::Failed } else { ExitStatus::Passed })
}

/// Returns the files of a single page, if they are to become one.
fn members(arguments: &ImportArguments, files: &[YamlFile]) -> Result<Option<Vec<Member>>, CliError> {
    if arguments.each || files.is_empty() || (files.len() < 2 && !arguments.template) {
        return Ok(None);
    }
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, _) = Settings::load(&current)?;
    let member = |file: &YamlFile| Member {
        source: Arc::clone(&file.source),
        path: path_in(&settings.root, &current, file).to_string_lossy().into_owned(),
    };
    let members: Vec<Member> = files.iter().map(member).collect();
    Ok((arguments.template || nearly_equal(&members)).then_some(members))
}

/// Returns the path of a file from a project's root. One outside keeps what it has from `.tekton` on, else its
/// path below the folder that was named: there a project would have it.
fn path_in(root: &Path, current: &Path, file: &YamlFile) -> PathBuf {
    let path = normal_path(&current.join(file.source.path()));
    if let Ok(inside) = path.strip_prefix(root) {
        return inside.to_path_buf();
    }
    let parts: Vec<_> = path.components().collect();
    let hidden = parts.iter().position(|part| part.as_os_str() == ".tekton");
    hidden.map_or_else(|| file.inside.clone(), |at| parts[at..].iter().collect())
}

fn write_template(
    page: &str,
    files: usize,
    arguments: &ImportArguments,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let Some(output) = &arguments.output else {
        printer.data(page)?;
        return Ok(ExitStatus::Passed);
    };
    let path = if is_page(output) { output.clone() } else { output.join("pipelines.md") };
    write_file(&path, page)?;
    let shown = path.display();
    printer.say(&format!("{} in one page: {shown}", plural(files, "file")));
    printer.say(&format!("  help: see that it writes them again: stagebook generate --check {shown}"));
    Ok(ExitStatus::Passed)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// Returns the page of a file, and where it goes below the folder of all.
fn page(file: &YamlFile, findings: &mut Vec<Finding>) -> Option<(PathBuf, String)> {
    let page = imported(&file.source);
    findings.extend(page.findings);
    (page.objects > 0).then(|| (file.inside.with_extension("md"), page.text))
}

/// Writes pages below a folder; a single one may go to a file.
fn write_pages(pages: &[(PathBuf, String)], output: &Path, printer: &Printer) -> Result<(), CliError> {
    for (inside, page) in pages {
        let path = match pages {
            [_] if is_page(output) => output.to_path_buf(),
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
