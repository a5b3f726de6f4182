//! `stagebook konflux`

mod check;
mod compare;
mod export;
mod files;
mod import;
pub(super) mod objects;
mod page;
mod step;
mod tenant;
mod tenant_files;

use clap::{Args, Subcommand};

use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::generate;
use crate::cli::printer::Printer;

/// Keep Konflux's pipelines and the pages about them together
#[derive(Debug, Args)]
pub(super) struct KonfluxArguments {
    #[command(subcommand)]
    command: KonfluxCommand,
}

#[derive(Debug, Subcommand)]
enum KonfluxCommand {
    Generate(generate::GenerateArguments),
    Check(check::CheckArguments),
    Export(export::ExportArguments),
    Tenant(tenant::TenantArguments),
    Import(import::ImportArguments),
    Compare(compare::CompareArguments),
    Step(step::StepArguments),
}

/// Does what was asked for.
pub(super) fn konflux(arguments: KonfluxArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match arguments.command {
        KonfluxCommand::Generate(arguments) => generate::generate(&arguments, printer),
        KonfluxCommand::Check(arguments) => check::check(&arguments, printer),
        KonfluxCommand::Export(arguments) => export::export(&arguments, printer),
        KonfluxCommand::Tenant(arguments) => tenant::tenant(&arguments, printer),
        KonfluxCommand::Import(arguments) => import::import(&arguments, printer),
        KonfluxCommand::Compare(arguments) => compare::compare(&arguments, printer),
        KonfluxCommand::Step(arguments) => step::step(&arguments, printer),
    }
}
