//! What a build or a first boot left behind: it makes the next build of the same input another image, or
//! makes machines alike that must not be.

use super::base::is_filled_file;
use super::model::Said;
use super::subject::Subject;
use crate::image::path::TreePath;
use crate::image::tree::{Inode, NodeKind};

/// What package managers fetched or worked out: folders.
const CACHES: [&str; 13] = [
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/cache/dnf",
    "var/cache/libdnf5",
    "var/cache/yum",
    "var/cache/zypp",
    "var/cache/apk",
    "var/cache/pacman/pkg",
    "root/.cache",
    "root/.npm/_cacache",
    "var/roothome/.cache",
    "var/roothome/.npm/_cacache",
    "usr/local/share/.cache",
];

/// Seeds and secrets that each machine makes for itself.
const SEEDS: [&str; 4] = [
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "var/lib/urandom/random-seed",
    "boot/loader/random-seed",
];

/// Databases beside which SQLite leaves a log and its index.
const DATABASES: [&str; 3] = ["rpmdb.sqlite", "history.sqlite", "transaction_history.sqlite"];

/// How much later than its image a file may be: clocks differ.
const SLACK: i64 = 60;

fn filled<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (&'a TreePath, &'a Inode)> {
    subject.tree.iter().filter(|(_, inode)| is_filled_file(inode))
}

fn said(what: &str, paths: impl Iterator<Item = TreePath>) -> Vec<Said> {
    Said::of(what, paths).into_iter().collect()
}

pub(super) fn package_cache(subject: &Subject<'_>) -> Vec<Said> {
    let folders = CACHES.map(TreePath::new);
    let files = folders.iter().flat_map(|folder| subject.tree.below(folder));
    let files = files.filter(|(_, inode)| is_filled_file(inode));
    said("kept by a package manager for the next time", files.map(|(path, _)| path.clone()))
}

pub(super) fn machine_id(subject: &Subject<'_>) -> Vec<Said> {
    let (id, other) = (TreePath::new("etc/machine-id"), TreePath::new("var/lib/dbus/machine-id"));
    let has_id = |path: &&TreePath| {
        let is_open = subject.text(path).is_some_and(|text| text.trim() == "uninitialized");
        subject.tree.get(path).is_some_and(is_filled_file) && !is_open
    };
    let found: Vec<TreePath> = [&id, &other].into_iter().filter(has_id).cloned().collect();
    said("an id that one machine alone must have", found.into_iter())
}

pub(super) fn random_seed(subject: &Subject<'_>) -> Vec<Said> {
    let seeds = SEEDS.into_iter().filter(|path| subject.at(path).is_some_and(is_filled_file));
    said("a secret that each machine makes for itself", seeds.map(TreePath::new))
}

pub(super) fn ssh_host_keys(subject: &Subject<'_>) -> Vec<Said> {
    let is_key = |path: &TreePath| {
        let name = path.file_name();
        name.starts_with(b"ssh_host_") && name.ends_with(b"_key")
    };
    let folder = TreePath::new("etc/ssh");
    let keys = subject.children(&folder);
    let keys = keys.filter(|(path, inode)| is_key(path) && is_filled_file(inode));
    said("the private key of a host", keys.map(|(path, _)| path.clone()))
}

pub(super) fn volatile_state(subject: &Subject<'_>) -> Vec<Said> {
    let is_volatile = |path: &TreePath| {
        let name = path.file_name();
        let beside = |ending: &[u8]| {
            name.strip_suffix(ending)
                .is_some_and(|database| DATABASES.iter().any(|known| known.as_bytes() == database))
        };
        path.as_bytes() == b"var/cache/ldconfig/aux-cache"
            || (name == b"countme" && path.as_bytes().starts_with(b"var/lib/"))
            || path.is_below(&TreePath::new("var/lib/rpm-ostree-countme"))
            || beside(b"-wal")
            || beside(b"-shm")
    };
    let files = filled(subject).filter(|(path, _)| is_volatile(path));
    said("it is another one after each build", files.map(|(path, _)| path.clone()))
}

pub(super) fn time_after_creation(subject: &Subject<'_>) -> Vec<Said> {
    let Some(created) = subject.created else { return Vec::new() };
    let is_later = |inode: &Inode| !inode.is_implied && inode.metadata.mtime.seconds > created + SLACK;
    let files = subject.tree.iter().filter(|(_, inode)| is_later(inode));
    said(
        "changed after the moment at which the image says that it was made",
        files.map(|(path, _)| path.clone()),
    )
}

pub(super) fn stale_bytecode(subject: &Subject<'_>) -> Vec<Said> {
    let (mut stale, mut later) = (Vec::new(), Vec::new());
    for (path, _) in filled(subject) {
        let recorded = subject.content(path).filter(|_| path.as_bytes().ends_with(b".pyc"));
        let Some(recorded) = recorded.and_then(recorded_time) else { continue };
        let source = source(path).and_then(|source| subject.tree.get(&source));
        let source = source.filter(|inode| matches!(inode.kind, NodeKind::File(_)));
        if source.is_some_and(|source| source.metadata.mtime.seconds & 0xffff_ffff != i64::from(recorded)) {
            stale.push(path.clone());
        } else if subject.created.is_some_and(|created| i64::from(recorded) > created + SLACK) {
            later.push(path.clone());
        }
    }
    [
        Said::of("it names another time of its source than the source has: Python ignores it", stale),
        Said::of("it names a time of the build", later),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the time of its source that bytecode names; none where it goes by the hash of the source (PEP 552).
fn recorded_time(bytecode: &[u8]) -> Option<u32> {
    let word = |start: usize| Some(u32::from_le_bytes(bytecode.get(start..start + 4)?.try_into().ok()?));
    (bytecode.get(2..4)? == b"\r\n" && word(4)? == 0).then(|| word(8)).flatten()
}

/// Returns where the source of bytecode is: `a/__pycache__/b.cpython-313.pyc` is of `a/b.py`.
fn source(bytecode: &TreePath) -> Option<TreePath> {
    let name = bytecode.file_name();
    let stem = &name[..name.iter().position(|byte| *byte == b'.')?];
    Some(bytecode.parent()?.parent()?.join(&[stem, b".py"].concat()))
}

pub(super) fn selinux_label(subject: &Subject<'_>) -> Vec<Said> {
    let is_labelled =
        |inode: &Inode| inode.metadata.xattrs.iter().any(|xattr| xattr.name == "security.selinux");
    let files = subject.tree.iter().filter(|(_, inode)| is_labelled(inode));
    said("a layer gives it a label of SELinux", files.map(|(path, _)| path.clone()))
}
