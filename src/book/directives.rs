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
    /// Directives that nobody here knows, by their names: they stand as they were written.
    pub(super) unknown: Vec<(String, Place)>,
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
    // What is escaped ends with its line; a directive need not.
    Regex::new(r"\\\{\{#.*\}\}|\{\{\s*#(?P<name>[a-zA-Z0-9_]+)\s+(?P<rest>[^}]+)\}\}")
        .expect("the pattern compiles")
});

/// Fills in what the text below `start` asks for.
pub(super) fn expand(source: &Arc<Source>, start: usize, reach: Reach<'_>) -> Expanded {
    let open = vec![reach.page.to_path_buf()];
    let mut filler = Filler { root: reach.root, open, expanded: Expanded::default() };
    let filled = filler.fill(&source.text()[start..], Origin::Page { source, start });
    Expanded { text: filled.text, pieces: filled.pieces, ..filler.expanded }
}

/// Where a text comes from.
#[derive(Clone, Copy)]
enum Origin<'a> {
    /// It is the page, from a byte on.
    Page { source: &'a Arc<Source>, start: usize },
    /// It is included by a directive of the page.
    Included(&'a Place),
}

/// A text with everything filled in.
#[derive(Default)]
struct Filled {
    text: String,
    pieces: Vec<Piece>,
}

impl Filled {
    fn keep(&mut self, text: &str, origin: Origin<'_>, at: usize) {
        if let Origin::Page { start, .. } = origin
            && !text.is_empty()
        {
            self.pieces.push(Piece { here: self.text.len(), there: start + at, length: text.len() });
        }
        self.text.push_str(text);
    }

    /// Adds lines. The indentation and the marks of quotes before the first stand before each: so they stay
    /// in the list or quote that the directive stands in.
    fn add_lines(&mut self, lines: &str) {
        let before = self.text.rsplit('\n').next().unwrap_or_default();
        let is_around = before.chars().all(|letter| letter.is_whitespace() || letter == '>');
        let prefix = if is_around { before.to_owned() } else { String::new() };
        for (number, line) in lines.split('\n').enumerate() {
            if number > 0 {
                self.text.push('\n');
                self.text.push_str(&prefix);
            }
            self.text.push_str(line);
        }
    }
}

/// What becomes of the lines of a file that were not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They are left out.
    Plain,
    /// They are there, and hidden.
    HideRest,
}

struct Filler<'a> {
    root: &'a Path,
    /// The files that are being read, the page first.
    open: Vec<PathBuf>,
    /// What is known beside the text.
    expanded: Expanded,
}

