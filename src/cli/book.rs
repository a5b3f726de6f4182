//! `stagebook book`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::book_findings;
use super::error::CliError;
use super::exit::ExitStatus;
use super::export;
use super::links;
use super::printer::Printer;
use super::project::{has_error, parse_options};
use crate::book::{
    Book, BookSettings, Notice, Project, ServeOptions, Shown, Site, SiteOptions, SiteWriter, Workshop,
    build_site, load_book, parse_settings, serve,
};
use crate::config::{Environment, Settings};
use crate::diagnostic::{Finding, Source, chain, normal_path, plural, render};
use crate::record::Store;

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
    Serve(ServeArguments),
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
    /// Ask every link to another site whether it is there
    ///
    /// One that is not is an error, with its place. Each address is asked once, and one that was there is not
    /// asked again for a day. `exclude` under `[links]` in stagebook.toml leaves addresses out.
    #[arg(long)]
    external_links: bool,
}

/// Show the book in a browser while it is written
///
/// Builds the site, serves it, and builds again what changes: a page that is open loads again by itself, where
/// it was scrolled to. Ctrl-C ends it.
#[derive(Debug, Args)]
struct ServeArguments {
    /// The book's folder [default: as `book build` finds it]
    folder: Option<PathBuf>,
    /// Where the site goes [default: as for `book build`]
    #[arg(short = 'd', long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// The name or address to listen on; other machines can reach the book at `0.0.0.0` only
    #[arg(short = 'n', long, value_name = "HOST", default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes any that is free
    #[arg(short, long, value_name = "NUMBER", default_value_t = 3000)]
    port: u16,
    /// Open the book in a browser
    #[arg(short, long)]
    open: bool,
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
        BookCommand::Serve(arguments) => preview(arguments, printer),
    }
}

/// A book with what it was read with.
pub(super) struct BookPlace {
    pub(super) project: Project,
    pub(super) book: Book,
    /// What is wrong with the settings.
    pub(super) findings: Vec<Finding>,
}

/// Reads the book of a folder, or of the one that is meant where none is named.
pub(super) fn open_book(folder: Option<&Path>) -> Result<BookPlace, CliError> {
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let folder = book_folder(folder, &current);
    let (project, findings) = project_of(&folder, &current)?;
    let book = load_book(&folder, &project.options())?;
    Ok(BookPlace { project, book, findings })
}

/// Returns what a book is read with, and what is wrong with the settings of its project.
pub(super) fn project_of(folder: &Path, current: &Path) -> Result<(Project, Vec<Finding>), CliError> {
    let (settings, findings) = project_around(folder, current)?;
    let environment = Environment::read();
    let project = Project {
        parse: parse_options(&settings),
        here: current.to_path_buf(),
        store: Store::open(&settings.root),
        environment: environment.parameters(),
        variables: variables(&environment),
        settings,
    };
    Ok((project, findings))
}

fn build(arguments: &BuildArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let BookPlace { project, book, mut findings } = open_book(arguments.folder.as_deref())?;
    let Project { here: current, settings, store, .. } = project;
    let changed = changed_dates(&settings.root, &book);
    let output = output_folder(
        arguments.output.as_deref(),
        &book.folder,
        &book.settings.output,
        &settings.root,
        &current,
    );
    let writer = SiteWriter::open(&output)?;
    let site_options = SiteOptions { root: &settings.root, store: &store, changed: &changed };
    let site = build_site(&book, &site_options, &writer)?;
    let written = writer.finish()?;
    findings.extend(book.findings.iter().chain(&site.findings).cloned());
    let links = match arguments.external_links {
        true => Some(links::ask(&site.external, &settings, &store, printer)?),
        false => None,
    };
    findings.extend(links.iter().flat_map(|links| links.findings.clone()));
    book_findings::tell(&mut findings, printer);
    let shown = output.strip_prefix(&current).unwrap_or(&output);
    printer.say(&format!(
        "{} of {}, {} ({} changed): {}",
        plural(book.pages.len(), "page"),
        plural(site.tutorials.len(), "tutorial"),
        plural(written.files, "file"),
        written.changed,
        shown.join("index.html").display()
    ));
    let status = verdict(arguments, &site, &findings, printer);
    let is_answered = links.is_none_or(|links| links::tell(&links, printer));
    Ok(if status == ExitStatus::Passed && !is_answered { ExitStatus::Trouble } else { status })
}

/// Returns the settings of the project that a book belongs to: the one around it, else the current folder's.
fn project_around(folder: &Path, current: &Path) -> Result<(Settings, Vec<Finding>), CliError> {
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
    let is_required = arguments.require == Some(Required::Verified);
    let asked = "`--require verified` was asked for";
    let is_shown = !is_required || is_verified(&site.tutorials, asked, printer);
    if is_shown && !has_error(findings) { ExitStatus::Passed } else { ExitStatus::Failed }
}

