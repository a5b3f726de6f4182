//! The flattened tree of an image is the one that buildah mounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use stagebook::image::{
    Access, ContentDigest, Image, ImageReference, LayerCache, Limits, NodeKind, Platform, Reading, Special,
    Unfolded,
};

use crate::project::{has, skipped};

/// Makes an image of four layers, in each form that it can lie in, and mounts it.
const BUILD: &str = r#"
b() { buildah --root "$PWD/root" --runroot "$PWD/run" --storage-driver vfs "$@" 2>>log || { cat log >&2; exit 1; }; }
layer() { # the image below, the image that comes of it; what to do stands on standard input
  container=$(b from "$1")
  cd "$(b mount "$container")"
  . /dev/stdin
  cd "$OLDPWD"
  b commit -q "$container" "$2" >>log
}
layer scratch one <<'END'
mkdir -p etc usr/bin usr/lib gone/deep replaced opaque/inner tmp to-file to-link
chmod 1777 tmp
echo one >etc/a; echo two >etc/b; echo three >gone/deep/c; echo four >replaced/d; echo five >opaque/inner/e
echo six >to-folder; echo seven >to-file/f; echo eight >to-link/g
dd if=/dev/urandom of=usr/bin/tool bs=4096 count=100 status=none
ln usr/bin/tool usr/bin/tool2; ln usr/bin/tool usr/lib/tool3; ln usr/bin/tool usr/lib/tool4
ln -s usr/lib lib; ln -s /nowhere/$(printf 'x%.0s' {1..150}) dangling
chmod 4755 usr/bin/tool; chown 7:8 etc/b; chown -h 9:10 lib
mkfifo pipe; mknod null c 1 3; mknod disk b 8 1
printf bytes >"$(printf 'no\377text\nline')"
long=$(printf 'n%.0s' {1..130}); mkdir -p "$long/$long"; echo deep >"$long/$long/$long"
touch -d @-100 etc/a; touch -d @1700000000.123456789 etc/b
truncate -s 2M usr/holes; printf end >>usr/holes
END
layer one two <<'END'
rm etc/a usr/lib/tool4; rm -r gone replaced; mkdir replaced; echo new >replaced/new
rm -r opaque; mkdir opaque; chmod 700 opaque; echo new >opaque/h
rm to-folder; mkdir to-folder; echo i >to-folder/i
rm -r to-file to-link; echo file >to-file; ln -s etc to-link
chmod 711 usr; chown 5:6 usr/lib
END
layer two three <<'END'
echo again >etc/a; mkdir gone; echo back >gone/j
rm usr/bin/tool2; echo other >usr/bin/tool2
ln etc/b etc/b2
rm null; echo null >null; rm lib; mkdir lib; echo k >lib/k
END
layer three four <<'END'
rm -r lib etc/b2 to-folder; ln -s usr/lib lib
echo more >>usr/lib/tool3; chmod 2755 opaque
END
b push -q four oci:layout:four; b push -q four oci-archive:four.tar:four; b push -q four docker-archive:docker.tar:x:four
b push -q --compression-format zstd four oci:zstd:four; b push -q four dir:folder
b mount "$(b from four)" >mounted
"#;

/// What is compared of a path: all but its name, as a line.
type Facts = BTreeMap<Vec<u8>, String>;

