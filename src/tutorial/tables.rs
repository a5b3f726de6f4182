//! Tables of values: `<!-- values: stream -->` before a table whose rows are the values of `stream`.
//!
//! A page explains what a matrix runs over in a table anyway. Read from there, the values stand on
//! the page once. The first column holds the values of one dimension of the matrix; each other
//! column is a parameter that a variant gets by its value of that dimension.

use std::collections::BTreeMap;

use super::front_matter::plain_value;
use super::model::{FrontMatter, Value, ValuesTable};
use super::values::bad_name;
use crate::diagnostic::{Finding, Place, nearest};

/// A table as it stands on a page.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) place: Place,
    pub(crate) header: Row,
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) place: Place,
    /// As many as the header has: Markdown adds and drops cells.
    pub(crate) cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug)]
pub(crate) struct Cell {
    /// The text without marks.
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// A table with the comment that says whose values it has.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) dimension: String,
    pub(crate) comment: Place,
    pub(crate) table: Table,
}

impl Row {
    /// Returns how many cells the line has, whatever Markdown makes of it.
    fn written(&self) -> usize {
        let line = self.place.text().trim();
        let line = line.strip_prefix('|').unwrap_or(line);
        let mut bars = 0;
        let mut last = ' ';
        for letter in line.chars() {
            bars += usize::from(letter == '|' && last != '\\');
            last = letter;
        }
        let closed = line.ends_with('|') && !line.ends_with("\\|");
        bars + usize::from(!closed)
    }
}

/// Gives the matrix what the tables of its page say; what does not fit together is a finding.
pub(crate) fn settle(front: &mut FrontMatter, tables: Vec<Named>, findings: &mut Vec<Finding>) {
    let mut settler = Settler { columns: taken_names(front), front, findings, seen: BTreeMap::new() };
    for named in &tables {
        settler.table(named);
    }
    settler.missing_tables();
    settler.missing_rows();
}

/// Returns the names that no column can have, with where they are taken and by what.
fn taken_names(front: &FrontMatter) -> BTreeMap<String, (Option<Place>, &'static str)> {
    let matrix_place = front.places.get("matrix");
    let matrix = &front.matrix;
    let dimensions = matrix.axes.iter().map(|(name, _)| {
        (name.clone(), (matrix.places.get(name).or(matrix_place).cloned(), "a dimension of the matrix"))
    });
    let included = matrix.include.iter().flat_map(BTreeMap::keys);
    let included = included.map(|name| (name.clone(), (matrix_place.cloned(), "in `include` of the matrix")));
    let secrets = front.secrets.iter();
    let secrets = secrets.map(|name| (name.clone(), (front.places.get("secrets").cloned(), "a secret")));
    let parameters = front.parameters.iter();
    let parameters = parameters
        .map(|one| (one.name.clone(), (Some(one.place.clone()), "a parameter of the front matter")));
    included.chain(parameters).chain(secrets).chain(dimensions).collect()
}

struct Settler<'a> {
    front: &'a mut FrontMatter,
    findings: &'a mut Vec<Finding>,
    /// Names of parameters, and those of columns as they are met.
    columns: BTreeMap<String, (Option<Place>, &'static str)>,
    /// The comments of the tables that were met, by dimension.
    seen: BTreeMap<String, Place>,
}

