//! Evidence for a book that mdBook builds: its preprocessor protocol, as a function of text.
//!
//! mdBook writes `[context, book]` as JSON and reads the book back. What it calls the chapters,
//! `sections` until 0.4 and `items` since 0.5, goes back as it came, with every field that is not
//! known here: only the content of chapters that are tutorials is changed. See "Preprocessors" in
//! mdBook's guide.
//!
//! ```text
//! request -> tutorials and records, from the files of the chapters
//!         -> chapter: where the steps stand in the content -> edits
//!         -> card or plain: what is said there
//! ```
//!
//! Nothing is run here. What is inserted is read as Markdown again, and other preprocessors may
//! look at it: no character of what a process printed means anything to either.

mod card;
mod chapter;
mod plain;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::load::{LoadOptions, Page, read_page};
use super::navigation::Chapter;
use super::settings::BookSettings;
use super::shape::Shown;
use crate::diagnostic::{Finding, nearest, normal_path};
use crate::parallel;

/// Keys of `[preprocessor.stagebook]` that mean something, to mdBook or here.
const KEYS: &[&str] =
    &["command", "renderers", "renderer", "before", "after", "optional", "require", "style"];

/// What mdBook asks for.
#[derive(Debug)]
pub struct Request {
    /// The folder of `book.toml`.
    pub root: PathBuf,
    /// Whether every tutorial must show *verified*: `require = "verified"`.
    pub require_verified: bool,
    /// What is wrong with the settings.
    pub findings: Vec<Finding>,
    source: PathBuf,
    form: Form,
    style: bool,
    book: Value,
}

/// The book with its evidence.
#[derive(Debug)]
pub struct Answer {
    /// The book, as JSON.
    pub json: String,
    /// What is wrong with its tutorials.
    pub findings: Vec<Finding>,
    /// The files of the tutorials, as messages name them, with what each shows.
    pub tutorials: Vec<(PathBuf, Shown)>,
}

/// Why a request could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is no JSON.
    #[error("standard input is not what mdBook writes")]
    Json(#[source] serde_json::Error),
    /// It is JSON of another form.
    #[error("standard input is JSON, but not what mdBook writes: {0}")]
    Form(&'static str),
}

/// What a renderer can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Markdown,
    Nothing,
}

impl Form {
    fn of(renderer: &str) -> Self {
        match renderer {
            "html" => Self::Html,
            // They read the links of the pages, and name lines.
            "linkcheck" | "linkcheck2" => Self::Nothing,
            _ => Self::Markdown,
        }
    }
}

/// Returns whether a renderer is given any evidence.
pub fn supports_renderer(renderer: &str) -> bool {
    Form::of(renderer) != Form::Nothing
}

/// Reads what mdBook writes.
pub fn parse_request(text: &str) -> Result<Request, RequestError> {
    let request: Value = serde_json::from_str(text).map_err(RequestError::Json)?;
    let Value::Array(parts) = request else { return Err(RequestError::Form("it is no list")) };
    let Ok([context, book]) = <[Value; 2]>::try_from(parts) else {
        return Err(RequestError::Form("it is no list of a context and a book"));
    };
    let root = context["root"].as_str().ok_or(RequestError::Form("the context has no `root`"))?;
    let renderer = context["renderer"].as_str().ok_or(RequestError::Form("the context has no `renderer`"))?;
    if chapters_key(&book).is_none() {
        return Err(RequestError::Form("the book has neither `items` nor `sections`"));
    }
    let config = &context["config"];
    let own = &config["preprocessor"]["stagebook"];
    Ok(Request {
        root: PathBuf::from(root),
        require_verified: own["require"] == "verified",
        findings: unknown_settings(own),
        source: PathBuf::from(config["book"]["src"].as_str().unwrap_or("src")),
        form: Form::of(renderer),
        style: own["style"].as_bool().unwrap_or(true),
        book,
    })
}

/// Returns what the list of chapters is called: `items` since mdBook 0.5, `sections` before.
fn chapters_key(book: &Value) -> Option<&'static str> {
    ["items", "sections"].into_iter().find(|key| book[*key].is_array())
}

fn unknown_settings(own: &Value) -> Vec<Finding> {
    let finding = |message: String| Finding::warning("preprocessor-setting", message);
    let keys = own.as_object().into_iter().flat_map(Map::keys);
    let unknown = keys.filter(|key| !KEYS.contains(&key.as_str())).map(|key| {
        let found = finding(format!("`preprocessor.stagebook.{key}` of book.toml is not known"));
        match nearest(key, KEYS.iter().copied()) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found,
        }
    });
    let mut findings: Vec<Finding> = unknown.collect();
    if let Some(require) = own.get("require").filter(|value| **value != "verified") {
        let message = format!("`preprocessor.stagebook.require` of book.toml is {require}");
        findings.push(finding(message).help("the only value is \"verified\""));
    }
    findings
}

