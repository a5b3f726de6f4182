//! What a cache gives back is what was put into it, or nothing.

use tempfile::TempDir;

use super::super::layer::{Limits, pick, read_in_test};
use super::*;

struct Fixture {
    _folder: TempDir,
    cache: LayerCache,
    archive: Vec<u8>,
    index: LayerIndex,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [("a", "one"), ("b\n\"", "two"), ("a", "three")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    let archive = builder.into_inner().unwrap();
    let index = read_in_test(&archive).unwrap();
    let cache = LayerCache::open(folder.path()).unwrap();
    cache.keep(&index);
    Fixture { _folder: folder, cache, archive, index }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn index_that_is_damaged_or_of_another_version_is_none() {
    let Fixture { cache, index, .. } = &fixture();
    let digest = &index.summary.digest;
    assert_eq!(cache.index(digest).as_ref(), Some(index));
    let file = cache.index_file(digest);
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(cache.index(digest), None, "{length} bytes");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert_eq!(cache.index(digest), None, "byte {at}");
    }
    // It is made anew.
    cache.keep(index);
    assert_eq!(cache.index(digest).as_ref(), Some(index));
    // One under the name of another layer is none either.
    fs::rename(&file, cache.index_file("sha256:00")).unwrap();
    assert_eq!(cache.index("sha256:00"), None);
}

#[test]
fn contents_are_kept_by_what_they_are() {
    let Fixture { cache, archive, .. } = &fixture();
    let (old, new) = (ContentDigest::of(b"one"), ContentDigest::of(b"three"));
    // Two members have the name; the later one is wanted.
    let mut keeper = cache.keeper(Wanted::Exactly(vec![(TreePath::new("a"), new)]));
    pick(&archive[..], Limits::default(), &mut keeper).unwrap();
    let kept = cache.content(Content { size: 5, digest: new }).unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"three");
    assert_eq!(cache.content(Content { size: 3, digest: old }), None);
    assert_eq!(names(&cache.contents()), [new.hex()], "nothing is left of what was not wanted");
    // What a machine that was switched off lost is fetched again.
    fs::write(&kept, b"thr").unwrap();
    assert_eq!(cache.content(Content { size: 5, digest: new }), None);
}

#[test]
fn many_threads_may_keep_the_same() {
    let Fixture { cache, archive, index, .. } = &fixture();
    let wanted = ContentDigest::of(b"two");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    cache.keep(index);
                    assert_eq!(cache.index(&index.summary.digest).as_ref(), Some(index));
                    let named = |path: &TreePath| path.as_bytes() == b"b\n\"";
                    let mut keeper = cache.keeper(Wanted::Named(&named));
                    pick(&archive[..], Limits::default(), &mut keeper).unwrap();
                    assert!(cache.content(Content { size: 3, digest: wanted }).is_some());
                }
            });
        }
    });
    assert_eq!(names(&cache.indexes()).len(), 1);
}

#[test]
fn what_is_old_is_removed() {
    let Fixture { cache, index, .. } = &fixture();
    let age = |path: &Path, days: u64| {
        let time = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        File::open(path).unwrap().set_modified(time).unwrap();
    };
    for (name, days) in [("killed", 3), ("running", 1)] {
        fs::create_dir(cache.temporary().join(name)).unwrap();
        fs::write(cache.temporary().join(name).join("blob"), "b").unwrap();
        age(&cache.temporary().join(name), days);
    }
    let file = cache.index_file(&index.summary.digest);
    age(&file, 20);
    cache.prune();
    assert_eq!(names(&cache.temporary()), ["running"]);
    // It was asked for, and so it is young again.
    assert!(cache.index(&index.summary.digest).is_some());
    cache.prune();
    assert!(file.exists());
    age(&file, 40);
    cache.prune();
    assert!(!file.exists());
}

#[test]
fn folder_that_takes_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(LayerCache::open(&folder.path().join("file/cache")).is_err());
    assert!(LayerCache::open(Path::new("/proc/self/fdinfo")).is_err());
}

#[test]
fn error_names_the_cache_where_that_is_full() {
    let Fixture { cache, archive, .. } = &fixture();
    fs::remove_dir_all(cache.contents()).unwrap();
    let named = |_: &TreePath| true;
    let error = pick(&archive[..], Limits::default(), &mut cache.keeper(Wanted::Named(&named))).unwrap_err();
    assert!(error.to_string().contains("cannot be kept in `"), "{error}");
}

#[test]
fn what_was_not_asked_for_the_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = LayerCache::open(folder.path()).unwrap();
    for (name, age) in [("old", 300), ("new", 100), ("older", 400), ("middle", 200)] {
        let path = cache.contents().join(name);
        fs::write(&path, [0; 10]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age);
        File::options().write(true).open(&path).unwrap().set_modified(used).unwrap();
    }
    cache.prune_to(20);
    let mut left = names(&cache.contents());
    left.sort_unstable();
    assert_eq!(left, ["middle", "new"]);
}
