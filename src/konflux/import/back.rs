//! A page becomes the objects that it was made of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::{Map, Value};

use super::page::read_fact;
use super::piece::{Kind, Mark, Reference};
use super::{prose, table};
use crate::diagnostic::{Finding, Place, Source};
use crate::tutorial::markdown_options;
use crate::yaml::{self, Data, Node};

/// What a page gives.
#[derive(Debug, Default)]
pub struct ExportedPage {
    /// The objects, in the order of the page.
    pub objects: Vec<Exported>,
    /// What is wrong with the page.
    pub findings: Vec<Finding>,
}

/// An object of a page.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The object.
    pub value: Value,
    /// The block that says what of it the rest of the page does not.
    pub place: Place,
}

/// Returns whether a page holds objects that were imported.
pub fn is_imported(source: &Arc<Source>) -> bool {
    // Most pages can be told without reading their Markdown.
    source.text().contains("tekton:") && !Contents::of(source).objects.is_empty()
}

/// Puts the objects of a page together.
pub fn export_page(source: &Arc<Source>) -> ExportedPage {
    let contents = Contents::of(source);
    let mut assembly = Assembly { contents: &contents, used: BTreeSet::new(), findings: contents.doubles() };
    let mut objects = Vec::new();
    for (block, whole) in &contents.objects {
        let text = &source.text()[block.inside.clone()];
        match yaml::read(source, block.inside.start, text) {
            Ok(node) => {
                let value = if *whole { node.to_json() } else { assembly.value(&node) };
                objects.push(Exported { value, place: Place::new(source, block.range.clone()) });
            }
            Err(finding) => assembly.findings.push(*finding),
        }
    }
    assembly.say_unused();
    ExportedPage { objects, findings: assembly.findings }
}

/// A code block.
#[derive(Debug, Clone)]
struct Block {
    /// Its bytes, fences included.
    range: Range<usize>,
    /// The bytes between the fences.
    inside: Range<usize>,
    text: String,
}

/// A piece of the page.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    place: Place,
    /// Whether a comment says that it is one; a block with a name may be a step of the page's own.
    marked: bool,
}

/// What a page is made of, as far as objects are concerned.
struct Contents {
    /// The objects, and whether they are whole.
    objects: Vec<(Block, bool)>,
    pieces: BTreeMap<(Kind, String), Piece>,
    doubles: Vec<(Kind, String, Place)>,
}

impl Contents {
    fn of(source: &Arc<Source>) -> Self {
        let walked = walk(source.text());
        let mut contents = Self { objects: Vec::new(), pieces: BTreeMap::new(), doubles: Vec::new() };
        for (number, item) in walked.iter().enumerate() {
            let next = walked.get(number + 1);
            match item {
                Item::Mark(Mark::Object { whole }, _) => {
                    if let Some(Item::Block(block, _)) = next {
                        contents.objects.push((block.clone(), *whole));
                    }
                }
                Item::Mark(Mark::Piece(Kind::Block, name), _) => {
                    if let Some(Item::Block(block, _)) = next {
                        contents.add(source, Kind::Block, name, block.range.clone(), block.text.clone());
                    }
                }
                Item::Mark(Mark::Piece(Kind::Text, name), range) => {
                    let end = walked[number..].iter().find_map(|item| match item {
                        Item::Mark(Mark::End, end) => Some(end.start),
                        _ => None,
                    });
                    let inside = range.end..end.unwrap_or(range.end);
                    contents.add(
                        source,
                        Kind::Text,
                        name,
                        inside.clone(),
                        prose::read(&source.text()[inside]),
                    );
                }
                Item::Mark(Mark::Piece(kind, name), range) => {
                    let rows = rows_after(source.text(), range.end);
                    contents.add(source, *kind, name, rows.clone(), source.text()[rows].to_owned());
                }
                Item::Block(block, Some(name)) => {
                    let place = Place::new(source, block.range.clone());
                    // Its comment may have named it already.
                    if !contents.has(&place) {
                        contents.add_piece(
                            Kind::Block,
                            name,
                            Piece { text: block.text.clone(), place, marked: false },
                        );
                    }
                }
                Item::Mark(Mark::End, _) | Item::Block(_, None) => {}
            }
        }
        contents
    }

