//! The write-ahead log: pages that were committed and not yet written into the file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use super::error::SqliteError;
use super::page::four;

const HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
/// The first four bytes; the last bit says in which order the checksums read their words.
const MAGIC: u32 = 0x377f_0682;

/// What was committed into a log.
#[derive(Debug)]
pub(super) struct Log {
    /// The size of its pages.
    pub(super) page_size: usize,
    /// How many pages the database has after the last commit.
    pub(super) pages: u32,
    /// Where in the log the newest of each page begins.
    pub(super) places: HashMap<u32, u64>,
}

/// Reads a log; none is returned where nothing was committed into it.
///
/// Like in SQLite, the log ends with the first frame whose checksum or salt is another: frames of an earlier
/// use of the file stand behind it.
pub(super) fn read(file: &File) -> Result<Option<Log>, SqliteError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut head = [0; HEAD];
    if !filled(&mut reader, &mut head)? {
        return Ok(None);
    }
    let field = |at| four(&head, at).unwrap_or(0);
    let big_endian = field(0) & 1 == 1;
    let page_size = field(8) as usize;
    let mut sum = Sum { words: (0, 0), big_endian };
    sum.add(&head[..24]);
    let is_valid =
        field(0) & !1 == MAGIC && page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
    if !is_valid || sum.words != (field(24), field(28)) {
        return Ok(None);
    }
    let mut log = Log { page_size, pages: 0, places: HashMap::new() };
    let mut open = Vec::new();
    let mut frame = vec![0; FRAME_HEAD + page_size];
    let mut at = HEAD as u64;
    while filled(&mut reader, &mut frame)? {
        let field = |at| four(&frame, at).unwrap_or(0);
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME_HEAD..]);
        if frame[8..16] != head[16..24] || sum.words != (field(16), field(20)) || field(0) == 0 {
            break;
        }
        open.push((field(0), at + FRAME_HEAD as u64));
        if field(4) != 0 {
            log.pages = field(4);
            log.places.extend(open.drain(..));
        }
        at += frame.len() as u64;
    }
    Ok((log.pages > 0).then_some(log))
}

/// Fills a buffer; returns false where the file ends before.
fn filled(reader: &mut impl Read, buffer: &mut [u8]) -> Result<bool, SqliteError> {
    let mut read = 0;
    while read < buffer.len() {
        match reader.read(&mut buffer[read..])? {
            0 => return Ok(false),
            more => read += more,
        }
    }
    Ok(true)
}

/// The running checksum of a log.
struct Sum {
    words: (u32, u32),
    big_endian: bool,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let word = |bytes: &[u8]| {
            let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
            if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (mut first, mut second) = self.words;
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
            second = second.wrapping_add(word(&pair[4..])).wrapping_add(first);
        }
        self.words = (first, second);
    }
}
