//! What was found in layers, kept by their digests: a layer never changes, so it is read once.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::{NamedTempFile, TempDir};

use super::digest::ContentDigest;
use super::layer::{Content, Keeper, LayerIndex};
use super::path::TreePath;

/// How long what nobody asked for stays.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long it need not be said again that something was used.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many bytes are kept: each build of a system leaves another database of its packages.
const MOST: u64 = 4 << 30;

/// How long what was put aside stays at most: no command looks at an image for so long.
const LEFT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// A folder with the indexes of layers and the few contents that were looked at.
///
/// Several processes may use it at once. What is damaged in it, or of another version, is made anew.
#[derive(Debug, Clone)]
pub struct LayerCache {
    folder: PathBuf,
    /// The folder, where it goes with the last who uses it.
    _temporary: Option<Arc<TempDir>>,
}

impl LayerCache {
    /// Uses a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or nothing can be written there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let cache = Self { folder: folder.to_path_buf(), _temporary: None };
        for part in [cache.indexes(), cache.contents(), cache.temporary()] {
            fs::create_dir_all(&part)?;
            // A folder of another user's is there, and takes nothing.
            tempfile::tempfile_in(part)?;
        }
        Ok(cache)
    }

    /// Makes a cache that is kept as long as someone uses it.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn for_a_while() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let cache = Self::open(folder.path())?;
        Ok(Self { _temporary: Some(Arc::new(folder)), ..cache })
    }

    fn indexes(&self) -> PathBuf {
        self.folder.join("layers")
    }

    fn contents(&self) -> PathBuf {
        self.folder.join("contents")
    }

    /// Returns the folder for what is put aside for a while.
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("temporary")
    }

    fn index_file(&self, digest: &str) -> PathBuf {
        self.indexes().join(digest.replace(':', "-"))
    }

    fn content_file(&self, digest: ContentDigest) -> PathBuf {
        self.contents().join(digest.hex())
    }

    /// Returns the index of the layer of that digest, if it is known.
    pub(super) fn index(&self, digest: &str) -> Option<LayerIndex> {
        let file = File::open(self.index_file(digest)).ok()?;
        touch(&file);
        let index = LayerIndex::read(&mut BufReader::with_capacity(128 * 1024, file))?;
        (index.summary.digest == digest).then_some(index)
    }

    /// Keeps an index. One that cannot be kept is made again the next time, so nothing is said of it.
    pub(super) fn keep(&self, index: &LayerIndex) {
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(self.indexes())?;
            let mut writer = BufWriter::new(&mut file);
            index.write(&mut writer)?;
            writer.flush()?;
            drop(writer);
            file.persist(self.index_file(&index.summary.digest))?;
            Ok(())
        };
        let _ = write();
    }

    /// Returns the file with a content, if it is kept whole: a machine that was switched off may have lost some.
    pub(super) fn content(&self, content: Content) -> Option<PathBuf> {
        let path = self.content_file(content.digest);
        let file = File::open(&path).ok()?;
        touch(&file);
        (file.metadata().ok()?.len() == content.size).then_some(path)
    }

    /// Removes what nobody has asked for in a month, what commands that were killed left behind, and what is
    /// beyond 4 GiB: that which was not asked for the longest. Whatever cannot be removed stays.
    pub fn prune(&self) {
        self.prune_to(MOST);
    }

    fn prune_to(&self, most: u64) {
        let old = |folder: &Path, least: Duration| {
            let now = SystemTime::now();
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.filter(move |entry| {
                let changed = entry.metadata().and_then(|metadata| metadata.modified()).ok();
                changed.and_then(|changed| now.duration_since(changed).ok()).is_some_and(|age| age > least)
            })
        };
        for file in [self.indexes(), self.contents()].iter().flat_map(|folder| old(folder, UNUSED)) {
            let _ = fs::remove_file(file.path());
        }
        for left in old(&self.temporary(), LEFT) {
            let _ = fs::remove_file(left.path()).or_else(|_| fs::remove_dir_all(left.path()));
        }
        let mut size = 0;
        for file in self.kept() {
            size += file.size;
            if size > most {
                let _ = fs::remove_file(file.path);
            }
        }
    }

    /// Returns what is kept; that which was asked for last comes first.
    fn kept(&self) -> Vec<KeptFile> {
        let entries =
            [self.indexes(), self.contents()].into_iter().flat_map(fs::read_dir).flatten().flatten();
        let file = |entry: fs::DirEntry| {
            let metadata = entry.metadata().ok()?;
            Some(KeptFile { path: entry.path(), used: metadata.modified().ok()?, size: metadata.len() })
        };
        let mut kept: Vec<KeptFile> = entries.filter_map(file).collect();
        kept.sort_unstable_by_key(|file| std::cmp::Reverse(file.used));
        kept
    }

    /// Returns a keeper for the contents that are wanted.
    pub(super) fn keeper<'a>(&'a self, mut wanted: Wanted<'a>) -> ContentKeeper<'a> {
        if let Wanted::Exactly(files) = &mut wanted {
            // Every member of the layer is looked for among them.
            files.sort_unstable();
        }
        ContentKeeper { cache: self, wanted, current: None }
    }
}

