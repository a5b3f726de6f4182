//! Flattening, compared with a plain model: folders in folders, to which layers are applied one by one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::digest::ContentDigest;
use super::super::layer::read_in_test;
use super::*;

/// What a layer of the model has.
#[derive(Debug, Clone)]
enum Said {
    Folder,
    File(u8),
    Symlink,
    Pipe,
    /// Another name of that path.
    Link(String),
    Gone,
    Opaque,
}

/// A member: its path, what it is, and its mode.
type Member = (String, Said, u32);

/// What may have several names.
type Leaf = Rc<RefCell<(String, u32)>>;

#[derive(Debug, Clone)]
enum Model {
    /// Its mode, if a layer says it, and what is in it.
    Folder(Option<u32>, BTreeMap<String, Model>),
    Leaf(Leaf),
}

impl Model {
    fn children(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match self {
            Self::Folder(_, children) => Some(children),
            Self::Leaf(_) => None,
        }
    }

    fn find(&mut self, path: &str) -> Option<&mut Self> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .try_fold(self, |at, part| at.children()?.get_mut(part))
    }

    /// Returns the folder that a path is in, which is made if it is not there.
    fn folder_of(&mut self, path: &str) -> &mut BTreeMap<String, Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut at = self;
        for part in &parts[..parts.len() - 1] {
            let children = at.children().unwrap();
            let child = children.entry((*part).to_owned()).or_insert_with(Self::implied);
            if child.children().is_none() {
                *child = Self::implied();
            }
            at = child;
        }
        at.children().unwrap()
    }

    fn implied() -> Self {
        Self::Folder(None, BTreeMap::new())
    }

    fn apply(&mut self, layer: &[Member]) {
        for (path, said, _) in layer {
            match said {
                Said::Opaque => {
                    if let Some(children) = self.find(path).and_then(Self::children) {
                        children.clear();
                    }
                }
                Said::Gone => {
                    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                    if let Some(children) = self.find(folder).and_then(Self::children) {
                        children.remove(name);
                    }
                }
                _ => {}
            }
        }
        for (path, said, mode) in layer {
            self.put(path, said, *mode);
        }
    }

    fn put(&mut self, path: &str, said: &Said, mode: u32) {
        let name = path.rsplit('/').next().unwrap().to_owned();
        let leaf = match said {
            Said::Gone | Said::Opaque => return,
            Said::Folder => {
                let place = if path.is_empty() {
                    self
                } else {
                    self.folder_of(path).entry(name).or_insert_with(Self::implied)
                };
                let children = place.children().map(std::mem::take).unwrap_or_default();
                *place = Self::Folder(Some(mode), children);
                return;
            }
            Said::Link(target) => match self.find(target) {
                Some(Self::Leaf(leaf)) if target != path => {
                    let leaf = Rc::clone(leaf);
                    leaf.borrow_mut().1 = mode;
                    leaf
                }
                _ => return,
            },
            other => Rc::new(RefCell::new((format!("{other:?}"), mode))),
        };
        self.folder_of(path).insert(name, Self::Leaf(leaf));
    }

    /// Lists all paths: what is there, its mode, and a number that names of one thing have in common.
    fn list(&self, path: &str, list: &mut BTreeMap<String, (String, u32, usize)>) {
        match self {
            Self::Leaf(leaf) => {
                let (what, mode) = leaf.borrow().clone();
                list.insert(path.to_owned(), (what, mode, Rc::as_ptr(leaf).addr()));
            }
            Self::Folder(mode, children) => {
                if !path.is_empty() || mode.is_some() {
                    let said = if mode.is_some() { "Folder" } else { "implied" };
                    let number = std::ptr::from_ref(self).addr();
                    list.insert(path.to_owned(), (said.to_owned(), mode.unwrap_or(0o755), number));
                }
                for (name, child) in children {
                    let slash = if path.is_empty() { "" } else { "/" };
                    child.list(&format!("{path}{slash}{name}"), list);
                }
            }
        }
    }
}

