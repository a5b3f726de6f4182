//! The header of a package, as rpm stores it in its database.
//!
//! ```text
//! 4 bytes: number of entries | 4 bytes: size of the store | entries, 16 bytes each | store
//! entry: tag, type, offset into the store, count; all numbers have the largest byte first
//! ```
//!
//! The entries that the package was built and signed with come first, in a *region*; behind them are those
//! that the installation added. Where both have a tag, the added one counts, as in rpm.

use super::error::HeaderError;

/// The most entries that rpm allows.
const MOST_ENTRIES: usize = 0xffff;
/// The longest text that is taken for a name or a version.
const LONGEST_TEXT: usize = 64 * 1024;

/// The type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No data.
    Null,
    /// Characters of one byte.
    Char,
    /// Numbers of one byte.
    Int8,
    /// Numbers of two bytes.
    Int16,
    /// Numbers of four bytes.
    Int32,
    /// Numbers of eight bytes.
    Int64,
    /// One text, with a zero byte at its end.
    Text,
    /// Bytes.
    Binary,
    /// Texts.
    Texts,
    /// One text in several languages, the first in none.
    Translated,
}

impl Kind {
    fn of(number: u32) -> Option<Self> {
        use Kind::{Binary, Char, Int8, Int16, Int32, Int64, Null, Text, Texts, Translated};
        let kinds = [Null, Char, Int8, Int16, Int32, Int64, Text, Binary, Texts, Translated];
        kinds.get(usize::try_from(number).ok()?).copied()
    }

    /// Returns how many bytes a value has; none for texts.
    fn width(self) -> Option<usize> {
        match self {
            Self::Null => Some(0),
            Self::Char | Self::Int8 | Self::Binary => Some(1),
            Self::Int16 => Some(2),
            Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::Text | Self::Texts | Self::Translated => None,
        }
    }
}

/// What a header says of one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'header> {
    /// The tag.
    pub tag: u32,
    /// The type of its values.
    pub kind: Kind,
    /// How many values there are.
    pub count: u32,
    /// The values, as they are stored.
    pub data: &'header [u8],
}

/// A header, of which every entry was held to its size.
#[derive(Debug, Clone)]
pub struct Header<'header> {
    entries: Vec<Entry<'header>>,
}

impl<'header> Header<'header> {
    /// Reads a header.
    pub fn parse(bytes: &'header [u8]) -> Result<Self, HeaderError> {
        let (index, store) = parts(bytes).ok_or(HeaderError::Size { size: bytes.len() })?;
        let entries = index.chunks_exact(16).map(|entry| Entry::parse(entry, store));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// Returns all entries, in the order of the header.
    pub fn entries(&self) -> &[Entry<'header>] {
        &self.entries
    }

    /// Returns the entry of a tag that counts.
    pub fn entry(&self, tag: u32) -> Option<&Entry<'header>> {
        self.entries.iter().rev().find(|entry| entry.tag == tag)
    }

    /// Returns the text of a tag, or the first of several.
    pub fn text(&self, tag: u32) -> Result<Option<String>, HeaderError> {
        let text = self.entry(tag).and_then(Entry::text);
        match text {
            Some(text) if text.len() > LONGEST_TEXT => Err(HeaderError::LongText { tag, size: text.len() }),
            text => Ok(text.map(|text| String::from_utf8_lossy(text).into_owned())),
        }
    }

    /// Returns the first number of a tag.
    pub fn number(&self, tag: u32) -> Option<u64> {
        self.entry(tag).and_then(Entry::number)
    }
}

fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let entries = usize::try_from(four(bytes, 0)?).ok()?;
    let store = usize::try_from(four(bytes, 4)?).ok()?;
    if entries > MOST_ENTRIES {
        return None;
    }
    let (index, rest) = bytes.get(8..)?.split_at_checked(entries * 16)?;
    (rest.len() == store).then_some((index, rest))
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl<'header> Entry<'header> {
    fn parse(entry: &[u8], store: &'header [u8]) -> Result<Self, HeaderError> {
        let field = |number: usize| four(entry, number * 4).unwrap_or(0);
        let (tag, kind, count) = (field(0), field(1), field(3));
        let kind = Kind::of(kind).ok_or(HeaderError::Kind { tag, kind })?;
        let data = usize::try_from(field(2)).ok().and_then(|offset| store.get(offset..));
        let data = data.and_then(|data| data.get(..size(kind, count, data)?));
        let data = data.ok_or(HeaderError::Bounds { tag })?;
        Ok(Self { tag, kind, count, data })
    }

    /// Returns its text, or the first of several; none where it has no texts.
    pub fn text(&self) -> Option<&'header [u8]> {
        let is_text = matches!(self.kind, Kind::Text | Kind::Texts | Kind::Translated);
        is_text.then(|| self.data.split(|byte| *byte == 0).next()).flatten()
    }

    /// Returns its texts; none where it has no texts.
    pub fn texts(&self) -> impl Iterator<Item = &'header [u8]> + use<'header> {
        let is_text = matches!(self.kind, Kind::Text | Kind::Texts | Kind::Translated);
        // Behind the last zero stands nothing.
        let data = if is_text { self.data.strip_suffix(&[0]) } else { None };
        data.into_iter().flat_map(|data| data.split(|byte| *byte == 0))
    }

    /// Returns its first number; none where it has no numbers.
    pub fn number(&self) -> Option<u64> {
        self.numbers().next()
    }

    /// Returns its numbers; none where it has no numbers.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + use<'header> {
        let is_number = matches!(self.kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64);
        let width = self.kind.width().filter(|_| is_number).unwrap_or(1);
        let data = if is_number { self.data } else { &[] };
        let value = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        data.chunks_exact(width).map(value)
    }
}

