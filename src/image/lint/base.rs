//! What `bootc container lint` demands of the root of an image.

use super::model::Said;
use super::subject::{REFERENCE_ROOT, Subject};
use crate::image::path::{TreePath, shown};
use crate::image::tree::{Inode, NodeKind};

/// Folders over which a system mounts its own (systemd's list, and `var`).
const MOUNTED_OVER: [&str; 6] = ["dev", "proc", "sys", "run", "tmp", "var"];

/// What builders put there for the time of a build.
const INJECTED: [&str; 2] = ["etc/hostname", "etc/resolv.conf"];

/// What podman leaves in `run`: the file, and the folders above it where nothing else is in them.
const LEFT_BY_PODMAN: [&str; 3] =
    ["run/systemd/resolve/stub-resolv.conf", "run/systemd/resolve", "run/systemd"];

fn is_folder(inode: &Inode) -> bool {
    inode.kind == NodeKind::Directory
}

pub(super) fn is_empty_file(inode: &Inode) -> bool {
    matches!(inode.kind, NodeKind::File(content) if content.size == 0)
}

pub(super) fn is_filled_file(inode: &Inode) -> bool {
    matches!(inode.kind, NodeKind::File(content) if content.size > 0)
}

pub(super) fn var_run(subject: &Subject<'_>) -> Vec<Said> {
    let run = subject.at("var/run").filter(|inode| !matches!(inode.kind, NodeKind::Symlink(_)));
    run.map(|_| Said::at(&TreePath::new("var/run"), "it is no link to `run`")).into_iter().collect()
}

pub(super) fn buildah_injected(subject: &Subject<'_>) -> Vec<Said> {
    let empty = INJECTED.into_iter().filter(|path| subject.at(path).is_some_and(is_empty_file));
    let paths = empty.map(TreePath::new);
    Said::of("an empty file, as builders leave it", paths).into_iter().collect()
}

pub(super) fn etc_usretc(subject: &Subject<'_>) -> Vec<Said> {
    let both = subject.at("etc").and(subject.at("usr/etc"));
    both.map(|_| Said::at(&TreePath::new("usr/etc"), "it is there beside `etc`")).into_iter().collect()
}

pub(super) fn kernel(subject: &Subject<'_>) -> Vec<Said> {
    let root = TreePath::new("usr/lib/modules");
    let folders = subject.kernels.bootable().map(|version| root.join(version.as_bytes()));
    let folders: Vec<TreePath> = folders.collect();
    if folders.len() < 2 {
        return Vec::new();
    }
    let what = format!("the image has {} kernels", folders.len());
    vec![Said { what, paths: folders }]
}

pub(super) fn utf8(subject: &Subject<'_>) -> Vec<Said> {
    let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
    let names = subject.tree.iter().filter(|(path, _)| !is_text(path.file_name()));
    let targets = subject
        .tree
        .iter()
        .filter(|(_, inode)| matches!(&inode.kind, NodeKind::Symlink(target) if !is_text(target)));
    [
        Said::of("the name is no UTF-8", names.map(|(path, _)| path.clone())),
        Said::of("the link leads to a name that is no UTF-8", targets.map(|(path, _)| path.clone())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn api_base_directories(subject: &Subject<'_>) -> Vec<Said> {
    let (mut missing, mut others) = (Vec::new(), Vec::new());
    for path in MOUNTED_OVER {
        match subject.at(path) {
            None => missing.push(TreePath::new(path)),
            Some(inode) if !is_folder(inode) => others.push(TreePath::new(path)),
            Some(_) => {}
        }
    }
    let said = [Said::of("the folder is missing", missing), Said::of("it is no folder", others)];
    said.into_iter().flatten().collect()
}

pub(super) fn baseimage_root(subject: &Subject<'_>) -> Vec<Said> {
    roots(subject).into_iter().flat_map(|root| root_content(subject, &root)).collect()
}

/// Returns the root, and the copy of it that a base image has among its documentation.
pub(super) fn roots(subject: &Subject<'_>) -> Vec<TreePath> {
    [Some(TreePath::default()), subject.folder(REFERENCE_ROOT)].into_iter().flatten().collect()
}

fn root_content(subject: &Subject<'_>, root: &TreePath) -> Vec<Said> {
    let (sysroot, ostree) = (root.join(b"sysroot"), root.join(b"ostree"));
    let mut said = Vec::new();
    match subject.tree.get(&sysroot) {
        None => said.push(Said::at(&sysroot, "the folder is missing")),
        Some(inode) if !is_folder(inode) => said.push(Said::at(&sysroot, "it is no folder")),
        Some(_) => {}
    }
    match subject.tree.get(&ostree).map(|inode| &inode.kind) {
        None => said.push(Said::at(&ostree, "the link to `sysroot/ostree` is missing")),
        Some(NodeKind::Symlink(target)) if target == b"sysroot/ostree" => {}
        Some(NodeKind::Symlink(target)) => {
            let what = format!("it leads to `{}`, and not to `sysroot/ostree`", shown(target));
            said.push(Said::at(&ostree, what));
        }
        Some(_) => said.push(Said::at(&ostree, "it is no link to `sysroot/ostree`")),
    }
    said
}

pub(super) fn nonempty_boot(subject: &Subject<'_>) -> Vec<Said> {
    let Some(boot) = subject.folder("boot") else {
        return vec![Said::at(&TreePath::new("boot"), "the folder is missing")];
    };
    // Unified kernel images have no other place.
    let inside = subject.children(&boot).filter(|(path, _)| path.file_name() != b"EFI");
    Said::of("it lies where a boot partition is mounted", inside.map(|(path, _)| path.clone()))
        .into_iter()
        .collect()
}

pub(super) fn nonempty_run_tmp(subject: &Subject<'_>) -> Vec<Said> {
    let folders = ["run", "tmp"].into_iter().filter(|path| subject.at(path).is_some_and(is_folder));
    let mut found: Vec<TreePath> = folders
        .flat_map(|folder| {
            subject.tree.below(&TreePath::new(folder)).map(|(path, _)| path.clone()).collect::<Vec<_>>()
        })
        .collect();
    for left in LEFT_BY_PODMAN.map(TreePath::new) {
        if !found.iter().any(|path| path.is_below(&left)) {
            found.retain(|path| *path != left);
        }
    }
    Said::of("it lies where memory is mounted when the system runs", found).into_iter().collect()
}
