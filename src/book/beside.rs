//! A page as Markdown, for who reads no HTML: it lies beside the page, and `llms.txt` leads to it.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use super::directives::Expanded;
use super::links::{Target, TargetKind};
use crate::diagnostic::Source;

/// Returns a page's front matter and its text, with what directives fill in, and with links that lead to the
/// Markdown of other pages where that has another name than their files.
pub(super) fn markdown_beside<'t>(
    source: &Source,
    body: usize,
    expanded: &Expanded,
    targets: impl Iterator<Item = &'t Target>,
    options: Options,
) -> String {
    let front_matter = &source.text()[..body];
    let moved: BTreeMap<&str, String> =
        targets.filter_map(|target| Some((target.written.as_str(), moved(target)?))).collect();
    if moved.is_empty() {
        return format!("{front_matter}{}", expanded.text);
    }
    format!("{front_matter}{}", with_links(&expanded.text, &moved, options))
}

/// Returns a link to the Markdown of a page, where that is not what is written.
fn moved(target: &Target) -> Option<String> {
    if !matches!(target.kind, TargetKind::Page { .. }) {
        return None;
    }
    let end = |link: &str| link.find(['?', '#']).unwrap_or(link.len());
    let (path, rest) = target.href.split_at(end(&target.href));
    let is_markdown = target.written[..end(&target.written)].ends_with(".md");
    let link = format!("{}.md{rest}", path.strip_suffix(".html")?);
    (is_markdown && link != target.written).then_some(link)
}

fn with_links(text: &str, moved: &BTreeMap<&str, String>, options: Options) -> String {
    let mut edits: Vec<(Range<usize>, &str)> = Vec::new();
    let mut edit = |range: Range<usize>, written: &str| {
        let at = text[range.clone()].rfind(written).map(|at| range.start + at);
        edits.extend(at.zip(moved.get(written)).map(|(at, link)| (at..at + written.len(), link.as_str())));
    };
    let parser = Parser::new_ext(text, options);
    for (_, definition) in parser.reference_definitions().iter() {
        edit(definition.span.clone(), &definition.dest);
    }
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. }) = event {
            edit(range, &dest_url);
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for (range, link) in edits {
        changed.push_str(&text[done..range.start]);
        changed.push_str(link);
        done = range.end;
    }
    changed + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_markdown_of_pages() {
        let moved = BTreeMap::from([("README.md", "index.md".to_owned())]);
        let text = "[a](README.md) `[a](README.md)` [README.md](b.md) [c] [README.md](<README.md> \"t\")\n\n[c]: README.md\n";
        assert_eq!(
            with_links(text, &moved, Options::empty()),
            "[a](index.md) `[a](README.md)` [README.md](b.md) [c] [README.md](<index.md> \"t\")\n\n[c]: index.md\n"
        );
    }
}
