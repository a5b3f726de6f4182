//! The reference of the command line as Markdown, made of what `--help` is made of.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::arguments::Arguments;

/// Returns a section for each command, and one for the options that all of them have.
pub fn command_reference() -> String {
    let mut program = Arguments::command();
    // Gives each command its whole name, and the global options.
    program.build();
    let mut text = String::new();
    for command in leaves(&program) {
        section(&mut text, command);
    }
    text.push_str("## Options of every command\n\n");
    table(&mut text, program.get_arguments().filter(|argument| argument.is_global_set()));
    text
}

/// Returns the commands that do something, in the order of the help.
fn leaves(command: &Command) -> Vec<&Command> {
    let shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    let below: Vec<&Command> = command.get_subcommands().filter(shown).collect();
    let is_one = below.is_empty()
        || (command.get_bin_name().is_some_and(|name| name.contains(' '))
            && !command.is_subcommand_required_set());
    let own = is_one.then_some(command);
    own.into_iter().chain(below.into_iter().flat_map(leaves)).collect()
}

fn section(text: &mut String, command: &Command) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace("\n       ", "\n");
    let _ = write!(text, "## `{name}`\n\n{}.\n\n```text\n{}\n```\n\n", prose(&about), usage.trim_end());
    let own = |argument: &&Arg| {
        !argument.is_global_set()
            && !argument.is_hide_set()
            && argument.get_id() != "help"
            && argument.get_id() != "version"
    };
    if command.get_arguments().any(|argument| own(&argument)) {
        table(text, command.get_arguments().filter(own));
    }
}

fn table<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    text.push_str("| argument | does |\n| --- | --- |\n");
    for argument in arguments {
        let _ = writeln!(text, "| {} | {} |", cell(&written(argument)), cell(&meaning(argument)));
    }
    text.push('\n');
}

/// Returns an argument as it is typed: `` `-d`, `--output FOLDER` ``.
fn written(argument: &Arg) -> String {
    let values: Vec<String> = match argument.get_value_names() {
        Some(names) if argument.get_action().takes_values() => {
            names.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    if argument.is_positional() {
        let name = values.join(" ");
        let more =
            if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
        return if argument.is_required_set() {
            format!("`{name}{more}`")
        } else {
            format!("`[{name}]{more}`")
        };
    }
    let short = argument.get_short().map(|letter| format!("`-{letter}`"));
    let long = argument.get_long().map(|word| {
        let value: String = values.iter().map(|value| format!(" {value}")).collect();
        format!("`--{word}{value}`")
    });
    short.into_iter().chain(long).collect::<Vec<_>>().join(", ")
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut text = prose(&help);
    let values = argument.get_possible_values();
    let values = values.iter().filter(|value| !value.is_hide_set());
    let values: Vec<String> = values
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({})", value.get_name(), lowered(&help.to_string())),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if argument.get_action().takes_values() && !values.is_empty() {
        let _ = write!(text, ": {}", values.join(", "));
    }
    let defaults = argument.get_default_values();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        let defaults: Vec<String> =
            defaults.iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
        let _ = write!(text, " [default: {}]", defaults.join(", "));
    }
    text
}

/// Returns help as Markdown on one line: what stands in backticks is code there too.
fn prose(help: &str) -> String {
    let line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = line.split('`').enumerate();
    let escape =
        |part: &str| part.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_").replace('[', "\\[");
    parts.map(|(number, part)| if number % 2 == 0 { escape(part) } else { format!("`{part}`") }).collect()
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