/// A file of the cache.
struct KeptFile {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

/// Says that a file was used, once a day. That the cache cannot be written is no reason not to read it.
fn touch(file: &File) {
    let used = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let is_recent = used.and_then(|used| used.elapsed().ok()).is_some_and(|age| age < RECENT);
    if !is_recent {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Which contents of a layer are wanted.
pub(super) enum Wanted<'a> {
    /// Those at certain paths.
    Named(&'a dyn Fn(&TreePath) -> bool),
    /// Those of certain digests at certain paths, until all are there.
    Exactly(Vec<(TreePath, ContentDigest)>),
}

impl Wanted<'_> {
    fn wants(&self, path: &TreePath) -> bool {
        match self {
            Self::Named(named) => named(path),
            Self::Exactly(files) => files.binary_search_by(|(wanted, _)| wanted.cmp(path)).is_ok(),
        }
    }
}

/// Keeps contents in a cache.
pub(super) struct ContentKeeper<'a> {
    cache: &'a LayerCache,
    wanted: Wanted<'a>,
    current: Option<NamedTempFile>,
}

impl Keeper for ContentKeeper<'_> {
    fn open(&mut self, path: &TreePath, _size: u64) -> io::Result<Option<Box<dyn Write>>> {
        if !self.wanted.wants(path) {
            return Ok(None);
        }
        let folder = self.cache.contents();
        let open = || {
            let file = NamedTempFile::new_in(&folder)?;
            Ok((BufWriter::new(file.reopen()?), file))
        };
        let (writer, file) = open().map_err(|error| not_kept(&folder, &error))?;
        self.current = Some(file);
        Ok(Some(Box::new(Kept { writer, folder })))
    }

    fn close(&mut self, path: &TreePath, digest: ContentDigest) -> io::Result<()> {
        let file = self.current.take();
        if let Wanted::Exactly(files) = &mut self.wanted {
            let before = files.len();
            files.retain(|(wanted, content)| !(wanted == path && *content == digest));
            // Another file of that name, which a later one of the same layer replaces.
            if files.len() == before {
                return Ok(());
            }
        }
        file.map_or(Ok(()), |file| {
            // Another image may have it: to replace a file waits for the disk.
            let size = file.as_file().metadata().map_or(u64::MAX, |metadata| metadata.len());
            if self.cache.content(Content { size, digest }).is_some() {
                return Ok(());
            }
            let kept = file.persist(self.cache.content_file(digest));
            kept.map(drop).map_err(|error| not_kept(&self.cache.contents(), &error.error))
        })
    }

    fn is_done(&self) -> bool {
        matches!(&self.wanted, Wanted::Exactly(files) if files.is_empty())
    }
}

/// A content on its way into the cache. If it cannot be written, the layer that it is from is not to blame.
struct Kept {
    writer: BufWriter<File>,
    folder: PathBuf,
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(|error| not_kept(&self.folder, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| not_kept(&self.folder, &error))
    }
}

fn not_kept(folder: &Path, error: &io::Error) -> io::Error {
    let said = format!("a file of it cannot be kept in `{}`: {error}", folder.display());
    io::Error::new(error.kind(), said)
}

#[cfg(test)]
mod tests;
