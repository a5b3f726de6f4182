//! Nearly equal files become one page, which generates them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document::Imported;
use super::lines::aligned;
use super::page::fence;
use super::template::{Column, Template, template};
use crate::diagnostic::{Finding, Place, Source, plural};
use crate::konflux::compare::{Compared, Comparison, Dimension, Pattern, compare};
use crate::tutorial::plain_value;
use crate::yaml::{read_documents, write};

/// A file that a page is to generate.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its text.
    pub source: Arc<Source>,
    /// Its path from the root of the project.
    pub path: String,
}

/// Returns whether one page should generate some files: few lines of its template are not in all of them.
pub fn nearly_equal(files: &[Member]) -> bool {
    let comparison = comparison(files);
    if !comparison.has_much_in_common() {
        return false;
    }
    let texts: Vec<&str> = files.iter().map(|file| file.source.text()).collect();
    let template = template(&aligned(&texts, &comparison.dimensions), &comparison.dimensions, &texts);
    template.conditional * 2 <= texts[0].lines().count()
}

fn comparison(files: &[Member]) -> Comparison {
    let compared = |file: &Member| Compared {
        name: file.path.clone(),
        documents: read_documents(&file.source).documents,
    };
    compare(&files.iter().map(compared).collect::<Vec<_>>())
}

