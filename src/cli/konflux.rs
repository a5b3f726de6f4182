//! `stagebook konflux`

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::{konflux_compare, konflux_import, konflux_page};

/// Keep Konflux's pipelines and the pages about them together
#[derive(Debug, Args)]
pub(super) struct KonfluxArguments {
    #[command(subcommand)]
    command: KonfluxCommand,
}

#[derive(Debug, Subcommand)]
enum KonfluxCommand {
    Compare(konflux_compare::CompareArguments),
    Export(konflux_page::ExportArguments),
    Import(konflux_import::ImportArguments),
}

/// Does what was asked for.
pub(super) fn konflux(arguments: KonfluxArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match arguments.command {
        KonfluxCommand::Compare(arguments) => konflux_compare::compare(&arguments, printer),
        KonfluxCommand::Export(arguments) => konflux_page::export(&arguments, printer),
        KonfluxCommand::Import(arguments) => konflux_import::import(&arguments, printer),
    }
}
