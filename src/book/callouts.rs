//! Callouts: notes on lines of code.
//!
//! A comment `# (1)` at the end of a line refers to the first item of the numbered list below the
//! block. A program that reads the code sees a comment, and a renderer that knows nothing of
//! this shows the number and the list. Material for MkDocs writes them in this way, with a `!`
//! behind that is allowed here.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Tag, TagEnd};
use regex::{Captures, Regex};

use super::escape::escaped;
use super::markdown::closing;

/// A mark as it stands in code.
static WRITTEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)(?:^|\s)MARK[ \t]*$"));

/// A mark in painted code, perhaps in an element of its own, with what closes at the end of its line.
static PAINTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)(?:<a-[a-z]+>MARK[ \t]*</a-[a-z]+>|MARK[ \t]*)((?:</[a-z-]+>)*)$"));

fn pattern(text: &str) -> Regex {
    let mark = r"(?:#|//|--|;)[ \t]*\((\d{1,2})\)!?";
    Regex::new(&text.replace("MARK", mark)).expect("it is written here")
}

/// Returns where the list stands whose items are notes on code; `next` is the first event after the code.
///
/// Between the two may stand what the code is expected to print, and comments.
pub(super) fn list_of_notes(
    code: &str,
    events: &[(Event<'_>, Range<usize>)],
    next: usize,
    is_expected: impl Fn(&Range<usize>) -> bool,
) -> Option<Range<usize>> {
    let numbers = numbers(code);
    let most = *numbers.last()?;
    let mut at = next;
    loop {
        let (event, range) = events.get(at)?;
        match event {
            Event::Start(Tag::List(Some(1))) => {
                return (items(events, at) >= most).then(|| range.clone());
            }
            Event::Start(Tag::HtmlBlock) => {}
            Event::Start(Tag::CodeBlock(_)) if is_expected(range) => {}
            _ => return None,
        }
        at = closing(events, at) + 1;
    }
}

/// Returns the numbers of the marks in code; none where one of them is 0.
fn numbers(code: &str) -> BTreeSet<usize> {
    let numbers: BTreeSet<usize> =
        WRITTEN.captures_iter(code).filter_map(|mark| mark.get(1)?.as_str().parse().ok()).collect();
    if numbers.contains(&0) { BTreeSet::new() } else { numbers }
}

fn items(events: &[(Event<'_>, Range<usize>)], list: usize) -> usize {
    let mut depth = 0_usize;
    let mut items = 0;
    for (event, _) in &events[list..] {
        match event {
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Item) if depth == 1 => items += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    items
}

/// Returns a block with the marks of its code as links to the notes, whose anchors begin with `id`.
pub(super) fn linked(block: &str, id: &str) -> String {
    let end = block.find("</code></pre>").unwrap_or(block.len());
    let (code, rest) = block.split_at(end);
    let link = |mark: &Captures<'_>| {
        let number = mark.get(1).or_else(|| mark.get(2)).map_or("", |number| number.as_str());
        let number = number.trim_start_matches('0');
        let note = escaped(&note_id(id, number));
        format!("<a class=\"callout\" href=\"#{note}\" aria-label=\"Note {number}\">{number}</a>{}", &mark[3])
    };
    format!("{}{rest}", PAINTED.replace_all(code, link))
}

/// Returns the anchor of a note.
pub(super) fn note_id(id: &str, number: impl std::fmt::Display) -> String {
    format!("{id}-{number}")
}

/// The list of notes that comes next, while its items are written.
#[derive(Debug)]
pub(super) struct Notes {
    /// How the anchors of its items begin.
    pub(super) id: String,
    /// Where it stands.
    list: Range<usize>,
    depth: usize,
    item: usize,
}

impl Notes {
    /// Takes how its anchors begin, and where it stands.
    pub(super) fn new(id: String, list: Range<usize>) -> Self {
        Self { id, list, depth: 0, item: 0 }
    }

    /// Returns what stands for an event of the list; nothing where it is as in any other list.
    pub(super) fn event(&mut self, event: &Event<'_>, range: &Range<usize>) -> Option<String> {
        match event {
            Event::Start(Tag::List(_)) if self.depth > 0 || *range == self.list => {
                self.depth += 1;
                (self.depth == 1).then(|| "<ol class=\"callouts\">\n".to_owned())
            }
            Event::End(TagEnd::List(_)) => {
                self.depth = self.depth.saturating_sub(1);
                None
            }
            Event::Start(Tag::Item) if self.depth == 1 => {
                self.item += 1;
                Some(format!("<li id=\"{}\">", escaped(&note_id(&self.id, self.item))))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_comments_at_the_ends_of_lines() {
        let check = |code: &str, expected: &[usize]| {
            assert_eq!(numbers(code).into_iter().collect::<Vec<_>>(), expected, "{code}");
        };
        check("a # (1)\nb  // (12)!\n-- (3)\n", &[1, 3, 12]);
        check("echo '(1)'\na # (1) more\na# (2)\n# (0)\n", &[]);
        check("f (1)\ng;(2)\n", &[]);
    }

    #[test]
    fn marks_become_links() {
        let check = |html: &str, expected: &str| {
            assert_eq!(linked(html, "n"), expected);
        };
        let one = "<a class=\"callout\" href=\"#n-1\" aria-label=\"Note 1\">1</a>";
        check(
            "<pre><code>a # (1)\n</code></pre># (1)\n",
            &format!("<pre><code>a {one}\n</code></pre># (1)\n"),
        );
        check("<code><a-c># (1)!</a-c>\nb\n</code></pre>", &format!("<code>{one}\nb\n</code></pre>"));
        check(
            "<span class=\"line lit\">a <a-c>// (1)</a-c>\n</span>",
            &format!("<span class=\"line lit\">a {one}\n</span>"),
        );
        check("<a-c># see (1)</a-c>\n", "<a-c># see (1)</a-c>\n");
    }
}
