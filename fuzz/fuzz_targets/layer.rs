//! Any blob is a layer or an error; what is in a layer lies inside of its image.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use stagebook::image::{LayerIndex, Limits, NodeKind, Tree};

fuzz_target!(|blob: &[u8]| {
    let limits = Limits { unpacked: 1 << 20, entries: 1000 };
    let Ok(index) = LayerIndex::of(blob, limits) else { return };
    assert_eq!(index.summary.size, blob.len() as u64);
    assert_eq!(index.summary.entries, index.entries.len());
    let tree = Tree::of(&[Arc::new(index)]);
    for (path, inode) in tree.iter().filter(|(path, _)| !path.is_root()) {
        for part in path.as_bytes().split(|byte| *byte == b'/') {
            assert!(!matches!(part, b"" | b"." | b".."), "{path} is clean");
        }
        let above = path.parent().filter(|parent| !parent.is_root());
        let is_folder = |parent| tree.get(&parent).is_some_and(|parent| parent.kind == NodeKind::Directory);
        assert!(above.is_none_or(is_folder), "{path} lies in a folder");
        assert!(inode.metadata.mode <= 0o7777);
    }
});
