//! `stagebook konflux check`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::files::read_yaml_files;
use super::objects::{check_objects, checker, checker_with};
use crate::cli::arguments::{SelectionArguments, TutorialArguments};
use crate::cli::check::{FindingsFormat, print_findings};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::{Pages, Project};
use crate::cluster::{Target, definitions};
use crate::config::Settings;
use crate::diagnostic::{Finding, Severity, Source, nearest, plural, sort_by_place};
use crate::generate::generated;
use crate::konflux::{Catalog, RULES};
use crate::plan::Plan;

/// Find what is wrong with Tekton's and Konflux's objects, without a cluster
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Files of YAML, folders of them, or tutorials that generate some [default: `.tekton`]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read the definitions of kinds from a folder [default: `schemas` of `[konflux]` in stagebook.toml]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
    /// Read the definitions of kinds from the cluster of the kubeconfig
    #[arg(long, conflicts_with = "schemas")]
    cluster: bool,
    /// Which context of the kubeconfig names the cluster [default: its current one]
    #[arg(long, value_name = "NAME", requires = "cluster")]
    context: Option<String>,
    /// Leave findings with a code out; may be given more than once
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FindingsFormat,
}

/// Prints what is wrong with objects.
pub(super) fn check(arguments: &CheckArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let folder = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, mut findings) = Settings::load(&folder)?;
    let prepared = if arguments.cluster {
        let target = Target { context: arguments.context.clone(), namespace: None };
        checker_with(Catalog::from_values(&definitions(&target)?), &settings, &arguments.allow)
    } else {
        checker(&settings, arguments.schemas.as_deref(), &arguments.allow)?
    };
    findings.extend(prepared.findings);
    let (pages, files): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.paths.iter().cloned().partition(|path| is_page(path));
    let sources = sources(files, !pages.is_empty(), &mut findings)?;
    let plans = plans(pages, printer)?;
    let generated = generated(&plans);
    findings.extend(generated.findings);
    findings.extend(check_objects(&prepared.checker, &sources, &generated.files));
    findings.extend(unknown_codes(&arguments.allow));
    sort_by_place(&mut findings);
    print_findings(&findings, arguments.format, printer)?;
    if !prepared.has_schemas {
        printer.say("no definitions of kinds were named (`--schemas FOLDER`, `--cluster`): fields were not checked, rules were");
    }
    if arguments.format == FindingsFormat::Text {
        printer.say(&format!("{} checked", plural(sources.len() + generated.files.len(), "file")));
    }
    let limit = if arguments.strict { Severity::Warning } else { Severity::Error };
    let wrong = findings.iter().any(|finding| finding.severity >= limit);
    Ok(if wrong { ExitStatus::Failed } else { ExitStatus::Passed })
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md" || ending == "markdown")
}

/// Returns the files that were named; where nothing was, those of the folder that Pipelines-as-Code reads.
fn sources(
    mut paths: Vec<PathBuf>,
    has_pages: bool,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Arc<Source>>, CliError> {
    if paths.is_empty() && !has_pages {
        paths.push(PathBuf::from(".tekton"));
        if !paths[0].is_dir() {
            return Err(CliError::NoObjects { paths });
        }
    }
    let files = read_yaml_files(&paths, findings)?.files;
    if files.is_empty() && findings.is_empty() && !has_pages {
        return Err(CliError::NoObjects { paths });
    }
    Ok(files.into_iter().map(|file| file.source).collect())
}

/// Returns the plans of pages whose generated files are checked.
fn plans(pages: Vec<PathBuf>, printer: &Printer) -> Result<Vec<Plan>, CliError> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = TutorialArguments { paths: pages, ..TutorialArguments::default() };
    let mut project = Project::open(&arguments, Pages::Tutorials)?;
    let plans = project.plans(&arguments, &SelectionArguments::default())?;
    let plans = printer.sound_or(plans, "nothing was checked")?;
    if generated(&plans).files.is_empty() { Err(CliError::NothingGenerated) } else { Ok(plans) }
}

/// Returns a warning for each code that no finding has.
fn unknown_codes(codes: &[String]) -> Vec<Finding> {
    let known = || RULES.iter().map(|rule| rule.id);
    let unknown = codes.iter().filter(|code| !known().any(|id| id == code.as_str()));
    let warning = |code: &String| {
        let near = nearest(code, known());
        let help =
            near.map_or("the reference lists the codes".to_owned(), |near| format!("did you mean `{near}`?"));
        Finding::warning("unknown-code", format!("no finding has the code `{code}`")).help(help)
    };
    unknown.map(warning).collect()
}
