//! `stagebook schema`

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use crate::{event, plan, record};

/// Print the JSON schema of what Stagebook writes
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Of what
    #[arg(long, value_name = "WHAT", default_value = "record")]
    of: Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    /// A run record
    Record,
    /// An event: a line of `run --report json=FILE`
    Event,
    /// Plans: `plan --format json`
    Plan,
}

/// Prints the schema.
pub(super) fn schema(arguments: &SchemaArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let schema = match arguments.of {
        Written::Record => record::schema(),
        Written::Event => event::schema(),
        Written::Plan => plan::schema(),
    };
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    printer.data(&format!("{schema}\n"))?;
    Ok(ExitStatus::Passed)
}