/// Makes a page of nearly equal files: a table of values for each part of their names that varies, and one
/// template. The template is the text of the files themselves, so what they agree in stays as it is, comments
/// and all.
pub fn import_folder(files: &[Member]) -> Imported {
    let mut findings: Vec<Finding> =
        files.iter().flat_map(|file| read_documents(&file.source).findings).collect();
    let comparison = comparison(files);
    let texts: Vec<String> = files.iter().map(|file| text_of(&file.source, &mut findings)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let dimensions = &comparison.dimensions;
    let template = template(&aligned(&texts, dimensions), dimensions, &texts);
    findings.extend(template.rewritten.iter().map(|(file, lines)| rewritten(&files[*file], *lines)));
    let lines = texts.first().map_or(0, |text| text.lines().count());
    if template.conditional > lines {
        findings.push(much_differs(&files[0], template.conditional));
    }
    let text = page(files, &comparison, &template);
    Imported { text, objects: files.len(), findings }
}

/// Returns the text of a file as a block can hold it.
fn text_of(source: &Arc<Source>, findings: &mut Vec<Finding>) -> String {
    let text = source.text();
    let start = || Place::new(source, 0..0);
    if text.contains('\r') {
        let finding =
            Finding::warning("import-line-ends", "lines end with a carriage return, which pages do not keep");
        findings.push(finding.at(start()).help("`stagebook generate` writes the file without"));
    }
    if !text.ends_with('\n') && !text.is_empty() {
        let finding = Finding::warning("import-line-ends", "the last line has no end, and gets one");
        let end = text.len();
        findings.push(
            finding.at(Place::new(source, end..end)).help("`stagebook generate` writes the file with it"),
        );
    }
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

fn rewritten(file: &Member, lines: usize) -> Finding {
    let message = format!("{} written in another way than in the first file", are(lines));
    let finding = Finding::warning("import-rewritten", message).at(Place::new(&file.source, 0..0));
    finding.help("the values are the same; `stagebook generate` writes them as the first file has them")
}

fn are(lines: usize) -> String {
    format!("{} {}", plural(lines, "line"), if lines == 1 { "is" } else { "are" })
}

fn much_differs(first: &Member, lines: usize) -> Finding {
    let message = format!("the template has {} that only some files have", plural(lines, "line"));
    let finding = Finding::warning("import-differs", message).at(Place::new(&first.source, 0..0));
    finding.help("bring keys into one order in all files, or import fewer of them into one page")
}

fn page(files: &[Member], comparison: &Comparison, template: &Template) -> String {
    let Comparison { dimensions, .. } = comparison;
    let mut matrix = Map::new();
    for dimension in dimensions {
        matrix.insert(dimension.name.clone(), json!("table"));
    }
    let excluded = excluded(dimensions);
    if !excluded.is_empty() {
        matrix.insert("exclude".to_owned(), Value::Array(excluded));
    }
    matrix.insert("run".to_owned(), json!("once"));
    let title = title(files);
    let front = json!({ "title": title, "matrix": matrix, "tags": ["tekton"] });
    let mut page = format!("---\n{}---\n\n# {title}\n\n{}", write(&front), introduction(comparison));
    for (number, dimension) in dimensions.iter().enumerate() {
        let columns: Vec<&Column> =
            template.columns.iter().filter(|column| column.dimension == number).collect();
        page += &table(dimension, &columns);
    }
    page + &block(files, dimensions, template)
}

fn title(files: &[Member]) -> String {
    let first = &files[0].path;
    let folder = files.iter().fold(first.as_str(), |common, file| {
        let same = common.bytes().zip(file.path.bytes()).take_while(|(a, b)| a == b).count();
        &common[..(0..=same).rev().find(|at| common.is_char_boundary(*at)).unwrap_or(0)]
    });
    let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.is_empty() { "Pipeline files".to_owned() } else { format!("Pipeline files in {folder}") }
}

fn introduction(comparison: &Comparison) -> String {
    let mut text = format!(
        "This page generates {}. {} are the same in all of them.\n",
        plural(comparison.files.len(), "file"),
        plural(comparison.same.len(), "value"),
    );
    let names: Vec<&str> = comparison.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    if let Some((last, others)) = names.split_last().filter(|(_, others)| !others.is_empty()) {
        writeln!(text, "What differs is decided by {} and {last}.", others.join(", "))
            .expect("a String takes all");
    }
    text + "\n"
}

/// Returns the table with the values of a dimension and what follows from them.
fn table(dimension: &Dimension, columns: &[&Column]) -> String {
    let heads: Vec<&str> = std::iter::once(dimension.name.as_str())
        .chain(columns.iter().map(|column| column.name.as_str()))
        .collect();
    let mut text = format!("## By {}\n\n<!-- values: {} -->\n", dimension.name, dimension.name);
    text += &format!("| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
    for value in dimension.distinct() {
        let cells = columns.iter().map(|column| code(column.values.get(value).map_or("", String::as_str)));
        let cells: Vec<String> = std::iter::once(code(value)).chain(cells).collect();
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text + "\n"
}

/// Returns a value as a cell that is read as the same text.
fn code(value: &str) -> String {
    let quoted = value.is_empty()
        || ['"', '\'']
            .iter()
            .any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote));
    match quoted {
        true if value.contains('"') => format!("`'{}'`", value.replace('|', "\\|")),
        true => format!("`\"{}\"`", value.replace('|', "\\|")),
        false => format!("`{}`", value.replace('|', "\\|")),
    }
}

fn block(files: &[Member], dimensions: &[Dimension], template: &Template) -> String {
    let tags: Vec<&str> = template.tags.split(' ').collect();
    let path = Pattern::of(&files[0].path, dimensions, 0)
        .write(str::to_owned, |number| format!("{} {} {}", tags[2], dimensions[number].name, tags[3]));
    let fence = fence(&template.text);
    let newline = if template.text.ends_with('\n') { "" } else { "\n" };
    format!(
        "## The files\n\n{fence}yaml {{file=\"{path}\" template delimiters=\"{}\" generate}}\n{}{newline}{fence}\n",
        template.tags, template.text
    )
}

/// Returns the combinations of values that no file has; a part stands for all that contain it.
fn excluded(dimensions: &[Dimension]) -> Vec<Value> {
    let Some(first) = dimensions.first() else { return Vec::new() };
    let tuple = |file: usize| dimensions.iter().map(|dimension| dimension.values[file].as_str()).collect();
    let there: BTreeSet<Vec<&str>> = (0..first.values.len()).map(tuple).collect();
    let values: Vec<Vec<&str>> = dimensions.iter().map(Dimension::distinct).collect();
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for values in &values {
        all = all
            .iter()
            .flat_map(|begun| values.iter().map(|value| [begun.as_slice(), &[*value]].concat()))
            .collect();
    }
    let missing: Vec<&Vec<&str>> = all.iter().filter(|tuple| !there.contains(*tuple)).collect();
    let mut parts: Vec<BTreeMap<usize, &str>> = Vec::new();
    let fits =
        |part: &BTreeMap<usize, &str>, tuple: &[&str]| part.iter().all(|(at, value)| tuple[*at] == *value);
    for tuple in missing {
        if parts.iter().any(|part| fits(part, tuple)) {
            continue;
        }
        let sets = (1_usize..1 << dimensions.len().min(8)).map(|bits| {
            (0..dimensions.len()).filter(|at| bits >> at & 1 == 1).map(|at| (at, tuple[at])).collect()
        });
        let mut sets: Vec<BTreeMap<usize, &str>> = sets.collect();
        sets.sort_by_key(BTreeMap::len);
        let part = sets.into_iter().find(|part| !there.iter().any(|tuple| fits(part, tuple)));
        parts.extend(part);
    }
    let value = |(at, value): (usize, &str)| (dimensions[at].name.clone(), typed(value));
    parts.into_iter().map(|part| Value::Object(part.into_iter().map(value).collect())).collect()
}

/// Returns a value as front matter and tables type it.
fn typed(value: &str) -> Value {
    match plain_value(value) {
        crate::tutorial::Value::String(text) => json!(text),
        _ => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
    }
}
