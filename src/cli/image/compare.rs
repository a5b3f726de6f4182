//! `stagebook image compare`

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::access::{Reach, ReachArguments};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::config::Settings;
use crate::diagnostic::Severity;
use crate::image::compare::{self, Comparing, Comparison, Level, Requirement, Shown, rules_of};

/// Say in what a staging image differs from the image that it is to be like
#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// The image that was built: an OCI layout or archive, `containers-storage:NAME`, a name in a registry
    #[arg(value_name = "STAGING")]
    staging: String,
    /// The image that it is to be like
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// What must be alike, or the exit status is 1
    #[arg(long, value_name = "WHAT", default_value = "config")]
    require: Required,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show every difference, also those that are explained
    #[arg(long)]
    all: bool,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reach: ReachArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the verdict, the levels, and the first differences
    Text,
    /// For programs: everything
    Json,
    /// For a page or a comment
    Markdown,
    /// A page of its own
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Required {
    /// The digest: it is one image
    Digest,
    /// All but how it is packed; what a rule explains passes
    Config,
    /// Packages, and what is at which path
    Content,
    /// Packages
    Packages,
}

impl From<Required> for Requirement {
    fn from(required: Required) -> Self {
        match required {
            Required::Digest => Self::Digest,
            Required::Config => Self::Config,
            Required::Content => Self::Content,
            Required::Packages => Self::Packages,
        }
    }
}

/// Compares two images, and says what came of it.
pub(super) fn compare(arguments: &CompareArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let folder = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let (settings, mut findings) = Settings::load(&folder)?;
    let rules = rules_of(&settings.parity, &mut findings);
    printer.findings(&mut findings);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(CliError::Findings);
    }
    let reach = Reach::new(&arguments.reach)?;
    let staging = reach.open_one(&arguments.staging)?;
    let reference = reach.open_one(&arguments.reference)?;
    let with = Comparing { reading: &reach.reading, rules: &rules };
    let comparison = compare::compare(&staging, &reference, &with)?;
    let shown = shown(&comparison, arguments.format, arguments.all);
    match &arguments.output {
        Some(path) => write(path, &shown)?,
        None => printer.data(&shown)?,
    }
    let unmet = Requirement::from(arguments.require).unmet(&comparison);
    if unmet.is_empty() {
        return Ok(ExitStatus::Passed);
    }
    let levels: Vec<&str> = unmet.into_iter().map(Level::name).collect();
    printer.failure(&format!("the images differ in {}", levels.join(", ")));
    Ok(ExitStatus::Failed)
}

fn shown(comparison: &Comparison, format: Format, all: bool) -> String {
    let how_much = if all { Shown::All } else { Shown::Top };
    match format {
        Format::Text => compare::text(comparison, how_much),
        Format::Markdown => compare::markdown(comparison, how_much),
        Format::Html => compare::html(comparison).expect("the report's template fits its values"),
        Format::Json => {
            format!("{}\n", serde_json::to_string_pretty(comparison).expect("a comparison is JSON"))
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|source| CliError::Write { path: path.to_path_buf(), source })
}
