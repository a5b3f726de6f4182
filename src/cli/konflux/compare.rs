//! `stagebook konflux compare`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::files::{ReadFile, read_yaml_files};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::has_error;
use crate::diagnostic::{Finding, Place};
use crate::konflux::compare::{
    Compared, compare as compared, comparison_json, comparison_markdown, comparison_text,
};

/// Find what repeats and what varies in nearly equal files
///
/// What all files have can stand once. What varies needs a template: each such value is shown with what it
/// follows from, which is a part of the file's name, or with the files that have it.
#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// YAML files, or folders of them: `.tekton`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// As tables of a page
    Markdown,
    /// For programs
    Json,
}

/// Prints what repeats and what varies.
pub(super) fn compare(arguments: &CompareArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut findings = Vec::new();
    let files = read_yaml_files(&arguments.paths, &mut findings)?.files;
    let files: Vec<ReadFile> = files.into_iter().filter_map(|file| file.read(&mut findings)).collect();
    findings.extend(files.iter().flat_map(|read| &read.tagged).map(not_compared));
    let compared_file = |read: ReadFile| Compared {
        name: read.file.inside.to_string_lossy().into_owned(),
        documents: read.documents,
    };
    let files: Vec<Compared> = files.into_iter().map(compared_file).collect();
    printer.findings(&mut findings);
    if files.len() < 2 {
        printer.failure("two files are needed to compare: name them, or a folder that has them");
        return Ok(ExitStatus::Invalid);
    }
    let comparison = compared(&files);
    printer.data(&match arguments.format {
        Format::Text => comparison_text(&comparison),
        Format::Markdown => comparison_markdown(&comparison),
        Format::Json => {
            let json = serde_json::to_string_pretty(&comparison_json(&comparison));
            format!("{}\n", json.expect("a comparison is JSON"))
        }
    })?;
    Ok(if has_error(&findings) { ExitStatus::Failed } else { ExitStatus::Passed })
}

fn not_compared(tag: &Place) -> Finding {
    let message = format!("tag `{}` is not compared: it is no part of the value", tag.text());
    Finding::warning("compare-tag", message).at(tag.clone()).help("Kubernetes does not read tags")
}
