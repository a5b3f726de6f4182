//! `SUMMARY.md`, the table of contents in mdBook's format.
//!
//! Links before the first list are prefix chapters, links of lists are numbered chapters,
//! headings of the first level after the title begin parts, rules are separators, and links
//! in paragraphs after a list are suffix chapters. A link without a target is a draft.
//! See "SUMMARY.md" in mdBook's guide.

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::navigation::{Chapter, Item, Navigation};
use crate::diagnostic::{Finding, Place, Source};

/// Reads a table of contents. What is no part of one is passed over, with a finding where it has a link.
pub fn parse_summary(source: &Arc<Source>) -> (Navigation, Vec<Finding>) {
    let mut reader = Reader {
        source,
        navigation: Navigation::default(),
        findings: Vec::new(),
        open: Vec::new(),
        lists: 0,
        heading: None,
        link: None,
        titled: false,
    };
    for (event, range) in Parser::new_ext(source.text(), Options::ENABLE_STRIKETHROUGH).into_offset_iter() {
        reader.event(event, range);
    }
    reader.navigation.renumber();
    (reader.navigation, reader.findings)
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    navigation: Navigation,
    findings: Vec<Finding>,
    /// List items that are open, outermost first; `None` until their link was read.
    open: Vec<Option<Chapter>>,
    lists: usize,
    /// The text of an open heading of the first level.
    heading: Option<String>,
    /// The open link: its target, its text and where it begins.
    link: Option<(String, String, usize)>,
    /// Whether the heading above everything was read.
    titled: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: std::ops::Range<usize>) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => self.heading = Some(String::new()),
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => self.end_heading(),
            Event::Start(Tag::List(_)) => self.lists += 1,
            Event::End(TagEnd::List(_)) => self.lists -= 1,
            Event::Start(Tag::Item) => self.open.push(None),
            Event::End(TagEnd::Item) => self.end_item(),
            Event::Start(Tag::Link { dest_url, .. }) => {
                self.link = Some((dest_url.into_string(), String::new(), range.start));
            }
            Event::End(TagEnd::Link) => self.end_link(range.end),
            Event::Text(text) | Event::Code(text) => self.text(&text),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            Event::Rule => self.navigation.items.push(Item::Separator),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, title, _)) = &mut self.link {
            title.push_str(text);
        } else if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
    }

    fn end_heading(&mut self) {
        let Some(heading) = self.heading.take() else { return };
        // The first one titles the file, unless chapters stand above it.
        if self.titled || !self.navigation.items.is_empty() {
            self.navigation.items.push(Item::Part(heading));
        }
        self.titled = true;
    }

    fn end_link(&mut self, end: usize) {
        let Some((target, title, start)) = self.link.take() else { return };
        let place = Place::new(self.source, start..end);
        if target.contains("://") {
            let message = format!("`{target}` is not a page of this book");
            self.findings.push(
                Finding::warning("summary-link", message)
                    .at(place)
                    .help("link to a Markdown file below the source folder"),
            );
            return;
        }
        let in_list = self.lists > 0;
        let chapter = Chapter {
            title,
            path: path(&target),
            number: in_list.then(Vec::new),
            children: Vec::new(),
            place: Some(place),
        };
        match self.open.last_mut() {
            Some(open @ None) => *open = Some(chapter),
            Some(Some(_)) => self.findings.push(
                Finding::warning("summary-link", "only the first link of a list item is a chapter")
                    .at(chapter.place.expect("it was just given"))
                    .help("give each chapter an item of its own"),
            ),
            None => self.navigation.items.push(Item::Chapter(chapter)),
        }
    }

    fn end_item(&mut self) {
        let Some(Some(chapter)) = self.open.pop() else { return };
        match self.open.iter_mut().rev().flatten().next() {
            Some(parent) => parent.children.push(chapter),
            None => self.navigation.items.push(Item::Chapter(chapter)),
        }
    }
}

/// Returns the file that a target names; `None` for the empty target of a draft.
fn path(target: &str) -> Option<PathBuf> {
    let target = target.split(['#', '?']).next().unwrap_or_default();
    let decoded = percent_decode_str(target).decode_utf8_lossy();
    (!decoded.is_empty()).then(|| PathBuf::from(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let (navigation, findings) = parse_summary(&Source::new("SUMMARY.md", text));
        let mut shown = String::new();
        for item in &navigation.items {
            match item {
                Item::Part(title) => shown.push_str(&format!("part {title}\n")),
                Item::Separator => shown.push_str("---\n"),
                Item::Chapter(chapter) => show(chapter, 0, &mut shown),
            }
        }
        shown.extend(findings.iter().map(|finding| format!("{}: {}\n", finding.code, finding.message)));
        expected.assert_eq(&shown);
    }

    fn show(chapter: &Chapter, depth: usize, shown: &mut String) {
        let number = chapter.shown_number().unwrap_or_else(|| "-".to_owned());
        let path = chapter.path.as_ref().map_or("draft".into(), |path| path.to_string_lossy());
        shown.push_str(&format!("{}{number} {} ({path})\n", "  ".repeat(depth), chapter.title));
        chapter.children.iter().for_each(|child| show(child, depth + 1, shown));
    }

    #[test]
    fn everything_that_mdbook_knows_is_read() {
        check(
            "# Summary\n\n[Preface](preface.md)\n\n- [One](one/README.md)\n    - [`Deep` *er*](one/deep%20er.md)\n    - [Draft]()\n- [Two](two.md#top)\n\n# Reference\n\n1. [Three](./three.md)\n\n---\n\n[Appendix](a.md)\n[Thanks](b.md)\n",
            expect![[r#"
                - Preface (preface.md)
                1. One (one/README.md)
                  1.1. Deep er (one/deep er.md)
                  1.2. Draft (draft)
                2. Two (two.md)
                part Reference
                3. Three (./three.md)
                ---
                - Appendix (a.md)
                - Thanks (b.md)
            "#]],
        );
    }

    #[test]
    fn what_is_no_chapter_is_named() {
        check(
            "- [Elsewhere](https://example.org)\n- [A](a.md) and [B](b.md)\n- no link\n    - [C](c.md)\n",
            expect![[r#"
                1. A (a.md)
                2. C (c.md)
                summary-link: `https://example.org` is not a page of this book
                summary-link: only the first link of a list item is a chapter
            "#]],
        );
    }
}
