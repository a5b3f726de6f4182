//! `stagebook book`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::error::CliError;
use super::exit::ExitStatus;
use super::export;
use super::printer::Printer;
use crate::book::{Book, LoadOptions, Shown, Site, SiteOptions, SiteWriter, build_site, load_book};
use crate::config::{Environment, Settings};
use crate::diagnostic::{Finding, Severity, plural};
use crate::record::Store;
use crate::tutorial::ParseOptions;

/// Make a site of Markdown and the evidence of its runs
#[derive(Debug, Args)]
pub(super) struct BookArguments {
    #[command(subcommand)]
    command: BookCommand,
}

#[derive(Debug, Subcommand)]
enum BookCommand {
    Build(BuildArguments),
    Export(export::ExportArguments),
}

/// Build the site
#[derive(Debug, Args)]
struct BuildArguments {
    /// The book's folder: one with a `book.toml` or a `SUMMARY.md`, or any folder of Markdown
    /// [default: the current folder, `book` or `docs`, whichever is one]
    folder: Option<PathBuf>,
    /// Where the site goes [default: `build-dir` of book.toml, else `.stagebook/book` of the project]
    #[arg(short = 'd', long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// What every tutorial must show, or the build fails
    #[arg(long, value_name = "STATE")]
    require: Option<Required>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Required {
    /// It was run as it is now, and did what it promises
    Verified,
}

/// Does what was asked with a book.
pub(super) fn book(arguments: &BookArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    match &arguments.command {
        BookCommand::Build(arguments) => build(arguments, printer),
        BookCommand::Export(arguments) => export::export(arguments, printer),
    }
}

/// A book with what is around it.
pub(super) struct BookPlace {
    pub(super) current: PathBuf,
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) book: Book,
    /// What is wrong with the settings.
    pub(super) findings: Vec<Finding>,
}

/// Reads the book of a folder, or of the one that is meant where none is named.
pub(super) fn open_book(folder: Option<&Path>) -> Result<BookPlace, CliError> {
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let folder = match folder {
        Some(folder) => current.join(folder),
        None => default_folder(&current),
    };
    let (settings, findings) = project_around(&folder, &current)?;
    let store = Store::open(&settings.root);
    let parse = ParseOptions { interpreters: settings.interpreters.keys().cloned().collect() };
    let environment = Environment::read().parameters();
    let options =
        LoadOptions { settings: &settings, parse: &parse, here: &current, store: &store, environment };
    let book = load_book(&folder, &options)?;
    Ok(BookPlace { current, settings, store, book, findings })
}

fn build(arguments: &BuildArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let BookPlace { current, settings, store, book, mut findings } = open_book(arguments.folder.as_deref())?;
    let changed = changed_dates(&settings.root, &book);
    let output = output_folder(arguments, &book, &settings.root, &current);
    let writer = SiteWriter::open(&output)?;
    let site_options = SiteOptions { root: &settings.root, store: &store, changed: &changed, stop: None };
    let site = build_site(&book, &site_options, &writer)?;
    let written = writer.finish()?;
    findings.extend(book.findings.iter().chain(&site.findings).cloned());
    printer.findings(&mut findings);
    let shown = output.strip_prefix(&current).unwrap_or(&output);
    printer.say(&format!(
        "{} of {}, {} ({} changed): {}",
        plural(book.pages.len(), "page"),
        plural(site.tutorials.len(), "tutorial"),
        plural(written.files, "file"),
        written.changed,
        shown.join("index.html").display()
    ));
    Ok(verdict(arguments, &site, &findings, printer))
}

/// Returns the settings of the project that a book belongs to: the one around it, else the current folder's.
pub(super) fn project_around(folder: &Path, current: &Path) -> Result<(Settings, Vec<Finding>), CliError> {
    let (settings, findings) = Settings::load(folder)?;
    let is_alone =
        settings.root == folder && !["stagebook.toml", ".git"].iter().any(|mark| folder.join(mark).exists());
    if is_alone && folder.starts_with(current) {
        return Ok(Settings::load(current)?);
    }
    Ok((settings, findings))
}

/// Returns the exit status: mistakes of pages and what is not verified make a build fail that was asked for both.
fn verdict(arguments: &BuildArguments, site: &Site, findings: &[Finding], printer: &Printer) -> ExitStatus {
    let not_verified = site.tutorials.iter().filter(|(_, shown)| *shown != Shown::Verified);
    let mut failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    if arguments.require == Some(Required::Verified) {
        for (page, shown) in not_verified {
            printer.failure(&format!(
                "{}: {}, and `--require verified` was asked for",
                page.display(),
                shown.word()
            ));
            failed = true;
        }
    }
    if failed { ExitStatus::Failed } else { ExitStatus::Passed }
}

fn default_folder(current: &Path) -> PathBuf {
    let is_book = |folder: &Path| {
        ["book.toml", "SUMMARY.md", "src/SUMMARY.md"].iter().any(|name| folder.join(name).is_file())
    };
    let folders = [current.to_path_buf(), current.join("book"), current.join("docs")];
    folders.into_iter().find(|folder| is_book(folder)).unwrap_or_else(|| current.to_path_buf())
}

fn output_folder(arguments: &BuildArguments, book: &Book, root: &Path, current: &Path) -> PathBuf {
    match (&arguments.output, &book.settings.output) {
        (Some(output), _) => current.join(output),
        (None, Some(output)) => book.folder.join(output),
        (None, None) if book.folder.join("book.toml").is_file() => book.folder.join("book"),
        (None, None) => root.join(".stagebook").join("book"),
    }
}

/// Returns when each page was last changed, as git knows it; nothing where there is no git.
fn changed_dates(root: &Path, book: &Book) -> BTreeMap<PathBuf, String> {
    let log = ["log", "--format=%x00%cs", "--name-only", "--no-renames", "--relative"];
    let command = duct::cmd("git", log).dir(root).stderr_null().stdout_capture().unchecked();
    let Ok(output) = command.run() else { return BTreeMap::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    let pages: BTreeSet<&Path> = book.pages.iter().map(|page| page.file.as_path()).collect();
    let mut dates = BTreeMap::new();
    for commit in text.split('\0').skip(1) {
        let mut lines = commit.lines();
        let date = lines.next().unwrap_or_default();
        let paths = lines.filter(|line| !line.is_empty()).map(|line| root.join(line));
        for path in paths.filter(|path| pages.contains(path.as_path())) {
            // The newest commit comes first.
            dates.entry(path).or_insert_with(|| date.to_owned());
        }
    }
    dates
}
