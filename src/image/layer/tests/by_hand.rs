//! Archives of which every byte is known.

use super::super::{EntryKind, ModificationTime, Special};
use super::*;

/// The end of an archive.
const END: [u8; 1024] = [0; 1024];

/// Returns a member; `edit` changes its header before that is summed up.
fn member_with(name: &[u8], flag: u8, content: &[u8], edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0001750\0");
    header[116..124].copy_from_slice(b"0001751\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(b"00000000012\0");
    header[156] = flag;
    header[257..265].copy_from_slice(b"ustar\x0000");
    edit(&mut header);
    let mut member = summed(header).to_vec();
    member.extend_from_slice(content);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

fn summed(mut header: [u8; 512]) -> [u8; 512] {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn member(name: &str, flag: u8, content: &[u8]) -> Vec<u8> {
    member_with(name.as_bytes(), flag, content, |_| {})
}

fn file(name: &str) -> Vec<u8> {
    member(name, b'0', b"text\n")
}

fn link(name: &str, flag: u8, target: &str) -> Vec<u8> {
    member_with(name.as_bytes(), flag, b"", |header| {
        header[157..157 + target.len()].copy_from_slice(target.as_bytes());
    })
}

fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..8).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length);
    let mut record = format!("{} {key}=", length.unwrap()).into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    member("pax", b'x', &records)
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [&members.concat()[..], &END].concat()
}

/// Puts a number into a field of a header as its bytes.
fn binary(field: &mut [u8], number: i64) {
    let length = field.len();
    field.fill(if number < 0 { 0xff } else { 0 });
    field[length.saturating_sub(8)..]
        .copy_from_slice(&number.to_be_bytes()[8_usize.saturating_sub(length)..]);
    field[0] |= 0x80;
}

/// GNU's sparse header: its places, whether more follow, and the length of the whole.
fn gnu_sparse(places: &[(u64, u64)], size: u64, content: &[u8]) -> Vec<u8> {
    member_with(b"holes", b'S', content, |header| {
        header[257..265].copy_from_slice(b"ustar  \0");
        for (at, (offset, length)) in places.iter().enumerate() {
            let place = format!("{offset:011o}\0{length:011o}\0");
            header[386 + 24 * at..386 + 24 * (at + 1)].copy_from_slice(place.as_bytes());
        }
        header[483..495].copy_from_slice(format!("{size:011o}\0").as_bytes());
    })
}

