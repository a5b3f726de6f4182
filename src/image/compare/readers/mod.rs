//! What two contents of one path say to someone who knows their format.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::model::{Difference, Fact};
use crate::diagnostic::unified;
use crate::image::digest::ContentDigest;
use crate::image::layer::Unpacked;

/// The largest text that is shown as a diff, in bytes.
const LARGEST_TEXT: u64 = 256 * 1024;

/// The largest content that is unpacked to be compared, in bytes.
const LARGEST_UNPACKED: u64 = 256 * 1024 * 1024;

/// How many lines of a diff are kept.
const MOST_LINES: usize = 60;

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

/// Reads both contents of a path as what they are, and adds what is to say to their difference.
///
/// # Errors
/// When a content cannot be read.
pub(super) fn read(difference: &mut Difference, staging: &Path, reference: &Path) -> io::Result<()> {
    let name = difference.subject.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if extension == "pyc" && is_same_bytecode(staging, reference)? {
        difference.facts.push(Fact::BytecodeOfOtherTime);
        return Ok(());
    }
    if is_packed(staging)? && is_packed(reference)? {
        if unpacked_digest(staging)?
            .is_some_and(|ours| unpacked_digest(reference).ok().flatten() == Some(ours))
        {
            difference.facts.push(Fact::SameWithoutPacking);
        }
        return Ok(());
    }
    let (Some(ours), Some(theirs)) = (text(staging)?, text(reference)?) else { return Ok(()) };
    if name == "os-release" && is_same_but_for_the_build(&ours, &theirs) {
        difference.facts.push(Fact::OtherBuildId);
    }
    difference.detail = Some(shortened(&unified(&difference.subject, Some(&theirs), Some(&ours))));
    Ok(())
}

/// Returns the text of a small file; none where it is no text.
fn text(path: &Path) -> io::Result<Option<String>> {
    if fs::metadata(path)?.len() > LARGEST_TEXT {
        return Ok(None);
    }
    let bytes = fs::read(path)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
}

/// Bytecode has 16 bytes before it: what wrote it, flags, and the time and size of its source (PEP 552).
fn is_same_bytecode(staging: &Path, reference: &Path) -> io::Result<bool> {
    let (ours, theirs) = (fs::read(staging)?, fs::read(reference)?);
    let parts = |bytes: &[u8]| Some((bytes.get(..8)?.to_vec(), bytes.get(16..)?.to_vec()));
    Ok(parts(&ours).is_some_and(|ours| parts(&theirs) == Some(ours)))
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
fn unpacked_digest(path: &Path) -> io::Result<Option<ContentDigest>> {
    let mut unpacked = Unpacked::open(File::open(path)?)?.take(LARGEST_UNPACKED + 1);
    let mut hashing = crate::image::digest::Hashing::like("sha256:", &mut unpacked);
    if io::copy(&mut hashing, &mut io::sink()).is_err() {
        return Ok(None);
    }
    let (digest, length) = hashing.finish();
    Ok(digest.parse().ok().filter(|_| length <= LARGEST_UNPACKED))
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

#[cfg(test)]
mod tests {
    use super::super::model::{Change, Level};
    use super::*;

    fn look(path: &str, ours: &[u8], theirs: &[u8]) -> Difference {
        let folder = tempfile::tempdir().unwrap();
        let (staging, reference) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&staging, ours).unwrap();
        fs::write(&reference, theirs).unwrap();
        let mut difference = Difference::new(Level::Content, path, Change::Content);
        read(&mut difference, &staging, &reference).unwrap();
        difference
    }

    fn gzip(bytes: &[u8], time: u32) -> Vec<u8> {
        use std::io::Write as _;
        let builder = flate2::GzBuilder::new().mtime(time);
        let mut encoder = builder.write(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn texts_are_shown_from_the_reference_to_the_staging_image() {
        let difference = look("etc/motd", b"hello\nnew\n", b"hello\nold\n");
        assert_eq!(
            difference.detail.unwrap(),
            "--- a/etc/motd\n+++ b/etc/motd\n@@ -1,2 +1,2 @@\n hello\n-old\n+new\n"
        );
        assert_eq!(look("a", b"\0", b"x").detail, None);
        let long: String = (0..200).map(|number| format!("{number}\n")).collect();
        let detail = look("a", long.as_bytes(), b"").detail.unwrap();
        assert!(detail.lines().count() == MOST_LINES + 1 && detail.contains("more lines"), "{detail}");
    }

    #[test]
    fn bytecode_is_compared_without_the_time_of_its_source() {
        let code = |time: u8, code: u8| [&[1; 8][..], &[time; 8], &[code; 20]].concat();
        assert_eq!(look("a.pyc", &code(1, 1), &code(2, 1)).facts, [Fact::BytecodeOfOtherTime]);
        assert_eq!(look("a.pyc", &code(1, 1), &code(2, 2)).facts, []);
        assert_eq!(look("a.txt", &code(1, 1), &code(2, 1)).facts, []);
    }

    #[test]
    fn packing_may_differ() {
        let (ours, theirs) = (gzip(b"page", 1), gzip(b"page", 2));
        assert_ne!(ours, theirs);
        assert_eq!(look("a.gz", &ours, &theirs).facts, [Fact::SameWithoutPacking]);
        assert_eq!(look("a.gz", &ours, &gzip(b"other", 2)).facts, []);
        assert_eq!(look("a.gz", &ours[..15], &theirs[..15]).facts, []);
    }

    #[test]
    fn os_release_may_be_of_another_build() {
        let release = |build: &str, id: &str| format!("ID={id}\nBUILD_ID={build}\n").into_bytes();
        let same = look("usr/lib/os-release", &release("1", "fedora"), &release("2", "fedora"));
        assert_eq!(same.facts, [Fact::OtherBuildId]);
        let other = look("usr/lib/os-release", &release("1", "fedora"), &release("2", "debian"));
        assert_eq!(other.facts, []);
    }
}