/// Returns whether every tutorial shows *verified*; names those that do not, and `asked`, who wants that.
pub(super) fn is_verified(tutorials: &[(PathBuf, Shown)], asked: &str, printer: &Printer) -> bool {
    let not_verified: Vec<_> = tutorials.iter().filter(|(_, shown)| *shown != Shown::Verified).collect();
    for (page, shown) in &not_verified {
        printer.failure(&format!("{}: {}, and {asked}", page.display(), shown.word()));
    }
    not_verified.is_empty()
}

fn book_folder(asked: Option<&Path>, current: &Path) -> PathBuf {
    asked.map_or_else(|| default_folder(current), |folder| current.join(folder))
}

/// Returns what a book says of itself, before it is read; what is wrong with that is told when it is.
fn book_settings(folder: &Path) -> BookSettings {
    let text = std::fs::read_to_string(folder.join("book.toml")).unwrap_or_default();
    parse_settings(&Source::new("book.toml", text), &variables(&Environment::read())).0
}

/// Returns the variables that mdBook reads, without the beginning of their names.
fn variables(environment: &Environment) -> BTreeMap<String, String> {
    environment.with_prefix("MDBOOK_")
}

fn default_folder(current: &Path) -> PathBuf {
    let is_book = |folder: &Path| {
        ["book.toml", "SUMMARY.md", "src/SUMMARY.md"].iter().any(|name| folder.join(name).is_file())
    };
    let folders = [current.to_path_buf(), current.join("book"), current.join("docs")];
    folders.into_iter().find(|folder| is_book(folder)).unwrap_or_else(|| current.to_path_buf())
}

fn output_folder(
    asked: Option<&Path>,
    folder: &Path,
    configured: &Option<PathBuf>,
    root: &Path,
    current: &Path,
) -> PathBuf {
    match (asked, configured) {
        (Some(output), _) => current.join(output),
        (None, Some(output)) => folder.join(output),
        (None, None) if folder.join("book.toml").is_file() => folder.join("book"),
        (None, None) => root.join(".stagebook").join("book"),
    }
}

fn preview(arguments: &ServeArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let folder = normal_path(&book_folder(arguments.folder.as_deref(), &current));
    let (settings, _) = project_around(&folder, &current)?;
    let configured = book_settings(&folder).output;
    let output = output_folder(arguments.output.as_deref(), &folder, &configured, &settings.root, &current);
    let options = ServeOptions {
        folder: folder.clone(),
        output: normal_path(&output),
        host: arguments.host.clone(),
        port: arguments.port,
    };
    let desk =
        Desk { folder, current, printer: printer.clone(), open: arguments.open, told: BTreeSet::new() };
    serve(options, desk)?;
    Ok(ExitStatus::Passed)
}

/// What a preview needs of the command line.
struct Desk {
    folder: PathBuf,
    current: PathBuf,
    printer: Printer,
    open: bool,
    /// What is wrong, as it was told.
    told: BTreeSet<String>,
}

impl Workshop for Desk {
    fn project(&mut self) -> Result<(Project, Vec<Finding>), String> {
        project_of(&self.folder, &self.current).map_err(|error| format!("error: {}", chain(&error)))
    }

    fn dates(&mut self, book: &Book, root: &Path) -> BTreeMap<PathBuf, String> {
        changed_dates(root, book)
    }

    fn notice(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Serving(address) => {
                self.printer.insist(&format!("{address} shows the book; Ctrl-C ends it"));
                if self.open {
                    open(address, &self.printer);
                }
            }
            Notice::Built { whole, changed, took, findings } => self.built(whole, changed, took, findings),
            Notice::Failed(problem) => self.printer.insist(problem),
            Notice::Note(note) => self.printer.warning(note),
        }
    }
}

impl Desk {
    /// Tells what was built, and what is wrong that was not told before.
    fn built(&mut self, whole: bool, changed: &[PathBuf], took: Duration, findings: &[Finding]) {
        let mut news: Vec<Finding> = findings.to_vec();
        news.retain(|finding| !self.told.contains(&render(finding, false)));
        book_findings::tell(&mut news, &self.printer);
        if whole {
            self.told.clear();
        }
        self.told.extend(findings.iter().map(|finding| render(finding, false)));
        let is_page = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "html");
        let pages: Vec<&PathBuf> = changed.iter().filter(is_page).collect();
        let what = match (whole, pages.as_slice()) {
            // What follows a page in the background is no news.
            (true, []) => return,
            (false, [page]) => page.display().to_string(),
            _ => plural(changed.len(), "file"),
        };
        self.printer.say(&format!("{what} in {} ms", took.as_millis()));
    }
}

/// Opens an address with the program that the desktop has for it.
fn open(address: &str, printer: &Printer) {
    let program = "xdg-open";
    let command = duct::cmd(program, [address]).stdin_null().stdout_null().stderr_null().unchecked();
    // It may stay until the browser ends.
    if let Err(error) = command.start() {
        printer.warning(&format!("no browser was opened: `{program}`: {error}"));
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
