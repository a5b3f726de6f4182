//! Archives that GNU tar, Python's tarfile and bsdtar write of one folder: what is read of them is what is
//! in the folder.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::super::{Content, Metadata, ModificationTime, Special, Xattr};
use super::*;
use crate::image::tree::{NodeKind, Tree};

/// A value of an attribute with what splits records where that is done by lines.
const CAPABILITY: &[u8] = b"\x01\0\0\x02\n\x20\0\n\0=\0\n\x01\0\0\0\0\0\0\0";

/// What a way of writing archives does not keep.
#[derive(Default, Clone, Copy)]
struct Loses {
    /// Names longer than a header has room for.
    long_names: bool,
    /// Parts of seconds, and moments before 1970 where that is said.
    fractions: bool,
    before_1970: bool,
    xattrs: bool,
    devices: bool,
}

/// What is known of a path.
type Facts = BTreeMap<TreePath, (NodeKind, Metadata)>;

fn bash(folder: &Path, script: &str) {
    let output = Command::new("bash").args(["-euc", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

fn has(program: &str, said: &str) -> bool {
    let version = Command::new(program).arg("--version").output();
    version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains(said))
}

/// Makes a folder with whatever such a program can keep.
fn folder(loses: Loses) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(name));
    let long = if loses.long_names { 20 } else { 120 };
    let deep = format!("{0}/{0}/{0}", "d".repeat(long));
    fs::create_dir_all(at(deep.as_bytes())).unwrap();
    fs::write(at(deep.as_bytes()).join("f".repeat(long)), "deep").unwrap();
    std::os::unix::fs::symlink("t".repeat(long + 40), at(b"symlink")).unwrap();
    fs::write(at(b"no\xfftext\n"), "bytes").unwrap();
    fs::write(at(b"first"), vec![b'1'; 512]).unwrap();
    fs::create_dir(at(b"more")).unwrap();
    fs::hard_link(at(b"first"), at(b"more/second")).unwrap();
    fs::write(at(b"setuid"), "s").unwrap();
    fs::set_permissions(at(b"setuid"), Permissions::from_mode(0o4751)).unwrap();
    fs::write(at(b"empty"), "").unwrap();
    let holes = File::create(at(b"holes")).unwrap();
    for place in 0..40 {
        holes.write_all_at(&[b'h'; 5000], place * 25_000).unwrap();
    }
    holes.set_len(1_300_000).unwrap();
    File::create(at(b"hole")).unwrap().set_len(100_000).unwrap();
    bash(folder.path(), "touch -d @1700000000 first empty; touch -h -d @1600000000.75 symlink");
    if !loses.devices {
        bash(folder.path(), "mkfifo pipe");
    }
    if !loses.devices && rustix::process::geteuid().is_root() {
        let most = if loses.long_names { 0o7_777_777 } else { 4_000_000_000_u32 };
        let script = "mknod null c 1 3; mknod disk b 8 17; chown -h 7:8 symlink; chown";
        bash(folder.path(), &format!("{script} 3:{most} empty"));
    }
    if !loses.before_1970 {
        let fraction = if loses.fractions { "" } else { ".75" };
        bash(folder.path(), &format!("touch -d @-2{fraction} setuid; touch -d @-3 holes"));
    }
    if !loses.xattrs && rustix::process::geteuid().is_root() {
        for name in ["security.capability", "trusted.lines"] {
            let value = if name == "trusted.lines" { b"a\n9 b=c\n\0".as_slice() } else { &CAPABILITY[..20] };
            let flags = rustix::fs::XattrFlags::empty();
            // Not every file system takes them.
            let _ = rustix::fs::lsetxattr(at(b"more"), name, value, flags);
            let _ = rustix::fs::lsetxattr(at(b"empty"), name, value, flags);
        }
    }
    folder
}

/// Returns what the file system knows of a folder.
fn facts(root: &Path, loses: Loses) -> Facts {
    let mut facts = Facts::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let inside = path.strip_prefix(root).unwrap().as_os_str().as_bytes();
            let (inside, _) = TreePath::clean(inside).unwrap();
            facts.insert(inside, (kind(&path, &metadata), told(&path, &metadata, loses)));
        }
    }
    facts
}

