//! The command line: everything is wired here.
//!
//! A command is a verb with a file of its own: its arguments and help text first, then the
//! function. Only this room prints, asks and decides about exit statuses. Text for people
//! goes to standard error; data goes to standard output.

mod arguments;
mod asked;
mod book;
mod book_findings;
mod check;
mod cluster;
mod error;
mod exit;
mod export;
mod generate;
mod image;
mod install;
mod konflux;
mod links;
mod pipeline;
mod plan;
mod preprocessor;
mod printer;
mod project;
mod reference;
mod run;
mod schema;
mod status;
mod update;

use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::{Arguments, Command};
use self::exit::ExitStatus;
use self::printer::Printer;

pub use self::reference::command_reference;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(preprocessor::with_command(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is a mistake. A closed pipe is neither.
            let _ = error.print();
            let status = if error.use_stderr() { ExitStatus::Invalid } else { ExitStatus::Passed };
            return status.into();
        }
    };
    let printer = Printer::new(&arguments.output);
    let result = match arguments.command {
        Command::Run(command) => run::run(command, &printer),
        Command::Check(command) => check::check(&command, &printer),
        Command::Plan(command) => plan::plan(&command, &printer),
        Command::Status(command) => status::status(&command, &printer),
        Command::Book(command) => book::book(&command, &printer),
        Command::MdbookPreprocessor(command) => preprocessor::preprocessor(&command, &printer),
        Command::Generate(command) => generate::generate(&command, &printer),
        Command::Image(command) => image::image(&command, &printer),
        Command::Konflux(command) => konflux::konflux(command, &printer),
        Command::Schema(command) => schema::schema(&command, &printer),
    };
    match result {
        Ok(status) => status.into(),
        Err(error) => {
            printer.error(&error);
            error.exit_status().into()
        }
    }
}
