//! Texts, as a diff; and `os-release`, which says which build an image is of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::{Files, Said};
use crate::diagnostic::{size, unified};
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

/// Keys of it that name the version of the system as well: they differ by the build only within one `VERSION_ID`.
const VERSION_KEYS: [&str; 2] = ["VERSION", "PRETTY_NAME"];

/// Reads both as texts, if they are and are small.
pub(super) fn read(files: &Files<'_>) -> io::Result<Option<Said>> {
    let small = |path: &Path| -> io::Result<Option<Vec<u8>>> {
        if fs::metadata(path)?.len() > LARGEST_TEXT { Ok(None) } else { fs::read(path).map(Some) }
    };
    let (Some(ours), Some(theirs)) = (small(files.staging)?, small(files.reference)?) else {
        let is_text = begins_as_text(files.staging)? && begins_as_text(files.reference)?;
        let limit = size(LARGEST_TEXT);
        return Ok(
            is_text.then(|| Said::of(format!("not shown as a diff, as a text is larger than {limit}")))
        );
    };
    Ok(compare(files.shown, files.name, &ours, &theirs))
}

fn begins_as_text(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut head)?;
    // The last letter may be cut.
    let is_utf8 = str::from_utf8(&head).map_or_else(|error| error.error_len().is_none(), |_| true);
    Ok(is_utf8 && !head.contains(&0))
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

/// Programs read these files as shell: a line counts whatever it looks like, and so does the order.
fn is_same_but_for_the_build(ours: &str, theirs: &str) -> bool {
    let (Some((our_build, our_rest)), Some((their_build, their_rest))) = (parts(ours), parts(theirs)) else {
        return false;
    };
    let is_of_one_version = our_rest.iter().any(|line| line.starts_with("VERSION_ID="));
    let is_alike = |key: &&str| our_build.get(*key) == their_build.get(*key);
    our_rest == their_rest && (is_of_one_version || VERSION_KEYS.iter().all(is_alike))
}

/// Returns what a release says of its build, and all other lines; none where a key comes twice or its value is
/// more than a word.
fn parts(text: &str) -> Option<(BTreeMap<&str, &str>, Vec<&str>)> {
    let (mut build, mut rest) = (BTreeMap::new(), Vec::new());
    for line in text.split('\n') {
        match line.split_once('=').filter(|(key, _)| BUILD_KEYS.contains(key)) {
            Some((key, value)) if is_plain(value) && build.insert(key, value).is_none() => {}
            Some(_) => return None,
            None => rest.push(line),
        }
    }
    Some((build, rest))
}

/// Returns whether a shell takes a value as it stands, and nothing behind it.
fn is_plain(value: &str) -> bool {
    let is_in = |inner: &str, others: &str| {
        inner.chars().all(|letter| letter.is_alphanumeric() || others.contains(letter))
    };
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    match quoted {
        Some(inner) => is_in(inner, "._:+~^@/- (),"),
        None => is_in(value, "._:+~^@/-"),
    }
}

fn shortened(diff: &str) -> String {
    let lines = diff.lines().count();
    if lines <= MOST_LINES {
        return diff.to_owned();
    }
    let kept: Vec<&str> = diff.lines().take(MOST_LINES).collect();
    format!("{}\n… and {} more lines\n", kept.join("\n"), lines - MOST_LINES)
}
