//! Where text for people and data go.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::ColorChoice as Stream;

use super::arguments::{ColorChoice, OutputArguments};
use super::error::CliError;
use super::pipeline::Pipeline;
use crate::config::{Ci, Environment};
use crate::diagnostic::{Finding, Severity, causes, plural, render, sort_by_place};
use crate::report::{Styles, Verbosity, github_finding};

/// Prints: data on standard output, everything else on standard error.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    coloured: bool,
    data_coloured: bool,
    verbosity: Verbosity,
    pipeline: Pipeline,
}

impl Printer {
    /// Decides about colours once.
    pub(super) fn new(arguments: &OutputArguments) -> Self {
        let choice = match arguments.color {
            ColorChoice::Auto => Stream::Auto,
            ColorChoice::Always => Stream::Always,
            ColorChoice::Never => Stream::Never,
        };
        choice.write_global();
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Self {
            coloured: anstream::AutoStream::choice(&io::stderr()) != Stream::Never,
            data_coloured: anstream::AutoStream::choice(&io::stdout()) != Stream::Never,
            verbosity,
            pipeline: Pipeline::find(&Environment::read()),
        }
    }

    /// Returns the pipeline system that reads what is printed, where there is one.
    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Returns how much is to be said.
    pub(super) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Returns whether text on standard error may have colours.
    pub(super) fn is_coloured(&self) -> bool {
        self.coloured
    }

    /// Returns the styles for text on standard error.
    pub(super) fn styles(&self) -> Styles {
        Styles::new(self.coloured, speaks_unicode())
    }

    /// Returns whether data on standard output may have colours.
    pub(super) fn data_is_coloured(&self) -> bool {
        self.data_coloured
    }

    /// Returns the styles for data on standard output.
    pub(super) fn data_styles(&self) -> Styles {
        Styles::new(self.data_coloured, speaks_unicode())
    }

    /// Returns whether a person looks at standard error.
    pub(super) fn is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Prints data. A reader that has seen enough is not an error.
    pub(super) fn data(&self, text: &str) -> Result<(), CliError> {
        let mut output = io::stdout().lock();
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
            _ => Ok(()),
        }
    }

    /// Prints a line for people, unless they asked for quiet.
    pub(super) fn say(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.insist(text);
        }
    }

    /// Prints a line for people in any case.
    pub(super) fn insist(&self, text: &str) {
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints an error with its causes and what to do.
    pub(super) fn error(&self, error: &CliError) {
        if matches!(error, CliError::Findings) {
            return;
        }
        let mut text = format!("{} {error}", self.label("error"));
        for cause in causes(error) {
            text.push_str(&format!("\n  caused by: {cause}"));
        }
        if let Some(help) = error.help() {
            text.push_str(&format!("\n  help: {help}"));
        }
        self.insist(&text);
    }

    /// Prints why the exit status is what it is, where nothing else says it.
    pub(super) fn failure(&self, text: &str) {
        self.insist(&format!("{} {text}", self.label("error")));
    }

    /// Prints a warning.
    pub(super) fn warning(&self, text: &str) {
        self.insist(&format!("{} {text}", self.label("warning")));
    }

    /// Returns what a finding must be at least to be shown: everything is for those who asked for it.
    pub(super) fn least(&self) -> Severity {
        match self.verbosity {
            Verbosity::Quiet => Severity::Error,
            Verbosity::Normal => Severity::Warning,
            Verbosity::Verbose => Severity::Note,
        }
    }

    /// Prints findings in the order of their places.
    pub(super) fn findings(&self, findings: &mut [Finding]) {
        sort_by_place(findings);
        let least = self.least();
        for finding in findings.iter().filter(|finding| finding.severity >= least) {
            self.insist(&format!("{}\n", render(finding, self.coloured)));
        }
        self.annotate(findings.iter().filter(|finding| finding.severity >= least));
    }

    /// Shows findings at their lines in a pull request, where GitHub reads what is printed.
    pub(super) fn annotate<'a>(&self, findings: impl Iterator<Item = &'a Finding>) {
        if self.pipeline.system == Some(Ci::GitHub) {
            for finding in findings {
                self.insist(&github_finding(finding, &self.pipeline.repository));
            }
        }
    }

    /// Returns what was made of sound pages, or prints what is wrong with them.
    pub(super) fn sound<T>(&self, made: Result<T, Vec<Finding>>) -> Result<T, CliError> {
        self.sound_or(made, "nothing was run")
    }

    /// Returns what was made of sound pages, or prints what is wrong with them and what therefore was not done.
    pub(super) fn sound_or<T>(&self, made: Result<T, Vec<Finding>>, not_done: &str) -> Result<T, CliError> {
        made.map_err(|mut findings| {
            self.findings(&mut findings);
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
            self.insist(&format!("{} {}; {not_done}", self.label("error"), plural(errors, "mistake")));
            CliError::Findings
        })
    }

    fn label(&self, word: &str) -> String {
        let color = if word == "error" { anstyle::AnsiColor::Red } else { anstyle::AnsiColor::Yellow };
        let style = anstyle::Style::new().bold().fg_color(Some(color.into()));
        if self.coloured { format!("{style}{word}:{style:#}") } else { format!("{word}:") }
    }
}

/// Returns whether the locale can show more than ASCII; most can.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    locale.is_some_and(|locale| locale.to_lowercase().replace('-', "").contains("utf8"))
}