#[track_caller]
fn only(blob: &[u8]) -> Entry {
    let mut entries = entries(blob);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

#[track_caller]
fn content_of(entry: &Entry, expected: &[u8]) {
    let EntryKind::File(content) = entry.kind else { panic!("{entry:?} is no file") };
    assert_eq!((content.size, content.digest), (expected.len() as u64, ContentDigest::of(expected)));
}

#[test]
fn every_kind_of_member_is_read() {
    let device = |flag, major: &str, minor: &str| {
        member_with(b"dev", flag, b"", |header| {
            header[329..337].copy_from_slice(major.as_bytes());
            header[337..345].copy_from_slice(minor.as_bytes());
        })
    };
    let check = |member: Vec<u8>, expected: EntryKind| {
        assert_eq!(only(&archive(&[member])).kind, expected);
    };
    check(member("d/", b'5', b""), EntryKind::Directory);
    check(link("l", b'2', "../x/"), EntryKind::Symlink(b"../x/".to_vec()));
    check(link("h", b'1', "./a//b"), EntryKind::HardLink(TreePath::new("a/b")));
    check(member("p", b'6', b""), EntryKind::Special(Special::Fifo));
    check(device(b'3', "0000001\0", "0000003\0"), EntryKind::Special(Special::Character(1, 3)));
    check(device(b'4', "0000010\0", "\0\0\0\0\0\0\0\0"), EntryKind::Special(Special::Block(8, 0)));
    check(member("d/.wh.gone", b'0', b""), EntryKind::Whiteout);
    check(member("d/.wh..wh..opq", b'0', b""), EntryKind::Opaque);
    let file = only(&archive(&[file("./a/b")]));
    content_of(&file, b"text\n");
    assert_eq!((file.metadata.mode, file.metadata.uid, file.metadata.gid), (0o644, 1000, 1001));
    assert_eq!(file.metadata.mtime, ModificationTime { seconds: 10, nanoseconds: 0 });
    refused(&archive(&[member("v", b'V', b"")]), "type `V`");
}

#[test]
fn old_folders_are_files_with_a_slash() {
    let old = |flag| member_with(b"d/", flag, b"", |header| header[257..265].fill(0));
    assert_eq!(only(&archive(&[old(0)])).kind, EntryKind::Directory);
    // Like Go: with the flag of POSIX it is a file, whose content must not be taken for a header.
    content_of(&only(&archive(&[member("d/", b'0', b"content")])), b"content");
}

#[test]
fn numbers_are_octal_or_binary_or_not_there() {
    let with = |edit: &dyn Fn(&mut [u8])| only(&archive(&[member_with(b"a", b'0', b"", edit)])).metadata;
    let empty = with(&|header| header[100..148].fill(0));
    assert_eq!((empty.mode, empty.uid, empty.mtime.seconds), (0, 0, 0));
    let spaces = with(&|header| header[108..116].copy_from_slice(b"   750 \0"));
    assert_eq!(spaces.uid, 0o750);
    for number in [0, 1, 3_000_000, i64::from(u32::MAX)] {
        assert_eq!(with(&|header| binary(&mut header[108..116], number)).uid, number.unsigned_abs());
    }
    for number in [-1, i64::MIN, i64::MAX, -1_700_000_000] {
        assert_eq!(with(&|header| binary(&mut header[136..148], number)).mtime.seconds, number);
    }
    let wrong = |edit: &dyn Fn(&mut [u8])| archive(&[member_with(b"a", b'0', b"", edit)]);
    refused(&wrong(&|header| binary(&mut header[108..116], -2)), "negative number");
    refused(&wrong(&|header| binary(&mut header[124..136], -512)), "negative number");
    refused(&wrong(&|header| header[108..116].copy_from_slice(b"0x12345\0")), "else than a number");
    refused(
        &wrong(&|header| {
            header[136..148].copy_from_slice(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
        }),
        "too large",
    );
}

#[test]
fn names_come_from_four_places() {
    let named = |members: &[Vec<u8>]| only(&archive(members)).path;
    let long = "a/".repeat(200) + "end";
    let gnu = |flag, name: &str| member("././@LongLink", flag, format!("{name}\0").as_bytes());
    assert_eq!(named(&[gnu(b'L', &long), file("short")]), TreePath::new(&long));
    assert_eq!(named(&[pax(&[("path", long.as_bytes())]), file("short")]), TreePath::new(&long));
    let prefixed = member_with(b"name", b'0', b"", |header| header[345..351].copy_from_slice(b"prefix"));
    assert_eq!(named(&[prefixed]), TreePath::new("prefix/name"));
    let full = "x".repeat(100);
    assert_eq!(named(&[file(&full)]), TreePath::new(&full));
    // Go: GNU's name wins over that of PAX, whichever comes first.
    assert_eq!(named(&[gnu(b'L', "gnu"), pax(&[("path", b"pax")]), file("short")]), TreePath::new("gnu"));
    // An empty record takes the value back.
    assert_eq!(named(&[pax(&[("path", b"pax"), ("path", b"")]), file("short")]), TreePath::new("short"));
    let target = only(&archive(&[gnu(b'K', &long), link("h", b'1', "short")]));
    assert_eq!(target.kind, EntryKind::HardLink(TreePath::new(&long)));
    // What is said of all members is left aside, as by Go.
    let global = member("global", b'g', &record("path", b"elsewhere"));
    assert_eq!(named(&[global, file("here")]), TreePath::new("here"));
}

#[test]
fn records_say_more_than_the_header() {
    let capability = b"\x01\0\0\x02\0\x20\n\0\n=\0\n5 a=b\n\0\0\0\0\0\0";
    let records: [(&str, &[u8]); 6] = [
        ("size", b"7"),
        ("uid", b"4000000000"),
        ("gid", b"2097152"),
        ("mtime", b"-1.25"),
        ("SCHILY.xattr.user.empty", b""),
        ("SCHILY.xattr.security.capability", capability),
    ];
    // The header says that the file is empty.
    let mut content = b"content".to_vec();
    content.resize(512, 0);
    let entry = only(&archive(&[pax(&records), member("a", b'0', b""), content]));
    content_of(&entry, b"content");
    assert_eq!((entry.metadata.uid, entry.metadata.gid), (4_000_000_000, 2_097_152));
    assert_eq!(entry.metadata.mtime, ModificationTime { seconds: -2, nanoseconds: 750_000_000 });
    let xattrs: Vec<_> = entry.metadata.xattrs.iter().map(|xattr| (&*xattr.name, &*xattr.value)).collect();
    assert_eq!(xattrs, [("security.capability", &capability[..]), ("user.empty", b"")]);
}

#[test]
fn files_with_holes_are_whole() {
    let mut whole = vec![0; 3000];
    whole[1000..1600].fill(b'x');
    let data = [b'x'; 600];
    let check = |members: &[Vec<u8>]| {
        let entry = only(&archive(members));
        assert_eq!(entry.path, TreePath::new("holes"));
        content_of(&entry, &whole);
    };
    check(&[gnu_sparse(&[(1000, 600), (3000, 0)], 3000, &data)]);
    // Format 0.0, 0.1 and 1.0.
    let placed: [(&str, &[u8]); 6] = [
        ("GNU.sparse.size", b"3000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"1000"),
        ("GNU.sparse.numbytes", b"600"),
        ("GNU.sparse.offset", b"3000"),
        ("GNU.sparse.numbytes", b"0"),
    ];
    check(&[pax(&placed), member("holes", b'0', &data)]);
    let mapped: [(&str, &[u8]); 4] = [
        ("GNU.sparse.size", b"3000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.map", b"1000,600,3000,0"),
        ("GNU.sparse.name", b"holes"),
    ];
    check(&[pax(&mapped), member("GNUSparseFile.1/holes", b'0', &data)]);
    let newest: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"holes"),
        ("GNU.sparse.realsize", b"3000"),
    ];
    let mut content = b"2\n1000\n600\n3000\n0\n".to_vec();
    content.resize(512, 0);
    content.extend_from_slice(&data);
    check(&[pax(&newest), member("GNUSparseFile.1/holes", b'0', &content)]);
    let nothing: [(&str, &[u8]); 2] = [("GNU.sparse.size", b"700"), ("GNU.sparse.numblocks", b"0")];
    content_of(&only(&archive(&[pax(&nothing), file_of(b"")])), &[0; 700]);
}

fn file_of(content: &[u8]) -> Vec<u8> {
    member("f", b'0', content)
}

#[test]
fn wrong_maps_are_errors() {
    let data = [b'x'; 600];
    let out_of_order = "out of order or leads out of it";
    refused(&archive(&[gnu_sparse(&[(1000, 600), (900, 0)], 3000, &data)]), out_of_order);
    refused(&archive(&[gnu_sparse(&[(2500, 600)], 3000, &data)]), out_of_order);
    refused(&archive(&[gnu_sparse(&[(0, 5000)], 6000, &data)]), "have different lengths");
    refused(&archive(&[gnu_sparse(&[], 3000, &data)]), "have different lengths");
    let map = |size: &[u8], map: &[u8], content: &[u8]| {
        let records = [("GNU.sparse.size", size), ("GNU.sparse.map", map)];
        archive(&[pax(&records), file_of(content)])
    };
    let most = u64::MAX.to_string();
    refused(&map(most.as_bytes(), format!("0,{most}").as_bytes(), b""), "have different lengths");
    refused(&map(most.as_bytes(), format!("1,{most}").as_bytes(), b""), out_of_order);
    refused(&map(b"9", b"1,2,3", b"xx"), "is cut");
    refused(&map(b"9", b"1,x", b"xx"), "else than numbers");
    refused(&map(b"9", b"", b"xx"), "no map");
    refused(&archive(&[pax(&[("GNU.sparse.numbytes", b"1")]), file_of(b"")]), "out of order");
    let newest = |content: &[u8]| {
        let records: [(&str, &[u8]); 2] = [("GNU.sparse.major", b"1"), ("GNU.sparse.realsize", b"9")];
        archive(&[pax(&records), file_of(content)])
    };
    refused(&newest(b"1\n0\n"), "else than numbers");
    refused(&newest(b""), "has no end");
    refused(&newest(&[b'1'; 2000]), "else than numbers");
    refused(&newest(b"99999999\n"), "more than a million parts");
}

#[test]
fn truncated_archives_are_errors_or_end_between_members() {
    let records: [(&str, &[u8]); 1] = [("mtime", b"1.5")];
    let members = [
        member("d/", b'5', b""),
        pax(&records),
        member("d/a", b'0', &[7; 700]),
        member("././@LongLink", b'L', b"d/long\0"),
        file("short"),
        gnu_sparse(&[(1000, 600), (3000, 0)], 3000, &[b'x'; 600]),
    ];
    let whole = archive(&members);
    let all = entries(&whole);
    let mut ends = vec![0];
    for (at, member) in members.iter().enumerate() {
        let end = members[..at].iter().map(Vec::len).sum::<usize>() + member.len();
        // Behind what is about the next member, no archive ends.
        if !matches!(member[156], b'x' | b'L') {
            ends.push(end);
        }
    }
    for length in 0..whole.len() {
        let cut = read(&whole[..length]);
        let may_end = ends.contains(&length) || ends.last().is_some_and(|end| length == *end + 512);
        match cut {
            Ok(index) => {
                assert!(may_end, "an archive of {length} bytes is cut");
                assert!(all.starts_with(&index.entries));
            }
            Err(error) => {
                assert!(!may_end, "{length}: {error}");
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}: {error}");
            }
        }
    }
}

