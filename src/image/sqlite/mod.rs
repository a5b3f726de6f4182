//! SQLite files, read and never written.
//!
//! Takes a file of the format that <https://sqlite.org/fileformat2.html> describes, and gives the rows of
//! its tables. There is no SQL: who reads a package database or a history wants all rows of a table.
//!
//! ```text
//! file, write-ahead log -> pages -> b-tree -> payloads with their overflow -> records -> values
//! ```
//!
//! SQLite itself is not linked, and that was measured: its one C file takes 71 seconds of a core in a
//! release build, and nothing else can be built of that core meanwhile. What is read here comes out of
//! images that nobody vouches for. Every length is held to the file, and each page is read once in a walk:
//! the time and the memory that a file costs are bounded by its size, whatever its pages claim.
//!
//! Not here: writing, indexes (but tables `WITHOUT ROWID` are read, they are indexes inside), encryption,
//! and rolling back a journal. A database with a journal that must be rolled back is refused. A write-ahead
//! log beside the file is honoured: what was committed into it is what is read.

mod database;
mod error;
mod page;
mod record;
mod rows;
mod wal;

pub use database::{Database, Object};
pub use error::SqliteError;
pub use record::Value;
pub use rows::{Row, Rows};
