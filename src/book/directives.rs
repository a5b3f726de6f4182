//! `{{#include}}` and its kin: what mdBook fills in before a page is read as Markdown.
//!
//! The text that comes out remembers which of its bytes are the page's own, so that blocks
//! are found again where the page has them. See "mdBook-specific features" in mdBook's guide.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::diagnostic::{Finding, Place, Source, normal_path};

/// How deep includes may be nested.
const DEEPEST: usize = 10;

/// A page's text with everything filled in.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// The text.
    pub(super) text: String,
    /// A title that the page gives itself: `{{#title ...}}`.
    pub(super) title: Option<String>,
    /// Which parts of the text are the page's own: where they begin here and there, and how long they are.
    pieces: Vec<Piece>,
    /// Files that were filled in.
    pub(super) files: Vec<PathBuf>,
    /// What went wrong.
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    here: usize,
    there: usize,
    length: usize,
}

impl Expanded {
    /// Returns where a byte of this text stands in the page; `None` for what was filled in.
    pub(super) fn original(&self, offset: usize) -> Option<usize> {
        let after = self.pieces.partition_point(|piece| piece.here <= offset);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        (offset - piece.here < piece.length).then(|| piece.there + offset - piece.here)
    }

    /// Returns the nearest place of the page that is not after a byte of this text.
    pub(super) fn place(&self, source: &Arc<Source>, range: Range<usize>) -> Place {
        let start = self.original(range.start).unwrap_or_else(|| {
            let before = self.pieces.partition_point(|piece| piece.here <= range.start);
            let piece = before.checked_sub(1).map(|at| self.pieces[at]);
            piece.map_or(0, |piece| piece.there + piece.length)
        });
        let end = self.original(range.end.saturating_sub(1)).map_or(start, |end| (end + 1).max(start));
        Place::new(source, start.min(source.text().len())..end.min(source.text().len()))
    }

    fn keep(&mut self, text: &str, there: Option<usize>) {
        if let Some(there) = there
            && !text.is_empty()
        {
            self.pieces.push(Piece { here: self.text.len(), there, length: text.len() });
        }
        self.text.push_str(text);
    }
}

/// Where included files are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach<'a> {
    /// The page's file.
    pub(super) page: &'a Path,
    /// The folder that includes must not leave.
    pub(super) root: &'a Path,
}

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    // A directive, or one that is escaped; both end on their line.
    Regex::new(r"\\?\{\{#(?P<name>[a-z_]+)(?:\s+(?P<rest>[^\n}]*))?\}\}").expect("the pattern compiles")
});

/// Fills in what the text below `start` asks for.
pub(super) fn expand(source: &Arc<Source>, start: usize, reach: Reach<'_>) -> Expanded {
    let mut expanded = Expanded::default();
    let mut open = vec![reach.page.to_path_buf()];
    fill(&mut expanded, &source.text()[start..], Some((source, start)), reach, &mut open);
    expanded
}

/// Adds a text; `own` is the page that it belongs to, and where in it, unless it was included.
fn fill(
    expanded: &mut Expanded,
    text: &str,
    own: Option<(&Arc<Source>, usize)>,
    reach: Reach<'_>,
    open: &mut Vec<PathBuf>,
) {
    let mut done = 0;
    for found in DIRECTIVE.captures_iter(text) {
        let whole = found.get(0).expect("a match has a whole");
        expanded.keep(&text[done..whole.start()], own.map(|(_, start)| start + done));
        done = whole.end();
        if let Some(plain) = whole.as_str().strip_prefix('\\') {
            expanded.keep(plain, None);
            continue;
        }
        let rest = found.name("rest").map_or("", |rest| rest.as_str().trim());
        let place = own.map(|(source, start)| Place::new(source, start + whole.start()..start + whole.end()));
        match &found["name"] {
            "title" => expanded.title = Some(rest.to_owned()),
            "include" => include(expanded, rest, Kind::Plain, place, reach, open),
            "rustdoc_include" => include(expanded, rest, Kind::HideRest, place, reach, open),
            "playground" | "playpen" => playground(expanded, rest, place, reach, open),
            _ => expanded.keep(whole.as_str(), own.map(|(_, start)| start + whole.start())),
        }
    }
    expanded.keep(&text[done..], own.map(|(_, start)| start + done));
}

