//! A page's text becomes HTML.
//!
//! The parser's events are walked once. Most pass through; headings, code, links, images,
//! footnotes, alerts and tables are written by small functions of their own, and what they
//! write joins the events as HTML. Included pages are walked in the place of their comment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use foldhash::HashSet;
use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html,
};

use super::callouts::{Notes, linked, list_of_notes};
use super::code::{CodeBlock, code_block};
use super::directives::Expanded;
use super::escape::escaped;
use super::evidence::Evidence;
use super::footnotes::Footnotes;
use super::links::{Links, Target};
use super::raw::RawElements;
use super::settings::BookSettings;
use super::step::{Card, steps_by_place};
use super::tags::{HtmlTag, tags, with_attributes};
use crate::diagnostic::{Place, Source};
use crate::record::Store;
use crate::tutorial::{Anchors, Include, Origin, Step, Tutorial, markdown_options};

/// What a page is rendered from.
pub(super) struct Context<'a> {
    pub(super) settings: &'a BookSettings,
    pub(super) links: &'a Links,
    pub(super) store: &'a Store,
    pub(super) source: &'a Arc<Source>,
    pub(super) expanded: &'a Expanded,
    /// The page as it was read.
    pub(super) tutorial: &'a Tutorial,
    /// What is known about its steps, where it is a tutorial.
    pub(super) evidence: Option<&'a Evidence>,
}

/// A page as HTML, with what others need to know of it.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) html: String,
    pub(super) headings: Vec<RenderedHeading>,
    /// Every anchor, with where it stands.
    pub(super) ids: Vec<(String, Place)>,
    /// Every link and image, with where it stands.
    pub(super) targets: Vec<(Target, Place)>,
    /// The text below each heading, for searching; the first has no heading.
    pub(super) sections: Vec<Section>,
    /// The beginning of the first paragraph.
    pub(super) description: String,
}

/// A heading of a page.
#[derive(Debug, Clone)]
pub(super) struct RenderedHeading {
    pub(super) level: u8,
    pub(super) id: String,
    pub(super) title: String,
}

/// The text between two headings.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    /// Where it begins; empty above the first heading.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// About how many bytes of a text make an event.
const EVENT: usize = 32;

/// How long a description may be, in characters: what search engines show.
const DESCRIPTION: usize = 155;

/// Renders a page.
pub(super) fn render(context: &Context<'_>) -> Rendered {
    let mut walk = Walk {
        context,
        out: Vec::new(),
        page: Rendered { sections: vec![Section::default()], ..Rendered::default() },
        anchors: Anchors::default(),
        footnotes: Footnotes::default(),
        raw: RawElements::default(),
        notes: None,
        noted: 0,
        expected: expected_places(context.tutorial),
        paragraph: None,
        source: Arc::clone(context.source),
        original: Original::Expanded(context.expanded),
    };
    walk.text(&context.expanded.text);
    let anchors = std::mem::take(&mut walk.anchors);
    let mut page = walk.finish();
    let front_matter = &context.tutorial.front_matter;
    if let Some(title) = &front_matter.title {
        page.begin_with(title, anchors, context.source);
    }
    if let Some(description) = &front_matter.description {
        page.description.clone_from(description);
    }
    page
}

impl Rendered {
    /// Puts the title that stands in the front matter above the text, unless the page has one there.
    ///
    /// Its anchor comes last: those of the text are what they are without it.
    fn begin_with(&mut self, title: &str, mut anchors: Anchors, source: &Arc<Source>) {
        if ["<h1>", "<h1 "].iter().any(|tag| self.html.contains(tag)) {
            return;
        }
        let id = anchors.add(title, None);
        self.html.insert_str(0, &heading(1, &id, "", &escaped(title)));
        self.ids.insert(0, (id.clone(), Place::new(source, 0..0)));
        self.headings.insert(0, RenderedHeading { level: 1, id: id.clone(), title: title.to_owned() });
        if let Some(first) = self.sections.first_mut() {
            (first.id, first.title) = (id, title.to_owned());
        }
    }
}

fn heading(level: u8, id: &str, attributes: &str, html: &str) -> String {
    let (id, tag) = (escaped(id), [b'h', b'0' + level]);
    let tag = str::from_utf8(&tag).expect("a letter and a digit are text");
    ["<", tag, " id=\"", &id, "\"", attributes, ">", html, &anchor(&id), "</", tag, ">\n"].concat()
}

/// How offsets of what is walked lead to a source.
#[derive(Clone, Copy)]
enum Original<'a> {
    /// Through a text in which directives were filled in.
    Expanded(&'a Expanded),
    /// By adding where the text begins.
    From(usize),
}

