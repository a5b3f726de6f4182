//! Blocks, and how they stand in lists, quotes and each other.
//!
//! A block inside of a list item is tied to it by a line `+`. What comes after a list inside of an
//! item cannot be tied to that item, only to the inner one: then all of it stands in a block of its
//! own. A delimiter ends the first block of its length, whatever is open inside, so each is longer
//! than all in it.

use std::fmt::Write as _;
use std::sync::Arc;

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::listing::{delimiter, listing, passthrough};
use super::literal::Standing;
use super::{Events, Original, Writer, evidence};
use crate::book::code::visible;
use crate::book::markdown::{closing, is_comment, text_of};
use crate::tutorial::{Include, Origin};

/// A block of a page.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) text: String,
}

/// What matters of a block to what stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    Paragraph,
    List,
    Other,
}

impl Block {
    pub(super) fn other(text: String) -> Self {
        Self { kind: BlockKind::Other, text }
    }
}

/// Returns blocks below each other.
pub(super) fn join(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut before = None;
    for block in blocks {
        if before == Some(BlockKind::List) && block.kind == BlockKind::List {
            // A line that no reader sees: else the second list would be a part of the first.
            text.push_str("//-\n\n");
        }
        let _ = write!(text, "{}\n\n", block.text);
        before = Some(block.kind);
    }
    text
}

/// Returns the line that gives the next block an anchor; nothing for none.
pub(super) fn anchor(id: &str) -> String {
    let is_simple = id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'));
    match (id.is_empty(), is_simple) {
        (true, _) => String::new(),
        (false, true) => format!("[#{id}]\n"),
        (false, false) => format!("[id=\"{}\"]\n", id.replace(['"', '\\', '{'], "")),
    }
}

impl<'a> Writer<'a> {
    /// Writes events as blocks.
    pub(super) fn blocks(&mut self, events: &Events<'_>) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut at = 0;
        while at < events.len() {
            self.has_begun |= blocks.iter().any(|block: &Block| !is_markup_alone(&block.text));
            at = match &events[at].0 {
                // In a tight list, what a paragraph would hold stands by itself.
                event if is_inline(event) => {
                    let mut end = at;
                    while end < events.len() && is_inline(&events[end].0) {
                        end = if matches!(events[end].0, Event::Start(_)) {
                            closing(events, end) + 1
                        } else {
                            end + 1
                        };
                    }
                    let text = self.paragraph(&events[at..end]);
                    push_paragraph(&mut blocks, text);
                    end
                }
                Event::Start(_) => {
                    let end = closing(events, at);
                    self.block(&events[at..end], &mut blocks);
                    end + 1
                }
                Event::Rule => {
                    blocks.push(Block::other("'''".to_owned()));
                    at + 1
                }
                _ => at + 1,
            };
        }
        blocks
    }

    /// Writes the block that begins with the first event.
    fn block(&mut self, events: &Events<'_>, blocks: &mut Vec<Block>) {
        let ((Event::Start(tag), range), inner) = (&events[0], &events[1..]) else { return };
        match tag {
            Tag::Paragraph => {
                let text = self.paragraph(inner);
                push_paragraph(blocks, text);
            }
            Tag::Heading { level, id, .. } => blocks.extend(self.heading(*level, id.as_deref(), inner)),
            Tag::CodeBlock(kind) => {
                let text: String = inner.iter().map(|(event, _)| text_of(event)).collect();
                self.code(kind, &text, range.start, blocks);
            }
            Tag::HtmlBlock => {
                let text: String = inner.iter().map(|(event, _)| text_of(event)).collect();
                self.html(&text, range.start, range.end, blocks);
            }
            Tag::BlockQuote(kind) => blocks.push(self.quote(*kind, inner)),
            Tag::List(first) => blocks.push(self.list(*first, inner)),
            Tag::DefinitionList => blocks.push(self.definitions(inner)),
            Tag::Table(alignments) => blocks.push(self.table(alignments, inner)),
            _ => {}
        }
    }

