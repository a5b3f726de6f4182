//! HTML comments: where authors tell us what readers need not see.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Finding, Place, Source};

/// A comment of a page.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    /// The whole comment with its `<!--` and `-->`.
    pub(crate) place: Place,
    /// What stands in it, with quote marks and the like blanked out: each byte of it is
    /// the byte of the source at the same distance from `start`, or a blank.
    pub(crate) text: String,
    /// Offset of the text in the source.
    pub(crate) start: usize,
}

impl Comment {
    /// Returns the text without blanks around it, and where that begins.
    pub(crate) fn trimmed(&self) -> (&str, usize) {
        let lead = self.text.len() - self.text.trim_start().len();
        (self.text.trim(), self.start + lead)
    }
}

/// Finds the comments in pieces of HTML that belong together.
pub(crate) fn find(
    source: &Arc<Source>,
    pieces: &[Range<usize>],
    findings: &mut Vec<Finding>,
) -> Vec<Comment> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let html = masked(source.text(), first.start..last.end, pieces);
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(open) = html[at..].find("<!--").map(|found| at + found) {
        let inside = open + "<!--".len();
        let Some(length) = html[inside..].find("-->") else {
            findings.push(unclosed(Place::new(source, first.start + open..first.start + inside)));
            break;
        };
        at = inside + length + "-->".len();
        comments.push(Comment {
            place: Place::new(source, first.start + open..first.start + at),
            text: html[inside..inside + length].to_owned(),
            start: first.start + inside,
        });
    }
    comments
}

fn unclosed(place: Place) -> Finding {
    Finding::warning("unclosed-comment", "comment is never closed")
        .at(place)
        .help("close it with `-->`; all that follows is a part of it")
}

/// Returns a range of a text in which all but the pieces and line ends is blank.
fn masked(text: &str, range: Range<usize>, pieces: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(range.len());
    let mut at = range.start;
    for piece in pieces {
        let gap = &text[at.min(piece.start)..piece.start];
        masked.extend(gap.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        masked.push_str(&text[piece.start.max(at)..piece.end.max(at)]);
        at = piece.end.max(at);
    }
    masked
}
