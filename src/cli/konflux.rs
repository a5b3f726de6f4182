//! `stagebook konflux`

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::ExitStatus;
use super::generate;
use super::konflux_check;
use super::printer::Printer;

/// Keep Konflux's pipelines and the pages about them together
#[derive(Debug, Args)]
pub(super) struct KonfluxArguments {
    #[command(subcommand)]
    command: KonfluxCommand,
}

#[derive(Debug, Subcommand)]
enum KonfluxCommand {
    Generate(generate::GenerateArguments),
    Check(konflux_check::CheckArguments),
}

/// Does what was asked for.
pub(super) fn konflux(arguments: KonfluxArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match arguments.command {
        KonfluxCommand::Generate(arguments) => generate::generate(&arguments, printer),
        KonfluxCommand::Check(arguments) => konflux_check::check(&arguments, printer),
    }
}
