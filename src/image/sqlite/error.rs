//! What can be wrong with a SQLite file.

use std::io;

/// Why a SQLite file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The file or its write-ahead log cannot be read.
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
    /// It does not begin as such files do.
    #[error("it is no SQLite database: {why}")]
    NotADatabase {
        /// What is there instead.
        why: &'static str,
    },
    /// A transaction stopped half way, and its journal was not rolled back.
    #[error("a journal lies beside it that was never rolled back, so it is not what was last committed")]
    HotJournal,
    /// A page is not what the format says.
    #[error("page {page} is damaged: {why}")]
    Damaged {
        /// Its number, from 1.
        page: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A value is larger than those that are read.
    #[error("a row that begins at page {page} has {size} bytes, and at most {limit} are read")]
    TooLarge {
        /// The page where it begins.
        page: u32,
        /// Its size.
        size: u64,
        /// The largest that is read.
        limit: u64,
    },
    /// The text is not in UTF-8.
    #[error("its text is in UTF-16, which is not read")]
    Encoding,
    /// There is no such table.
    #[error("it has no table `{name}`")]
    NoTable {
        /// The name that was looked for.
        name: String,
    },
}
