//! A page while it is written.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cell;
use super::language::Language;
use super::piece::{Kind, Mark, Reference};
use super::prose;
use super::table::{self, Column};

/// The longest value that a table of facts shows.
const LONGEST_FACT: usize = 400;

/// The text of a page, and the names that are taken on it.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
    names: BTreeSet<String>,
}

/// A fact: what it is called, and what it is.
pub(super) struct Fact<'a> {
    pub(super) label: &'static str,
    pub(super) value: &'a mut Value,
}

impl Page {
    /// Returns a name that no other piece has.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        let slug: String = wanted
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
            .collect();
        let slug = if slug.trim_matches('-').is_empty() { "piece".to_owned() } else { slug };
        let mut name = slug.clone();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{slug}-{number}");
            number += 1;
        }
        name
    }

    /// Writes a heading.
    pub(super) fn heading(&mut self, level: usize, title: &str) {
        let marks = "#".repeat(level.min(6));
        let title: String =
            title.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.part(&format!("{marks} {}", prose::write(title.trim()).unwrap_or(title)));
    }

    /// Writes something that stands by itself.
    pub(super) fn part(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text.trim_end_matches('\n'));
        self.text.push('\n');
    }

    /// Moves a description out of an object: as text where it can be, else as a block.
    pub(super) fn prose(&mut self, value: &mut Value, wanted: &str) {
        let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) else { return };
        let Some(written) = prose::write(text) else {
            self.block(value, wanted, Language { word: "text", runs: false }, "");
            return;
        };
        let name = self.name(wanted);
        let end = text[text.trim_end_matches('\n').len()..].to_owned();
        self.part(&Mark::Piece(Kind::Text, name.clone()).write());
        self.part(&written);
        self.part(&Mark::End.write());
        *value = Reference::with_end(Kind::Text, &name, &end);
    }

    /// Moves a list out of an object, below a heading.
    pub(super) fn table(
        &mut self,
        value: &mut Value,
        wanted: &str,
        heading: (usize, &str),
        columns: &[Column],
    ) {
        let Some(written) = table::write(value, columns) else { return };
        let name = self.name(wanted);
        let (level, title) = heading;
        match level {
            0 => self.part(title),
            _ => self.heading(level, title),
        }
        self.part(&Mark::Piece(Kind::Table, name.clone()).write());
        self.part(&written);
        *value = Reference::to(Kind::Table, &name);
    }

    /// Moves facts out of an object.
    pub(super) fn facts(&mut self, facts: Vec<Fact<'_>>, wanted: &str) {
        let written: Vec<_> = facts
            .into_iter()
            .filter_map(|fact| write_fact(fact.label, fact.value).map(|cell| (fact, cell)))
            .collect();
        if written.is_empty() {
            return;
        }
        let name = self.name(wanted);
        let rows: Vec<(String, String)> =
            written.iter().map(|(fact, cell)| (fact.label.to_owned(), cell.clone())).collect();
        self.part(&Mark::Piece(Kind::Field, name.clone()).write());
        self.part(&table::write_facts(&rows));
        for (fact, _) in written {
            *fact.value = Reference::to(Kind::Field, &format!("{name}.{}", fact.label));
        }
    }

    /// Moves a text of several lines out of an object. One that runs here has its name as attribute; before any
    /// other stands a comment with it. Returns whether it was moved.
    pub(super) fn block(
        &mut self,
        value: &mut Value,
        wanted: &str,
        language: Language,
        attributes: &str,
    ) -> bool {
        let Some(text) = value.as_str().filter(|text| can_be_block(text)) else { return false };
        let name = self.name(wanted);
        let end = if text.ends_with('\n') { "\n" } else { "" };
        let fence = fence(text);
        let info = match language.runs {
            true => format!("{} {{name={name}{attributes}}}", language.word),
            false => {
                self.part(&Mark::Piece(Kind::Block, name.clone()).write());
                language.word.to_owned()
            }
        };
        let newline = if end.is_empty() { "\n" } else { "" };
        let block = format!("{fence}{info}\n{text}{newline}{fence}");
        if language.runs {
            self.part(&block)
        } else {
            self.text += &format!("{block}\n")
        }
        *value = Reference::with_end(Kind::Block, &name, end);
        true
    }
}

/// Returns the cell of a fact, if it is short and reading it gives the same.
fn write_fact(label: &str, value: &Value) -> Option<String> {
    if value.is_null() || matches!(value, Value::String(text) if text.contains('\n')) {
        return None;
    }
    let cell = match label {
        "runAfter" => cell::write_list(value.as_array().filter(|items| !items.is_empty())?),
        "when" => cell::write_when(value)?,
        "bundle" | "image" => with_link(value),
        _ => cell::write(value),
    };
    let fits = cell.len() <= LONGEST_FACT && !cell.contains("\\n");
    (fits && read_fact(label, &cell).as_ref() == Some(value)).then_some(cell)
}

/// Reads the cell of a fact.
pub(super) fn read_fact(label: &str, cell: &str) -> Option<Value> {
    match label {
        "runAfter" => cell::read_list(cell).map(Value::Array),
        "when" => cell::read_when(cell),
        _ => cell::read(cell),
    }
}

/// Returns an image with a link to where its registry shows it.
fn with_link(value: &Value) -> String {
    let code = cell::write(value);
    let path = value.as_str().and_then(|text| text.strip_prefix("quay.io/"));
    let Some(path) = path else { return code };
    let end = path.find(['@', ':']).unwrap_or(path.len());
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "/-_.".contains(letter);
    match path[..end].chars().all(is_path) {
        true => format!("[{code}](https://quay.io/repository/{})", &path[..end]),
        false => code,
    }
}

/// Returns whether a code block keeps a text.
fn can_be_block(text: &str) -> bool {
    !text.trim().is_empty()
        && !text.contains(|letter: char| letter.is_control() && letter != '\n' && letter != '\t')
        && !text.contains('\u{feff}')
}

/// Returns a fence that a text cannot close.
pub(super) fn fence(text: &str) -> String {
    let run = |line: &str| line.trim_start().bytes().take_while(|byte| *byte == b'`').count();
    let longest = text.lines().map(run).max().unwrap_or_default();
    "`".repeat((longest + 1).max(3))
}
