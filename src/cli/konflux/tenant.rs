//! `stagebook konflux tenant`

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::objects::{Prepared, checker};
use super::tenant_files::{Compared, check, update};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::has_error;
use crate::config::{SETTINGS_FILE, Settings, TenantSettings};
use crate::diagnostic::{Finding, Source, tidy};
use crate::konflux::tenant::{self, TenantFile, TenantFolder};
use crate::yaml;

/// Write what a project has on a Konflux cluster: project, streams, release plans and PipelineRuns
///
/// The settings stand below `[konflux.tenant]` in stagebook.toml.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("folder").args(["output", "pipelineruns"]).multiple(true)))]
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
    /// Write nothing; print what differs, and fail if anything does
    #[arg(long, requires = "folder")]
    check: bool,
    /// Remove files of streams, components and releases that are gone
    #[arg(long, requires = "folder", conflicts_with = "check")]
    prune: bool,
}

/// Writes the objects of a tenant.
pub(super) fn tenant(arguments: &TenantArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, mut findings) = Settings::load(&current)?;
    let tenant = settings.konflux.tenant.clone();
    match &tenant {
        Some(tenant) => {
            findings.extend(tenant::findings(tenant));
            // Objects of settings that are wrong are wrong as well, and say nothing new.
            if !has_error(&findings) {
                findings.extend(wrong_objects(&settings, tenant, arguments)?);
            }
        }
        None => findings.push(not_named()),
    }
    printer.findings(&mut findings);
    let Some(tenant) = tenant.filter(|_| !has_error(&findings)) else { return Err(CliError::Findings) };
    if arguments.output.is_none() && arguments.pipelineruns.is_none() {
        let all = objects(arguments, &tenant).into_iter().chain(tenant::runs(&tenant));
        let texts: Vec<String> = all.map(|file| yaml::write(&file.object)).collect();
        printer.data(&texts.join("---\n"))?;
        return Ok(ExitStatus::Passed);
    }
    let folders = folders(arguments, &tenant)?;
    if arguments.check {
        return check(&folders, &command(arguments), printer);
    }
    update(&folders, arguments.prune, printer)
}

/// Returns the command that writes what is checked.
fn command(arguments: &TenantArguments) -> String {
    let folder = |flag: &str, folder: &Option<PathBuf>| {
        folder.as_ref().map(|folder| format!(" {flag} {}", folder.display())).unwrap_or_default()
    };
    let expand = if arguments.expand { " --expand" } else { "" };
    let (output, runs) =
        (folder("--output", &arguments.output), folder("--pipelineruns", &arguments.pipelineruns));
    format!("stagebook konflux tenant{output}{runs}{expand}")
}

/// Returns what is wrong with the objects, those of the streams among them: a template has no schema for what it holds.
fn wrong_objects(
    settings: &Settings,
    tenant: &TenantSettings,
    arguments: &TenantArguments,
) -> Result<Vec<Finding>, CliError> {
    // What comes from one setting is said once, and not in each file.
    let allow = ["bundle-digest", "hermetic-without-prefetch"].map(str::to_owned);
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

/// Compares both folders, as far as they are asked for, with what they should be.
fn folders(arguments: &TenantArguments, tenant: &TenantSettings) -> Result<Vec<Compared>, CliError> {
    let kind = if arguments.expand { TenantFolder::Expanded } else { TenantFolder::Tenant };
    let output = arguments.output.iter().map(|folder| (folder, kind, objects(arguments, tenant)));
    let runs = arguments.pipelineruns.iter().map(|folder| (folder, TenantFolder::Runs, tenant::runs(tenant)));
    output.chain(runs).map(|(folder, kind, files)| Compared::of(folder, kind, files)).collect()
}
