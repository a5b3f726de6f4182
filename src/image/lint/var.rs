//! What a machine changes: `var` is filled once, when the image is installed, and never updated.

use std::collections::BTreeSet;

use super::base::is_filled_file;
use super::model::Said;
use super::subject::Subject;
use super::words::{lines, words};
use crate::image::path::TreePath;
use crate::image::tree::NodeKind;

pub(super) fn var_log(subject: &Subject<'_>) -> Vec<Said> {
    let Some(folder) = subject.folder("var/log") else { return Vec::new() };
    let logs = subject.tree.below(&folder).filter(|(_, inode)| is_filled_file(inode));
    Said::of("a log of the build", logs.map(|(path, _)| path.clone())).into_iter().collect()
}

pub(super) fn var_tmpfiles(subject: &Subject<'_>) -> Vec<Said> {
    let Some(var) = subject.folder("var") else { return Vec::new() };
    let made = made(subject);
    let (mut makable, mut others) = (Vec::new(), Vec::new());
    for (path, inode) in subject.tree.below(&var).filter(|(path, _)| !made.contains(path)) {
        match inode.kind {
            NodeKind::Directory | NodeKind::Symlink(_) => makable.push(path.clone()),
            _ => others.push(path.clone()),
        }
    }
    [
        Said::of("tmpfiles.d does not make it", makable),
        Said::of("no update of the image will change the file", others),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the paths that tmpfiles.d has, where they are on the disk: `root/.ssh` may be `var/roothome/.ssh`.
fn made(subject: &Subject<'_>) -> BTreeSet<TreePath> {
    let folders = ["usr/lib/tmpfiles.d", "etc/tmpfiles.d"];
    let texts = folders.into_iter().flat_map(|folder| subject.texts(folder, ".conf"));
    let mut made = BTreeSet::new();
    for (_, text) in texts {
        for line in lines(&text) {
            let path = words(line, 2).and_then(|mut words| words.drain(..).nth(1));
            let path = path.and_then(|path| TreePath::clean(&path).ok());
            let Some((path, _)) = path else { continue };
            let parent = path.parent().and_then(|parent| subject.resolve(&parent));
            made.extend(parent.map(|parent| parent.join(path.file_name())));
        }
    }
    made
}
