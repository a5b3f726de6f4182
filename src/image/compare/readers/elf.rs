//! Programs and libraries: which build they are of, and in which sections they differ.
//!
//! Headers are parsed here and not by a library: sections, their names and one note are all that is asked for,
//! of files that are read in pieces.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use sha2::{Digest as _, Sha256};

use super::{Files, Said, counted};
use crate::diagnostic::{hexadecimal, size};
use crate::image::compare::model::Fact;

/// The largest program that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// How many sections are read: modules of the kernel have some thousand.
const MOST_SECTIONS: u64 = 65_536;

/// The largest tables of names, of segments and of notes that are read, in bytes.
const LARGEST_TABLE: u64 = 1 << 20;

/// How many sections that differ are shown.
const MOST_SHOWN: usize = 20;

/// Sections that say which build it is and where its symbols are, and that no code reads.
const OF_THE_BUILD: [&str; 4] = [BUILD_ID, ".gnu_debuglink", ".gnu_debugdata", ".comment"];

const BUILD_ID: &str = ".note.gnu.build-id";

/// The longest id of a build, in bytes.
const LONGEST_ID: usize = 64;

const SHT_PROGBITS: u64 = 1;
const SHT_NOTE: u64 = 7;
const SHT_NOBITS: u64 = 8;
const SHF_ALLOC: u64 = 2;
const PT_NOTE: u64 = 4;
const NT_GNU_BUILD_ID: u64 = 3;

/// Reads both as programs, if they are.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let (mut ours, mut theirs) = (File::open(files.staging)?, File::open(files.reference)?);
    if !is_elf(&mut ours)? || !is_elf(&mut theirs)? {
        return Ok(None);
    }
    if ours.metadata()?.len().max(theirs.metadata()?.len()) > LARGEST {
        let said = format!("ELF: not looked into, as it is larger than {}", size(LARGEST));
        return Ok(Some(Said::of(said)));
    }
    Ok(Some(read_unpacked(ours, theirs)))
}

/// Reads both as programs, which they are by their first bytes.
pub(super) fn read_unpacked(ours: impl Read + Seek, theirs: impl Read + Seek) -> Said {
    match (Elf::read(ours), Elf::read(theirs)) {
        (Ok(ours), Ok(theirs)) => compare(&ours, &theirs),
        (Err(error), _) | (_, Err(error)) => Said::unread("ELF", &error),
    }
}

/// Returns whether these are the first four bytes of a program.
pub(super) fn is_magic(head: &[u8]) -> bool {
    head == b"\x7fELF"
}

fn is_elf(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(4).read_to_end(&mut head)?;
    Ok(is_magic(&head))
}

/// Where numbers stand in a file of 32 or 64 bits: offset and length in bytes.
struct Layout {
    head: usize,
    segments: (usize, usize),
    sections: (usize, usize),
    /// Size and count of segments, size and count of sections, and the section with the names.
    counts: [usize; 5],
    segment: usize,
    /// Of a segment: its type, where its bytes begin, and how many they are.
    segment_fields: [(usize, usize); 3],
    section: usize,
    /// Of a section: name, type, flags, address, offset, size, link, info, alignment and size of an entry.
    section_fields: [(usize, usize); 10],
}

const BITS_32: Layout = Layout {
    head: 52,
    segments: (28, 4),
    sections: (32, 4),
    counts: [42, 44, 46, 48, 50],
    segment: 32,
    segment_fields: [(0, 4), (4, 4), (16, 4)],
    section: 40,
    section_fields: [(0, 4), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4), (24, 4), (28, 4), (32, 4), (36, 4)],
};

const BITS_64: Layout = Layout {
    head: 64,
    segments: (32, 8),
    sections: (40, 8),
    counts: [54, 56, 58, 60, 62],
    segment: 56,
    segment_fields: [(0, 4), (8, 8), (32, 8)],
    section: 64,
    section_fields: [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)],
};

