//! What two contents of one path say to someone who knows their format.
//!
//! A reader takes both files. It looks at their first bytes, and hands on what is not of its format; of the rest
//! it tells what differs, and states as a fact what a rule may explain. What it reads comes out of images that
//! nobody vouches for: each reader holds little of a file in memory and stops at what is no longer of the format.

mod bytecode;
mod cpio;
mod elf;
mod packed;
pub(super) mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::Path;

use super::model::{Difference, Fact};
use crate::image::path::TreePath;

/// The contents of a path in both images, as files.
struct Files<'a> {
    /// The last part of the path.
    name: &'a [u8],
    /// The path, as it is shown.
    shown: &'a str,
    staging: &'a Path,
    reference: &'a Path,
    /// Whether an image has a journal beside the file, of a database that was open.
    is_open: bool,
}

/// What a reader has to say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// Lines about what differs.
    detail: Option<String>,
    facts: Vec<Fact>,
}

impl Said {
    /// Says one thing.
    fn of(line: impl Into<String>) -> Self {
        Self { detail: Some(line.into() + "\n"), facts: Vec::new() }
    }

    /// Says that something looks like a format, and is not.
    fn unread(what: &str, error: &dyn std::error::Error) -> Self {
        let said = format!("it cannot be read as {what}: {}\n", crate::diagnostic::chain(error));
        Self { detail: Some(said), facts: Vec::new() }
    }
}

/// Reads both contents, if they are of its format.
type Reader = fn(&Files<'_>) -> io::Result<Option<Said>>;

/// All readers, in the order in which they are asked. What is packed may be an initramfs, and everything a text.
const READERS: [Reader; 6] = [bytecode::read, cpio::read, sqlite::read, elf::read, packed::read, text::read];

/// Reads both contents of a path as what they are, and adds what is to say to their difference.
///
/// # Errors
/// When a content cannot be read from the disk.
pub(super) fn read(
    difference: &mut Difference,
    path: &TreePath,
    (staging, reference): (&Path, &Path),
    is_open: bool,
) -> io::Result<()> {
    let name = path.file_name();
    let files = Files { name, shown: &difference.subject, staging, reference, is_open };
    for reader in READERS {
        if let Some(said) = reader(&files)? {
            difference.detail = said.detail;
            difference.facts.extend(said.facts);
            break;
        }
    }
    Ok(())
}

/// Returns a count with its noun, whose plural is not made with an `s`.
fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
