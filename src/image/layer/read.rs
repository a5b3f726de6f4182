//! A layer's archive becomes an index of what is in it.

use std::collections::BTreeSet;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::decompress::Unpacked;
use super::entry::{Content, Entry, EntryKind, Special};
use super::index::{LayerIndex, LayerSummary};
use super::tar::{Member, MemberKind, TarReader, malformed};
use crate::image::digest::{ContentDigest, Hashing};
use crate::image::path::{Escapes, Oddity, TreePath, shown};

/// Prefix of the name that takes a path of the layers below away (image-spec 1.1, layer.md).
const WHITEOUT: &[u8] = b".wh.";

/// What takes all that the layers below have in a folder away.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// How many bytes are hashed at once.
const BUFFER: usize = 128 * 1024;

/// How long a name may be, in bytes, with the zero behind it: the kernel takes no longer ones (PATH_MAX).
const LONGEST_NAME: usize = 4096;

/// Up to how many bytes of names, targets and extended attributes are kept of one layer.
const MOST_KEPT: usize = 1 << 30;

/// How many oddities are told of one layer.
const MOST_ODDITIES: usize = 20;

/// Up to where a layer is unpacked: a small blob may hold more than any disk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that one layer may have when it is unpacked.
    pub unpacked: u64,
    /// Members that one layer may have.
    pub entries: usize,
}

impl Default for Limits {
    /// A layer of 64 GiB and five million members: several times what base images have altogether.
    fn default() -> Self {
        Self { unpacked: 64 << 30, entries: 5_000_000 }
    }
}

/// Takes contents while a layer is read.
pub(in crate::image) trait Keeper {
    /// Returns where the content of that file goes, if it is wanted.
    fn open(&mut self, path: &TreePath, size: u64) -> io::Result<Option<Box<dyn io::Write>>>;

    /// Says that the content that was opened last is complete.
    fn close(&mut self, path: &TreePath, digest: ContentDigest) -> io::Result<()>;

    /// Returns whether nothing more is wanted, so that the rest of a layer need not be read.
    fn is_done(&self) -> bool {
        false
    }
}

/// Wants no content.
struct Nothing;

impl Keeper for Nothing {
    fn open(&mut self, _: &TreePath, _: u64) -> io::Result<Option<Box<dyn io::Write>>> {
        Ok(None)
    }

    fn close(&mut self, _: &TreePath, _: ContentDigest) -> io::Result<()> {
        Ok(())
    }
}

impl LayerIndex {
    /// Reads a layer, packed or not, to its end.
    ///
    /// # Errors
    /// When it is none, or goes beyond a limit.
    pub fn of(blob: impl Read, limits: Limits) -> io::Result<Self> {
        let ReadLayer { index, digest, .. } = read_layer(blob, "sha256:", limits, &mut Nothing);
        let index = index?;
        digest.map(|_| index).ok_or_else(|| malformed("what follows its packed part cannot be read"))
    }
}

/// What came of a blob: its index, or why there is none; and what the blob was.
pub(in crate::image) struct ReadLayer {
    pub(in crate::image) index: io::Result<LayerIndex>,
    /// Digest of its bytes with the algorithm of the digest that was promised; none if reading it failed.
    pub(in crate::image) digest: Option<String>,
    /// How many bytes it has.
    pub(in crate::image) size: u64,
}

/// Reads a blob to its end, whatever is in it.
pub(in crate::image) fn read_layer(
    blob: impl Read,
    promised: &str,
    limits: Limits,
    keeper: &mut dyn Keeper,
) -> ReadLayer {
    let unpacked = match Unpacked::open(Hashing::like(promised, blob)) {
        Ok(unpacked) => unpacked,
        Err(error) => return ReadLayer { index: Err(error), digest: None, size: 0 },
    };
    let counted = Counted { inner: unpacked, hasher: Sha256::new(), length: 0, limit: limits.unpacked };
    let mut reader = LayerReader::new(TarReader::new(counted), limits, keeper);
    let read = reader.run();
    let LayerReader { archive, entries, oddities, .. } = reader;
    let (mut archive, mut behind) = (archive.into_inner(), Behind::default());
    // What follows the end of the archive belongs to the layer as well.
    let read = read.and_then(|()| io::copy(&mut archive, &mut behind));
    let Counted { inner, hasher, length, .. } = archive;
    let mut stream = inner.into_inner();
    let drained = io::copy(&mut stream, &mut io::sink());
    let (digest, size) = stream.into_inner().finish();
    let index = read.map(|_| {
        let mut summary = LayerSummary::new(digest.clone(), size, ContentDigest::finish(hasher), length);
        summary.entries = entries.len();
        summary.oddities = oddities.into_iter().collect();
        if behind.is_something {
            summary
                .oddities
                .push("something stands behind the end of the archive, and was left aside".to_owned());
        }
        LayerIndex { summary, entries }
    });
    ReadLayer { index, digest: drained.is_ok().then_some(digest), size }
}

