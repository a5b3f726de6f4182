//! A page of a b-tree, and the cells on it.

use super::error::SqliteError;

/// Bytes before the b-tree on the first page: the header of the file.
const FILE_HEADER: usize = 100;

/// What a page of a b-tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Keys of a table, and the pages below.
    TableInterior,
    /// Rows of a table.
    TableLeaf,
    /// Entries of an index, and the pages below.
    IndexInterior,
    /// Entries of an index.
    IndexLeaf,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            0x02 => Some(Self::IndexInterior),
            0x05 => Some(Self::TableInterior),
            0x0a => Some(Self::IndexLeaf),
            0x0d => Some(Self::TableLeaf),
            _ => None,
        }
    }

    /// Returns whether there are pages below it.
    pub(super) fn is_interior(self) -> bool {
        matches!(self, Self::TableInterior | Self::IndexInterior)
    }
}

/// A page of a b-tree.
#[derive(Debug)]
pub(super) struct Page {
    /// Its number, from 1.
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// How many cells it has.
    pub(super) cells: usize,
    /// The page below that has the largest keys; for an interior page only.
    pub(super) last_child: u32,
    bytes: Vec<u8>,
    usable: usize,
    pointers: usize,
}

/// What a cell has.
#[derive(Debug)]
pub(super) struct Cell<'page> {
    /// The page with smaller keys; none on a leaf.
    pub(super) child: Option<u32>,
    /// The number of the row; none in an index.
    pub(super) rowid: Option<i64>,
    /// The record; none in the interior of a table.
    pub(super) payload: Option<Payload<'page>>,
    /// How many bytes of the page it takes.
    pub(super) size: usize,
}

/// The bytes of a record, of which some may lie on other pages.
#[derive(Debug)]
pub(super) struct Payload<'page> {
    /// Size of all of it.
    pub(super) size: u64,
    /// What is on this page.
    pub(super) local: &'page [u8],
    /// The first page with the rest of it.
    pub(super) overflow: Option<u32>,
}

impl Page {
    /// Reads the head of a page; `usable` is its size without what extensions reserve at its end.
    pub(super) fn parse(number: u32, bytes: Vec<u8>, usable: usize) -> Result<Self, SqliteError> {
        let start = if number == 1 { FILE_HEADER } else { 0 };
        let damaged = |why| SqliteError::Damaged { page: number, why };
        let kind = Kind::of(bytes[start]).ok_or_else(|| damaged("it is none of a b-tree"))?;
        let head = if kind.is_interior() { 12 } else { 8 };
        let cells = usize::from(u16::from_be_bytes([bytes[start + 3], bytes[start + 4]]));
        let pointers = start + head;
        if pointers + 2 * cells > usable {
            return Err(damaged("its cells are more than fit on it"));
        }
        let last_child = if kind.is_interior() { four(&bytes, start + 8).unwrap_or(0) } else { 0 };
        Ok(Self { number, kind, cells, last_child, bytes, usable, pointers })
    }

    /// Returns a cell, which must be one of those that the page has.
    pub(super) fn cell(&self, index: usize) -> Result<Cell<'_>, SqliteError> {
        let pointer = self.pointers + 2 * index;
        let start = usize::from(u16::from_be_bytes([self.bytes[pointer], self.bytes[pointer + 1]]));
        self.cell_at(start).ok_or_else(|| self.damaged("a cell leaves the page"))
    }

    fn cell_at(&self, start: usize) -> Option<Cell<'_>> {
        let mut at = start;
        let child = if self.kind.is_interior() {
            at += 4;
            Some(four(&self.bytes[..self.usable], at - 4)?)
        } else {
            None
        };
        let is_table = matches!(self.kind, Kind::TableInterior | Kind::TableLeaf);
        let size = if self.kind == Kind::TableInterior { None } else { Some(self.varint(&mut at)?) };
        let rowid = if is_table { Some(self.varint(&mut at)?.cast_signed()) } else { None };
        let payload = match size {
            Some(size) => Some(self.payload(size, at)?),
            None => None,
        };
        let size = at - start + payload.as_ref().map_or(0, |payload| payload.local.len());
        Some(Cell { child, rowid, payload, size })
    }

    fn payload(&self, size: u64, start: usize) -> Option<Payload<'_>> {
        let local = self.local_size(size);
        let end = start.checked_add(local)?;
        let bytes = self.bytes[..self.usable].get(start..end)?;
        let overflow =
            if (local as u64) < size { Some(four(&self.bytes[..self.usable], end)?) } else { None };
        Some(Payload { size, local: bytes, overflow })
    }

    /// Returns how much of a payload is on the page itself; the names are those of the format's description.
    fn local_size(&self, size: u64) -> usize {
        let usable = self.usable;
        let most = match self.kind {
            Kind::TableLeaf | Kind::TableInterior => usable - 35,
            Kind::IndexLeaf | Kind::IndexInterior => (usable - 12) * 64 / 255 - 23,
        };
        let least = (usable - 12) * 32 / 255 - 23;
        match usize::try_from(size) {
            Ok(size) if size <= most => size,
            _ => {
                let beyond = (size - least as u64) % (usable as u64 - 4);
                let kept = least + usize::try_from(beyond).unwrap_or(0);
                if kept <= most { kept } else { least }
            }
        }
    }

    fn varint(&self, at: &mut usize) -> Option<u64> {
        let (value, length) = varint(self.bytes[..self.usable].get(*at..)?)?;
        *at += length;
        Some(value)
    }

    /// Returns the error that something is wrong with this page.
    pub(super) fn damaged(&self, why: &'static str) -> SqliteError {
        SqliteError::Damaged { page: self.number, why }
    }
}

/// Reads a number of one to nine bytes, and returns it with their count.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(8).enumerate() {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    // The ninth byte has eight bits of it.
    let last = bytes.get(8)?;
    Some((value << 8 | u64::from(*last), 9))
}

/// Reads four bytes, the largest first.
pub(super) fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        assert_eq!(varint(&[0x00]), Some((0, 1)));
        assert_eq!(varint(&[0x7f, 0xff]), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80; 8]), None);
        assert_eq!(varint(&[]), None);
    }
}
