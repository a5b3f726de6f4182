//! Every reader, on both sides of what it is about.

use std::fs;

use super::super::model::{Change, Level};
use super::*;

fn look(path: &str, ours: &[u8], theirs: &[u8]) -> Difference {
    let folder = tempfile::tempdir().unwrap();
    let (staging, reference) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&staging, ours).unwrap();
    fs::write(&reference, theirs).unwrap();
    let path = TreePath::new(path);
    let mut difference = Difference::at(Level::Content, &path, Change::Content);
    read(&mut difference, &path, (&staging, &reference), false).unwrap();
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
    assert!(detail.lines().count() == 61 && detail.contains("more lines"), "{detail}");
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

#[test]
fn packed_texts_are_shown_as_a_diff() {
    let detail = look("a.gz", &gzip(b"one\ntwo\n", 1), &gzip(b"one\n", 2)).detail.unwrap();
    assert_eq!(detail, "--- a/a.gz\n+++ b/a.gz\n@@ -1,1 +1,2 @@\n one\n+two\n");
    let zstd = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    assert!(look("a.zst", &zstd(b"one\n"), &zstd(b"two\n")).detail.unwrap().contains("+one"));
    assert_eq!(look("a.gz", &gzip(b"\0", 1), &gzip(b"\x01\0", 2)).detail, None);
}
