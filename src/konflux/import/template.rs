//! Lines of several files become one template.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::condition::Condition;
use super::lines::{Aligned, Line, dimension_of, letter_of};
use crate::diagnostic::Source;
use crate::konflux::compare::{Dimension, common_prefix, common_suffix};
use crate::tutorial::{Value, plain_value};
use crate::yaml;

/// The longest value of a column: one word, or several.
const LONGEST: (usize, usize) = (160, 40);

/// The longest value of a column where all else would be worse.
const LONGEST_OF_ALL: (usize, usize) = (1000, 1000);

/// How many ways to write a line may stand in the template itself.
const MOST_WAYS: usize = 4;

/// Tags that templates may have, of two letters each as the engine wants them.
const TAGS: [&str; 5] =
    ["<% %> << >> <# #>", "[% %] [= =] [# #]", "~% %~ ~= =~ ~# #~", "@% %@ @= =@ @# #@", "^% %^ ^= =^ ^# #^"];

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
    /// How many lines only some files have.
    pub(super) conditional: usize,
    /// Whether it says of all lines which files have them.
    pub(super) complete: bool,
}

/// A parameter that follows from a dimension.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) dimension: usize,
    /// Its value for each value of the dimension.
    pub(super) values: BTreeMap<String, String>,
}

/// Makes a template of lines. `texts` are those that the lines are of, and `paths` where they stand.
///
/// Where `exact`, a line that two files write in different ways is two lines, even if they mean the same.
pub(super) fn template(
    aligned: &Aligned,
    dimensions: &[Dimension],
    (texts, paths): (&[&str], &[String]),
    exact: bool,
) -> Template {
    let tags = free_tags(texts, paths);
    let template =
        Template { tags, text: String::new(), columns: Vec::new(), conditional: 0, complete: true };
    let mut builder = Builder { dimensions, aligned, exact, template };
    builder.build();
    builder.end(texts);
    builder.template
}

/// Returns tags of which no file has any; and if there are such, those that cannot come to be where a value stands
/// behind the same mark, as in `<stable>`.
fn free_tags(texts: &[&str], paths: &[String]) -> &'static str {
    let all = || texts.iter().copied().chain(paths.iter().map(String::as_str));
    let is_free = |tags: &&str| tags.split(' ').step_by(2).all(|tag| all().all(|text| !text.contains(tag)));
    let is_apart = |tags: &&str| {
        let begins = |(at, mark): (usize, &str), text: &str| {
            text[at + mark.len()..].starts_with(char::is_alphanumeric)
        };
        all().all(|text| !text.match_indices(&tags[..1]).any(|found| begins(found, text)))
    };
    let free: Vec<&str> = TAGS.into_iter().filter(is_free).collect();
    free.iter().copied().find(is_apart).or(free.first().copied()).unwrap_or(TAGS[0])
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
    let apart = run.len() < MOST_WAYS && run.iter().all(|branch| branch.files.is_disjoint(group));
    match run.last_mut() {
        Some(last) if last.files == *group => last.slots.push(at),
        Some(_) if apart => run.push(Branch { files: group.clone(), slots: vec![at] }),
        _ => return false,
    }
    true
}

/// How a line stands for those of some files.
enum Way {
    /// As it is in all of them.
    Raw(String),
    /// With dimensions in it.
    Open(String),
    /// With a column between two parts.
    Column { before: String, after: String, dimension: usize, values: BTreeMap<String, String> },
}

struct Builder<'a> {
    dimensions: &'a [Dimension],
    aligned: &'a Aligned,
    exact: bool,
    template: Template,
}

