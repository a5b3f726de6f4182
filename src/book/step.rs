//! A step as a card: its commands, what is known about them, and what they really printed.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostic::{Place, Source, duration, plural};
use crate::event::{StepOutput, StepResult};
use crate::expect::{DiffLine, Stream};
use crate::record::Store;
use crate::tutorial::{Action, Origin, Step, TranscriptCommand};

use super::ansi::ansi_html;
use super::escape::{escaped, push_escaped};
use super::evidence::{Evidence, StepEvidence, Variant};
use super::highlight::Painter;
use super::shape::Shown;

/// Lines of output that are open from the start.
const OPEN_LINES: usize = 12;

/// Bytes of output that a page shows; the record has the rest.
const MOST_OUTPUT: usize = 16 * 1024;

/// What a card is made from.
pub(super) struct Card<'a> {
    pub(super) step: &'a Step,
    /// Its position among the steps of the page.
    pub(super) source: usize,
    pub(super) evidence: &'a Evidence,
    pub(super) store: &'a Store,
}

impl Card<'_> {
    /// Returns the card as HTML.
    pub(super) fn html(&self, painter: &mut Painter) -> String {
        let parts: Vec<(usize, &Variant, Option<StepEvidence<'_>>)> = self
            .evidence
            .variants
            .iter()
            .enumerate()
            .map(|(number, variant)| (number, variant, variant.step(self.source)))
            .collect();
        let worst = parts.iter().filter_map(|(_, _, step)| step.as_ref()).map(|step| step.shown).min();
        let class = match parts.as_slice() {
            [_] => worst.unwrap_or(Shown::Skipped).class(),
            _ => "",
        };
        let name = &self.step.name.0;
        let mut html = format!(
            "<figure class=\"step {class}\" id=\"{id}\"><figcaption><a class=\"name\" href=\"#{id}\">{name}</a>",
            id = escaped(&step_id(name)),
            name = escaped(name),
        );
        if let Action::File(path) = &self.step.action {
            let _ = write!(html, "<span>writes <code>{}</code></span>", escaped(path));
        }
        html.push_str("<span class=\"space\"></span>");
        for (number, _, step) in &parts {
            self.in_variant(&mut html, *number, "span", &caption(step.as_ref()));
        }
        html.push_str("<button type=\"button\" class=\"copy needs-script\">Copy</button></figcaption>");
        html.push_str(&self.code(painter));
        for (number, variant, step) in &parts {
            let evidence = step.as_ref().map(|step| self.outputs(variant, step)).unwrap_or_default();
            if !evidence.is_empty() {
                self.in_variant(&mut html, *number, "div", &evidence);
            }
        }
        html.push_str("</figure>\n");
        html
    }

    /// Adds what holds in one variant; with one in all, no mark is needed.
    fn in_variant(&self, html: &mut String, number: usize, element: &str, inner: &str) {
        if self.evidence.variants.len() > 1 {
            let _ = write!(html, "<{element} data-variant=\"{number}\">{inner}</{element}>");
        } else {
            html.push_str(inner);
        }
    }

    fn code(&self, painter: &mut Painter) -> String {
        let language = &self.step.language;
        let code = match &self.step.action {
            Action::Transcript(commands) => transcript(commands, &self.step.place, painter),
            Action::Command | Action::File(_) => painter.paint(language, &self.step.text.content),
        };
        let name = escaped(&self.step.name.0);
        format!(
            "<pre tabindex=\"0\" aria-label=\"Commands of {name}\"><code class=\"language-{}\">{code}</code></pre>",
            escaped(language)
        )
    }

    fn outputs(&self, variant: &Variant, step: &StepEvidence<'_>) -> String {
        let Some(result) = step.result else { return String::new() };
        let differing = result.checks.iter().filter_map(|check| check.mismatch.as_ref());
        let mut html: String =
            differing.map(|mismatch| difference(&mismatch.summary, &mismatch.diff)).collect();
        if matches!(self.step.action, Action::Transcript(_)) {
            html.push_str(&self.transcript_output(variant, result));
        } else if let Some(output) = self.text(variant, &result.output) {
            let verdict = verdict(step, result);
            html.push_str(&folded("Output", &verdict, &output, &result.output, step.shown));
        }
        html
    }

    /// Returns what the commands of a transcript really printed, each below its command.
    fn transcript_output(&self, variant: &Variant, result: &StepResult) -> String {
        let mut whole = String::new();
        for command in &result.commands {
            let _ = writeln!(whole, "$ {}", command.command.trim_end());
            whole.push_str(&self.text(variant, &command.output).unwrap_or_default());
            if !whole.ends_with('\n') {
                whole.push('\n');
            }
        }
        if whole.is_empty() {
            return String::new();
        }
        let printed =
            StepOutput { bytes: whole.len() as u64, kept: whole.len() as u64, ..StepOutput::default() };
        folded("As it was run", "", &whole, &printed, Shown::Stale)
    }

    /// Returns what is kept of an output, whole where it can be had; `None` where nothing was printed.
    fn text(&self, variant: &Variant, output: &StepOutput) -> Option<String> {
        let kept = self.store.output(&variant.plan.key, output, Stream::Both).ok().flatten();
        let mut text = kept.unwrap_or_else(|| output.text.clone());
        if let Some(error) = &output.stderr {
            text.push_str(&error.text);
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Returns the anchor of a step; no heading has one of this form.
pub(super) fn step_id(name: &str) -> String {
    format!("step-{name}").chars().map(|letter| if letter.is_whitespace() { '-' } else { letter }).collect()
}

/// Returns a state with how long it took.
fn caption(step: Option<&StepEvidence<'_>>) -> String {
    let Some(step) = step else { return Shown::Skipped.badge() };
    let took = step.result.filter(|result| result.attempt > 0);
    let took = took.map(|result| format!("<span class=\"took\">{}</span> ", duration(result.duration)));
    let why = step.why.as_ref().map(|why| format!(" <span class=\"why\">{}</span>", ansi_html(why)));
    format!("{}{}{}", took.unwrap_or_default(), step.shown.badge(), why.unwrap_or_default())
}

fn transcript(commands: &[TranscriptCommand], block: &Place, painter: &mut Painter) -> String {
    let mut html = String::new();
    for command in commands {
        let painted = painter.paint("bash", command.command.trim_end_matches('\n'));
        for (number, line) in painted.split('\n').enumerate() {
            let prompt = if number == 0 { "$ " } else { "&gt; " };
            let _ = writeln!(html, "<span class=\"prompt\">{prompt}</span>{line}");
        }
        // What the page says in a block of its own, below the transcript, is shown there.
        let inside =
            command.expected.iter().find(|expected| block.span.range().contains(&expected.place.span.start));
        if let Some(Origin::Lines(text)) = inside.map(|expected| &expected.origin) {
            html.push_str("<span class=\"printed\">");
            push_escaped(&mut html, &text.content);
            html.push_str("</span>");
        }
    }
    html
}

fn verdict(step: &StepEvidence<'_>, result: &StepResult) -> String {
    let held = result.checks.iter().filter(|check| check.mismatch.is_none()).count();
    match (step.shown, held) {
        (Shown::Verified, 1..) => "as the page says".to_owned(),
        (Shown::Ran, _) => "the page promises nothing about it".to_owned(),
        (Shown::Stale, _) => "of an earlier version".to_owned(),
        _ => String::new(),
    }
}

/// Returns an output that can be folded away: short ones are open, those of an earlier version never.
fn folded(title: &str, verdict: &str, text: &str, output: &StepOutput, shown: Shown) -> String {
    let lines = text.lines().count();
    let open = if lines <= OPEN_LINES && shown != Shown::Stale { " open" } else { "" };
    let verdict = if verdict.is_empty() { String::new() } else { format!(" · {}", escaped(verdict)) };
    let (text, cut) = tail(text);
    let whole = output.kept == output.bytes && !cut;
    let note = if whole {
        String::new()
    } else {
        format!("<p class=\"cut\">The end of {} bytes; the record has more.</p>", output.bytes)
    };
    format!(
        "<details{open}><summary><b>{title}</b> · {}{verdict}</summary><pre tabindex=\"0\" aria-label=\"{title}\">{}</pre>{note}</details>",
        plural(lines, "line"),
        ansi_html(text),
    )
}

/// Returns the last whole lines of a text that is too long for a page, and whether any were cut.
fn tail(text: &str) -> (&str, bool) {
    if text.len() <= MOST_OUTPUT {
        return (text, false);
    }
    // A line's end is never inside of a character.
    let start = text.len() - MOST_OUTPUT;
    let newline = text.as_bytes()[start..].iter().position(|byte| *byte == b'\n');
    (newline.map_or("", |newline| &text[start + newline + 1..]), true)
}

fn difference(summary: &str, lines: &[DiffLine]) -> String {
    let mut html =
        format!("<details open><summary><b>Not as the page says</b> · {}</summary>", ansi_html(summary));
    if lines.is_empty() {
        return html + "</details>";
    }
    html.push_str("<pre tabindex=\"0\" aria-label=\"Difference\" class=\"diff\">");
    for line in lines {
        let (class, sign, text) = match line {
            DiffLine::Same(text) => ("same", "  ", text.as_str()),
            DiffLine::Matched { line, .. } => ("any", "~ ", line.as_str()),
            DiffLine::Missing(text) => ("missing", "- ", text.as_str()),
            DiffLine::Unexpected(text) => ("unexpected", "+ ", text.as_str()),
            DiffLine::Skipped(count) => {
                let _ = write!(html, "<span class=\"any\">~ ... ({count} more)</span>");
                continue;
            }
        };
        let _ = write!(html, "<span class=\"{class}\">{sign}{}</span>", ansi_html(&text.replace('\n', " ")));
    }
    html + "</pre></details>"
}

/// Returns the steps of a page, to be found by where their blocks begin.
pub(super) fn steps_by_place<'a>(
    steps: &'a [Step],
    source: &Arc<Source>,
) -> std::collections::BTreeMap<usize, (usize, &'a Step)> {
    let own = steps.iter().enumerate().filter(|(_, step)| Arc::ptr_eq(&step.place.source, source));
    own.map(|(number, step)| (step.place.span.start, (number, step))).collect()
}