#[test]
fn damaged_headers_are_errors() {
    let mut wrong = archive(&[file("a")]);
    wrong[0] = b'b';
    refused(&wrong, "checksum of a header is wrong");
    refused(b"<html>not found</html>", "ends in the middle");
    refused(&[b'x'; 2048], "checksum of a header is wrong");
    // Some old programs add signed bytes.
    let mut signed = archive(&[member_with(b"\xe9", b'0', b"", |_| {})]);
    let sum: i32 = signed[..148]
        .iter()
        .chain(&[b' '; 8])
        .chain(&signed[156..512])
        .map(|b| i32::from(b.cast_signed()))
        .sum();
    signed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(only(&signed).path.as_bytes(), b"\xe9");
}

#[test]
fn extensions_have_a_limit() {
    let large = |flag| archive(&[member("x", flag, &vec![b'x'; 1024 * 1024 + 1]), file("a")]);
    for flag in [b'x', b'g', b'L', b'K'] {
        refused(&large(flag), "1 MiB is the limit");
    }
    refused(&archive(&[pax(&[("path", b"a\0b")]), file("a")]), "has a zero in it");
    refused(&archive(&[pax(&[("size", b"99999999999999999999")]), file("a")]), "is no number");
    refused(&archive(&[pax(&[("path", b"a")])]), "ends behind an extension header");
}

