//! `stagebook schema`

use clap::Args;

use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use crate::record;

/// Print the JSON schema of run records
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {}

/// Prints the schema.
pub(super) fn schema(_arguments: &SchemaArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let schema = serde_json::to_string_pretty(&record::schema()).expect("a schema is JSON");
    printer.data(&format!("{schema}\n"));
    Ok(ExitStatus::Passed)
}
