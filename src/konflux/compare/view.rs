//! What a comparison found, as text, as Markdown and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::dimension::{Dimension, common_prefix, common_suffix};
use super::explain::{Case, Explanation};
use super::pattern::Pattern;
use super::tree::{Comparison, Variation, shown};
use crate::diagnostic::plural;

/// The longest value that is shown whole.
const LONGEST: usize = 100;

/// How many values of a dimension are shown.
const MOST_VALUES: usize = 24;

/// How many names stand beside a value.
const MOST_LISTED: usize = 6;

/// How much of what values have in common is shown.
const CONTEXT: usize = 20;

/// Returns a comparison for people at a terminal.
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = format!("{}\n", summary(comparison));
    for dimension in &comparison.dimensions {
        writeln!(text, "  {}: {}", dimension.name, values_of(dimension)).expect("a String takes all");
    }
    writeln!(text, "\nCan be repeated: {}", count(comparison.same.len())).expect("a String takes all");
    for (section, count) in sections(comparison) {
        writeln!(text, "  {section}: {count}").expect("a String takes all");
    }
    writeln!(text, "\nNeeds a template: {}", count(comparison.varying.len())).expect("a String takes all");
    for variation in &comparison.varying {
        writeln!(text, "\n  {}", variation.path).expect("a String takes all");
        for row in rows(comparison, variation) {
            let label = if row.who.is_empty() { String::new() } else { format!("{}: ", row.who) };
            writeln!(text, "    {label}{}", shortened(&row.value)).expect("a String takes all");
        }
    }
    text
}

/// Returns the values of a dimension; the first of many.
fn values_of(dimension: &Dimension) -> String {
    let values = dimension.distinct();
    let more = values.len().saturating_sub(MOST_VALUES);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", values[..values.len() - more].join(", "))
}

/// Returns a comparison as tables of a page.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut text = format!("{}\n\n", summary(comparison));
    if !comparison.dimensions.is_empty() {
        text.push_str("| dimension | values |\n| --- | --- |\n");
        for dimension in &comparison.dimensions {
            let values: Vec<String> = dimension.distinct().into_iter().map(code).collect();
            writeln!(text, "| {} | {} |", dimension.name, values.join(", ")).expect("a String takes all");
        }
        text.push('\n');
    }
    writeln!(text, "## Can be repeated\n\n| part | values |\n| --- | --- |").expect("a String takes all");
    for (section, count) in sections(comparison) {
        writeln!(text, "| {} | {count} |", code(&section)).expect("a String takes all");
    }
    text.push_str("\n## Needs a template\n\n| path | where | value |\n| --- | --- | --- |\n");
    for variation in &comparison.varying {
        for (number, row) in rows(comparison, variation).into_iter().enumerate() {
            let path = if number == 0 { code(&variation.path) } else { String::new() };
            let who = row.who.replace('|', "\\|");
            writeln!(text, "| {path} | {who} | {} |", code(&shortened(&row.value)))
                .expect("a String takes all");
        }
    }
    text
}

/// Returns a comparison for programs.
pub fn comparison_json(comparison: &Comparison) -> Value {
    let dimension = |dimension: &Dimension| json!({ "name": dimension.name, "values": dimension.distinct(), "by-file": dimension.values });
    let same = comparison.same.iter().map(|same| json!({ "path": same.path, "value": same.value }));
    json!({
        "version": 1,
        "files": comparison.files,
        "dimensions": comparison.dimensions.iter().map(dimension).collect::<Vec<_>>(),
        "same": same.collect::<Vec<_>>(),
        "varying": comparison.varying.iter().map(|variation| varying_json(comparison, variation)).collect::<Vec<_>>(),
    })
}

fn varying_json(comparison: &Comparison, variation: &Variation) -> Value {
    let (kind, by) = match &variation.explanation {
        Explanation::Text(_) => ("text", Vec::new()),
        Explanation::By { dimensions, .. } => {
            ("by", dimensions.iter().map(|number| comparison.dimensions[*number].name.as_str()).collect())
        }
        Explanation::ByFile => ("file", Vec::new()),
    };
    let pattern = match &variation.explanation {
        Explanation::Text(pattern) => Value::String(named(comparison, pattern)),
        _ => Value::Null,
    };
    let place = |(file, value): (usize, &Option<Value>)| {
        let line = variation.places[file].as_ref().map(crate::diagnostic::Place::line);
        json!({ "file": comparison.files[file], "line": line, "value": value })
    };
    let values: Vec<Value> = variation.values.iter().enumerate().map(place).collect();
    json!({ "path": variation.path, "how": kind, "pattern": pattern, "by": by, "values": values })
}

fn summary(comparison: &Comparison) -> String {
    let dimensions = match comparison.dimensions.len() {
        0 => String::new(),
        count => format!(", their names have {}", plural(count, "dimension")),
    };
    format!("{}{dimensions}", plural(comparison.files.len(), "file"))
}

fn count(values: usize) -> String {
    plural(values, "value")
}

