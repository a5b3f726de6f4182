//! Layers on top of each other: what a container of the image would see.
//!
//! What is done here is what the overlay file system shows of layers that were unpacked one by one
//! (image-spec 1.1, layer.md): whiteouts take away what the layers below have and nothing of their own
//! layer; a folder over a folder keeps what is in it; anything else replaces what was there.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::layer::{Content, Entry, EntryKind, LayerIndex, Metadata, Special};
use super::path::TreePath;

/// How many oddities are told of one image.
const MOST_ODDITIES: usize = 200;

/// The files of an image, by their paths. The root is there if a layer says something of it.
#[derive(Debug, Default, Clone)]
pub struct Tree {
    names: BTreeMap<TreePath, usize>,
    inodes: Vec<Inode>,
    /// Hard links whose targets are not there, with these.
    pub(super) broken_links: BTreeMap<TreePath, TreePath>,
    /// What is unusual in the layers and was read nevertheless.
    pub oddities: Vec<String>,
}

/// A thing in an image, which may have several names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inode {
    /// What it is.
    pub kind: NodeKind,
    /// Who owns it, who may do what with it, when it was changed.
    pub metadata: Metadata,
    /// The layer that has it, counted from 0.
    pub layer: usize,
    /// No layer says anything of the folder: it is there because something is in it.
    pub is_implied: bool,
}

/// What a thing in an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file with its content.
    File(Content),
    /// A symbolic link with its target.
    Symlink(Vec<u8>),
    /// A folder.
    Directory,
    /// A device or a named pipe.
    Special(Special),
}

impl Tree {
    /// Puts layers on top of each other, the lowest first.
    pub fn of(layers: &[Arc<LayerIndex>]) -> Self {
        let mut tree = Self::default();
        for (number, layer) in layers.iter().enumerate() {
            let oddities = layer.summary.oddities.iter();
            tree.oddities.extend(oddities.map(|oddity| format!("layer {}: {oddity}", number + 1)));
            tree.take_away(&layer.entries);
            for entry in &layer.entries {
                tree.add(number, entry);
            }
        }
        tree
    }

    /// Returns what is at a path, without following links.
    pub fn get(&self, path: &TreePath) -> Option<&Inode> {
        Some(&self.inodes[*self.names.get(path)?])
    }

