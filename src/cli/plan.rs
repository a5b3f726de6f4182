//! `stagebook plan`

use clap::{Args, ValueEnum};

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::{Pages, Project};
use crate::plan::{dot, mermaid, text, view};
use crate::report::clean;

/// Show what would run, without running it
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// A graph for Graphviz
    Dot,
    /// A graph for Markdown pages
    Mermaid,
}

/// Prints the plans.
pub(super) fn plan(arguments: &PlanArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut project = Project::open(&arguments.tutorials, Pages::Tutorials)?;
    let plans = printer.sound(project.plans(&arguments.tutorials, &arguments.selection)?)?;
    printer.findings(&mut project.findings);
    // What a page says about itself must not repaint the terminal.
    let data = match arguments.format {
        Format::Text => clean(&plans.iter().map(text).collect::<Vec<_>>().join("\n"), false),
        Format::Dot => clean(&dot(&plans), false),
        Format::Mermaid => clean(&mermaid(&plans), false),
        Format::Json => {
            let json = serde_json::to_string_pretty(&view(&plans)).expect("a plan's view is JSON");
            format!("{json}\n")
        }
    };
    printer.data(&data)?;
    Ok(ExitStatus::Passed)
}
