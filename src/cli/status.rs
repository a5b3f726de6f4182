//! `stagebook status`

use clap::{Args, ValueEnum};

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::{Pages, Project};
use crate::event::Timestamp;
use crate::record::{self, Store};
use crate::report::{status_json, status_table};

/// List tutorials as verified, failed, stale or never run
#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// For programs
    Json,
}

/// Prints the state of each tutorial.
pub(super) fn status(arguments: &StatusArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    let plans = printer.sound(project.plans(&arguments.tutorials, &SelectionArguments::default())?)?;
    printer.findings(&mut project.findings);
    let store = Store::open(&project.settings.root);
    let rows = record::status(&plans, &store);
    let data = match arguments.format {
        Format::Text => status_table(&rows, Timestamp::now(), &printer.data_styles()),
        Format::Json => {
            let json = status_json(&rows, Timestamp::now());
            format!("{}\n", serde_json::to_string_pretty(&json).expect("a status is JSON"))
        }
    };
    printer.data(&data);
    Ok(ExitStatus::Passed)
}
