//! The page that lists every tutorial with what is known about it.

use std::fmt::Write as _;

use super::escape::escaped;
use super::head::{moment, variant_link};
use super::images::ParityShown;
use super::links::encoded;
use super::load::Page;
use crate::diagnostic::duration;

/// Returns the page's content.
pub(super) fn status_page(pages: &[Page]) -> String {
    let mut evidence = pages.iter().filter_map(|page| page.evidence.as_ref());
    let has_parity = evidence.any(|evidence| ParityShown::of_page(evidence).is_some());
    let parity = if has_parity { "<th>Parity</th>" } else { "" };
    let mut html = format!(
        "<h1>What is verified</h1>\n<p>Every tutorial of this book, with its last run.</p>\n<div class=\"table wide\" tabindex=\"0\" role=\"group\" aria-label=\"Tutorials\"><table><thead><tr><th>Tutorial</th><th>State</th>{parity}<th>Run</th><th>Blocks</th><th>Took</th></tr></thead><tbody>\n"
    );
    for page in pages {
        let Some(evidence) = &page.evidence else { continue };
        for (number, variant) in evidence.variants.iter().enumerate() {
            let run = variant.record.as_ref();
            let when = run.map(|run| moment(run.ended)).unwrap_or_default();
            let took = run.map(|run| duration(run.result.duration)).unwrap_or_default();
            let blocks = variant.coverage().map(|coverage| coverage.summary()).unwrap_or_default();
            let images = run.iter().flat_map(|run| &run.result.images);
            let parity = ParityShown::worst(images).map(ParityShown::badge).unwrap_or_default();
            let parity = if has_parity { format!("<td>{parity}</td>") } else { String::new() };
            let _ = writeln!(
                html,
                "<tr><td><a href=\"{}\">{}</a>{}</td><td>{}</td>{parity}<td>{when}</td><td>{}</td><td class=\"took\">{took}</td></tr>",
                escaped(&(encoded(&page.output) + &variant_link(evidence, number))),
                escaped(&page.title),
                escaped(&variant.suffix()),
                variant.shown().badge(),
                escaped(&blocks),
            );
        }
    }
    html + "</tbody></table></div>\n"
}
