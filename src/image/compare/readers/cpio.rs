//! Initramfs images: archives of cpio behind each other, each packed or not.
//!
//! The kernel takes them so (its `Documentation/driver-api/early-userspace/buffer-format.rst`): updates for the
//! processor in an archive of their own, zeros, and the packed archive with everything else. Two images are
//! compared as trees, entry by entry; when entries were made and their numbers say nothing, and neither does their
//! order where the kernel makes the same of each: no name comes twice, and folders come before what is in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::text::{self, LARGEST_TEXT};
use super::{Files, Said, counted};
use crate::diagnostic::{plural, size};
use crate::image::compare::model::Fact;
use crate::image::digest::ContentDigest;
use crate::image::layer::{Compression, Content, Unpacked};
use crate::image::path::shown;

/// How many entries of an image are read: those of the largest distributions have some ten thousand.
const MOST_ENTRIES: usize = 500_000;

/// How many bytes of an image are unpacked at most.
const LARGEST: u64 = 1 << 30;

/// The longest name or target, in bytes, with the zero behind it (the kernel's `PATH_MAX`).
const LONGEST_NAME: usize = 4096;

/// How many folders may lie in each other where order is looked at.
const DEEPEST: usize = 128;

/// How many entries that differ are shown.
const MOST_SHOWN: usize = 20;

/// How many lines of a text in an image are shown.
const MOST_LINES: usize = 10;

/// What stands before the name of every entry.
const HEAD: usize = 110;

/// The name behind which an archive ends.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Where the kernel looks for what it needs before it unpacks anything, in plain archives at the beginning alone.
const EARLY: &[u8] = b"kernel/";

const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const FOLDER: u32 = 0o040_000;

/// Reads both as initramfs images, if they are.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    if !is_image(files.staging)? || !is_image(files.reference)? {
        return Ok(None);
    }
    Ok(Some(match (Image::read(files.staging), Image::read(files.reference)) {
        (Ok(ours), Ok(theirs)) => compare(files, &ours, &theirs),
        (Err(error), _) | (_, Err(error)) => Said::unread("initramfs", &error),
    }))
}

/// Returns whether a file begins with an archive, packed or not.
fn is_image(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    let Ok(unpacked) = Unpacked::open(File::open(path)?) else { return Ok(false) };
    Ok(unpacked.take(6).read_to_end(&mut head).is_ok() && is_archive(&head))
}

fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"070701") || head.starts_with(b"070702")
}

/// What is in an initramfs image.
#[derive(Default)]
struct Image {
    entries: BTreeMap<Vec<u8>, Entry>,
    /// How its parts are packed, in their order.
    packing: Vec<&'static str>,
    /// What could not be unpacked, with how it is packed.
    rest: Option<(&'static str, Content)>,
    /// Why another order of its entries would be another image.
    ordered: Option<String>,
}

/// What is said of a name.
struct Entry {
    /// Whether the kernel finds it before it unpacks anything.
    is_early: bool,
    /// Its place among all entries.
    place: usize,
    /// The first of the names of the same file, if it has several.
    first_name: Vec<u8>,
    /// The sum of its bytes that the kernel holds it to, if any.
    sum: Option<u32>,
    mode: u32,
    owner: (u32, u32),
    /// How many names a file has; of folders it depends on where they were.
    names: u32,
    device: (u32, u32),
    content: Option<Content>,
    target: Vec<u8>,
    time: u32,
}

/// The head of an entry, with its name.
struct Member {
    name: Vec<u8>,
    fields: [u32; 13],
    /// Which archive it is of.
    archive: usize,
    is_early: bool,
    has_sum: bool,
}

impl Member {
    const fn mode(&self) -> u32 {
        self.fields[1]
    }

    const fn length(&self) -> u32 {
        self.fields[6]
    }

    /// What files of several names share: the archive, the device and the number.
    const fn number(&self) -> (usize, u32, u32, u32) {
        (self.archive, self.fields[7], self.fields[8], self.fields[0])
    }
}

impl Image {
    fn read(path: &Path) -> io::Result<Self> {
        let mut image = Self::default();
        let mut linked: HashMap<_, Vec<Vec<u8>>> = HashMap::new();
        let (mut walk, mut place) = (Walk::default(), 0);
        walk.run(path, &mut |member, body| {
            place += 1;
            let entry = Entry::read(member, body, place)?;
            if member.mode() & KIND == REGULAR && entry.names > 1 {
                linked.entry(member.number()).or_default().push(member.name.clone());
            }
            image.add(member.name.clone(), entry);
            Ok(())
        })?;
        linked.into_values().for_each(|names| image.link(&names));
        image.hold_to_order();
        (image.packing, image.rest) = (walk.packing, walk.rest);
        Ok(image)
    }

