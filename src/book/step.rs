//! A step as a card: its commands, what is known about them, and what they really printed.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Place, Source, plural};
use crate::event::{StepOutput, StepResult};
use crate::expect::{DiffLine, Stream};
use crate::record::Store;
use crate::tutorial::{Action, Origin, Step, TranscriptCommand};

use super::ansi::ansi_html;
use super::code::COPY;
use super::escape::{escaped, push_escaped};
use super::evidence::{Evidence, StepEvidence, Variant};
use super::highlight::painted;
use super::links::encoded;
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
    pub(super) fn html(&self) -> String {
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
            "<figure class=\"step {class}\" id=\"{id}\"><figcaption><a class=\"name\" href=\"{link}\">{name}</a>",
            id = escaped(&step_id(name)),
            link = escaped(&step_link(name)),
            name = escaped(name),
        );
        if let Action::File(path) = &self.step.action {
            let _ = write!(html, "<span>writes <code>{}</code></span>", escaped(path));
        }
        html.push_str("<span class=\"space\"></span>");
        for (number, _, step) in &parts {
            self.in_variant(&mut html, *number, "span", &caption(step.as_ref()));
        }
        html.push_str(COPY);
        html.push_str("</figcaption>");
        html.push_str(&self.code());
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

    fn code(&self) -> String {
        let language = &self.step.language;
        let code = match &self.step.action {
            Action::Transcript(commands) => transcript(commands, &self.step.place),
            Action::Command | Action::File(_) => painted(language, &self.step.text.content),
        };
        let name = escaped(&self.step.name.0);
        format!(
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"Commands of {name}\"><code class=\"language-{}\">{code}</code></pre>",
            escaped(language)
        )
    }

    fn outputs(&self, variant: &Variant, step: &StepEvidence<'_>) -> String {
        left(self.step, step, variant, self.store).iter().map(Left::html).collect()
    }
}

/// What a run of a step left to be shown.
#[derive(Debug)]
pub(super) enum Left<'a> {
    /// How what it printed differs from what the page says.
    Difference { summary: &'a str, lines: &'a [DiffLine] },
    /// What it printed.
    Printed(Printed),
}

/// What a step printed, as far as a page shows it.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) title: &'static str,
    /// What is known about it; empty where nothing is.
    pub(super) verdict: &'static str,
    /// The text as it was printed, control sequences and all.
    pub(super) text: String,
    /// How many lines there are in all.
    pub(super) lines: usize,
    /// Whether it is short and recent enough to be seen at once.
    pub(super) open: bool,
    /// How many bytes there were, where the text is only the end of them.
    pub(super) cut: Option<u64>,
}

/// Returns what a step left in one variant.
pub(super) fn left<'a>(
    step: &Step,
    evidence: &StepEvidence<'a>,
    variant: &Variant,
    store: &Store,
) -> Vec<Left<'a>> {
    let Some(result) = evidence.result else { return Vec::new() };
    let differing = result.checks.iter().filter_map(|check| check.mismatch.as_ref());
    let mut found: Vec<Left<'a>> = differing
        .map(|mismatch| Left::Difference { summary: &mismatch.summary, lines: &mismatch.diff })
        .collect();
    if matches!(step.action, Action::Transcript(_)) {
        found.extend(transcript_output(variant, result, store));
    } else if let Some(text) = text(variant, &result.output, store) {
        let open = evidence.shown != Shown::Stale;
        found.push(Left::Printed(printed("Output", verdict(evidence, result), &text, &result.output, open)));
    }
    found
}

/// Returns what the commands of a transcript really printed, each below its command.
fn transcript_output(variant: &Variant, result: &StepResult, store: &Store) -> Option<Left<'static>> {
    let mut whole = String::new();
    for command in &result.commands {
        let _ = writeln!(whole, "$ {}", command.command.trim_end());
        whole.push_str(&text(variant, &command.output, store).unwrap_or_default());
        if !whole.ends_with('\n') {
            whole.push('\n');
        }
    }
    if whole.is_empty() {
        return None;
    }
    let all = StepOutput { bytes: whole.len() as u64, kept: whole.len() as u64, ..StepOutput::default() };
    Some(Left::Printed(printed("As it was run", "", &whole, &all, false)))
}

/// Returns what is kept of an output, whole where it can be had; `None` where nothing was printed.
fn text(variant: &Variant, output: &StepOutput, store: &Store) -> Option<String> {
    let kept = store.output(&variant.plan.key, output, Stream::Both).ok().flatten();
    let mut text = kept.unwrap_or_else(|| output.text.clone());
    if let Some(error) = &output.stderr {
        text.push_str(&error.text);
    }
    (!text.is_empty()).then_some(text)
}

fn printed(
    title: &'static str,
    verdict: &'static str,
    text: &str,
    output: &StepOutput,
    may_be_open: bool,
) -> Printed {
    let lines = text.lines().count();
    let (text, is_end) = tail(text);
    Printed {
        title,
        verdict,
        text: text.to_owned(),
        lines,
        open: may_be_open && lines <= OPEN_LINES,
        cut: (is_end || output.kept != output.bytes).then_some(output.bytes),
    }
}

