//! Nearly equal files become one page, which generates them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::lines::aligned;
use super::page::fence;
use super::proof::{Proof, prove};
use super::template::{Column, Template, template};
use crate::config::Settings;
use crate::diagnostic::{Finding, Place, Source, plural};
use crate::konflux::compare::{Compared, Comparison, Dimension, Pattern, compare};
use crate::tutorial::plain_value;
use crate::yaml::{Node, write};

/// How many combinations of values a page may have for each of its files, before it lists the files instead.
const MOST_COMBINATIONS: usize = 4;

/// How many lines of `exclude` a page has at most, but for one for every second file.
const MOST_EXCLUDED: usize = 16;

/// A file that a page is to generate.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its text.
    pub source: Arc<Source>,
    /// Its path from the root of the project.
    pub path: String,
    /// Its documents.
    pub documents: Vec<Node>,
}

/// A page that generates files.
#[derive(Debug)]
pub struct ImportedFolder {
    /// The page.
    pub text: String,
    /// What the page does not keep, and what is worth knowing.
    pub findings: Vec<Finding>,
    /// How many of the files it writes byte for byte.
    pub exact: usize,
    /// Whether it writes files that mean the same: a page that does not is not to be used.
    pub holds: bool,
}

/// Makes a page of files: a table of values for each part of their names that varies, and one template. The
/// template is the text of the files themselves, so what they agree in stays as it is, comments and all.
///
/// The page is read, planned and rendered as `generate` does it: a finding says of each file whether it is
/// written as it is. Gives nothing where files are not nearly equal, unless it is to be done `anyway`.
///
/// The page does not own `others`, the paths of files that are not to become a part of it: else the next thing that is
/// said of them is that `generate --prune` removes them.
pub fn import_folder(
    files: &[Member],
    others: &[String],
    settings: &Settings,
    anyway: bool,
) -> Option<ImportedFolder> {
    let compared = |file: &Member| Compared { name: file.path.clone(), documents: file.documents.clone() };
    let comparison = compare(&files.iter().map(compared).collect::<Vec<_>>());
    if !anyway && !comparison.has_much_in_common() {
        return None;
    }
    let mut findings = Vec::new();
    let texts: Vec<String> = files.iter().map(|file| text_of(&file.source, &mut findings)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let drafts = Drafts { files, others, comparison: &comparison, texts: &texts };
    let first = drafts.of_parts(false);
    let lines = texts.first().map_or(0, |text| text.lines().count());
    if !anyway && first.template.conditional * 2 > lines {
        return None;
    }
    let (draft, text, proof) = drafts.proven(first, settings);
    if draft.template.conditional > lines {
        findings.push(much_differs(&files[0], draft.template.conditional));
    }
    findings.extend(proof.findings);
    findings.extend(
        owned_by_name(files, others, &draft.dimensions).map(|path| owns_itself_alone(path, &files[0])),
    );
    let kept = |file: &usize| texts[*file] == files[*file].source.text();
    let exact = proof.exact.iter().filter(|file| kept(file)).count();
    Some(ImportedFolder { text, findings, exact, holds: proof.holds })
}

/// A page before it is written.
struct Draft {
    dimensions: Vec<Dimension>,
    template: Template,
}

/// What drafts are made of.
struct Drafts<'a> {
    files: &'a [Member],
    others: &'a [String],
    comparison: &'a Comparison,
    texts: &'a [&'a str],
}

