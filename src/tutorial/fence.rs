//! A code block: its fences, its words after the language, its lines.

use std::ops::Range;
use std::sync::Arc;

use super::model::Text;
use crate::diagnostic::{Place, Source, Span};

/// A code block as it stands on the page.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    /// The whole block.
    pub(crate) place: Place,
    /// Indented code has no fence.
    pub(crate) fenced: bool,
    /// Whether the closing fence is there.
    pub(crate) closed: bool,
    /// What stands after the opening fence, blanks trimmed.
    pub(crate) info: Span,
    pub(crate) text: Text,
}

impl Fence {
    /// Returns what stands after the opening fence.
    pub(crate) fn info_text(&self) -> &str {
        &self.place.source.text()[self.info.range()]
    }
}

/// Collects the lines of a block while the parser walks through it.
#[derive(Debug)]
pub(crate) struct FenceLines {
    fenced: bool,
    lines: Vec<Span>,
    /// For each line the blanks that a tab leaves after a list took a part of it.
    leads: Vec<usize>,
    open: Option<Span>,
    lead: usize,
}

impl FenceLines {
    pub(crate) fn new(fenced: bool) -> Self {
        Self { fenced, lines: Vec::new(), leads: Vec::new(), open: None, lead: 0 }
    }

    /// Takes a piece of text. A piece that is not in the source is the rest of a tab that a
    /// list took a part of: it belongs to the text and has no place of its own.
    pub(crate) fn push(&mut self, source: &str, text: &str, range: Range<usize>) {
        let slice = &source[range.clone()];
        if slice != text && !text.contains('\n') {
            self.lead += text.len();
            return;
        }
        let mut at = range.start;
        for piece in slice.split_inclusive('\n') {
            let content = piece.trim_end_matches(['\n', '\r']);
            let start = self.open.map_or(at, |open| open.start);
            self.open = Some(Span::new(start, (at + content.len()).max(start)));
            at += piece.len();
            if content.len() < piece.len() {
                self.close_line(source);
            }
        }
    }

    fn close_line(&mut self, source: &str) {
        let lead = std::mem::take(&mut self.lead);
        let Some(span) = self.open.take() else { return };
        let content = source[span.range()].trim_end_matches(['\n', '\r']);
        self.lines.push(Span::new(span.start, span.start + content.len()));
        self.leads.push(lead);
    }

    /// Returns the block, whose bytes are `range`.
    pub(crate) fn finish(mut self, source: &Arc<Source>, range: Range<usize>) -> Fence {
        self.close_line(source.text());
        let text = source.text();
        let range = range.start..range.start + text[range.clone()].trim_end().len();
        let opening = if self.fenced { Opening::read(text, range.clone()) } else { None };
        let closed = opening.as_ref().is_none_or(|opening| {
            let content_end = self.lines.last().map_or(opening.info.end, |line| line.end);
            opening.is_closed_by(&text[content_end.min(range.end)..range.end])
        });
        let info = opening.map_or(Span::new(range.start, range.start), |opening| opening.info);
        let text = joined(source, self.lines, &self.leads);
        Fence { place: Place::new(source, range), fenced: self.fenced, closed, info, text }
    }
}

/// Joins lines of a source, each after as many blanks as its lead says.
pub(crate) fn joined(source: &Arc<Source>, lines: Vec<Span>, leads: &[usize]) -> Text {
    let length = lines.iter().map(|line| line.range().len() + 1).sum::<usize>() + leads.iter().sum::<usize>();
    let mut content = String::with_capacity(length);
    for (at, line) in lines.iter().enumerate() {
        content.extend(std::iter::repeat_n(' ', leads.get(at).copied().unwrap_or_default()));
        content.push_str(&source.text()[line.range()]);
        content.push('\n');
    }
    Text { content, source: Arc::clone(source), lines }
}

/// The opening line of a fence.
pub(crate) struct Opening {
    pub(crate) mark: char,
    pub(crate) length: usize,
    /// Offset of the first mark.
    pub(crate) start: usize,
    pub(crate) info: Span,
}

impl Opening {
    /// Reads the line that a block of code begins with.
    pub(crate) fn read(text: &str, block: Range<usize>) -> Option<Self> {
        let line = text[block.clone()].split(['\n', '\r']).next()?;
        let start = line.find(['`', '~'])?;
        let mark = line[start..].chars().next()?;
        let rest = line[start..].trim_start_matches(mark);
        let info_start = block.start + line.len() - rest.trim_start().len();
        let length = line.len() - start - rest.len();
        let info = Span::new(info_start, info_start + rest.trim().len());
        Some(Self { mark, length, start: block.start + start, info })
    }

    fn is_closed_by(&self, tail: &str) -> bool {
        let tail = tail.trim_end();
        tail.len() - tail.trim_end_matches(self.mark).len() >= self.length
    }
}
