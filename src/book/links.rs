//! Where links of a page lead in the site.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::HashMap;
use percent_encoding::percent_decode_str;

use super::navigation::output_path;
use super::tags::with_attributes;
use crate::diagnostic::normal_path;

/// Pages of a book: their files relative to its source folder, and where they are written.
pub(super) type Outputs = HashMap<PathBuf, PathBuf>;

/// Resolves the links of one page.
#[derive(Debug)]
pub(super) struct Links {
    /// The page's file, relative to the book's source folder.
    page: PathBuf,
    /// Where the page is written.
    output: PathBuf,
    /// Pages of the book.
    pages: Arc<Outputs>,
    /// Names of the folders above the source folder, its own name last.
    above: Arc<[String]>,
}

/// A link or an image, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As written.
    pub(super) written: String,
    /// As it stands in the site.
    pub(super) href: String,
    /// What it is.
    pub(super) kind: TargetKind,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetKind {
    /// A page of the book, by its file, and a place on it.
    Page { file: PathBuf, fragment: Option<String> },
    /// Another file below the source folder.
    File { path: PathBuf, image: bool },
    /// Somewhere else.
    External,
}

impl Target {
    /// Returns whether it may lead nowhere: a page that is in the book is there for certain.
    pub(super) fn is_checked(&self) -> bool {
        match &self.kind {
            TargetKind::External => false,
            TargetKind::Page { fragment, .. } => {
                fragment.as_ref().is_some_and(|fragment| !fragment.is_empty())
            }
            TargetKind::File { .. } => true,
        }
    }
}

impl Links {
    /// Takes a page and all pages of the book, by their files relative to the source folder; `above` names
    /// the folders down to it, for links that go up and come back.
    pub(super) fn new(page: &Path, pages: Arc<Outputs>, above: Arc<[String]>) -> Self {
        let output = pages.get(page).cloned().unwrap_or_else(|| output_path(page));
        Self { page: page.to_path_buf(), output, pages, above }
    }

    /// Returns where a link leads.
    pub(super) fn target(&self, written: &str, image: bool) -> Target {
        let target = |href: String, kind| Target { written: written.to_owned(), href, kind };
        if is_external(written) {
            return target(written.to_owned(), TargetKind::External);
        }
        let (path, rest) = written.split_at(written.find(['?', '#']).unwrap_or(written.len()));
        let fragment = rest.split_once('#').map(|(_, fragment)| fragment.to_owned());
        if path.starts_with('/') {
            // Where the site will stand is not known.
            return target(as_page(path, rest), TargetKind::External);
        }
        if path.is_empty() {
            let file = self.page.clone();
            return target(written.to_owned(), TargetKind::Page { file, fragment });
        }
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let folder = self.page.parent().unwrap_or(Path::new(""));
        let file = self.back(normal_path(&folder.join(decoded.as_ref())));
        if let Some((file, output)) = self.page_at(&file) {
            let href = self.relative(output, path, rest);
            return target(href, TargetKind::Page { file: file.clone(), fragment });
        }
        let href = if image { written.to_owned() } else { as_page(path, rest) };
        target(href, TargetKind::File { path: file, image })
    }

    /// Returns a path that leaves the source folder and comes back as one that stays.
    fn back(&self, path: PathBuf) -> PathBuf {
        let up = path.components().take_while(|part| matches!(part, std::path::Component::ParentDir)).count();
        let Some(start) = self.above.len().checked_sub(up).filter(|_| up > 0) else { return path };
        let names: PathBuf = self.above[start..].iter().collect();
        let rest: PathBuf = path.components().skip(up).collect();
        rest.strip_prefix(&names).map(Path::to_path_buf).unwrap_or(path)
    }

    /// Returns the page that a path means, which is its file, the page written for it, or a folder's index; and
    /// where it is written.
    fn page_at(&self, path: &Path) -> Option<(&PathBuf, &PathBuf)> {
        let page = self.pages.get_key_value(path);
        if page.is_some() {
            return page;
        }
        if path.extension().is_none_or(|extension| extension != "html") {
            return None;
        }
        let is_index = path.file_name().is_some_and(|name| name == "index.html");
        let readmes: &[&str] = if is_index { &["README.md", "readme.md", "Readme.md"] } else { &[] };
        let own = path.with_extension("md");
        let files = std::iter::once(own).chain(readmes.iter().map(|name| path.with_file_name(name)));
        let mut pages = files.filter_map(|file| self.pages.get_key_value(&file));
        pages.find(|(_, output)| *output == path)
    }

