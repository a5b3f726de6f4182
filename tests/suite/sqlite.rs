//! Files that SQLite wrote are read by the reader of this project.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use stagebook::image::sqlite::{Database, SqliteError, Value};

use crate::project::{has, skipped};

/// Writes databases into a folder, and beside each `NAME.rows` what SQLite reads of it.
const WRITER: &str = r#"
import os, random, shutil, sqlite3, sys
os.chdir(sys.argv[1])
random.seed(1)

def shown(value):
    if value is None: return "null"
    if isinstance(value, int): return "integer %d" % value
    if isinstance(value, float): return "real " + repr(value)
    if isinstance(value, str): return "text " + value.encode().hex()
    return "blob " + value.hex()

def dump(connection, name):
    with open(name + ".rows", "w") as out:
        for table, in list(connection.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")):
            key = "rowid" if table != "keyed" else "null"
            for row in connection.execute("select %s, * from '%s'" % (key, table)):
                out.write(table + " " + str(row[0]) + ": " + ", ".join(map(shown, row[1:])) + "\n")

def fill(connection, rows):
    connection.execute("create table plain (a, b, c)")
    connection.execute("create table keyed (name text primary key, value) without rowid")
    connection.execute("create table empty (a)")
    connection.execute("create index of_b on plain (b)")
    numbers = [0, 1, -1, 127, 128, -129, 40000, 2**23, -2**31, 2**40, 2**47, -2**63, 2**63 - 1]
    for i in range(rows):
        blob = random.randbytes(random.choice([0, 1, 30, 400, 440, 500, 5000, 70000 if i % 50 == 0 else 9]))
        connection.execute("insert into plain values (?, ?, ?)", (random.choice(numbers), blob, random.choice([None, 0.5, -1e300, "größe"])))
        connection.execute("insert into keyed values (?, ?)", ("%08x" % random.getrandbits(32), random.randbytes(random.choice([3, 700]))))
    connection.execute("delete from plain where rowid % 3 = 0")
    connection.execute("alter table plain add column d default 'late'")
    connection.execute("insert into plain values (1, x'', 'a', 'b')")
    connection.execute("update plain set d = 'late'")

for size in [512, 4096, 65536]:
    for vacuum in [0, 1]:
        name = "size%d-%d.db" % (size, vacuum)
        connection = sqlite3.connect(name)
        connection.execute("pragma page_size = %d" % size)
        connection.execute("pragma auto_vacuum = %d" % vacuum)
        fill(connection, 400)
        connection.commit()
        dump(connection, name)
        connection.close()

connection = sqlite3.connect("logged")
connection.execute("pragma page_size = 1024")
connection.execute("pragma journal_mode = wal")
fill(connection, 50)
connection.commit()
connection.execute("pragma wal_checkpoint(truncate)")
connection.execute("pragma wal_autocheckpoint = 0")
for i in range(3):
    connection.execute("insert into plain values (?, ?, null, null)", (i, random.randbytes(3000)))
    connection.commit()
dump(connection, "logged.db")
connection.execute("pragma cache_size = 5")
for i in range(200):
    connection.execute("insert into plain values ('open', ?, null, null)", (random.randbytes(3000),))
shutil.copy("logged", "logged.db")
shutil.copy("logged-wal", "logged.db-wal")
assert os.path.getsize("logged.db-wal") > 400000
connection.rollback()

# The first page too is in the log alone.
connection = sqlite3.connect("fresh")
connection.execute("pragma journal_mode = wal")
connection.execute("pragma wal_autocheckpoint = 0")
fill(connection, 20)
connection.commit()
dump(connection, "fresh.db")
shutil.copy("fresh", "fresh.db")
shutil.copy("fresh-wal", "fresh.db-wal")

connection = sqlite3.connect("journal")
fill(connection, 50)
connection.commit()
connection.execute("pragma cache_size = 5")
connection.execute("delete from plain")
shutil.copy("journal", "hot.db")
shutil.copy("journal-journal", "hot.db-journal")
connection.rollback()
connection.close()

connection = sqlite3.connect("utf16.db")
connection.execute("pragma encoding = 'UTF-16le'")
fill(connection, 1)
connection.commit()
"#;

/// Writes the databases; none where Python is not there to do it.
fn written(test: &str) -> Option<tempfile::TempDir> {
    if !has("python3") {
        assert!(std::env::var_os("CI").is_none(), "python3 is not there");
        skipped(test, "python3 is not there");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let status = Command::new("python3").args(["-c", WRITER]).arg(folder.path()).status();
    assert!(status.expect("python3 starts").success());
    Some(folder)
}

fn shown(value: &Value) -> String {
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => format!("integer {number}"),
        Value::Real(number) if number.abs() > 1e16 => format!("real {number:e}").replace("e300", "e+300"),
        Value::Real(number) => format!("real {number}"),
        Value::Text(text) => format!("text {}", bytes(text)),
        Value::Blob(blob) => format!("blob {}", bytes(blob)),
    }
}

/// Returns all rows of all tables, as the writer shows them.
fn dump(path: &Path) -> Result<String, SqliteError> {
    let database = Database::open(path)?;
    let mut tables = database.objects()?;
    tables.retain(|object| object.kind == "table" && !object.name.starts_with("sqlite_"));
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = String::new();
    for table in tables {
        for row in database.rows(table.root)? {
            let row = row?;
            let key = row.rowid.map_or("None".to_owned(), |rowid| rowid.to_string());
            let values: Vec<_> = row.values.iter().map(shown).collect();
            let _ = writeln!(text, "{} {key}: {}", table.name, values.join(", "));
        }
    }
    Ok(text)
}

/// Reads all rows of all tables.
fn walk(path: &Path) -> Result<(), SqliteError> {
    let database = Database::open(path)?;
    for table in database.objects()? {
        database.rows(table.root)?.try_for_each(|row| row.map(drop))?;
    }
    Ok(())
}

fn databases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let is_read = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "db");
    paths.filter(|path| is_read(path) && path.with_extension("db.rows").is_file()).collect()
}