    fn add(&mut self, name: Vec<u8>, entry: Entry) {
        let Some(before) = self.entries.get_mut(&name) else {
            self.entries.insert(name, entry);
            return;
        };
        // A folder stands in the archive for the processor and in the one behind it: the last says what it is.
        if [before.mode & KIND, entry.mode & KIND] == [FOLDER; 2] {
            (before.mode, before.owner) = (entry.mode, entry.owner);
            return;
        }
        let said = |entry: &Entry| (entry.mode, entry.owner, entry.device, entry.target.clone());
        if entry.mode & KIND == REGULAR || said(before) != said(&entry) {
            self.is_ordered(&name, "comes twice");
            self.entries.insert(name, entry);
        }
    }

    /// Gives the names of one file its content: the last one comes with it.
    fn link(&mut self, names: &[Vec<u8>]) {
        let of = |name: &Vec<u8>| self.entries.get(name);
        let contents: Vec<Content> =
            names.iter().filter_map(|name| of(name)?.content.filter(|content| content.size > 0)).collect();
        let said: BTreeSet<_> = names.iter().filter_map(of).map(|entry| (entry.mode, entry.owner)).collect();
        let Some(first) = names.iter().min() else { return };
        if contents.len() > 1 || said.len() > 1 {
            self.is_ordered(first, "is one of several names that say different things of a file");
        }
        for name in names {
            if let Some(entry) = self.entries.get_mut(name) {
                entry.content = contents.first().copied().or(entry.content);
                entry.first_name.clone_from(first);
            }
        }
    }

    /// Finds what the kernel would make something else of in another order.
    fn hold_to_order(&mut self) {
        let wrong = self.entries.iter().find_map(|(name, entry)| {
            let is_odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
            let parts = || name.split(|byte| *byte == b'/');
            if name != b"." && (parts().any(is_odd) || parts().count() > DEEPEST) {
                return Some((name.clone(), "may be another name of something else"));
            }
            let slashes = name.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
            let mut folders = slashes.take(DEEPEST).filter_map(|(at, _)| self.entries.get(&name[..at]));
            // Of folders further up it is told where this one is looked at.
            let is_late = |folder: &Entry| folder.place > entry.place || folder.mode & KIND != FOLDER;
            folders
                .next()
                .is_some_and(is_late)
                .then(|| (name.clone(), "comes before its folder or through a link"))
        });
        if let Some((name, why)) = wrong {
            self.is_ordered(&name, why);
        }
    }

