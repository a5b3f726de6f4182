//! Footnotes: they stand below the text, in the order in which it refers to them.

use std::collections::HashMap;
use std::fmt::Write as _;

use pulldown_cmark::{Event, html};

use super::escape::escaped;

/// Footnotes, numbered in the order in which they are referred to.
#[derive(Debug, Default)]
pub(super) struct Footnotes<'a> {
    numbers: HashMap<String, usize>,
    references: Vec<usize>,
    definitions: HashMap<String, Vec<Event<'a>>>,
    order: Vec<String>,
}

impl<'a> Footnotes<'a> {
    /// Returns a reference to a footnote.
    pub(super) fn refer(&mut self, name: &str) -> String {
        let next = self.order.len() + 1;
        let number = *self.numbers.entry(name.to_owned()).or_insert(next);
        if number == next {
            self.order.push(name.to_owned());
            self.references.push(0);
        }
        let count = &mut self.references[number - 1];
        *count += 1;
        let name = escaped(name);
        format!(
            "<sup class=\"footnote-reference\" id=\"fr-{name}-{count}\"><a href=\"#footnote-{name}\">{number}</a></sup>"
        )
    }

    /// Keeps the text of a footnote; the first of a name counts.
    pub(super) fn define(&mut self, name: &str, definition: Vec<Event<'a>>) {
        self.definitions.entry(name.to_owned()).or_insert(definition);
    }

    /// Adds the footnotes that something refers to.
    pub(super) fn push(mut self, out: &mut String) {
        if self.order.is_empty() {
            return;
        }
        out.push_str("<section class=\"footnotes\" aria-label=\"Footnotes\"><ol>\n");
        for (name, count) in self.order.iter().zip(&self.references) {
            let mut text = String::new();
            html::push_html(&mut text, self.definitions.remove(name).unwrap_or_default().into_iter());
            let name = escaped(name);
            let mut back = String::new();
            for reference in 1..=*count {
                let (which, label) = match reference {
                    1 => (String::new(), "Back to the text".to_owned()),
                    _ => (reference.to_string(), format!("Back to the text, place {reference}")),
                };
                let _ =
                    write!(back, " <a href=\"#fr-{name}-{reference}\" aria-label=\"{label}\">↩{which}</a>");
            }
            let text = text.trim_end();
            match text.strip_suffix("</p>") {
                Some(before) => {
                    let _ = writeln!(out, "<li id=\"footnote-{name}\">{before}{back}</p></li>");
                }
                None => {
                    let _ = writeln!(out, "<li id=\"footnote-{name}\">{text}{back}</li>");
                }
            }
        }
        out.push_str("</ol></section>\n");
    }
}
