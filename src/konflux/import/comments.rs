//! What a file of YAML says besides its values.

use std::ops::Range;
use std::sync::Arc;

use super::prose;
use crate::diagnostic::{Finding, Place, Source, Span, plural};
use crate::yaml::{Data, Node};

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
    pub(super) fn of(source: &Arc<Source>, documents: &[Node]) -> Self {
        let mut spans = Vec::new();
        let mut alias = None;
        documents.iter().for_each(|document| collect(document, &mut spans, &mut alias));
        spans.sort();
        let mut found = Found { comments: Vec::new(), alias: None };
        let mut at = 0;
        for span in spans.into_iter().chain([Span::new(source.text().len(), source.text().len())]) {
            if span.start > at {
                found.search(source, at..span.start);
            }
            at = at.max(span.end);
        }
        let Found { comments, alias: between } = found;
        Self { source: Arc::clone(source), comments, alias: alias.or(between) }
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

/// Collects where values and keys stand, and the first alias.
fn collect(node: &Node, spans: &mut Vec<Span>, alias: &mut Option<Place>) {
    if node.place.text().starts_with('*') && alias.is_none() {
        *alias = Some(node.place.clone());
    }
    match &node.data {
        Data::Null => {}
        Data::Scalar { .. } => spans.push(node.place.span),
        Data::List(items) => items.iter().for_each(|item| collect(item, spans, alias)),
        Data::Map(entries) => {
            for entry in entries {
                spans.push(entry.key_place.span);
                collect(&entry.value, spans, alias);
            }
        }
    }
}

/// What stands between values.
struct Found {
    comments: Vec<Comment>,
    /// The first name that is given to a value, or stands for one.
    alias: Option<Place>,
}

impl Found {
    fn search(&mut self, source: &Arc<Source>, gap: Range<usize>) {
        let text = source.text();
        let mut at = gap.start;
        while at < gap.end {
            let start = comment_in(text, at..gap.end);
            self.search_names(source, at..start.unwrap_or(gap.end));
            let Some(start) = start else { return };
            let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
            let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let alone = text[line_start..start].trim().is_empty();
            self.comments.push(Comment {
                line: source.line(start),
                span: Span::new(start, end),
                alone,
                used: false,
            });
            at = end;
        }
    }

    fn search_names(&mut self, source: &Arc<Source>, gap: Range<usize>) {
        if self.alias.is_none()
            && let Some(at) = source.text()[gap.clone()].find(['*', '&'])
        {
            self.alias = Some(Place::new(source, gap.start + at..gap.start + at + 1));
        }
    }
}

/// Returns where a comment begins: a `#` after a blank.
fn comment_in(text: &str, gap: Range<usize>) -> Option<usize> {
    let begins = |at: &usize| text[..*at].chars().next_back().is_none_or(char::is_whitespace);
    text[gap.clone()].match_indices('#').map(|(at, _)| gap.start + at).find(begins)
}
