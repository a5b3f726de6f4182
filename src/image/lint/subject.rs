//! An image, as rules look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::image::error::ImageError;
use crate::image::open::PlatformImage;
use crate::image::path::TreePath;
use crate::image::reading::{Reading, Unfolded};
use crate::image::system::{BootLabels, Kernels};
use crate::image::tree::{Inode, NodeKind, Tree};

/// Where a base image keeps a copy of what its root is to be like.
pub(super) const REFERENCE_ROOT: &str = "usr/share/doc/bootc/baseimage/base";

/// The largest file that is looked at, in bytes; nobody writes one that is nearly as large.
const LARGEST: u64 = 1024 * 1024;

/// How many bytes are looked at in all files together.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How many bytes of bytecode are looked at: what stands before the code.
const BYTECODE_HEADER: u64 = 16;

/// An image, as rules look at it.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) tree: &'a Tree,
    pub(super) labels: BootLabels,
    pub(super) kernels: Kernels,
    /// Digests of its layers without their packing, as its config has them.
    pub(super) diff_ids: Vec<String>,
    /// When its config says that it was made, in seconds since 1970; none where it says nothing of use.
    pub(super) created: Option<i64>,
    contents: BTreeMap<TreePath, Vec<u8>>,
    /// Files that a rule would have read and that are too large, alone or all together.
    pub(super) unread: Vec<TreePath>,
}

/// Returns whether a rule reads what a file holds.
pub(in crate::image) fn is_read(path: &TreePath) -> bool {
    let Some(path) = path.to_str() else { return false };
    let in_root = path.strip_prefix(REFERENCE_ROOT).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match folder {
        "usr/lib/bootc/kargs.d" => name.ends_with(".toml"),
        "usr/lib/sysusers.d" | "usr/lib/tmpfiles.d" | "etc/tmpfiles.d" => name.ends_with(".conf"),
        _ => {
            matches!(path, "etc/passwd" | "etc/group" | "etc/machine-id")
                || matches!(in_root, "etc/ostree/prepare-root.conf" | "usr/lib/ostree/prepare-root.conf")
                || is_sample_of_bytecode(folder, name)
        }
    }
}

/// Bytecode is thousands of files, which were made in the same way: of each package one is looked at.
fn is_sample_of_bytecode(folder: &str, name: &str) -> bool {
    folder.ends_with("__pycache__") && name.starts_with("__init__.cpython-") && name.ends_with(".pyc")
}

