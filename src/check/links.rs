//! Links that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::{CheckOptions, Subject};
use crate::diagnostic::{Finding, Place, Source, nearest};
use crate::tutorial::{self, Link, Tutorial};

/// The anchors of pages, each page read once.
pub(super) struct Links<'a> {
    options: &'a CheckOptions<'a>,
    root: PathBuf,
    pages: BTreeMap<PathBuf, Option<Anchors>>,
}

impl<'a> Links<'a> {
    /// Takes the anchors of the pages that are read already.
    pub(super) fn new(subjects: &[Subject], options: &'a CheckOptions<'a>) -> Self {
        let page = |subject: &Subject| (absolute(&subject.path), Some(Anchors::of(&subject.tutorial)));
        Self { options, root: absolute(options.root), pages: subjects.iter().map(page).collect() }
    }

    /// Finds the dead links of a page.
    pub(super) fn check(&mut self, subject: &Subject) -> Vec<Finding> {
        let links = subject.tutorial.links.iter().filter(|link| is_local(link));
        links.filter_map(|link| self.check_link(subject, link)).collect()
    }

    fn check_link(&mut self, subject: &Subject, link: &Link) -> Option<Finding> {
        let (path, anchor) = link.target.split_once('#').unwrap_or((&link.target, ""));
        let page = subject.file_of(&link.place.source)?;
        if path.is_empty() {
            return self.check_anchor(link, &absolute(&subject.path), anchor);
        }
        let Some(wanted) = self.wanted(&page, path) else {
            return Some(leaves_project(link, path));
        };
        match existing(&wanted) {
            Some(found) => self.check_anchor(link, &found, anchor),
            // Sites and forges do not agree on what a leading `/` is.
            None if path.starts_with('/') => None,
            None => Some(dead_link(link, path, &wanted)),
        }
    }

    /// Returns the file that a path means, or `None` outside of the project.
    fn wanted(&self, page: &Path, path: &str) -> Option<PathBuf> {
        let folder = page.parent().unwrap_or(Path::new(""));
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let decoded =
            decoded.strip_prefix("~/").map(|rest| format!("/{rest}")).unwrap_or(decoded.into_owned());
        let wanted = match decoded.strip_prefix('/') {
            Some(rest) => self.root.join(rest.trim_start_matches('/')),
            None => folder.join(decoded),
        };
        Some(absolute(&wanted)).filter(|wanted| wanted.starts_with(&self.root))
    }

    fn check_anchor(&mut self, link: &Link, page: &Path, anchor: &str) -> Option<Finding> {
        let anchor = percent_decode_str(anchor).decode_utf8_lossy();
        // `#tab/` chooses a tab on Microsoft's sites, `:~:` a text in the browser.
        let is_for_others = anchor.starts_with("tab/") || anchor.starts_with(":~:");
        if anchor.is_empty() || anchor == "top" || is_for_others || !is_markdown(page) {
            return None;
        }
        self.anchors(page)?.check(link, anchor.trim_start_matches("user-content-"))
    }

    fn anchors(&mut self, page: &Path) -> Option<&Anchors> {
        let options = self.options;
        let anchors = self.pages.entry(page.to_path_buf()).or_insert_with(|| {
            let (tutorial, _) = tutorial::load(page, page, options.parse).ok()?;
            Some(Anchors::of(&tutorial))
        });
        anchors.as_ref()
    }
}

/// What a page can be entered at.
struct Anchors(BTreeSet<String>);

impl Anchors {
    fn of(tutorial: &Tutorial) -> Self {
        let mut anchors: BTreeSet<String> =
            tutorial.headings.iter().map(|heading| heading.anchor.clone()).collect();
        anchors.extend(html_anchors(&tutorial.source));
        for include in &tutorial.includes {
            anchors.extend(html_anchors(&include.source));
        }
        Self(anchors)
    }

