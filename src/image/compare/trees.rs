//! What is at which path, and with which content.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use super::model::{Change, Difference, Fact, Level};
use crate::diagnostic::size;
use crate::image::layer::{Content, Metadata, ModificationTime, Special, Xattr};
use crate::image::path::{TreePath, shown};
use crate::image::tree::{Inode, NodeKind, Tree};

/// Compares two trees, path by path.
pub(super) fn trees(staging: &Tree, reference: &Tree) -> Vec<Difference> {
    let mut differences = Vec::new();
    let (mut ours, mut theirs) = (staging.iter().peekable(), reference.iter().peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((our, _)), Some((their, _))) => our.cmp(their),
        };
        let our = if order == Ordering::Greater { None } else { ours.next() };
        let their = if order == Ordering::Less { None } else { theirs.next() };
        match (our, their) {
            (Some((path, our)), Some((_, their))) => both(path, our, their, &mut differences),
            // The root is always there, whether a layer names it or not.
            (Some((path, our)), None) if path.is_root() => both(path, our, &root(), &mut differences),
            (None, Some((path, their))) if path.is_root() => both(path, &root(), their, &mut differences),
            (Some((path, our)), None) => {
                let mut only = only(path, our, Change::OnlyInStaging);
                only.staging = Some(described(our));
                differences.push(only);
            }
            (None, Some((path, their))) => {
                let mut only = only(path, their, Change::OnlyInReference);
                only.reference = Some(described(their));
                differences.push(only);
            }
            (None, None) => {}
        }
    }
    hard_links(staging, reference, &mut differences);
    broken_links(staging, reference, &mut differences);
    differences
}

/// Returns the root as it is where no layer names it.
fn root() -> Inode {
    let metadata = Metadata { mode: 0o755, ..Metadata::default() };
    Inode { kind: NodeKind::Directory, metadata, layer: 0, is_implied: true }
}

fn only(path: &TreePath, inode: &Inode, change: Change) -> Difference {
    let mut only = Difference::at(Level::Tree, path, change);
    only.facts = match &inode.kind {
        NodeKind::Directory => vec![Fact::Folder],
        NodeKind::File(content) if content.size == 0 => vec![Fact::EmptyOrAbsent],
        _ => Vec::new(),
    };
    only.is_harmless = is_harmless(inode);
    only
}

/// Returns whether a file can be run by nobody and gives nobody a right; a folder, whether not everybody may write
/// to it.
fn is_harmless(inode: &Inode) -> bool {
    const SETUID: u32 = 0o4000;
    const STICKY: u32 = 0o1000;
    const FOR_ALL: u32 = 0o002;
    let mode = inode.metadata.mode;
    match inode.kind {
        NodeKind::File(_) => {
            let has_right = |xattr: &Xattr| xattr.name == "security.capability";
            mode & 0o7111 == 0 && !inode.metadata.xattrs.iter().any(has_right)
        }
        // Logs may have a folder whose group is that of the files in it.
        NodeKind::Directory => mode & SETUID == 0 && (mode & FOR_ALL == 0 || mode & STICKY != 0),
        NodeKind::Symlink(_) | NodeKind::Special(_) => false,
    }
}

fn both(path: &TreePath, our: &Inode, their: &Inode, differences: &mut Vec<Difference>) {
    let mut add = |change, ours: String, theirs: String| {
        differences.push(Difference::at(Level::Tree, path, change).sides(ours, theirs));
    };
    match (&our.kind, &their.kind) {
        (NodeKind::File(ours), NodeKind::File(theirs)) if ours.digest != theirs.digest => {
            let mut difference = Difference::at(Level::Content, path, Change::Content);
            difference.is_harmless = is_harmless(our) && is_harmless(their);
            differences.push(difference.sides(content(ours), content(theirs)));
        }
        (NodeKind::Symlink(ours), NodeKind::Symlink(theirs)) if ours != theirs => {
            add(Change::Target, shown(ours), shown(theirs));
        }
        (NodeKind::Special(ours), NodeKind::Special(theirs)) if ours != theirs => {
            add(Change::Device, special(*ours), special(*theirs));
        }
        (ours, theirs) if word(ours) != word(theirs) => {
            // What is another thing has another mode and another time, which says nothing more.
            return add(Change::Type, described(our), described(their));
        }
        _ => {}
    }
    metadata(path, our, their, differences);
}

