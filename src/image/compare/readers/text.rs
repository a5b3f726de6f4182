//! Texts, as a diff; and `os-release`, which says which build an image is of.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::{Files, Said};
use crate::diagnostic::unified;
use crate::image::compare::model::Fact;

/// The largest text that is shown as a diff, in bytes.
pub(super) const LARGEST_TEXT: u64 = 256 * 1024;

/// How many lines of a diff are kept.
const MOST_LINES: usize = 60;

/// Files that say which system it is; the second one is that of an initramfs.
const RELEASES: [&[u8]; 2] = [b"os-release", b"initrd-release"];

/// Keys of `os-release` that say which build it is (os-release(5), and what ostree adds).
const BUILD_KEYS: [&str; 8] = [
    "BUILD_ID",
    "IMAGE_ID",
    "IMAGE_VERSION",
    "OSTREE_VERSION",
    "OSTREE_COMMIT",
    "VERSION",
    "PRETTY_NAME",
    "RELEASE_DATE",
];

/// Reads both as texts, if they are and are small.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let small = |path: &Path| -> io::Result<Option<Vec<u8>>> {
        if fs::metadata(path)?.len() > LARGEST_TEXT { Ok(None) } else { fs::read(path).map(Some) }
    };
    let (Some(ours), Some(theirs)) = (small(files.staging)?, small(files.reference)?) else {
        return Ok(None);
    };
    Ok(compare(files.shown, files.name, &ours, &theirs))
}

/// Compares texts; nothing is said where one is none.
pub(super) fn compare(shown: &str, name: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Said> {
    let text = |bytes| str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let (ours, theirs) = (text(ours)?, text(theirs)?);
    let mut said = Said::default();
    if RELEASES.contains(&name) && is_same_but_for_the_build(ours, theirs) {
        said.facts.push(Fact::OtherBuildId);
    }
    said.detail = Some(shortened(&unified(shown, Some(theirs), Some(ours))));
    Some(said)
}

fn is_same_but_for_the_build(ours: &str, theirs: &str) -> bool {
    let rest = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let others = pairs.filter(|(key, _)| !BUILD_KEYS.contains(key));
        others.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    rest(ours) == rest(theirs)
}

fn shortened(diff: &str) -> String {
    let lines = diff.lines().count();
    if lines <= MOST_LINES {
        return diff.to_owned();
    }
    let kept: Vec<&str> = diff.lines().take(MOST_LINES).collect();
    format!("{}\n… and {} more lines\n", kept.join("\n"), lines - MOST_LINES)
}
