//! `stagebook mdbook-preprocessor`, also called as `mdbook-stagebook`

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::book::{is_verified, project_of};
use super::error::CliError;
use super::exit::ExitStatus;
use super::printer::Printer;
use super::project::has_error;
use crate::book::{parse_request, supports_renderer};

/// The name under which mdBook looks for a preprocessor `stagebook`.
const NAME_FOR_MDBOOK: &str = "mdbook-stagebook";

/// What `book.toml` needs to have.
const TABLE: &str = "[preprocessor.stagebook]\ncommand = \"stagebook mdbook-preprocessor\"\n";

/// Add the evidence of runs to a book that mdBook builds: mdBook calls this
///
/// It reads mdBook's request on standard input, adds what is on record to each chapter that is a
/// tutorial, and writes the book to standard output. It runs nothing.
#[derive(Debug, Args)]
pub(super) struct PreprocessorArguments {
    #[command(subcommand)]
    command: Option<PreprocessorCommand>,
}

#[derive(Debug, Subcommand)]
enum PreprocessorCommand {
    /// Tell mdBook, by the exit status, whether a renderer is given any evidence
    Supports {
        /// The renderer: `html`
        renderer: String,
    },
    /// Name this preprocessor in a book's `book.toml`
    Install {
        /// The folder with `book.toml`
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
}

/// Returns the arguments of a process, with the command where the program's name stands for it.
pub(super) fn with_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let name = arguments.first().map(Path::new).and_then(Path::file_stem);
    if name.is_some_and(|name| name == NAME_FOR_MDBOOK) {
        arguments.insert(1, "mdbook-preprocessor".into());
    }
    arguments
}

/// Does what mdBook, or the author of a book, asked for.
pub(super) fn preprocessor(
    arguments: &PreprocessorArguments,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    match &arguments.command {
        Some(PreprocessorCommand::Supports { renderer }) => Ok(match supports_renderer(renderer) {
            true => ExitStatus::Passed,
            false => ExitStatus::Failed,
        }),
        Some(PreprocessorCommand::Install { folder }) => install(folder, printer),
        None => answer(printer),
    }
}

fn answer(printer: &Printer) -> Result<ExitStatus, CliError> {
    let mut text = String::new();
    if !io::stdin().is_terminal() {
        io::stdin().lock().read_to_string(&mut text).map_err(CliError::Input)?;
    }
    if text.trim().is_empty() {
        return Err(CliError::NoRequest);
    }
    let mut request = parse_request(&text)?;
    let current = std::env::current_dir().map_err(CliError::CurrentFolder)?;
    let root = current.join(&request.root);
    // Records know pages by their real paths.
    request.root = root.canonicalize().unwrap_or(root);
    let (project, mut findings) = project_of(&request.root, &current)?;
    let require_verified = request.require_verified;
    let answer = request.answer(&project.options());
    findings.extend(answer.findings.iter().cloned());
    printer.findings(&mut findings);
    let asked = "book.toml has `require = \"verified\"`";
    if require_verified && !is_verified(&answer.tutorials, asked, printer) | has_error(&findings) {
        return Ok(ExitStatus::Failed);
    }
    printer.data(&answer.json)?;
    Ok(ExitStatus::Passed)
}

/// Adds the table to `book.toml`, below everything else: what is there stays as it is.
fn install(folder: &Path, printer: &Printer) -> Result<ExitStatus, CliError> {
    let path = folder.join("book.toml");
    let before =
        std::fs::read_to_string(&path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let broken = |source| CliError::BookToml { path: path.clone(), source: Box::new(source) };
    let book: toml::Table = before.parse().map_err(broken)?;
    if book.get("preprocessor").is_some_and(|preprocessors| preprocessors.get("stagebook").is_some()) {
        printer.say(&format!("`{}` names the preprocessor already", path.display()));
        return Ok(ExitStatus::Passed);
    }
    let newlines = if before.is_empty() || before.ends_with("\n\n") {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let after = format!("{before}{newlines}{TABLE}");
    after.parse::<toml::Table>().map_err(broken)?;
    std::fs::write(&path, after).map_err(|source| CliError::Write { path: path.clone(), source })?;
    printer
        .say(&format!("`{}` names the preprocessor now: `mdbook build` shows the evidence", path.display()));
    Ok(ExitStatus::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_the_program_stands_for_the_command() {
        let check = |arguments: &[&str], expected: &[&str]| {
            assert_eq!(with_command(arguments.iter().map(OsString::from)), expected);
        };
        check(
            &["/bin/mdbook-stagebook", "supports", "html"],
            &["/bin/mdbook-stagebook", "mdbook-preprocessor", "supports", "html"],
        );
        check(&["stagebook", "run"], &["stagebook", "run"]);
        check(&[], &[]);
    }
}