/// A program, in short.
struct Elf {
    /// The head, without where sections stand.
    head: Vec<u8>,
    segments: Vec<u8>,
    sections: Sections,
    build_id: Option<String>,
    /// The sum of what segments take from the file, without the id of the build.
    loaded: [u8; 32],
    /// What stands in no section and in no table, without the zeros around it: its length and its sum.
    rest: (u64, [u8; 32]),
}

#[derive(PartialEq, Eq)]
struct Section {
    /// Its place in the table: symbols refer to it.
    index: usize,
    kind: u64,
    flags: u64,
    address: u64,
    size: u64,
    /// The section that it refers to, and more about it: of relocations, what they are for.
    link: (u64, u64),
    /// Alignment, and size of an entry.
    shape: (u64, u64),
    /// Whether it is the note with the id of the build, and nothing else.
    is_build_id: bool,
    digest: [u8; 32],
}

/// A file that is read at places; each byte may be read a few times, and not more.
struct Reader<R> {
    file: BufReader<R>,
    is_big: bool,
    layout: &'static Layout,
    size: u64,
    budget: u64,
}

/// Sections by their names; where several have one, by their order among these.
type Sections = BTreeMap<(String, usize), Section>;

/// The head of a section, as numbers.
type Fields = [u64; 10];

impl Elf {
    fn read(file: impl Read + Seek) -> io::Result<Self> {
        let (mut reader, mut head) = Reader::open(file)?;
        let layout = reader.layout;
        let [_, segments, section_size, sections, names] =
            layout.counts.map(|at| reader.number(&head, (at, 2)));
        let segments_at = reader.number(&head, layout.segments);
        let sections_at = reader.number(&head, layout.sections);
        let segments = reader.bytes(segments_at, segments * layout.segment as u64)?;
        if sections_at > 0 && section_size != layout.section as u64 {
            return Err(odd("its sections are described in another way"));
        }
        let fields = reader.fields(sections_at, sections)?;
        // A count that does not fit stands in the first section.
        let names = if names == 0xffff { fields.first().map_or(0, |first| first[6]) } else { names };
        let table = [(0, layout.head as u64), (segments_at, segments.len() as u64)];
        let mut covered = table.to_vec();
        covered.push((sections_at, fields.len() as u64 * layout.section as u64));
        let (sections, id_place) = reader.sections(&fields, names, &mut covered)?;
        let build_id = reader.build_id(&fields, &segments)?;
        let rest = reader.rest(covered)?;
        // Where the sections are described depends on what stands before them.
        let mut free = Vec::new();
        for (at, length) in [layout.sections, (layout.counts[3], 2), (layout.counts[4], 2)] {
            head[at..at + length].fill(0);
            free.push((at as u64, length as u64));
        }
        free.extend(id_place);
        let loaded = reader.loaded(&segments, &free)?;
        Ok(Self { head, segments, sections, build_id, loaded, rest })
    }
}

impl<R: Read + Seek> Reader<R> {
    fn open(mut file: R) -> io::Result<(Self, Vec<u8>)> {
        let size = file.seek(SeekFrom::End(0))?;
        let file = BufReader::with_capacity(1 << 16, file);
        let mut reader = Self { file, is_big: false, layout: &BITS_64, size, budget: size * 4 + (1 << 16) };
        let ident = reader.bytes(0, 16)?;
        (reader.layout, reader.is_big) = match (ident[4], ident[5]) {
            (1, 1) => (&BITS_32, false),
            (1, 2) => (&BITS_32, true),
            (2, 1) => (&BITS_64, false),
            (2, 2) => (&BITS_64, true),
            _ => return Err(odd("it is neither of 32 nor of 64 bits")),
        };
        let head = reader.bytes(0, reader.layout.head as u64)?;
        Ok((reader, head))
    }

