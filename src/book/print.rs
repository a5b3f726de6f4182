//! The whole book as one page.
//!
//! Anchors of different pages may have one name, and links of a page are relative to it. Here
//! each anchor has a name of its own, and links lead to the chapters of this page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::escape::escaped;
use super::links::{encoded, in_site, is_external};
use super::tags::{tags, with_attributes};

/// A page of the book.
pub(super) struct PrintedPage<'a> {
    /// Where it is written, relative to the site.
    pub(super) output: &'a Path,
    pub(super) html: &'a str,
}

/// Returns the pages as one, in their order.
pub(super) fn print_page(pages: &[PrintedPage<'_>]) -> String {
    let anchors = Anchors::of(pages);
    let mut html = String::new();
    for (number, page) in pages.iter().enumerate() {
        let start = escaped(&anchors.starts[number]);
        let _ = write!(html, "<div class=\"chapter\" id=\"{start}\">");
        html.push_str(&anchors.renamed(page, number));
        html.push_str("</div>\n");
    }
    html
}

struct Anchors {
    /// Positions of pages, by where they are written.
    pages: BTreeMap<PathBuf, usize>,
    /// The anchor that each page begins with.
    starts: Vec<String>,
    /// New names of anchors, page by page; those that keep theirs are left out.
    renamed: Vec<BTreeMap<String, String>>,
}

impl Anchors {
    fn of(pages: &[PrintedPage<'_>]) -> Self {
        let mut taken = BTreeSet::new();
        let renamed = pages.iter().map(|page| new_names(page.html, &mut taken)).collect();
        let starts = pages.iter().map(|page| {
            let stem = page.output.with_extension("").to_string_lossy().replace(['/', ' '], "-");
            unique(&format!("page-{stem}"), &mut taken)
        });
        let starts = starts.collect();
        let pages = pages.iter().enumerate().map(|(number, page)| (page.output.to_path_buf(), number));
        Self { pages: pages.collect(), starts, renamed }
    }

    /// Returns a page with its anchors' new names, and links that fit.
    fn renamed(&self, page: &PrintedPage<'_>, number: usize) -> String {
        with_attributes(page.html, |tag, attribute| match (tag.name.as_str(), attribute.name.as_str()) {
            (_, "id" | "for" | "aria-labelledby" | "aria-controls") | ("a", "name") => {
                self.renamed[number].get(&attribute.value).cloned()
            }
            (_, "href" | "src" | "xlink:href") => Some(self.link(page, number, &attribute.value)),
            _ => None,
        })
    }

    fn link(&self, page: &PrintedPage<'_>, number: usize, href: &str) -> String {
        if is_external(href) || href.starts_with('/') {
            return href.to_owned();
        }
        let (path, rest) = href.split_at(href.find(['?', '#']).unwrap_or(href.len()));
        let fragment = rest.split_once('#').map(|(_, fragment)| fragment);
        if path.is_empty() {
            return self.anchor(number, fragment);
        }
        let file = in_site(path, page.output);
        match self.pages.get(&file) {
            Some(number) => self.anchor(*number, fragment),
            None => format!("{}{rest}", encoded(&file)),
        }
    }

    fn anchor(&self, number: usize, fragment: Option<&str>) -> String {
        let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) else {
            return format!("#{}", self.starts[number]);
        };
        let decoded = percent_decode_str(fragment).decode_utf8_lossy();
        let name = self.renamed[number].get(decoded.as_ref()).map_or(fragment, String::as_str);
        format!("#{name}")
    }
}

/// Returns the anchors of a page whose names are taken, with new ones.
fn new_names(html: &str, taken: &mut BTreeSet<String>) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    for tag in tags(html) {
        let ids = tag.attributes.into_iter().filter(|attribute| attribute.name == "id");
        for id in ids.map(|attribute| attribute.value) {
            let name = unique(&id, taken);
            if name != id {
                renamed.insert(id, name);
            }
        }
    }
    renamed
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 0_usize;
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name}-{number}");
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_and_links_fit_one_page() {
        let pages = [
            ("a.html", "<h1 id=\"x\">A</h1><a href=\"#x\"></a><a href=\"g/b.html\"></a><img src=\"p.png\">"),
            (
                "g/b.html",
                "<h1 id=\"x\">B</h1><a href=\"#x\"></a><a href=\"../a.html#x\"></a><img src=\"p.png\"><a href=\"https://x/#x\"></a>",
            ),
        ];
        let pages = pages.map(|(output, html)| PrintedPage { output: Path::new(output), html });
        assert_eq!(
            print_page(&pages),
            "<div class=\"chapter\" id=\"page-a\"><h1 id=\"x\">A</h1><a href=\"#x\"></a><a href=\"#page-g-b\"></a><img src=\"p.png\"></div>\n\
             <div class=\"chapter\" id=\"page-g-b\"><h1 id=\"x-1\">B</h1><a href=\"#x-1\"></a><a href=\"#x\"></a><img src=\"g/p.png\"><a href=\"https://x/#x\"></a></div>\n"
        );
    }
}