impl Request {
    /// Adds the evidence.
    pub fn answer(mut self, options: &LoadOptions<'_>) -> Answer {
        let mut findings = std::mem::take(&mut self.findings);
        let source = normal_path(&self.root.join(&self.source));
        let mut paths = BTreeSet::new();
        each_chapter(&mut self.book, &mut |chapter| paths.extend(source_path(chapter)));
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let read = parallel::map(&paths, |path| read(path, &source, options));
        let mut pages: BTreeMap<PathBuf, Page> = BTreeMap::new();
        for (path, (page, found)) in paths.into_iter().zip(read) {
            findings.extend(found);
            pages.extend(page.map(|page| (path, page)));
        }
        let mut changed = BTreeSet::new();
        let (form, style) = (self.form, self.style);
        each_chapter(&mut self.book, &mut |chapter| {
            let Some(page) = source_path(chapter).and_then(|path| pages.get(&path)) else { return };
            let Some(content) = chapter.get("content").and_then(Value::as_str) else { return };
            let before = findings.len();
            let content = chapter::with_evidence(content, page, form, style, options, &mut findings);
            if findings.len() > before {
                changed.insert(page.shown_path());
            }
            chapter.insert("content".to_owned(), content.into());
        });
        // A page that shows something else than what was run is not what its record is about.
        let shown = |page: &Page| {
            let (path, shown) = (page.shown_path(), page.evidence.as_ref()?.shown());
            let shown = if changed.contains(&path) { shown.min(Shown::Stale) } else { shown };
            Some((path, shown))
        };
        let tutorials = pages.values().filter_map(shown).collect();
        let json = serde_json::to_string(&self.book).expect("what was JSON is JSON");
        Answer { json, findings, tutorials }
    }
}

/// Calls a function for each chapter, parents before their children.
fn each_chapter(book: &mut Value, act: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Some(key) = chapters_key(book) else { return };
    each_of(&mut book[key], act);
}

fn each_of(items: &mut Value, act: &mut dyn FnMut(&mut Map<String, Value>)) {
    let chapters = items.as_array_mut().into_iter().flatten();
    for chapter in chapters.filter_map(|item| item.get_mut("Chapter")?.as_object_mut()) {
        act(chapter);
        if let Some(below) = chapter.get_mut("sub_items") {
            each_of(below, act);
        }
    }
}

/// Returns the file of a chapter, relative to the book's source folder; `None` for drafts and what was made up.
fn source_path(chapter: &Map<String, Value>) -> Option<PathBuf> {
    // Before 0.4.6 there was only the path.
    let path = chapter.get("source_path").or_else(|| chapter.get("path"))?;
    Some(normal_path(Path::new(path.as_str()?)))
}

/// Reads the page of a chapter. One that is not there is mdBook's to name.
fn read(path: &Path, source: &Path, options: &LoadOptions<'_>) -> (Option<Page>, Vec<Finding>) {
    if !source.join(path).is_file() {
        return (None, Vec::new());
    }
    let chapter = Chapter {
        title: String::new(),
        path: Some(path.to_path_buf()),
        number: None,
        children: Vec::new(),
        place: None,
    };
    read_page(&chapter, source, &BookSettings::default(), options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = parse_request(text).expect_err("it is no request");
        assert_eq!(crate::diagnostic::chain(&error), expected);
    }

    #[test]
    fn what_mdbook_would_not_write_is_named() {
        check("hello", "standard input is not what mdBook writes: expected value at line 1 column 1");
        check("{}", "standard input is JSON, but not what mdBook writes: it is no list");
        check(
            "[1]",
            "standard input is JSON, but not what mdBook writes: it is no list of a context and a book",
        );
        check(
            r#"[{"root": "/b", "renderer": "html"}, {}]"#,
            "standard input is JSON, but not what mdBook writes: the book has neither `items` nor `sections`",
        );
    }

    #[test]
    fn settings_that_mean_nothing_are_named() {
        let request = r#"[{"root": "/b", "renderer": "html", "config": {"preprocessor": {"stagebook": {"requires": "verified", "require": "all"}}}}, {"items": []}]"#;
        let request = parse_request(request).unwrap();
        let messages: Vec<&str> = request.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`preprocessor.stagebook.requires` of book.toml is not known",
                "`preprocessor.stagebook.require` of book.toml is \"all\""
            ]
        );
        assert!(!request.require_verified);
    }
}
