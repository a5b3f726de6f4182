//! What is packed with gzip or zstd: the same inside, or a text or a program that differs.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::text::{self, LARGEST_TEXT};
use super::{Files, Said, elf};
use crate::diagnostic::size;
use crate::image::compare::model::Fact;
use crate::image::digest::ContentDigest;
use crate::image::layer::{Compression, Unpacked};

/// The largest content that is unpacked to be compared, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The largest program that is looked into, in bytes: it is unpacked into memory.
const LARGEST_PROGRAM: u64 = 64 * 1024 * 1024;

/// Reads both without their packing, if both are packed in the same way.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let (ours, theirs) = (packing(files.staging)?, packing(files.reference)?);
    if ours == Compression::None || theirs == Compression::None {
        return Ok(None);
    }
    if ours != theirs {
        return Ok(Some(Said::of(format!("packed with {}, not with {}", word(ours), word(theirs)))));
    }
    let (ours, theirs) = match (Inside::read(files.staging), Inside::read(files.reference)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(error), _) | (_, Err(error)) => {
            return Ok(Some(Said::of(format!("not read without its packing: {error}"))));
        }
    };
    let hidden = ours.hidden.or(theirs.hidden);
    let mut said = if ours.digest == theirs.digest {
        let detail = hidden.map(|_| "without its packing the content is the same\n".to_owned());
        Said { facts: vec![Fact::SameWithoutPacking], detail }
    } else {
        look_inside(files)?
    };
    if let Some(hidden) = hidden {
        said.facts.clear();
        said.detail
            .get_or_insert_default()
            .push_str(&format!("the packing has {hidden}, which is not compared\n"));
    }
    Ok(Some(said))
}

/// Compares what is inside, if it is small enough.
fn look_inside(files: &Files<'_>) -> io::Result<Said> {
    let both = |limit| -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let (ours, theirs) = (small(files.staging, limit)?, small(files.reference, limit)?);
        Ok(ours.zip(theirs))
    };
    if let Some((ours, theirs)) = both(LARGEST_TEXT)?
        // What a release says counts where it is read from, which is nowhere where it is packed.
        && let Some(said) = text::compare(files.shown, b"", &ours, &theirs)
    {
        return Ok(said);
    }
    let is_program = |path: &Path| -> io::Result<bool> {
        let mut head = Vec::new();
        Unpacked::open(File::open(path)?)?.take(4).read_to_end(&mut head)?;
        Ok(elf::is_magic(&head))
    };
    if !is_program(files.staging)? || !is_program(files.reference)? {
        return Ok(Said::default());
    }
    let programs = both(LARGEST_PROGRAM)?;
    let read =
        programs.map(|(ours, theirs)| elf::read_unpacked(io::Cursor::new(ours), io::Cursor::new(theirs)));
    let limit = size(LARGEST_PROGRAM);
    Ok(read.unwrap_or_else(|| Said::of(format!("a program of more than {limit} in it is not looked into"))))
}

fn packing(path: &Path) -> io::Result<Compression> {
    let mut head = Vec::new();
    File::open(path)?.take(6).read_to_end(&mut head)?;
    Ok(match Compression::of(&head) {
        Compression::Unread(_) => Compression::None,
        packing => packing,
    })
}

const fn word(packing: Compression) -> &'static str {
    match packing {
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Unread(word) => word,
        Compression::None => "nothing",
    }
}

/// What came of unpacking a file.
struct Inside {
    digest: String,
    /// What the packing has beside the content, that nobody unpacks.
    hidden: Option<&'static str>,
}

impl Inside {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let (mut hasher, mut left, mut hidden) = (Sha256::new(), LARGEST, None);
        let first = packing(path)?;
        loop {
            let mut head = Vec::new();
            (&mut file).take(6).read_to_end(&mut head)?;
            file.seek_relative(-i64::try_from(head.len()).unwrap_or(0))?;
            match Compression::of(&head) {
                _ if head.is_empty() => break,
                Compression::Gzip if first == Compression::Gzip => {
                    let mut member = GzDecoder::new(&mut file);
                    add(&mut hasher, &mut member, &mut left)?;
                    if member.header().is_some_and(|head| head.extra().or(head.comment()).is_some()) {
                        hidden = Some("a comment or a field of its own");
                    }
                }
                Compression::Zstd if first == Compression::Zstd => {
                    if head[0] & 0xf0 == 0x50 {
                        hidden = Some("a part to be skipped");
                    }
                    let frame = zstd::stream::read::Decoder::with_buffer(&mut file)?.single_frame();
                    add(&mut hasher, frame, &mut left)?;
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "something else lies behind it")),
            }
        }
        let digest = ContentDigest::finish(hasher).hex();
        Ok(Self { digest, hidden })
    }
}

/// Adds a content to a sum, as far as it is not too large.
fn add(hasher: &mut Sha256, mut content: impl Read, left: &mut u64) -> io::Result<()> {
    let mut buffer = [0; 1 << 14];
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        *left = left.checked_sub(count as u64).ok_or_else(|| {
            let said = format!("it is larger than {}, the most that is unpacked", size(LARGEST));
            io::Error::new(io::ErrorKind::FileTooLarge, said)
        })?;
        hasher.update(&buffer[..count]);
    }
}

/// Returns a content without its packing, if it is no larger than that.
fn small(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = Unpacked::open(File::open(path)?)?.take(limit + 1).read_to_end(&mut bytes);
    Ok((read.is_ok() && bytes.len() as u64 <= limit).then_some(bytes))
}
