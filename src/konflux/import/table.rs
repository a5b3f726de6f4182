//! Lists of named things as tables, and the tables as lists.

use serde_json::{Map, Value};

use super::cell;

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// A value, as code.
    Code(&'static str),
    /// A word, as it is.
    Word(&'static str),
    /// A sentence.
    Prose(&'static str),
}

/// The column for what has none.
const MORE: &str = "more";

impl Column {
    fn key(self) -> &'static str {
        match self {
            Self::Code(key) | Self::Word(key) | Self::Prose(key) => key,
        }
    }

    /// Returns the column of a key, for a reader who has only the table.
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "name" => Self::Code("name"),
            "type" => Self::Word("type"),
            "default" => Self::Code("default"),
            "value" => Self::Code("value"),
            "workspace" => Self::Code("workspace"),
            "optional" => Self::Code("optional"),
            "description" => Self::Prose("description"),
            _ => return None,
        })
    }

    fn write(self, value: &Value) -> Option<String> {
        match self {
            Self::Code(_) => Some(cell::write(value)),
            Self::Word(_) => {
                let text = value.as_str()?;
                let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
                word.then(|| text.to_owned())
            }
            Self::Prose(_) => cell::write_prose(value.as_str()?),
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Code(_) => cell::read(text),
            Self::Word(_) => Some(Value::String(text.trim().to_owned())),
            Self::Prose(_) => Some(Value::String(cell::read_prose(text))),
        }
    }
}

/// Returns a list as a table, if reading it gives the same list.
pub(super) fn write(list: &Value, columns: &[Column]) -> Option<String> {
    let items = list.as_array().filter(|items| !items.is_empty())?;
    let rows: Option<Vec<Row>> = items.iter().map(|item| Row::of(item, columns)).collect();
    let rows = rows?;
    let used: Vec<usize> = (0..columns.len())
        .filter(|at| *at == 0 || rows.iter().any(|row| !row.cells[*at].is_empty()))
        .collect();
    let more = rows.iter().any(|row| !row.more.is_empty());
    let mut heads: Vec<&str> = used.iter().map(|at| columns[*at].key()).collect();
    heads.extend(more.then_some(MORE));
    let mut text = line(heads.iter().copied()) + &line(heads.iter().map(|_| "---"));
    for row in &rows {
        let cells = used.iter().map(|at| row.cells[*at].as_str());
        text += &line(cells.chain(more.then_some(row.more.as_str())));
    }
    let same = read(&text).is_ok_and(|read| read == items.as_slice());
    same.then_some(text)
}

struct Row {
    cells: Vec<String>,
    more: String,
}

impl Row {
    fn of(item: &Value, columns: &[Column]) -> Option<Self> {
        let mut rest = item.as_object()?.clone();
        // What has no name is no row that a reader could look up.
        rest.get("name")?.as_str()?;
        let mut cells = Vec::new();
        for column in columns {
            let written = rest.get(column.key()).and_then(|value| column.write(value));
            if written.is_some() {
                rest.shift_remove(column.key());
            }
            cells.push(written.unwrap_or_default());
        }
        let more = if rest.is_empty() { String::new() } else { cell::write(&Value::Object(rest)) };
        Some(Self { cells, more })
    }
}

/// Reads a table; the error says which line is none of it, counted from 0, and why.
pub(super) fn read(text: &str) -> Result<Vec<Value>, (usize, String)> {
    let mut lines = text.lines().enumerate();
    let (_, head) = lines.next().ok_or((0, "there is no table".to_owned()))?;
    let heads = cells(head);
    let columns: Vec<Option<Column>> = heads.iter().map(|head| Column::of(head)).collect();
    if let Some(at) = columns.iter().zip(&heads).position(|(column, head)| column.is_none() && *head != MORE)
    {
        return Err((0, format!("column `{}` is not known", heads[at])));
    }
    lines.next();
    lines.map(|(number, line)| read_row(line, &columns).map_err(|why| (number, why))).collect()
}

fn read_row(line: &str, columns: &[Option<Column>]) -> Result<Value, String> {
    let cells = cells(line);
    if cells.len() > columns.len() {
        return Err(format!("the row has {} cells, and the table {} columns", cells.len(), columns.len()));
    }
    let mut map = Map::new();
    for (cell, column) in cells.iter().zip(columns).filter(|(cell, _)| !cell.is_empty()) {
        let wrong = || format!("`{}` is no value: write it in backticks", cell.replace('`', "'"));
        match column {
            Some(column) => {
                map.insert(column.key().to_owned(), column.read(cell).ok_or_else(wrong)?);
            }
            None => match cell::read(cell) {
                Some(Value::Object(more)) => map.extend(more),
                _ => return Err(format!("`{}` is no map in JSON", cell.replace('`', "'"))),
            },
        }
    }
    Ok(Value::Object(map))
}

/// Returns facts about one thing as a table of two columns.
pub(super) fn write_facts(facts: &[(String, String)]) -> String {
    let rows = facts.iter().map(|(name, value)| line([name.as_str(), value.as_str()].into_iter()));
    line(["field", "value"].into_iter()) + &line(["---", "---"].into_iter()) + &rows.collect::<String>()
}

/// Reads a table of facts.
pub(super) fn read_facts(text: &str) -> Vec<(String, String)> {
    let row = |line: &str| {
        let mut cells = cells(line).into_iter();
        Some((cells.next()?, cells.next()?))
    };
    text.lines().skip(2).filter_map(row).collect()
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = "|".to_owned();
    for cell in cells {
        line.push_str(if cell.is_empty() { " |" } else { " " });
        if !cell.is_empty() {
            line.push_str(cell);
            line.push_str(" |");
        }
    }
    line + "\n"
}

/// Returns the cells of a line; a `|` after a backslash is a letter.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for letter in line.chars() {
        match letter {
            '|' if !escaped => cells.push(String::new()),
            _ => cells.last_mut().expect("there is always a cell").push(letter),
        }
        escaped = letter == '\\' && !escaped;
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