    fn is_ordered(&mut self, name: &[u8], why: &str) {
        self.ordered.get_or_insert_with(|| format!("{} {why}", shown(name)));
    }
}

impl Entry {
    fn read(member: &Member, body: &mut dyn Read, place: usize) -> io::Result<Self> {
        let [_, mode, uid, gid, names, time, _, _, _, major, minor, _, sum] = member.fields;
        let kind = mode & KIND;
        let (is_early, sum) = (member.is_early && kind != FOLDER, member.has_sum.then_some(sum));
        let mut target = Vec::new();
        if kind == LINK {
            body.take(LONGEST_NAME as u64).read_to_end(&mut target)?;
        }
        let content = if kind == REGULAR { Some(content(body)?) } else { None };
        let names = if kind == FOLDER { 1 } else { names };
        let (owner, device, first_name) = ((uid, gid), (major, minor), Vec::new());
        Ok(Self { is_early, place, first_name, sum, mode, owner, names, device, content, target, time })
    }
}

fn content(body: &mut dyn Read) -> io::Result<Content> {
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), [0; 1 << 14], 0);
    loop {
        match body.read(&mut buffer)? {
            0 => return Ok(Content { size: length, digest: ContentDigest::finish(hasher) }),
            count => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

/// Takes an entry and what is in it.
type Visit<'a> = dyn FnMut(&Member, &mut dyn Read) -> io::Result<()> + 'a;

/// A way through an image, from its first archive to the last.
#[derive(Default)]
struct Walk {
    archives: usize,
    entries: usize,
    unpacked: u64,
    packing: Vec<&'static str>,
    rest: Option<(&'static str, Content)>,
    /// Whether something packed was met.
    is_packed: bool,
}

impl Walk {
    fn run(&mut self, path: &Path, visit: &mut Visit<'_>) -> io::Result<()> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        while skip_zeros(&mut file)? {
            let start = file.stream_position()?;
            let mut head = Vec::new();
            (&mut file).take(6).read_to_end(&mut head)?;
            file.seek(SeekFrom::Start(start))?;
            match Compression::of(&head) {
                // The kernel takes an archive for one where it is aligned.
                Compression::None if is_archive(&head) && start.is_multiple_of(4) => {
                    self.packing.push("plain");
                    self.archive(&mut file, visit)?;
                }
                Compression::Gzip => {
                    self.packing.push("gzip");
                    let mut stream = flate2::bufread::GzDecoder::new(&mut file);
                    self.packed(&mut stream, visit)?;
                    if stream.header().is_some_and(|head| head.extra().or(head.comment()).is_some()) {
                        return Err(odd("its packing has something that the kernel does not skip"));
                    }
                }
                // The kernel skips no frame.
                Compression::Zstd if head[0] == 0x28 => {
                    self.packing.push("zstd");
                    let decoder = zstd::stream::read::Decoder::with_buffer(&mut file)?;
                    self.packed(decoder.single_frame(), visit)?;
                }
                packing => {
                    let word = if let Compression::Unread(word) = packing { word } else { unread(&head) };
                    self.rest = Some((word, content(&mut file)?));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads the archives of a packed part to its end.
    fn packed(&mut self, stream: impl Read, visit: &mut Visit<'_>) -> io::Result<()> {
        self.is_packed = true;
        let mut stream = BufReader::with_capacity(1 << 16, stream);
        while skip_zeros(&mut stream)? {
            self.archive(&mut stream, visit)?;
        }
        Ok(())
    }

    fn archive(&mut self, stream: &mut dyn BufRead, visit: &mut Visit<'_>) -> io::Result<()> {
        self.archives += 1;
        while let Some(member) = self.member(stream)? {
            self.entries += 1;
            self.unpacked += u64::from(member.length());
            if self.entries > MOST_ENTRIES || self.unpacked > LARGEST {
                return Err(odd("it is larger than those that are read"));
            }
            let mut body = stream.take(u64::from(member.length()));
            visit(&member, &mut body)?;
            io::copy(&mut body, &mut io::sink())?;
            if body.limit() > 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            skip(stream, padding(u64::from(member.length())))?;
        }
        Ok(())
    }

    /// Reads the head of an entry; none behind the last of an archive.
    fn member(&self, stream: &mut dyn BufRead) -> io::Result<Option<Member>> {
        let mut head = [0; HEAD];
        stream.read_exact(&mut head)?;
        if !is_archive(&head) {
            return Err(odd("an entry of it has no head"));
        }
        let mut fields = [0; 13];
        for (field, digits) in fields.iter_mut().zip(head[6..].chunks(8)) {
            *field = hexadecimal(digits).ok_or_else(|| odd("the head of an entry has no numbers"))?;
        }
        let length = fields[11] as usize;
        if length == 0 || length > LONGEST_NAME {
            return Err(odd("an entry has a name that is none"));
        }
        let mut name = vec![0; length];
        stream.read_exact(&mut name)?;
        skip(stream, padding((HEAD + length) as u64))?;
        name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(length));
        if name == TRAILER {
            return Ok(None);
        }
        let is_early = !self.is_packed && name.starts_with(EARLY);
        let has_sum = head.starts_with(b"070702");
        Ok(Some(Member { name: clean(&name), fields, archive: self.archives, is_early, has_sum }))
    }
}

/// Takes away what says nothing: `./` before a name, and a slash behind it. The uppermost folder is `.`.
fn clean(mut name: &[u8]) -> Vec<u8> {
    while let Some(rest) = name.strip_prefix(b"./").or_else(|| name.strip_prefix(b"/")) {
        name = rest;
    }
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if name.is_empty() { b".".to_vec() } else { name.to_vec() }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, 16).ok()
}

/// Heads with their names, and contents, are filled up to four bytes.
const fn padding(length: u64) -> u64 {
    (4 - length % 4) % 4
}

fn skip(stream: &mut dyn BufRead, count: u64) -> io::Result<()> {
    io::copy(&mut stream.take(count), &mut io::sink()).map(drop)
}

/// Skips zeros between archives; returns whether something comes behind them.
fn skip_zeros(stream: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = stream.fill_buf()?;
        let (zeros, length) = (buffer.iter().take_while(|byte| **byte == 0).count(), buffer.len());
        stream.consume(zeros);
        if zeros < length || length == 0 {
            return Ok(length > 0);
        }
    }
}

/// Says how something is packed that is not read.
fn unread(head: &[u8]) -> &'static str {
    match head {
        [0x02, 0x21, 0x4c, 0x18, ..] | [0x04, 0x22, 0x4d, 0x18, ..] => "lz4",
        [0x89, b'L', b'Z', b'O', ..] => "lzo",
        [0x5d, 0, 0, ..] => "lzma",
        _ => "something else",
    }
}

fn odd(said: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, said)
}

/// What differs between two images beside times.
#[derive(Default)]
struct Differences {
    lines: Vec<(Vec<u8>, String)>,
    /// The files whose contents differ, and nothing else of them.
    contents: Vec<Vec<u8>>,
    times: usize,
}

fn compare(files: &Files<'_>, ours: &Image, theirs: &Image) -> Said {
    let mut found = Differences::default();
    let names: BTreeSet<&Vec<u8>> = ours.entries.keys().chain(theirs.entries.keys()).collect();
    for name in &names {
        match (ours.entries.get(*name), theirs.entries.get(*name)) {
            (Some(our), Some(their)) => found.entry(name, our, their),
            (Some(_), None) => found.line(name, "only in the staging image"),
            (None, _) => found.line(name, "only in the reference image"),
        }
    }
    let is_rest_alike = ours.rest == theirs.rest;
    let is_tree = is_rest_alike && ours.ordered.is_none() && theirs.ordered.is_none();
    let texts = texts(files, &found.contents, ours, theirs).unwrap_or_default();
    let mut said = Said::default();
    let differing: BTreeSet<&Vec<u8>> = found.lines.iter().map(|(name, _)| name).collect();
    if is_tree && differing.is_empty() {
        said.facts.push(Fact::SameArchive);
    } else if is_tree && differing.iter().all(|name| is_other_build(texts.get(*name))) {
        said.facts.push(Fact::ArchiveOfOtherBuild);
    }
    said.detail = Some(detail(&found, &differing, names.len(), &texts, (ours, theirs)));
    said
}

fn is_other_build(said: Option<&Said>) -> bool {
    said.is_some_and(|said| said.facts.contains(&Fact::OtherBuildId))
}

impl Differences {
    fn line(&mut self, name: &[u8], said: impl Into<String>) {
        self.lines.push((name.to_vec(), said.into()));
    }

    fn entry(&mut self, name: &[u8], our: &Entry, their: &Entry) {
        self.times += usize::from(our.time != their.time);
        if our.mode & KIND != their.mode & KIND {
            return self.line(name, format!("{}, not {}", kind(our.mode), kind(their.mode)));
        }
        let before = self.lines.len();
        if our.is_early != their.is_early {
            let side = if our.is_early { "staging" } else { "reference" };
            self.line(name, format!("before the packed part in the {side} image alone"));
        }
        if our.first_name != their.first_name {
            self.line(name, "the same file as another name");
        }
        if our.sum != their.sum {
            self.line(name, "held to another sum");
        }
        if our.mode != their.mode {
            self.line(name, format!("mode {:04o}, not {:04o}", our.mode & 0o7777, their.mode & 0o7777));
        }
        if our.owner != their.owner {
            let ((our, our_group), (their, their_group)) = (our.owner, their.owner);
            self.line(name, format!("owner {our}:{our_group}, not {their}:{their_group}"));
        }
        if our.device != their.device {
            let ((our, our_minor), (their, their_minor)) = (our.device, their.device);
            self.line(name, format!("device {our}:{our_minor}, not {their}:{their_minor}"));
        }
        if our.target != their.target {
            self.line(name, format!("link to {}, not {}", shown(&our.target), shown(&their.target)));
        }
        if our.names != their.names {
            self.line(name, format!("{}, not {}", plural(our.names as usize, "name"), their.names));
        }
        if let (Some(ours), Some(theirs)) = (our.content, their.content)
            && ours != theirs
        {
            let is_all = self.lines.len() == before;
            let short = |content: Content| format!("{} {}", size(content.size), &content.digest.hex()[..12]);
            self.line(name, format!("content {}, not {}", short(ours), short(theirs)));
            if is_all {
                self.contents.push(name.to_vec());
            }
        }
    }
}

fn kind(mode: u32) -> &'static str {
    match mode & KIND {
        REGULAR => "a file",
        LINK => "a link",
        FOLDER => "a folder",
        0o020_000 => "a character device",
        0o060_000 => "a block device",
        0o010_000 => "a named pipe",
        _ => "something else",
    }
}

