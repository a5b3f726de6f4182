//! The page with the whole book, for printing.
//!
//! Chapters were made for pages of their own. On one page their anchors would meet, and their links
//! would lead away: anchors get their chapter's number before them, links between chapters stay on the
//! page, and what lies beside a chapter is reached from the site's root.

use std::path::{Path, PathBuf};

use foldhash::{HashMap, HashSet};
use percent_encoding::percent_decode_str;

use super::escape::{each_special, push_escaped};
use super::links::is_external;
use crate::diagnostic::normal_path;

/// Numbers of chapters by where their pages are written.
pub(super) type Numbers = HashMap<PathBuf, usize>;

/// Returns a page's text as a chapter of the whole book.
///
/// Of the variants of a tutorial the one of that number is `shown`.
pub(super) fn chapter(html: &str, output: &Path, numbers: &Numbers, shown: Option<usize>) -> String {
    let number = numbers.get(output).copied().unwrap_or_default();
    let mut chapter = Chapter {
        prefix: format!("{}-", chapter_id(number)),
        output,
        numbers,
        shown: shown.map(|number| number.to_string()),
        ids: HashSet::default(),
        out: String::with_capacity(html.len() * 9 / 8),
    };
    chapter.out.push_str(&format!("<section class=\"chapter\" id=\"{}\">\n", chapter_id(number)));
    chapter.text(html);
    chapter.out.push_str("</section>\n");
    chapter.out
}

/// Returns the anchor of a chapter.
fn chapter_id(number: usize) -> String {
    format!("c{number}")
}

struct Chapter<'a> {
    /// What stands before each of its anchors.
    prefix: String,
    output: &'a Path,
    numbers: &'a Numbers,
    /// The number of the variant that is shown.
    shown: Option<String>,
    /// Anchors of this chapter; a second one of the same name would be no anchor.
    ids: HashSet<&'a str>,
    out: String,
}

impl<'a> Chapter<'a> {
    /// Adds HTML. Most of its tags have no attribute, and are taken with the text around them.
    fn text(&mut self, html: &'a str) {
        // Up to where the chapter is written, and up to where it is read.
        let (mut written, mut read) = (0, 0);
        each_special(
            html,
            |byte| byte == b'<',
            |start, _| {
                let rest = &html[start..];
                if start < read || is_bare(rest) {
                    return;
                }
                self.out.push_str(&html[written..start]);
                read = start
                    + left_out(rest).unwrap_or_else(|| {
                        let end = tag_end(rest);
                        self.tag(&rest[..end]);
                        end
                    });
                written = read;
            },
        );
        self.out.push_str(&html[written..]);
    }

    /// Adds a tag, or what else begins with `<`.
    fn tag(&mut self, tag: &'a str) {
        let mut rest = tag;
        while tag.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) {
            let Some(attribute) = next_attribute(rest) else { break };
            self.out.push_str(&rest[..attribute.before]);
            self.attribute(
                &rest[attribute.before..attribute.name_end],
                &rest[attribute.before..attribute.end],
                attribute.value,
            );
            rest = &rest[attribute.end..];
        }
        self.out.push_str(rest);
    }

    fn attribute(&mut self, name: &str, whole: &str, value: &'a str) {
        match name {
            "id" if !self.ids.insert(value) => {}
            "data-variant" if self.shown.as_ref().is_some_and(|shown| shown != value) => {
                self.out.push_str("hidden");
            }
            "id" | "for" | "name" | "aria-labelledby" | "aria-controls" => {
                self.add(name, &[&self.prefix, value].concat());
            }
            "href" | "src" | "xlink:href" => match self.target(value) {
                Some(target) => self.add(name, &target),
                None => self.out.push_str(whole),
            },
            _ => self.out.push_str(whole),
        }
    }

    /// Adds an attribute whose value is as it stood in the page, or was escaped.
    fn add(&mut self, name: &str, value: &str) {
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.out.push_str(value);
        self.out.push('"');
    }

    /// Returns where an address of the chapter leads to from the whole book, if that is another one.
    fn target(&self, address: &str) -> Option<String> {
        if is_external(address) || address.starts_with('/') {
            return None;
        }
        let (path, fragment) = match address.split_once('#') {
            Some((path, fragment)) => (path, Some(fragment)),
            None => (address, None),
        };
        let file = match path {
            "" => self.output.to_path_buf(),
            path => {
                let folder = self.output.parent().unwrap_or(Path::new(""));
                normal_path(&folder.join(percent_decode_str(path).decode_utf8_lossy().as_ref()))
            }
        };
        match (self.numbers.get(&file), fragment.filter(|fragment| !fragment.is_empty())) {
            (Some(number), None) => Some(format!("#c{number}")),
            (Some(number), Some(fragment)) => Some(format!("#c{number}-{fragment}")),
            (None, _) => {
                let folder = self.output.parent().filter(|folder| !folder.as_os_str().is_empty())?;
                let mut moved = String::new();
                push_escaped(
                    &mut moved,
                    &normal_path(&folder.join("x")).with_file_name("").to_string_lossy(),
                );
                Some(joined(&moved, address))
            }
        }
    }
}