impl Settler<'_> {
    fn table(&mut self, named: &Named) {
        let Named { dimension, comment, table } = named;
        let axes = &self.front.matrix.axes;
        if !axes.iter().any(|(name, _)| name == dimension) {
            self.findings.push(unknown_dimension(dimension, comment, axes));
            return;
        }
        if let Some(first) = self.seen.insert(dimension.clone(), comment.clone()) {
            let message = format!("two tables have the values of `{dimension}`");
            let finding = Finding::error("duplicate-table", message).at(comment.clone());
            self.findings.push(
                finding.related(first, "the first one").help("write all rows, or all columns, in one table"),
            );
            return;
        }
        self.first_column(dimension, table);
        let columns = self.columns(&table.header);
        let rows = self.rows(table, columns.len());
        self.compare_with_list(dimension, table, &rows);
        let values = rows.iter().map(|(value, _)| value.clone()).collect();
        if self.front.matrix.from_tables.contains_key(dimension)
            && let Some(axis) = self.front.matrix.axes.iter_mut().find(|(name, _)| name == dimension)
        {
            axis.1 = values;
        }
        let rows = rows.into_iter().map(|(value, cells)| (value.to_string(), cells)).collect();
        self.front.matrix.tables.push(ValuesTable { dimension: dimension.clone(), columns, rows });
    }

    fn first_column(&mut self, dimension: &str, table: &Table) {
        let Some(first) = table.header.cells.first() else { return };
        if first.text != dimension {
            let message = format!("the first column is `{}`, not `{dimension}`", first.text);
            let help = format!("begin the table with a column `{dimension}`, which holds its values");
            self.findings.push(Finding::error("bad-table", message).at(first.place.clone()).help(help));
        }
        if table.rows.is_empty() {
            let message = format!("the table of `{dimension}` has no row");
            self.findings.push(Finding::error("bad-table", message).at(table.place.clone()));
        }
    }

    /// Returns the names of all columns but the first.
    fn columns(&mut self, header: &Row) -> Vec<String> {
        for cell in header.cells.iter().skip(1) {
            if let Some(finding) = bad_name("parameter", &cell.text, &cell.place) {
                let help = "the head of a column is the name of a parameter: use letters, digits and `_`";
                self.findings.push(finding.help(help));
                continue;
            }
            let taken = (Some(cell.place.clone()), "a column of a table");
            if let Some((place, what)) = self.columns.insert(cell.text.clone(), taken) {
                let message = format!("column `{}` is also {what}", cell.text);
                let finding = Finding::error("duplicate-column", message).at(cell.place.clone());
                let finding = finding.help("give one of them another name");
                self.findings.push(match place {
                    Some(place) => finding.related(place, "it is here"),
                    None => finding,
                });
            }
        }
        header.cells.iter().skip(1).map(|cell| cell.text.clone()).collect()
    }

    /// Returns each value with the values of its row, in the order of the table.
    fn rows(&mut self, table: &Table, columns: usize) -> Vec<(Value, Vec<Value>)> {
        let mut first: BTreeMap<String, Place> = BTreeMap::new();
        let mut rows = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            let written = row.written();
            if written != columns + 1 {
                let message = format!("the row has {written} cells, and the table {}", columns + 1);
                let help = "a bar inside of a cell is written as `\\|`, in code too";
                self.findings.push(Finding::error("bad-table", message).at(row.place.clone()).help(help));
            }
            let Some(cell) = row.cells.first().filter(|cell| !cell.text.is_empty()) else {
                let finding = Finding::error("bad-table", "the row has no value in its first cell");
                self.findings.push(finding.at(row.place.clone()));
                continue;
            };
            match first.get(&cell.text) {
                Some(place) => {
                    let message = format!("two rows have the value `{}`", cell.text);
                    let finding = Finding::error("duplicate-row", message).at(cell.place.clone());
                    self.findings.push(finding.related(place.clone(), "the first one"));
                }
                None => {
                    first.insert(cell.text.clone(), cell.place.clone());
                    let values = row.cells.iter().skip(1).map(|cell| value(&cell.text)).collect();
                    rows.push((value(&cell.text), values));
                }
            }
        }
        rows
    }

    /// Compares the rows with the values that the front matter lists.
    fn compare_with_list(&mut self, dimension: &str, table: &Table, rows: &[(Value, Vec<Value>)]) {
        let matrix = &self.front.matrix;
        if matrix.from_tables.contains_key(dimension) {
            return;
        }
        let listed = matrix.axes.iter().find(|(name, _)| name == dimension);
        let listed: Vec<String> =
            listed.iter().flat_map(|(_, values)| values).map(Value::to_string).collect();
        let included = matrix.include.iter().filter_map(|part| part.get(dimension)).map(Value::to_string);
        let known: Vec<String> = listed.iter().cloned().chain(included).collect();
        for row in &table.rows {
            let Some(cell) = row.cells.first().filter(|cell| !cell.text.is_empty()) else { continue };
            if !known.contains(&value(&cell.text).to_string()) {
                let message = format!("`{}` is no value of `{dimension}`", cell.text);
                let near = nearest(&cell.text, known.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let finding = Finding::error("row-without-value", message).at(cell.place.clone());
                let help = format!("list it in the matrix, or write `{dimension}: table` there");
                self.findings.push(finding.help(help).maybe_help(near));
            }
        }
        let has_row = |wanted: &String| rows.iter().any(|(value, _)| value.to_string() == *wanted);
        for wanted in listed.iter().filter(|wanted| !has_row(wanted)) {
            let message = format!("`{wanted}` of `{dimension}` has no row in its table");
            let finding =
                Finding::error("value-without-row", message).help("add a row, or leave the value out");
            self.findings.push(self.at_matrix(finding, dimension).related(table.place.clone(), "the table"));
        }
    }

    /// Finds the dimensions that take their values from a table which is not there.
    fn missing_tables(&mut self) {
        for (dimension, place) in &self.front.matrix.from_tables {
            if !self.seen.contains_key(dimension) {
                let message = format!("no table has the values of `{dimension}`");
                let help = format!("write `<!-- values: {dimension} -->` on the line before the table");
                self.findings.push(Finding::error("missing-table", message).at(place.clone()).help(help));
            }
        }
    }

    /// Finds values of `include` and `exclude` that stand in no row.
    fn missing_rows(&mut self) {
        let matrix = &self.front.matrix;
        let mut missing = Vec::new();
        for (rule, parts) in [("include", &matrix.include), ("exclude", &matrix.exclude)] {
            for (dimension, wanted) in parts.iter().flatten() {
                let table = matrix.tables.iter().find(|table| table.dimension == *dimension);
                if let Some(table) = table.filter(|table| !table.rows.contains_key(&wanted.to_string())) {
                    missing.push((rule, dimension, wanted.to_string(), table));
                }
            }
        }
        for (rule, dimension, wanted, table) in missing {
            let message = format!("`{wanted}` in `{rule}` has no row in the table of `{dimension}`");
            let near = nearest(&wanted, table.rows.keys().map(String::as_str));
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let finding = Finding::error("value-without-row", message).maybe_help(near);
            self.findings.push(self.at_matrix(finding, rule));
        }
    }

    /// Places a finding at a key of the matrix.
    fn at_matrix(&self, finding: Finding, key: &str) -> Finding {
        let place = self.front.matrix.places.get(key).or(self.front.places.get("matrix"));
        Finding { place: place.cloned(), ..finding }
    }
}

fn unknown_dimension(dimension: &str, comment: &Place, axes: &[(String, Vec<Value>)]) -> Finding {
    let near = nearest(dimension, axes.iter().map(|(name, _)| name.as_str()));
    let near = near.map(|near| format!("did you mean `{near}`?"));
    let help = format!("write `matrix: {{{dimension}: table}}` in the front matter");
    let message = format!("`{dimension}` is no dimension of the matrix");
    Finding::error("unknown-dimension", message).at(comment.clone()).help(help).maybe_help(near)
}

/// Returns the value of a cell, typed as a front matter types it: quotes make a text of anything.
fn value(text: &str) -> Value {
    for quote in ['"', '\''] {
        let inside = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside.filter(|inside| !inside.contains(quote)) {
            return Value::String(inside.to_owned());
        }
    }
    plain_value(text)
}