/// Looks into the texts that differ, the first that will be shown.
fn texts(
    files: &Files<'_>,
    names: &[Vec<u8>],
    ours: &Image,
    theirs: &Image,
) -> io::Result<BTreeMap<Vec<u8>, Said>> {
    let is_small = |image: &Image, name: &Vec<u8>| {
        let content = image.entries.get(name).and_then(|entry| entry.content);
        content.is_some_and(|content| content.size <= LARGEST_TEXT)
    };
    let wanted: BTreeSet<&Vec<u8>> =
        names.iter().filter(|name| is_small(ours, name) && is_small(theirs, name)).take(MOST_SHOWN).collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (ours, theirs) = (pick(files.staging, &wanted)?, pick(files.reference, &wanted)?);
    let both = ours.into_iter().filter_map(|(name, our)| {
        let said = text::compare(&shown(&name), file_name(&name), &our, theirs.get(&name)?)?;
        Some((name, said))
    });
    Ok(both.collect())
}

fn file_name(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn pick(path: &Path, wanted: &BTreeSet<&Vec<u8>>) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut found = BTreeMap::new();
    Walk::default().run(path, &mut |member, body| {
        // A name of several comes without the content.
        if member.length() > 0 && wanted.contains(&member.name) {
            let mut bytes = Vec::new();
            body.take(LARGEST_TEXT).read_to_end(&mut bytes)?;
            found.insert(member.name.clone(), bytes);
        }
        Ok(())
    })?;
    Ok(found)
}

