//! Texts, and places in them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// A text with the path that its reader knows it by.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Takes a text and the path to show for it, as the user would type it.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), line_starts: OnceLock::new() })
    }

    /// Returns the path to show.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the whole text, byte order mark and line endings untouched.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of the line that holds a byte offset, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|start| *start <= offset)
    }

    /// Returns the column of a byte offset in characters, counted from 1.
    pub fn column(&self, offset: usize) -> usize {
        let start = self.line_starts()[self.line(offset) - 1];
        let end = floor_char_boundary(&self.text, offset);
        let before = &self.text[start.min(end)..end];
        // No editor counts the mark at the start of a file.
        let mark = usize::from(start == 0 && before.starts_with('\u{feff}'));
        before.chars().count() + 1 - mark
    }

    /// Returns the bytes of a line without its line ending. Lines count from 1.
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let starts = self.line_starts();
        let start = *starts.get(line.checked_sub(1)?)?;
        let end = starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        Some(Span::new(start, start + text.len()))
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(offset, _)| offset + 1)).collect()
        })
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A range of bytes in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// Returns the span from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "span runs backwards: {start}..{end}");
        Self { start, end }
    }

    /// Returns the span as a range, to slice a text with.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A span with the source that it lies in.
#[derive(Clone)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes in it.
    pub span: Span,
}

impl Place {
    /// Takes a source and a span in it.
    pub fn new(source: &Arc<Source>, span: impl Into<Span>) -> Self {
        Self { source: Arc::clone(source), span: span.into() }
    }

    /// Returns the text that the place covers.
    pub fn text(&self) -> &str {
        &self.source.text()[self.span.range()]
    }

    /// Returns the number of the first line, counted from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// Returns path, line and column as plain values.
    pub fn location(&self) -> Location {
        Location {
            path: self.source.path().to_path_buf(),
            line: self.line(),
            column: self.source.column(self.span.start),
        }
    }
}

impl PartialEq for Place {
    /// Places are the same if they are the same bytes of the same reading of a source.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.span == other.span
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.location())
    }
}

/// Path, line and column, detached from the text: what events, records and reports carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Location {
    /// Path of the file, as the user knows it.
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: usize, line: usize, column: usize) {
        let source = Source::new("a.md", text);
        assert_eq!((source.line(offset), source.column(offset)), (line, column));
    }

    #[test]
    fn offsets_become_lines_and_columns() {
        check("", 0, 1, 1);
        check("ab\ncd", 0, 1, 1);
        check("ab\ncd", 2, 1, 3);
        check("ab\ncd", 3, 2, 1);
        check("ab\r\ncd\n", 4, 2, 1);
        check("ab\n", 3, 2, 1);
    }

    #[test]
    fn columns_count_characters() {
        check("äö x", "äö ".len(), 1, 4);
        check("ä", 1, 1, 1);
    }

    #[test]
    fn line_spans_leave_out_line_endings() {
        let source = Source::new("a.md", "ab\r\ncd");
        let line = |number| source.line_span(number).map(|span| &source.text()[span.range()]);
        assert_eq!([line(0), line(1), line(2), line(3)], [None, Some("ab"), Some("cd"), None]);
    }
}
