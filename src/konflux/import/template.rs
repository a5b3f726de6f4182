//! Lines of several files become one template.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lines::{Line, Slot, dimension_of, files_of, letter_of};
use crate::diagnostic::Source;
use crate::konflux::compare::{Dimension, common_prefix, common_suffix};
use crate::tutorial::{Value, plain_value};
use crate::yaml;

/// The longest value of a column: one word, or several.
const LONGEST: (usize, usize) = (160, 40);

/// Tags that templates may have; those are taken of which no file has any.
const TAGS: [&str; 4] =
    ["<% %> << >> <# #>", "[% %] [= =] [# #]", "<%% %%> <<< >>> <## ##>", "@% %@ @= =@ @# #@"];

/// Words of templates that no parameter can have as its name.
const RESERVED: [&str; 12] =
    ["and", "or", "not", "in", "is", "if", "else", "for", "loop", "true", "false", "set"];

/// A template, and the values that it needs.
#[derive(Debug)]
pub(super) struct Template {
    /// Its tags, as the attribute `delimiters` has them.
    pub(super) tags: &'static str,
    /// Its text.
    pub(super) text: String,
    /// The parameters that follow from each dimension.
    pub(super) columns: Vec<Column>,
    /// Lines that a file writes otherwise than the first, with the same value: its number, and how many.
    pub(super) rewritten: BTreeMap<usize, usize>,
    /// How many lines only some files have.
    pub(super) conditional: usize,
}

/// A parameter that follows from a dimension.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) dimension: usize,
    /// Its value for each value of the dimension.
    pub(super) values: BTreeMap<String, String>,
}

/// Makes a template of lines.
pub(super) fn template(slots: &[Slot], dimensions: &[Dimension], texts: &[&str]) -> Template {
    let tags = TAGS.into_iter().find(|tags| {
        let mut starts = tags.split(' ').step_by(2);
        starts.all(|tag| texts.iter().all(|text| !text.contains(tag)))
    });
    let template = Template {
        tags: tags.unwrap_or(TAGS[0]),
        text: String::new(),
        columns: Vec::new(),
        rewritten: BTreeMap::new(),
        conditional: 0,
    };
    let mut builder = Builder { dimensions, slots, template };
    builder.build();
    builder.template
}

/// Lines that some files have.
#[derive(Debug)]
struct Branch {
    files: BTreeSet<usize>,
    /// Where the lines stand.
    slots: Vec<usize>,
}

/// Adds a line to branches, if what it says of the files agrees with them.
fn joins(run: &mut Vec<Branch>, groups: &[BTreeSet<usize>], at: usize) -> bool {
    if !run.is_empty()
        && run.len() == groups.len()
        && run.iter().zip(groups).all(|(branch, group)| branch.files == *group)
    {
        run.iter_mut().for_each(|branch| branch.slots.push(at));
        return true;
    }
    let [group] = groups else { return false };
    // Files without the lines before may have this one instead.
    let apart = run.iter().all(|branch| branch.files.is_disjoint(group));
    match run.last_mut() {
        Some(last) if last.files == *group => last.slots.push(at),
        Some(_) if apart => run.push(Branch { files: group.clone(), slots: vec![at] }),
        _ => return false,
    }
    true
}

struct Builder<'a> {
    dimensions: &'a [Dimension],
    slots: &'a [Slot],
    template: Template,
}

