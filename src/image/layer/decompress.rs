//! What layers are compressed with.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// How many bytes are asked from a blob at once.
const BUFFER: usize = 256 * 1024;

/// How a stream is packed, told by its first bytes: media types are wrong often enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::image) enum Compression {
    None,
    /// RFC 1952; members may follow each other, as in estargz.
    Gzip,
    /// RFC 8878; frames may follow each other and some may be skipped, as in zstd:chunked.
    Zstd,
    /// Known by its word, and not read.
    Unread(&'static str),
}

impl Compression {
    /// Tells it by the first bytes of a stream.
    pub(in crate::image) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A frame to be skipped.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Unread("xz"),
            [b'B', b'Z', b'h', ..] => Self::Unread("bzip2"),
            _ => Self::None,
        }
    }
}

/// A stream without its packing.
pub(in crate::image) enum Unpacked<R: Read> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<R>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes of a stream, and unpacks it accordingly.
    ///
    /// # Errors
    /// When it cannot be read, or is packed with what is not read here.
    pub(in crate::image) fn open(stream: R) -> io::Result<Self> {
        let mut stream = BufReader::with_capacity(BUFFER, stream);
        Ok(match Compression::of(stream.fill_buf()?) {
            Compression::None => Self::Plain(stream),
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(stream))),
            Compression::Zstd => Self::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(stream)?)),
            Compression::Unread(name) => {
                let said = format!("it is compressed with {name}, which neither OCI nor this program knows");
                return Err(io::Error::new(io::ErrorKind::Unsupported, said));
            }
        })
    }

    /// Returns the stream as it was handed in; what follows the packed part is not read yet.
    pub(in crate::image) fn into_inner(self) -> BufReader<R> {
        match self {
            Self::Plain(stream) => stream,
            Self::Gzip(stream) => stream.into_inner(),
            Self::Zstd(stream) => stream.finish(),
        }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Gzip(stream) => stream.read(buffer),
            Self::Zstd(stream) => stream.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        Unpacked::open(bytes)?.read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }

    #[test]
    fn packing_is_told_by_the_first_bytes() {
        assert_eq!(unpack(b"plain").unwrap(), b"plain");
        assert_eq!(unpack(b"").unwrap(), b"");
        assert_eq!(unpack(&gzip(b"text")).unwrap(), b"text");
        assert_eq!(unpack(&zstd::encode_all(&b"text"[..], 1).unwrap()).unwrap(), b"text");
        let xz = unpack(b"\xfd7zXZ\0rest").unwrap_err().to_string();
        assert!(xz.contains("compressed with xz"), "{xz}");
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        assert_eq!(unpack(&[gzip(b"one "), gzip(b"two")].concat()).unwrap(), b"one two");
        let frame = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let chunked = [skipped.clone(), frame(b"one "), skipped.clone(), frame(b"two"), skipped].concat();
        assert_eq!(unpack(&chunked).unwrap(), b"one two");
    }

    #[test]
    fn cut_streams_are_errors() {
        let (gzip, zstd) = (gzip(&[7; 5000]), zstd::encode_all(&[7; 5000][..], 1).unwrap());
        assert_eq!(unpack(&gzip[..gzip.len() - 3]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(unpack(&zstd[..zstd.len() - 3]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