fn metadata(path: &TreePath, our: &Inode, their: &Inode, differences: &mut Vec<Difference>) {
    let mut add = |level, change, ours: String, theirs: String| {
        differences.push(Difference::at(level, path, change).sides(ours, theirs));
    };
    let (ours, theirs) = (&our.metadata, &their.metadata);
    // The kernel gives every symbolic link the same mode.
    if ours.mode != theirs.mode && !matches!(our.kind, NodeKind::Symlink(_)) {
        add(Level::Tree, Change::Mode, mode(ours), mode(theirs));
    }
    if (ours.uid, ours.gid) != (theirs.uid, theirs.gid) {
        add(Level::Tree, Change::Owner, owner(ours), owner(theirs));
    }
    // A folder of which no layer says anything is made when the image is unpacked, as root's and for all to enter.
    let is_made = our.is_implied || their.is_implied;
    if ours.mtime != theirs.mtime && !is_made {
        add(Level::Times, Change::Time, time(ours.mtime), time(theirs.mtime));
    }
    if ours.xattrs != theirs.xattrs {
        xattrs(path, &ours.xattrs, &theirs.xattrs, differences);
    }
}

fn xattrs(path: &TreePath, ours: &[Xattr], theirs: &[Xattr], differences: &mut Vec<Difference>) {
    let find = |list: &[Xattr], name: &str| {
        let found = list.iter().find(|xattr| xattr.name == name);
        found.map(|xattr| xattr.value.clone())
    };
    let mut names: Vec<&str> = ours.iter().chain(theirs).map(|xattr| xattr.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (our, their) = (find(ours, name), find(theirs, name));
        if our != their {
            let side = |value: Option<Vec<u8>>| match value {
                Some(value) => format!("{name}={}", shown(&value)),
                None => format!("no {name}"),
            };
            let difference = Difference::at(Level::Tree, path, Change::Xattr);
            differences.push(difference.sides(side(our), side(their)));
        }
    }
}

/// Finds files whose names are not names of the same file on the other side, where these names are there.
fn hard_links(staging: &Tree, reference: &Tree, differences: &mut Vec<Difference>) {
    let (ours, theirs) = (staging.link_groups(), reference.link_groups());
    let by_name = |groups: &[Vec<&TreePath>]| -> HashMap<TreePath, usize> {
        let numbered = groups.iter().enumerate();
        numbered.flat_map(|(number, names)| names.iter().map(move |name| ((*name).clone(), number))).collect()
    };
    let (our_groups, their_groups) = (by_name(&ours), by_name(&theirs));
    let is_file = |tree: &Tree, path: &TreePath| {
        tree.get(path).is_some_and(|inode| matches!(inode.kind, NodeKind::File(_)))
    };
    let is_common = |name: &&&TreePath| is_file(staging, name) && is_file(reference, name);
    // Other names may be missing on one side: what is left can be compared nevertheless.
    let mut names: Vec<&TreePath> =
        ours.iter().chain(&theirs).filter_map(|names| names.iter().find(is_common).copied()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let alone = vec![name];
        let our = our_groups.get(name).map_or(&alone, |number| &ours[*number]);
        let their = their_groups.get(name).map_or(&alone, |number| &theirs[*number]);
        // A name that is missing on the other side is a difference of its own.
        let common = |names: &[&TreePath]| -> Vec<TreePath> {
            names.iter().filter(is_common).map(|name| (*name).clone()).collect()
        };
        if common(our) != common(their) {
            let side = |names: &[&TreePath]| {
                let others: Vec<_> = names.iter().filter(|other| **other != name).collect();
                match others.as_slice() {
                    [] => "a file of one name".to_owned(),
                    others => format!("also {}", listed(others)),
                }
            };
            let difference = Difference::at(Level::Tree, name, Change::HardLinks);
            differences.push(difference.sides(side(our), side(their)));
        }
    }
}

/// Finds hard links to what is not there: an image with one cannot be unpacked.
fn broken_links(staging: &Tree, reference: &Tree, differences: &mut Vec<Difference>) {
    let (ours, theirs) = (&staging.broken_links, &reference.broken_links);
    let paths: BTreeSet<&TreePath> = ours.keys().chain(theirs.keys()).collect();
    for path in paths.into_iter().filter(|path| ours.get(*path) != theirs.get(*path)) {
        let side = |tree: &Tree| match (tree.broken_links.get(path), tree.get(path)) {
            (Some(target), _) => format!("a hard link to `{target}`, which is not there"),
            (None, Some(inode)) => described(inode),
            (None, None) => "nothing".to_owned(),
        };
        let difference = Difference::at(Level::Tree, path, Change::HardLinks);
        differences.push(difference.sides(side(staging), side(reference)));
    }
}

