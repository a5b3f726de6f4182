use proptest::prelude::*;

use super::*;

/// Builds a program of sections with their contents; the first is of no type, the last has the names.
fn program(is_wide: bool, is_big: bool, sections: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let layout = if is_wide { &BITS_64 } else { &BITS_32 };
    let put = |bytes: &mut [u8], (at, length): (usize, usize), number: u64| {
        for index in 0..length {
            let shift = if is_big { length - 1 - index } else { index } * 8;
            bytes[at + index] = (number >> shift) as u8;
        }
    };
    let names: Vec<u8> = sections.iter().flat_map(|(name, ..)| [name.as_bytes(), &[0]].concat()).collect();
    let names = [&[0], names.as_slice(), b".shstrtab\0"].concat();
    let mut bytes = vec![0; layout.head];
    bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 1 + u8::from(is_wide), 1 + u8::from(is_big)]);
    let mut table = vec![0; layout.section];
    let mut add = |bytes: &mut Vec<u8>, name: usize, kind: u64, content: &[u8]| {
        let mut section = vec![0; layout.section];
        // The comment is all that is not loaded.
        let flags = if content.starts_with(b"gcc") { 0 } else { SHF_ALLOC };
        let fields = [name as u64, kind, flags, 0, bytes.len() as u64, content.len() as u64];
        for (field, number) in layout.section_fields.into_iter().zip(fields) {
            put(&mut section, field, number);
        }
        bytes.extend_from_slice(content);
        table.extend(section);
    };
    let mut name = 1;
    for (text, kind, content) in sections {
        add(&mut bytes, name, *kind, content);
        name += text.len() + 1;
    }
    add(&mut bytes, name, 3, &names);
    let at = bytes.len() as u64;
    put(&mut bytes, layout.sections, at);
    for (field, number) in
        layout.counts.into_iter().zip([0, 0, layout.section, sections.len() + 2, sections.len() + 1])
    {
        put(&mut bytes, (field, 2), number as u64);
    }
    bytes.extend(table);
    bytes
}

fn note(id: u8, is_big: bool) -> Vec<u8> {
    let number = |number: u32| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    [&number(4)[..], &number(4), &number(3), b"GNU\0", &[id; 4]].concat()
}

fn read(bytes: &[u8]) -> io::Result<Elf> {
    Elf::read(io::Cursor::new(bytes))
}

#[test]
fn programs_of_every_kind_are_read() {
    for (is_wide, is_big) in [(false, false), (false, true), (true, false), (true, true)] {
        let build = |id: u8, text: &[u8], comment: &[u8]| {
            let note = note(id, is_big);
            let sections =
                [(".text", 1, text), (BUILD_ID, SHT_NOTE, note.as_slice()), (".comment", 1, comment)];
            read(&program(is_wide, is_big, &sections)).unwrap()
        };
        let ours = build(7, b"code", b"gcc");
        assert_eq!(ours.build_id.as_deref(), Some("07070707"));
        let said = compare(&ours, &build(8, b"code", b"gcc 14"));
        assert_eq!(said.facts, [Fact::ElfOfOtherBuild]);
        let detail = said.detail.unwrap();
        assert!(detail.contains("build id 07070707, not 08080808\n.comment: 3 bytes, not 6"), "{detail}");
        let said = compare(&ours, &build(8, b"odec", b"gcc"));
        assert_eq!(said.facts, []);
        assert!(said.detail.unwrap().contains(".text: 4 bytes, and not the same"));
    }
}

/// Adds a segment that loads all of a program, as the first bytes behind the table of sections.
fn with_segment(mut bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() as u64;
    let mut segment = vec![0; 56];
    segment[0] = 1;
    segment[32..40].copy_from_slice(&at.to_le_bytes());
    bytes[32..40].copy_from_slice(&at.to_le_bytes());
    bytes[56] = 1;
    bytes.extend(segment);
    bytes
}

