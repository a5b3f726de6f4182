//! Databases of SQLite: which tables have which rows, wherever in the file they lie.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Files, Said, counted};
use crate::diagnostic::{plural, size};
use crate::image::compare::model::Fact;
use crate::image::sqlite::{Database, Object, SqliteError, Value};

/// Of how many rows of a table it is told on which side alone they are; of larger tables that they differ.
const MOST_ROWS: usize = 500_000;

/// Of how many rows of a table it is known which entries of indexes are theirs.
const MOST_NUMBERED: usize = 2_000_000;

/// How many things that differ are shown.
const MOST_SHOWN: usize = 30;

/// Reads both as databases, if they are.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    if !is_database(files.staging)? || !is_database(files.reference)? {
        return Ok(None);
    }
    let compared = Database::open(files.staging)
        .and_then(|ours| compare((&ours, &Plain), (&Database::open(files.reference)?, &Plain)));
    Ok(Some(match compared {
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
        lines.push("the tables have the same rows, and the indexes the same entries".to_owned());
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

/// What the values of a database mean, where they are not to be taken as they are.
pub(in crate::image::compare) trait Meaning {
    /// Returns the values of a row of a table, or of an entry of an index, to be compared; none if it is not.
    fn values(&self, object: &Object, values: Vec<Value>) -> Option<Vec<Value>>;
}

/// Values are what they are.
struct Plain;

impl Meaning for Plain {
    fn values(&self, _: &Object, values: Vec<Value>) -> Option<Vec<Value>> {
        Some(values)
    }
}

/// A database, and what its values mean.
pub(in crate::image::compare) type Side<'a> = (&'a Database, &'a dyn Meaning);

/// Returns a line for each thing that differs.
pub(in crate::image::compare) fn compare(
    ours: Side<'_>,
    theirs: Side<'_>,
) -> Result<Vec<String>, SqliteError> {
    let mut lines = Vec::new();
    let numbers = [
        ("user_version", ours.0.user_version(), theirs.0.user_version()),
        ("application_id", ours.0.application_id(), theirs.0.application_id()),
    ];
    for (name, our, their) in numbers {
        if our != their {
            lines.push(format!("{name} {our}, not {their}"));
        }
    }
    for (side, (database, _)) in [("staging", ours), ("reference", theirs)] {
        if database.behind() > 0 {
            let behind = size(database.behind());
            lines.push(format!("{behind} behind the last page in the {side} image, which are not read"));
        }
    }
    let (our_objects, their_objects) = (by_name(ours.0.objects()?), by_name(theirs.0.objects()?));
    let (mut our_numbers, mut their_numbers) = (HashMap::new(), HashMap::new());
    let names: BTreeSet<_> = our_objects.keys().chain(their_objects.keys()).collect();
    // Indexes are compared by the rows that their entries are of.
    let (tables, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|(kind, ..)| kind == "table");
    for name in tables.into_iter().chain(others) {
        let what = format!("{} {}", name.0, name.1);
        match (our_objects.get(name), their_objects.get(name)) {
            (Some(our), Some(their)) => {
                if (&our.sql, &our.table) != (&their.sql, &their.table) {
                    lines.push(format!("{what}: made by another statement"));
                }
                if our.root > 0 && their.root > 0 {
                    let rows = (
                        Rows::read(ours, our, &mut our_numbers)?,
                        Rows::read(theirs, their, &mut their_numbers)?,
                    );
                    lines.extend(rows.0.against(&rows.1).map(|said| format!("{what}: {said}")));
                }
            }
            (Some(_), None) => lines.push(format!("{what}: only in the staging image")),
            (None, _) => lines.push(format!("{what}: only in the reference image")),
        }
    }
    Ok(lines)
}

/// Kind and name; where several have these, with their place.
type ObjectKey = (String, String, usize);

fn by_name(objects: Vec<Object>) -> BTreeMap<ObjectKey, Object> {
    let mut found = BTreeMap::new();
    for object in objects {
        let key = |place| (object.kind.clone(), object.name.clone(), place);
        let place = found.range(key(0)..=key(usize::MAX)).count();
        found.insert(key(place), object);
    }
    found
}

/// What identifies a row.
type Sum = u128;

/// The numbers of a table's rows, with what identifies these; none of a row that is not compared. A table without
/// numbers is not there.
type Numbers = HashMap<String, HashMap<i64, Option<Sum>>>;

/// The rows of a table, or the entries of an index, as a set in which each may be several times.
#[derive(Default)]
struct Rows {
    count: usize,
    /// The sum of all sums, which does not depend on their order.
    total: (Sum, Sum),
    /// The sums of all rows, ordered; none of a table that is too large.
    sums: Vec<Sum>,
    /// How many entries of an index are of no row.
    strays: usize,
    /// Whether it was too much to be told of which rows the entries are.
    is_too_large: bool,
}

impl Rows {
    fn read(
        (database, meaning): Side<'_>,
        object: &Object,
        numbers: &mut Numbers,
    ) -> Result<Self, SqliteError> {
        let mut rows = Self::default();
        let is_index = object.kind == "index";
        let table = object.table.to_ascii_lowercase();
        let of = if is_index { numbers.get(&table) } else { None };
        rows.is_too_large = of.is_some_and(|of| of.len() > MOST_NUMBERED);
        let is_numbered = is_numbered(&object.sql) && !is_index;
        let mut own = HashMap::new();
        for row in database.rows(object.root)? {
            let mut row = row?;
            let mut extra = row.rowid.filter(|_| is_numbered).map(|number| number.to_be_bytes().to_vec());
            if let Some(of) = of.filter(|_| !rows.is_too_large) {
                let number = row.values.pop();
                let found = if let Some(Value::Integer(number)) = number { of.get(&number) } else { None };
                match found {
                    Some(Some(sum)) => extra = Some(sum.to_be_bytes().to_vec()),
                    Some(None) => continue,
                    None => rows.strays += 1,
                }
            }
            let sums = meaning.values(object, row.values).map(|values| sum(&values, extra.as_deref()));
            if let Some(number) = row.rowid.filter(|_| !is_index && own.len() <= MOST_NUMBERED) {
                own.insert(number, sums.map(|(first, _)| first));
            }
            if let Some(sums) = sums {
                rows.add(sums);
            }
        }
        if !own.is_empty() {
            numbers.insert(table, own);
        }
        if rows.count > MOST_ROWS {
            rows.sums = Vec::new();
        }
        rows.sums.sort_unstable();
        Ok(rows)
    }

    fn add(&mut self, (first, second): (Sum, Sum)) {
        self.total = (self.total.0.wrapping_add(first), self.total.1.wrapping_add(second));
        self.count += 1;
        if self.count <= MOST_ROWS {
            self.sums.push(first);
        }
    }

    /// Says in what it differs from another; nothing where it does not.
    fn against(&self, other: &Self) -> Option<String> {
        if self.is_too_large || other.is_too_large {
            return Some("not compared, as its table has too many rows".to_owned());
        }
        if self.strays + other.strays > 0 {
            return Some(format!("{} of no row, not {}", entries(self.strays), other.strays));
        }
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

fn entries(count: usize) -> String {
    counted(count, "entry", "entries")
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

/// Sums up values, and what stands before them.
fn sum(values: &[Value], extra: Option<&[u8]>) -> (Sum, Sum) {
    let mut hasher = Sha256::new();
    hasher.update(extra.unwrap_or_default());
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    for value in values {
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
