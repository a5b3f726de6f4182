//! Spans of code become HTML.

use std::cmp::Reverse;

use crate::book::escape::push_escaped;

/// A part of code that has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The ending of the name of its element.
    pub(super) tag: &'static str,
    /// The pattern that found it: of two that find the same, the later one counts.
    pub(super) pattern: usize,
}

/// Returns code with its spans as elements, none of which stands in another: the innermost colours a place.
///
/// Line ends at the end of the code stand outside of them.
pub(super) fn html(code: &str, spans: Vec<Span>) -> String {
    let spans = settled(spans);
    let text = code.trim_end_matches('\n');
    let mut html = String::with_capacity(code.len() * 4);
    let mut done = 0;
    let mut open: Vec<usize> = Vec::new();
    for Edge { at, begins, span } in edges(&spans) {
        if at > done && at <= text.len() {
            push(&mut html, &text[done..at], open.last().map(|top| spans[*top].tag));
            done = at;
        }
        match begins {
            true => open.push(span),
            false => {
                if let Some(place) = open.iter().rposition(|open| *open == span) {
                    open.remove(place);
                }
            }
        }
    }
    push(&mut html, &text[done..], open.last().map(|top| spans[*top].tag));
    html.push_str(&code[text.len()..]);
    html
}

fn push(html: &mut String, text: &str, tag: Option<&str>) {
    let Some(tag) = tag.filter(|_| !text.is_empty()) else { return push_escaped(html, text) };
    for part in ["<a-", tag, ">"] {
        html.push_str(part);
    }
    push_escaped(html, text);
    for part in ["</a-", tag, ">"] {
        html.push_str(part);
    }
}

/// Returns spans of which each has a place of its own, outer ones first. Those that touch and have the same
/// colour are one.
fn settled(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, span.end));
    spans.dedup_by(|later, kept| {
        let is_same = (later.start, later.end) == (kept.start, kept.end);
        if is_same && later.pattern >= kept.pattern {
            *kept = *later;
        }
        is_same
    });
    spans.dedup_by(|later, kept| {
        let touches = later.tag == kept.tag && later.start <= kept.end;
        if touches {
            kept.end = kept.end.max(later.end);
        }
        touches
    });
    spans.sort_by_key(|span| (span.start, Reverse(span.end)));
    spans
}

/// Where a span begins or ends.
struct Edge {
    at: usize,
    begins: bool,
    span: usize,
}

/// Returns where spans begin and end, in order. Where some do both, the ends come first.
fn edges(spans: &[Span]) -> Vec<Edge> {
    let both = |(number, span): (usize, &Span)| {
        [(span.start, true), (span.end, false)].map(|(at, begins)| Edge { at, begins, span: number })
    };
    let mut edges: Vec<Edge> = spans.iter().enumerate().flat_map(both).collect();
    edges.sort_by_key(|edge| (edge.at, edge.begins));
    edges
}