impl Drafts<'_> {
    /// Returns a draft in which what the names are made of decides what varies, if that is short; else one with a
    /// row for each file, where a column says anything.
    fn of_parts(&self, exact: bool) -> Draft {
        let dimensions = &self.comparison.dimensions;
        if !are_too_many(dimensions) {
            let draft = self.of(dimensions.clone(), exact);
            if draft.template.complete {
                return draft;
            }
        }
        self.of_files(exact)
    }

    fn of_files(&self, exact: bool) -> Draft {
        self.of(vec![Dimension::whole(&self.comparison.files)], exact)
    }

    fn of(&self, dimensions: Vec<Dimension>, exact: bool) -> Draft {
        let aligned = aligned(self.texts, &dimensions);
        let paths = (self.texts, self.comparison.files.as_slice());
        let template = template(&aligned, &dimensions, paths, exact);
        Draft { dimensions, template }
    }

    /// Returns the first draft that gives the files back, with its page; where none does, the one that was begun with.
    fn proven(&self, first: Draft, settings: &Settings) -> (Draft, String, Proof) {
        let proven = |draft: Draft| {
            let text = page(self, &draft);
            let proof = prove(&text, self.files, self.texts, settings);
            (draft, text, proof)
        };
        let first = proven(first);
        if first.2.holds {
            return first;
        }
        // A line in a script looks like YAML, and means another thing with other quotes; a part of a name may not
        // be one where it stands.
        let others = [|all: &Self| all.of_parts(true), |all: &Self| all.of_files(true)];
        let other = others.into_iter().map(|other| proven(other(self))).find(|other| other.2.holds);
        other.unwrap_or(first)
    }
}

/// Returns whether dimensions have so many combinations without a file that nobody wants to read them.
fn are_too_many(dimensions: &[Dimension]) -> bool {
    let files = dimensions.first().map_or(0, |dimension| dimension.values.len());
    let most = files * MOST_COMBINATIONS + MOST_EXCLUDED;
    let product = dimensions.iter().try_fold(1_usize, |product, dimension| {
        product.checked_mul(dimension.distinct().len()).filter(|product| *product <= most)
    });
    product.is_none() || excluded(dimensions).len() > files / 2 + MOST_EXCLUDED
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
    if text.starts_with('\u{feff}') {
        let finding = Finding::warning(
            "import-byte-order",
            "the file begins with a byte order mark, which pages do not keep",
        );
        findings.push(finding.at(start()).help("`stagebook generate` writes the file without"));
    }
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

fn much_differs(first: &Member, lines: usize) -> Finding {
    let message = format!("the template has {} that only some files have", plural(lines, "line"));
    let finding = Finding::warning("import-differs", message).at(Place::new(&first.source, 0..0));
    finding.help("bring keys into one order in all files, or import fewer of them into one page")
}

/// Returns the first of other files that is called as if a page wrote it.
fn owned_by_name<'a>(files: &[Member], others: &'a [String], dimensions: &[Dimension]) -> Option<&'a str> {
    let glob = Pattern::of(&files[0].path, dimensions, 0).write(str::to_owned, |_| "*".to_owned());
    let owned = crate::generate::Pattern::parse(&glob)?;
    others.iter().map(String::as_str).find(|path| owned.fits(path))
}

fn owns_itself_alone(path: &str, first: &Member) -> Finding {
    let message = format!("`{path}` is called like a file of the page, and is none");
    let help = "so the page owns no file by its name, and `stagebook generate` does not say which are no longer produced; `generate` of its block can name them";
    Finding::warning("import-owned", message).at(Place::new(&first.source, 0..0)).help(help)
}

