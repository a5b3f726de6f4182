//! The table of contents beside each page.
//!
//! A page of a small book has all of it. Of a big one it has the part that the page stands in; the
//! others are folded, with a link to their first page, and are filled in by `assets/nav.js` when a
//! reader opens one. Without a script that first page, which has its part open, and the page of all
//! pages lead everywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use foldhash::HashMap;

use super::escape::escaped;
use super::links::encoded;
use super::navigation::{Chapter, Item, Navigation};
use super::script::script_value;
use super::settings::BookSettings;
use super::shape::Shown;

/// Most entries of a table of contents that every page has as a whole.
const WHOLE: usize = 200;
/// Most chapters side by side that are shown at once in a big book.
const RUN: usize = 100;

/// The table of contents, ready for any page.
#[derive(Debug)]
pub(super) struct Contents {
    sections: Vec<Section>,
    /// The number of each page's entry, by its file.
    numbers: HashMap<PathBuf, usize>,
    /// Entries in all.
    count: usize,
    /// The page of all pages, which pages link to that have only a part.
    all: String,
    /// How many levels are open of a book whose author wants it folded.
    fold_level: Option<usize>,
}

/// What stands between two titles or lines.
#[derive(Debug)]
struct Section {
    /// The part's title, as text.
    title: Option<String>,
    ruled: bool,
    entries: Vec<Entry>,
    /// How it begins where it is folded, as HTML.
    folded: String,
}

/// A chapter, as HTML.
#[derive(Debug)]
struct Entry {
    title: String,
    label: String,
    /// Its page from the site's root, as it stands in an attribute; `None` for a draft.
    href: Option<String>,
    children: Vec<Entry>,
    /// What stands for its children where they are folded, as HTML.
    folded: String,
    /// Its own number and those of everything below it.
    numbers: Range<usize>,
}

impl Contents {
    /// Takes a table of contents and what its tutorials show.
    pub(super) fn new(
        navigation: &Navigation,
        states: &BTreeMap<PathBuf, Shown>,
        settings: &BookSettings,
        all: &str,
    ) -> Self {
        let (numbered, fold_level) = (!settings.no_section_label, settings.fold_level);
        let (sections, numbers) = (Vec::new(), HashMap::default());
        let mut contents = Self { sections, numbers, count: 0, all: escaped(all), fold_level };
        let empty = |title, ruled| Section { title, ruled, entries: Vec::new(), folded: String::new() };
        for item in &navigation.items {
            match item {
                Item::Part(title) => contents.sections.push(empty(Some(title.clone()), false)),
                Item::Separator => contents.sections.push(empty(None, true)),
                Item::Chapter(chapter) => {
                    let entry = contents.entry(chapter, states, numbered);
                    if contents.sections.is_empty() {
                        contents.sections.push(empty(None, false));
                    }
                    contents.sections.last_mut().expect("one was added above").entries.push(entry);
                }
            }
        }
        for section in &mut contents.sections {
            section.folded = folded_run(section.title.as_deref().unwrap_or_default(), &section.entries);
        }
        contents
    }

    fn entry(&mut self, chapter: &Chapter, states: &BTreeMap<PathBuf, Shown>, numbered: bool) -> Entry {
        let start = self.count;
        self.count += 1;
        let number = chapter.shown_number().filter(|_| numbered);
        let number =
            number.map(|number| format!("<span class=\"number\">{number}</span> ")).unwrap_or_default();
        let state = chapter.path.as_ref().and_then(|path| states.get(path));
        let state = state.map(|state| state.icon_with_name()).unwrap_or_default();
        if let Some(path) = &chapter.path {
            self.numbers.entry(path.clone()).or_insert(start);
        }
        let children: Vec<Entry> =
            chapter.children.iter().map(|child| self.entry(child, states, numbered)).collect();
        Entry {
            folded: folded_children(&chapter.title, start + 1, children.len()),
            label: format!("{number}<span>{}</span>{state}", escaped(&chapter.title)),
            title: chapter.title.clone(),
            href: chapter.output().map(|output| escaped(&encoded(&output))),
            children,
            numbers: start..self.count,
        }
    }

    /// Returns whether pages have only a part of it.
    pub(super) fn is_big(&self) -> bool {
        self.count > WHOLE
    }

    /// Returns the title of the part that a page stands in.
    pub(super) fn part_of(&self, path: &Path) -> Option<&str> {
        let number = *self.numbers.get(path)?;
        let at = self.sections.iter().position(|section| section.holds(number))?;
        // A line between chapters ends no part.
        self.sections[..=at].iter().rev().find_map(|section| section.title.as_deref())
    }

    /// Returns the table of contents for one page; `root` is the way from it to the site's root.
    pub(super) fn page(&self, current: Option<&Path>, root: &str) -> String {
        let current = current.and_then(|path| self.numbers.get(path)).copied();
        let (open_levels, html) = (self.fold_level.unwrap_or(usize::MAX), String::new());
        let mut html = self.html(Writer { current, root, folds: self.is_big(), open_levels, level: 0, html });
        if self.is_big() {
            let _ = writeln!(html, "<p class=\"all\"><a href=\"{root}{}\">All pages</a></p>", self.all);
        }
        html
    }

    /// Returns all of it, as it stands in a page at the site's root.
    pub(super) fn whole(&self) -> String {
        let (open_levels, html) = (usize::MAX, String::new());
        self.html(Writer { current: None, root: "", folds: false, open_levels, level: 0, html })
    }