fn kind(path: &Path, metadata: &fs::Metadata) -> NodeKind {
    let kind = metadata.file_type();
    let device = metadata.rdev();
    let device = (rustix::fs::major(device), rustix::fs::minor(device));
    if kind.is_symlink() {
        NodeKind::Symlink(fs::read_link(path).unwrap().into_os_string().into_vec())
    } else if kind.is_dir() {
        NodeKind::Directory
    } else if kind.is_fifo() {
        NodeKind::Special(Special::Fifo)
    } else if kind.is_char_device() {
        NodeKind::Special(Special::Character(device.0, device.1))
    } else if kind.is_block_device() {
        NodeKind::Special(Special::Block(device.0, device.1))
    } else {
        let bytes = fs::read(path).unwrap();
        NodeKind::File(Content { size: bytes.len() as u64, digest: ContentDigest::of(&bytes) })
    }
}

fn told(path: &Path, metadata: &fs::Metadata, loses: Loses) -> Metadata {
    let nanoseconds = if loses.fractions { 0 } else { u32::try_from(metadata.mtime_nsec()).unwrap() };
    let mut xattrs = Vec::new();
    for name in ["security.capability", "trusted.lines"].iter().filter(|_| !loses.xattrs) {
        let mut value = [0; 256];
        if let Ok(length) = rustix::fs::lgetxattr(path, *name, &mut value[..]) {
            xattrs.push(Xattr { name: (*name).to_owned(), value: value[..length].to_vec() });
        }
    }
    Metadata {
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid().into(),
        gid: metadata.gid().into(),
        mtime: ModificationTime { seconds: metadata.mtime(), nanoseconds },
        xattrs,
    }
}

/// Has a script write `archive` of the folder `root`, and compares.
#[track_caller]
fn check(script: &str, loses: Loses) {
    let root = folder(loses);
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.path(), place.path().join("root")).unwrap();
    bash(place.path(), script);
    let index = read(&fs::read(place.path().join("archive")).unwrap()).unwrap();
    assert_eq!(index.summary.oddities, [""; 0]);
    let tree = Tree::of(&[Arc::new(index)]);
    let read = tree.iter().filter(|(path, _)| !path.is_root());
    let read: Facts =
        read.map(|(path, node)| (path.clone(), (node.kind.clone(), node.metadata.clone()))).collect();
    let expected = facts(root.path(), loses);
    for (path, facts) in &expected {
        assert_eq!(read.get(path), Some(facts), "{script}: {path:?}");
    }
    assert_eq!(read.len(), expected.len(), "{script}");
    let links = [TreePath::new("first"), TreePath::new("more/second")];
    assert_eq!(tree.link_groups(), [links.iter().collect::<Vec<_>>()], "{script}");
}

#[test]
fn what_gnu_tar_writes_is_what_was_there() {
    if !has("tar", "GNU tar") {
        return;
    }
    let gnu = Loses { fractions: true, xattrs: true, ..Loses::default() };
    let old = Loses { long_names: true, before_1970: true, ..gnu };
    let pax = Loses::default();
    let write = |options: &str| format!("tar -C root/ -cf archive --xattrs --xattrs-include='*' {options} .");
    check("tar -C root/ -cf archive --format=gnu .", gnu);
    check("tar -C root/ -cf archive --format=gnu --sparse .", gnu);
    check("tar -C root/ -cf archive --format=oldgnu --sparse .", gnu);
    check("tar -C root/ -cf archive --format=ustar .", old);
    check("tar -C root/ -cf archive --format=v7 .", Loses { devices: true, ..old });
    check(&write("--format=pax"), pax);
    for version in ["1.0", "0.1", "0.0"] {
        check(&write(&format!("--format=pax --sparse --sparse-version={version}")), pax);
    }
    check(&write("--format=pax --numeric-owner --blocking-factor=1"), pax);
}

#[test]
fn what_python_writes_is_what_was_there() {
    if !has("python3", "Python") {
        return;
    }
    let write = |format| {
        format!(
            "python3 -c '
import tarfile
with tarfile.open(\"archive\", \"w\", format=tarfile.{format}_FORMAT) as archive:
    archive.add(\"root/\", \".\")'"
        )
    };
    let ustar = Loses { long_names: true, fractions: true, before_1970: true, xattrs: true, devices: true };
    check(&write("USTAR"), ustar);
    check(&write("GNU"), Loses { fractions: true, xattrs: true, ..Loses::default() });
}

#[test]
fn what_bsdtar_writes_is_what_was_there() {
    if !has("bsdtar", "bsdtar") {
        return;
    }
    // It writes moments before 1970 in a way of its own, which Go reads as we do.
    let pax = Loses { before_1970: true, ..Loses::default() };
    check("bsdtar -C root/ -cf archive --format=pax --no-read-sparse .", pax);
    check("bsdtar -C root/ -cf archive --format=pax .", pax);
    let gnu = Loses { fractions: true, xattrs: true, ..pax };
    check("bsdtar -C root/ -cf archive --format=gnutar .", gnu);
}