/// Returns the anchor of a step; no heading has one of this form.
pub(super) fn step_id(name: &str) -> String {
    format!("step-{name}").chars().map(|letter| if letter.is_whitespace() { '-' } else { letter }).collect()
}

/// Returns the link to a step from its own page.
pub(super) fn step_link(name: &str) -> String {
    format!("#{}", encoded(Path::new(&step_id(name))))
}

/// Returns a state with how long it took.
fn caption(step: Option<&StepEvidence<'_>>) -> String {
    let Some(step) = step else { return Shown::Skipped.badge() };
    // A command that fails as the page says looks like one that should not pass.
    let exit = step.planned.exit.filter(|exit| *exit != 0 && step.shown == Shown::Verified);
    let exit = exit.map(|exit| format!("<span class=\"took\">exit status {exit}, as the page says</span> "));
    let took = step.took().map(|took| format!("<span class=\"took\">{took}</span> "));
    let why = step.why.as_ref().map(|why| format!(" <span class=\"why\">{}</span>", ansi_html(why)));
    let before = exit.unwrap_or_default() + &took.unwrap_or_default();
    format!("{before}{}{}", step.shown.badge(), why.unwrap_or_default())
}

fn transcript(commands: &[TranscriptCommand], block: &Place) -> String {
    let mut html = String::new();
    for command in commands {
        let code = painted("bash", command.command.trim_end_matches('\n'));
        for (number, line) in code.split('\n').enumerate() {
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

fn verdict(step: &StepEvidence<'_>, result: &StepResult) -> &'static str {
    let held = result.checks.iter().filter(|check| check.mismatch.is_none()).count();
    match (step.shown, held) {
        (Shown::Verified, 1..) => "as the page says",
        (Shown::Ran, _) => "the page promises nothing about it",
        (Shown::Stale, _) => "of an earlier version",
        _ => "",
    }
}

impl Left<'_> {
    /// Returns it as HTML that can be folded away.
    pub(super) fn html(&self) -> String {
        match self {
            Self::Difference { summary, lines } => difference(summary, lines),
            Self::Printed(printed) => printed.html(),
        }
    }
}

impl Printed {
    /// Returns how much there is, and what is known about it.
    pub(super) fn note(&self) -> String {
        let verdict = if self.verdict.is_empty() { String::new() } else { format!(" · {}", self.verdict) };
        format!("{}{verdict}", plural(self.lines, "line"))
    }

    /// Returns what is to be said where a part is missing.
    pub(super) fn cut_note(&self) -> Option<String> {
        self.cut.map(|bytes| format!("The end of {bytes} bytes."))
    }

    fn html(&self) -> String {
        let open = if self.open { " open" } else { "" };
        let title = self.title;
        let cut = self.cut_note().map(|note| format!("<p class=\"cut\">{note}</p>")).unwrap_or_default();
        format!(
            "<details{open}><summary><b>{title}</b> · {}</summary>{cut}<pre tabindex=\"0\" role=\"group\" aria-label=\"{title}\">{}</pre></details>",
            escaped(&self.note()),
            ansi_html(&self.text),
        )
    }
}

/// Returns the last lines of a text that is too long for a page, and whether any were cut.
///
/// The first of them is whole, unless that would leave less than half of what may be shown.
fn tail(text: &str) -> (&str, bool) {
    if text.len() <= MOST_OUTPUT {
        return (text, false);
    }
    let start = (text.len() - MOST_OUTPUT..).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let end = text[start..].trim_end_matches('\n');
    let newline = end.find('\n').filter(|newline| *newline < MOST_OUTPUT / 2);
    (&text[start + newline.map_or(0, |newline| newline + 1)..], true)
}

fn difference(summary: &str, lines: &[DiffLine]) -> String {
    let mut html =
        format!("<details open><summary><b>Not as the page says</b> · {}</summary>", ansi_html(summary));
    if lines.is_empty() {
        return html + "</details>";
    }
    html.push_str("<pre tabindex=\"0\" role=\"group\" aria-label=\"Difference\" class=\"diff\">");
    for line in lines {
        let (class, text) = difference_line(line);
        let _ = write!(html, "<span class=\"{class}\">{}</span>", ansi_html(&text));
    }
    html + "</pre></details>"
}

/// Returns a line of a difference: its class in the sheet, and its text with a sign before it.
pub(super) fn difference_line(line: &DiffLine) -> (&'static str, String) {
    let (class, sign, text) = match line {
        DiffLine::Same(text) => ("same", "  ", text),
        DiffLine::Matched { line, .. } => ("any", "~ ", line),
        DiffLine::Missing(text) => ("missing", "- ", text),
        DiffLine::Unexpected(text) => ("unexpected", "+ ", text),
        DiffLine::Skipped(count) => return ("any", format!("~ ... ({count} more)")),
    };
    (class, format!("{sign}{}", text.replace('\n', " ")))
}

/// Returns the steps of a page, to be found by where their blocks begin.
pub(super) fn steps_by_place<'a>(
    steps: &'a [Step],
    source: &Arc<Source>,
) -> std::collections::BTreeMap<usize, (usize, &'a Step)> {
    let own = steps.iter().enumerate().filter(|(_, step)| Arc::ptr_eq(&step.place.source, source));
    own.map(|(number, step)| (step.place.span.start, (number, step))).collect()
}
