//! `stagebook konflux tenant`

use std::path::{Path, PathBuf};

use clap::Args;

use super::objects::{Prepared, checker};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::has_error;
use crate::config::{SETTINGS_FILE, Settings, TenantSettings};
use crate::diagnostic::{Finding, Source, plural, tidy};
use crate::konflux::tenant::{self, TenantFile};
use crate::yaml;

/// Write what a project has on a Konflux cluster: project, streams, release plans and PipelineRuns
///
/// The settings stand below `[konflux.tenant]` in stagebook.toml.
#[derive(Debug, Args)]
pub(super) struct TenantArguments {
    /// Write the files of the tenant's repository into a folder [default: standard output]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write the PipelineRuns of the source repository into a folder, usually `.tekton`
    #[arg(long, value_name = "DIR")]
    pipelineruns: Option<PathBuf>,
    /// Write the objects of each stream, as the cluster makes them of the template
    #[arg(long)]
    expand: bool,
    /// Read the definitions of kinds from a folder [default: `schemas` below `[konflux]` of stagebook.toml]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
    /// Write nothing, and fail where a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Writes the objects of a tenant.
pub(super) fn tenant(arguments: &TenantArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, mut findings) = Settings::load(&current)?;
    let tenant = settings.konflux.tenant.clone();
    match &tenant {
        Some(tenant) => {
            findings.extend(tenant::findings(tenant));
            findings.extend(wrong_objects(&settings, tenant, arguments)?);
        }
        None => findings.push(not_named()),
    }
    printer.findings(&mut findings);
    let Some(tenant) = tenant.filter(|_| !has_error(&findings)) else { return Err(CliError::Findings) };
    let folders = folders(arguments, &tenant);
    if arguments.output.is_none() && arguments.pipelineruns.is_none() {
        let all = objects(arguments, &tenant).into_iter().chain(tenant::runs(&tenant));
        let texts: Vec<String> = all.map(|file| yaml::write(&file.object)).collect();
        printer.data(&texts.join("---\n"))?;
        return Ok(ExitStatus::Passed);
    }
    if arguments.check {
        return Ok(check(&folders, printer));
    }
    for (path, text) in &folders {
        let trouble = |source| CliError::Write { path: path.clone(), source };
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(trouble)?;
        std::fs::write(path, text).map_err(trouble)?;
        printer.say(&path.display().to_string());
    }
    Ok(ExitStatus::Passed)
}

/// Returns what is wrong with the objects, those of the streams among them: a template has no schema for what it holds.
fn wrong_objects(
    settings: &Settings,
    tenant: &TenantSettings,
    arguments: &TenantArguments,
) -> Result<Vec<Finding>, CliError> {
    // Bundles are said once, and not in each file.
    let allow = ["bundle-digest".to_owned()];
    let Prepared { checker, mut findings, .. } = checker(settings, arguments.schemas.as_deref(), &allow)?;
    let files =
        tenant::tenant(tenant).into_iter().chain(tenant::expanded(tenant)).chain(tenant::runs(tenant));
    let sources: Vec<_> = files.map(|file| Source::new(file.path, yaml::write(&file.object))).collect();
    findings.extend(checker.check(&sources));
    Ok(tidy(findings))
}

fn not_named() -> Finding {
    let message = format!("`{SETTINGS_FILE}` has no table `[konflux.tenant]`");
    Finding::error("no-tenant", message).help("name `namespace`, `project`, `components` and `streams` there")
}

fn objects(arguments: &TenantArguments, tenant: &TenantSettings) -> Vec<TenantFile> {
    if arguments.expand { tenant::expanded(tenant) } else { tenant::tenant(tenant) }
}

/// Returns the files of both folders, as far as they are asked for.
fn folders(arguments: &TenantArguments, tenant: &TenantSettings) -> Vec<(PathBuf, String)> {
    let place = |folder: &Path, files: Vec<TenantFile>| {
        let place = |file: TenantFile| (folder.join(&file.path), yaml::write(&file.object));
        files.into_iter().map(place).collect::<Vec<_>>()
    };
    let output = arguments.output.iter().flat_map(|folder| place(folder, objects(arguments, tenant)));
    let runs = arguments.pipelineruns.iter().flat_map(|folder| place(folder, tenant::runs(tenant)));
    output.chain(runs).collect()
}

/// Names the files that are not what they should be.
fn check(files: &[(PathBuf, String)], printer: &Printer) -> ExitStatus {
    let mut wrong = 0;
    for (path, text) in files {
        let what = match std::fs::read_to_string(path) {
            Ok(found) if found == *text => continue,
            Ok(_) => "differs",
            Err(_) => "is missing",
        };
        wrong += 1;
        printer.failure(&format!("`{}` {what}", path.display()));
    }
    if wrong == 0 {
        printer.say(&format!("{} as they should be", plural(files.len(), "file")));
        return ExitStatus::Passed;
    }
    ExitStatus::Failed
}
