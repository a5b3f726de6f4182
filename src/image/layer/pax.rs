//! The records of an extended header (POSIX.1-2017, pax): `LENGTH KEY=VALUE\n`.

use std::collections::BTreeMap;
use std::io;

use super::entry::ModificationTime;
use super::tar::malformed;

/// Prefix of a key whose record holds an extended attribute.
const XATTR: &str = "SCHILY.xattr.";

/// The map of a sparse file, in GNU's format 0.1.
const MAP: &str = "GNU.sparse.map";

/// Keys of records with names of files.
const PATHS: [&str; 3] = ["path", "linkpath", "GNU.sparse.name"];

/// What an extended header says of the member behind it: of a key that comes twice, the last value.
#[derive(Debug, Default)]
pub(super) struct PaxRecords(BTreeMap<String, Vec<u8>>);

impl PaxRecords {
    /// Reads records. Their lengths are heeded: a value may contain any byte.
    pub(super) fn parse(mut bytes: &[u8]) -> io::Result<Self> {
        let (mut records, mut holes) = (BTreeMap::new(), Holes::default());
        // What fills up a block is no record.
        while bytes.first().is_some_and(|byte| *byte != 0) {
            let (record, rest) = split(bytes).ok_or_else(|| malformed("an extended header is damaged"))?;
            let equals = record.iter().position(|byte| *byte == b'=');
            let equals = equals.ok_or_else(|| malformed("a record of an extended header has no `=`"))?;
            let key = String::from_utf8_lossy(&record[..equals]).into_owned();
            let value = &record[equals + 1..];
            if PATHS.contains(&key.as_str()) && value.contains(&0) {
                return Err(malformed(&format!("`{key}` of an extended header has a zero in it")));
            }
            if !holes.take(&key, value)? {
                records.insert(key, value.to_vec());
            }
            bytes = rest;
        }
        if !holes.0.is_empty() {
            records.insert(MAP.to_owned(), holes.0.join(&b','));
        }
        Ok(Self(records))
    }

    /// Returns a value; an empty one takes those before it back.
    pub(super) fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice).filter(|value| !value.is_empty())
    }

    /// Returns a value that is a number.
    pub(super) fn number(&self, key: &str) -> io::Result<Option<u64>> {
        let Some(value) = self.bytes(key) else { return Ok(None) };
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| malformed(&format!("`{key}` of an extended header is no number")))
    }

    /// Returns a moment: seconds with a fraction, perhaps negative.
    pub(super) fn time(&self, key: &str) -> io::Result<Option<ModificationTime>> {
        let Some(value) = self.bytes(key) else { return Ok(None) };
        let time = std::str::from_utf8(value).ok().and_then(moment);
        time.map(Some).ok_or_else(|| malformed(&format!("`{key}` of an extended header is no time")))
    }

    /// Returns the size of a file that has holes.
    pub(super) fn sparse_size(&self) -> io::Result<Option<u64>> {
        match self.number("GNU.sparse.realsize")? {
            None => self.number("GNU.sparse.size"),
            size => Ok(size),
        }
    }

    /// Returns the extended attributes, ordered by their names.
    pub(super) fn xattrs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(|(key, value)| Some((key.strip_prefix(XATTR)?, value.as_slice())))
    }
}

/// The map of a sparse file in GNU's format 0.0: a record each for where a part is and how long.
#[derive(Default)]
struct Holes<'a>(Vec<&'a [u8]>);

impl<'a> Holes<'a> {
    /// Takes a record, if it belongs to such a map.
    fn take(&mut self, key: &str, value: &'a [u8]) -> io::Result<bool> {
        let is_length = match key {
            "GNU.sparse.offset" => false,
            "GNU.sparse.numbytes" => true,
            _ => return Ok(false),
        };
        if is_length == self.0.len().is_multiple_of(2) {
            return Err(malformed("the map of a sparse file is out of order"));
        }
        self.0.push(value);
        Ok(true)
    }
}

/// Cuts off the first record: its key and value, and what is behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((record, &bytes[length..]))
}

fn moment(text: &str) -> Option<ModificationTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{fraction:0<9}");
    let nanoseconds: u32 = digits[..9].parse().ok()?;
    // A fraction of a moment before 1970 leads further back.
    Some(if whole.starts_with('-') && nanoseconds > 0 {
        ModificationTime { seconds: seconds.checked_sub(1)?, nanoseconds: 1_000_000_000 - nanoseconds }
    } else {
        ModificationTime { seconds, nanoseconds }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_contain_anything() {
        let records =
            PaxRecords::parse(b"33 SCHILY.xattr.security.c=a\n\0=b\n11 uid=1000\n\0\0").unwrap_err();
        assert_eq!(records.to_string(), "an extended header is damaged");
        let records = PaxRecords::parse(b"33 SCHILY.xattr.security.c=a\n\0=b\n12 uid=1000\n\0\0").unwrap();
        let xattrs: Vec<_> = records.xattrs().collect();
        assert_eq!(xattrs, [("security.c", b"a\n\0=b".as_slice())]);
        assert_eq!(records.number("uid").unwrap(), Some(1000));
        assert_eq!(records.number("gid").unwrap(), None);
    }

    #[test]
    fn damaged_records_are_errors() {
        for wrong in ["5 a\n", "99 a=b\n", "x a=b\n", "6 a=b", "0 a=b\n", "7 uid=x"] {
            assert!(PaxRecords::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let number = PaxRecords::parse(b"8 uid=x\n").unwrap().number("uid").unwrap_err();
        assert_eq!(number.to_string(), "`uid` of an extended header is no number");
    }

    #[test]
    fn times_have_fractions_and_may_be_before_1970() {
        let at = |seconds, nanoseconds| Some(ModificationTime { seconds, nanoseconds });
        assert_eq!(moment("1700000000.5"), at(1_700_000_000, 500_000_000));
        assert_eq!(moment("12"), at(12, 0));
        assert_eq!(moment("-1.25"), at(-2, 750_000_000));
        assert_eq!(moment("1.1234567891"), at(1, 123_456_789));
        assert_eq!(moment("1.x"), None);
    }
}
