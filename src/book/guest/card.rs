//! Evidence as HTML for a page that someone else renders.
//!
//! Each fragment is one line that begins with a comment: as Markdown it is HTML that ends with its
//! line, whatever is in it (CommonMark, HTML blocks, condition 2). The page's own code block stays
//! as it is, so that the theme paints it; what is known about it stands below.

use std::fmt::Write as _;

use crate::book::ansi::ansi_html;
use crate::book::escape::escaped;
use crate::book::evidence::{Evidence, StepEvidence, Variant};
use crate::book::head::{details, reasons};
use crate::book::shape::Shown;
use crate::book::step::{left, step_id, step_link};
use crate::record::Store;
use crate::tutorial::{Step, Tutorial};

/// Looks like mdBook's own boxes, in each of its themes.
const SHEET: &str = include_str!("../theme/guest.css");

/// Returns what stands below the title of a tutorial.
pub(super) fn head(evidence: &Evidence, tutorial: &Tutorial, style: bool) -> String {
    let mut html = String::new();
    if style {
        let _ = write!(html, "<style>{SHEET}</style>");
    }
    html.push_str("<div class=\"stagebook stagebook-run\" role=\"group\" aria-label=\"Last run\">");
    for variant in &evidence.variants {
        html.push_str(&run(variant, tutorial, evidence.variants.len() > 1));
    }
    one_line(&format!("{html}</div>"))
}

/// Returns what stands below the block of a step; `number` is its position among the steps of the page.
pub(super) fn step(step: &Step, number: usize, evidence: &Evidence, store: &Store) -> String {
    let known: Vec<(&Variant, Option<StepEvidence<'_>>)> =
        evidence.variants.iter().map(|variant| (variant, variant.step(number))).collect();
    let shown = |step: &Option<StepEvidence<'_>>| step.as_ref().map_or(Shown::Skipped, |step| step.shown);
    let worst = known.iter().map(|(_, step)| shown(step)).min().unwrap_or(Shown::NeverRun);
    let (name, id) = (escaped(&step.name.0), escaped(&step_id(&step.name.0)));
    let mut html = format!("<div class=\"stagebook stagebook-step {}\" id=\"{id}\">", worst.class());
    for (position, (variant, evidence)) in known.iter().enumerate() {
        html.push_str("<div class=\"stagebook-bar\">");
        if position == 0 {
            let link = escaped(&step_link(&step.name.0));
            let _ = write!(html, "<a class=\"stagebook-name\" href=\"{link}\">{name}</a> ");
        }
        html.push_str(&variant_name(variant, known.len() > 1));
        html.push_str(&badge(shown(evidence)));
        html.push_str(&evidence.as_ref().map(about).unwrap_or_default());
        html.push_str("</div>");
        let left = evidence.iter().flat_map(|evidence| left(step, evidence, variant, store));
        html.extend(left.map(|left| left.html()));
    }
    one_line(&format!("{html}</div>"))
}

fn run(variant: &Variant, tutorial: &Tutorial, is_one_of_many: bool) -> String {
    let name = variant_name(variant, is_one_of_many);
    let mut html = format!("<div class=\"stagebook-bar\">{name}{}", badge(variant.shown()));
    match &variant.record {
        None => html.push_str(" <span>No run of this page is on record.</span>"),
        Some(run) => {
            let when = run.ended.strftime("%Y-%m-%d %H:%M UTC");
            let coverage = escaped(&run.result.coverage.summary());
            let architecture = ansi_html(&run.host.architecture);
            let _ = write!(html, " <span>{coverage}</span> <span>{when}</span> <span>{architecture}</span>");
        }
    }
    format!("{html}</div>{}{}{}", reasons(&variant.state), steps(variant, tutorial), details(variant))
}

/// Returns links to the steps, in the order in which they run: what the picture is in our own book.
fn steps(variant: &Variant, tutorial: &Tutorial) -> String {
    if variant.plan.steps.len() < 2 {
        return String::new();
    }
    let item = |step: StepEvidence<'_>| {
        let name = &step.planned.name.0;
        let took = step.took().map(|took| format!(" {took}")).unwrap_or_default();
        let (link, name) = (escaped(&step_link(name)), escaped(name));
        // A step that the page hides has no place there.
        let name = match tutorial.steps[step.planned.source].attributes.hide {
            true => name,
            false => format!("<a href=\"{link}\">{name}</a>"),
        };
        format!("<li>{name} {}{took}</li>", badge(step.shown))
    };
    let items: String = variant.steps().map(item).collect();
    format!("<details><summary>Steps</summary><ol>{items}</ol></details>")
}

fn variant_name(variant: &Variant, is_one_of_many: bool) -> String {
    let name = variant.plan.key.variant.as_deref().unwrap_or("default");
    if is_one_of_many {
        format!("<span class=\"stagebook-variant\">{}</span> ", escaped(name))
    } else {
        String::new()
    }
}

/// Returns how long a step took, and why its state is what it is.
fn about(step: &StepEvidence<'_>) -> String {
    let took = step.took().map(|took| format!(" <span>{took}</span>"));
    let why =
        step.why.as_ref().map(|why| format!(" <span class=\"stagebook-why\">{}</span>", ansi_html(why)));
    took.into_iter().chain(why).collect()
}

/// mdBook writes `viewBox` in small letters, which no strict reader takes: the shape is a character.
fn badge(shown: Shown) -> String {
    let (class, sign, word) = (shown.class(), shown.sign(), shown.word());
    format!("<span class=\"stagebook-state {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>")
}

/// Returns HTML as one line in which no character of a text means anything to Markdown or to a preprocessor.
fn one_line(html: &str) -> String {
    let mut line = String::with_capacity(html.len() + html.len() / 8);
    line.push_str("<!-- stagebook -->");
    let (mut is_tag, mut is_sheet) = (false, false);
    for (at, letter) in html.char_indices() {
        match letter {
            '<' => (is_tag, is_sheet) = (true, html[at..].starts_with("<style>")),
            '>' => is_tag = false,
            '\n' if is_tag || is_sheet => {
                line.push(' ');
                continue;
            }
            _ if is_tag || is_sheet => {}
            '\n' | '{' | '}' | '[' | ']' | '`' | '$' | '\\' | ':' | '@' | '~' | '^' | '|' | '*' | '_' => {
                let _ = write!(line, "&#{};", u32::from(letter));
                continue;
            }
            _ => {}
        }
        line.push(letter);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser};

    use super::*;

    #[test]
    fn nothing_of_an_output_means_anything() {
        let html = one_line(&format!("<pre>{}</pre>", ansi_html("a\n\n{{#include /etc/passwd}}\n`$x$`")));
        assert_eq!(
            html,
            "<!-- stagebook --><pre>a&#10;&#10;&#123;&#123;#include /etc/passwd&#125;&#125;&#10;&#96;&#36;x&#36;&#96;</pre>"
        );
    }

    proptest! {
        #[test]
        fn fragment_is_html_to_markdown_and_ends_with_its_line(text in "[ -~\\n\\t\\r-]{0,60}") {
            let html = one_line(&format!("<pre>{}</pre>", ansi_html(&text)));
            prop_assert!(!html.contains(['\n', '\r']));
            let page = format!("{html}\n*after*\n");
            let events: Vec<Event<'_>> = Parser::new(&page).collect();
            prop_assert!(matches!(&events[1], Event::Html(found) if found.trim_end() == html), "{events:?}");
            prop_assert!(events.iter().any(|event| matches!(event, Event::Start(pulldown_cmark::Tag::Emphasis))));
        }
    }
}
