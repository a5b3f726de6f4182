//! A row as it is stored: types first, then what they describe.

use super::page::varint;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing; also what stands in a row for its own number.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text. It should be UTF-8, and nobody holds it to that.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The most columns that SQLite can be built for.
const MOST_VALUES: usize = 32_767;

/// Reads a record; none is returned where it is not one.
pub(super) fn values(record: &[u8]) -> Option<Vec<Value>> {
    let (head, mut at) = varint(record)?;
    let head = usize::try_from(head).ok()?;
    let types = record.get(..head)?;
    let mut rest = record.get(head..)?;
    let mut values = Vec::new();
    while at < head {
        if values.len() == MOST_VALUES {
            return None;
        }
        let (kind, length) = varint(types.get(at..)?)?;
        at += length;
        values.push(value(kind, &mut rest)?);
    }
    Some(values)
}

fn value(kind: u64, rest: &mut &[u8]) -> Option<Value> {
    let value = match kind {
        0 => Value::Null,
        1..=4 => integer(rest, usize::try_from(kind).ok()?)?,
        5 => integer(rest, 6)?,
        6 => integer(rest, 8)?,
        7 => Value::Real(f64::from_be_bytes(cut(rest, 8)?.try_into().ok()?)),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        // Kept for SQLite's own use: no file has them.
        10 | 11 => return None,
        _ => {
            let bytes = cut(rest, usize::try_from((kind - 12) / 2).ok()?)?.to_vec();
            if kind.is_multiple_of(2) { Value::Blob(bytes) } else { Value::Text(bytes) }
        }
    };
    Some(value)
}

fn integer(rest: &mut &[u8], length: usize) -> Option<Value> {
    let bytes = cut(rest, length)?;
    let sign = if bytes[0] < 0x80 { 0 } else { -1 };
    Some(Value::Integer(bytes.iter().fold(sign, |value, &byte| value << 8 | i64::from(byte))))
}

fn cut<'bytes>(rest: &mut &'bytes [u8], length: usize) -> Option<&'bytes [u8]> {
    let (cut, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_before_values() {
        let record = [8, 0, 1, 2, 8, 9, 15, 16, 0xff, 0x01, 0x00, b'a', 0xfe, 0xfd];
        let expected = vec![
            Value::Null,
            Value::Integer(-1),
            Value::Integer(256),
            Value::Integer(0),
            Value::Integer(1),
            Value::Text(b"a".to_vec()),
            Value::Blob(vec![0xfe, 0xfd]),
        ];
        assert_eq!(values(&record), Some(expected));
    }

    #[test]
    fn record_that_is_cut_is_none() {
        assert_eq!(values(&[]), None);
        assert_eq!(values(&[2, 1]), None);
        assert_eq!(values(&[9, 1, 0]), None);
        assert_eq!(values(&[2, 10]), None);
        // A blob of 2^60 bytes.
        assert_eq!(values(&[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]), None);
    }
}