impl<'a> Subject<'a> {
    /// Looks at an image; a layer that has files which a rule reads is read again where they are not kept.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub(super) fn of(image: &'a Unfolded, reading: &Reading) -> Result<Self, ImageError> {
        let (wanted, unread) = wanted(&image.tree);
        let files = reading.contents(image, &wanted.iter().collect::<Vec<_>>())?;
        let mut contents = BTreeMap::new();
        for (path, file) in files {
            let read = beginning(&file, looked_at(&path, LARGEST));
            contents.insert(path, read.map_err(|source| ImageError::Read { path: file, source })?);
        }
        Ok(Self { contents, unread, ..Self::without_contents(&image.image, &image.tree) })
    }

    fn without_contents(image: &PlatformImage, tree: &'a Tree) -> Self {
        let config = &image.config.value;
        let created = config.get("created").and_then(serde_json::Value::as_str);
        let created = created.and_then(|time| time.parse::<jiff::Timestamp>().ok());
        Self {
            tree,
            labels: image.boot_labels(),
            kernels: kernels(tree),
            diff_ids: image.config.meaning.rootfs().diff_ids().clone(),
            // Some tools write the year 1, which says nothing.
            created: created.map(jiff::Timestamp::as_second).filter(|second| *second >= 0),
            contents: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    /// Returns what is at a path, with links followed up to it and not further.
    pub(super) fn at(&self, path: &str) -> Option<&'a Inode> {
        self.tree.get(&TreePath::new(path))
    }

    /// Returns the names directly in a folder, with what they are names of.
    pub(super) fn children(&self, folder: &TreePath) -> impl Iterator<Item = (&'a TreePath, &'a Inode)> {
        self.tree.below(folder).filter(|(path, _)| path.parent().as_ref() == Some(folder))
    }

    /// Returns the folder that a path leads to, with links followed; none where there is no folder.
    pub(super) fn folder(&self, path: &str) -> Option<TreePath> {
        let found = self.tree.resolve(&TreePath::new(path))?;
        (self.tree.get(&found)?.kind == NodeKind::Directory).then_some(found)
    }

    /// Returns where a path leads, with links followed; none where there is nothing.
    pub(super) fn resolve(&self, path: &TreePath) -> Option<TreePath> {
        self.tree.resolve(path)
    }

    /// Returns what a file holds (of bytecode its beginning), if it is one of those that rules read.
    pub(super) fn content(&self, path: &TreePath) -> Option<&[u8]> {
        self.contents.get(&self.tree.resolve(path)?).map(Vec::as_slice)
    }

    /// Returns the text of a file, if it is one of those that rules read.
    pub(super) fn text(&self, path: &TreePath) -> Option<String> {
        self.content(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Returns the files of a folder whose names end so, with their texts.
    pub(super) fn texts(&self, folder: &str, ending: &str) -> Vec<(&'a TreePath, String)> {
        let Some(folder) = self.folder(folder) else { return Vec::new() };
        let files = self.children(&folder).filter(|(path, _)| path.as_bytes().ends_with(ending.as_bytes()));
        files.filter_map(|(path, _)| Some((path, self.text(path)?))).collect()
    }
}

/// Returns the kernels of a tree.
pub(super) fn kernels(tree: &Tree) -> Kernels {
    Kernels::among(tree.iter().map(|(path, _)| path.as_bytes()))
}

/// Returns the files that rules read, and those that are too large for that.
fn wanted(tree: &Tree) -> (Vec<TreePath>, Vec<TreePath>) {
    let named = tree.iter().map(|(path, _)| path).filter(|path| is_read(path));
    let found: BTreeSet<TreePath> = named.filter_map(|path| tree.resolve(path)).collect();
    let mut left = MOST_BYTES;
    found.into_iter().partition(|path| {
        let Some(NodeKind::File(content)) = tree.get(path).map(|inode| &inode.kind) else { return true };
        let size = looked_at(path, content.size);
        let is_small = size <= LARGEST && size <= left;
        left -= if is_small { size } else { 0 };
        is_small
    })
}

/// Returns how many bytes of a file of that size are looked at.
fn looked_at(path: &TreePath, size: u64) -> u64 {
    if path.as_bytes().ends_with(b".pyc") { size.min(BYTECODE_HEADER) } else { size }
}

fn beginning(file: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
impl<'a> Subject<'a> {
    /// An image of which there is nothing but a tree and contents.
    pub(super) fn made_up(tree: &'a Tree, contents: BTreeMap<TreePath, Vec<u8>>) -> Self {
        let labels = BootLabels::default();
        Self {
            tree,
            labels,
            kernels: kernels(tree),
            diff_ids: Vec::new(),
            created: None,
            contents,
            unread: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::image::digest::ContentDigest;
    use crate::image::layer::{Content, Entry, EntryKind, LayerIndex, Metadata};

    #[test]
    fn files_that_are_too_large_are_not_looked_at() {
        let file = |(path, size): (&str, u64)| {
            let kind = EntryKind::File(Content { size, digest: ContentDigest::of(b"") });
            Entry { path: TreePath::new(path), kind, metadata: Metadata::default() }
        };
        let bytecode = "a/__pycache__/__init__.cpython-313.pyc";
        let files = [("etc/passwd", LARGEST + 1), ("etc/group", 5), (bytecode, LARGEST + 1), ("etc/a", 1)];
        let summary = serde_json::json!({
            "format": 1, "digest": "", "size": 0, "unpacked": 0, "entries": 0, "oddities": [],
            "diff_id": ContentDigest::of(b""),
        });
        let summary = serde_json::from_value(summary).expect("it is a summary");
        let tree = Tree::of(&[Arc::new(LayerIndex { summary, entries: files.map(file).to_vec() })]);
        let (wanted, unread) = wanted(&tree);
        assert_eq!(wanted, [TreePath::new(bytecode), TreePath::new("etc/group")]);
        assert_eq!(unread, [TreePath::new("etc/passwd")]);
    }
}
