//! A database: its pages, and what its schema names.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::error::SqliteError;
use super::page::{Page, four};
use super::record::Value;
use super::rows::Rows;
use super::wal::{self, Log};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const JOURNAL_MAGIC: &[u8; 8] = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";

/// A database that is open for reading.
#[derive(Debug)]
pub struct Database {
    file: File,
    log: Option<(File, Log)>,
    page_size: usize,
    usable: usize,
    pages: u32,
    behind: u64,
    user_version: u32,
    application_id: u32,
}

/// What a schema names: a table, an index, a view or a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table that it is about: of a table its own name.
    pub table: String,
    /// The page where its rows begin; 0 where it has none.
    pub root: u32,
    /// The statement that made it.
    pub sql: String,
}

impl Database {
    /// Opens a file, with the write-ahead log that lies beside it as `NAME-wal`. Nothing is written.
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        refuse_hot_journal(&beside(path, "-journal"))?;
        let file = File::open(path)?;
        let log = match open_if_there(&beside(path, "-wal"))? {
            Some(file) => wal::read(&file)?.map(|log| (file, log)),
            None => None,
        };
        let size = file.metadata()?.len();
        let mut database = Self {
            file,
            log,
            page_size: 0,
            usable: 0,
            pages: 0,
            behind: 0,
            user_version: 0,
            application_id: 0,
        };
        database.read_head(size)?;
        Ok(database)
    }

    fn read_head(&mut self, size: u64) -> Result<(), SqliteError> {
        let wrong = |why| SqliteError::NotADatabase { why };
        let mut head = [0; 100];
        let first = self.log.as_ref().and_then(|(file, log)| log.places.get(&1).map(|at| (file, *at)));
        let (source, at) = first.unwrap_or((&self.file, 0));
        source.read_exact_at(&mut head, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => wrong("it is shorter than the header of one"),
            _ => error.into(),
        })?;
        if head[..16] != *MAGIC {
            return Err(wrong("its first bytes are those of something else"));
        }
        self.page_size = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        self.usable = self.page_size.saturating_sub(usize::from(head[20]));
        if !self.page_size.is_power_of_two() || self.page_size < 512 || self.usable < 480 {
            return Err(wrong("its pages have a size that none have"));
        }
        if head[19] > 2 {
            return Err(wrong("it is of a later format"));
        }
        if matches!(head[59], 2 | 3) {
            return Err(SqliteError::Encoding);
        }
        (self.user_version, self.application_id) =
            (four(&head, 60).unwrap_or(0), four(&head, 68).unwrap_or(0));
        self.pages = match &self.log {
            Some((_, log)) if log.page_size != self.page_size => {
                return Err(wrong("the pages of its write-ahead log have another size"));
            }
            Some((_, log)) => log.pages,
            None => {
                let there = u32::try_from(size / self.page_size as u64).unwrap_or(u32::MAX);
                // What wrote the header last may not have known of the count in it.
                let is_counted = four(&head, 24) == four(&head, 92);
                let counted = four(&head, 28).filter(|count| is_counted && (1..there).contains(count));
                counted.unwrap_or(there)
            }
        };
        self.behind = size.saturating_sub(u64::from(self.pages) * self.page_size as u64);
        Ok(())
    }

    /// Returns what the schema names, in its order.
    pub fn objects(&self) -> Result<Vec<Object>, SqliteError> {
        let text = |value: Option<&Value>| match value {
            Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        let mut objects = Vec::new();
        for row in self.rows(1)? {
            let values = row?.values;
            let root = match values.get(3) {
                Some(Value::Integer(root)) => u32::try_from(*root).unwrap_or(0),
                _ => 0,
            };
            let [kind, name, table, sql] = [0, 1, 2, 4].map(|at| text(values.get(at)));
            objects.push(Object { kind, name, table, root, sql });
        }
        Ok(objects)
    }

    /// Returns all rows of a table.
    pub fn table(&self, name: &str) -> Result<Rows<'_>, SqliteError> {
        let is_it = |object: &Object| object.kind == "table" && object.name.eq_ignore_ascii_case(name);
        let object = self.objects()?.into_iter().find(is_it);
        let object = object.ok_or_else(|| SqliteError::NoTable { name: name.to_owned() })?;
        self.rows(object.root)
    }

    /// Returns all rows of the table that begins at a page.
    pub fn rows(&self, root: u32) -> Result<Rows<'_>, SqliteError> {
        Rows::new(self, root)
    }

    /// Returns the number that programs give their databases (`PRAGMA user_version`).
    pub fn user_version(&self) -> u32 {
        self.user_version
    }

    /// Returns what says whose database it is (`PRAGMA application_id`).
    pub fn application_id(&self) -> u32 {
        self.application_id
    }

    /// Returns how many bytes of the file lie behind its last page, where no SQLite reads them.
    pub fn behind(&self) -> u64 {
        self.behind
    }

    /// Returns how many pages there are.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Returns how many bytes of a page are the database's.
    pub(super) fn usable(&self) -> usize {
        self.usable
    }

    /// Reads a page of a b-tree.
    pub(super) fn page(&self, number: u32) -> Result<Page, SqliteError> {
        Page::parse(number, self.bytes(number)?, self.usable)
    }

    /// Reads the bytes of a page.
    pub(super) fn bytes(&self, number: u32) -> Result<Vec<u8>, SqliteError> {
        let mut bytes = vec![0; self.page_size];
        let logged = self.log.as_ref().and_then(|(file, log)| log.places.get(&number).map(|at| (file, *at)));
        let in_file = || (&self.file, u64::from(number.saturating_sub(1)) * self.page_size as u64);
        let (source, at) = logged.unwrap_or_else(in_file);
        match source.read_exact_at(&mut bytes, at) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SqliteError::Damaged { page: number, why: "the file ends before it" })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn open_if_there(path: &Path) -> Result<Option<File>, SqliteError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A journal whose head was zeroed, cut or removed belongs to a transaction that was finished.
fn refuse_hot_journal(path: &Path) -> Result<(), SqliteError> {
    let Some(file) = open_if_there(path)? else { return Ok(()) };
    let mut head = [0; 8];
    match file.read_exact_at(&mut head, 0) {
        Ok(()) if head == *JOURNAL_MAGIC => Err(SqliteError::HotJournal),
        _ => Ok(()),
    }
}
