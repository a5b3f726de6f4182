//! Evidence as Markdown, for renderers that write no HTML: books on paper, and Markdown itself.

use std::fmt::Write as _;

use crate::book::ansi::ansi_text;
use crate::book::evidence::{Evidence, StepEvidence, Variant};
use crate::book::head::facts;
use crate::book::shape::Shown;
use crate::book::step::{Left, difference_line, left};
use crate::record::Store;
use crate::tutorial::Step;

/// Lines of an output that are shown: nothing can be folded away on paper.
const MOST_LINES: usize = 40;

/// Returns what stands below the title of a tutorial.
pub(super) fn head(evidence: &Evidence) -> String {
    let runs: Vec<String> = evidence.variants.iter().map(|variant| run(variant, evidence)).collect();
    runs.join("\n>\n")
}

/// Returns what stands below the block of a step; `number` is its position among the steps of the page.
pub(super) fn step(step: &Step, number: usize, evidence: &Evidence, store: &Store) -> String {
    let mut said = String::new();
    for variant in &evidence.variants {
        let known = variant.step(number);
        let state = state(known.as_ref().map_or(Shown::Skipped, |known| known.shown));
        let about = known.as_ref().map(about).unwrap_or_default();
        let name = of_variant(variant, evidence);
        let _ = writeln!(said, "*{}*{name}: {state}{about}\n", literal(&step.name.0));
        for left in known.iter().flat_map(|known| left(step, known, variant, store)) {
            said.push_str(&block(&left));
        }
    }
    said.trim_end().to_owned()
}

fn run(variant: &Variant, evidence: &Evidence) -> String {
    let mut quote = format!("> **{}**{}", state(variant.shown()), of_variant(variant, evidence));
    match &variant.record {
        None => quote.push_str(": No run of this page is on record."),
        Some(run) => {
            let when = run.ended.strftime("%Y-%m-%d %H:%M UTC").to_string();
            let _ = write!(quote, ": {}, {}", literal(&run.result.coverage.summary()), literal(&when));
        }
    }
    let reasons = variant.state.reasons();
    let facts = facts(variant);
    if !reasons.is_empty() || !facts.is_empty() {
        quote.push_str("\n>");
    }
    for reason in reasons {
        let _ = write!(quote, "\n> - {}", literal(reason));
    }
    for (name, value) in &facts {
        let _ = write!(quote, "\n> - {name}: {}", literal(value));
    }
    quote
}

fn of_variant(variant: &Variant, evidence: &Evidence) -> String {
    match &variant.plan.key.variant {
        Some(name) if evidence.variants.len() > 1 => format!(" \\[{}\\]", literal(name)),
        _ => String::new(),
    }
}

fn state(shown: Shown) -> String {
    format!("{} {}", shown.sign(), shown.word())
}

fn about(step: &StepEvidence<'_>) -> String {
    let took = step.took().map(|took| format!(", {took}"));
    let why = step.why.as_ref().map(|why| format!(", {}", literal(why)));
    took.into_iter().chain(why).collect()
}

fn block(left: &Left<'_>) -> String {
    match left {
        Left::Difference { summary, lines } => {
            let lines: String = lines.iter().map(|line| format!("{}\n", difference_line(line).1)).collect();
            format!("Not as the page says: {}\n\n{}", literal(summary), fenced("diff", &lines))
        }
        Left::Printed(printed) => {
            let text = ansi_text(&printed.text);
            let all: Vec<&str> = text.lines().collect();
            let end = all[all.len().saturating_sub(MOST_LINES)..].join("\n");
            let cut = all.len() > MOST_LINES || printed.cut.is_some();
            let cut = if cut { ", of which these are the last" } else { "" };
            format!("{}: {}{cut}\n\n{}", printed.title, literal(&printed.note()), fenced("text", &end))
        }
    }
}

/// Returns a code block that no line of the text ends.
fn fenced(language: &str, text: &str) -> String {
    let text = ansi_text(text);
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    // mdBook fills directives in inside of code too, where its preprocessor comes later than this one.
    let text = text.trim_end_matches('\n').replace("{{", "{\u{2060}{");
    format!("{fence}{language}\n{text}\n{fence}\n\n")
}

/// Returns a text in which nothing means anything to Markdown.
pub(super) fn literal(text: &str) -> String {
    let mut markdown = String::with_capacity(text.len());
    for letter in ansi_text(text).chars() {
        match letter {
            '\n' | '\t' => markdown.push(' '),
            ',' | '/' => markdown.push(letter),
            letter if letter.is_ascii_punctuation() => markdown.extend(['\\', letter]),
            letter => markdown.push(letter),
        }
    }
    markdown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser, Tag};

    use super::*;

    proptest! {
        #[test]
        fn literal_text_is_read_as_it_was(text in "[ -~]{0,40}") {
            let page = format!("x{}x", literal(&text));
            let mut read = String::new();
            for event in Parser::new_ext(&page, crate::tutorial::markdown_options()) {
                match event {
                    Event::Text(text) => read.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(_) => {}
                    other => prop_assert!(false, "{other:?} in {page}"),
                }
            }
            prop_assert_eq!(read, format!("x{text}x"));
        }

        #[test]
        fn no_line_ends_a_fence(text in "[`~a\\n ]{0,40}") {
            let page = format!("{}after", fenced("text", &text));
            let events: Vec<Event<'_>> = Parser::new(&page).collect();
            let ended = &events[events.len() - 3..];
            prop_assert!(matches!(&ended[1], Event::Text(text) if &**text == "after"), "{events:?}");
        }
    }
}
