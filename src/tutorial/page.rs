//! A page as a flat list: headings, paragraphs, code blocks, comments.
//!
//! Markdown is a tree, but a tutorial is read from top to bottom. This pass flattens the
//! tree, so that a block counts the same wherever it stands, and later passes need not
//! know about lists and quotes.

use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::comment::{self, Comment};
use super::fence::{Fence, FenceLines};
use super::model::{Heading, Link};
use super::tables::{Cell, Row, Table};
use crate::diagnostic::{Finding, Place, Source};

/// Something on a page, in page order.
#[derive(Debug)]
pub(crate) enum Item {
    /// A heading without its anchor, and the anchor that the page gives it.
    Heading(Heading, Option<String>),
    Paragraph(String),
    Code(Fence),
    Comment(Comment),
    Table(Table),
}

/// What a page is made of.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    pub(crate) links: Vec<Link>,
}

/// Returns what Markdown is to us, so that whoever walks a page again finds the same blocks.
pub fn markdown_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
}

/// Reads the Markdown that begins at `start`.
pub(crate) fn read(source: &Arc<Source>, start: usize, findings: &mut Vec<Finding>) -> Page {
    let mut reader = Reader { source, findings, page: Page::default(), open: Open::default() };
    for (event, range) in Parser::new_ext(&source.text()[start..], markdown_options()).into_offset_iter() {
        reader.event(event, range.start + start..range.end + start);
    }
    reader.flush_paragraph();
    reader.page
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    findings: &'a mut Vec<Finding>,
    page: Page,
    open: Open,
}

/// What has begun and not ended.
#[derive(Default)]
struct Open {
    text: String,
    heading: Option<(u8, Option<String>)>,
    code: Option<FenceLines>,
    html: Option<Vec<Range<usize>>>,
    table: Option<OpenTable>,
}

/// A table of which the first row is the header.
struct OpenTable {
    place: Place,
    rows: Vec<Row>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => match &mut self.open.code {
                Some(code) => code.push(self.source.text(), &text, range),
                None => self.open.text.push_str(&text),
            },
            Event::Code(text) => self.open.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.open.text.push(' '),
            Event::Html(_) => match &mut self.open.html {
                Some(pieces) => pieces.push(range),
                None => self.comments(&[range]),
            },
            Event::InlineHtml(_) => self.comments(&[range]),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Link { dest_url, .. } => self.link(dest_url.into_string(), false, range),
            Tag::Image { dest_url, .. } => self.link(dest_url.into_string(), true, range),
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Superscript | Tag::Subscript => {}
            Tag::Heading { level, id, .. } => {
                self.flush_paragraph();
                self.open.heading = Some((level as u8, id.map(|id| id.into_string())));
            }
            Tag::CodeBlock(kind) => {
                self.flush_paragraph();
                self.open.code = Some(FenceLines::new(matches!(kind, CodeBlockKind::Fenced(_))));
            }
            Tag::Table(_) => {
                self.flush_paragraph();
                let range = trim_end(self.source.text(), range);
                self.open.table = Some(OpenTable { place: Place::new(self.source, range), rows: Vec::new() });
            }
            Tag::TableHead | Tag::TableRow => {
                self.flush_paragraph();
                let place = Place::new(self.source, trim_end(self.source.text(), range));
                if let Some(table) = &mut self.open.table {
                    table.rows.push(Row { place, cells: Vec::new() });
                }
            }
            Tag::HtmlBlock => {
                self.flush_paragraph();
                self.open.html = Some(Vec::new());
            }
            _ => self.flush_paragraph(),
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Link
            | TagEnd::Image
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript => {}
            TagEnd::Heading(_) => self.heading(range),
            TagEnd::CodeBlock => {
                if let Some(code) = self.open.code.take() {
                    self.page.items.push(Item::Code(code.finish(self.source, range)));
                }
            }
            TagEnd::HtmlBlock => {
                let pieces = self.open.html.take().unwrap_or_default();
                self.comments(&pieces);
            }
            // What stands in a cell describes no block.
            TagEnd::TableCell => self.cell(range),
            TagEnd::Table => {
                if let Some(OpenTable { place, mut rows }) = self.open.table.take()
                    && !rows.is_empty()
                {
                    let header = rows.remove(0);
                    self.page.items.push(Item::Table(Table { place, header, rows }));
                }
            }
            _ => self.flush_paragraph(),
        }
    }

    fn cell(&mut self, range: Range<usize>) {
        let text = self.text();
        let written = &self.source.text()[range.clone()];
        let start = range.start + written.len() - written.trim_start_matches([' ', '\t', '|']).len();
        let range = trim_end(self.source.text(), start.min(range.end)..range.end);
        let place = Place::new(self.source, range);
        if let Some(row) = self.open.table.as_mut().and_then(|table| table.rows.last_mut()) {
            row.cells.push(Cell { text, place });
        }
    }

    fn heading(&mut self, range: Range<usize>) {
        let Some((level, id)) = self.open.heading.take() else { return };
        let text = self.text();
        let range = trim_end(self.source.text(), range);
        let place = Place::new(self.source, range);
        let heading = Heading { level, text, anchor: String::new(), place };
        self.page.items.push(Item::Heading(heading, id));
    }

    fn link(&mut self, target: String, image: bool, range: Range<usize>) {
        self.page.links.push(Link { target, image, place: Place::new(self.source, range) });
    }

    fn comments(&mut self, pieces: &[Range<usize>]) {
        let comments = comment::find(self.source, pieces, self.findings);
        self.page.items.extend(comments.into_iter().map(Item::Comment));
    }

    fn flush_paragraph(&mut self) {
        let is_blank = self.open.text.trim().is_empty();
        if !is_blank && self.open.heading.is_none() {
            let text = self.text();
            self.page.items.push(Item::Paragraph(text));
        }
        self.open.text.clear();
    }

    /// Takes the text that was read, without blanks around it. Its room stays: paragraphs are many.
    fn text(&mut self) -> String {
        let text = self.open.text.trim().to_owned();
        self.open.text.clear();
        text
    }
}

fn trim_end(text: &str, range: Range<usize>) -> Range<usize> {
    range.start..range.start + text[range.clone()].trim_end().len()
}