/// Reads a layer as far as something is wanted of it, and keeps that.
///
/// # Errors
/// When the layer cannot be read. It is not held to its digest: it was before.
pub(in crate::image) fn pick(blob: impl Read, limits: Limits, keeper: &mut dyn Keeper) -> io::Result<()> {
    LayerReader::new(TarReader::new(Unpacked::open(blob)?), limits, keeper).run()
}

/// What stands behind the end of an archive; zeros fill it up.
#[derive(Default)]
struct Behind {
    is_something: bool,
}

impl io::Write for Behind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_something |= bytes.iter().any(|byte| *byte != 0);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct LayerReader<'a, R> {
    archive: TarReader<R>,
    limits: Limits,
    keeper: &'a mut dyn Keeper,
    buffer: Vec<u8>,
    /// Bytes of all files so far, holes included.
    content: u64,
    /// Bytes of names, targets and attributes so far.
    kept: usize,
    entries: Vec<Entry>,
    oddities: BTreeSet<String>,
}

impl<'a, R: Read> LayerReader<'a, R> {
    fn new(archive: TarReader<R>, limits: Limits, keeper: &'a mut dyn Keeper) -> Self {
        let buffer = vec![0; BUFFER];
        let (entries, oddities) = (Vec::new(), BTreeSet::new());
        Self { archive, limits, keeper, buffer, content: 0, kept: 0, entries, oddities }
    }

    fn run(&mut self) -> io::Result<()> {
        while !self.keeper.is_done()
            && let Some(member) = self.archive.next()?
        {
            if self.entries.len() >= self.limits.entries {
                let most = self.limits.entries;
                return Err(malformed(&format!("it has more than {most} members, which is the limit")));
            }
            let Some((path, kind)) = self.place(&member)? else { continue };
            let kind = match kind {
                Some(kind) => kind,
                None => self.kind(&member, &path)?,
            };
            let is_folder = matches!(kind, EntryKind::Directory | EntryKind::Opaque);
            if path.is_root() && !is_folder {
                return Err(malformed("the root of the image is no folder"));
            }
            self.account(&member)?;
            self.entries.push(Entry { path, kind, metadata: member.metadata });
        }
        Ok(())
    }

    /// Adds up what is kept of members: a small blob may hold more of it than any memory.
    fn account(&mut self, member: &Member) -> io::Result<()> {
        let target = match &member.kind {
            MemberKind::HardLink(target) | MemberKind::Symlink(target) => target.len(),
            _ => 0,
        };
        let xattrs = member.metadata.xattrs.iter().map(|xattr| xattr.name.len() + xattr.value.len());
        self.kept += member.name.len() + target + xattrs.sum::<usize>();
        if self.kept > MOST_KEPT {
            let most = crate::diagnostic::size(MOST_KEPT as u64);
            return Err(malformed(&format!(
                "its names and extended attributes have more than {most}, which is the limit"
            )));
        }
        Ok(())
    }

    /// Returns the path that a member is about, and its kind where its name says that.
    fn place(&mut self, member: &Member) -> io::Result<Option<(TreePath, Option<EntryKind>)>> {
        let path = self.clean(&member.name, "a member")?;
        let name = path.file_name();
        let Some(hidden) = name.strip_prefix(WHITEOUT) else { return Ok(Some((path, None))) };
        let folder = path.parent().unwrap_or_default();
        if name == OPAQUE {
            return Ok(Some((folder, Some(EntryKind::Opaque))));
        }
        if hidden.is_empty() || hidden.starts_with(WHITEOUT) {
            self.note(format!("`{path}` is a note of AUFS, and was left aside"));
            return Ok(None);
        }
        if hidden == b"." || hidden == b".." {
            return Err(malformed(&format!("a whiteout takes away what has no name: `{path}`")));
        }
        Ok(Some((folder.join(hidden), Some(EntryKind::Whiteout))))
    }

