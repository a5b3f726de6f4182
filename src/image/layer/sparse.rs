//! Files with holes: GNU's own header, and its formats 0.0, 0.1 and 1.0 in PAX records.

use std::io;

use tar::{GnuHeader, GnuSparseHeader};

use super::pax::PaxRecords;
use super::tar::{length, malformed};

/// How many parts a file may have; a map of a million parts is 20 MB of text.
const MOST_SEGMENTS: usize = 1_000_000;

/// How many digits a number has at most.
const LONGEST_NUMBER: usize = 20;

/// A part of a file that the archive has; what is between them is zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Which parts of a file are in the archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sparse {
    segments: Vec<Segment>,
    size: u64,
}

impl Sparse {
    /// Reads the beginning of a map in GNU's header.
    pub(super) fn of_header(header: &GnuHeader) -> io::Result<Self> {
        let mut sparse = Self { segments: Vec::new(), size: length(&header.realsize)? };
        sparse.add(&header.sparse)?;
        Ok(sparse)
    }

    /// Reads more of such a map.
    pub(super) fn add(&mut self, headers: &[GnuSparseHeader]) -> io::Result<()> {
        // An empty place ends the map; a part of no length at the end of a file has a place in it.
        for header in headers.iter().take_while(|header| !header.is_empty()) {
            self.push(length(&header.offset)?, length(&header.numbytes)?)?;
        }
        Ok(())
    }

    /// Reads a map from PAX records, or from the beginning of the content, which comes in blocks.
    pub(super) fn of_content(
        records: &PaxRecords,
        size: u64,
        block: &mut dyn FnMut() -> io::Result<[u8; 512]>,
    ) -> io::Result<Self> {
        let mut sparse = Self { segments: Vec::new(), size };
        let major = records.number("GNU.sparse.major")?;
        let numbers = match (major, records.bytes("GNU.sparse.map")) {
            (Some(1), _) => Self::numbers(block)?,
            (_, Some(map)) => map.split(|byte| *byte == b',').map(number).collect::<io::Result<_>>()?,
            _ if records.number("GNU.sparse.numblocks")? == Some(0) => Vec::new(),
            _ => return Err(malformed("a sparse file has no map that says where its holes are")),
        };
        for pair in numbers.chunks(2) {
            let [offset, length] = *pair else { return Err(malformed("the map of a sparse file is cut")) };
            sparse.push(offset, length)?;
        }
        Ok(sparse)
    }

    /// Reads the numbers of format 1.0: a line each, the first says how many parts there are.
    fn numbers(block: &mut dyn FnMut() -> io::Result<[u8; 512]>) -> io::Result<Vec<u64>> {
        let (mut lines, mut rest) = (Vec::new(), Vec::new());
        loop {
            rest.extend_from_slice(&block()?);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                lines.push(number(&rest[..end])?);
                rest.drain(..=end);
                let wanted = usize::try_from(lines[0]).unwrap_or(usize::MAX);
                if wanted > MOST_SEGMENTS {
                    return Err(malformed("the map of a sparse file has more than a million parts"));
                }
                if lines.len() == 1 + 2 * wanted {
                    return Ok(lines.split_off(1));
                }
            }
            if rest.len() > LONGEST_NUMBER {
                return Err(malformed("the map of a sparse file has something else than numbers"));
            }
        }
    }

    fn push(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let last = self.segments.last().map_or(0, |last| last.offset + last.length);
        let end = offset.checked_add(length).filter(|end| *end <= self.size);
        if offset < last || end.is_none() || self.segments.len() >= MOST_SEGMENTS {
            return Err(malformed("the map of a sparse file is out of order or leads out of it"));
        }
        self.segments.push(Segment { offset, length });
        Ok(())
    }

    /// Holds the map to the number of bytes that the archive has for the member, with what fills up a block.
    pub(super) fn check(&self, stored: u64) -> io::Result<()> {
        let data: u64 = self.segments.iter().map(|segment| segment.length).sum();
        if data.checked_next_multiple_of(512) == Some(stored) {
            Ok(())
        } else {
            Err(malformed("the map of a sparse file and its content have different lengths"))
        }
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the length of the file, holes included.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

fn number(text: &[u8]) -> io::Result<u64> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| malformed("the map of a sparse file has something else than numbers"))
}