    /// An anchor that differs in punctuation or case is right for some renderers, and is a warning.
    fn check(&self, link: &Link, anchor: &str) -> Option<Finding> {
        if self.0.contains(anchor) {
            return None;
        }
        let same = |other: &&String| letters(other) == letters(anchor);
        let finding = match self.0.iter().find(same) {
            Some(other) => {
                let message = format!("link to `#{anchor}` depends on how the page is rendered");
                Finding::warning("inexact-anchor", message).help(format!("write `#{other}`"))
            }
            None => {
                let near = nearest(anchor, self.0.iter().map(String::as_str));
                Finding::error("dead-anchor", format!("there is no heading or anchor `#{anchor}`"))
                    .maybe_help(near.map(|near| format!("did you mean `#{near}`?")))
            }
        };
        Some(finding.at(target_place(link)))
    }
}

fn leaves_project(link: &Link, path: &str) -> Finding {
    let finding = Finding::warning("link-leaves-project", format!("link to `{path}` leaves the project"));
    finding.at(target_place(link)).help("whoever has only the project cannot follow it: link to its address")
}

fn dead_link(link: &Link, path: &str, wanted: &Path) -> Finding {
    let what = if link.image { "image" } else { "file" };
    let finding = Finding::error("dead-link", format!("{what} `{path}` does not exist"));
    let near = near_file(wanted).map(|near| format!("did you mean `{near}`?"));
    finding.at(target_place(link)).maybe_help(near)
}

/// Returns the name beside a missing file that was probably meant.
fn near_file(wanted: &Path) -> Option<String> {
    let name = wanted.file_name()?.to_string_lossy();
    let entries = fs_err::read_dir(wanted.parent()?).ok()?.flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    nearest(&name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Returns the file or folder that a link leads to.
///
/// A renderer may serve `a.md` as `a.html` or as `a`, and ignore what follows a `?`.
fn existing(wanted: &Path) -> Option<PathBuf> {
    let text = wanted.to_string_lossy();
    let plain = text.split_once('?').map(|(path, _)| PathBuf::from(path));
    let plain = plain.as_deref().unwrap_or(wanted);
    let page = match plain.extension() {
        Some(extension) if extension == "html" => Some(plain.with_extension("md")),
        None => Some(plain.with_extension("md")),
        Some(_) => None,
    };
    let mut candidates = [wanted, plain].into_iter().chain(page.as_deref());
    candidates.find(|path| path.exists()).map(Path::to_path_buf)
}

/// Returns whether a link names a file of the project, as far as its text tells.
fn is_local(link: &Link) -> bool {
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| compiled(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)"));
    let target = &link.target;
    // An address between `<` and `>` is always of the web, and braces are some template's.
    let is_elsewhere = SCHEME.is_match(target) || link.place.text().starts_with('<') && !link.image;
    let is_template = ["{{", "{%", "${", "@site/"].iter().any(|mark| target.contains(mark));
    !target.is_empty() && !is_elsewhere && !is_template
}

/// Returns the part of a link that is its target.
fn target_place(link: &Link) -> Place {
    let Place { source, span } = &link.place;
    match link.place.text().rfind(&link.target) {
        Some(at) => Place::new(source, span.start + at..span.start + at + link.target.len()),
        None => link.place.clone(),
    }
}

/// Finds the ids of HTML elements, and those that attribute lists give.
fn html_anchors(source: &Source) -> Vec<String> {
    static TAG: LazyLock<Regex> = LazyLock::new(|| compiled(r"<[A-Za-z][^<>]*>|\{:?[^{}\n]*\}"));
    static ID: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r#"\s(?:id|name)\s*=\s*(?:"([^"]+)"|'([^']+)'|([^"'\s>]+))|[{\s]#([\w.:-]+)"#)
    });
    let ids = TAG.find_iter(source.text()).flat_map(|tag| ID.captures_iter(tag.as_str()));
    ids.filter_map(|found| found.iter().skip(1).flatten().next().map(|id| id.as_str().to_owned())).collect()
}

fn letters(anchor: &str) -> String {
    anchor.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md" || extension == "markdown")
}

/// Returns a path from the root of the disk, without `.` and `..`. Symbolic links stay.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression is fixed and tested")
}