    /// Returns a heading as a section; the first of the page is its title.
    fn heading(&mut self, level: HeadingLevel, id: Option<&str>, inner: &Events<'_>) -> Option<Block> {
        let text: String = inner.iter().map(|(event, _)| text_of(event)).collect();
        let id = self.anchors.add(&text, id.map(str::to_owned));
        let title = self.inline(inner, Standing::Bracketed);
        if title.trim().is_empty() {
            return None;
        }
        let is_first = level == HeadingLevel::H1 || !self.has_begun;
        if self.title.is_none() && self.depth == 0 && self.level == 1 && is_first {
            self.title = Some((title, id));
            self.above_title = level as usize - 1;
            return None;
        }
        if self.depth > 0 {
            let marks = "=".repeat((level as usize).max(2));
            return Some(Block::other(format!("{}[discrete]\n{marks} {title}", anchor(&id))));
        }
        // A level that is left out is a mistake in AsciiDoc.
        let level = (level as usize).saturating_sub(self.above_title).clamp(2, self.level + 1);
        self.level = level;
        Some(Block::other(format!("{}{} {title}", anchor(&id), "=".repeat(level))))
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, text: &str, start: usize, blocks: &mut Vec<Block>) {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        if let (Some((number, step)), Some(evidence)) =
            (self.step_at(start), self.context.page.evidence.as_ref())
        {
            if !step.attributes.hide {
                blocks.extend(evidence::step(step, number, evidence, self.context.store));
            }
            return;
        }
        let (language, text) = visible(info, text, self.context.settings);
        let title = if self.is_expected(start) { ".Expected output\n" } else { "" };
        blocks.push(Block::other(format!("{title}{}", listing(language, &text))));
    }

    /// Returns whether a block says what a step is expected to print.
    fn is_expected(&self, offset: usize) -> bool {
        let Some(start) = self.origin(offset) else { return false };
        let steps = &self.context.page.tutorial.steps;
        let expected = steps.iter().flat_map(|step| &step.expected);
        expected.filter(|expected| matches!(expected.origin, Origin::Lines(_))).any(|expected| {
            Arc::ptr_eq(&expected.place.source, &self.source) && expected.place.span.start == start
        })
    }

    fn html(&mut self, html: &str, start: usize, end: usize, blocks: &mut Vec<Block>) {
        let Some(include) = self.include(start, end) else {
            if !is_comment(html) && !html.trim().is_empty() {
                blocks.push(Block::other(passthrough(html)));
            }
            return;
        };
        let text = include.source.text()[include.body.range()].to_owned();
        let original = std::mem::replace(&mut self.original, Original::From(include.body.start));
        let source = std::mem::replace(&mut self.source, Arc::clone(&include.source));
        blocks.extend(self.text(&text));
        (self.source, self.original) = (source, original);
    }

    /// Returns what a comment includes.
    fn include(&self, start: usize, end: usize) -> Option<&'a Include> {
        let span = self.origin(start)?..self.origin(end.checked_sub(1)?)? + 1;
        self.context.page.tutorial.includes.iter().find(|include| {
            Arc::ptr_eq(&include.place.source, &self.source) && span.contains(&include.place.span.start)
        })
    }

    fn quote(&mut self, kind: Option<BlockQuoteKind>, inner: &Events<'_>) -> Block {
        let inner = self.inside(inner);
        let inner = join(&inner);
        let (label, mark) = match kind {
            None => ("", '_'),
            Some(BlockQuoteKind::Note) => ("[NOTE]\n", '='),
            Some(BlockQuoteKind::Tip) => ("[TIP]\n", '='),
            Some(BlockQuoteKind::Important) => ("[IMPORTANT]\n", '='),
            Some(BlockQuoteKind::Warning) => ("[WARNING]\n", '='),
            Some(BlockQuoteKind::Caution) => ("[CAUTION]\n", '='),
        };
        let fence = delimiter(mark, &inner);
        Block::other(format!("{label}{fence}\n{}\n{fence}", inner.trim_end()))
    }

    /// Writes blocks that are not at the top of the page.
    fn inside(&mut self, events: &Events<'_>) -> Vec<Block> {
        self.depth += 1;
        let blocks = self.blocks(events);
        self.depth -= 1;
        blocks
    }

    fn list(&mut self, first: Option<u64>, inner: &Events<'_>) -> Block {
        self.lists += 1;
        let marker = if first.is_some() { "." } else { "*" }.repeat(self.lists);
        let mut text = match first {
            Some(1) if self.lists == 1 => String::new(),
            Some(1) => "[arabic]\n".to_owned(),
            Some(number) => format!("[arabic,start={number}]\n"),
            None => String::new(),
        };
        let mut at = 0;
        while at < inner.len() {
            let end = closing(inner, at);
            if matches!(inner[at].0, Event::Start(Tag::Item)) {
                let (task, rest) = task(&inner[at + 1..end], first.is_none());
                let blocks = self.inside(rest);
                let _ = writeln!(text, "{marker} {task}{}", tied(blocks));
            }
            at = end + 1;
        }
        self.lists -= 1;
        Block { kind: BlockKind::List, text: text.trim_end().to_owned() }
    }

    fn definitions(&mut self, inner: &Events<'_>) -> Block {
        self.lists += 1;
        let marker = ":".repeat(self.lists + 1);
        let mut text = String::new();
        let mut definitions = Vec::new();
        let mut at = 0;
        while at < inner.len() {
            let end = closing(inner, at);
            match &inner[at].0 {
                Event::Start(Tag::DefinitionListTitle) => {
                    push_definitions(&mut text, &mut definitions);
                    let title =
                        super::literal::guarded(&self.inline(&inner[at + 1..end], Standing::Bracketed));
                    let _ = write!(text, "{title}{marker}");
                }
                Event::Start(Tag::DefinitionListDefinition) => {
                    definitions.extend(self.inside(&inner[at + 1..end]))
                }
                _ => {}
            }
            at = end + 1;
        }
        push_definitions(&mut text, &mut definitions);
        self.lists -= 1;
        Block { kind: BlockKind::List, text: text.trim_end().to_owned() }
    }

    fn table(&mut self, alignments: &[Alignment], inner: &Events<'_>) -> Block {
        let columns = alignments.iter().map(|alignment| match alignment {
            Alignment::None | Alignment::Left => "<",
            Alignment::Center => "^",
            Alignment::Right => ">",
        });
        let columns: Vec<&str> = columns.collect();
        let mut text = format!("[cols=\"{}\",options=\"header\"]\n|===\n", columns.join(","));
        for (at, (event, _)) in inner.iter().enumerate() {
            match event {
                Event::Start(Tag::TableCell) => {
                    let cell = self.inline(&inner[at + 1..closing(inner, at)], Standing::Running);
                    let _ = writeln!(text, "|{}", cell.trim());
                }
                Event::End(TagEnd::TableHead | TagEnd::TableRow) => text.push('\n'),
                _ => {}
            }
        }
        Block::other(format!("{}\n|===", text.trim_end_matches('\n')))
    }
}

