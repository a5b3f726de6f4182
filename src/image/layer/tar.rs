//! Reads a tar archive member by member: ustar, with the extensions of PAX and of GNU.
//!
//! The crate `tar` reads the headers. It is not asked for whole entries, because it splits PAX records
//! at newlines, which capabilities and signatures contain, and reads long names of any length into memory.
//! What is accepted here is what Go's `archive/tar` accepts, with which container tools write layers.

use std::io::{self, Read};

use tar::{EntryType, GnuExtSparseHeader, GnuHeader, Header};

use super::entry::{Metadata, ModificationTime, Xattr};
use super::pax::PaxRecords;
use super::sparse::{Segment, Sparse};

/// The largest extension (a long name, or the records of a member), in bytes; Go has the same limit.
const LARGEST_EXTENSION: u64 = 1024 * 1024;

const BLOCK: u64 = 512;

/// One member of an archive, before its content.
#[derive(Debug)]
pub(in crate::image) struct Member {
    pub(in crate::image) name: Vec<u8>,
    pub(in crate::image) kind: MemberKind,
    pub(in crate::image) metadata: Metadata,
    /// Length of its content in bytes, with the holes.
    pub(in crate::image) size: u64,
    /// Where its bytes begin in the archive; what is between them and the end of the member are all of them.
    pub(in crate::image) position: u64,
    /// Which parts of it the archive has, where that is not all.
    sparse: Option<Sparse>,
}

impl Member {
    /// Returns whether the archive has its content as it is, without leaving holes out.
    pub(in crate::image) fn is_whole(&self) -> bool {
        self.sparse.is_none()
    }
}

/// What a member is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::image) enum MemberKind {
    File,
    HardLink(Vec<u8>),
    Symlink(Vec<u8>),
    Directory,
    Character(u32, u32),
    Block(u32, u32),
    Fifo,
}

/// An archive that is read once, from its beginning to its end.
pub(in crate::image) struct TarReader<R> {
    stream: R,
    position: u64,
    /// Where the next header is.
    next: u64,
}

/// What stands before a member and is about it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Option<PaxRecords>,
}

impl<R: Read> TarReader<R> {
    pub(in crate::image) fn new(stream: R) -> Self {
        Self { stream, position: 0, next: 0 }
    }

    /// Returns the stream behind the last member that was read.
    pub(in crate::image) fn into_inner(self) -> R {
        self.stream
    }

