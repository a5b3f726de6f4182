//! `stagebook image`

mod access;
mod compare;
mod inspect;
mod lint;
mod rebuild;

use clap::{Args, Subcommand, ValueEnum};

pub(super) use access::open_cache;

use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;

/// Look into images, and hold those that were built to those of production
#[derive(Debug, Args)]
pub(super) struct ImageArguments {
    #[command(subcommand)]
    command: ImageCommand,
}

#[derive(Debug, Subcommand)]
enum ImageCommand {
    Inspect(inspect::InspectArguments),
    Compare(compare::CompareArguments),
    Lint(lint::LintArguments),
    Rebuild(rebuild::RebuildArguments),
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Does what was asked for.
pub(super) fn image(arguments: &ImageArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match &arguments.command {
        ImageCommand::Inspect(arguments) => inspect::inspect(arguments, printer),
        ImageCommand::Compare(arguments) => compare::compare(arguments, printer),
        ImageCommand::Lint(arguments) => lint::lint(arguments, printer),
        ImageCommand::Rebuild(arguments) => rebuild::rebuild(arguments, printer),
    }
}
