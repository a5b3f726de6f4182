//! Installing what tutorials require, when the user says so.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write as _};

use super::error::CliError;
use super::printer::Printer;
use crate::plan::Plan;
use crate::run::{Manager, install_command, missing, refresh_command};

/// Installs the packages that the plans miss; asks once before it does, unless `yes`.
pub(super) fn install(
    plans: &[Plan],
    search_path: &str,
    yes: bool,
    printer: &Printer,
) -> Result<(), CliError> {
    let Some(manager) = Manager::detect(search_path) else {
        printer.warning(
            "no package manager was found (apt, dnf, apk, pacman, zypper, brew): nothing is installed",
        );
        return Ok(());
    };
    let lacking = plans.iter().flat_map(|plan| missing(&plan.requires, search_path, Some(manager)));
    let packages: BTreeSet<String> = lacking.filter_map(|missing| missing.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let command = install_command(manager, packages.iter().map(String::as_str));
    if !yes && !agreed(&command) {
        printer.say("nothing was installed");
        return Ok(());
    }
    if let Some(refresh) = refresh_command(manager) {
        // An old list of packages is better than none: installing will tell.
        let _ = execute(&refresh, printer);
    }
    execute(&command, printer)
}

fn agreed(command: &str) -> bool {
    let mut error = io::stderr().lock();
    let _ = write!(error, "Install what is missing with `{command}`? [y/N] ").and_then(|()| error.flush());
    let mut answer = String::new();
    // The end of the input, as in a pipeline, is a no.
    let _ = io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}

fn execute(command: &str, printer: &Printer) -> Result<(), CliError> {
    printer.say(&format!("$ {command}"));
    let mut words = command.split(' ');
    let program = words.next().expect("a command has a program");
    // Standard output is for data; what the package manager says is for people.
    let run = duct::cmd(program, words).stdout_to_stderr().env("DEBIAN_FRONTEND", "noninteractive");
    run.run().map_err(|source| CliError::Install { command: command.to_owned(), source })?;
    Ok(())
}