fn listed(names: &[&&TreePath]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Says in a few words what is at a path.
fn described(inode: &Inode) -> String {
    match &inode.kind {
        NodeKind::File(found) => format!("file, {}", content(found)),
        NodeKind::Symlink(target) => format!("link to {}", shown(target)),
        NodeKind::Directory => "folder".to_owned(),
        NodeKind::Special(found) => special(*found),
    }
}

fn word(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::File(_) => "file",
        NodeKind::Symlink(_) => "link",
        NodeKind::Directory => "folder",
        NodeKind::Special(Special::Fifo) => "named pipe",
        NodeKind::Special(Special::Character(..)) => "character device",
        NodeKind::Special(Special::Block(..)) => "block device",
    }
}

fn content(content: &Content) -> String {
    format!("{} {}", size(content.size), &content.digest.hex()[..12])
}

fn special(special: Special) -> String {
    match special {
        Special::Fifo => "named pipe".to_owned(),
        Special::Character(major, minor) => format!("character device {major}:{minor}"),
        Special::Block(major, minor) => format!("block device {major}:{minor}"),
    }
}

fn mode(metadata: &Metadata) -> String {
    format!("{:04o}", metadata.mode)
}

fn owner(metadata: &Metadata) -> String {
    format!("{}:{}", metadata.uid, metadata.gid)
}

fn time(time: ModificationTime) -> String {
    let shown = jiff::Timestamp::new(time.seconds, 0).map(|time| time.to_string());
    let shown = shown.unwrap_or_else(|_| time.seconds.to_string());
    if time.nanoseconds == 0 { shown } else { format!("{shown} and {} ns", time.nanoseconds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layer::read_in_test;

    /// Returns the tree of a layer with one member, or with none.
    fn tree(member: Option<(&str, tar::EntryType, u32)>) -> Tree {
        let mut archive = tar::Builder::new(Vec::new());
        if let Some((path, kind, mode)) = member {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_size(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(1);
            if kind == tar::EntryType::Link {
                header.set_link_name("nosuch").unwrap();
            }
            archive.append_data(&mut header, path, &b""[..]).unwrap();
        }
        Tree::of(&[std::sync::Arc::new(read_in_test(&archive.into_inner().unwrap()).unwrap())])
    }

    #[test]
    fn the_root_is_there_whether_a_layer_names_it_or_not() {
        let usual = tree(Some(("./", tar::EntryType::Directory, 0o755)));
        assert_eq!(trees(&usual, &tree(None)), []);
        assert_eq!(trees(&tree(None), &usual), []);
        let odd = tree(Some(("./", tar::EntryType::Directory, 0o700)));
        let found = trees(&odd, &tree(None));
        assert_eq!((found.len(), found[0].change), (1, Change::Mode));
    }

    #[test]
    fn a_link_to_nothing_is_a_difference() {
        let broken = tree(Some(("b", tar::EntryType::Link, 0o644)));
        assert_eq!(trees(&broken, &broken), []);
        let found = trees(&broken, &tree(None));
        assert_eq!((found.len(), found[0].change), (1, Change::HardLinks));
        assert_eq!(found[0].staging.as_deref(), Some("a hard link to `nosuch`, which is not there"));
    }

    #[test]
    fn what_can_be_run_or_is_a_device_is_not_harmless() {
        let is_harmless = |kind, mode| {
            let tree = tree(Some(("a", kind, mode)));
            is_harmless(tree.get(&TreePath::new("a")).unwrap())
        };
        use tar::EntryType::{Char, Directory, Fifo, Regular};
        assert!(
            is_harmless(Regular, 0o640) && is_harmless(Directory, 0o2755) && is_harmless(Directory, 0o1777)
        );
        for mode in [0o755, 0o4644, 0o2644] {
            assert!(!is_harmless(Regular, mode), "{mode:o}");
        }
        assert!(!is_harmless(Directory, 0o777) && !is_harmless(Directory, 0o4755));
        assert!(!is_harmless(Char, 0o600) && !is_harmless(Fifo, 0o600));
    }
}
