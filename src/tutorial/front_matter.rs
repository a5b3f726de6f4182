//! The YAML between the `---` lines at the top of a page.

mod matrix;
mod parameters;
mod requirements;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dialect::runme;
use super::model::FrontMatter;
use super::node::{Data, Entry, Node};
use super::{values, yaml};
use crate::diagnostic::{Finding, Place, Source, Span, nearest};

/// Every key of ours.
const KEYS: [&str; 11] = [
    "title", "description", "params", "matrix", "requires", "env", "secrets", "timeout", "images", "reference",
    "tags",
];

/// Keys that other programs read and that come close to ours.
const FOREIGN: [&str; 14] = [
    "date", "author", "image", "tag", "param", "draft", "slug", "nav_title", "categories", "keywords", "menu",
    "template", "page_title", "type",
];

/// A front matter and where the page's own text begins.
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) front_matter: FrontMatter,
    pub(crate) body: usize,
    /// Whether a key in it belongs to Runme.
    pub(crate) runme: bool,
}

/// Reads the top of a page.
pub(crate) fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Top {
    let text = source.text();
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut top = Top { front_matter: FrontMatter::default(), body: start, runme: false };
    if let Some(toml) = delimited(text, start, "+++", &["+++"]) {
        let finding = Finding::note("toml-front-matter", "front matter in TOML is not read");
        findings.push(finding.at(Place::new(source, start..start + 3)).help("write it in YAML between `---`"));
        top.body = toml.1;
    } else if let Some((yaml, body)) = delimited(text, start, "---", &["---", "..."]) {
        top.read_yaml(source, yaml, body, findings);
    }
    top
}

/// Returns the span between two lines of marks, and the offset after the second.
fn delimited(text: &str, start: usize, open: &str, close: &[&str]) -> Option<(Span, usize)> {
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != open {
        return None;
    }
    let inside = start + first.len();
    let mut at = inside;
    for line in lines {
        if close.contains(&line.trim_end()) {
            return Some((Span::new(inside, at), at + line.len()));
        }
        at += line.len();
    }
    None
}

impl Top {
    fn read_yaml(&mut self, source: &Arc<Source>, span: Span, body: usize, findings: &mut Vec<Finding>) {
        let text = &source.text()[span.range()];
        let node = yaml::read(source, span.start, text);
        // Between two thematic breaks at the top of a page stands text, and text is no map.
        let is_prose = text.starts_with(['\n', '\r']) && !matches!(&node, Ok(node) if node.entries().is_some());
        if is_prose {
            return;
        }
        self.body = body;
        self.front_matter.place = Some(Place::new(source, span));
        match node {
            Err(finding) => findings.push(Finding { code: "invalid-front-matter", ..*finding }),
            Ok(Node { data: Data::Map(entries), .. }) => self.read_entries(&entries, findings),
            Ok(node) if node.is_null() => {}
            Ok(node) => {
                let finding = Finding::error("invalid-front-matter", "front matter is not a map of keys");
                findings.push(finding.at(node.place).help("write it as `title: My tutorial`"));
            }
        }
    }

    fn read_entries(&mut self, entries: &[Entry], findings: &mut Vec<Finding>) {
        for entry in entries {
            self.runme |= runme::FRONT_MATTER.contains(&entry.key.as_str());
            if !KEYS.contains(&entry.key.as_str()) {
                findings.push(unknown(entry));
                continue;
            }
            self.front_matter.places.insert(entry.key.clone(), entry.value.place.clone());
            let mut reader = KeyReader { front_matter: &mut self.front_matter, findings };
            if let Err(help) = reader.read(entry) {
                findings.push(super::attributes::bad_value(entry, help));
            }
        }
    }
}

struct KeyReader<'a> {
    front_matter: &'a mut FrontMatter,
    findings: &'a mut Vec<Finding>,
}

impl KeyReader<'_> {
    fn read(&mut self, entry: &Entry) -> Result<(), &'static str> {
        let value = &entry.value;
        let page = &mut *self.front_matter;
        match entry.key.as_str() {
            "title" => page.title = text(value)?,
            "description" => page.description = text(value)?,
            "params" => page.parameters = parameters::read(value, self.findings)?,
            "matrix" => page.matrix = matrix::read(value, self.findings)?,
            "requires" => page.requires = requirements::read(value, self.findings)?,
            "env" => page.env = map(value)?,
            "secrets" => page.secrets = list(value)?,
            "timeout" => {
                let duration = value.text().and_then(values::duration);
                page.timeout = Some(duration.ok_or("write a duration as `30s`, `5m` or `1h`")?);
            }
            "images" => page.images = named(value)?,
            "reference" => page.reference = named(value)?,
            "tags" => page.tags = list(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn text(value: &Node) -> Result<Option<String>, &'static str> {
    if value.is_null() { Ok(None) } else { value.text().map(str::to_owned).map(Some).ok_or("write a text") }
}

fn map(value: &Node) -> Result<BTreeMap<String, String>, &'static str> {
    let pairs = values::variables(value).ok_or("write a map of names and texts")?;
    Ok(pairs.into_iter().collect())
}

/// Reads a map of names and images; a single image is named `image`.
fn named(value: &Node) -> Result<BTreeMap<String, String>, &'static str> {
    match value.text() {
        Some(image) => Ok(BTreeMap::from([("image".to_owned(), image.to_owned())])),
        None => map(value),
    }
}

fn list(value: &Node) -> Result<Vec<String>, &'static str> {
    let words = values::words(value).ok_or("write a list of words")?;
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

fn unknown(entry: &Entry) -> Finding {
    let message = format!("unknown key `{}`", entry.key);
    let foreign = FOREIGN.contains(&entry.key.as_str()) || runme::FRONT_MATTER.contains(&entry.key.as_str());
    let near = if foreign { None } else { nearest(&entry.key, KEYS) };
    let finding = match near {
        Some(near) => Finding::error("unknown-key", message).help(format!("did you mean `{near}`?")),
        None => Finding::note("foreign-key", message).help("another program may read it; stagebook does not"),
    };
    finding.at(entry.key_place.clone())
}

/// Returns the finding about a key inside of one of ours.
fn unknown_inside(entry: &Entry, inside: &str, keys: &[&str]) -> Finding {
    let near = nearest(&entry.key, keys.iter().copied());
    let help = near.map_or_else(
        || format!("known are {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Finding::error("unknown-key", format!("unknown key `{}` of `{inside}`", entry.key))
        .at(entry.key_place.clone())
        .help(help)
}
