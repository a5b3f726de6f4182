//! `stagebook konflux import`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::files::{ReadFile, YamlFile, YamlFiles, read_yaml_files, write_file};
use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::cli::project::has_error;
use crate::config::Settings;
use crate::diagnostic::{Finding, normal_path, plural};
use crate::konflux::import::{ImportedFolder, Member, import as imported, import_folder, nearly_equal};
use crate::yaml::Data;

/// What the page of several files is called in a folder.
const PAGE_OF_SEVERAL: &str = "pipelines.md";

/// Make pages of Tekton's objects
///
/// A page shows what an object says where a reader looks for it, and gives the object again: `stagebook
/// konflux export PAGE`. Files that are nearly equal become one page with a table for each part of their
/// names and one template, which writes them again: `stagebook generate PAGE`.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// YAML files, or folders of them: `.tekton`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the page goes; a folder for the pages of several files [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Make one page that generates all files, however much they differ
    #[arg(long)]
    template: bool,
    /// Make a page for each file, even where the files are nearly equal
    #[arg(long, conflicts_with = "template")]
    each: bool,
}

/// Writes a page for each file, or one for all of them, or for most of them.
pub(super) fn import(arguments: &ImportArguments, printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut findings = Vec::new();
    let found = read_yaml_files(&arguments.paths, &mut findings)?;
    let folders = Folders::of(&found)?;
    let files = found.files;
    let unreadable = findings.len();
    let count = files.len();
    let mut whole: Vec<ReadFile> = files.into_iter().filter_map(|file| file.read(&mut findings)).collect();
    if !arguments.each {
        whole.retain(|read| has_a_name_of_text(read, &mut findings));
    }
    let left_out = unreadable + count - whole.len();
    whole.retain(|read| read.documents.iter().any(|document| !matches!(document.data, Data::Null)));
    let all: Vec<&ReadFile> = whole.iter().collect();
    if let Some(page) = folders.page_of_all(&all, arguments) {
        findings.extend(page.findings.iter().cloned());
        printer.findings(&mut findings);
        if !page.holds {
            printer.failure("one page would not give the files back; nothing was written: try --each");
            return Ok(ExitStatus::Failed);
        }
        write_template(&page, all.len(), arguments.output.as_deref(), printer)?;
    } else {
        let (most, others) = folders.page_of_most(&all, arguments);
        findings.extend(most.iter().flat_map(|page| page.findings.iter().cloned()));
        let pages: Vec<(PathBuf, String)> =
            others.iter().filter_map(|file| page(file, &mut findings)).collect();
        printer.findings(&mut findings);
        if let Some((page, folder)) = most.as_ref().zip(arguments.output.as_deref()) {
            let path = folder.join(free_name(&pages));
            write_template(page, all.len() - others.len(), Some(&path), printer)?;
        }
        if (most.is_none() || !pages.is_empty()) && !write_pages(&pages, left_out, arguments, printer)? {
            return Ok(ExitStatus::Invalid);
        }
    }
    if left_out > 0 {
        printer.say(&format!("{} left out: see above", were(left_out)));
    }
    Ok(if has_error(&findings) { ExitStatus::Failed } else { ExitStatus::Passed })
}

/// Returns a name for the page of most files that no other page has.
fn free_name(pages: &[(PathBuf, String)]) -> &'static str {
    let is_taken = pages.iter().any(|(path, _)| path == Path::new(PAGE_OF_SEVERAL));
    if is_taken { "generated-pipelines.md" } else { PAGE_OF_SEVERAL }
}

/// Where the files are that are imported.
struct Folders {
    settings: Settings,
    current: PathBuf,
    /// The paths of all files from the project's root, also of those that cannot be read.
    paths: Vec<String>,
}

impl Folders {
    fn of(found: &YamlFiles) -> Result<Self, CliError> {
        let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
        let (settings, _) = Settings::load(&current)?;
        let mut folders = Self { settings, current, paths: Vec::new() };
        let read = found.files.iter().map(|file| (file.source.path(), file.inside.as_path()));
        let unread = found.unread.iter().map(|(path, inside)| (path.as_path(), inside.as_path()));
        folders.paths =
            read.chain(unread).map(|(path, inside)| folders.path_in_project(path, inside)).collect();
        Ok(folders)
    }

    fn path_of(&self, file: &YamlFile) -> String {
        self.path_in_project(file.source.path(), &file.inside)
    }

    fn path_in_project(&self, path: &Path, inside: &Path) -> String {
        path_in(&self.settings.root, &self.current, path, inside).to_string_lossy().into_owned()
    }

    /// Returns a single page for all files, if they are to become one.
    fn page_of_all(&self, files: &[&ReadFile], arguments: &ImportArguments) -> Option<ImportedFolder> {
        if arguments.each || files.is_empty() || (files.len() < 2 && !arguments.template) {
            return None;
        }
        self.page_of(files, arguments.template)
    }

