//! `<!-- include: path -->` takes another page in, where it stands.

use std::path::Path;
use std::sync::Arc;

use super::comment::Comment;
use super::front_matter;
use super::model::Include;
use super::names::Anchors;
use super::page::{self, Item, Page};
use crate::diagnostic::{Finding, Place, Source, Span};

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

/// Puts the items of included pages where they are included.
pub(crate) fn expand(
    source: &Arc<Source>,
    page: Page,
    includes: &dyn Includes,
    findings: &mut Vec<Finding>,
) -> Expanded {
    let mut expander = Expander {
        includes,
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
                Item::Paragraph(_) | Item::Code(_) => {}
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
                let top = front_matter::read(&source, &mut Vec::new());
                let page = page::read(&source, top.body, self.findings);
                let body = Span::new(top.body, source.text().len());
                let (path, place) = (target.into(), place.clone());
                self.expanded.includes.push(Include { path, place, source: Arc::clone(&source), body });
                self.open.push(source);
                self.page(page);
                self.open.pop();
            }
        }
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

fn target(comment: &Comment) -> Option<&str> {
    let (text, _) = comment.trimmed();
    let target = text.strip_prefix("include:")?.trim().trim_matches(['"', '\'']);
    (!target.is_empty() && !target.contains('\n')).then_some(target)
}