#[test]
fn rows_are_those_that_sqlite_reads() {
    let Some(folder) = written("rows_are_those_that_sqlite_reads") else { return };
    let databases = databases(folder.path());
    assert_eq!(databases.len(), 8);
    for path in databases {
        let expected = fs::read_to_string(path.with_extension("db.rows")).expect("it was written");
        let found = dump(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let odd = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!(odd, None, "{}", path.display());
        assert_eq!(found.lines().count(), expected.lines().count(), "{}", path.display());
    }
}

#[test]
fn nothing_is_written_beside_a_database() {
    let Some(folder) = written("nothing_is_written_beside_a_database") else { return };
    let files = || fs::read_dir(folder.path()).expect("the folder is there").count();
    let before = files();
    for path in databases(folder.path()) {
        walk(&path).expect("it is a database");
    }
    assert_eq!(files(), before);
}

#[test]
fn what_cannot_be_read_rightly_is_refused() {
    let Some(folder) = written("what_cannot_be_read_rightly_is_refused") else { return };
    let read = |name: &str| dump(&folder.path().join(name));
    assert!(matches!(read("hot.db"), Err(SqliteError::HotJournal)));
    assert!(matches!(read("utf16.db"), Err(SqliteError::Encoding)));
    assert!(matches!(read("size512-0.db.rows"), Err(SqliteError::NotADatabase { .. })));
    assert!(matches!(read("none.db"), Err(SqliteError::Read(_))));
    let whole = fs::read(folder.path().join("size4096-0.db")).expect("it was written");
    fs::write(folder.path().join("cut.db"), &whole[..whole.len() / 2]).expect("it can be written");
    assert!(matches!(read("cut.db"), Err(SqliteError::Damaged { .. })));
}

/// A database may hold anything; reading it ends, and takes no more memory than a few times its size.
#[test]
fn damaged_databases_do_no_harm() {
    let Some(folder) = written("damaged_databases_do_no_harm") else { return };
    let wholes = ["size512-1.db", "size4096-0.db", "fresh.db-wal"]
        .map(|name| fs::read(folder.path().join(name)).expect("it was written"));
    let path = folder.path().join("damaged.db");
    let changes =
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..40);
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(which in 0..3_usize, changes in changes)| {
        let mut bytes = wholes[which].clone();
        for (at, byte, is_in_head) in changes {
            let room = if is_in_head { bytes.len().min(2048) } else { bytes.len() };
            // The first hundred bytes are the header: most changes there only make it another kind of file.
            bytes[16 + at.index(room - 16)] = byte;
        }
        if which == 2 {
            fs::write(&path, b"").expect("it can be written");
            fs::write(path.with_extension("db-wal"), &bytes).expect("it can be written");
        } else {
            fs::write(&path, &bytes).expect("it can be written");
        }
        let _ = walk(&path);
        let _ = fs::remove_file(path.with_extension("db-wal"));
    });
}