/// Returns how many bytes the values of an entry have; none where they are more than there are.
fn size(kind: Kind, count: u32, data: &[u8]) -> Option<usize> {
    let count = usize::try_from(count).ok()?;
    match kind.width() {
        Some(width) => count.checked_mul(width),
        None if count == 0 => Some(0),
        None => {
            // A text that says it is several is one: rpm reads it so.
            let count = if kind == Kind::Text { 1 } else { count };
            let ends = data.iter().enumerate().filter(|(_, byte)| **byte == 0);
            ends.map(|(end, _)| end + 1).nth(count - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Builds a header of entries: tag, type, count, data.
    fn header(entries: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut store = Vec::new();
        let mut index = Vec::new();
        for (tag, kind, count, data) in entries {
            let offset = u32::try_from(store.len()).unwrap();
            index.extend([*tag, *kind, offset, *count].map(u32::to_be_bytes).concat());
            store.extend_from_slice(data);
        }
        let sizes = [entries.len(), store.len()].map(|size| u32::try_from(size).unwrap().to_be_bytes());
        [sizes.concat(), index, store].concat()
    }

    #[test]
    fn entries_have_texts_and_numbers() {
        let bytes = header(&[
            (1000, 6, 1, b"bash\0"),
            (1004, 9, 2, b"shell\0coque\0"),
            (1009, 4, 2, &[0, 0, 1, 0, 9, 9, 9, 9]),
            (5009, 5, 1, &[0, 0, 0, 1, 0, 0, 0, 0]),
            (63, 7, 3, &[1, 0, 3]),
            (1100, 0, 7, b""),
        ]);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.text(1000), Ok(Some("bash".to_owned())));
        assert_eq!(header.text(1004), Ok(Some("shell".to_owned())));
        assert_eq!(header.entry(1004).unwrap().data, b"shell\0coque\0");
        assert_eq!((header.number(1009), header.number(5009)), (Some(256), Some(1 << 32)));
        assert_eq!(header.entry(63).unwrap().data, [1, 0, 3]);
        assert_eq!((header.text(1009), header.number(1000), header.number(1)), (Ok(None), None, None));
    }

    #[test]
    fn what_an_installation_adds_counts() {
        let bytes = header(&[(1000, 6, 1, b"old\0"), (1000, 6, 1, b"new\0")]);
        assert_eq!(Header::parse(&bytes).unwrap().text(1000), Ok(Some("new".to_owned())));
    }

    #[test]
    fn data_must_be_in_the_header() {
        let error = |bytes: &[u8]| Header::parse(bytes).unwrap_err();
        assert_eq!(error(&header(&[(1000, 6, 1, b"open")])), HeaderError::Bounds { tag: 1000 });
        assert_eq!(error(&header(&[(1000, 8, 3, b"a\0b\0")])), HeaderError::Bounds { tag: 1000 });
        assert_eq!(error(&header(&[(1000, 4, u32::MAX, b"1234")])), HeaderError::Bounds { tag: 1000 });
        assert_eq!(error(&header(&[(1000, 10, 1, b"a\0")])), HeaderError::Kind { tag: 1000, kind: 10 });
        let whole = header(&[(1000, 6, 1, b"a\0")]);
        for size in 0..whole.len() {
            assert_eq!(error(&whole[..size]), HeaderError::Size { size });
        }
        // As many entries as a number can say, and a store of 4 GiB.
        assert_eq!(error(&[0xff; 8]), HeaderError::Size { size: 8 });
    }

    #[test]
    fn name_that_is_none_is_refused() {
        let long = [vec![b'a'; LONGEST_TEXT + 1], vec![0]].concat();
        let bytes = header(&[(1000, 6, 1, &long)]);
        let error = Header::parse(&bytes).unwrap().text(1000).unwrap_err();
        assert_eq!(error, HeaderError::LongText { tag: 1000, size: LONGEST_TEXT + 1 });
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_none(
            changes in proptest::collection::vec((0_usize..120, any::<u8>()), 0..20),
            cut in 0_usize..120,
        ) {
            let mut bytes = header(&[
                (62, 7, 16, &[0; 16]),
                (1000, 6, 1, b"bash\0"),
                (1009, 4, 1, &[0, 0, 1, 0]),
                (1117, 8, 3, b"a\0b\0c\0"),
            ]);
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(cut.max(8));
            if let Ok(header) = Header::parse(&bytes) {
                for entry in header.entries() {
                    prop_assert!(entry.data.len() <= bytes.len());
                    let _ = (entry.text(), entry.number(), header.text(entry.tag));
                    prop_assert!(entry.texts().map(<[u8]>::len).sum::<usize>() <= entry.data.len());
                    prop_assert!(entry.numbers().count() <= entry.data.len());
                }
            }
        }
    }
}