impl Filler<'_> {
    fn fill(&mut self, text: &str, origin: Origin<'_>) -> Filled {
        let mut filled = Filled::default();
        let mut done = 0;
        for found in DIRECTIVE.captures_iter(text) {
            let whole = found.get(0).expect("a match has a whole");
            filled.keep(&text[done..whole.start()], origin, done);
            done = whole.end();
            let place = match origin {
                Origin::Page { source, start } => {
                    Place::new(source, start + whole.start()..start + whole.end())
                }
                Origin::Included(place) => place.clone(),
            };
            let rest = found.name("rest").map_or("", |rest| rest.as_str());
            let lines = match found.name("name").map(|name| name.as_str()) {
                None => Some(whole.as_str()[1..].to_owned()),
                Some("title") => {
                    self.expanded.title = Some(rest.trim().to_owned());
                    continue;
                }
                Some("include") => self.include(rest, Kind::Plain, &place),
                Some("rustdoc_include") => self.include(rest, Kind::HideRest, &place),
                Some("playground" | "playpen") => self.playground(rest, &place),
                Some(name) => {
                    self.expanded.unknown.push((name.to_owned(), place));
                    None
                }
            };
            match lines {
                Some(lines) => filled.add_lines(&lines),
                // What cannot be filled in stands as it was written.
                None => filled.keep(whole.as_str(), origin, whole.start()),
            }
        }
        filled.keep(&text[done..], origin, done);
        filled
    }

    fn include(&mut self, rest: &str, kind: Kind, place: &Place) -> Option<String> {
        let target = rest.split_whitespace().next().unwrap_or_default();
        let (path, part) = target.split_once(':').unwrap_or((target, ""));
        let (file, text) = self.read(path, place)?;
        let Some(chosen) = select(&text, part, kind) else {
            // mdBook builds such a book, with nothing in this place.
            let finding = Finding::warning("missing-include", format!("`{path}` has no part `{part}`"));
            let finding = finding.help("an anchor is a line `ANCHOR: name` in the file");
            self.expanded.findings.push(finding.at(place.clone()));
            return Some(String::new());
        };
        self.open.push(file.clone());
        let filled = self.fill(&chosen, Origin::Included(place));
        self.open.pop();
        self.expanded.files.push(file);
        Some(filled.text)
    }

    fn playground(&mut self, rest: &str, place: &Place) -> Option<String> {
        let mut words = rest.split_whitespace();
        let (file, text) = self.read(words.next().unwrap_or_default(), place)?;
        let attributes: Vec<&str> = std::iter::once("rust").chain(words).collect();
        self.expanded.files.push(file);
        Some(format!("```{}\n{}\n```\n", attributes.join(","), text.trim_end_matches('\n')))
    }

    fn read(&mut self, target: &str, place: &Place) -> Option<(PathBuf, String)> {
        match self.file(target) {
            Ok(read) => Some(read),
            Err((reason, help)) => {
                let message = format!("`{target}` cannot be included: {reason}");
                let finding = Finding::error("missing-include", message).help(help);
                self.expanded.findings.push(finding.at(place.clone()));
                None
            }
        }
    }

    /// Reads a file that the innermost one names; it must lie inside of the root, and not be open already.
    ///
    /// Returns what is wrong otherwise, and what to do.
    fn file(&self, target: &str) -> Result<(PathBuf, String), (String, &'static str)> {
        let folder = self.open.last().and_then(|page| page.parent()).unwrap_or(Path::new("."));
        let wanted = normal_path(&folder.join(target));
        let real = wanted.canonicalize().map_err(|error| {
            (crate::diagnostic::chain(&error), "paths are relative to the file with the directive")
        })?;
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.to_path_buf());
        if !real.starts_with(&root) {
            let reason = format!("it lies outside of `{}`", self.root.display());
            return Err((reason, "a book includes files of its own project alone"));
        }
        if self.open.iter().any(|page| page.canonicalize().is_ok_and(|page| page == real)) {
            return Err(("it includes itself".to_owned(), "take one of the directives out"));
        }
        if self.open.len() > DEEPEST {
            let reason = format!("includes are nested more than {DEEPEST} deep");
            return Err((reason, "include the innermost file itself"));
        }
        let text = fs_err::read_to_string(&real)
            .map_err(|error| (crate::diagnostic::chain(&error), "what is included is text in UTF-8"))?;
        Ok((wanted, text.replace("\r\n", "\n")))
    }
}

/// Returns the lines that are asked for: `2`, `2:10`, `:10`, `2:`, an anchor's name, or all.
fn select(text: &str, part: &str, kind: Kind) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let kept: Vec<String> = match range(part, lines.len()) {
        Some(range) => {
            let lines = lines.iter().enumerate();
            lines.filter_map(|(number, line)| shown(line, range.contains(&number), kind)).collect()
        }
        None => {
            let lines = anchored(&lines, part, kind)?;
            lines.into_iter().filter_map(|(line, chosen)| shown(line, chosen, kind)).collect()
        }
    };
    Some(kept.join("\n"))
}

fn shown(line: &str, chosen: bool, kind: Kind) -> Option<String> {
    match (chosen, kind) {
        (true, _) => Some(line.to_owned()),
        (false, Kind::HideRest) => Some(format!("# {line}")),
        (false, Kind::Plain) => None,
    }
}