impl Builder<'_> {
    fn build(&mut self) {
        let mut run: Vec<Branch> = Vec::new();
        for at in 0..self.slots.len() {
            if let Some(line) = self.common(at) {
                self.conditional(std::mem::take(&mut run));
                self.template.text += &line;
                self.template.text.push('\n');
                continue;
            }
            let groups = groups(&self.slots[at]);
            if !joins(&mut run, &groups, at) {
                self.conditional(std::mem::take(&mut run));
                run = groups.into_iter().map(|files| Branch { files, slots: vec![at] }).collect();
            }
        }
        self.conditional(run);
    }

    /// Returns the line that stands for those of all files, if there is one.
    fn common(&mut self, at: usize) -> Option<String> {
        let lines: Option<Vec<&Line>> = self.slots[at].lines.iter().map(Option::as_ref).collect();
        let lines = lines?;
        if lines.iter().all(|line| line.raw == lines[0].raw) {
            return Some(lines[0].raw.clone());
        }
        if lines.iter().all(|line| line.open == lines[0].open) {
            return Some(self.closed(&lines[0].open));
        }
        if let Some(others) = written_otherwise(&lines) {
            for file in others {
                *self.template.rewritten.entry(file).or_default() += 1;
            }
            return Some(lines[0].raw.clone());
        }
        self.with_column(at, &lines)
    }

    /// Returns a line in which one part follows from a dimension.
    fn with_column(&mut self, at: usize, lines: &[&Line]) -> Option<String> {
        let open: Vec<&str> = lines.iter().map(|line| line.open.as_str()).collect();
        let raw: Vec<&str> = lines.iter().map(|line| line.raw.as_str()).collect();
        for texts in [open, raw] {
            let prefix = common_prefix(&texts);
            let rest: Vec<&str> = texts.iter().map(|text| &text[prefix..]).collect();
            let (prefix, suffix) = whole_value(texts[0], prefix, common_suffix(&rest));
            let parts: Vec<&str> = texts.iter().map(|text| &text[prefix..text.len() - suffix]).collect();
            if !parts.iter().all(|part| can_be_cell(part)) {
                continue;
            }
            for (number, dimension) in self.dimensions.iter().enumerate() {
                if let Some(values) = by(&parts, &dimension.values) {
                    let name = self.column(at, number, values);
                    let before = self.closed(&texts[0][..prefix]);
                    let after = self.closed(&texts[0][texts[0].len() - suffix..]);
                    return Some(format!("{before}{}{after}", self.expression(&name)));
                }
            }
        }
        None
    }

    /// Returns the name of a column with some values, which may be there already.
    fn column(&mut self, at: usize, dimension: usize, values: BTreeMap<String, String>) -> String {
        let columns = &self.template.columns;
        if let Some(known) =
            columns.iter().find(|column| column.dimension == dimension && column.values == values)
        {
            return known.name.clone();
        }
        let key = self.name_of(at);
        let taken = |name: &String| {
            columns.iter().any(|column| column.name == *name)
                || self.dimensions.iter().any(|dimension| dimension.name == *name)
                || RESERVED.contains(&name.as_str())
        };
        // `version` of `org.opencontainers.image.version` may be the name of a dimension.
        let wanted = variable_name(&key, 1);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = [wanted.clone(), variable_name(&key, 2)].into_iter().chain(numbered);
        let name = names.find(|name| !taken(name)).expect("there is always another number");
        self.template.columns.push(Column { name: name.clone(), dimension, values });
        name
    }

    /// Returns what to call what stands on a line: its key, or the name of the parameter above a `value`.
    fn name_of(&self, at: usize) -> String {
        let line =
            |at: usize| self.slots[at].lines.iter().flatten().next().map_or("", |line| line.raw.as_str());
        let (indent, key) = key_of(line(at));
        let above = |test: &dyn Fn(usize, &str) -> bool| {
            (0..at).rev().map(|at| key_of(line(at))).find(|(at, key)| test(*at, key)).map(|(_, key)| key)
        };
        let named = (0..at).rev().map(line).find_map(|line| line.trim_start().strip_prefix("- name: "));
        let word = match key.as_str() {
            "value" => named.map(str::to_owned),
            "" => above(&|other, key| other <= indent && !key.is_empty() && key != "value")
                .or(named.map(str::to_owned)),
            key => Some(key.to_owned()),
        };
        word.unwrap_or_default()
    }

    fn tag(&self, number: usize) -> &'static str {
        self.template.tags.split(' ').nth(number).unwrap_or_default()
    }

    fn expression(&self, name: &str) -> String {
        format!("{} {name} {}", self.tag(2), self.tag(3))
    }

    /// Returns a text with expressions in place of dimensions.
    fn closed(&self, open: &str) -> String {
        let mut text = String::new();
        for letter in open.chars() {
            match dimension_of(letter).and_then(|number| self.dimensions.get(number)) {
                Some(dimension) => text += &self.expression(&dimension.name),
                None => text.push(letter),
            }
        }
        text
    }

    /// Writes lines that only some files have, or that they have in several ways.
    fn conditional(&mut self, run: Vec<Branch>) {
        if run.is_empty() {
            return;
        }
        let covered: usize = run.iter().map(|branch| branch.files.len()).sum();
        let all = covered == self.slots[0].lines.len();
        let mut branches = Vec::new();
        for (number, Branch { files, slots }) in run.iter().enumerate() {
            let (condition, fixed) = self.condition(files);
            let lines: Vec<String> = slots.iter().map(|at| self.line_of(*at, files, &fixed)).collect();
            let word = match number {
                0 => format!("if {condition}"),
                _ if all && number + 1 == run.len() => "else".to_owned(),
                _ => format!("elif {condition}"),
            };
            branches.push((word, lines));
        }
        self.template.conditional += branches.iter().map(|(_, lines)| lines.len()).sum::<usize>();
        self.branches(&branches);
    }

    /// Writes branches: tags stand on lines of their own where that changes nothing but themselves.
    fn branches(&mut self, branches: &[(String, Vec<String>)]) {
        let is_solid = |line: &str| !line.is_empty() && line.trim_end() == line;
        let before = self.template.text.strip_suffix('\n').and_then(|text| text.lines().last());
        let solid = before.is_some_and(is_solid)
            && branches.iter().all(|(_, lines)| lines.last().is_some_and(|line| is_solid(line)));
        let (open, close) = (self.tag(0), self.tag(1));
        let text = &mut self.template.text;
        for (word, lines) in branches {
            match solid {
                true => *text += &format!("{open}- {word} {close}\n{}\n", lines.join("\n")),
                false => *text += &format!("{open} {word} {close}{}\n", lines.join("\n")),
            }
        }
        match solid {
            true => *text += &format!("{open}- endif {close}\n"),
            false => *text += &format!("{open} endif {close}"),
        }
    }

    /// Returns the line that the files of a group have. Dimensions that the group has only one value of are
    /// said by its condition, and stand in the line as that value.
    fn line_of(&self, at: usize, group: &BTreeSet<usize>, fixed: &[usize]) -> String {
        let files = group.iter().filter_map(|file| Some((*file, self.slots[at].lines[*file].as_ref()?)));
        let lines: Vec<(usize, &Line)> = files.collect();
        match lines.as_slice() {
            [] => String::new(),
            [(_, first), others @ ..]
                if !others.is_empty() && others.iter().all(|(_, line)| line.raw == first.raw) =>
            {
                first.raw.clone()
            }
            [(file, first), ..] => {
                let open = |text: String, number: &usize| {
                    let letter = letter_of(*number);
                    text.replace(letter, &self.dimensions[*number].values[*file])
                };
                self.closed(&fixed.iter().fold(first.open.clone(), open))
            }
        }
    }

    /// Returns the condition that is true for some files alone, and the dimensions that it leaves one value.
    fn condition(&self, group: &BTreeSet<usize>) -> (String, Vec<usize>) {
        let sets = subsets(self.dimensions.len());
        let tuples = |set: &[usize], files: &mut dyn Iterator<Item = usize>| -> BTreeSet<Vec<&str>> {
            files
                .map(|file| set.iter().map(|number| self.dimensions[*number].values[file].as_str()).collect())
                .collect()
        };
        let count = self.slots[0].lines.len();
        for set in sets {
            let inside = tuples(&set, &mut group.iter().copied());
            let outside = tuples(&set, &mut (0..count).filter(|file| !group.contains(file)));
            if !inside.is_disjoint(&outside) {
                continue;
            }
            let names: Vec<&str> = set.iter().map(|number| self.dimensions[*number].name.as_str()).collect();
            if let ([name], 1, true) = (names.as_slice(), outside.len(), inside.len() > 1) {
                let other =
                    outside.iter().next().and_then(|values| values.first()).copied().unwrap_or_default();
                return (format!("{name} != {}", literal(other)), Vec::new());
            }
            let condition =
                inside.iter().map(|values| equal(&names, values)).collect::<Vec<_>>().join(" or ");
            return (condition, if inside.len() == 1 { set } else { Vec::new() });
        }
        ("true".to_owned(), Vec::new())
    }
}