/// Puts a folder before an address, and goes up where the address does.
fn joined(folder: &str, address: &str) -> String {
    let mut folder = folder.trim_end_matches('/');
    let mut rest = address;
    while let Some(up) = rest.strip_prefix("../").filter(|_| !folder.is_empty()) {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        rest = up;
    }
    if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") }
}

/// Returns where something ends that is of no use on paper: a button, and the link of a heading to itself.
fn left_out(text: &str) -> Option<usize> {
    let close = match text.as_bytes().get(1)? {
        b'b' if text.starts_with("<button ") => "</button>",
        b'a' if text.starts_with("<a class=\"anchor\"") => "</a>",
        _ => return None,
    };
    Some(text.find(close)? + close.len())
}

/// Returns whether the tag that a text begins with is a name alone.
fn is_bare(text: &str) -> bool {
    let tag = text.as_bytes().get(1..).unwrap_or_default();
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    let end = name.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'));
    end.is_some_and(|end| name[end] == b'>')
}

/// Returns where a tag ends that a text begins with; what is no tag is one character.
fn tag_end(text: &str) -> usize {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.find("-->").map_or(text.len(), |end| end + "<!---->".len());
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    1
}

/// An attribute with a value in quotes.
struct Attribute<'a> {
    /// Where its name begins and ends, and where the attribute ends.
    before: usize,
    name_end: usize,
    end: usize,
    value: &'a str,
}

/// Returns the next attribute of a tag that has a value in double quotes.
fn next_attribute(text: &str) -> Option<Attribute<'_>> {
    let mut from = 0;
    loop {
        let equals = from + text[from..].find('=')?;
        let quote = text.as_bytes().get(equals + 1).copied();
        let close = |quote: char| text[equals + 2..].find(quote).map(|length| equals + 2 + length);
        match quote {
            Some(b'"') => {
                let close = close('"')?;
                let before = text[..equals].rfind(|letter: char| letter.is_whitespace())? + 1;
                let value = &text[equals + 2..close];
                return Some(Attribute { before, name_end: equals, end: close + 1, value });
            }
            Some(b'\'') => from = close('\'')? + 1,
            _ => from = equals + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        let numbers = ["a.html", "guide/b.html", "guide/c d.html"];
        let numbers = numbers.iter().enumerate().map(|(at, path)| (PathBuf::from(path), at)).collect();
        let chapter = chapter(html, Path::new("guide/b.html"), &numbers, None);
        assert_eq!(
            chapter,
            format!("<section class=\"chapter\" id=\"c1\">\n{expected}</section>\n"),
            "{html}"
        );
    }

    #[test]
    fn links_between_chapters_stay_on_the_page() {
        check("<a href=\"#x\">", "<a href=\"#c1-x\">");
        check("<a href=\"../a.html\" title=\"t\">a</a>", "<a href=\"#c0\" title=\"t\">a</a>");
        check("<a class=\"y\" href=\"c%20d.html#z\">", "<a class=\"y\" href=\"#c2-z\">");
        check("<a href=\"https://example.org/a.html\">", "<a href=\"https://example.org/a.html\">");
        check("<a href=\"../records/r.json?x#y\">", "<a href=\"records/r.json?x#y\">");
        check("<img src=\"p.svg\" alt=\"a\">", "<img src=\"guide/p.svg\" alt=\"a\">");
        check("<img src=\"../../p.svg\">", "<img src=\"../p.svg\">");
        check("<a href=\"/a.html\">", "<a href=\"/a.html\">");
    }

    #[test]
    fn anchors_stand_once() {
        check("<h2 id=\"x\">X</h2><p id=\"x\">", "<h2 id=\"c1-x\">X</h2><p >");
        check(
            "<label for=\"v\"><input name=\"n\" id='q'>",
            "<label for=\"c1-v\"><input name=\"c1-n\" id='q'>",
        );
    }

    #[test]
    fn what_is_of_no_use_on_paper_is_left_out() {
        check("<h2 id=\"x\">X<a class=\"anchor\" href=\"#x\">#</a></h2>", "<h2 id=\"c1-x\">X</h2>");
        check("a<button type=\"button\">Copy</button>b", "ab");
    }

    #[test]
    fn text_is_left_alone() {
        for html in [
            "a < b id=\"x\" > c",
            "<!-- <a href=\"#x\"> -->",
            "<code>href=\"#x\"</code>",
            "<i title='id=\"x\"' hidden>",
            "<",
            "</a>",
        ] {
            check(html, html);
        }
    }
}
