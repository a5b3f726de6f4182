//! The files of a tenant beside those that are there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::exit::ExitStatus;
use crate::cli::printer::Printer;
use crate::diagnostic::{plural, unified};
use crate::generate::{Pattern, prune};
use crate::konflux::tenant::{TenantFile, TenantFolder};
use crate::report::closing_line;
use crate::yaml;

/// A file that is wanted, or that is there and is not.
struct TenantText {
    /// Path from the folder.
    path: String,
    /// The text that it should have; none for a left-over.
    wanted: Option<String>,
    /// The text that it has.
    found: Option<String>,
}

impl TenantText {
    fn is_up_to_date(&self) -> bool {
        self.wanted == self.found
    }

    /// Returns in which way it is not as it should be.
    fn problem(&self) -> &'static str {
        match (&self.wanted, &self.found) {
            (None, _) => "no longer produced",
            (Some(_), None) => "missing",
            (Some(_), Some(_)) => "out of date",
        }
    }
}

/// A folder of a tenant's files.
pub(super) struct Compared {
    folder: PathBuf,
    files: Vec<TenantText>,
}

impl Compared {
    /// Takes the files that a folder should have, and reads those that it has.
    pub(super) fn of(folder: &Path, kind: TenantFolder, wanted: Vec<TenantFile>) -> Result<Self, CliError> {
        let known: BTreeSet<String> = wanted.iter().map(|file| file.path.clone()).collect();
        let patterns = kind.patterns().iter().filter_map(|pattern| Pattern::parse(pattern));
        let there = patterns.flat_map(|pattern| pattern.files_below(folder));
        let left_over = there.filter(|path| kind.owns(path) && !known.contains(path));
        let wanted = wanted.into_iter().map(|file| (file.path, Some(yaml::write(&file.object))));
        let all = wanted.chain(left_over.map(|path| (path, None)));
        let file = |(path, wanted): (String, Option<String>)| {
            let found = read(&folder.join(&path))?;
            Ok(TenantText { path, wanted, found })
        };
        Ok(Self { folder: folder.to_path_buf(), files: all.map(file).collect::<Result<_, CliError>>()? })
    }

    fn shown(&self, file: &TenantText) -> String {
        self.folder.join(&file.path).display().to_string()
    }
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::ReadYaml { path: path.to_path_buf(), source }),
    }
}

/// Prints how files differ from what they should be, and which command changes that.
pub(super) fn check(folders: &[Compared], command: &str, printer: &Printer) -> Result<ExitStatus, CliError> {
    for folder in folders {
        for file in folder.files.iter().filter(|file| !file.is_up_to_date()) {
            let shown = folder.shown(file);
            printer.data(&unified(&shown, file.found.as_deref(), file.wanted.as_deref()))?;
            printer.say(&format!("{}: {shown}", file.problem()));
        }
    }
    let good = all(folders).all(TenantText::is_up_to_date);
    let mut line = in_words(folders, ["up to date", "out of date", "missing", "no longer produced"]);
    if !good {
        let prune = if all(folders).any(|file| file.wanted.is_none()) { " --prune" } else { "" };
        line.push_str(&format!("; to change that: {command}{prune}"));
    }
    printer.insist(&closing_line(&printer.styles(), good, &line));
    Ok(if good { ExitStatus::Passed } else { ExitStatus::Failed })
}

/// Makes files what they should be; left-overs are removed where that is asked for.
pub(super) fn update(
    folders: &[Compared],
    is_pruned: bool,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    for folder in folders {
        for file in folder.files.iter().filter(|file| !file.is_up_to_date()) {
            let shown = folder.shown(file);
            match &file.wanted {
                Some(text) => {
                    write(&folder.folder.join(&file.path), text)?;
                    printer.say(&format!("wrote {shown}"));
                }
                None if is_pruned => {
                    prune(&folder.folder, &file.path)?;
                    printer.say(&format!("removed {shown}"));
                }
                None => printer.warning(&format!("{shown} is no longer produced; --prune removes it")),
            }
        }
    }
    let last = if is_pruned { "removed" } else { "no longer produced" };
    let line = in_words(folders, ["unchanged", "changed", "added", last]);
    printer.insist(&closing_line(&printer.styles(), true, &line));
    Ok(ExitStatus::Passed)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let trouble = |source| CliError::Write { path: path.to_path_buf(), source };
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(trouble)?;
    std::fs::write(path, text).map_err(trouble)
}

fn all(folders: &[Compared]) -> impl Iterator<Item = &TenantText> {
    folders.iter().flat_map(|folder| &folder.files)
}

/// Returns `8 files: 6 up to date, 2 missing`.
fn in_words(folders: &[Compared], [same, different, missing, stale]: [&str; 4]) -> String {
    let count = |wanted: &dyn Fn(&TenantText) -> bool| all(folders).filter(|file| wanted(file)).count();
    let problem =
        |what: &'static str| move |file: &TenantText| !file.is_up_to_date() && file.problem() == what;
    let counts = [
        (count(&TenantText::is_up_to_date), same),
        (count(&problem("out of date")), different),
        (count(&problem("missing")), missing),
        (count(&problem("no longer produced")), stale),
    ];
    let parts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    let files = all(folders).filter(|file| file.wanted.is_some()).count();
    format!("{}: {}", plural(files, "file"), parts.join(", "))
}
