//! A finding as a person sees it: the message, the source line with a mark, what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Message, Renderer, Snippet};

use super::finding::{Finding, Severity};
use super::source::{Place, Span};

/// Longest source line that is shown; a longer one is cut around its mark.
const LONGEST_LINE: usize = 400;

/// Returns a finding as text of several lines, without a newline at the end.
///
/// `styled` adds ANSI colours; the text is the same without them.
pub fn render(finding: &Finding, styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let title = level(finding.severity).primary_title(finding.message.as_str()).id(finding.code);
    let mut groups = vec![match &finding.place {
        None => Group::with_title(title),
        Some(place) => title.element(snippet(place, AnnotationKind::Primary, finding.label.as_deref())),
    }];
    if let Some(help) = &finding.help {
        groups[0] =
            std::mem::replace(&mut groups[0], Group::with_level(Level::HELP)).element(help_message(help));
    }
    for (place, what) in &finding.related {
        let title = Level::NOTE.secondary_title(what.as_str());
        groups.push(title.element(snippet(place, AnnotationKind::Context, None)));
    }
    renderer.render(&groups)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn help_message(help: &str) -> Message<'_> {
    Level::HELP.message(help)
}

/// Cuts the lines that a place touches out of its source, so that a page of any size costs the same.
fn snippet<'a>(
    place: &'a Place,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (window, line) = window(place);
    let text = &place.source.text()[window.range()];
    let mark =
        place.span.start - window.start..place.span.end.min(window.end).max(place.span.start) - window.start;
    Snippet::source(text)
        .line_start(line)
        .path(place.source.path().to_string_lossy().into_owned())
        .annotation(kind.span(mark).label(label.unwrap_or_default()))
}

/// Returns the bytes to show for a place, and the number of their first line.
fn window(place: &Place) -> (Span, usize) {
    let source = &place.source;
    let line = place.line();
    let first = source.line_span(line).expect("a place lies in its source");
    let start = first.start.max(back(source.text(), place.span.start, LONGEST_LINE));
    let end = first.end.min(start + 2 * LONGEST_LINE).max(place.span.start);
    (Span::new(start, back(source.text(), end, 0).max(place.span.start)), line)
}

/// Returns the character boundary at or before `offset - bytes`.
fn back(text: &str, offset: usize, bytes: usize) -> usize {
    let mut offset = offset.saturating_sub(bytes);
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::Source;

    #[track_caller]
    fn check(text: &str, span: std::ops::Range<usize>, expected: Expect) {
        let place = Place::new(&Source::new("tutorials/a.md", text), span);
        let finding = Finding::error("unknown-attribute", "unknown attribute `tiemout`")
            .at(place)
            .help("did you mean `timeout`?");
        expected.assert_eq(&render(&finding, false));
    }

    #[test]
    fn source_line_is_shown_with_a_mark() {
        check(
            "# A\n\n```bash {tiemout=5m}\nls\n```\n",
            14..21,
            expect![[r#"
            error[unknown-attribute]: unknown attribute `tiemout`
             --> tutorials/a.md:3:10
              |
            3 | ```bash {tiemout=5m}
              |          ^^^^^^^
              |
              = help: did you mean `timeout`?"#]],
        );
    }

    #[test]
    fn place_at_the_end_of_the_text_is_shown() {
        check(
            "a\n",
            2..2,
            expect![[r#"
            error[unknown-attribute]: unknown attribute `tiemout`
             --> tutorials/a.md:2:1
              |
            2 |
              | ^
              |
              = help: did you mean `timeout`?"#]],
        );
    }

    #[test]
    fn long_lines_and_wide_characters_do_not_break_it() {
        let text = "ä".repeat(5_000);
        let place = Place::new(&Source::new("a.md", text), 5_000..9_000);
        let shown = render(&Finding::note("long", "a long line").at(place), false);
        assert!(shown.len() < 6_000, "{}", shown.len());
    }
}