#[test]
fn many_records_are_read_soon() {
    let keys: Vec<String> = (0..40_000).map(|number| format!("SCHILY.xattr.u{number}")).collect();
    let records: Vec<(&str, &[u8])> = keys.iter().map(|key| (key.as_str(), b"".as_slice())).collect();
    assert_eq!(only(&archive(&[pax(&records), file("a")])).metadata.xattrs.len(), 40_000);
}

#[test]
fn names_that_lead_out_are_errors_and_odd_ones_are_told() {
    let out = "leads out of the image: `";
    refused(&archive(&[file("../a")]), out);
    refused(&archive(&[file("a/../../b")]), out);
    refused(&archive(&[link("h", b'1', "../../etc/shadow")]), out);
    refused(&archive(&[member(".wh..", b'0', b"")]), "takes away what has no name");
    refused(&archive(&[member("a/.wh...", b'0', b"")]), "takes away what has no name");
    refused(&archive(&[file("./")]), "the root of the image is no folder");
    let long = vec![b'n'; 4096];
    refused(&archive(&[pax(&[("path", &long)]), file("a")]), "4096 bytes, and Linux takes 4095: `nnn");
    refused(&archive(&[pax(&[("linkpath", &long)]), link("l", b'2', "a")]), "Linux takes 4095");
    let odd = archive(&[file("/etc/passwd"), file("a/../b"), member(".wh..wh.aufs", b'0', b"")]);
    let index = read(&odd).unwrap();
    let paths: Vec<String> = index.entries.iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(paths, ["etc/passwd", "b"]);
    assert_eq!(
        index.summary.oddities,
        [
            "`.wh..wh.aufs` is a note of AUFS, and was left aside",
            "a member has `..` in its name: `a/../b`",
            "a member has an absolute name: `/etc/passwd`",
        ]
    );
}

