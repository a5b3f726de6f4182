//! What stands inside of a paragraph, a title or a cell.

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::literal::{Standing, attribute, guarded, literal, one_line};
use super::{Events, Writer};
use crate::book::markdown::{closing, is_comment, text_of};

/// A part of a line.
#[derive(Debug)]
enum Part {
    /// Text as it is read.
    Text(String),
    /// Code as it is read.
    Code(String),
    /// What opens markup: brackets before it would belong to it.
    Open(String),
    /// AsciiDoc.
    Written(String),
}

impl Writer<'_> {
    /// Returns the lines of a paragraph.
    pub(super) fn paragraph(&mut self, events: &Events<'_>) -> String {
        guarded(&self.inline(events, Standing::Running))
    }

    /// Returns inline content, which may stand anywhere in a line.
    pub(super) fn inline(&mut self, events: &Events<'_>, standing: Standing) -> String {
        let mut parts = Vec::new();
        self.parts(events, standing, &mut parts);
        written(&parts, standing)
    }

    fn parts(&mut self, events: &Events<'_>, standing: Standing, parts: &mut Vec<Part>) {
        let mut at = 0;
        while at < events.len() {
            let (event, _) = &events[at];
            if matches!(event, Event::Start(_)) {
                let end = closing(events, at);
                self.element(event, &events[at + 1..end], standing, parts);
                at = end;
            } else {
                self.leaf(event, standing, parts);
            }
            at += 1;
        }
    }

    fn leaf(&mut self, event: &Event<'_>, standing: Standing, parts: &mut Vec<Part>) {
        match event {
            Event::Text(text) => push_text(parts, text),
            Event::Code(code) => parts.push(Part::Code(code.to_string())),
            Event::SoftBreak if standing == Standing::Bracketed => push_text(parts, " "),
            Event::SoftBreak => push_text(parts, "\n"),
            Event::HardBreak if standing == Standing::Bracketed => push_text(parts, " "),
            Event::HardBreak => parts.push(Part::Written(" +\n".to_owned())),
            Event::InlineHtml(html) | Event::Html(html) if !is_comment(html) => {
                parts.push(Part::Open(passed(html)));
            }
            Event::FootnoteReference(name) => parts.push(Part::Written(self.footnote(name))),
            Event::TaskListMarker(done) => {
                parts.push(Part::Written(if *done { "&#10003; " } else { "&#10063; " }.to_owned()));
            }
            _ => {}
        }
    }

    fn element(&mut self, start: &Event<'_>, inner: &Events<'_>, standing: Standing, parts: &mut Vec<Part>) {
        let marked = match start {
            Event::Start(Tag::Strong) => Some(("**", "**")),
            Event::Start(Tag::Emphasis) => Some(("__", "__")),
            // Its role is written with `=`, which would divide the text of a link.
            Event::Start(Tag::Strikethrough) if standing == Standing::Running => {
                Some(("[.line-through]##", "##"))
            }
            _ => None,
        };
        match start {
            Event::Start(Tag::Link { dest_url, link_type, .. }) => {
                let scheme = if *link_type == LinkType::Email { "mailto:" } else { "" };
                let link = self.link(&format!("{scheme}{dest_url}"), inner);
                parts.push(Part::Open(link));
            }
            Event::Start(Tag::Image { dest_url, title, .. }) => {
                let image = self.image(dest_url, title, inner, None);
                parts.push(Part::Open(image));
            }
            _ => {
                // A mark inside of the same mark would end it.
                let marked = marked.filter(|(open, _)| !self.marks.contains(open));
                let Some((open, close)) = marked else { return self.parts(inner, standing, parts) };
                parts.push(Part::Open(open.to_owned()));
                self.marks.push(open);
                self.parts(inner, standing, parts);
                self.marks.pop();
                parts.push(Part::Written(close.to_owned()));
            }
        }
    }

    fn link(&mut self, url: &str, inner: &Events<'_>) -> String {
        // A picture in the text of a link is written with `=`; one that is all of it can be a link itself.
        if let [
            (Event::Start(Tag::Image { dest_url, title, .. }), _),
            alt @ ..,
            (Event::End(TagEnd::Image), _),
        ] = inner
            && !alt.iter().any(|(event, _)| matches!(event, Event::Start(_) | Event::End(_)))
        {
            return self.image(dest_url, title, alt, Some(url));
        }
        let text = self.inline(inner, Standing::Bracketed);
        let text = if text.trim().is_empty() { literal(url, Standing::Bracketed) } else { text };
        self.reference(url, &text, false)
    }

    fn image(&mut self, url: &str, title: &str, alt: &Events<'_>, link: Option<&str>) -> String {
        let alt: String = alt.iter().map(|(event, _)| text_of(event)).collect();
        let mut words = attribute(&alt);
        if !title.is_empty() {
            words.push_str(&format!(",title={}", attribute(title)));
        }
        if let Some(link) = link {
            let link = self.context.links.target(link, false).href;
            words.push_str(&format!(",link=\"{}\"", super::literal::target(&link)));
        }
        self.reference(url, &words, true)
    }

    fn footnote(&mut self, name: &str) -> String {
        let next = self.footnotes.numbers.len() + 1;
        let number = *self.footnotes.numbers.entry(name.to_owned()).or_insert(next);
        let text = if number == next { self.footnotes.texts.get(name).cloned() } else { None };
        format!("footnote:f{number}[{}]", text.unwrap_or_default())
    }

    /// Reads the footnotes of a text before what refers to them.
    pub(super) fn define_footnotes(&mut self, events: &Events<'_>) {
        for (at, (event, _)) in events.iter().enumerate() {
            let Event::Start(Tag::FootnoteDefinition(name)) = event else { continue };
            let inner = &events[at + 1..closing(events, at)];
            let mut parts = Vec::new();
            self.parts(inner, Standing::Bracketed, &mut parts);
            let text = one_line(&written(&parts, Standing::Bracketed));
            self.footnotes.texts.entry(name.to_string()).or_insert(text);
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    // Neighbours decide about what a character means, so texts that touch are one.
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn written(parts: &[Part], standing: Standing) -> String {
    let mut line = String::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => line.push_str(&literal(text, standing)),
            Part::Written(text) => line.push_str(text),
            Part::Open(text) => {
                separate(&mut line);
                line.push_str(text);
            }
            Part::Code(code) => {
                separate(&mut line);
                let mark = if stands_alone(&line, code, parts.get(at + 1)) { "`" } else { "``" };
                line.push_str(&format!("{mark}{}{mark}", literal(code, standing)));
            }
        }
    }
    line
}

/// Brackets directly before markup would be its attributes.
fn separate(line: &mut String) {
    if line.ends_with(']') {
        line.push_str("{empty}");
    }
}

/// Returns whether code stands between blanks and signs, where single marks are enough.
fn stands_alone(before: &str, code: &str, after: Option<&Part>) -> bool {
    let is_free_before = before.chars().next_back().is_none_or(|letter| matches!(letter, ' ' | '\n' | '('));
    let is_free_after = match after {
        None => true,
        Some(Part::Text(text)) => text.starts_with([' ', '\n', '.', ',', ')', ':', '!', '?', '/']),
        Some(_) => false,
    };
    is_free_before && is_free_after && code.trim() == code
}

/// Returns HTML that reaches the page untouched.
fn passed(html: &str) -> String {
    if html.contains("+++") || html.starts_with('+') || html.ends_with('+') {
        format!("pass:[{}]", html.replace(']', "\\]"))
    } else {
        format!("+++{html}+++")
    }
}
