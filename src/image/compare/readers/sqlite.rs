//! Databases of SQLite: which tables have which rows, wherever in the file they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Files, Said, counted};
use crate::diagnostic::plural;
use crate::image::compare::model::Fact;
use crate::image::sqlite::{Database, Object, Row, SqliteError, Value};

/// Of how many rows of a table it is told on which side alone they are; of larger tables that they differ.
const MOST_ROWS: usize = 500_000;

/// How many things that differ are shown.
const MOST_SHOWN: usize = 30;

/// Reads both as databases, if they are.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    if !is_database(files.staging)? || !is_database(files.reference)? {
        return Ok(None);
    }
    Ok(Some(match compare(files.staging, files.reference) {
        Ok(lines) => tell(lines, files.is_open),
        Err(error) => Said::unread("a database of SQLite", &error),
    }))
}

fn is_database(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut head)?;
    Ok(head == b"SQLite format 3\0")
}

fn tell(mut lines: Vec<String>, is_open: bool) -> Said {
    let mut said = Said::default();
    if lines.is_empty() {
        lines.push("the tables have the same rows".to_owned());
        if !is_open {
            said.facts.push(Fact::SameRows);
        }
    }
    if is_open {
        lines.push("a journal lies beside it, which was not read: what it holds may change rows".to_owned());
    }
    if lines.len() > MOST_SHOWN {
        let more = lines.len() - MOST_SHOWN;
        lines.truncate(MOST_SHOWN);
        lines.push(format!("… and {more} more"));
    }
    said.detail = Some(lines.join("\n") + "\n");
    said
}

/// Returns a line for each thing that differs.
fn compare(staging: &Path, reference: &Path) -> Result<Vec<String>, SqliteError> {
    let (ours, theirs) = (Database::open(staging)?, Database::open(reference)?);
    let mut lines = Vec::new();
    let numbers = [
        ("user_version", ours.user_version(), theirs.user_version()),
        ("application_id", ours.application_id(), theirs.application_id()),
    ];
    for (name, our, their) in numbers {
        if our != their {
            lines.push(format!("{name} {our}, not {their}"));
        }
    }
    let (our_objects, their_objects) = (by_name(ours.objects()?), by_name(theirs.objects()?));
    let names: BTreeSet<_> = our_objects.keys().chain(their_objects.keys()).collect();
    for name in names {
        let what = format!("{} {}", name.0, name.1);
        match (our_objects.get(name), their_objects.get(name)) {
            (Some(our), Some(their)) => {
                if our.sql != their.sql {
                    lines.push(format!("{what}: made by another statement"));
                }
                if our.root > 0 && their.root > 0 && name.0 == "table" {
                    let rows = (Rows::read(&ours, our)?, Rows::read(&theirs, their)?);
                    lines.extend(rows.0.against(&rows.1).map(|said| format!("{what}: {said}")));
                }
            }
            (Some(_), None) => lines.push(format!("{what}: only in the staging image")),
            (None, _) => lines.push(format!("{what}: only in the reference image")),
        }
    }
    Ok(lines)
}

fn by_name(objects: Vec<Object>) -> BTreeMap<(String, String), Object> {
    objects.into_iter().map(|object| ((object.kind.clone(), object.name.clone()), object)).collect()
}

/// What identifies a row.
type Sum = u128;

/// The rows of a table as a set in which each may be several times.
struct Rows {
    count: usize,
    /// The sum of all sums, which does not depend on their order.
    total: (Sum, Sum),
    /// The sums of all rows, ordered; none of a table that is too large.
    sums: Vec<Sum>,
}

impl Rows {
    fn read(database: &Database, table: &Object) -> Result<Self, SqliteError> {
        let is_numbered = is_numbered(&table.sql);
        let mut rows = Self { count: 0, total: (0, 0), sums: Vec::new() };
        for row in database.rows(table.root)? {
            let (first, second) = sum(&row?, is_numbered);
            rows.total = (rows.total.0.wrapping_add(first), rows.total.1.wrapping_add(second));
            rows.count += 1;
            if rows.count <= MOST_ROWS {
                rows.sums.push(first);
            }
        }
        if rows.count > MOST_ROWS {
            rows.sums = Vec::new();
        }
        rows.sums.sort_unstable();
        Ok(rows)
    }

    /// Says in what it differs from another; nothing where it does not.
    fn against(&self, other: &Self) -> Option<String> {
        if (self.count, self.total) == (other.count, other.total) {
            return None;
        }
        if self.count.max(other.count) > MOST_ROWS {
            return Some(format!("{}, not the same as {}", plural(self.count, "row"), other.count));
        }
        let (ours, theirs) = (only(&self.sums, &other.sums), only(&other.sums, &self.sums));
        let side =
            |count: usize, side| (count > 0).then(|| format!("{} only in the {side} image", rows(count)));
        let sides = [side(ours, "staging"), side(theirs, "reference")];
        Some(sides.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

fn rows(count: usize) -> String {
    counted(count, "row", "rows")
}

/// Returns how many of the first are not in the second; both are ordered.
fn only(first: &[Sum], second: &[Sum]) -> usize {
    let (mut count, mut others) = (0, second.iter().peekable());
    for sum in first {
        while others.next_if(|other| *other < sum).is_some() {}
        if others.next_if(|other| *other == sum).is_none() {
            count += 1;
        }
    }
    count
}

/// Returns whether the number of a row is the value of a column, as far as that can be told without reading
/// SQL: to take a number for a value that is none can only make rows differ.
fn is_numbered(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    sql.contains("integer") && sql.contains("primary")
}

fn sum(row: &Row, is_numbered: bool) -> (Sum, Sum) {
    let mut hasher = Sha256::new();
    if let Some(number) = row.rowid.filter(|_| is_numbered) {
        hasher.update(number.to_be_bytes());
    }
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    for value in &row.values {
        match value {
            Value::Null => add(0, &[]),
            Value::Integer(number) => add(1, &number.to_be_bytes()),
            Value::Real(number) => add(2, &number.to_bits().to_be_bytes()),
            Value::Text(text) => add(3, text),
            Value::Blob(blob) => add(4, blob),
        }
    }
    let digest = hasher.finalize();
    let half = |at: usize| digest[at..at + 16].iter().fold(0, |sum: Sum, byte| sum << 8 | Sum::from(*byte));
    (half(0), half(16))
}