/// Writes a layer as an archive.
fn archive(layer: &[Member]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, said, mode) in layer {
        let mut header = tar::Header::new_ustar();
        header.set_mode(*mode);
        header.set_size(0);
        let (folder, name) =
            path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let marked = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let (kind, path) = match said {
            Said::Folder => (tar::EntryType::Directory, format!("./{path}/")),
            Said::File(_) => (tar::EntryType::Regular, path.clone()),
            Said::Symlink => (tar::EntryType::Symlink, path.clone()),
            Said::Pipe => (tar::EntryType::Fifo, path.clone()),
            Said::Link(_) => (tar::EntryType::Link, path.clone()),
            Said::Gone => (tar::EntryType::Regular, marked(format!(".wh.{name}"))),
            Said::Opaque => (tar::EntryType::Regular, format!("./{path}/.wh..wh..opq")),
        };
        header.set_entry_type(kind);
        header.set_path(path).unwrap();
        let content = if let Said::File(content) = said { vec![*content] } else { Vec::new() };
        header.set_size(content.len() as u64);
        match said {
            Said::Symlink => header.set_link_name("target").unwrap(),
            Said::Link(target) => header.set_link_name(target).unwrap(),
            _ => {}
        }
        header.set_cksum();
        builder.append(&header, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn tree(layers: &[Vec<Member>]) -> Tree {
    let layers: Vec<_> =
        layers.iter().map(|layer| Arc::new(read_in_test(&archive(layer)).unwrap())).collect();
    Tree::of(&layers)
}

fn said(inode: &Inode) -> String {
    match &inode.kind {
        NodeKind::Directory if inode.is_implied => "implied".to_owned(),
        NodeKind::Directory => "Folder".to_owned(),
        NodeKind::Symlink(_) => "Symlink".to_owned(),
        NodeKind::Special(_) => "Pipe".to_owned(),
        NodeKind::File(content) => {
            let byte = (0..=u8::MAX).find(|byte| ContentDigest::of(&[*byte]) == content.digest);
            format!("File({})", byte.unwrap())
        }
    }
}

fn check(layers: &[Vec<Member>]) {
    let mut model = Model::Folder(None, BTreeMap::new());
    for layer in layers {
        model.apply(layer);
    }
    let mut expected = BTreeMap::new();
    model.list("", &mut expected);
    let tree = tree(layers);
    let found: BTreeMap<String, (String, u32)> =
        tree.iter().map(|(path, inode)| (path.to_string(), (said(inode), inode.metadata.mode))).collect();
    let told = expected.iter().map(|(path, (what, mode, _))| (path.clone(), (what.clone(), *mode)));
    assert_eq!(found, told.collect::<BTreeMap<_, _>>());
    let mut groups: BTreeMap<usize, Vec<TreePath>> = BTreeMap::new();
    for (path, (_, _, number)) in &expected {
        groups.entry(*number).or_default().push(TreePath::new(path));
    }
    let mut groups: Vec<_> = groups.values().filter(|names| names.len() > 1).collect();
    groups.sort();
    let found: Vec<Vec<TreePath>> =
        tree.link_groups().into_iter().map(|names| names.into_iter().cloned().collect()).collect();
    assert_eq!(found, groups.into_iter().cloned().collect::<Vec<_>>());
    for (path, _) in tree.iter() {
        let below: Vec<_> = tree.below(path).map(|(path, _)| path).collect();
        assert_eq!(
            below,
            tree.iter().map(|(path, _)| path).filter(|other| other.is_below(path)).collect::<Vec<_>>()
        );
    }
}

fn paths() -> impl Strategy<Value = String> {
    // `a.b` comes between `a` and `a/b` in the order of bytes.
    proptest::collection::vec(prop_oneof!["[abc]", Just("a.b".to_owned())], 1..4)
        .prop_map(|parts| parts.join("/"))
}

fn members() -> impl Strategy<Value = Member> {
    let said = prop_oneof![
        4 => Just(Said::Folder),
        4 => any::<u8>().prop_map(Said::File),
        1 => Just(Said::Symlink),
        1 => Just(Said::Pipe),
        4 => paths().prop_map(Said::Link),
        2 => Just(Said::Gone),
        1 => Just(Said::Opaque),
    ];
    let anywhere = (paths(), said, 0..0o10000_u32);
    let root = prop_oneof![Just(Said::Folder), Just(Said::Opaque)];
    prop_oneof![20 => anywhere, 1 => (Just(String::new()), root, 0..0o10000_u32)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn layers_become_what_the_model_becomes(
        layers in proptest::collection::vec(proptest::collection::vec(members(), 0..10), 1..5)
    ) {
        check(&layers);
    }
}

fn of(path: &str, said: Said) -> Member {
    (path.to_owned(), said, 0o644)
}

#[test]
fn whiteouts_take_nothing_of_their_own_layer() {
    let layers = [
        vec![of("d", Said::Folder), of("d/old", Said::File(1)), of("gone/x", Said::File(2))],
        vec![
            of("d/new", Said::File(3)),
            of("d", Said::Opaque),
            of("gone", Said::File(4)),
            of("gone", Said::Gone),
        ],
    ];
    check(&layers);
    let names: Vec<String> = tree(&layers).iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names, ["d", "d/new", "gone"]);
}

#[test]
fn link_that_is_replaced_leaves_the_others() {
    let layers = [
        vec![of("a", Said::File(1)), of("b", Said::Link("a".into())), of("c", Said::Link("b".into()))],
        vec![of("a", Said::File(2))],
    ];
    check(&layers);
    let tree = tree(&layers);
    assert_eq!(tree.link_groups(), [[&TreePath::new("b"), &TreePath::new("c")]]);
    assert_eq!(said(tree.get(&TreePath::new("b")).unwrap()), "File(1)");
    assert_eq!(tree.get(&TreePath::new("b")).unwrap().layer, 0);
}

#[test]
fn what_does_not_fit_is_told() {
    let dangling = |number| of(&format!("l{number}"), Said::Link("nothing".into()));
    let layers = [vec![of("lib", Said::Symlink)], vec![of("lib/a", Said::File(1)), dangling(0)]];
    assert_eq!(
        tree(&layers).oddities,
        [
            "layer 2: `lib/a` lies below `lib`, which is no folder in the layers below",
            "layer 2: `l0` is a hard link to `nothing`, which is not there",
        ]
    );
    let many: Vec<_> = (0..1000).map(dangling).collect();
    assert_eq!(tree(&[many]).oddities.len(), MOST_ODDITIES);
}
