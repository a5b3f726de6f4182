//! A page becomes AsciiDoc, with the evidence of its steps.
//!
//! The parser's events are walked as for HTML (see `markdown`), with another pen: text is written
//! so that it reads as text (`literal`), blocks know how they stand in lists and quotes (`block`),
//! code and output are listings (`listing`), and what is known of a step stands around it
//! (`evidence`).
//!
//! What AsciiDoc cannot say is said as near as it can: a footnote is one paragraph, a second title
//! of a page is a section, and a heading inside of a list or a quote is one that no table of
//! contents has.

mod block;
mod evidence;
mod inline;
mod listing;
mod literal;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pulldown_cmark::{Event, Parser};

use super::directives::Expanded;
use super::links::{Links, TargetKind};
use super::load::Page;
use super::markdown::options;
use super::settings::BookSettings;
use crate::diagnostic::Source;
use crate::record::Store;
use crate::tutorial::{Anchors, Step};

use self::block::Block;
pub(super) use self::literal::{Standing, literal, one_line};

/// What a page is written from.
pub(super) struct Context<'a> {
    pub(super) settings: &'a BookSettings,
    pub(super) links: &'a Links,
    pub(super) store: &'a Store,
    pub(super) page: &'a Page,
    pub(super) expanded: &'a Expanded,
    /// The pages of the component, by their files.
    pub(super) pages: &'a BTreeMap<PathBuf, String>,
    /// Where a file that pages lead to will stand; `None` for one that is not there.
    pub(super) file: &'a dyn Fn(&Path) -> Option<String>,
    /// The records of its variants, as attachments.
    pub(super) records: &'a [Option<String>],
}

/// A page as AsciiDoc, with the files that it needs.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Pictures, relative to the book's source folder.
    pub(super) images: BTreeSet<PathBuf>,
    /// Other files that it leads to.
    pub(super) attachments: BTreeSet<PathBuf>,
}

type Events<'t> = [(Event<'t>, Range<usize>)];

/// How offsets of what is walked lead to a source.
#[derive(Clone, Copy)]
enum Original<'a> {
    /// Through a text in which directives were filled in.
    Expanded(&'a Expanded),
    /// By adding where the text begins.
    From(usize),
}

struct Writer<'a> {
    context: &'a Context<'a>,
    written: Written,
    anchors: Anchors,
    /// The page's own title and its anchor, once it was read.
    title: Option<(String, String)>,
    /// Level of the last section; 1 is the title's.
    level: usize,
    /// How many levels the page's own title stands below the first.
    above_title: usize,
    /// Whether anything was written.
    has_begun: bool,
    /// How many lists, quotes and the like are open.
    depth: usize,
    lists: usize,
    /// What is open inside of a paragraph: `**`.
    marks: Vec<&'static str>,
    footnotes: Footnotes,
    source: Arc<Source>,
    original: Original<'a>,
}

/// Footnotes: their texts, and the numbers of those that were referred to.
#[derive(Default)]
struct Footnotes {
    texts: HashMap<String, String>,
    numbers: HashMap<String, usize>,
}

/// Writes a page.
pub(super) fn asciidoc(context: &Context<'_>) -> Written {
    let source = Arc::clone(&context.page.tutorial.source);
    let mut writer = Writer {
        context,
        written: Written::default(),
        anchors: Anchors::default(),
        title: None,
        level: 1,
        above_title: 0,
        has_begun: false,
        depth: 0,
        lists: 0,
        marks: Vec::new(),
        footnotes: Footnotes::default(),
        source,
        original: Original::Expanded(context.expanded),
    };
    let blocks = writer.text(&context.expanded.text);
    writer.finish(&blocks)
}

impl<'a> Writer<'a> {
    /// Writes a text: the page, or one that it includes.
    fn text(&mut self, text: &str) -> Vec<Block> {
        let events: Vec<(Event<'_>, Range<usize>)> =
            Parser::new_ext(text, options(self.context.settings)).into_offset_iter().collect();
        self.define_footnotes(&events);
        self.blocks(&events)
    }

    fn finish(mut self, blocks: &[Block]) -> Written {
        let page = self.context.page;
        let mut text = String::new();
        let (title, id) = self.title.take().unwrap_or_else(|| {
            let title = self.context.expanded.title.as_ref().unwrap_or(&page.title);
            (literal(&one_line(title), Standing::Bracketed), String::new())
        });
        text.push_str(&block::anchor(&id));
        text.push_str(&format!("= {title}\n"));
        if let Some(description) = &page.tutorial.front_matter.description {
            let description = literal(&one_line(description), Standing::Running);
            text.push_str(&format!(":description: {description}\n"));
        }
        text.push('\n');
        if let Some(evidence) = &page.evidence {
            text.push_str(&evidence::head(evidence, self.context.records));
        }
        text.push_str(&block::join(blocks));
        while text.ends_with("\n\n") {
            text.pop();
        }
        self.written.text = text;
        self.written
    }

    /// Returns where something stands in its source.
    fn origin(&self, offset: usize) -> Option<usize> {
        match self.original {
            Original::Expanded(expanded) => expanded.original(offset),
            Original::From(start) => Some(start + offset),
        }
    }

    /// Returns the step whose block begins at an offset.
    fn step_at(&self, offset: usize) -> Option<(usize, &'a Step)> {
        let start = self.origin(offset)?;
        let mut steps = self.context.page.tutorial.steps.iter().enumerate();
        steps
            .find(|(_, step)| Arc::ptr_eq(&step.place.source, &self.source) && step.place.span.start == start)
    }

    /// Returns a link with its text, or a picture with its words.
    fn reference(&mut self, written: &str, text: &str, image: bool) -> String {
        let target = self.context.links.target(written, image);
        match target.kind {
            TargetKind::Page { file, fragment } if !image => self.page_reference(&file, fragment, text),
            TargetKind::File { path, .. } => self.file_reference(&path, written, text, image),
            _ if image => format!("image:{}[{text}]", literal::target(written)),
            _ => format!("link:{}[{text}]", literal::target(written)),
        }
    }

    fn page_reference(&self, file: &Path, fragment: Option<String>, text: &str) -> String {
        let fragment = fragment.map(|fragment| literal::target(&fragment)).unwrap_or_default();
        let is_own = file == self.context.page.path;
        match self.context.pages.get(file) {
            Some(_) if is_own && !fragment.is_empty() => format!("xref:#{fragment}[{text}]"),
            Some(page) if fragment.is_empty() => format!("xref:{page}[{text}]"),
            Some(page) => format!("xref:{page}#{fragment}[{text}]"),
            None => text.to_owned(),
        }
    }

    fn file_reference(&mut self, path: &Path, written: &str, text: &str, image: bool) -> String {
        let Some(name) = (self.context.file)(path) else {
            let kind = if image { "image" } else { "link" };
            return format!("{kind}:{}[{text}]", literal::target(written));
        };
        let files = if image { &mut self.written.images } else { &mut self.written.attachments };
        files.insert(path.to_path_buf());
        if image { format!("image:{name}[{text}]") } else { format!("xref:attachment${name}[{text}]") }
    }
}
