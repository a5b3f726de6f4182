//! Python's bytecode, which has the time of its source in it (PEP 552).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::RangeInclusive;
use std::path::Path;

use super::{Files, Said};
use crate::image::compare::model::Fact;

/// The largest bytecode that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The numbers of the versions that write this: those of Python 3.7 and later. Python 2 has larger ones.
const VERSIONS: RangeInclusive<u16> = 3392..=9999;

/// Reads both as bytecode, if they are named so.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let is_read = |path: &Path| -> io::Result<bool> { Ok(fs::metadata(path)?.len() <= LARGEST) };
    if !files.name.ends_with(b".pyc") || !is_read(files.staging)? || !is_read(files.reference)? {
        return Ok(None);
    }
    let is_same = is_same(files.staging, files.reference)?;
    Ok(is_same.then(|| Said { facts: vec![Fact::BytecodeOfOtherTime], detail: None }))
}

/// Bytecode has 16 bytes before it: what wrote it, flags, and the time and size of its source. With a flag, a
/// hash of the source stands for the time, and what an older Python wrote has fewer bytes before the code.
fn is_same(staging: &Path, reference: &Path) -> io::Result<bool> {
    let without_time = |path: &Path| -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let is_timed = bytes.len() >= 16
            && VERSIONS.contains(&u16::from_le_bytes([bytes[0], bytes[1]]))
            && bytes[2..8] == *b"\r\n\0\0\0\0";
        Ok(is_timed.then(|| {
            bytes[8..12].fill(0);
            bytes
        }))
    };
    let ours = without_time(staging)?;
    Ok(ours.is_some() && ours == without_time(reference)?)
}