    /// Returns the next member, with its content not read yet; none at the end.
    ///
    /// # Errors
    /// When the stream cannot be read, or is no archive.
    pub(in crate::image) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extensions = Extensions::default();
        let mut is_begun = false;
        loop {
            let Some(header) = self.header()? else {
                return if is_begun {
                    let said = "it ends behind an extension header";
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, said))
                } else {
                    Ok(None)
                };
            };
            let size = length(&header.as_old().size)?;
            is_begun = true;
            match header.entry_type() {
                EntryType::GNULongName => extensions.name = Some(without_end(self.extension(size)?)),
                EntryType::GNULongLink => extensions.link = Some(without_end(self.extension(size)?)),
                EntryType::XHeader => extensions.records = Some(PaxRecords::parse(&self.extension(size)?)?),
                // They are about the archive, and Go's reader leaves them aside as well.
                EntryType::XGlobalHeader => {
                    self.extension(size)?;
                    is_begun = false;
                }
                _ => return self.member(&header, size, extensions).map(Some),
            }
        }
    }

    /// Reads the content of a member and hands it out in pieces, holes as zeros.
    ///
    /// # Errors
    /// When the stream cannot be read or ends too early, and whatever `take` says.
    pub(in crate::image) fn content(
        &mut self,
        member: &Member,
        buffer: &mut [u8],
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(sparse) = &member.sparse else { return self.pass(member.size, buffer, take) };
        let (mut at, zeros) = (0, vec![0; buffer.len()]);
        for Segment { offset, length } in sparse.segments() {
            give_zeros(offset - at, &zeros, take)?;
            self.pass(*length, buffer, take)?;
            at = offset + length;
        }
        give_zeros(member.size - at, &zeros, take)
    }

    /// Leaves out the content of the last member: `advance` moves the stream on by so many bytes.
    pub(in crate::image) fn leave_out(
        &mut self,
        advance: impl FnOnce(&mut R, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let rest = self.next - self.position;
        advance(&mut self.stream, rest)?;
        self.position = self.next;
        Ok(())
    }

    /// Hands out the next bytes of the stream.
    fn pass(
        &mut self,
        mut count: u64,
        buffer: &mut [u8],
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while count > 0 {
            let most = usize::try_from(count).map_or(buffer.len(), |count| count.min(buffer.len()));
            let got = self.some(&mut buffer[..most])?;
            if got == 0 {
                return Err(cut());
            }
            self.position += got as u64;
            count -= got as u64;
            take(&buffer[..got])?;
        }
        Ok(())
    }

    /// Goes to the next header and reads it; none at the end of the archive.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let rest = self.next - self.position;
        if rest < BLOCK {
            // What fills up a block stands behind nearly every member.
            self.pass(rest, &mut [0; BLOCK as usize], &mut |_| Ok(()))?;
        } else {
            self.pass(rest, &mut vec![0; 32 * 1024], &mut |_| Ok(()))?;
        }
        let mut header = Header::new_old();
        if !self.block(header.as_mut_bytes())? {
            return Ok(None);
        }
        if is_empty(&header) {
            // Two such blocks are the end. Programs disagree about what follows a single one.
            return if !self.block(header.as_mut_bytes())? || is_empty(&header) {
                Ok(None)
            } else {
                Err(malformed("a block of zeros stands between its members"))
            };
        }
        check_sum(&header)?;
        self.next = self.position;
        Ok(Some(header))
    }

    /// Reads what the stream has, at least one byte unless it is at its end.
    fn some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Reads a block; returns whether there was one.
    fn block(&mut self, block: &mut [u8; 512]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < block.len() {
            match self.some(&mut block[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(cut()),
                count => filled += count,
            }
        }
        self.position += BLOCK;
        Ok(true)
    }

    /// Reads what an extension header says.
    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > LARGEST_EXTENSION {
            return Err(malformed(&format!("an extension header has {size} bytes, and 1 MiB is the limit")));
        }
        self.expect(size)?;
        let mut bytes = Vec::new();
        self.pass(size, &mut [0; 4096], &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Notes that so many bytes come before the next header, which begins a block.
    fn expect(&mut self, size: u64) -> io::Result<()> {
        let blocks = size.checked_next_multiple_of(BLOCK);
        self.next = blocks
            .and_then(|size| self.position.checked_add(size))
            .ok_or_else(|| malformed("a member is larger than any archive"))?;
        Ok(())
    }

    fn member(&mut self, header: &Header, size: u64, extensions: Extensions) -> io::Result<Member> {
        let Extensions { name, link, records } = extensions;
        let records = records.unwrap_or_default();
        let name = name_of(header, name, &records);
        let link = || match link.or_else(|| records.bytes("linkpath").map(<[u8]>::to_vec)) {
            Some(link) => link,
            None => header.link_name_bytes().unwrap_or_default().into_owned(),
        };
        let kind = kind(header, &name, link)?;
        let has_content = kind == MemberKind::File;
        let stored = if has_content { records.number("size")?.unwrap_or(size) } else { 0 };
        let extended = header.as_gnu().filter(|_| header.entry_type().is_gnu_sparse());
        let sparse = extended.map(|gnu| self.sparse_header(gnu)).transpose()?;
        self.expect(stored)?;
        let sparse = match (sparse, records.sparse_size()?) {
            (None, Some(size)) if has_content => {
                Some(Sparse::of_content(&records, size, &mut || self.line())?)
            }
            (sparse, _) => sparse,
        };
        let size = sparse.as_ref().map_or(stored, Sparse::size);
        if let Some(sparse) = &sparse {
            sparse.check(self.next - self.position)?;
        }
        let metadata = metadata(header, &records)?;
        Ok(Member { name, kind, metadata, size, position: self.position, sparse })
    }

    /// Reads the map of GNU's header, and the blocks that go on with it.
    fn sparse_header(&mut self, header: &GnuHeader) -> io::Result<Sparse> {
        let mut sparse = Sparse::of_header(header)?;
        let mut is_extended = header.is_extended();
        while is_extended {
            let mut more = GnuExtSparseHeader::new();
            if !self.block(more.as_mut_bytes())? {
                return Err(cut());
            }
            sparse.add(more.sparse())?;
            is_extended = more.is_extended();
        }
        Ok(sparse)
    }

    /// Reads a block of a member's content: the map of what is in it.
    fn line(&mut self) -> io::Result<[u8; 512]> {
        let mut block = [0; 512];
        if self.position >= self.next || !self.block(&mut block)? {
            return Err(malformed("the map of a sparse file has no end"));
        }
        Ok(block)
    }
}

/// Returns the name of a member; of several the one that Go takes.
fn name_of(header: &Header, gnu: Option<Vec<u8>>, records: &PaxRecords) -> Vec<u8> {
    // Of a sparse file, `path` is a name for programs that know no sparse files.
    let sparse = records.bytes("GNU.sparse.name").map(<[u8]>::to_vec);
    sparse
        .or(gnu)
        .or_else(|| records.bytes("path").map(<[u8]>::to_vec))
        .unwrap_or_else(|| header.path_bytes().into_owned())
}

fn kind(header: &Header, name: &[u8], link: impl FnOnce() -> Vec<u8>) -> io::Result<MemberKind> {
    let [flag] = header.as_old().linkflag;
    Ok(match header.entry_type() {
        EntryType::Link => MemberKind::HardLink(link()),
        EntryType::Symlink => MemberKind::Symlink(link()),
        EntryType::Directory => MemberKind::Directory,
        // Archives from before POSIX have no other word for a folder.
        EntryType::Regular if flag == 0 && name.ends_with(b"/") => MemberKind::Directory,
        EntryType::Char => device(header).map(|(major, minor)| MemberKind::Character(major, minor))?,
        EntryType::Block => device(header).map(|(major, minor)| MemberKind::Block(major, minor))?,
        EntryType::Fifo => MemberKind::Fifo,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => MemberKind::File,
        other => {
            let other = char::from(other.as_byte()).escape_default();
            return Err(malformed(&format!("a member has the type `{other}`, which layers do not have")));
        }
    })
}

/// Returns the numbers of a device; archives from before POSIX have none.
fn device(header: &Header) -> io::Result<(u32, u32)> {
    let (major, minor) = match (header.as_ustar(), header.as_gnu()) {
        (Some(ustar), _) => (&ustar.dev_major, &ustar.dev_minor),
        (None, Some(gnu)) => (&gnu.dev_major, &gnu.dev_minor),
        (None, None) => return Ok((0, 0)),
    };
    let number = |field| u32::try_from(length(field)?).map_err(|_| malformed("a device has no such number"));
    Ok((number(major)?, number(minor)?))
}

fn metadata(header: &Header, records: &PaxRecords) -> io::Result<Metadata> {
    let xattrs = records.xattrs().map(|(name, value)| Xattr { name: name.to_owned(), value: value.to_vec() });
    let fields = header.as_old();
    let from_header = || number(&fields.mtime).map(|seconds| ModificationTime { seconds, nanoseconds: 0 });
    Ok(Metadata {
        mode: u32::try_from(number(&fields.mode)? & 0o7777).expect("it has twelve bits"),
        uid: records.number("uid")?.map_or_else(|| length(&fields.uid), Ok)?,
        gid: records.number("gid")?.map_or_else(|| length(&fields.gid), Ok)?,
        mtime: records.time("mtime")?.map_or_else(from_header, Ok)?,
        xattrs: xattrs.collect(),
    })
}

/// Returns the number of a field that counts something.
pub(super) fn length(field: &[u8]) -> io::Result<u64> {
    u64::try_from(number(field)?).map_err(|_| malformed("a header has a negative number where none can be"))
}

/// Reads the number of a field: octal digits, with spaces and zeros around them or none at all, or the
/// bytes of the number itself behind a set bit.
fn number(field: &[u8]) -> io::Result<i64> {
    let wrong = || malformed("a header has something else than a number, or one that is too large");
    let (first, rest) = field.split_first().ok_or_else(wrong)?;
    if first & 0x80 != 0 {
        // The next bit is the sign.
        let first = i128::from((first << 1).cast_signed() >> 1);
        let add = |number: i128, byte: &u8| number.checked_mul(256).map(|number| number | i128::from(*byte));
        let number = rest.iter().try_fold(first, add).ok_or_else(wrong)?;
        return i64::try_from(number).map_err(|_| wrong());
    }
    let is_filler = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_filler(byte)).unwrap_or(field.len());
    let digits = field[start..].split(is_filler).next().unwrap_or_default();
    digits.iter().try_fold(0_i64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8).map(|number| number | i64::from(digit - b'0')).ok_or_else(wrong),
        _ => Err(wrong()),
    })
}

fn is_empty(header: &Header) -> bool {
    header.as_bytes().iter().all(|byte| *byte == 0)
}

/// Holds a header to its sum; some old programs add its bytes as signed numbers.
fn check_sum(header: &Header) -> io::Result<()> {
    let bytes = header.as_bytes();
    let counted = || bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..]);
    let unsigned: i64 = counted().map(|byte| i64::from(*byte)).sum();
    let signed: i64 = counted().map(|byte| i64::from(byte.cast_signed())).sum();
    match number(&header.as_old().cksum) {
        Ok(said) if said == unsigned || said == signed => Ok(()),
        _ => Err(malformed("the checksum of a header is wrong: this is no tar archive, or a damaged one")),
    }
}

fn give_zeros(mut count: u64, zeros: &[u8], take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    while count > 0 {
        let most = usize::try_from(count).map_or(zeros.len(), |count| count.min(zeros.len()));
        take(&zeros[..most])?;
        count -= most as u64;
    }
    Ok(())
}

/// A long name ends with a zero.
fn without_end(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    name.truncate(end);
    name
}

pub(super) fn malformed(said: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, said)
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle of a member")
}