    fn number(&self, bytes: &[u8], (at, length): (usize, usize)) -> u64 {
        let bytes = bytes.get(at..at + length).unwrap_or_default();
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.is_big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// Holds a range to the file, and takes it from what may be read of it.
    fn seek(&mut self, at: u64, length: u64) -> io::Result<()> {
        if at.checked_add(length).is_none_or(|end| end > self.size) {
            return Err(odd("a part of it leaves the file"));
        }
        self.budget = self.budget.checked_sub(length).ok_or_else(|| odd("parts of it overlap"))?;
        self.file.seek(SeekFrom::Start(at)).map(drop)
    }

    fn bytes(&mut self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        if length > LARGEST_TABLE * 8 {
            return Err(odd("a table of it is larger than those that are read"));
        }
        self.seek(at, length)?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn digest(&mut self, at: u64, length: u64) -> io::Result<[u8; 32]> {
        self.seek(at, length)?;
        let (mut hasher, mut buffer) = (Sha256::new(), [0; 1 << 14]);
        let mut section = (&mut self.file).take(length);
        loop {
            match section.read(&mut buffer)? {
                0 => return Ok(hasher.finalize().into()),
                count => hasher.update(&buffer[..count]),
            }
        }
    }

    fn fields(&mut self, at: u64, count: u64) -> io::Result<Vec<Fields>> {
        let layout = self.layout;
        let read = |reader: &mut Self, count: u64| -> io::Result<Vec<Fields>> {
            let bytes = reader.bytes(at, count * layout.section as u64)?;
            let fields = |section: &[u8]| layout.section_fields.map(|field| reader.number(section, field));
            Ok(bytes.chunks_exact(layout.section).map(fields).collect())
        };
        if at == 0 {
            return Ok(Vec::new());
        }
        let count = if count > 0 { count } else { read(self, 1)?[0][5] };
        if count > MOST_SECTIONS {
            return Err(odd("it has more sections than any program"));
        }
        read(self, count)
    }

    /// Reads all sections; returns also where the bytes of the id of the build are.
    fn sections(
        &mut self,
        fields: &[Fields],
        names: u64,
        covered: &mut Vec<(u64, u64)>,
    ) -> io::Result<(Sections, Option<(u64, u64)>)> {
        let table = usize::try_from(names).ok().and_then(|names| fields.get(names));
        let names = match table {
            Some([_, kind, _, _, at, size, ..]) if *kind != SHT_NOBITS => self.bytes(*at, *size)?,
            _ => Vec::new(),
        };
        let (mut sections, mut id_place) = (BTreeMap::new(), None);
        for (index, fields) in fields.iter().copied().enumerate() {
            let [name, kind, flags, address, at, size, link, info, alignment, entry] = fields;
            let digest = if kind == SHT_NOBITS || kind == 0 { [0; 32] } else { self.digest(at, size)? };
            if kind != SHT_NOBITS && kind != 0 {
                covered.push((at, size));
            }
            let name = usize::try_from(name).ok().and_then(|name| names.get(name..)).unwrap_or_default();
            let name = crate::image::path::shown(name.split(|byte| *byte == 0).next().unwrap_or_default());
            let is_note = name == BUILD_ID && kind == SHT_NOTE && flags & !SHF_ALLOC == 0;
            let is_build_id = is_note && size < LARGEST_TABLE && self.is_build_id(at, size)?;
            if is_build_id {
                id_place = Some((at + 16, size - 16));
            }
            // The first section is none: it has what does not fit into the header.
            let (size, link) = if kind == 0 { (0, (0, 0)) } else { (size, (link, info)) };
            let shape = (alignment, entry);
            let section = Section { index, kind, flags, address, size, link, shape, is_build_id, digest };
            let number = sections.range((name.clone(), 0)..=(name.clone(), usize::MAX)).count();
            sections.insert((name, number), section);
        }
        Ok((sections, id_place))
    }

    /// Returns whether a section has the id of the build, and nothing else.
    fn is_build_id(&mut self, at: u64, size: u64) -> io::Result<bool> {
        let note = self.bytes(at, size)?;
        let Some((head, id)) = note.split_at_checked(16) else { return Ok(false) };
        let [name, length, kind] = [0, 4, 8].map(|at| self.number(head, (at, 4)));
        let is_note = name == 4 && kind == NT_GNU_BUILD_ID && head.ends_with(b"GNU\0");
        // Linkers do not fill up the last note.
        let there = Some(id.len() as u64);
        let is_all = Some(length) == there || length.checked_next_multiple_of(4) == there;
        Ok(is_note && is_all && id.len() <= LONGEST_ID)
    }

    /// Sums up what segments take from the file; some bytes of it may be anything.
    fn loaded(&mut self, segments: &[u8], free: &[(u64, u64)]) -> io::Result<[u8; 32]> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for segment in segments.chunks_exact(self.layout.segment) {
            let [_, at, size] = self.layout.segment_fields.map(|field| self.number(segment, field));
            ranges.push((at, size));
        }
        ranges.sort_unstable();
        let (mut hasher, mut buffer, mut done) = (Sha256::new(), [0; 1 << 14], 0);
        for (at, size) in ranges {
            let end = at.checked_add(size).ok_or_else(|| odd("a part of it leaves the file"))?;
            let start = at.max(done);
            if start >= end {
                continue;
            }
            self.seek(start, end - start)?;
            done = start;
            while done < end {
                let count = buffer.len().min(usize::try_from(end - done).unwrap_or(usize::MAX));
                self.file.read_exact(&mut buffer[..count])?;
                for (at, length) in free {
                    let within =
                        |at: u64| usize::try_from(at.saturating_sub(done)).unwrap_or(count).min(count);
                    buffer[within(*at)..within(at.saturating_add(*length))].fill(0);
                }
                hasher.update(&buffer[..count]);
                done += count as u64;
            }
        }
        Ok(hasher.finalize().into())
    }

    /// Finds the note with the id of the build: in sections, or in segments where there are none.
    fn build_id(&mut self, fields: &[Fields], segments: &[u8]) -> io::Result<Option<String>> {
        let mut places: Vec<(u64, u64)> = Vec::new();
        for [_, kind, _, _, at, size, ..] in fields {
            if *kind == SHT_NOTE {
                places.push((*at, *size));
            }
        }
        if fields.is_empty() {
            for segment in segments.chunks_exact(self.layout.segment) {
                let [kind, at, size] = self.layout.segment_fields.map(|field| self.number(segment, field));
                if kind == PT_NOTE {
                    places.push((at, size));
                }
            }
        }
        for (at, size) in places.into_iter().filter(|(_, size)| *size <= LARGEST_TABLE) {
            let notes = self.bytes(at, size)?;
            if let Some(id) = self.build_id_of(&notes) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn build_id_of(&self, mut notes: &[u8]) -> Option<String> {
        let padded = |length: u64| usize::try_from(length.checked_next_multiple_of(4)?).ok();
        while notes.len() >= 12 {
            let [name, length, kind] = [0, 4, 8].map(|at| self.number(notes, (at, 4)));
            let (owner, rest) = notes[12..].split_at_checked(padded(name)?)?;
            let said = rest.get(..usize::try_from(length).ok()?)?;
            if kind == NT_GNU_BUILD_ID && owner == b"GNU\0" {
                return Some(hexadecimal(said));
            }
            notes = rest.get(padded(length)?..)?;
        }
        None
    }

    /// Reads what is in no section and in no table; zeros around it only fill.
    fn rest(&mut self, mut covered: Vec<(u64, u64)>) -> io::Result<(u64, [u8; 32])> {
        covered.sort_unstable();
        covered.push((self.size, 0));
        let (mut hasher, mut length, mut done) = (Sha256::new(), 0_u64, 0);
        for (at, size) in covered {
            if at > done {
                self.seek(done, at - done)?;
                let mut buffer = [0; 1 << 14];
                let mut gap = (&mut self.file).take(at - done);
                let (mut zeros, mut has_begun) = (0, false);
                loop {
                    let count = gap.read(&mut buffer)?;
                    if count == 0 {
                        break;
                    }
                    for byte in &buffer[..count] {
                        if *byte == 0 {
                            zeros += 1;
                            continue;
                        }
                        let filled = if has_begun { zeros } else { 0 };
                        (0..filled).for_each(|_| hasher.update([0]));
                        hasher.update([*byte]);
                        length += filled + 1;
                        (zeros, has_begun) = (0, true);
                    }
                }
                if has_begun {
                    hasher.update(length.to_be_bytes());
                }
            }
            done = done.max(at.saturating_add(size));
        }
        Ok((length, hasher.finalize().into()))
    }
}

fn odd(said: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, said)
}

fn compare(ours: &Elf, theirs: &Elf) -> Said {
    let names: BTreeSet<_> = ours.sections.keys().chain(theirs.sections.keys()).collect();
    let is_alike = |name: &&(String, usize)| ours.sections.get(name) == theirs.sections.get(name);
    let differing: Vec<_> = names.iter().copied().filter(|name| !is_alike(name)).collect();
    let mut lines =
        vec![format!("ELF: {} of {} differ", differing.len(), counted(names.len(), "section", "sections"))];
    if ours.build_id != theirs.build_id {
        let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        lines.push(format!("build id {}, not {}", id(&ours.build_id), id(&theirs.build_id)));
    }
    if ours.head != theirs.head {
        lines.push("the header differs: machine, kind, flags or where it starts".to_owned());
    }
    if ours.segments != theirs.segments {
        lines.push("the segments differ: what is loaded where".to_owned());
    }
    if ours.loaded != theirs.loaded {
        lines.push("what the segments load differs, beside the build id".to_owned());
    }
    if ours.rest != theirs.rest {
        let (our, their) = (size(ours.rest.0), size(theirs.rest.0));
        lines.push(format!(
            "what is in no section differs ({our}, not {their}), as signatures of modules are"
        ));
    }
    for name in differing.iter().take(MOST_SHOWN) {
        lines.push(format!("{}: {}", name.0, section(ours.sections.get(name), theirs.sections.get(name))));
    }
    if differing.len() > MOST_SHOWN {
        lines.push(format!("… and {} more", differing.len() - MOST_SHOWN));
    }
    let is_all_code_alike = ours.head == theirs.head
        && ours.segments == theirs.segments
        && ours.loaded == theirs.loaded
        && ours.rest == theirs.rest
        && !ours.sections.is_empty()
        && differing.iter().all(|name| {
            [ours, theirs]
                .iter()
                .all(|elf| elf.sections.get(name).is_none_or(|it| it.is_of_the_build(&name.0)))
        });
    let facts = if is_all_code_alike { vec![Fact::ElfOfOtherBuild] } else { Vec::new() };
    Said { detail: Some(lines.join("\n") + "\n"), facts }
}

impl Section {
    /// Returns whether it is what its name says, and is not loaded where it has no need to be.
    fn is_of_the_build(&self, name: &str) -> bool {
        let is_read_by_none = self.kind == SHT_PROGBITS && self.flags & SHF_ALLOC == 0;
        OF_THE_BUILD.contains(&name) && if name == BUILD_ID { self.is_build_id } else { is_read_by_none }
    }
}

fn section(ours: Option<&Section>, theirs: Option<&Section>) -> String {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours.size != theirs.size => {
            format!("{} bytes, not {}", ours.size, theirs.size)
        }
        (Some(ours), Some(theirs)) if ours.digest != theirs.digest => {
            format!("{} bytes, and not the same", ours.size)
        }
        (Some(_), Some(_)) => "the same bytes, placed or marked in another way".to_owned(),
        (Some(ours), None) => format!("only in the staging image ({} bytes)", ours.size),
        (None, theirs) => {
            format!("only in the reference image ({} bytes)", theirs.map_or(0, |theirs| theirs.size))
        }
    }
}

#[cfg(test)]
mod tests;