fn push_definitions(text: &mut String, definitions: &mut Vec<Block>) {
    if !definitions.is_empty() {
        let _ = writeln!(text, "\n{}", tied(std::mem::take(definitions)));
    }
}

fn push_paragraph(blocks: &mut Vec<Block>, text: String) {
    if !text.is_empty() {
        blocks.push(Block { kind: BlockKind::Paragraph, text });
    }
}

/// Returns whether a block is HTML without words, such as an anchor.
fn is_markup_alone(text: &str) -> bool {
    let html = text.replace("{empty}", "").replace('+', "");
    let mut rest = html.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        if !before.trim().is_empty() {
            return false;
        }
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    rest.trim().is_empty()
}

fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Start(tag) => matches!(
            tag,
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }
        ),
        Event::End(_) | Event::Rule | Event::Html(_) => false,
        _ => true,
    }
}

/// Returns the mark of a task in a list whose items can have one, and the item without it.
fn task<'e, 't>(item: &'e Events<'t>, can_have: bool) -> (&'static str, &'e Events<'t>) {
    match item.first() {
        Some((Event::TaskListMarker(done), _)) if can_have => {
            (if *done { "[x] " } else { "[ ] " }, &item[1..])
        }
        _ => ("", item),
    }
}

/// Returns the blocks of a list item, tied to it.
fn tied(mut blocks: Vec<Block>) -> String {
    let text = match blocks.first() {
        Some(block) if block.kind == BlockKind::Paragraph => blocks.remove(0).text,
        _ => "{empty}".to_owned(),
    };
    let lists = blocks.iter().take(blocks.len().saturating_sub(1));
    if lists.into_iter().any(|block| block.kind == BlockKind::List) {
        return format!("{text}\n+\n{}", together(&blocks));
    }
    blocks.iter().enumerate().fold(text, |text, (at, block)| match block.kind {
        // It interrupts the text of the item itself, and no other.
        BlockKind::List if at == 0 => format!("{text}\n{}", block.text),
        BlockKind::List => format!("{text}\n\n{}", block.text),
        BlockKind::Paragraph | BlockKind::Other => format!("{text}\n+\n{}", block.text),
    })
}

/// Returns blocks as one.
fn together(blocks: &[Block]) -> String {
    let text = join(blocks);
    let text = text.trim_end();
    if text.lines().all(|line| line.trim_end() != "--") {
        return format!("--\n{text}\n--");
    }
    // There are no longer delimiters of this kind.
    let fence = delimiter('=', text);
    format!("[.together]\n{fence}\n{text}\n{fence}")
}