fn detail(
    found: &Differences,
    differing: &BTreeSet<&Vec<u8>>,
    all: usize,
    texts: &BTreeMap<Vec<u8>, Said>,
    (ours, theirs): (&Image, &Image),
) -> String {
    let mut lines =
        vec![format!("initramfs: {} of {} differ", differing.len(), counted(all, "entry", "entries"))];
    if ours.packing != theirs.packing {
        lines.push(format!(
            "its parts are packed as {}, those of the reference image as {}",
            ours.packing.join(", "),
            theirs.packing.join(", ")
        ));
    }
    for word in
        [&ours.rest, &theirs.rest].into_iter().flatten().map(|(word, _)| word).collect::<BTreeSet<_>>()
    {
        let alike = if ours.rest == theirs.rest { "alike" } else { "not alike" };
        lines.push(format!("a part is packed with {word}, which is not read: it is {alike}"));
    }
    for (side, image) in [("staging", ours), ("reference", theirs)] {
        if let Some(ordered) = &image.ordered {
            lines.push(format!("the order of the {side} image counts, and is not compared: {ordered}"));
        }
    }
    if found.times > 0 {
        lines.push(format!("{} changed at another time", counted(found.times, "entry", "entries")));
    }
    for (name, line) in found.lines.iter().take(MOST_SHOWN) {
        lines.push(format!("{}: {line}", shown(name)));
        let diff = texts.get(name).and_then(|said| said.detail.as_deref()).unwrap_or_default();
        let changed = diff.lines().filter(|line| !line.starts_with("---") && !line.starts_with("+++"));
        lines.extend(changed.take(MOST_LINES).map(|line| format!("    {line}")));
    }
    if found.lines.len() > MOST_SHOWN {
        lines.push(format!("… and {} more", found.lines.len() - MOST_SHOWN));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
