//! `stagebook konflux check`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::exit::ExitStatus;
use super::konflux_files::read_yaml_files;
use super::printer::Printer;
use crate::config::Settings;
use crate::diagnostic::{Finding, Severity, Source, plural, sort_by_place};
use crate::konflux::{Catalog, CheckSettings, Checker, RULES};
use crate::report::{findings_json, findings_sarif, findings_text};

/// Find what is wrong with Tekton's and Konflux's objects, without a cluster
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Files, or folders of them [default: `.tekton`]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read the definitions of kinds from a folder [default: `schemas` of `[konflux]` in stagebook.toml]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
    /// Leave findings with a code out; may be given more than once
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
}

/// Prints what is wrong with objects.
pub(super) fn check(arguments: &CheckArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let folder = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, mut findings) = Settings::load(&folder)?;
    let checker = checker(&settings, arguments, &mut findings, printer)?;
    let sources = sources(arguments, &mut findings)?;
    findings.extend(checker.check(&sources));
    findings.extend(unknown_codes(&arguments.allow));
    sort_by_place(&mut findings);
    print(&findings, arguments.format, printer)?;
    if arguments.format == Format::Text {
        printer.say(&format!("{} checked", plural(sources.len(), "file")));
    }
    let limit = if arguments.strict { Severity::Warning } else { Severity::Error };
    let wrong = findings.iter().any(|finding| finding.severity >= limit);
    Ok(if wrong { ExitStatus::Failed } else { ExitStatus::Passed })
}

/// Returns a checker with the schemas and settings that were asked for.
fn checker(
    settings: &Settings,
    arguments: &CheckArguments,
    findings: &mut Vec<Finding>,
    printer: &Printer,
) -> Result<Checker, CliError> {
    let of_project = settings.konflux.schemas.as_ref().map(|folder| settings.root.join(folder));
    let catalog = match arguments.schemas.clone().or(of_project) {
        Some(folder) => {
            let (catalog, wrong) = Catalog::load(&folder)?;
            findings.extend(wrong);
            catalog
        }
        None => {
            printer.say("no folder of schemas was named: fields were not checked, rules were");
            Catalog::default()
        }
    };
    let allow = settings.konflux.allow.iter().chain(&arguments.allow).cloned().collect();
    let production = settings.production.namespaces.clone();
    Ok(Checker::new(catalog, CheckSettings { allow, production }))
}

/// Returns the files that were named.
fn sources(arguments: &CheckArguments, findings: &mut Vec<Finding>) -> Result<Vec<Arc<Source>>, CliError> {
    let default = [PathBuf::from(".tekton")];
    let paths = match arguments.paths.as_slice() {
        [] if Path::new(".tekton").is_dir() => &default,
        [] => return Err(CliError::NoObjects { paths: default.to_vec() }),
        paths => paths,
    };
    let files = read_yaml_files(paths, findings)?;
    if files.is_empty() && findings.is_empty() {
        return Err(CliError::NoObjects { paths: paths.to_vec() });
    }
    Ok(files.into_iter().map(|file| file.source).collect())
}

/// Returns a warning for each code that no finding has.
fn unknown_codes(codes: &[String]) -> Vec<Finding> {
    let known = || RULES.iter().map(|rule| rule.id);
    let unknown = codes.iter().filter(|code| !known().any(|id| id == code.as_str()));
    let warning = |code: &String| {
        let near = crate::diagnostic::nearest(code, known());
        let help =
            near.map_or("the reference lists the codes".to_owned(), |near| format!("did you mean `{near}`?"));
        Finding::warning("unknown-code", format!("no finding has the code `{code}`")).help(help)
    };
    unknown.map(warning).collect()
}

fn print(findings: &[Finding], format: Format, printer: &Printer) -> Result<(), CliError> {
    let pretty = |json| format!("{}\n", serde_json::to_string_pretty(&json).expect("findings are JSON"));
    printer.data(&match format {
        Format::Text => findings_text(findings, printer.data_is_coloured()),
        Format::Json => pretty(findings_json(findings)),
        Format::Sarif => pretty(findings_sarif(findings)),
    })?;
    if format == Format::Text {
        printer.annotate(findings.iter());
    }
    Ok(())
}
