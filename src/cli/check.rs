//! `stagebook check`

use clap::{Args, ValueEnum};

use super::arguments::{SelectionArguments, TutorialArguments};
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::{Pages, Project, parse_options};
use crate::check::{CheckOptions, Subject, check as lint, strength};
use crate::diagnostic::{Finding, Severity, plural, sort_by_place};
use crate::plan::Plan;
use crate::record::Store;
use crate::report::{findings_json, findings_sarif, findings_text};

/// Find what can be known to be wrong without running anything
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    tutorials: TutorialArguments,
    /// Change the outputs of the last run, and name the expectations that would not notice
    #[arg(long)]
    strength: bool,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FindingsFormat,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FindingsFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
}

/// Prints everything that is wrong; only errors make it fail.
pub(super) fn check(arguments: &CheckArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut project = Project::open(&arguments.tutorials, Pages::All)?;
    let subjects = subjects(&mut project, arguments)?;
    let mut findings = std::mem::take(&mut project.findings);
    let parse = parse_options(&project.settings);
    findings.extend(lint(&subjects, &CheckOptions { root: &project.settings.root, parse: &parse }));
    if arguments.strength || project.settings.checks.minimum_strength.is_some() {
        let asked = arguments.strength;
        findings.extend(weak_expectations(&project, &subjects, asked, printer));
    }
    sort_by_place(&mut findings);
    print_findings(&findings, arguments.format, printer)?;
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { ExitStatus::Failed } else { ExitStatus::Passed })
}

fn subjects(project: &mut Project, arguments: &CheckArguments) -> Result<Vec<Subject>, CliError> {
    let planned = project.plans_by_page(&arguments.tutorials, &SelectionArguments::default())?;
    let subject = |(loaded, plans): (&super::project::Loaded, _)| Subject {
        path: loaded.path.clone(),
        named: loaded.named,
        tutorial: loaded.tutorial.clone(),
        parsing: loaded.findings.clone(),
        plans,
    };
    Ok(project.tutorials.iter().zip(planned).map(subject).collect())
}

/// Measures the expectations of all tutorials; says how each fared if that was asked for.
fn weak_expectations(
    project: &Project,
    subjects: &[Subject],
    asked: bool,
    printer: &Printer,
) -> Vec<Finding> {
    let plans: Vec<Plan> =
        subjects.iter().flat_map(|subject| subject.plans.iter().flatten().cloned()).collect();
    let minimum = project.settings.checks.minimum_strength;
    let report = strength(&plans, &Store::open(&project.settings.root), minimum);
    for row in report.tutorials.iter().filter(|_| asked) {
        printer.say(&format!(
            "{}: {:.0} % of {} noticed by {}",
            row.plan,
            row.score() * 100.0,
            plural(row.noticeable, "wrong output"),
            plural(row.expectations, "expectation"),
        ));
    }
    let gate = |finding: &Finding| asked || finding.severity == Severity::Error;
    report.findings.into_iter().filter(gate).collect()
}

/// Prints findings to standard output; as text, CI annotations follow where a CI is known.
pub(super) fn print_findings(
    findings: &[Finding],
    format: FindingsFormat,
    printer: &Printer,
) -> Result<(), CliError> {
    let pretty = |json| format!("{}\n", serde_json::to_string_pretty(&json).expect("findings are JSON"));
    printer.data(&match format {
        FindingsFormat::Text => findings_text(findings, printer.data_is_coloured()),
        FindingsFormat::Json => pretty(findings_json(findings)),
        FindingsFormat::Sarif => pretty(findings_sarif(findings)),
    })?;
    if format == FindingsFormat::Text {
        printer.annotate(findings.iter());
    }
    Ok(())
}