/// What becomes of the lines of a file that were not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They are left out.
    Plain,
    /// They are there, and hidden.
    HideRest,
}

fn include(
    expanded: &mut Expanded,
    target: &str,
    kind: Kind,
    place: Option<Place>,
    reach: Reach<'_>,
    open: &mut Vec<PathBuf>,
) {
    let (path, part) = target.split_once(':').unwrap_or((target, ""));
    match read(path, reach, open) {
        Ok((file, text)) => {
            let chosen = select(&text, part, kind);
            if chosen.is_none() {
                let message = format!("`{path}` has no part `{part}`");
                report(expanded, message, place, "an anchor is a line `ANCHOR: name` in the file");
                return;
            }
            let chosen = chosen.unwrap_or_default();
            let page = file.clone();
            open.push(file.clone());
            fill(expanded, &chosen, None, Reach { page: &page, ..reach }, open);
            open.pop();
            expanded.files.push(file);
        }
        Err(reason) => unread(expanded, path, &reason, place),
    }
}

fn playground(
    expanded: &mut Expanded,
    target: &str,
    place: Option<Place>,
    reach: Reach<'_>,
    open: &[PathBuf],
) {
    let mut words = target.split_whitespace();
    let path = words.next().unwrap_or_default();
    match read(path, reach, open) {
        Ok((file, text)) => {
            let attributes: Vec<&str> = std::iter::once("rust").chain(words).collect();
            let text = format!("```{}\n{}\n```\n", attributes.join(","), text.trim_end_matches('\n'));
            expanded.keep(&text, None);
            expanded.files.push(file);
        }
        Err(reason) => unread(expanded, path, &reason, place),
    }
}

fn unread(expanded: &mut Expanded, path: &str, reason: &str, place: Option<Place>) {
    let message = format!("`{path}` cannot be included: {reason}");
    report(expanded, message, place, "paths are relative to the page");
}

fn report(expanded: &mut Expanded, message: String, place: Option<Place>, help: &str) {
    let finding = Finding::error("missing-include", message).help(help);
    expanded.findings.push(match place {
        Some(place) => finding.at(place),
        None => finding,
    });
}

/// Reads a file that a page names; it must lie inside of the root, and not be open already.
fn read(target: &str, reach: Reach<'_>, open: &[PathBuf]) -> Result<(PathBuf, String), String> {
    let folder = reach.page.parent().unwrap_or(Path::new("."));
    let wanted = normal_path(&folder.join(target));
    let real = wanted.canonicalize().map_err(|error| crate::diagnostic::chain(&error))?;
    let root = reach.root.canonicalize().unwrap_or_else(|_| reach.root.to_path_buf());
    if !real.starts_with(&root) {
        return Err(format!("it lies outside of `{}`", reach.root.display()));
    }
    if open.iter().any(|page| page.canonicalize().is_ok_and(|page| page == real)) {
        return Err("it includes itself".to_owned());
    }
    if open.len() > DEEPEST {
        return Err(format!("includes are nested more than {DEEPEST} deep"));
    }
    let text = fs_err::read_to_string(&real).map_err(|error| error.to_string())?;
    Ok((wanted, text.replace("\r\n", "\n")))
}

/// Returns the lines that are asked for: `2`, `2:10`, `:10`, `2:`, an anchor's name, or all.
fn select(text: &str, part: &str, kind: Kind) -> Option<String> {
    if part.is_empty() {
        return Some(text.to_owned());
    }
    let lines: Vec<&str> = text.lines().collect();
    let chosen: Vec<bool> = match range(part, lines.len()) {
        Some(range) => (0..lines.len()).map(|line| range.contains(&line)).collect(),
        None => anchored(&lines, part)?,
    };
    let kept = lines.iter().zip(&chosen).filter_map(|(line, chosen)| match (chosen, kind) {
        (true, _) if is_anchor(line) => None,
        (true, _) => Some((*line).to_owned()),
        (false, Kind::HideRest) if is_anchor(line) => None,
        (false, Kind::HideRest) => Some(format!("# {line}")),
        (false, Kind::Plain) => None,
    });
    Some(kept.collect::<Vec<_>>().join("\n"))
}