struct Walk<'a> {
    context: &'a Context<'a>,
    out: Vec<Event<'a>>,
    page: Rendered,
    anchors: Anchors,
    footnotes: Footnotes<'a>,
    /// Elements that the page opened as HTML.
    raw: RawElements,
    /// The notes on the code above.
    notes: Option<Notes>,
    /// How many blocks have notes.
    noted: usize,
    /// Where the blocks stand that say what a step is expected to print.
    expected: HashSet<(*const Source, usize)>,
    /// The text of the first paragraph, while it is read.
    paragraph: Option<String>,
    source: Arc<Source>,
    original: Original<'a>,
}

type Events<'t> = Vec<(Event<'t>, Range<usize>)>;

impl<'a> Walk<'a> {
    /// Walks a text: the page, or one that it includes.
    fn text(&mut self, text: &'a str) {
        let options = options(self.context.settings);
        let mut events: Events<'a> = Vec::with_capacity(text.len() / EVENT);
        events.extend(Parser::new_ext(text, options).into_offset_iter());
        self.out.reserve(events.len());
        let steps = self.steps();
        let mut at = 0;
        while at < events.len() {
            at = self.event(&events, at, &steps);
        }
    }

    fn steps(&self) -> BTreeMap<usize, (usize, &'a Step)> {
        match self.context.evidence {
            Some(_) => steps_by_place(&self.context.tutorial.steps, &self.source),
            None => BTreeMap::new(),
        }
    }

