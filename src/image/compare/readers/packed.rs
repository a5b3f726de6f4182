//! What is packed with gzip or zstd: the same inside, or a text that differs.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::text::{self, LARGEST_TEXT};
use super::{Files, Said};
use crate::image::compare::model::Fact;
use crate::image::digest::Hashing;
use crate::image::layer::Unpacked;

/// The largest content that is unpacked to be compared, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads both without their packing, if both are packed.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    if !is_packed(files.staging)? || !is_packed(files.reference)? {
        return Ok(None);
    }
    let (Some(ours), Some(theirs)) = (digest(files.staging)?, digest(files.reference)?) else {
        return Ok(Some(Said::default()));
    };
    if ours == theirs {
        return Ok(Some(Said { facts: vec![Fact::SameWithoutPacking], detail: None }));
    }
    let (Some(ours), Some(theirs)) = (small(files.staging)?, small(files.reference)?) else {
        return Ok(Some(Said::default()));
    };
    // What a release says counts where it is read from, which is nowhere where it is packed.
    let said = text::compare(files.shown, b"", &ours, &theirs);
    Ok(Some(said.unwrap_or_default()))
}

fn is_packed(path: &Path) -> io::Result<bool> {
    match Unpacked::open(File::open(path)?) {
        Ok(Unpacked::Plain(_)) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the digest of a content without its packing; none if it is damaged, or too large to be looked at.
fn digest(path: &Path) -> io::Result<Option<String>> {
    let unpacked = Unpacked::open(File::open(path)?)?.take(LARGEST + 1);
    let mut hashing = Hashing::like("sha256:", unpacked);
    if io::copy(&mut hashing, &mut io::sink()).is_err() {
        return Ok(None);
    }
    let (digest, length) = hashing.finish();
    Ok((length <= LARGEST).then_some(digest))
}

/// Returns a content without its packing, if it is small.
fn small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = Unpacked::open(File::open(path)?)?.take(LARGEST_TEXT + 1).read_to_end(&mut bytes);
    Ok((read.is_ok() && bytes.len() as u64 <= LARGEST_TEXT).then_some(bytes))
}