/// Returns the lines of a range, counted from 0; `None` for an anchor's name.
fn range(part: &str, count: usize) -> Option<Range<usize>> {
    let mut parts = part.split(':');
    let first = parts.next().unwrap_or_default();
    let start = match first.parse::<usize>() {
        Ok(number) => Some(number.saturating_sub(1)),
        Err(_) if first.is_empty() => None,
        Err(_) => return None,
    };
    let end = match (parts.next().map(str::parse::<usize>), start) {
        (Some(Ok(end)), _) => end,
        (None, Some(start)) => start + 1,
        (Some(Err(_)) | None, _) => count,
    };
    Some(start.unwrap_or_default().min(count)..end.min(count))
}

static ANCHOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"ANCHOR(?P<end>_END)?:\s*(?P<name>[\w-]+)").expect("the pattern compiles"));

/// Returns the lines that mark no anchor, and whether they stand between `ANCHOR: name` and `ANCHOR_END: name`.
///
/// A name that stands twice means its first stretch, unless the rest is hidden. `None` without such lines.
fn anchored<'t>(lines: &[&'t str], name: &str, kind: Kind) -> Option<Vec<(&'t str, bool)>> {
    let (mut inside, mut found, mut done) = (false, false, false);
    let mut kept = Vec::new();
    for line in lines {
        let Some(mark) = ANCHOR.captures(line) else {
            kept.push((*line, inside));
            continue;
        };
        if &mark["name"] == name && mark.name("end").is_none() && !done {
            (inside, found) = (true, true);
        } else if &mark["name"] == name && mark.name("end").is_some() && inside {
            (inside, done) = (false, kind == Kind::Plain);
        }
    }
    found.then_some(kept)
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
        assert_eq!(check(&files, "{{#include c.rs:a}} b", "two\nthree b"), none);
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
        assert_eq!(
            check(&files, "\\{{#include c.rs}}\n{{#other x}}", "{{#include c.rs}}\n{{#other x}}"),
            none
        );
        assert_eq!(check(&files, "{{ #include\nc.rs:3 more words }}", "two"), none);
        assert_eq!(check(&files, "{{#include c.rs:1:2}}", "one\n// ANCHOR: a"), none);
        assert_eq!(check(&files, "{{#include c.rs:6:x}}|{{#include c.rs:9}}", "four|"), none);
    }

    #[test]
    fn lines_stay_in_lists_and_quotes() {
        let files = [("two", "a\nb\n"), ("nested", "x\n> {{#include two}}\n")];
        let none: Vec<String> = Vec::new();
        assert_eq!(check(&files, "- 1\n    {{#include two}}\n", "- 1\n    a\n    b\n"), none);
        assert_eq!(check(&files, "> {{#include nested}}", "> x\n> > a\n> > b"), none);
        assert_eq!(check(&files, "words {{#include two}} words", "words a\nb words"), none);
    }

    #[test]
    fn anchors_end_where_they_end() {
        let text =
            "/* ANCHOR: a */\n1\n/* ANCHOR: b*/\n2\n// ANCHOR_END: a\n3\n// ANCHOR: a\n4\n// ANCHOR_END: a\n";
        let files = [("c", text)];
        assert_eq!(check(&files, "{{#include c:a}}", "1\n2"), Vec::<String>::new());
        assert_eq!(check(&files, "{{#include c:b}}", "2\n3\n4"), Vec::<String>::new());
        assert_eq!(check(&files, "{{#rustdoc_include c:a}}", "1\n2\n# 3\n4"), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        assert!(
            check(&[], "{{#include no.md}}", "{{#include no.md}}")[0]
                .starts_with("`no.md` cannot be included")
        );
        assert_eq!(check(&[("c", "x")], "{{#include c:nowhere}}", ""), ["`c` has no part `nowhere`"]);
        let cycle = check(
            &[("a.md", "{{#include b.md}}"), ("b.md", "{{#include a.md}}")],
            "{{#include a.md}}",
            "{{#include a.md}}",
        );
        assert_eq!(cycle, ["`a.md` cannot be included: it includes itself"]);
        let outside = check(&[], "{{#include /etc/passwd}}", "{{#include /etc/passwd}}");
        assert!(outside[0].contains("it lies outside of"), "{outside:?}");
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
