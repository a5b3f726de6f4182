//! What can be wrong with a package database.

use std::io;

use crate::image::sqlite::SqliteError;

/// Why the packages of a database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The bytes cannot be read.
    #[error("the package database cannot be read")]
    Read(#[from] io::Error),
    /// The file is not a database that SQLite would read.
    #[error("rpm's database cannot be read")]
    Sqlite(#[from] SqliteError),
    /// A row of rpm's table of packages is not one.
    #[error("row {row} of rpm's table of packages has no header")]
    NoHeader {
        /// Its number.
        row: i64,
    },
    /// The header of a package is not one.
    #[error("the header of package {row} in rpm's database is damaged")]
    Header {
        /// The number of its row.
        row: i64,
        /// What is wrong with it.
        #[source]
        source: HeaderError,
    },
    /// A package has no name or no version.
    #[error("the package at line {line} has no `{field}`")]
    Incomplete {
        /// Where it begins.
        line: usize,
        /// What is missing.
        field: &'static str,
    },
    /// A line is not a field.
    #[error("line {line} is no field of a package")]
    NoField {
        /// Its number, from 1.
        line: usize,
    },
    /// A line is longer than those that are read.
    #[error("line {line} has more than {limit} bytes")]
    LongLine {
        /// Its number, from 1.
        line: usize,
        /// The longest that is read.
        limit: usize,
    },
    /// There are more packages than any system has.
    #[error("it has more than {limit} packages")]
    TooMany {
        /// The most that are read.
        limit: usize,
    },
}

/// Why a header of rpm cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The sizes at its start are not those of the header.
    #[error("it has {size} bytes, and its first eight promise another size")]
    Size {
        /// How many bytes there are.
        size: usize,
    },
    /// An entry has a type that does not exist.
    #[error("tag {tag} has the type {kind}, which does not exist")]
    Kind {
        /// The tag.
        tag: u32,
        /// The number of its type.
        kind: u32,
    },
    /// The data of an entry is not within the header.
    #[error("the data of tag {tag} leaves the header")]
    Bounds {
        /// The tag.
        tag: u32,
    },
    /// A tag that a package must have is missing or of another type.
    #[error("tag {tag} is missing, or is not of the type that it should be")]
    Missing {
        /// The tag.
        tag: u32,
    },
    /// A name or a version is too long to be one.
    #[error("the text of tag {tag} has {size} bytes")]
    LongText {
        /// The tag.
        tag: u32,
        /// How long the text is.
        size: usize,
    },
}