#[test]
fn flattened_image_is_what_buildah_mounts() {
    let test = "flattened_image_is_what_buildah_mounts";
    for program in ["buildah", "skopeo"] {
        if !has(program) {
            assert!(std::env::var_os("CI").is_none(), "{program} is not there");
            return skipped(test, &format!("{program} is not there"));
        }
    }
    if !rustix::process::geteuid().is_root() {
        return skipped(test, "only root can mount an image");
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let built = Command::new("bash").args(["-euc", BUILD]).current_dir(folder.path()).output();
    let built = built.expect("bash starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mounted = fs::read_to_string(folder.path().join("mounted")).expect("buildah says where it is");
    let (expected, links) = on_disk(Path::new(mounted.trim()));
    assert!(expected.len() > 20, "{} paths", expected.len());
    let place = folder.path().display();
    let stored = format!("containers-storage:[vfs@{place}/root+{place}/run]localhost/four");
    let forms =
        ["oci:layout:four", "oci-archive:four.tar", "docker-archive:docker.tar", "oci:zstd", "dir:folder"];
    for form in forms.into_iter().chain([stored.as_str()]) {
        let image = unfold(folder.path(), form);
        assert_eq!(image.layers.len(), 4, "{form}");
        assert_eq!(image.tree.oddities, [""; 0], "{form}");
        let found = facts(&image);
        for (path, facts) in &expected {
            assert_eq!(found.get(path), Some(facts), "{form}: {}", String::from_utf8_lossy(path));
        }
        assert_eq!(found.len(), expected.len(), "{form}");
        let groups = image.tree.link_groups().into_iter();
        let groups: BTreeSet<Vec<Vec<u8>>> =
            groups.map(|names| names.into_iter().map(|name| name.as_bytes().to_vec()).collect()).collect();
        assert_eq!(groups, links, "{form}");
    }
}

/// Reads the tree of an image, with a cache of its own.
fn unfold(folder: &Path, reference: &str) -> Unfolded {
    let own = tempfile::tempdir_in(folder).expect("a temporary folder can be made");
    let cache = LayerCache::open(own.path()).expect("a cache can be made");
    let access = Access {
        folder: folder.to_path_buf(),
        temporary: cache.temporary(),
        limits: Limits::default(),
        registries: None,
        environment: None,
    };
    let read = || {
        let image = Image::open(&ImageReference::parse(reference), &access)?;
        let image = image.for_platform(None, &Platform::host())?;
        let mut images = Reading { limits: Limits::default(), cache }.unfold(&[&image], &|_| false)?;
        Ok::<_, stagebook::image::ImageError>(images.remove(0))
    };
    read().unwrap_or_else(|error| panic!("{reference}: {}", stagebook::diagnostic::chain(&error)))
}

fn facts(image: &Unfolded) -> Facts {
    let nodes = image.tree.iter().filter(|(path, _)| !path.is_root());
    nodes
        .map(|(path, inode)| {
            let what = match &inode.kind {
                NodeKind::File(content) => format!("file {} {}", content.size, content.digest),
                NodeKind::Symlink(target) => format!("symlink {}", String::from_utf8_lossy(target)),
                NodeKind::Directory => "folder".to_owned(),
                NodeKind::Special(Special::Fifo) => "pipe".to_owned(),
                NodeKind::Special(Special::Character(major, minor)) => format!("character {major} {minor}"),
                NodeKind::Special(Special::Block(major, minor)) => format!("block {major} {minor}"),
            };
            let said = &inode.metadata;
            let facts = (said.mode, said.uid, said.gid, said.mtime.seconds);
            (path.as_bytes().to_vec(), line(&what, facts))
        })
        .collect()
}

fn line(what: &str, (mode, user, group, changed): (u32, u64, u64, i64)) -> String {
    // Kernels give symbolic links any mode.
    let mode = if what.starts_with("symlink") { 0 } else { mode };
    format!("{what}, mode {mode:o}, of {user}:{group}, changed {changed}")
}

/// Returns what is in a folder, and which of its files have several names.
fn on_disk(root: &Path) -> (Facts, BTreeSet<Vec<Vec<u8>>>) {
    let (mut facts, mut inodes) = (Facts::new(), BTreeMap::new());
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("root reads any folder") {
            let path = entry.expect("root reads any folder").path();
            let metadata = path.symlink_metadata().expect("root sees any file");
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let name = path.strip_prefix(root).expect("it is below").as_os_str().as_bytes().to_vec();
            if metadata.nlink() > 1 && !metadata.is_dir() {
                inodes.entry(metadata.ino()).or_insert_with(BTreeSet::new).insert(name.clone());
            }
            let owner =
                (metadata.mode() & 0o7777, metadata.uid().into(), metadata.gid().into(), metadata.mtime());
            facts.insert(name, line(&what(&path, &metadata), owner));
        }
    }
    (facts, inodes.into_values().map(|names| names.into_iter().collect()).collect())
}

fn what(path: &PathBuf, metadata: &fs::Metadata) -> String {
    let kind = metadata.file_type();
    let device = metadata.rdev();
    let device = format!("{} {}", rustix::fs::major(device), rustix::fs::minor(device));
    if kind.is_symlink() {
        let target = fs::read_link(path).expect("it is a link").into_os_string().into_vec();
        format!("symlink {}", String::from_utf8_lossy(&target))
    } else if kind.is_dir() {
        "folder".to_owned()
    } else if kind.is_fifo() {
        "pipe".to_owned()
    } else if kind.is_char_device() {
        format!("character {device}")
    } else if kind.is_block_device() {
        format!("block {device}")
    } else {
        let bytes = fs::read(path).expect("root reads any file");
        format!("file {} {}", bytes.len(), ContentDigest::of(&bytes))
    }
}
