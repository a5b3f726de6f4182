//! Microsoft's Innovation Engine: graded output, linked prerequisites, variables in a comment.

use std::sync::Arc;

use super::super::annotation::{Annotation, ExpectComment};
use super::super::comment::Comment;
use super::super::model::{Heading, Link, Prerequisite};
use super::super::values::is_variable_name;
use crate::diagnostic::Place;
use crate::yaml::Entry;

pub(super) fn is_mark(text: &str) -> bool {
    similarity(text).is_some() || text.starts_with("```variables")
}

/// Returns what stands after `expected_similarity=`.
fn similarity(text: &str) -> Option<&str> {
    text.strip_prefix("expected_similarity")?.trim_start().strip_prefix('=').map(str::trim)
}

/// Reads `expected_similarity=0.3`, `expected_similarity="a regex"` and the variables comment.
pub(super) fn annotation(comment: &Comment) -> Option<Annotation> {
    let (text, _) = comment.trimmed();
    if let Some(body) = text.strip_prefix("```variables") {
        return Some(Annotation::Variables(variables(body)));
    }
    let unquoted = similarity(text)?.trim_matches('"');
    let number = unquoted.parse::<f64>().is_ok();
    let key = if number { "similarity" } else { "regex" };
    let entries = vec![Entry::text(key, &comment.place, unquoted)];
    Some(Annotation::Expect(ExpectComment { entries, takes_block: true }))
}

fn variables(body: &str) -> Vec<(String, String)> {
    let lines = body.lines().map(str::trim).map(|line| line.strip_prefix("export ").unwrap_or(line));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let named = pairs.filter(|(name, _)| is_variable_name(name.trim()));
    let unquoted = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    named.map(|(name, value)| (name.trim().to_owned(), unquoted(value))).collect()
}

/// Returns the pages that are linked below a heading about prerequisites.
pub(crate) fn prerequisites(headings: &[Heading], links: &[Link]) -> Vec<Prerequisite> {
    let mut found = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        if !heading.text.to_lowercase().contains("prerequisite") {
            continue;
        }
        // Offsets of an included page say nothing about those of the page around it.
        let here = |place: &Place| Arc::ptr_eq(&place.source, &heading.place.source);
        let next = headings[at + 1..].iter().find(|next| here(&next.place));
        let end = next.map_or(usize::MAX, |next| next.place.span.start);
        let section = heading.place.span.start..end;
        let below = links.iter().filter(|link| here(&link.place) && section.contains(&link.place.span.start));
        found.extend(below.filter_map(prerequisite));
    }
    found
}

fn prerequisite(link: &Link) -> Option<Prerequisite> {
    let path = link.target.split(['#', '?']).next()?;
    let is_page = path.ends_with(".md") && !path.contains("://") && !link.image;
    is_page.then(|| Prerequisite { path: path.into(), place: link.place.clone() })
}
