//! What a file of YAML says besides its values.

use std::ops::Range;
use std::sync::Arc;

use super::prose;
use crate::diagnostic::{Finding, Place, Source, Span, plural};
use crate::yaml::{Data, Documents, Node};

/// The comments of a file.
#[derive(Debug)]
pub(super) struct Comments {
    source: Arc<Source>,
    comments: Vec<Comment>,
    /// The first place where one value stands for another.
    alias: Option<Place>,
}

#[derive(Debug)]
struct Comment {
    line: usize,
    span: Span,
    /// Nothing but the comment stands on the line.
    alone: bool,
    used: bool,
}

impl Comments {
    /// Finds the comments of a file: each `#` after a blank that stands in no value.
    pub(super) fn of(source: &Arc<Source>, read: &Documents) -> Self {
        let mut spans = Vec::new();
        read.documents.iter().for_each(|document| collect(document, &mut spans));
        spans.sort();
        let mut comments = Vec::new();
        let mut at = 0;
        for span in spans.into_iter().chain([Span::new(source.text().len(), source.text().len())]) {
            if span.start > at {
                search(source, at..span.start, &mut comments);
            }
            at = at.max(span.end);
        }
        Self { source: Arc::clone(source), comments, alias: read.alias.clone() }
    }

    /// Takes the comments on the lines right above a place, if they can be text of a page.
    pub(super) fn above(&mut self, place: &Place) -> Option<String> {
        let mut line = place.line();
        let mut taken = Vec::new();
        while let Some(at) =
            self.comments.iter().position(|comment| comment.line + 1 == line && comment.alone)
        {
            taken.push(at);
            line -= 1;
        }
        self.take(taken.into_iter().rev().collect())
    }

    /// Takes the comments before a document, that no other has.
    pub(super) fn before(&mut self, document: &Place) -> Option<String> {
        let is_before =
            |comment: &Comment| comment.alone && !comment.used && comment.span.end <= document.span.start;
        let all = (0..self.comments.len()).filter(|at| is_before(&self.comments[*at])).collect();
        self.take(all)
    }

    fn take(&mut self, taken: Vec<usize>) -> Option<String> {
        let text = |at: &usize| {
            let comment = &self.source.text()[self.comments[*at].span.range()];
            comment.trim_start_matches('#').trim().to_owned()
        };
        let text = taken.iter().map(text).collect::<Vec<_>>().join("\n");
        let written = prose::write(text.trim())?;
        taken.iter().for_each(|at| self.comments[*at].used = true);
        Some(written)
    }

    /// Says what does not come onto the page.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let left: Vec<&Comment> = self.comments.iter().filter(|comment| !comment.used).collect();
        if let Some(first) = left.first() {
            let message =
                format!("{} of the YAML {} not kept", plural(left.len(), "comment"), are(left.len()));
            let finding =
                Finding::warning("import-comments", message).at(Place::new(&self.source, first.span));
            findings.push(
                finding.help("write what matters of it into the page: values are kept, comments are not"),
            );
        }
        if let Some(place) = &self.alias {
            let finding =
                Finding::warning("import-aliases", "anchors are not kept: each value is written out");
            findings.push(finding.at(place.clone()).help("the objects are the same to Tekton"));
        }
        findings
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// Collects where values and keys stand.
fn collect(node: &Node, spans: &mut Vec<Span>) {
    match &node.data {
        Data::Null => {}
        Data::Scalar { .. } => spans.push(node.place.span),
        Data::List(items) => items.iter().for_each(|item| collect(item, spans)),
        Data::Map(entries) => {
            for entry in entries {
                spans.push(entry.key_place.span);
                collect(&entry.value, spans);
            }
        }
    }
}

/// Finds the comments in what stands between values.
fn search(source: &Arc<Source>, gap: Range<usize>, comments: &mut Vec<Comment>) {
    let text = source.text();
    let mut at = gap.start;
    while let Some(start) = comment_in(text, at..gap.end) {
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let alone = text[line_start..start].trim().is_empty();
        let span = Span::new(start, end);
        comments.push(Comment { line: source.line(start), span, alone, used: false });
        at = end.min(gap.end);
    }
}

/// Returns where a comment begins: a `#` after a blank.
fn comment_in(text: &str, gap: Range<usize>) -> Option<usize> {
    let begins = |at: &usize| text[..*at].chars().next_back().is_none_or(char::is_whitespace);
    text[gap.clone()].match_indices('#').map(|(at, _)| gap.start + at).find(begins)
}
