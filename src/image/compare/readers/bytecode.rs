//! Python's bytecode, which has the time of its source in it (PEP 552).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::{Files, Said};
use crate::image::compare::model::Fact;

/// The largest bytecode that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads both as bytecode, if they are named so.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let is_read = |path: &Path| -> io::Result<bool> { Ok(fs::metadata(path)?.len() <= LARGEST) };
    if !files.name.ends_with(b".pyc") || !is_read(files.staging)? || !is_read(files.reference)? {
        return Ok(None);
    }
    let is_same = is_same(files.staging, files.reference)?;
    Ok(is_same.then(|| Said { facts: vec![Fact::BytecodeOfOtherTime], detail: None }))
}

/// Bytecode has 16 bytes before it: what wrote it, flags, and the time and size of its source.
fn is_same(staging: &Path, reference: &Path) -> io::Result<bool> {
    let parts = |path: &Path| -> io::Result<Option<([u8; 8], Vec<u8>)>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let head = bytes.first_chunk().copied();
        Ok(head.and_then(|head| Some((head, bytes.get(16..)?.to_vec()))))
    };
    let ours = parts(staging)?;
    Ok(ours.is_some() && ours == parts(reference)?)
}
