//! What is wrong with a book, found while it is built.

use std::collections::BTreeMap;
use std::path::Path;

use foldhash::{HashMap, HashSet};

use super::links::{Target, TargetKind};
use super::load::is_markdown;
use crate::diagnostic::{Finding, Place, nearest};

/// A page as the checks see it.
pub(super) struct CheckedPage<'a> {
    pub(super) path: &'a Path,
    pub(super) ids: &'a [(String, Place)],
    pub(super) targets: &'a [(Target, Place)],
}

/// Returns dead links, dead anchors, missing files and images, and anchors that stand twice.
///
/// `is_written` says whether the site has a file, by its path: also one that is in no source folder.
pub(super) fn check_pages(
    pages: &[CheckedPage<'_>],
    source: &Path,
    is_written: impl Fn(&Path) -> bool,
) -> Vec<Finding> {
    let anchors: HashMap<&Path, HashSet<&str>> =
        pages.iter().map(|page| (page.path, page.ids.iter().map(|(id, _)| id.as_str()).collect())).collect();
    let mut findings = Vec::new();
    for page in pages {
        findings.extend(repeated(page.ids));
        let targets = page.targets.iter().filter(|(target, _)| !leads_to_written(target, &is_written));
        findings.extend(targets.filter_map(|(target, place)| dead(target, place, &anchors, source)));
    }
    findings
}

/// Words of Handlebars, which pages about it show.
const HANDLEBARS: &[&str] = &["if", "unless", "each", "with"];

/// Returns a warning for each name of directives that a preprocessor would have filled in, with the first place.
pub(super) fn unknown_directives<'a>(unknown: impl Iterator<Item = &'a (String, Place)>) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for (name, place) in unknown.filter(|(name, _)| !HANDLEBARS.contains(&name.as_str())) {
        places.entry(name).or_default().push(place);
    }
    let warning = |(name, places): (&str, Vec<&Place>)| {
        let count = if places.len() > 1 { format!(", in {} places", places.len()) } else { String::new() };
        let message = format!("`{{{{#{name} ...}}}}` is shown as it is written{count}");
        let finding = Finding::warning("unknown-directive", message).at(places[0].clone());
        finding.help("a preprocessor of book.toml would fill it in, and none was run")
    };
    places.into_iter().map(warning).collect()
}

fn repeated(ids: &[(String, Place)]) -> Vec<Finding> {
    let mut first: HashMap<&str, &Place> = HashMap::default();
    let mut findings = Vec::new();
    for (id, place) in ids {
        match first.get(id.as_str()) {
            None => {
                first.insert(id, place);
            }
            Some(earlier) => {
                let finding =
                    Finding::warning("duplicate-id", format!("the anchor `{id}` stands twice on its page"));
                let finding = finding.at(place.clone()).related((*earlier).clone(), "the first stands here");
                findings.push(finding.help("give one of the headings another: `## Title {#other}`"));
            }
        }
    }
    findings
}

/// Returns whether a link that leads to no page leads to another file of the site.
fn leads_to_written(target: &Target, is_written: impl Fn(&Path) -> bool) -> bool {
    match &target.kind {
        // Beside each page lies its Markdown, whose name is no reason to link to a page that was left out.
        TargetKind::File { path, .. } if !is_markdown(path) => {
            is_written(path) || is_written(&path.join("index.html"))
        }
        _ => false,
    }
}

fn dead(
    target: &Target,
    place: &Place,
    anchors: &HashMap<&Path, HashSet<&str>>,
    source: &Path,
) -> Option<Finding> {
    let finding = |code, message: String| Finding::warning(code, message).at(place.clone());
    match &target.kind {
        TargetKind::External => None,
        TargetKind::Page { file, fragment } => {
            let fragment = fragment.as_deref().filter(|fragment| !fragment.is_empty())?;
            let known = anchors.get(file.as_path())?;
            let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
            if known.contains(decoded.as_ref()) {
                return None;
            }
            let dead = finding("dead-anchor", format!("`{}` has no anchor `#{fragment}`", file.display()));
            Some(match nearest(&decoded, known.iter().copied()) {
                Some(near) => dead.help(format!("did you mean `#{near}`?")),
                None => dead,
            })
        }
        TargetKind::File { path, image } => {
            file_finding(path, *image, target, source).map(|finding| finding.at(place.clone()))
        }
    }
}

/// Returns what is wrong with a link or an image that leads to no page.
fn file_finding(path: &Path, image: bool, target: &Target, source: &Path) -> Option<Finding> {
    let (file, written) = (source.join(path), &target.written);
    let (code, what) = if image { ("missing-image", "image") } else { ("dead-link", "link") };
    if is_markdown(path) && file.is_file() {
        let finding = Finding::warning(code, format!("`{written}` is no page of this book"));
        return Some(finding.help("name it in `SUMMARY.md`, or link to where it can be read"));
    }
    if path.starts_with("..") && image {
        let finding =
            Finding::warning(code, format!("`{written}` lies outside of the book, and is not copied"));
        return Some(finding.help("move it below the folder with the pages"));
    }
    if path.starts_with("..") && !is_markdown(path) {
        // Books that stand beside each other link to each other.
        let finding = Finding::note("outside-link", format!("`{written}` leads out of the book"));
        return Some(finding.help("nothing says whether it leads anywhere"));
    }
    if file.exists() {
        return None;
    }
    let message = format!("the {what} `{written}` leads to no file of this book");
    Some(Finding::warning(code, message).help("links are relative to the page"))
}
