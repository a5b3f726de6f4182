//! What can be typed.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::exit::EXIT_HELP;
use super::{book, check, generate, image, konflux, plan, preprocessor, run, schema, status};

/// Runs Markdown tutorials as pipelines and keeps the evidence
#[derive(Debug, Parser)]
#[command(name = "stagebook", version, max_term_width = 100, after_help = EXIT_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(run::RunArguments),
    Check(check::CheckArguments),
    Plan(plan::PlanArguments),
    Status(status::StatusArguments),
    Generate(generate::GenerateArguments),
    Image(image::ImageArguments),
    Konflux(konflux::KonfluxArguments),
    Book(book::BookArguments),
    MdbookPreprocessor(preprocessor::PreprocessorArguments),
    Schema(schema::SchemaArguments),
}

/// How much is said, and how it looks.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = "Output")]
    pub(super) color: ColorChoice,
    /// Say only what failed, and the last line
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Show each step and what it prints
    #[arg(short, long, global = true, action = ArgAction::SetTrue, help_heading = "Output")]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal
    Auto,
    Always,
    Never,
}

/// Which tutorials are meant, and with which values.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TutorialArguments {
    /// Tutorials, or folders of them [default: `tutorials` of stagebook.toml]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Give a parameter a value: `--param base=debian`
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = parse_parameter)]
    pub(super) parameters: Vec<(String, String)>,
    /// Read values of parameters from a YAML, JSON or TOML file
    #[arg(long, value_name = "FILE")]
    pub(super) params_file: Option<PathBuf>,
}

/// Which steps are meant.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SelectionArguments {
    /// Run only this step and what it needs; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub(super) step: Vec<String>,
    /// Begin with this step
    #[arg(long, value_name = "NAME", conflicts_with = "step")]
    pub(super) from: Option<String>,
    /// End with this step
    #[arg(long, value_name = "NAME", conflicts_with = "step")]
    pub(super) until: Option<String>,
}

impl SelectionArguments {
    /// Returns whether nothing was chosen, which means everything.
    pub(super) fn is_empty(&self) -> bool {
        self.step.is_empty() && self.from.is_none() && self.until.is_none()
    }
}

fn parse_parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_mistake_in_the_arguments() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn parameter_keeps_everything_after_the_first_equals_sign() {
        assert_eq!(parse_parameter("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_parameter("a="), Ok(("a".to_owned(), String::new())));
        assert!(parse_parameter("=b").is_err());
        assert!(parse_parameter("a").is_err());
    }
}