    /// Handles the event at a position; returns the position of the next.
    fn event(&mut self, events: &Events<'a>, at: usize, steps: &BTreeMap<usize, (usize, &'a Step)>) -> usize {
        let (event, range) = &events[at];
        match event {
            Event::Start(Tag::Heading { level, id, classes, attrs }) => {
                let end = closing(events, at);
                let given = Given { id: id.as_deref(), attributes: attributes(classes, attrs) };
                self.heading(&events[at + 1..end], *level, &given, range);
                return end + 1;
            }
            Event::Start(Tag::DefinitionListTitle) => {
                let end = closing(events, at);
                self.term(&events[at + 1..end], range);
                return end + 1;
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let end = closing(events, at);
                let text: String = events[at + 1..end].iter().map(|(event, _)| text_of(event)).collect();
                let list = list_of_notes(&text, events, end + 1, |range| self.is_expected(range));
                let mut html = self.code(kind, &text, range, steps);
                if let Some(list) = list {
                    self.noted += 1;
                    let notes = Notes::new(format!("callout-{}", self.noted), list);
                    html = linked(&html, &notes.id);
                    self.notes = Some(notes);
                }
                self.html(html);
                return end + 1;
            }
            Event::Start(Tag::HtmlBlock) => {
                let end = closing(events, at);
                let text: String = events[at + 1..end].iter().map(|(event, _)| text_of(event)).collect();
                self.html_block(&text, range);
                return end + 1;
            }
            Event::Start(Tag::FootnoteDefinition(name)) => {
                let end = closing(events, at);
                let outside = std::mem::take(&mut self.out);
                self.raw.enter();
                let mut inner = at + 1;
                while inner < end {
                    inner = self.event(events, inner, steps);
                }
                self.close_raw();
                let definition = std::mem::replace(&mut self.out, outside);
                self.footnotes.define(name, definition);
                return end + 1;
            }
            _ => self.simple(event, range),
        }
        at + 1
    }

    /// Handles an event that stands by itself; HTML ends at the latest where the Markdown around it ends.
    fn simple(&mut self, event: &Event<'a>, range: &Range<usize>) {
        match event {
            Event::Start(_) => self.raw.enter(),
            Event::End(_) => self.close_raw(),
            _ => {}
        }
        self.written(event, range);
    }

    fn written(&mut self, event: &Event<'a>, range: &Range<usize>) {
        if let Some(html) = self.notes.as_mut().and_then(|notes| notes.event(event, range)) {
            self.html(html);
            return;
        }
        match event {
            Event::Start(Tag::Link { dest_url, title, link_type, .. }) => {
                let href = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => self.target(dest_url, false, range),
                };
                let title =
                    if title.is_empty() { String::new() } else { format!(" title=\"{}\"", escaped(title)) };
                self.inline(format!("<a href=\"{}\"{title}>", escaped(&href)));
            }
            Event::End(TagEnd::Link) => self.inline("</a>".to_owned()),
            Event::Start(Tag::Image { dest_url, title, link_type, id }) => {
                let dest_url = self.target(dest_url, true, range).into();
                let (title, id) = (title.clone(), id.clone());
                self.push(Event::Start(Tag::Image { link_type: *link_type, dest_url, title, id }));
            }
            Event::Start(Tag::BlockQuote(Some(kind))) => self.html(alert(*kind)),
            Event::End(TagEnd::BlockQuote(Some(_))) => self.html("</div>\n".to_owned()),
            Event::Start(Tag::Table(alignments)) => {
                self.html(
                    "<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">".to_owned(),
                );
                self.push(Event::Start(Tag::Table(alignments.clone())));
            }
            Event::End(TagEnd::Table) => {
                self.push(Event::End(TagEnd::Table));
                self.html("</div>\n".to_owned());
            }
            Event::TaskListMarker(done) => {
                let (checked, label) = if *done { (" checked", "done") } else { ("", "not done") };
                self.inline(format!("<input type=\"checkbox\" disabled aria-label=\"{label}\"{checked}> "));
            }
            Event::FootnoteReference(name) => {
                let reference = self.footnotes.refer(name);
                self.inline(reference);
            }
            Event::InlineHtml(text) => {
                if !is_comment(text) {
                    let html = self.raw_html(text, range);
                    self.inline(html);
                }
            }
            Event::Start(Tag::Paragraph) => {
                if self.page.description.is_empty() && self.paragraph.is_none() {
                    self.paragraph = Some(String::new());
                }
                self.push(Event::Start(Tag::Paragraph));
            }
            Event::End(TagEnd::Paragraph) => {
                self.say(" ");
                if let Some(text) = self.paragraph.take() {
                    self.page.description = shortened(text.trim(), DESCRIPTION);
                }
                self.push(Event::End(TagEnd::Paragraph));
            }
            other => {
                match other {
                    Event::Text(text) | Event::Code(text) => self.say(text),
                    Event::SoftBreak | Event::HardBreak => self.say(" "),
                    Event::End(end) if !is_inline(*end) => self.say(" "),
                    _ => {}
                }
                self.push(other.clone());
            }
        }
    }

    fn heading(
        &mut self,
        inner: &[(Event<'a>, Range<usize>)],
        level: HeadingLevel,
        given: &Given<'_>,
        range: &Range<usize>,
    ) {
        let said = self.page.sections.last().map_or(0, |section| section.text.len());
        let (id, title, html) = self.titled(inner, given.id, range);
        // A heading is no text of the section above it.
        if let Some(section) = self.page.sections.last_mut() {
            section.text.truncate(said);
        }
        let level = level as u8;
        self.html(heading(level, &id, &given.attributes, &html));
        self.page.sections.push(Section { id: id.clone(), title: title.clone(), text: String::new() });
        self.page.headings.push(RenderedHeading { level, id, title });
    }

    /// Writes the title of a definition, which has an anchor as headings have.
    fn term(&mut self, inner: &[(Event<'a>, Range<usize>)], range: &Range<usize>) {
        let (id, _, html) = self.titled(inner, None, range);
        let id = escaped(&id);
        self.html(format!("<dt id=\"{id}\">{html}{}</dt>\n", anchor(&id)));
    }

    /// Returns the anchor of what a text titles, the text itself, and the text as HTML.
    fn titled(
        &mut self,
        inner: &[(Event<'a>, Range<usize>)],
        id: Option<&str>,
        range: &Range<usize>,
    ) -> (String, String, String) {
        let title = title(inner);
        let mut id = self.anchors.add(&title, id.map(str::to_owned));
        // A title of punctuation alone needs an anchor too.
        if id.is_empty() {
            id = self.anchors.add("section", None);
        }
        let place = self.place(range);
        self.page.ids.push((id.clone(), place));
        let outside = std::mem::take(&mut self.out);
        self.raw.enter();
        for (event, range) in inner {
            self.simple(event, range);
        }
        self.close_raw();
        let events = std::mem::replace(&mut self.out, outside);
        let mut html = String::with_capacity(title.len() * 2);
        html::push_html(&mut html, events.into_iter());
        (id, title, html)
    }

    /// Returns a block as HTML; nothing where it is not meant to be seen.
    fn code(
        &mut self,
        kind: &CodeBlockKind<'_>,
        text: &str,
        range: &Range<usize>,
        steps: &BTreeMap<usize, (usize, &'a Step)>,
    ) -> String {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        self.say(text);
        let step = self.original(range.start).and_then(|start| steps.get(&start)).copied();
        if let (Some((source, step)), Some(evidence)) = (step, self.context.evidence) {
            if step.attributes.hide {
                return String::new();
            }
            let card = Card { step, source, evidence, store: self.context.store };
            let html = card.html();
            let place = self.place(range);
            self.page.ids.push((super::step::step_id(&step.name.0), place));
            return html;
        }
        let block =
            CodeBlock { info, text, expected: self.is_expected(range), settings: self.context.settings };
        code_block(&block)
    }

    /// Returns whether a block says what a step is expected to print.
    fn is_expected(&self, range: &Range<usize>) -> bool {
        let Some(start) = self.original(range.start) else { return false };
        self.expected.contains(&(Arc::as_ptr(&self.source), start))
    }

    fn html_block(&mut self, text: &str, range: &Range<usize>) {
        if let Some(include) = self.include(range) {
            let (source, original) = (Arc::clone(&self.source), self.original);
            let text = &include.source.text()[include.body.range()];
            self.original = Original::From(include.body.start);
            self.source = Arc::clone(&include.source);
            self.text(text);
            (self.source, self.original) = (source, original);
        } else if !is_comment(text) {
            let html = self.raw_html(text, range);
            self.html(html);
        }
    }

    /// Returns HTML of the page as it stands in the site: links lead to pages, and what is opened is closed.
    fn raw_html(&mut self, text: &str, range: &Range<usize>) -> String {
        let mut html = String::with_capacity(text.len());
        let (mut done, mut is_text) = (0, true);
        for tag in tags(text) {
            let before = &text[done..tag.range.start];
            html.push_str(before);
            if is_text {
                self.say(before);
            }
            (done, is_text) = (tag.range.end, !tag.is_opaque());
            match (tag.closes, tag.self_closing && !tag.is_void()) {
                (true, _) => html.push_str(&self.raw.close(&tag.name)),
                (false, true) => {
                    let start = self.start_tag(text, &tag, range);
                    html.push_str(start.trim_end_matches('>').trim_end_matches('/').trim_end());
                    html.push_str(&format!("></{}>", tag.name));
                }
                (false, false) => {
                    html.push_str(&self.start_tag(text, &tag, range));
                    if !tag.is_void() {
                        self.raw.open(&tag.name);
                    }
                }
            }
        }
        html + &text[done..]
    }

    /// Returns a start tag as it stands in the site, and remembers where it leads and what leads to it.
    fn start_tag(&mut self, text: &str, tag: &HtmlTag, range: &Range<usize>) -> String {
        let place = self.place(range);
        with_attributes(&text[tag.range.clone()], |tag, attribute| {
            match (tag.name.as_str(), attribute.name.as_str()) {
                ("a", "href") | ("img", "src") => {
                    return Some(self.target(&attribute.value, tag.name == "img", range));
                }
                (_, "id") | ("a", "name") => {
                    let known = self.page.ids.last().is_some_and(|(id, _)| *id == attribute.value);
                    if !known {
                        self.page.ids.push((attribute.value.clone(), place.clone()));
                    }
                }
                _ => {}
            }
            None
        })
    }

    fn close_raw(&mut self) {
        let html = self.raw.leave();
        if !html.is_empty() {
            self.inline(html);
        }
    }

    /// Returns what a comment includes.
    fn include(&self, range: &Range<usize>) -> Option<&'a Include> {
        let span = self.original(range.start)?..self.original(range.end.checked_sub(1)?)? + 1;
        let here = |include: &&Include| {
            Arc::ptr_eq(&include.place.source, &self.source)
                && span.start <= include.place.span.start
                && include.place.span.start < span.end
        };
        self.context.tutorial.includes.iter().find(here)
    }

    /// Returns where a link of the page leads in the site, and remembers it.
    fn target(&mut self, written: &str, image: bool, range: &Range<usize>) -> String {
        let target = self.context.links.target(written, image);
        let href = target.href.clone();
        let place = self.place(range);
        self.page.targets.push((target, place));
        href
    }

    fn original(&self, offset: usize) -> Option<usize> {
        match self.original {
            Original::Expanded(expanded) => expanded.original(offset),
            Original::From(start) => Some(start + offset),
        }
    }

    fn place(&self, range: &Range<usize>) -> Place {
        match self.original {
            Original::Expanded(expanded) => expanded.place(&self.source, range.clone()),
            Original::From(start) => Place::new(&self.source, start + range.start..start + range.end),
        }
    }

    /// Adds to what is searched, and to the description.
    fn say(&mut self, text: &str) {
        if let Some(section) = self.page.sections.last_mut() {
            section.text.push_str(text);
        }
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.push_str(text);
        }
    }

    fn push(&mut self, event: Event<'a>) {
        self.out.push(event);
    }

    fn html(&mut self, html: String) {
        self.out.push(Event::Html(html.into()));
    }

    fn inline(&mut self, html: String) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn finish(mut self) -> Rendered {
        self.close_raw();
        self.page.html.reserve(self.context.expanded.text.len() * 2);
        html::push_html(&mut self.page.html, self.out.into_iter());
        self.footnotes.push(&mut self.page.html);
        self.page
    }
}

/// Returns where a tutorial says in blocks what its steps are expected to print: in which text, and at which byte.
fn expected_places(tutorial: &Tutorial) -> HashSet<(*const Source, usize)> {
    let expected = tutorial.steps.iter().flat_map(|step| &step.expected);
    let blocks = expected.filter(|expected| matches!(expected.origin, Origin::Lines(_)));
    blocks.map(|block| (Arc::as_ptr(&block.place.source), block.place.span.start)).collect()
}

/// What an author gives a heading in braces.
struct Given<'a> {
    id: Option<&'a str>,
    /// Everything else, as it stands in the tag.
    attributes: String,
}

/// Returns whether words go on where this ends.
fn is_inline(end: TagEnd) -> bool {
    matches!(
        end,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
            | TagEnd::Superscript
            | TagEnd::Subscript
    )
}

fn attributes(classes: &[CowStr<'_>], others: &[(CowStr<'_>, Option<CowStr<'_>>)]) -> String {
    let mut html = String::new();
    if !classes.is_empty() {
        let _ = write!(html, " class=\"{}\"", escaped(&classes.join(" ")));
    }
    for (name, value) in others {
        let _ = write!(html, " {}=\"{}\"", escaped(name), escaped(value.as_deref().unwrap_or_default()));
    }
    html
}

/// Returns the link of a title to itself, by its anchor as it stands in HTML.
fn anchor(id: &str) -> String {
    ["<a class=\"anchor\" href=\"#", id, "\" aria-label=\"Link to this part\"></a>"].concat()
}

/// Returns the text of a title; what stands for a picture is no part of it.
fn title(inner: &[(Event<'_>, Range<usize>)]) -> String {
    let mut pictures = 0_usize;
    let mut title = String::new();
    for (event, _) in inner {
        match event {
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures -= 1,
            _ if pictures == 0 => title.push_str(text_of(event)),
            _ => {}
        }
    }
    title
}

/// Returns what Markdown is in a book: what it is in tutorials, with mdBook's additions.
pub(super) fn options(settings: &BookSettings) -> Options {
    let mut options = markdown_options();
    options.set(Options::ENABLE_SMART_PUNCTUATION, settings.smart_punctuation);
    options.set(Options::ENABLE_DEFINITION_LIST, settings.definition_lists);
    options.set(Options::ENABLE_GFM, settings.admonitions);
    options
}

/// Returns the position of the event that ends what begins at a position.
pub(super) fn closing(events: &[(Event<'_>, Range<usize>)], at: usize) -> usize {
    let mut depth = 0_usize;
    for (position, (event, _)) in events.iter().enumerate().skip(at) {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return position;
        }
    }
    events.len() - 1
}

/// Returns the text of an event that has one.
pub(super) fn text_of<'t>(event: &'t Event<'_>) -> &'t str {
    match event {
        Event::Text(text) | Event::Code(text) | Event::Html(text) => text,
        Event::SoftBreak | Event::HardBreak => " ",
        _ => "",
    }
}

/// Returns whether HTML is a comment and nothing else: readers do not see it, and ours are instructions.
pub(super) fn is_comment(html: &str) -> bool {
    let html = html.trim();
    html.starts_with("<!--") && html.ends_with("-->") && !html[4..html.len() - 3].contains("-->")
}

fn alert(kind: BlockQuoteKind) -> String {
    let (class, title) = match kind {
        BlockQuoteKind::Note => ("note", "Note"),
        BlockQuoteKind::Tip => ("tip", "Tip"),
        BlockQuoteKind::Important => ("important", "Important"),
        BlockQuoteKind::Warning => ("warning", "Warning"),
        BlockQuoteKind::Caution => ("caution", "Caution"),
    };
    format!("<div class=\"alert alert-{class}\" role=\"note\"><p class=\"alert-title\">{title}</p>\n")
}

/// Cuts a text at a word; of blanks, one is left.
fn shortened(text: &str, characters: usize) -> String {
    let mut short = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        if !short.is_empty() {
            short.push(' ');
            count += 1;
        }
        short.push_str(word);
        count += word.chars().count();
        if count > characters {
            break;
        }
    }
    let Some((end, _)) = short.char_indices().nth(characters) else { return short };
    short.truncate(short[..end].rfind(' ').unwrap_or(end));
    short.push('…');
    short
}