    fn kind(&mut self, member: &Member, path: &TreePath) -> io::Result<EntryKind> {
        Ok(match &member.kind {
            MemberKind::File => EntryKind::File(self.content(member, path)?),
            MemberKind::HardLink(target) => {
                EntryKind::HardLink(self.clean(target, "the target of a hard link")?)
            }
            MemberKind::Symlink(target) => {
                hold_to_length(target, "the target of a symbolic link")?;
                EntryKind::Symlink(target.clone())
            }
            MemberKind::Directory => EntryKind::Directory,
            MemberKind::Character(major, minor) => EntryKind::Special(Special::Character(*major, *minor)),
            MemberKind::Block(major, minor) => EntryKind::Special(Special::Block(*major, *minor)),
            MemberKind::Fifo => EntryKind::Special(Special::Fifo),
        })
    }

    fn content(&mut self, member: &Member, path: &TreePath) -> io::Result<Content> {
        // Holes are no bytes of the archive, and take as long to hash.
        self.content = self.content.saturating_add(member.size);
        if self.content > self.limits.unpacked {
            return Err(too_large(self.limits.unpacked));
        }
        let mut kept = self.keeper.open(path, member.size)?;
        let mut hasher = Sha256::new();
        self.archive.content(member, &mut self.buffer, &mut |piece| {
            hasher.update(piece);
            kept.as_mut().map_or(Ok(()), |kept| kept.write_all(piece))
        })?;
        let digest = ContentDigest::finish(hasher);
        if let Some(mut kept) = kept {
            kept.flush()?;
            drop(kept);
            self.keeper.close(path, digest)?;
        }
        Ok(Content { size: member.size, digest })
    }

    fn clean(&mut self, name: &[u8], what: &str) -> io::Result<TreePath> {
        hold_to_length(name, what)?;
        let (path, oddity) = TreePath::clean(name)
            .map_err(|Escapes| malformed(&format!("{what} leads out of the image: `{}`", shown(name))))?;
        match oddity {
            Some(Oddity::Absolute) => self.note(format!("{what} has an absolute name: `{}`", shown(name))),
            Some(Oddity::Parent) => self.note(format!("{what} has `..` in its name: `{}`", shown(name))),
            None => {}
        }
        Ok(path)
    }

    fn note(&mut self, oddity: String) {
        if self.oddities.len() < MOST_ODDITIES {
            self.oddities.insert(oddity);
        }
    }
}

fn hold_to_length(name: &[u8], what: &str) -> io::Result<()> {
    if name.len() < LONGEST_NAME {
        return Ok(());
    }
    let start = shown(&name[..40]);
    Err(malformed(&format!("{what} has {} bytes, and Linux takes 4095: `{start}...`", name.len())))
}

/// Copies a stream, and stops at a limit; returns how many bytes it has.
///
/// # Errors
/// When it cannot be read or written, or has more bytes than `limit`.
pub(in crate::image) fn copy_within(
    stream: impl Read,
    target: &mut dyn io::Write,
    limit: u64,
) -> io::Result<u64> {
    let length = io::copy(&mut stream.take(limit.saturating_add(1)), target)?;
    if length > limit { Err(too_large(limit)) } else { Ok(length) }
}

/// Says that a limit is passed, and how it is raised.
fn too_large(limit: u64) -> io::Error {
    let limit = crate::diagnostic::size(limit);
    let said = format!("it unpacks to more than {limit}, which is the limit: raise it with `--max-unpacked`");
    io::Error::new(io::ErrorKind::FileTooLarge, said)
}

/// Reads an archive, hashes it, and stops at a limit.
struct Counted<R> {
    inner: R,
    hasher: Sha256,
    length: u64,
    limit: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.length += count as u64;
        if self.length > self.limit {
            return Err(too_large(self.limit));
        }
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
