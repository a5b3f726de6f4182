//! The block about a step that failed: everything needed to understand it without running it again.

use std::borrow::Cow;

use crate::diagnostic::{Location, duration, plural};
use crate::event::{
    Outcome, StepInfo, StepOutput, StepResult, TutorialOutcome, TutorialResult, TutorialStart,
};
use crate::expect::DiffLine;

use super::clean::{ESCAPE, RESET, clean};
use super::narrator::TextSettings;
use super::styles::paint;

/// Lines of the command that are shown.
const COMMAND_LINES: usize = 12;

/// Lines of the output that are shown, from its end.
const OUTPUT_LINES: usize = 20;

/// Lines of a diff that are shown.
const DIFF_LINES: usize = 60;

/// Characters of a line that are shown: enough for any line that people read.
const LINE_CHARACTERS: usize = 500;

/// Returns the block as lines, each with its newline.
pub(super) fn failure(
    settings: &TextSettings,
    start: &TutorialStart,
    info: &StepInfo,
    result: &StepResult,
) -> String {
    let mut block = Block { settings, text: String::new() };
    block.title(start, info, result);
    block.place(info, result);
    block.command(&info.text);
    block.diffs(result);
    block.output(result);
    block.left_behind(&result.left_behind);
    block.whole_output(start, &result.output);
    block.again(start, info);
    block.text
}

/// Returns the last lines of what a service printed.
pub(super) fn last_output(settings: &TextSettings, start: &TutorialStart, output: &StepOutput) -> String {
    let mut block = Block { settings, text: String::new() };
    block.tail(output);
    block.whole_output(start, output);
    block.text
}

/// Returns why a step failed, in one line.
pub(super) fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { reason } => one_line(reason),
        Outcome::TimedOut { limit } => format!("timed out after {}", duration(*limit)),
        Outcome::Skipped { reason } => one_line(&reason.to_string()),
        Outcome::Verified | Outcome::Unverified | Outcome::Cancelled => outcome.word().to_owned(),
    }
}

/// Returns where a step failed: for a transcript, at the command that ended otherwise than the page says.
pub(super) fn failing_place<'a>(info: &'a StepInfo, result: &'a StepResult) -> &'a Location {
    match result.commands.last() {
        Some(command) if result.outcome.failed() && !result.only_output_differs() => &command.location,
        _ => &info.location,
    }
}

/// Returns the line that a person has to look at first: the promise that was broken, else where the step failed.
pub(super) fn annotated_place<'a>(info: &'a StepInfo, result: &'a StepResult) -> &'a Location {
    let broken = result.checks.iter().find(|check| check.mismatch.is_some());
    match broken {
        Some(check) if result.only_output_differs() => &check.location,
        _ => failing_place(info, result),
    }
}

/// Returns what went wrong with a tutorial that no step of it shows.
pub(super) fn trouble(result: &TutorialResult) -> Option<String> {
    let is_empty = result.outcome == TutorialOutcome::Failed && result.coverage.executed() == 0;
    let trouble = result.trouble.as_deref().map(one_line);
    trouble.or_else(|| is_empty.then(|| "nothing was executed".to_owned()))
}

/// Returns a text from outside as one line.
pub(super) fn one_line(text: &str) -> String {
    clean(text, false).trim().replace('\n', " ")
}

/// Returns a diff without colours: `-` expected, `+` printed, `~` taken by a wildcard.
pub fn diff_text(lines: &[DiffLine]) -> String {
    diff_lines(lines, "-").iter().map(|line| format!("  {line}\n")).collect()
}

/// Returns the lines of a diff without colours: `-` expected, `+` printed, `~` taken by a wildcard.
pub(super) fn diff_lines(lines: &[DiffLine], missing: &str) -> Vec<String> {
    let line = |sign: &str, text: &str| format!("{sign} {}", one_line_kept(text));
    let show = |diff: &DiffLine| match diff {
        DiffLine::Same(text) => line(" ", text),
        DiffLine::Matched { line: text, .. } => line("~", text),
        DiffLine::Skipped(count) => format!("~ ... ({count} more)"),
        DiffLine::Missing(text) => line(missing, text),
        DiffLine::Unexpected(text) => line("+", text),
    };
    lines.iter().map(show).collect()
}

/// Cuts a line that is longer than people read, and says so.
fn shortened(line: &str) -> Cow<'_, str> {
    let Some((end, _)) = line.char_indices().nth(LINE_CHARACTERS) else { return line.into() };
    let more = line[end..].chars().count();
    // A colour that began before the cut must end before our own words.
    let reset = if line[..end].contains(ESCAPE) { RESET } else { "" };
    format!("{}{reset} ... ({more} more characters)", &line[..end]).into()
}

/// Cleans a line and keeps its indentation.
fn one_line_kept(text: &str) -> String {
    clean(text, false).trim_end().replace('\n', " ")
}

struct Block<'a> {
    settings: &'a TextSettings,
    text: String,
}

