//! A walk through a b-tree, from the first row to the last.

use std::collections::HashSet;

use super::database::Database;
use super::error::SqliteError;
use super::page::{Page, Payload, four};
use super::record::{self, Value};

/// The deepest tree that is walked: SQLite's own limit.
const DEEPEST: usize = 20;

/// The largest row that is read, in bytes. Headers of packages with tens of thousands of files have some MiB.
const LARGEST_ROW: u64 = 64 * 1024 * 1024;

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, which is also the value of a column `INTEGER PRIMARY KEY`; none in a table `WITHOUT ROWID`.
    pub rowid: Option<i64>,
    /// Its values: those of columns that were added later are missing at the end.
    pub values: Vec<Value>,
}

/// All rows of a table, in the order of their keys. It ends with the first error.
#[derive(Debug)]
pub struct Rows<'database> {
    database: &'database Database,
    /// The pages from the root to where the walk is.
    path: Vec<Level>,
    seen: Seen,
}

/// A page, and how far the walk is on it.
#[derive(Debug)]
struct Level {
    page: Page,
    cell: usize,
    /// Whether the page below the cell was walked.
    is_below_done: bool,
    /// How many bytes its cells have taken.
    used: usize,
}

impl<'database> Rows<'database> {
    /// Begins a walk at the root of a tree.
    pub(super) fn new(database: &'database Database, root: u32) -> Result<Self, SqliteError> {
        let seen = Seen::new(database.pages());
        let mut rows = Self { database, path: Vec::new(), seen };
        rows.descend(root)?;
        Ok(rows)
    }

    fn descend(&mut self, number: u32) -> Result<(), SqliteError> {
        self.seen.add(number)?;
        if self.path.len() == DEEPEST {
            return Err(SqliteError::Damaged { page: number, why: "it lies deeper than trees go" });
        }
        let page = self.database.page(number)?;
        let is_below_done = !page.kind.is_interior();
        self.path.push(Level { page, cell: 0, is_below_done, used: 0 });
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Row>, SqliteError> {
        while let Some(level) = self.path.last_mut() {
            match level.advance()? {
                Advance::Up => {
                    self.path.pop();
                }
                Advance::Down(page) => self.descend(page)?,
                Advance::Cell(cell) => {
                    if let Some(row) = self.row(cell)? {
                        return Ok(Some(row));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Returns the row of a cell of the page where the walk is; the interior of a table has none.
    fn row(&mut self, index: usize) -> Result<Option<Row>, SqliteError> {
        let Some(level) = self.path.last_mut() else { return Ok(None) };
        let cell = level.page.cell(index)?;
        level.used += cell.size;
        // Otherwise a small file could have as many large rows as it has cells.
        if level.used > self.database.usable() {
            return Err(level.page.damaged("its cells overlap"));
        }
        let Some(payload) = cell.payload else { return Ok(None) };
        let record = whole(self.database, &mut self.seen, level.page.number, &payload)?;
        let values = record::values(&record).ok_or_else(|| level.page.damaged("a row is not one"))?;
        Ok(Some(Row { rowid: cell.rowid, values }))
    }
}

/// What comes next on a page.
enum Advance {
    /// The page is done.
    Up,
    /// A page below.
    Down(u32),
    /// A cell.
    Cell(usize),
}

impl Level {
    fn advance(&mut self) -> Result<Advance, SqliteError> {
        let is_last = self.cell == self.page.cells;
        if !self.is_below_done {
            self.is_below_done = true;
            let child = if is_last { Some(self.page.last_child) } else { self.page.cell(self.cell)?.child };
            return Ok(Advance::Down(child.unwrap_or(0)));
        }
        if is_last {
            return Ok(Advance::Up);
        }
        self.cell += 1;
        self.is_below_done = !self.page.kind.is_interior();
        Ok(Advance::Cell(self.cell - 1))
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, SqliteError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.step().transpose();
        if matches!(row, Some(Err(_))) {
            self.path.clear();
        }
        row
    }
}

/// Puts a payload together with what lies on other pages.
fn whole(
    database: &Database,
    seen: &mut Seen,
    page: u32,
    payload: &Payload<'_>,
) -> Result<Vec<u8>, SqliteError> {
    if payload.size > LARGEST_ROW {
        return Err(SqliteError::TooLarge { page, size: payload.size, limit: LARGEST_ROW });
    }
    let mut bytes = payload.local.to_vec();
    let mut missing = usize::try_from(payload.size).unwrap_or(0) - bytes.len();
    let mut next = payload.overflow;
    while missing > 0 {
        let number = next.unwrap_or(0);
        seen.add(number)?;
        let page = database.bytes(number)?;
        let taken = missing.min(database.usable() - 4);
        bytes.extend_from_slice(&page[4..4 + taken]);
        missing -= taken;
        next = four(&page, 0);
    }
    Ok(bytes)
}

/// The pages that a walk has met. In a sound file each belongs to one place, so a walk ends.
#[derive(Debug)]
struct Seen {
    last: u32,
    pages: HashSet<u32>,
}

impl Seen {
    fn new(last: u32) -> Self {
        Self { last, pages: HashSet::new() }
    }

    fn add(&mut self, page: u32) -> Result<(), SqliteError> {
        if page == 0 || page > self.last {
            return Err(SqliteError::Damaged { page, why: "the database has no such page" });
        }
        if self.pages.insert(page) {
            Ok(())
        } else {
            Err(SqliteError::Damaged { page, why: "it is used twice" })
        }
    }
}
