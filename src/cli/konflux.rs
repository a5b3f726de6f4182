//! `stagebook konflux`

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::{
    generate, konflux_check, konflux_compare, konflux_export, konflux_import, konflux_step, konflux_tenant,
};

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
    Export(konflux_export::ExportArguments),
    Tenant(konflux_tenant::TenantArguments),
    Import(konflux_import::ImportArguments),
    Compare(konflux_compare::CompareArguments),
    Step(konflux_step::StepArguments),
}

/// Does what was asked for.
pub(super) fn konflux(arguments: KonfluxArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match arguments.command {
        KonfluxCommand::Generate(arguments) => generate::generate(&arguments, printer),
        KonfluxCommand::Check(arguments) => konflux_check::check(&arguments, printer),
        KonfluxCommand::Export(arguments) => konflux_export::export(&arguments, printer),
        KonfluxCommand::Tenant(arguments) => konflux_tenant::tenant(&arguments, printer),
        KonfluxCommand::Import(arguments) => konflux_import::import(&arguments, printer),
        KonfluxCommand::Compare(arguments) => konflux_compare::compare(&arguments, printer),
        KonfluxCommand::Step(arguments) => konflux_step::step(&arguments, printer),
    }
}