impl Block<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// Adds lines that are not ours, each behind a bar.
    fn quoted<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        let bar = paint(self.settings.styles.quiet, self.settings.styles.symbols.bar);
        for line in lines {
            self.line(&format!("    {bar} {}", shortened(line)));
        }
    }

    fn title(&mut self, start: &TutorialStart, info: &StepInfo, result: &StepResult) {
        let styles = &self.settings.styles;
        let plan = one_line(&start.plan.to_string());
        let word = paint(styles.fail, format!("{} step `{}`", styles.symbols.fail, one_line(&info.name.0)));
        let word = format!("{word} of {plan} {}", paint(styles.fail, result.outcome.word()));
        self.line(&format!("{word}  {}", duration(result.duration)));
        // Output that differs is said with its diff.
        if !result.only_output_differs() {
            self.line(&format!("    {}", reason(&result.outcome)));
        }
    }

    fn place(&mut self, info: &StepInfo, result: &StepResult) {
        let headings = info.headings.iter().map(|heading| one_line(heading));
        let headings = headings.collect::<Vec<_>>().join(" > ");
        self.line(&format!("  at {}  {headings}", one_line(&failing_place(info, result).to_string())));
    }

    fn command(&mut self, text: &str) {
        let text = clean(text, false);
        let count = text.lines().count();
        self.quoted(text.lines().take(COMMAND_LINES));
        if count > COMMAND_LINES {
            self.quoted([format!("... ({} more lines)", count - COMMAND_LINES).as_str()]);
        }
    }

    fn diffs(&mut self, result: &StepResult) {
        for check in &result.checks {
            let Some(mismatch) = &check.mismatch else { continue };
            self.line(&format!(
                "  {} ({})",
                one_line(&mismatch.summary),
                one_line(&check.location.to_string())
            ));
            let symbols = self.settings.styles.symbols;
            let lines = diff_lines(&mismatch.diff, symbols.missing);
            if !lines.is_empty() {
                self.line(&format!("  {} expected, + printed, ~ any", symbols.missing));
            }
            for line in lines.iter().take(DIFF_LINES) {
                let line = self.painted_diff(&shortened(line));
                self.line(&format!("    {line}"));
            }
            if lines.len() > DIFF_LINES {
                self.line(&format!("    ... ({} more lines)", lines.len() - DIFF_LINES));
            }
        }
    }

    fn painted_diff(&self, line: &str) -> String {
        let styles = &self.settings.styles;
        match line.chars().next() {
            Some('+') => paint(styles.pass, line),
            Some('~') => paint(styles.quiet, line),
            Some(' ') | None => line.to_owned(),
            Some(_) => paint(styles.fail, line),
        }
    }

    fn output(&mut self, result: &StepResult) {
        match result.commands.iter().rev().find(|command| !command.output.is_empty()) {
            Some(command) if result.output.text.is_empty() => self.tail(&command.output),
            _ => self.tail(&result.output),
        }
    }

    fn tail(&mut self, output: &StepOutput) {
        for (name, output) in ["output", "standard error"].into_iter().zip(output.streams()) {
            self.stream(name, &output.text, output.file.is_none());
        }
        if output.is_empty() {
            self.line("  it printed nothing");
        }
    }

    fn stream(&mut self, name: &str, text: &str, is_whole: bool) {
        let text = clean(text, self.settings.styles.coloured);
        let lines: Vec<&str> = text.lines().collect();
        match lines.len() {
            0 => return,
            count if count > OUTPUT_LINES || !is_whole => {
                self.line(&format!("  last {} of {name}:", plural(count.min(OUTPUT_LINES), "line")));
            }
            _ => self.line(&format!("  {name}:")),
        }
        self.quoted(lines[lines.len().saturating_sub(OUTPUT_LINES)..].iter().copied());
    }

    fn left_behind(&mut self, processes: &[String]) {
        for process in processes {
            self.line(&format!("  left behind: {}", one_line(process)));
        }
    }

    fn whole_output(&mut self, start: &TutorialStart, output: &StepOutput) {
        let Some(store) = &self.settings.store else { return };
        for (name, output) in ["output", "standard error"].into_iter().zip(output.streams()) {
            let Some(file) = &output.file else { continue };
            let path = store.folder(&start.plan).join(file);
            let cut = if output.kept < output.bytes { ", the middle was cut" } else { "" };
            self.line(&format!("  whole {name}: {} ({} bytes{cut})", path.display(), output.bytes));
        }
    }

    fn again(&mut self, start: &TutorialStart, info: &StepInfo) {
        self.line(&format!("  run again just that: {}", again(start, info)));
    }
}

/// Returns the command that runs a step again, with the values that it failed with.
pub(super) fn again(start: &TutorialStart, info: &StepInfo) -> String {
    let mut command =
        format!("stagebook run {} --step {}", quoted(&start.path.to_string_lossy()), quoted(&info.name.0));
    for (name, value) in &start.given {
        command.push_str(&format!(" --param {}", quoted(&format!("{name}={value}"))));
    }
    command
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let word = one_line(word);
    let is_plain = |character: char| character.is_alphanumeric() || "-_./=:,+@".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples;
    use crate::tutorial::Value;

    #[track_caller]
    fn check(tutorial: &str, given: &[(&str, &str)], expected: &str) {
        let mut start = samples::record_of(tutorial).start();
        let value = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::String((*value).to_owned()));
        start.given = given.iter().map(value).collect();
        assert_eq!(again(&start, &start.steps[0]), expected);
    }

    #[test]
    fn command_to_run_again_repeats_what_was_given() {
        check("a.md", &[], "stagebook run a.md --step build");
        check("a b.md", &[], "stagebook run 'a b.md' --step build");
        check("a.md", &[("tag", "v1")], "stagebook run a.md --step build --param tag=v1");
        check(
            "a.md",
            &[("tag", "v 1"), ("base", "it's")],
            r"stagebook run a.md --step build --param 'base=it'\''s' --param 'tag=v 1'",
        );
    }
}
