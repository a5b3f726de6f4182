//! `stagebook status`

use clap::{Args, ValueEnum};

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::{Pages, Project, has_error};
use crate::diagnostic::{Finding, Severity};
use crate::event::Timestamp;
use crate::record::{self, Store};
use crate::report::{status_json, status_table};

/// List tutorials as verified, failed, stale, broken or never run
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
    let mut project = Project::open(&arguments.tutorials, Pages::Recorded)?;
    let planned = project.plans_by_page(&arguments.tutorials, &SelectionArguments::default())?;
    let mut findings = std::mem::take(&mut project.findings);
    let store = Store::open(&project.settings.root);
    let mut rows = Vec::new();
    for (loaded, built) in project.tutorials.iter().zip(planned) {
        let mut wrong = loaded.findings.clone();
        match built {
            Ok(plans) if !has_error(&wrong) => rows.extend(record::status(&plans, &store)),
            built => {
                wrong.extend(built.err().into_iter().flatten());
                rows.push(record::broken(&loaded.id, mistakes(&wrong)));
            }
        }
        findings.extend(wrong);
    }
    let data = match arguments.format {
        Format::Text => status_table(&rows, Timestamp::now(), &printer.data_styles()),
        Format::Json => {
            let json = status_json(&rows, Timestamp::now());
            format!("{}\n", serde_json::to_string_pretty(&json).expect("a status is JSON"))
        }
    };
    printer.findings(&mut findings);
    printer.data(&data)?;
    Ok(if has_error(&findings) { ExitStatus::Invalid } else { ExitStatus::Passed })
}

/// Returns the mistakes among findings, each on a line with its place.
fn mistakes(findings: &[Finding]) -> Vec<String> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let line = |finding: &Finding| match &finding.place {
        Some(place) => format!("{}: {}", place.location(), finding.message),
        None => finding.message.clone(),
    };
    errors.map(line).collect()
}