/// Returns how many values are the same in each part of the documents.
fn sections(comparison: &Comparison) -> BTreeMap<String, usize> {
    let mut sections = BTreeMap::new();
    for same in &comparison.same {
        let mut ends = same.path.match_indices(['.', '[']).map(|(at, _)| at);
        let end = if same.path.starts_with("spec.") || same.path.starts_with("metadata.") {
            ends.nth(1)
        } else {
            ends.next()
        };
        let section = &same.path[..end.unwrap_or(same.path.len())];
        *sections.entry(section.to_owned()).or_default() += 1;
    }
    sections
}

/// One value, and which files have it.
struct Row {
    who: String,
    value: String,
}

fn rows(comparison: &Comparison, variation: &Variation) -> Vec<Row> {
    let mut rows = match &variation.explanation {
        Explanation::Text(pattern) => vec![Row { who: String::new(), value: named(comparison, pattern) }],
        Explanation::By { dimensions, cases } => rows_by(comparison, dimensions, cases),
        Explanation::ByFile => rows_by_file(comparison, variation),
    };
    leave_out_common(&mut rows);
    rows
}

/// Shortens long values to where they differ.
fn leave_out_common(rows: &mut [Row]) {
    let mut long: Vec<&mut Row> = rows.iter_mut().filter(|row| row.value.len() > LONGEST).collect();
    if long.len() < 2 {
        return;
    }
    let texts: Vec<&str> = long.iter().map(|row| row.value.as_str()).collect();
    let prefix = common_prefix(&texts);
    let rest: Vec<&str> = texts.iter().map(|text| &text[prefix..]).collect();
    let suffix = common_suffix(&rest);
    for row in &mut long {
        let end = row.value.len() - suffix;
        let before: Vec<char> = row.value[..prefix].chars().collect();
        let after: Vec<char> = row.value[end..].chars().collect();
        let mut value: String = before[before.len().saturating_sub(CONTEXT)..].iter().collect();
        if before.len() > CONTEXT {
            value.insert_str(0, "...");
        }
        value += &row.value[prefix..end];
        value.extend(after.iter().take(CONTEXT));
        value += if after.len() > CONTEXT { "..." } else { "" };
        row.value = value;
    }
}

fn rows_by(comparison: &Comparison, dimensions: &[usize], cases: &[Case]) -> Vec<Row> {
    let all: Vec<String> = cases.iter().map(|case| case.when.join(" ")).collect();
    let mut grouped: Vec<(&Option<Pattern>, Vec<&str>)> = Vec::new();
    for (Case { then, .. }, when) in cases.iter().zip(&all) {
        match grouped.iter_mut().find(|(value, _)| *value == then) {
            Some((_, who)) => who.push(when),
            None => grouped.push((then, vec![when])),
        }
    }
    let names: Vec<&str> =
        dimensions.iter().map(|number| comparison.dimensions[*number].name.as_str()).collect();
    let row = |(value, who): (&Option<Pattern>, Vec<&str>)| Row {
        who: format!("{} {}", names.join(" and "), listed(&who, &all)),
        value: value.as_ref().map_or_else(absent, |pattern| named(comparison, pattern)),
    };
    grouped.into_iter().map(row).collect()
}

fn rows_by_file(comparison: &Comparison, variation: &Variation) -> Vec<Row> {
    let mut grouped: Vec<(&Option<Value>, Vec<&str>)> = Vec::new();
    for (file, value) in comparison.files.iter().zip(&variation.values) {
        match grouped.iter_mut().find(|(known, _)| *known == value) {
            Some((_, files)) => files.push(file),
            None => grouped.push((value, vec![file])),
        }
    }
    let row = |(value, files): (&Option<Value>, Vec<&str>)| Row {
        who: listed(&files, &comparison.files),
        value: value.as_ref().map_or_else(absent, shown),
    };
    grouped.into_iter().map(row).collect()
}

/// Returns some of all names, so that a reader can take them in: those that are missing where these are fewer.
fn listed(some: &[&str], all: &[String]) -> String {
    if some.len() <= MOST_LISTED {
        return some.join(", ");
    }
    let those: BTreeSet<&str> = some.iter().copied().collect();
    let others: Vec<&str> = all.iter().map(String::as_str).filter(|name| !those.contains(name)).collect();
    match others.len() {
        0 => "all".to_owned(),
        1..=MOST_LISTED => format!("all but {}", others.join(", ")),
        _ => {
            let shown = &some[..MOST_LISTED - 1];
            format!("{} and {} more", shown.join(", "), some.len() - shown.len())
        }
    }
}

fn absent() -> String {
    "(not there)".to_owned()
}

fn named(comparison: &Comparison, pattern: &Pattern) -> String {
    pattern.named(&comparison.dimensions).to_string()
}

/// Returns a value on one line.
fn shortened(value: &str) -> String {
    let line = value.trim_end().replace('\n', "\\n");
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    short
}

/// Returns a text as code in a cell of a table.
fn code(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let marks = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{marks}{blank}{}{blank}{marks}", text.replace('|', "\\|"))
}