#[test]
fn limits_say_how_they_are_raised() {
    let within = |blob: &[u8], unpacked, entries| {
        read_within(blob, Limits { unpacked, entries }).map_err(|error| (error.kind(), error.to_string()))
    };
    let blob = archive(&[file("a"), file("b")]);
    within(&blob, blob.len() as u64, 2).unwrap();
    let (kind, said) = within(&blob, blob.len() as u64 - 1, 2).unwrap_err();
    assert_eq!(kind, io::ErrorKind::FileTooLarge);
    assert!(said.contains("raise it with `--max-unpacked`"), "{said}");
    let (_, said) = within(&blob, 1 << 20, 1).unwrap_err();
    assert!(said.contains("more than 1 members"), "{said}");
    // A hole of an exabyte is in half a kilobyte, and a file may only say that it is as large.
    let hole = archive(&[gnu_sparse(&[], 1 << 32, b"")]);
    assert_eq!(within(&hole, 1 << 20, 1).unwrap_err().0, io::ErrorKind::FileTooLarge);
    let huge = archive(&[pax(&[("size", b"9000000000000000000")]), file("a")]);
    assert_eq!(within(&huge, 1 << 20, 1).unwrap_err().0, io::ErrorKind::FileTooLarge);
    let endless = archive(&[pax(&[("size", b"18446744073709551615")]), file("a")]);
    assert!(within(&endless, u64::MAX, 1).unwrap_err().1.contains("larger than any archive"));
    // Megabytes of zeros, in a few kilobytes.
    let bomb = member("a", b'0', &vec![0; 2 << 20]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    io::Write::write_all(&mut encoder, &bomb).unwrap();
    assert_eq!(within(&encoder.finish().unwrap(), 1 << 20, 1).unwrap_err().0, io::ErrorKind::FileTooLarge);
}

#[test]
fn what_stands_behind_the_end_is_told() {
    assert_eq!(entries(b""), []);
    assert_eq!(entries(&END), []);
    let (first, second) = (archive(&[file("a")]), archive(&[file("b")]));
    assert_eq!(read(&first).unwrap().summary.oddities, [""; 0]);
    let mut padded = first.clone();
    padded.resize(10_240, 0);
    assert_eq!(read(&padded).unwrap().summary.oddities, [""; 0]);
    for rest in [&second[..], b"garbage"] {
        let index = read(&[&first, rest].concat()).unwrap();
        assert_eq!(index.entries.len(), 1);
        assert_eq!(
            index.summary.oddities,
            ["something stands behind the end of the archive, and was left aside"]
        );
        assert_eq!(index.summary.diff_id, ContentDigest::of(&[&first, rest].concat()));
    }
    let single = [&file("a")[..], &[0; 512], &archive(&[file("b")])].concat();
    refused(&single, "a block of zeros stands between its members");
}

#[test]
fn members_of_one_name_are_all_there() {
    let twice = entries(&archive(&[file("a"), member("a", b'5', b""), file("./a")]));
    assert_eq!(twice.len(), 3);
}

#[test]
fn anything_is_an_archive_or_an_error() {
    use proptest::prelude::*;
    let members = [
        pax(&[("mtime", b"1.5"), ("SCHILY.xattr.user.a", b"b")]),
        file("a"),
        gnu_sparse(&[(1000, 600), (3000, 0)], 3000, &[b'x'; 600]),
        link("l", b'1', "a"),
    ];
    let whole = archive(&members);
    // A changed byte, and the sum of its header with it.
    let changes = proptest::collection::vec((0..whole.len(), any::<u8>()), 1..8);
    proptest!(|(changes in changes, is_summed: bool)| {
        let mut changed = whole.clone();
        for (at, byte) in changes {
            changed[at] = byte;
            let start = at / 512 * 512;
            if is_summed && start + 512 <= changed.len() {
                let block: [u8; 512] = changed[start..start + 512].try_into().unwrap();
                changed[start..start + 512].copy_from_slice(&summed(block));
            }
        }
        let _ = read_within(&changed, Limits { unpacked: 1 << 20, entries: 100 });
    });
}