impl Builder<'_> {
    fn build(&mut self) {
        let all: BTreeSet<usize> = (0..self.aligned.files()).collect();
        let mut run: Vec<Branch> = Vec::new();
        for at in 0..self.aligned.len() {
            let there = self.aligned.files_of(at);
            if there == all
                && let Some(way) = self.way(at, &all, LONGEST)
            {
                self.conditional(std::mem::take(&mut run));
                let line = self.write(at, way, None);
                self.template.text += &format!("{line}\n");
                continue;
            }
            let groups = self.groups(at, there);
            if !joins(&mut run, &groups, at) {
                self.conditional(std::mem::take(&mut run));
                run = groups.into_iter().map(|files| Branch { files, slots: vec![at] }).collect();
            }
        }
        self.conditional(run);
    }

    /// Divides the files that have a line, so that one line stands for each part.
    fn groups(&self, at: usize, there: BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        if there.len() < self.aligned.files() && self.way(at, &there, LONGEST).is_some() {
            return vec![there];
        }
        let groups = self.same(at, &there);
        let is_short =
            groups.len() <= MOST_WAYS && groups.iter().all(|group| self.condition(group).is_some());
        if is_short { groups } else { self.divided(at, &there).unwrap_or(groups) }
    }

    /// Returns the files that have the same line, but for the values of dimensions.
    fn same(&self, at: usize, there: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let mut groups: Vec<(BTreeSet<usize>, Option<&str>, Option<&str>)> = Vec::new();
        let (mut raws, mut opens): (HashMap<&str, usize>, HashMap<&str, usize>) = Default::default();
        for file in there {
            let Some(line) = self.aligned.line(at, *file) else { continue };
            let (raw, open) = (line.raw.as_str(), line.open.as_str());
            // A group is of one text, or of one but for the values; not of some of each.
            let by_raw = raws.get(raw).copied().filter(|number| groups[*number].1 == Some(raw));
            let by_open = opens.get(open).copied().filter(|number| groups[*number].2 == Some(open));
            let number = match (by_raw, by_open) {
                (Some(raw), Some(open)) => raw.min(open),
                (Some(number), None) | (None, Some(number)) => number,
                (None, None) => {
                    groups.push((BTreeSet::new(), Some(raw), Some(open)));
                    groups.len() - 1
                }
            };
            let group = &mut groups[number];
            group.0.insert(*file);
            group.1 = group.1.filter(|known| *known == raw);
            group.2 = group.2.filter(|known| *known == open);
            raws.entry(raw).or_insert(number);
            opens.entry(open).or_insert(number);
        }
        groups.into_iter().map(|(files, ..)| files).collect()
    }

    /// Divides files by the values of a dimension, so that a column holds what is left to say.
    fn divided(&self, at: usize, there: &BTreeSet<usize>) -> Option<Vec<BTreeSet<usize>>> {
        let longest = [LONGEST, LONGEST_OF_ALL];
        if self.condition(there).is_some()
            && longest.iter().any(|longest| self.way(at, there, *longest).is_some())
        {
            return Some(vec![there.clone()]);
        }
        let mut numbers: Vec<usize> = (0..self.dimensions.len()).collect();
        numbers.sort_by_key(|number| self.dimensions[*number].distinct().len());
        numbers.into_iter().find_map(|number| {
            let mut groups: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
            for file in there {
                groups.entry(&self.dimensions[number].values[*file]).or_default().insert(*file);
            }
            let fits = |group: &BTreeSet<usize>| {
                self.condition(group).is_some() && self.way(at, group, LONGEST_OF_ALL).is_some()
            };
            let is_short = groups.len() <= 2 * MOST_WAYS && groups.values().all(fits);
            is_short.then(|| groups.into_values().collect())
        })
    }

    fn condition(&self, group: &BTreeSet<usize>) -> Option<Condition> {
        Condition::of(group, self.aligned.files(), self.dimensions)
    }

    /// Returns how one line stands for those of some files, if one can.
    fn way(&self, at: usize, files: &BTreeSet<usize>, longest: (usize, usize)) -> Option<Way> {
        let lines: Option<Vec<(usize, &Line)>> =
            files.iter().map(|file| Some((*file, self.aligned.line(at, *file)?))).collect();
        let lines = lines?;
        let (_, first) = *lines.first()?;
        if lines.iter().all(|(_, line)| line.raw == first.raw) {
            return Some(Way::Raw(first.raw.clone()));
        }
        if lines.iter().all(|(_, line)| line.open == first.open) {
            return Some(Way::Open(first.open.clone()));
        }
        if !self.exact && written_otherwise(&lines) {
            return Some(Way::Raw(first.raw.clone()));
        }
        self.with_column(&lines, longest)
    }

    /// Returns a line in which one part follows from a dimension.
    fn with_column(&self, lines: &[(usize, &Line)], longest: (usize, usize)) -> Option<Way> {
        let open: Vec<&str> = lines.iter().map(|(_, line)| line.open.as_str()).collect();
        let raw: Vec<&str> = lines.iter().map(|(_, line)| line.raw.as_str()).collect();
        let files: Vec<usize> = lines.iter().map(|(file, _)| *file).collect();
        [open, raw].into_iter().find_map(|texts| {
            let prefix = common_prefix(&texts);
            let rest: Vec<&str> = texts.iter().map(|text| &text[prefix..]).collect();
            let (prefix, suffix) = whole_value(texts[0], prefix, common_suffix(&rest));
            let parts: Vec<&str> = texts.iter().map(|text| &text[prefix..text.len() - suffix]).collect();
            if !parts.iter().all(|part| can_be_cell(part, longest)) {
                return None;
            }
            self.dimensions.iter().enumerate().find_map(|(dimension, known)| {
                let values = by(&parts, &files, &known.values)?;
                let before = texts[0][..prefix].to_owned();
                let after = texts[0][texts[0].len() - suffix..].to_owned();
                Some(Way::Column { before, after, dimension, values })
            })
        })
    }

    /// Writes a line for some files; all of them where no group is given. Dimensions of which a group has only one
    /// value are said by its condition, and stand in the line as that value.
    fn write(&mut self, at: usize, way: Way, group: Option<&BTreeSet<usize>>) -> String {
        match way {
            Way::Raw(text) => text,
            Way::Open(text) => self.closed(&self.fixed(text, group)),
            Way::Column { before, after, dimension, values } => {
                let name = self.column(&self.name_of(at), dimension, values);
                let (before, after) = (self.fixed(before, group), self.fixed(after, group));
                format!("{}{}{}", self.closed(&before), self.expression(&name), self.closed(&after))
            }
        }
    }

    fn fixed(&self, open: String, group: Option<&BTreeSet<usize>>) -> String {
        let Some(group) = group else { return open };
        self.dimensions.iter().enumerate().fold(open, |text, (number, dimension)| {
            let mut values = group.iter().map(|file| &dimension.values[*file]);
            match values.next() {
                Some(first) if values.all(|value| value == first) => text.replace(letter_of(number), first),
                _ => text,
            }
        })
    }

    /// Returns the name of a column with some values, which may be there already.
    fn column(&mut self, key: &str, dimension: usize, values: BTreeMap<String, String>) -> String {
        let columns = &self.template.columns;
        if let Some(known) =
            columns.iter().find(|column| column.dimension == dimension && column.values == values)
        {
            return known.name.clone();
        }
        let taken = |name: &String| {
            columns.iter().any(|column| column.name == *name)
                || self.dimensions.iter().any(|dimension| dimension.name == *name)
                || RESERVED.contains(&name.as_str())
        };
        // `version` of `org.opencontainers.image.version` may be the name of a dimension.
        let wanted = variable_name(key, 1);
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = [wanted.clone(), variable_name(key, 2)].into_iter().chain(numbered);
        let name = names.find(|name| !taken(name)).expect("there is always another number");
        self.template.columns.push(Column { name: name.clone(), dimension, values });
        name
    }

    /// Returns what to call what stands on a line: its key, or the name of the parameter above a `value`.
    fn name_of(&self, at: usize) -> String {
        let line = |at: usize| self.aligned.any(at);
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

    /// Returns what to call lines that only some files have: the name of the parameter, or the key.
    fn subject_of(&self, slots: &[usize]) -> String {
        let first = slots.first().copied().unwrap_or_default();
        let named = self.aligned.any(first).trim_start().strip_prefix("- name: ");
        named.map_or_else(|| self.name_of(first), str::to_owned)
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
        let all = covered == self.aligned.files();
        if let ([Branch { files, slots }], true) = (run.as_slice(), all) {
            let lines: Vec<String> = slots.iter().map(|at| self.line_of(*at, files)).collect();
            self.template.text += &format!("{}\n", lines.join("\n"));
            return;
        }
        let mut branches = Vec::new();
        for (number, Branch { files, slots }) in run.iter().enumerate() {
            let lines = slots.iter().map(|at| self.line_of(*at, files)).collect();
            let word = match number {
                0 => format!("if {}", self.said(files, slots)),
                _ if all && number + 1 == run.len() => "else".to_owned(),
                _ => format!("elif {}", self.said(files, slots)),
            };
            branches.push((word, lines));
        }
        self.template.conditional +=
            branches.iter().map(|(_, lines): &(_, Vec<String>)| lines.len()).sum::<usize>();
        self.branches(&branches);
    }

    /// Returns the condition that is true for some files alone.
    fn said(&mut self, files: &BTreeSet<usize>, slots: &[usize]) -> String {
        match self.condition(files) {
            Some(condition) => self.expressed(&condition, &self.subject_of(slots)),
            None => {
                self.template.complete = false;
                "false".to_owned()
            }
        }
    }

    /// Returns the line that the files of a group have.
    fn line_of(&mut self, at: usize, group: &BTreeSet<usize>) -> String {
        let way = self.way(at, group, LONGEST).or_else(|| self.way(at, group, LONGEST_OF_ALL));
        match way {
            Some(way) => self.write(at, way, Some(group)),
            None => {
                self.template.complete = false;
                self.aligned.any(at).to_owned()
            }
        }
    }

    /// Returns a condition as a template has it. `subject` is what it decides about.
    fn expressed(&mut self, condition: &Condition, subject: &str) -> String {
        let compared = |name: &str, sign: &str, values: &[String], word: &str| {
            let parts: Vec<String> =
                values.iter().map(|value| format!("{name} {sign} {}", literal(value))).collect();
            parts.join(word)
        };
        match condition {
            Condition::Always => "true".to_owned(),
            Condition::Is(number, values) => compared(&self.dimensions[*number].name, "==", values, " or "),
            Condition::IsNot(number, values) => {
                compared(&self.dimensions[*number].name, "!=", values, " and ")
            }
            Condition::Column(number, values) => {
                let cell = |value: &&str| ((*value).to_owned(), values.contains(*value).to_string());
                let cells = self.dimensions[*number].distinct().iter().map(cell).collect();
                self.column(&format!("has_{}", variable_name(subject, 1)), *number, cells)
            }
            Condition::All(parts) => self.joined(parts, " and ", subject),
            Condition::Any(parts) => self.joined(parts, " or ", subject),
        }
    }

    fn joined(&mut self, parts: &[Condition], word: &str, subject: &str) -> String {
        let mut part = |part: &Condition| {
            let text = self.expressed(part, subject);
            let is_one = !text.contains(" or ") && !text.contains(" and ");
            if is_one { text } else { format!("({text})") }
        };
        parts.iter().map(&mut part).collect::<Vec<_>>().join(word)
    }

    /// Ends the text as the files end: the block of a page always has a newline at its end.
    fn end(&mut self, texts: &[&str]) {
        let (open, close) = (self.tag(0), self.tag(1));
        if !self.template.text.ends_with('\n') {
            let length = self.template.text.len() - format!(" {close}").len();
            self.template.text.truncate(length);
            self.template.text += &format!(" -{close}\n");
        }
        let ended: BTreeSet<usize> =
            (0..texts.len()).filter(|file| texts[*file].is_empty() || texts[*file].ends_with('\n')).collect();
        if ended.len() == texts.len() {
            return;
        }
        let condition = if ended.is_empty() { "false".to_owned() } else { self.said_of_end(&ended) };
        self.template.text.pop();
        self.template.text += &format!("{open} if {condition} {close}\n{open} endif -{close}\n");
    }

    fn said_of_end(&mut self, ended: &BTreeSet<usize>) -> String {
        match self.condition(ended) {
            Some(condition) => self.expressed(&condition, "last_newline"),
            None => {
                self.template.complete = false;
                "true".to_owned()
            }
        }
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

/// Returns the value for each value of a dimension, if that decides it. `of` has a value for each file.
fn by(parts: &[&str], files: &[usize], of: &[String]) -> Option<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let same = |(file, part): (&usize, &&str)| match values.get(&of[*file]) {
        Some(known) => known == part,
        None => {
            values.insert(of[*file].clone(), (*part).to_owned());
            true
        }
    };
    files.iter().zip(parts).all(same).then_some(values)
}

/// Returns whether a text can stand in a cell, and is short enough to be looked for there.
fn can_be_cell(part: &str, (word, words): (usize, usize)) -> bool {
    let is_hard_to_read = (word, words) == LONGEST && part.contains('"') && part.contains('\'');
    let longest = if part.contains(char::is_whitespace) { words } else { word };
    part.len() <= longest
        && !is_hard_to_read
        && part.trim() == part
        && !part
            .contains(|letter: char| letter == '`' || letter.is_control() || dimension_of(letter).is_some())
        && !part.ends_with('\\')
}

/// Returns whether files write one value in different ways, which is no text: there quotes say what it is.
fn written_otherwise(lines: &[(usize, &Line)]) -> bool {
    let value = |line: &Line| {
        let text = line.raw.trim();
        let source: Arc<Source> = Source::new("line", text);
        yaml::read(&source, 0, text).ok().map(|node| node.to_json())
    };
    let Some(first) = value(lines[0].1).filter(|value| value.is_object() || value.is_array()) else {
        return false;
    };
    lines.iter().all(|(_, line)| line.raw == lines[0].1.raw || value(line).as_ref() == Some(&first))
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