#[test]
fn code_that_is_loaded_counts_wherever_its_section_is() {
    let build = |id: u8| {
        let sections =
            [(".text", 1, &b"code"[..]), (BUILD_ID, SHT_NOTE, &note(id, false)), (".comment", 1, b"gcc")];
        with_segment(program(true, false, &sections))
    };
    let (ours, mut theirs) = (build(1), build(2));
    assert_eq!(compare(&read(&ours).unwrap(), &read(&theirs).unwrap()).facts, [Fact::ElfOfOtherBuild]);
    // What is loaded becomes zeros, and the section says that its bytes are at the end of the file.
    theirs[64..68].fill(0);
    let (end, table) = (theirs.len() as u64, u64::from_le_bytes(theirs[40..48].try_into().unwrap()) as usize);
    theirs[table + 64 + 24..table + 64 + 32].copy_from_slice(&end.to_le_bytes());
    theirs.extend(b"code");
    let said = compare(&read(&ours).unwrap(), &read(&theirs).unwrap());
    assert_eq!(said.facts, []);
    assert!(said.detail.unwrap().contains("what the segments load differs"));
}

#[test]
fn sections_of_the_build_are_what_they_are_called() {
    let build = |comment: &[u8]| read(&program(true, false, &[(".comment", 1, comment)])).unwrap();
    // It has the flag of what is loaded.
    assert_eq!(compare(&build(b"code"), &build(b"evil")).facts, []);
    let build = |note: &[u8]| read(&program(true, false, &[(BUILD_ID, SHT_NOTE, note)])).unwrap();
    let evil = [note(2, false), b"evil".to_vec()].concat();
    assert_eq!(compare(&build(&note(1, false)), &build(&evil)).facts, []);
    let short = |id: u8| [&[4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0][..], b"GNU\0", &[id; 2]].concat();
    assert_eq!(compare(&build(&short(1)), &build(&short(2))).facts, [Fact::ElfOfOtherBuild]);
}

#[test]
fn what_stands_in_no_section_counts() {
    let bytes = program(true, false, &[(".text", 1, b"code")]);
    let ours = read(&[bytes.as_slice(), b"signature one"].concat()).unwrap();
    let theirs = read(&[bytes.as_slice(), b"signature two"].concat()).unwrap();
    let said = compare(&ours, &theirs);
    assert_eq!(said.facts, []);
    assert!(said.detail.unwrap().contains("what is in no section differs (13 B, not 13 B)"));
}

#[test]
fn sections_that_all_have_the_whole_file_are_refused() {
    let mut bytes = program(true, false, &[(".a", 1, &[1; 9000]), (".b", 1, &[1; 9000])]);
    let (size, table) = (bytes.len(), bytes.len() - 4 * 64);
    for section in 1..3 {
        let at = table + section * 64;
        bytes[at + 24..at + 32].fill(0);
        bytes[at + 32..at + 40].copy_from_slice(&(size as u64).to_le_bytes());
    }
    assert!(read(&bytes).is_ok());
    bytes.extend([0; 100]);
    let many: Vec<u8> = bytes[table + 64..table + 128].repeat(40);
    let at = bytes.len() as u64;
    bytes.extend(many);
    bytes[40..48].copy_from_slice(&at.to_le_bytes());
    bytes[60..62].copy_from_slice(&40_u16.to_le_bytes());
    assert_eq!(read(&bytes).err().map(|error| error.to_string()).as_deref(), Some("parts of it overlap"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_program_or_none(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
        is_wide in any::<bool>(),
        is_big in any::<bool>(),
    ) {
        let note = note(1, is_big);
        let sections = [(".text", 1, &[1; 300][..]), (BUILD_ID, SHT_NOTE, &note), (".bss", 8, b"")];
        let mut bytes = program(is_wide, is_big, &sections);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        if let (Ok(whole), Ok(cut)) = (whole, read(&bytes)) {
            compare(&whole, &cut);
        }
    }

    #[test]
    fn no_bytes_behind_the_magic_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&[b"\x7fELF", bytes.as_slice()].concat());
    }
}