/// Returns the lines of a range, counted from 0; `None` for what is no range.
fn range(part: &str, count: usize) -> Option<Range<usize>> {
    let number = |text: &str, other: usize| if text.is_empty() { Some(other) } else { text.parse().ok() };
    let (start, end) = match part.split_once(':') {
        Some((start, end)) => (number(start, 1)?, number(end, count)?),
        None => (part.parse().ok()?, part.parse().ok()?),
    };
    Some(start.saturating_sub(1).min(count)..end.min(count))
}

fn is_anchor(line: &str) -> bool {
    line.contains("ANCHOR:") || line.contains("ANCHOR_END:")
}

/// Returns which lines stand between `ANCHOR: name` and `ANCHOR_END: name`; `None` without such lines.
fn anchored(lines: &[&str], name: &str) -> Option<Vec<bool>> {
    let names = |line: &str, mark: &str| {
        let (_, rest) = line.split_once(mark)?;
        rest.split_whitespace().next().map(|word| word == name)
    };
    let (mut inside, mut found) = (false, false);
    let chosen = lines.iter().map(|line| {
        if names(line, "ANCHOR:") == Some(true) {
            (inside, found) = (true, true);
            return false;
        }
        inside &= names(line, "ANCHOR_END:") != Some(true);
        inside
    });
    let chosen = chosen.collect();
    found.then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], page: &str, expected: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs_err::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().join("page.md");
        fs_err::write(&path, page).unwrap();
        let source = Source::new("page.md", page);
        let expanded = expand(&source, 0, Reach { page: &path, root: folder.path() });
        assert_eq!(expanded.text, expected);
        expanded.findings.iter().map(|finding| finding.message.clone()).collect()
    }

    const CODE: &str = "one\n// ANCHOR: a\ntwo\nthree\n// ANCHOR_END: a\nfour\n";

    #[test]
    fn files_and_their_parts_are_filled_in() {
        let files = [("c.rs", CODE)];
        let none: Vec<String> = Vec::new();
        assert_eq!(check(&files, "a {{#include c.rs:a}} b", "a two\nthree b"), none);
        assert_eq!(check(&files, "{{#include c.rs:3:4}}", "two\nthree"), none);
        assert_eq!(check(&files, "{{#include c.rs:6:}}", "four"), none);
        assert_eq!(check(&files, "{{#include c.rs::1}}", "one"), none);
        assert_eq!(check(&files, "{{#include c.rs:1}}", "one"), none);
        assert_eq!(check(&files, "{{#rustdoc_include c.rs:a}}", "# one\ntwo\nthree\n# four"), none);
        assert_eq!(
            check(
                &files,
                "{{#playground c.rs editable}}",
                &format!("```rust,editable\n{}\n```\n", CODE.trim_end())
            ),
            none
        );
        assert_eq!(check(&files, "\\{{#include c.rs}} {{#other x}}", "{{#include c.rs}} {{#other x}}"), none);
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        assert!(check(&[], "{{#include no.md}}", "")[0].starts_with("`no.md` cannot be included"));
        assert_eq!(check(&[("c", "x")], "{{#include c:nowhere}}", ""), ["`c` has no part `nowhere`"]);
        let cycle =
            check(&[("a.md", "{{#include b.md}}"), ("b.md", "{{#include a.md}}")], "{{#include a.md}}", "");
        assert_eq!(cycle, ["`a.md` cannot be included: it includes itself"]);
        let outside = check(&[], "{{#include ../../../../../etc/hostname}}", "");
        assert!(outside[0].contains("cannot be included"), "{outside:?}");
    }

    #[test]
    fn own_bytes_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        fs_err::write(folder.path().join("x"), "XX").unwrap();
        let source = Source::new("page.md", "ab{{#include x}}cd");
        let expanded = expand(&source, 0, Reach { page: &path, root: folder.path() });
        assert_eq!(expanded.text, "abXXcd");
        let found: Vec<Option<usize>> = (0..7).map(|offset| expanded.original(offset)).collect();
        assert_eq!(found, [Some(0), Some(1), None, None, Some(16), Some(17), None]);
    }
}
