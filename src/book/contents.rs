//! The table of contents beside each page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::escape::escaped;
use super::links::encoded;
use super::navigation::{Chapter, Item, Navigation};
use super::shape::Shown;

/// Returns the table of contents for one page; `root` is the way from it to the site's root.
pub(super) fn contents(
    navigation: &Navigation,
    states: &BTreeMap<PathBuf, Shown>,
    current: Option<&Path>,
    root: &str,
    numbered: bool,
) -> String {
    let mut writer = Writer { states, current, root, numbered, html: String::new() };
    let mut open = false;
    for item in &navigation.items {
        match item {
            Item::Chapter(chapter) => {
                if !std::mem::replace(&mut open, true) {
                    writer.html.push_str("<ol>\n");
                }
                writer.chapter(chapter);
            }
            Item::Part(title) => {
                writer.close(&mut open);
                let _ = writeln!(writer.html, "<p class=\"part\">{}</p>", escaped(title));
            }
            Item::Separator => {
                writer.close(&mut open);
                writer.html.push_str("<hr>\n");
            }
        }
    }
    writer.close(&mut open);
    writer.html
}

struct Writer<'a> {
    states: &'a BTreeMap<PathBuf, Shown>,
    current: Option<&'a Path>,
    root: &'a str,
    numbered: bool,
    html: String,
}

impl Writer<'_> {
    fn close(&mut self, open: &mut bool) {
        if std::mem::take(open) {
            self.html.push_str("</ol>\n");
        }
    }

    fn chapter(&mut self, chapter: &Chapter) {
        let number = chapter.shown_number().filter(|_| self.numbered);
        let number =
            number.map(|number| format!("<span class=\"number\">{number}</span> ")).unwrap_or_default();
        let title = escaped(&chapter.title);
        match (&chapter.path, chapter.output()) {
            (Some(path), Some(output)) => {
                let current = if self.current == Some(path) { " aria-current=\"page\"" } else { "" };
                let state = self.states.get(path).map(|state| state.icon_with_name()).unwrap_or_default();
                let href = escaped(&format!("{}{}", self.root, encoded(&output)));
                let _ = write!(
                    self.html,
                    "<li><a href=\"{href}\"{current}>{number}<span>{title}</span>{state}</a>"
                );
            }
            _ => {
                let _ = write!(self.html, "<li><span class=\"draft\">{number}<span>{title}</span></span>");
            }
        }
        if !chapter.children.is_empty() {
            self.html.push_str("\n<ol>\n");
            chapter.children.iter().for_each(|child| self.chapter(child));
            self.html.push_str("</ol>\n");
        }
        self.html.push_str("</li>\n");
    }
}