    /// Returns the way to a page; what the author wrote stays as far as it fits.
    fn relative(&self, output: &Path, written: &str, rest: &str) -> String {
        if in_site(&as_page(written, ""), &self.output) == output {
            return as_page(written, rest);
        }
        let up = self.output.components().count() - 1;
        format!("{}{}{rest}", "../".repeat(up), encoded(output))
    }
}

/// Returns a link to Markdown as one to the page that would be made of it, as in mdBook; any other as it is.
///
/// `rest` is the query and the fragment.
fn as_page(path: &str, rest: &str) -> String {
    match path.strip_suffix(".md") {
        Some(stem) => format!("{stem}.html{rest}"),
        None => format!("{path}{rest}"),
    }
}

/// Returns whether a link names a scheme or a host.
pub(super) fn is_external(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.len() > 1
            && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
            && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
    };
    target.starts_with("//") || scheme.is_some_and(is_scheme)
}

/// Returns a page's HTML with links that lead from the site's root to where they led from the page.
///
/// `root` is the way to the root: empty for a page that lies there.
pub(super) fn from_root(html: &str, page: &Path, root: &str) -> String {
    if page.components().count() == 1 && root.is_empty() {
        return html.to_owned();
    }
    with_attributes(html, |_, attribute| {
        let is_link = matches!(attribute.name.as_str(), "href" | "src" | "xlink:href");
        let written = &attribute.value;
        if !is_link || is_external(written) || written.starts_with(['/', '#', '?']) {
            return None;
        }
        let (path, rest) = written.split_at(written.find(['?', '#']).unwrap_or(written.len()));
        Some(format!("{root}{}{rest}", encoded(&in_site(path, page))))
    })
}

/// Returns the file of the site that a relative link of a page leads to.
pub(super) fn in_site(link: &str, page: &Path) -> PathBuf {
    let decoded = percent_decode_str(link).decode_utf8_lossy();
    normal_path(&page.parent().unwrap_or(Path::new("")).join(decoded.as_ref()))
}

/// Returns a path as it stands in a link.
pub(super) fn encoded(path: &Path) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'%');
    percent_encoding::utf8_percent_encode(&path.to_string_lossy(), KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, written: &str, expected: &str) {
        let files = ["a.md", "guide/b.md", "guide/README.md", "../tutorials/t.md"];
        let pages = files.iter().map(|file| (PathBuf::from(file), output_path(Path::new(file)))).collect();
        let above = ["p".to_owned(), "book".to_owned()];
        let links = Links::new(Path::new(page), Arc::new(pages), Arc::new(above));
        assert_eq!(links.target(written, false).href, expected, "{written} on {page}");
    }

    #[test]
    fn first_page_stands_at_the_root_too() {
        let html = "<a href=\"b%20c.html#x\">b</a><a href=\"#y\">y</a><img src=\"../p.png\"><a href=\"https://x.org/\">x</a>";
        let expected = "<a href=\"g/b%20c.html#x\">b</a><a href=\"#y\">y</a><img src=\"p.png\"><a href=\"https://x.org/\">x</a>";
        assert_eq!(from_root(html, Path::new("g/a.html"), ""), expected);
    }

    #[test]
    fn links_to_files_lead_to_pages() {
        check("a.md", "guide/b.md", "guide/b.html");
        check("a.md", "guide/b.md#x", "guide/b.html#x");
        check("guide/b.md", "../a.md", "../a.html");
        check("guide/b.md", "README.md", "../guide/index.html");
        check("guide/b.md", "../../tutorials/t.md", "../tutorials/t.html");
        check("../tutorials/t.md", "../book/a.md", "../a.html");
        check("../tutorials/t.md", "../README.md", "../README.html");
        check("guide/b.md", "b.html#y", "b.html#y");
        check("guide/b.md", "./b.md", "./b.html");
        check("guide/b.md", "b.md?q=a#x", "b.html?q=a#x");
        check("a.md", "#x", "#x");
        check("a.md", "other.md", "other.html");
        check("a.md", "/other.md#x", "/other.html#x");
        check("a.md", "picture.png", "picture.png");
        check("a.md", "https://example.org/a.md", "https://example.org/a.md");
        check("a.md", "mailto:x@example.org", "mailto:x@example.org");
        check("a.md", "//example.org", "//example.org");
        check("a.md", "guide/b.html#y", "guide/b.html#y");
    }
}