    /// Returns a page for those files that are nearly equal, if they are most of them and there is a folder for
    /// several pages; and the files that are not on it.
    fn page_of_most<'a>(
        &self,
        files: &[&'a ReadFile],
        arguments: &ImportArguments,
    ) -> (Option<ImportedFolder>, Vec<&'a ReadFile>) {
        let is_folder = |output: &PathBuf| !is_page(output) && !output.is_file();
        if arguments.each || !arguments.output.as_ref().is_some_and(is_folder) {
            return (None, files.to_vec());
        }
        let documents: Vec<_> = files.iter().map(|file| file.documents.as_slice()).collect();
        let most = nearly_equal(&documents).unwrap_or_default();
        let (on_it, others): (Vec<_>, Vec<_>) =
            files.iter().enumerate().partition(|(number, _)| most.binary_search(number).is_ok());
        let only =
            |files: Vec<(usize, &&'a ReadFile)>| files.into_iter().map(|(_, file)| *file).collect::<Vec<_>>();
        let page = if most.is_empty() { None } else { self.page_of(&only(on_it), false) };
        match page.filter(|page| page.holds) {
            Some(page) => (Some(page), only(others)),
            None => (None, files.to_vec()),
        }
    }

    fn page_of(&self, files: &[&ReadFile], anyway: bool) -> Option<ImportedFolder> {
        let member = |read: &&ReadFile| Member {
            source: Arc::clone(&read.file.source),
            path: self.path_of(&read.file),
            documents: read.documents.clone(),
        };
        let members: Vec<Member> = files.iter().map(member).collect();
        let known: BTreeSet<&str> = members.iter().map(|member| member.path.as_str()).collect();
        let others: Vec<String> =
            self.paths.iter().filter(|path| !known.contains(path.as_str())).cloned().collect();
        import_folder(&members, &others, &self.settings, anyway)
    }
}

/// Returns whether a page can say the name of a file, and says so where it cannot.
fn has_a_name_of_text(read: &ReadFile, findings: &mut Vec<Finding>) -> bool {
    let path = read.file.source.path();
    if path.to_str().is_none() {
        let message = format!("the name of `{}` is not UTF-8, and no page can write it", path.display());
        findings.push(
            Finding::error("import-name", message).help("rename it, or make a page for each file: --each"),
        );
    }
    path.to_str().is_some()
}

fn were(files: usize) -> String {
    format!("{} {}", plural(files, "file"), if files == 1 { "was" } else { "were" })
}

/// Returns the path of a file from a project's root. One outside keeps what it has from `.tekton` on, else its
/// path below the folder that was named: there a project would have it.
fn path_in(root: &Path, current: &Path, path: &Path, below: &Path) -> PathBuf {
    let path = normal_path(&current.join(path));
    if let Ok(inside) = path.strip_prefix(root) {
        return inside.to_path_buf();
    }
    let parts: Vec<_> = path.components().collect();
    let hidden = parts.iter().position(|part| part.as_os_str() == ".tekton");
    hidden.map_or_else(|| below.to_path_buf(), |at| parts[at..].iter().collect())
}

fn write_template(
    page: &ImportedFolder,
    files: usize,
    output: Option<&Path>,
    printer: &Printer,
) -> Result<(), CliError> {
    let Some(output) = output else {
        printer.data(&page.text)?;
        return Ok(());
    };
    let path = if is_page(output) { output.to_path_buf() } else { output.join(PAGE_OF_SEVERAL) };
    write_file(&path, &page.text)?;
    let shown = path.display();
    let exact = match page.exact {
        exact if exact == files => "which writes them as they are".to_owned(),
        exact => format!("which writes {exact} as they are, and {} otherwise", files - exact),
    };
    printer.say(&format!("{} in one page, {exact}: {shown}", plural(files, "file")));
    printer.say(&format!("  help: hold the files to it: stagebook generate --check {shown}"));
    Ok(())
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

/// Returns the page of a file, and where it goes below the folder of all.
fn page(read: &ReadFile, findings: &mut Vec<Finding>) -> Option<(PathBuf, String)> {
    let page = imported(&read.file.source);
    findings.extend(page.findings);
    (page.objects > 0).then(|| (read.file.inside.with_extension("md"), page.text))
}

/// Writes pages: a single one to a file or to standard output, several below a folder. Returns whether there was
/// something to write, and a place for it.
fn write_pages(
    pages: &[(PathBuf, String)],
    left_out: usize,
    arguments: &ImportArguments,
    printer: &Printer,
) -> Result<bool, CliError> {
    let wrong = match (pages, &arguments.output) {
        ([], _) if left_out > 0 => "no file could be read; nothing was written",
        ([], _) => "there is nothing to import: name YAML files, or folders of them",
        ([(_, page)], None) => {
            printer.data(page)?;
            return Ok(true);
        }
        (_, Some(output)) if pages.len() > 1 && (is_page(output) || output.is_file()) => {
            "several pages need a folder: --output FOLDER, or --template for one page"
        }
        (_, None) => {
            "the files are not nearly equal, and several pages need a folder: --output FOLDER, or --template for one page"
        }
        (pages, Some(output)) => {
            write_below(pages, output, printer)?;
            return Ok(true);
        }
    };
    printer.failure(wrong);
    Ok(false)
}

/// Writes pages below a folder; a single one may go to a file.
fn write_below(pages: &[(PathBuf, String)], output: &Path, printer: &Printer) -> Result<(), CliError> {
    for (inside, page) in pages {
        let path = match pages {
            [_] if is_page(output) => output.to_path_buf(),
            _ => output.join(inside),
        };
        write_file(&path, page)?;
    }
    printer.say(&format!("{}: {}", plural(pages.len(), "page"), output.display()));
    Ok(())
}
