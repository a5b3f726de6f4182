//! `stagebook book export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::book::{BookPlace, open_book};
use super::book_findings;
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::has_error;
use crate::book::{ComponentOptions, Project, SiteWriter, antora_component};
use crate::diagnostic::plural;

/// Write the book for another program that makes sites
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The book's folder, as for `book build`
    folder: Option<PathBuf>,
    /// For which program
    #[arg(long, value_name = "PROGRAM")]
    to: Program,
    /// Where it goes [default: `.stagebook/antora` of the project]
    #[arg(short = 'd', long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// What other components call it [default: made from the book's title]
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// The component's version [default: none]
    #[arg(long, value_name = "VERSION")]
    component_version: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// A component of AsciiDoc pages
    Antora,
}

/// Writes a book for another program.
pub(super) fn export(arguments: &ExportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let Program::Antora = arguments.to;
    let BookPlace { project, book, mut findings } = open_book(arguments.folder.as_deref())?;
    let Project { here: current, settings, store, .. } = project;
    let options = ComponentOptions {
        root: &settings.root,
        store: &store,
        name: arguments.component.clone(),
        version: arguments.component_version.clone(),
    };
    let component = antora_component(&book, &options);
    let output = match &arguments.output {
        Some(output) => current.join(output),
        None => settings.root.join(".stagebook").join("antora"),
    };
    let writer = SiteWriter::open(&output)?;
    component.files.iter().try_for_each(|(path, content)| writer.put(path, content))?;
    let written = writer.finish()?;
    findings.extend(book.findings.iter().chain(&component.findings).cloned());
    book_findings::tell(&mut findings, printer);
    let shown = output.strip_prefix(&current).unwrap_or(&output);
    printer.say(&format!(
        "component `{}` with {}, {} ({} changed): {}",
        component.name,
        plural(book.pages.len(), "page"),
        plural(written.files, "file"),
        written.changed,
        shown.join("antora.yml").display()
    ));
    Ok(if has_error(&findings) { ExitStatus::Failed } else { ExitStatus::Passed })
}