    /// Returns all names with what they are names of, ordered by their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &Inode)> {
        self.names.iter().map(|(path, inode)| (path, &self.inodes[*inode]))
    }

    /// Returns the names directly or deeper in a folder.
    pub fn below(&self, folder: &TreePath) -> impl Iterator<Item = (&TreePath, &Inode)> {
        let names = self.names.range((Bound::Excluded(folder.join(b"")), Bound::Unbounded));
        let names = names.take_while(|(path, _)| path.is_below(folder));
        names.map(|(path, inode)| (path, &self.inodes[*inode]))
    }

    /// Returns the files that have several names: for each its names, ordered.
    pub fn link_groups(&self) -> Vec<Vec<&TreePath>> {
        let mut groups: BTreeMap<usize, Vec<&TreePath>> = BTreeMap::new();
        for (path, inode) in &self.names {
            groups.entry(*inode).or_default().push(path);
        }
        let mut groups: Vec<_> = groups.into_values().filter(|names| names.len() > 1).collect();
        groups.sort_unstable();
        groups
    }

    /// Returns where a path leads, with links followed as the kernel follows them in a container of the image;
    /// none where there is nothing.
    pub fn resolve(&self, path: &TreePath) -> Option<TreePath> {
        let (mut done, mut rest, mut links) = (TreePath::default(), parts(path.as_bytes()), 0);
        while let Some(part) = rest.pop() {
            match part.as_slice() {
                b"." => continue,
                b".." => {
                    done = done.parent().unwrap_or_default();
                    continue;
                }
                _ => {}
            }
            let next = done.join(&part);
            match &self.get(&next)?.kind {
                NodeKind::Symlink(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return None;
                    }
                    if target.starts_with(b"/") {
                        done = TreePath::default();
                    }
                    rest.extend(parts(target));
                }
                _ => done = next,
            }
        }
        Some(done)
    }

    /// Returns how many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn take_away(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.kind {
                EntryKind::Whiteout => {
                    self.empty(&entry.path);
                    self.names.remove(&entry.path);
                }
                EntryKind::Opaque => self.empty(&entry.path),
                _ => {}
            }
        }
    }

    /// Takes away what is in a folder.
    fn empty(&mut self, folder: &TreePath) {
        let below: Vec<TreePath> = self.below(folder).map(|(path, _)| path.clone()).collect();
        for path in below {
            self.names.remove(&path);
        }
    }

    fn add(&mut self, layer: usize, entry: &Entry) {
        let kind = match &entry.kind {
            EntryKind::Whiteout | EntryKind::Opaque => return,
            EntryKind::HardLink(target) => return self.link(layer, entry, target),
            EntryKind::File(content) => NodeKind::File(*content),
            EntryKind::Symlink(target) => NodeKind::Symlink(target.clone()),
            EntryKind::Directory => NodeKind::Directory,
            EntryKind::Special(special) => NodeKind::Special(*special),
        };
        self.make_way(layer, &entry.path);
        if kind != NodeKind::Directory {
            self.empty(&entry.path);
        }
        let inode = Inode { kind, metadata: entry.metadata.clone(), layer, is_implied: false };
        self.put(entry.path.clone(), inode);
    }

    fn put(&mut self, path: TreePath, inode: Inode) {
        self.names.insert(path, self.inodes.len());
        self.inodes.push(inode);
    }

    /// Gives a file another name. As tools that unpack layers do it, what the link says of owner, mode and
    /// time holds for the file.
    fn link(&mut self, layer: usize, entry: &Entry, target: &TreePath) {
        let inode = self.names.get(target).copied();
        let Some(inode) = inode.filter(|inode| self.inodes[*inode].kind != NodeKind::Directory) else {
            self.note(
                layer,
                format_args!("`{}` is a hard link to `{target}`, which is not there", entry.path),
            );
            self.broken_links.insert(entry.path.clone(), target.clone());
            return;
        };
        if *target == entry.path {
            return;
        }
        self.make_way(layer, &entry.path);
        self.empty(&entry.path);
        let xattrs = std::mem::take(&mut self.inodes[inode].metadata.xattrs);
        let said = &entry.metadata;
        let xattrs = if said.xattrs.is_empty() { xattrs } else { said.xattrs.clone() };
        self.inodes[inode].metadata = Metadata { xattrs, ..said.clone() };
        self.names.insert(entry.path.clone(), inode);
    }

    /// Sees to it that everything above a path is a folder.
    fn make_way(&mut self, layer: usize, path: &TreePath) {
        let Some(parent) = path.parent().filter(|parent| !parent.is_root()) else { return };
        match self.get(&parent).map(|inode| inode.kind == NodeKind::Directory) {
            Some(true) => return,
            Some(false) => {
                self.note(
                    layer,
                    format_args!("`{path}` lies below `{parent}`, which is no folder in the layers below"),
                );
            }
            None => self.make_way(layer, &parent),
        }
        let metadata = Metadata { mode: 0o755, ..Metadata::default() };
        self.put(parent, Inode { kind: NodeKind::Directory, metadata, layer, is_implied: true });
    }

    fn note(&mut self, layer: usize, said: std::fmt::Arguments<'_>) {
        if self.oddities.len() < MOST_ODDITIES {
            self.oddities.push(format!("layer {}: {said}", layer + 1));
        }
    }
}

/// How many links are followed on the way to a file, as the kernel has it.
const MOST_LINKS: usize = 40;

/// Returns the parts of a path, the last one first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    parts.rev().map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests;