    fn add(&mut self, source: &Arc<Source>, kind: Kind, name: &str, range: Range<usize>, text: String) {
        self.add_piece(kind, name, Piece { text, place: Place::new(source, range), marked: true });
    }

    fn add_piece(&mut self, kind: Kind, name: &str, piece: Piece) {
        let place = piece.place.clone();
        if self.pieces.insert((kind, name.to_owned()), piece).is_some() {
            self.doubles.push((kind, name.to_owned(), place));
        }
    }

    fn has(&self, place: &Place) -> bool {
        self.pieces.values().any(|piece| piece.place.span == place.span)
    }

    fn doubles(&self) -> Vec<Finding> {
        let finding = |(kind, name, place): &(Kind, String, Place)| {
            let message = format!("two {} are named `{name}`", plural_of(*kind));
            Finding::error("export-double", message)
                .at(first_line(place))
                .help("give one of them another name")
        };
        self.doubles.iter().map(finding).collect()
    }
}

fn plural_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "texts",
        Kind::Table | Kind::Field => "tables",
        Kind::Block => "blocks",
    }
}

fn first_line(place: &Place) -> Place {
    let text = place.text();
    let lead = text.len() - text.trim_start().len();
    let start = place.span.start + lead;
    let length = text[lead..].lines().next().map_or(0, str::len);
    Place::new(&place.source, start..start + length)
}

/// Something on a page that concerns objects.
enum Item {
    Mark(Mark, Range<usize>),
    /// A block, and the name in its attributes.
    Block(Block, Option<String>),
}

fn walk(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut open: Option<(Block, Option<String>)> = None;
    for (event, range) in Parser::new_ext(text, markdown_options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let name = match &kind {
                    CodeBlockKind::Fenced(info) => name_in(info),
                    CodeBlockKind::Indented => None,
                };
                let inside = range.end..range.end;
                open = Some((Block { range, inside, text: String::new() }, name));
            }
            Event::Text(piece) => {
                if let Some((block, _)) = &mut open {
                    if block.text.is_empty() {
                        block.inside.start = range.start;
                    }
                    block.inside.end = range.end;
                    block.text.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((mut block, name)) = open.take() {
                    block.text = block.text.replace("\r\n", "\n");
                    items.push(Item::Block(block, name));
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                if let Some(mark) = Mark::read(&html) {
                    items.push(Item::Mark(mark, range));
                }
            }
            _ => {}
        }
    }
    items
}

/// Returns the `name` in the words after a fence.
fn name_in(info: &str) -> Option<String> {
    let (_, braces) = info.split_once('{')?;
    let short = || {
        Some(
            braces
                .split([' ', ',', '}'])
                .find_map(|word| word.strip_prefix("name="))?
                .trim_matches(['"', '\'']),
        )
    };
    let json = || {
        let value: Value = serde_json::from_str(&format!("{{{braces}")).ok()?;
        value.get("name")?.as_str().map(str::to_owned)
    };
    short().map(str::to_owned).or_else(json)
}

/// Returns the bytes of the table that begins after an offset.
fn rows_after(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    let lead = rest.len() - rest.trim_start().len();
    let mut end = start + lead;
    for line in text[start + lead..].split_inclusive('\n') {
        if !line.trim_start().starts_with('|') {
            break;
        }
        end += line.len();
    }
    start + lead..end
}

/// Puts pieces where objects refer to them.
struct Assembly<'a> {
    contents: &'a Contents,
    used: BTreeSet<(Kind, String)>,
    findings: Vec<Finding>,
}