    /// Returns the script with what pages leave out.
    pub(super) fn script(&self) -> String {
        format!("stagebookNav({})\n", script_value(&self.whole()))
    }

    fn html(&self, mut writer: Writer<'_>) -> String {
        for section in &self.sections {
            writer.section(section);
        }
        writer.html
    }
}

/// The page with all of a big table of contents, where no page of the book has the name.
pub(super) const ALL: &str = "contents.html";

impl Section {
    fn holds(&self, number: usize) -> bool {
        self.entries.iter().any(|entry| entry.numbers.contains(&number))
    }
}

impl Entry {
    fn first_page(&self) -> Option<&Self> {
        let below = || self.children.iter().find_map(Self::first_page);
        if self.href.is_some() { Some(self) } else { below() }
    }

    fn is_near(&self, current: Option<usize>) -> bool {
        current.is_some_and(|current| self.numbers.contains(&current))
    }
}

struct Writer<'a> {
    current: Option<usize>,
    root: &'a str,
    /// Whether what is far from the current page is folded.
    folds: bool,
    /// Levels whose chapters show what is below them.
    open_levels: usize,
    /// How many chapters the one that is being written is below.
    level: usize,
    html: String,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section) {
        if section.ruled {
            self.html.push_str("<hr>\n");
        }
        let near = section.entries.iter().any(|entry| entry.is_near(self.current));
        match &section.title {
            Some(_) if self.folds && !near && section.entries.len() > 1 => {
                self.folded(&section.folded, &section.entries);
                return;
            }
            Some(title) => {
                let _ = writeln!(self.html, "<p class=\"part\">{}</p>", escaped(title));
            }
            None => {}
        }
        if !section.entries.is_empty() {
            self.list(&section.entries);
        }
    }

    fn list(&mut self, entries: &[Entry]) {
        if self.folds && entries.len() > 2 * RUN {
            return entries.chunks(RUN).for_each(|run| self.run(run));
        }
        self.html.push_str("<ol>\n");
        entries.iter().for_each(|entry| self.entry(entry));
        self.html.push_str("</ol>\n");
    }

    /// Writes some of too many chapters.
    fn run(&mut self, run: &[Entry]) {
        if let ([first, .., last], false) = (run, run.iter().any(|entry| entry.is_near(self.current))) {
            return self.folded(&folded_run(&format!("{} – {}", first.title, last.title), run), run);
        }
        self.html.push_str("<ol>\n");
        run.iter().for_each(|entry| self.entry(entry));
        self.html.push_str("</ol>\n");
    }

    /// Writes chapters that are filled in when they are opened: until then, only the first page is there.
    fn folded(&mut self, beginning: &str, entries: &[Entry]) {
        self.html.push_str(beginning);
        if let Some(first) = entries.iter().find_map(Entry::first_page) {
            self.html.push_str("<li>");
            self.link(first);
            self.html.push_str("</li>");
        }
        self.html.push_str("</ol></details>\n");
    }

    fn entry(&mut self, entry: &Entry) {
        // Entries have no marks: the script counts list items, which stand in the order of the numbers.
        self.html.push_str("<li>");
        self.link(entry);
        if !entry.children.is_empty() {
            self.html.push('\n');
            self.children(entry);
        }
        self.html.push_str("</li>\n");
    }

    fn children(&mut self, entry: &Entry) {
        // The page itself has its branch open, so that without a script its link is enough.
        let is_near = entry.is_near(self.current);
        if self.folds && !is_near {
            self.html.push_str(&entry.folded);
            return;
        }
        let is_folded = !is_near && self.level >= self.open_levels;
        if is_folded {
            self.below(entry);
        }
        self.level += 1;
        self.list(&entry.children);
        self.level -= 1;
        if is_folded {
            self.html.push_str("</details>\n");
        }
    }

    /// Begins what folds the chapters below one away, where they are.
    fn below(&mut self, entry: &Entry) {
        let _ = write!(
            self.html,
            "<details class=\"below\"><summary>{} below<span class=\"hidden-text\"> {}</span></summary>",
            entry.children.len(),
            escaped(&entry.title)
        );
    }

    fn link(&mut self, entry: &Entry) {
        let Some(href) = &entry.href else {
            let _ = write!(self.html, "<span class=\"draft\">{}</span>", entry.label);
            return;
        };
        let current = if self.current == Some(entry.numbers.start) { " aria-current=\"page\"" } else { "" };
        // A page of a big book has hundreds of these.
        for piece in ["<a href=\"", self.root, href, "\"", current, ">", &entry.label, "</a>"] {
            self.html.push_str(piece);
        }
    }
}

/// Returns how chapters side by side begin that are folded.
fn folded_run(title: &str, entries: &[Entry]) -> String {
    let start = entries.first().map_or(0, |entry| entry.numbers.start);
    let count = entries.len();
    format!("<details data-entries=\"{start}+{count}\"><summary>{}</summary><ol>", escaped(title))
}

/// Returns what stands for the folded children of a chapter, of which the first has a number.
fn folded_children(title: &str, start: usize, count: usize) -> String {
    format!(
        "<details class=\"below needs-script\" data-entries=\"{start}+{count}\"><summary>{count} below<span class=\"hidden-text\"> {}</span></summary><ol></ol></details>\n",
        escaped(title)
    )
}