fn equal(names: &[&str], values: &[&str]) -> String {
    let pairs = names.iter().zip(values).map(|(name, value)| format!("{name} == {}", literal(value)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.len() > 1 { format!("({})", pairs.join(" and ")) } else { pairs.join("") }
}

/// Returns a value as a template compares it: cells of tables are typed.
fn literal(value: &str) -> String {
    match plain_value(value) {
        Value::String(_) => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
        Value::Boolean(_) | Value::Number(_) => value.to_owned(),
    }
}

/// Returns how much of a line stands before and after the value that it gives, if that has no other part that
/// varies: who reads a table looks for whole values.
fn whole_value(line: &str, prefix: usize, suffix: usize) -> (usize, usize) {
    let end = line.len() - suffix;
    let Some(start) = line[..prefix].find(": ").map(|colon| colon + 2) else { return (prefix, suffix) };
    let (mut before, mut after) = (start, 0);
    if let Some(quote) = line[start..].chars().next().filter(|letter| matches!(letter, '"' | '\''))
        && start < prefix
        && line[end..].ends_with(quote)
    {
        (before, after) = (start + 1, 1);
    }
    let around = format!("{}{}", &line[before..prefix], &line[end..line.len() - after]);
    let fits = around.chars().all(|letter| !letter.is_whitespace() && dimension_of(letter).is_none());
    if fits { (before, after) } else { (prefix, suffix) }
}

/// Returns the sets of dimensions, small ones first.
fn subsets(count: usize) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = (1_usize..1 << count.min(8))
        .map(|bits| (0..count).filter(|number| bits >> number & 1 == 1).collect())
        .collect();
    sets.sort_by_key(Vec::len);
    sets
}

/// Returns the value for each value of a dimension, if that decides it.
fn by(parts: &[&str], of: &[String]) -> Option<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let same = |(value, part): (&String, &&str)| match values.get(value) {
        Some(known) => known == part,
        None => {
            values.insert(value.clone(), (*part).to_owned());
            true
        }
    };
    of.iter().zip(parts).all(same).then_some(values)
}

