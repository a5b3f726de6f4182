//! The way back from a page that was imported: `stagebook konflux export` of such a page.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::error::CliError;
use super::exit::ExitStatus;
use super::konflux_import::write_file;
use super::printer::Printer;
use super::project::has_error;
use crate::diagnostic::Source;
use crate::konflux::import::{export_page, is_imported};
use crate::yaml;

/// Write the objects of a page
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// A page that `konflux import` made
    #[arg(value_name = "PAGE")]
    page: PathBuf,
    /// Where the objects go [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the objects of a page.
pub(super) fn export(arguments: &ExportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let text = std::fs::read_to_string(&arguments.page);
    let text = text.map_err(|source| CliError::ReadYaml { path: arguments.page.clone(), source })?;
    let source = Source::new(&arguments.page, text);
    if !is_imported(&source) {
        printer.failure("the page holds no objects");
        return Ok(ExitStatus::Invalid);
    }
    export_imported(&source, arguments.output.as_deref(), printer)
}

/// Writes the objects of a page that was imported.
pub(super) fn export_imported(
    source: &Arc<Source>,
    output: Option<&std::path::Path>,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let mut page = export_page(source);
    printer.findings(&mut page.findings);
    if has_error(&page.findings) {
        return Ok(ExitStatus::Failed);
    }
    let objects: Vec<String> = page.objects.iter().map(|object| yaml::write(&object.value)).collect();
    let text = objects.join("---\n");
    match output {
        Some(path) => write_file(path, &text)?,
        None => printer.data(&text)?,
    }
    Ok(ExitStatus::Passed)
}
