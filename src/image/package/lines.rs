//! Lines of a database in text, of any size.

use std::io::{BufRead, Read as _};

use super::error::PackageError;

/// The longest line that is read, in bytes: the longest of a Debian system has some ten thousand.
const LONGEST_LINE: usize = 1024 * 1024;

/// Reads lines one after the other.
pub(super) struct Lines<R> {
    reader: R,
    /// The number of the line that was read last, from 1.
    pub(super) number: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Begins with the first line.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, line: Vec::new() }
    }

    /// Returns the next line without its end; none after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, PackageError> {
        self.line.clear();
        let limit = LONGEST_LINE as u64 + 1;
        if (&mut self.reader).take(limit).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        if line.len() > LONGEST_LINE {
            return Err(PackageError::LongLine { line: self.number, limit: LONGEST_LINE });
        }
        Ok(Some(line))
    }
}