fn page(drafts: &Drafts<'_>, draft: &Draft) -> String {
    let (files, comparison) = (drafts.files, drafts.comparison);
    let Draft { dimensions, template } = draft;
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
    let mut page =
        format!("---\n{}---\n\n# {title}\n\n{}", write(&front), introduction(comparison, dimensions));
    for (number, dimension) in dimensions.iter().enumerate() {
        let columns: Vec<&Column> =
            template.columns.iter().filter(|column| column.dimension == number).collect();
        page += &table(dimension, &columns);
    }
    page + &block(drafts, dimensions, template)
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

fn introduction(comparison: &Comparison, dimensions: &[Dimension]) -> String {
    let mut text = format!(
        "This page generates {}. {} are the same in all of them.\n",
        plural(comparison.files.len(), "file"),
        plural(comparison.same.len(), "value"),
    );
    let names: Vec<&str> = dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
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
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let is_quoted = |quote: &char| inside(*quote).is_some_and(|inside| !inside.contains(*quote));
    let text = match value.is_empty() || ['"', '\''].iter().any(is_quoted) {
        true if value.contains('"') => format!("'{value}'"),
        true => format!("\"{value}\""),
        false => value.to_owned(),
    };
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let marks = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{blank}{}{blank}{marks}", text.replace('|', "\\|"))
}

fn block(drafts: &Drafts<'_>, dimensions: &[Dimension], template: &Template) -> String {
    let files = drafts.files;
    let tags: Vec<&str> = template.tags.split(' ').collect();
    let path = Pattern::of(&files[0].path, dimensions, 0)
        .write(str::to_owned, |number| format!("{} {} {}", tags[2], dimensions[number].name, tags[3]));
    let fence = fence(&template.text);
    let is_ambiguous = owned_by_name(files, drafts.others, dimensions).is_some();
    let owns = if is_ambiguous { files[0].path.as_str() } else { "true" };
    let attributes = attributes(&path, template.tags, owns);
    format!("## The files\n\n{fence}yaml {attributes}\n{}{fence}\n", template.text)
}

/// Returns the attributes of the block; a path with quotes and other marks in it needs JSON.
fn attributes(path: &str, tags: &str, owns: &str) -> String {
    let is_odd = |path: &str| path.contains(['"', '`', '\\', '}']) || path.contains(": ");
    if is_odd(path) || is_odd(owns) {
        let all = json!({ "file": path, "template": "true", "delimiters": tags, "generate": owns });
        return all.to_string().replace('`', "\\u0060");
    }
    let generate = if owns == "true" { "generate".to_owned() } else { format!("generate=\"{owns}\"") };
    format!("{{file=\"{path}\" template delimiters=\"{tags}\" {generate}}}")
}

/// Returns the combinations of values that no file has; a part stands for all that contain it.
fn excluded(dimensions: &[Dimension]) -> Vec<Value> {
    let Some(first) = dimensions.first() else { return Vec::new() };
    let parts = subsets(dimensions.len().min(8));
    let part = |tuple: &[&'_ str], part: &[usize]| part.iter().map(|at| tuple[*at].to_owned()).collect();
    let tuples: Vec<Vec<&str>> = (0..first.values.len())
        .map(|file| dimensions.iter().map(|dimension| dimension.values[file].as_str()).collect())
        .collect();
    let there: Vec<HashSet<Vec<String>>> =
        parts.iter().map(|set| tuples.iter().map(|tuple| part(tuple, set)).collect()).collect();
    let mut left_out: Vec<HashSet<Vec<String>>> = vec![HashSet::new(); parts.len()];
    let mut excluded = Vec::new();
    for tuple in combinations(dimensions) {
        let is_known =
            (0..parts.len()).any(|at| left_out[at].contains::<Vec<String>>(&part(&tuple, &parts[at])));
        let missing =
            (0..parts.len()).find(|at| !there[*at].contains::<Vec<String>>(&part(&tuple, &parts[*at])));
        if let Some(at) = missing.filter(|_| !is_known) {
            left_out[at].insert(part(&tuple, &parts[at]));
            let value = |at: &usize| (dimensions[*at].name.clone(), typed(tuple[*at]));
            excluded.push(Value::Object(parts[at].iter().map(value).collect()));
        }
    }
    excluded
}

/// Returns all combinations of the values of dimensions.
fn combinations(dimensions: &[Dimension]) -> Vec<Vec<&str>> {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for values in dimensions.iter().map(Dimension::distinct) {
        let with = |begun: &Vec<_>, value| [begun.as_slice(), &[value]].concat();
        all = all.iter().flat_map(|begun| values.iter().map(move |value| with(begun, *value))).collect();
    }
    all
}

/// Returns the sets of some numbers below a count, small ones first.
fn subsets(count: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = (1_usize..1 << count)
        .map(|bits| (0..count).filter(|number| bits >> number & 1 == 1).collect())
        .collect();
    sets.sort_by_key(Vec::len);
    sets
}

/// Returns a value as front matter and tables type it.
fn typed(value: &str) -> Value {
    match plain_value(value) {
        crate::tutorial::Value::String(text) => json!(text),
        _ => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
    }
}