impl Assembly<'_> {
    fn value(&mut self, node: &Node) -> Value {
        match &node.data {
            Data::List(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Data::Map(entries) => {
                if let Some(value) = self.reference(node) {
                    return value;
                }
                let entries = entries.iter().map(|entry| (entry.key.clone(), self.value(&entry.value)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            Data::Null | Data::Scalar { .. } => node.to_json(),
        }
    }

    /// Returns what a reference stands for; nothing where the node is none.
    fn reference(&mut self, node: &Node) -> Option<Value> {
        let first = &node.entries()?.first()?.key;
        if !first.starts_with('$') {
            return None;
        }
        let json = node.to_json();
        let reference = Reference::read(json.as_object()?)?;
        Some(self.piece(&reference, node).unwrap_or(Value::Null))
    }

    fn piece(&mut self, reference: &Reference, node: &Node) -> Option<Value> {
        let (name, label) = match reference.kind {
            Kind::Field => reference.name.rsplit_once('.').unwrap_or((&reference.name, "")),
            _ => (reference.name.as_str(), ""),
        };
        let key = (reference.kind, name.to_owned());
        let Some(piece) = self.contents.pieces.get(&key) else {
            self.findings.push(missing(reference, name, node, self.contents));
            return None;
        };
        self.used.insert(key);
        match reference.kind {
            Kind::Text => Some(Value::String(format!("{}{}", piece.text, reference.end()))),
            Kind::Block => {
                let text = piece.text.strip_suffix('\n').unwrap_or(&piece.text);
                Some(Value::String(format!("{text}{}", reference.end())))
            }
            Kind::Table => match table::read(&piece.text) {
                Ok(rows) => Some(Value::Array(rows)),
                Err((line, why)) => {
                    self.findings.push(bad_row(piece, line, &why));
                    None
                }
            },
            Kind::Field => {
                let cell = table::read_facts(&piece.text).into_iter().find(|(known, _)| known == label);
                let value = cell.and_then(|(_, cell)| read_fact(label, &cell));
                if value.is_none() {
                    self.findings.push(bad_fact(piece, label));
                }
                value
            }
        }
    }

    /// Says which pieces no object refers to: what stands on the page is not what it gives.
    fn say_unused(&mut self) {
        for ((kind, name), piece) in &self.contents.pieces {
            let used = self.used.contains(&(*kind, name.clone()));
            if used || !piece.marked || self.contents.objects.is_empty() {
                continue;
            }
            let message = format!("no object refers to `{name}`");
            let finding = Finding::warning("export-unused", message).at(first_line(&piece.place));
            let help = format!("write `{}: {name}` where the object should have it", kind.key());
            self.findings.push(finding.help(help));
        }
    }
}

fn missing(reference: &Reference, name: &str, node: &Node, contents: &Contents) -> Finding {
    let names =
        contents.pieces.keys().filter(|(kind, _)| *kind == reference.kind).map(|(_, name)| name.as_str());
    let near = crate::diagnostic::nearest(name, names);
    let (what, help) = match reference.kind {
        Kind::Block => ("block", format!("give the block its name: `{{name={name}}}`")),
        kind => ("part", format!("put `{}` before it", Mark::Piece(kind, name.to_owned()).write())),
    };
    let message = format!("no {what} of the page is named `{name}`");
    let help = near.map_or(help, |near| format!("did you mean `{near}`?"));
    Finding::error("export-missing", message).at(node.place.clone()).help(help)
}

fn bad_row(piece: &Piece, line: usize, why: &str) -> Finding {
    let before: usize = piece.text.split_inclusive('\n').take(line).map(str::len).sum();
    let length = piece.text[before..].lines().next().map_or(0, str::len);
    let start = piece.place.span.start + before;
    let place = Place::new(&piece.place.source, start..start + length);
    Finding::error("export-table", why.to_owned())
        .at(place)
        .help("a row is `| cell | cell |`, a value stands in backticks")
}

fn bad_fact(piece: &Piece, label: &str) -> Finding {
    let message = format!("the table has no `{label}` that can be read");
    let finding = Finding::error("export-fact", message).at(first_line(&piece.place));
    finding.help(format!("write a row `| {label} | `value` |`, or put the value into the YAML"))
}
