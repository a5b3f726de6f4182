//! The tags of HTML that authors wrote, or that a page was made of.
//!
//! This is no parser of documents: it finds tags and their attributes, and passes over comments
//! and what scripts and sheets contain. That is enough to point links elsewhere and to close
//! what was left open. See "Tokenization" in the HTML standard.

use std::ops::Range;

use super::escape::escaped;

/// A tag, with its place in the HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HtmlTag {
    /// The element's name, in lower case.
    pub(super) name: String,
    /// Whether it ends the element.
    pub(super) closes: bool,
    /// Whether it is written as `<a/>`.
    pub(super) self_closing: bool,
    pub(super) range: Range<usize>,
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Its name, in lower case.
    pub(super) name: String,
    /// Its value, with entities as the letters that they stand for.
    pub(super) value: String,
    /// Where the value is written, with its quotes.
    pub(super) range: Range<usize>,
}

impl HtmlTag {
    /// Returns whether the element has no content and no end tag.
    pub(super) fn is_void(&self) -> bool {
        const VOID: &[&str] = &[
            "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
            "track", "wbr",
        ];
        VOID.contains(&self.name.as_str())
    }

    /// Returns whether the element's content is no HTML.
    pub(super) fn is_opaque(&self) -> bool {
        !self.closes && matches!(self.name.as_str(), "script" | "style")
    }
}

/// Returns the tags of HTML, in their order.
pub(super) fn tags(html: &str) -> Vec<HtmlTag> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = html[at..].find('<').map(|start| at + start) {
        let rest = &html[start..];
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(html.len(), |end| start + end + 3);
        } else if let Some(tag) = tag_at(html, start) {
            at = if tag.is_opaque() { end_of_opaque(html, &tag) } else { tag.range.end };
            found.push(tag);
        } else {
            at = start + 1;
        }
    }
    found
}

/// Returns HTML with other values for some attributes; `None` keeps a value.
pub(super) fn with_attributes(
    html: &str,
    mut change: impl FnMut(&HtmlTag, &Attribute) -> Option<String>,
) -> String {
    let mut changed = String::with_capacity(html.len());
    let mut done = 0;
    for tag in tags(html) {
        for attribute in &tag.attributes {
            if let Some(value) = change(&tag, attribute) {
                changed.push_str(&html[done..attribute.range.start]);
                changed.push_str(&format!("\"{}\"", escaped(&value)));
                done = attribute.range.end;
            }
        }
    }
    changed + &html[done..]
}

fn end_of_opaque(html: &str, tag: &HtmlTag) -> usize {
    let end = format!("</{}", tag.name);
    let rest = &html.as_bytes()[tag.range.end..];
    let at = rest.windows(end.len()).position(|part| part.eq_ignore_ascii_case(end.as_bytes()));
    at.map_or(html.len(), |at| tag.range.end + at)
}

/// Reads the tag that begins at a `<`; `None` where none does, or where it has no end.
fn tag_at(html: &str, start: usize) -> Option<HtmlTag> {
    let bytes = html.as_bytes();
    let closes = bytes.get(start + 1) == Some(&b'/');
    let name_start = start + 1 + usize::from(closes);
    if !bytes.get(name_start)?.is_ascii_alphabetic() {
        return None;
    }
    let is_name = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>' | b'<');
    let name_end = skip(bytes, name_start, is_name);
    let name = html[name_start..name_end].to_ascii_lowercase();
    let (mut at, mut attributes, mut self_closing) = (name_end, Vec::new(), false);
    loop {
        at = skip(bytes, at, u8::is_ascii_whitespace);
        match bytes.get(at)? {
            b'>' => {
                return Some(HtmlTag { name, closes, self_closing, range: start..at + 1, attributes });
            }
            b'/' => {
                self_closing = bytes.get(at + 1) == Some(&b'>');
                at += 1;
            }
            _ => {
                let (attribute, end) = attribute_at(html, at)?;
                attributes.extend(attribute);
                at = end;
            }
        }
    }
}

/// Reads an attribute; returns it where it has a value, and where it ends.
fn attribute_at(html: &str, start: usize) -> Option<(Option<Attribute>, usize)> {
    let bytes = html.as_bytes();
    let is_name = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>' | b'=');
    // A `=` in front is part of the name.
    let name_end = skip(bytes, start + 1, is_name);
    let equals = skip(bytes, name_end, u8::is_ascii_whitespace);
    if bytes.get(equals) != Some(&b'=') {
        return Some((None, name_end));
    }
    let value_start = skip(bytes, equals + 1, u8::is_ascii_whitespace);
    let (text, end) = match bytes.get(value_start)? {
        quote @ (b'"' | b'\'') => {
            let end = skip(bytes, value_start + 1, |byte| byte != quote);
            bytes.get(end)?;
            (&html[value_start + 1..end], end + 1)
        }
        _ => {
            let end = skip(bytes, value_start, |byte| !byte.is_ascii_whitespace() && *byte != b'>');
            (&html[value_start..end], end)
        }
    };
    let name = html[start..name_end].to_ascii_lowercase();
    Some((Some(Attribute { name, value: unescaped(text), range: value_start..end }), end))
}

fn skip(bytes: &[u8], start: usize, passes: impl Fn(&u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| passes(byte)).count()
}

/// Returns a text without the entities that links have.
fn unescaped(text: &str) -> String {
    const ENTITIES: &[(&str, &str)] =
        &[("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    if !text.contains('&') {
        return text.to_owned();
    }
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        let shown = |tag: &HtmlTag| {
            let attributes = tag.attributes.iter();
            let attributes: String =
                attributes.map(|attribute| format!(" {}={}", attribute.name, attribute.value)).collect();
            let (start, end) = (if tag.closes { "/" } else { "" }, if tag.self_closing { " /" } else { "" });
            format!("{start}{}{attributes}{end}", tag.name)
        };
        let found: Vec<String> = tags(html).iter().map(shown).collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn tags_are_found() {
        check("<p>a</P> < b <3 <br/>", &["p", "/p", "br /"]);
        check("<a HREF='x>y' id=b hidden>c</a>", &["a href=x>y id=b", "/a"]);
        check("<a href=a/b>", &["a href=a/b"]);
        check("<a href=\"?a=1&amp;b\">", &["a href=?a=1&b"]);
        check("<!-- <p> --><b>", &["b"]);
        check("<script>if (a<b) '<p>'</script><i>", &["script", "/script", "i"]);
        check("<a href=\"never closed", &[]);
        check("<ä> <p", &[]);
        check("<a =b c = d>", &["a c=d"]);
    }

    #[test]
    fn attributes_change() {
        let change = |_: &HtmlTag, attribute: &Attribute| {
            (attribute.name == "href").then(|| format!("{}\"&", attribute.value))
        };
        let changed = with_attributes("x<a href=a id=b>y</a><b href='c'>", change);
        assert_eq!(changed, "x<a href=\"a&quot;&amp;\" id=b>y</a><b href=\"c&quot;&amp;\">");
    }
}