/// Returns whether a text can stand in a cell, and is short enough to be looked for there.
fn can_be_cell(part: &str) -> bool {
    let (word, words) = LONGEST;
    let longest = if part.contains(char::is_whitespace) { words } else { word };
    let quotes = part.contains('"') && part.contains('\'');
    part.len() <= longest
        && !quotes
        && part.trim() == part
        && !part
            .contains(|letter: char| letter == '`' || letter.is_control() || dimension_of(letter).is_some())
        && !part.ends_with('\\')
}

/// Returns the files that write a line otherwise than the first, if all mean the same by it.
fn written_otherwise(lines: &[&Line]) -> Option<Vec<usize>> {
    let value = |line: &Line| {
        let text = line.raw.trim();
        let source: Arc<Source> = Source::new("line", text);
        yaml::read(&source, 0, text).ok().map(|node| node.to_json())
    };
    let first = value(lines[0]).filter(|value| !value.is_string())?;
    let others: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.raw != lines[0].raw).map(|(file, _)| file).collect();
    others.iter().all(|file| value(lines[*file]).as_ref() == Some(&first)).then_some(others)
}

/// Groups the files that have the same line; one for each text.
fn groups(slot: &Slot) -> Vec<BTreeSet<usize>> {
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    let lines = &slot.lines;
    for file in files_of(slot) {
        let same = |group: &&mut BTreeSet<usize>| {
            let all = |test: fn(&Line) -> &str| {
                group.iter().all(|other| lines[*other].as_ref().map(test) == lines[file].as_ref().map(test))
            };
            all(|line| &line.raw) || all(|line| &line.open)
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.insert(file);
            }
            None => groups.push(BTreeSet::from([file])),
        }
    }
    groups
}

/// Returns how far a line is indented, and its key.
fn key_of(line: &str) -> (usize, String) {
    let indent = line.len() - line.trim_start().len();
    let text = line.trim_start().trim_start_matches("- ");
    let Some((key, rest)) = text.split_once([':', '=']) else { return (indent, String::new()) };
    let key = key.trim_matches(['"', '\'']);
    let is_key = !key.is_empty()
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let is_value = rest.is_empty() || rest.starts_with(' ') || text.contains('=');
    if is_key && is_value { (indent, key.to_owned()) } else { (indent, String::new()) }
}

/// Returns the last parts of a key as the name of a parameter.
fn variable_name(key: &str, parts: usize) -> String {
    let mut last: Vec<&str> = key.rsplit(['/', '.']).take(parts).collect();
    last.reverse();
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = last.join("_").chars().map(letter).collect();
    let name = name.trim_matches('_');
    match name.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("value_{name}"),
        Some(_) => name.to_owned(),
    }
}
