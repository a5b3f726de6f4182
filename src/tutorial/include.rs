//! `<!-- include: path -->` takes another page in, where it stands.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::comment::Comment;
use super::front_matter;
use super::model::Include;
use super::names::Anchors;
use super::page::{self, Item, Page};
use crate::diagnostic::{Finding, Place, Severity, Source, Span};

/// Most pages that one tutorial takes in, so that pages which include each other twice end.
const MOST: usize = 500;

/// Finds the pages that others include.
pub trait Includes {
    /// Returns the page that `target` means in the page `from`, or why there is none.
    ///
    /// # Errors
    /// The reason, as a fragment that follows "cannot include `target`: ".
    fn read(&self, from: &Path, target: &str) -> Result<Arc<Source>, String>;
}

/// A page with all that it includes.
#[derive(Debug, Default)]
pub(crate) struct Expanded {
    pub(crate) page: Page,
    pub(crate) includes: Vec<Include>,
    /// The comments that include pages, those too whose page cannot be read.
    pub(crate) comments: Vec<Place>,
}

/// Puts the items of included pages where they are included. `keys` are those of the front matter.
pub(crate) fn expand(
    source: &Arc<Source>,
    keys: &BTreeMap<String, Place>,
    page: Page,
    includes: &dyn Includes,
    findings: &mut Vec<Finding>,
) -> Expanded {
    let mut expander = Expander {
        includes,
        keys,
        findings,
        open: vec![Arc::clone(source)],
        anchors: Anchors::default(),
        expanded: Expanded::default(),
    };
    expander.page(page);
    expander.expanded
}

struct Expander<'a> {
    includes: &'a dyn Includes,
    /// Keys of the front matter of the page that includes all others.
    keys: &'a BTreeMap<String, Place>,
    findings: &'a mut Vec<Finding>,
    /// The pages that are being included, outermost first.
    open: Vec<Arc<Source>>,
    /// Anchors of all pages together: they become one.
    anchors: Anchors,
    expanded: Expanded,
}

impl Expander<'_> {
    fn page(&mut self, page: Page) {
        self.expanded.page.links.extend(page.links);
        for mut item in page.items {
            match &mut item {
                Item::Comment(comment) => {
                    if let Some(target) = target(comment) {
                        self.include(target, &comment.place);
                        continue;
                    }
                }
                Item::Heading(heading, id) => heading.anchor = self.anchors.add(&heading.text, id.take()),
                Item::Paragraph(_) | Item::Code(_) | Item::Table(_) => {}
            }
            self.expanded.page.items.push(item);
        }
    }

    fn include(&mut self, target: &str, place: &Place) {
        self.expanded.comments.push(place.clone());
        match self.read(target, place) {
            Err(reason) => {
                let finding = Finding::error("bad-include", format!("cannot include `{target}`: {reason}"));
                self.findings.push(finding.at(place.clone()));
            }
            Ok(source) => {
                let (page, body) = self.read_page(&source);
                let (path, place) = (target.into(), place.clone());
                self.expanded.includes.push(Include { path, place, source: Arc::clone(&source), body });
                self.open.push(source);
                self.page(page);
                self.open.pop();
            }
        }
    }

    /// Reads a page, and where its text begins and ends. What is wrong with it is said once, however often it is included.
    fn read_page(&mut self, source: &Arc<Source>) -> (Page, Span) {
        let mut findings = Vec::new();
        let top = front_matter::read(source, &mut findings);
        // A key of another program is that page's own matter.
        findings.retain(|finding| finding.severity > Severity::Note);
        let unread = top.front_matter.places.iter().filter(|(key, _)| self.is_missed(key));
        findings.extend(unread.map(|(key, place)| ignored_key(key, place)));
        let page = page::read(source, top.body, &mut findings);
        let again = self.expanded.includes.iter().any(|include| include.source.path() == source.path());
        self.findings.extend(findings.into_iter().filter(|_| !again));
        (page, Span::new(top.body, source.text().len()))
    }

    /// Returns whether steps miss a key of their page that the including page does not have either.
    fn is_missed(&self, key: &str) -> bool {
        !matches!(key, "title" | "description" | "tags") && !self.keys.contains_key(key)
    }

    fn read(&self, target: &str, place: &Place) -> Result<Arc<Source>, String> {
        if self.expanded.includes.len() >= MOST {
            return Err(format!("more than {MOST} pages are included"));
        }
        let source = self.includes.read(place.source.path(), target)?;
        let names = |source: &Arc<Source>| source.path().display().to_string();
        match self.open.iter().position(|open| open.path() == source.path()) {
            None => Ok(source),
            Some(first) => {
                let cycle: Vec<String> = self.open[first..].iter().chain([&source]).map(names).collect();
                Err(format!("pages include each other: {}", cycle.join(" -> ")))
            }
        }
    }
}

fn ignored_key(key: &str, place: &Place) -> Finding {
    Finding::warning("ignored-key", format!("`{key}` of an included page is not read"))
        .at(place.clone())
        .help("write it in the front matter of the page that includes this one")
}

fn target(comment: &Comment) -> Option<&str> {
    let (text, _) = comment.trimmed();
    let target = text.strip_prefix("include:")?.trim().trim_matches(['"', '\'']);
    (!target.is_empty() && !target.contains('\n')).then_some(target)
}
