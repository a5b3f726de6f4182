//! The folder that a site is written into.
//!
//! A list of the files that were written lies in it. Only a folder with that list, or an empty
//! one, is written into, and only files on the list are ever removed. A file that is the same
//! as before is left alone, so that whoever copies the site copies what changed.
//!
//! Files are written one by one while the site is made, and the name of a file is on the list before
//! the file is there; many names are written at once where they are known. A site that is not finished
//! has lost nothing of the one before it, and the next build knows what is its own.
//!
//! Programs that write into one folder do so one after the other: each would take the other's files for
//! what is left of an earlier site.

use std::cmp::Ordering as Order;
use std::fs::{File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use foldhash::HashSet;
use fs_err as fs;

use super::error::BookError;

/// Name of the list.
pub(super) const LIST: &str = ".stagebook-site";

/// Returns whether a folder is a site that was written by this program.
pub fn is_site(folder: &Path) -> bool {
    folder.join(LIST).is_file()
}

/// What a file is called until it is whole.
const UNFINISHED: &str = ".unfinished";

/// How long another program that writes into the folder is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often is looked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// What was done to the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files of the site.
    pub files: usize,
    /// Files that are new or differ from before.
    pub changed: usize,
    /// Files of an earlier site that this one does not have.
    pub removed: usize,
}

/// Writes a site, from any number of threads.
#[derive(Debug)]
pub struct SiteWriter {
    folder: PathBuf,
    turn: Turn,
    /// The files of the site that was there.
    before: HashSet<PathBuf>,
    /// Set by another thread when the site is not wanted any more.
    stop: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    names: HashSet<PathBuf>,
    /// Names on the list whose files are still to come.
    announced: HashSet<PathBuf>,
    /// Folders that are there for certain.
    folders: HashSet<PathBuf>,
    /// The list, to which names are added.
    list: Option<fs::File>,
    /// Files that are new or differ from before.
    changed: Vec<PathBuf>,
    /// Names that were asked for a second time.
    taken: Vec<PathBuf>,
}

impl SiteWriter {
    /// Opens a folder, as soon as nobody else writes into it.
    ///
    /// # Errors
    /// When there is something in it that this program did not write, or another one does not end.
    pub fn open(folder: &Path) -> Result<Self, BookError> {
        Self::open_until(folder, &Arc::default())
    }

    /// Opens a folder like `open`; waiting and writing stop, with an error, as soon as `stop` is set.
    pub(super) fn open_until(folder: &Path, stop: &Arc<AtomicBool>) -> Result<Self, BookError> {
        let turn = Turn::take(folder, stop, LONGEST_WAIT)?;
        let before = earlier(folder)?;
        let (folder, stop) = (folder.to_path_buf(), Arc::clone(stop));
        Ok(Self { folder, turn, before, stop, state: Mutex::default() })
    }

    /// Looks whether a folder may be written into, and does not touch it.
    ///
    /// # Errors
    /// When there is something in it that this program did not write.
    pub(super) fn check(folder: &Path) -> Result<(), BookError> {
        earlier(folder).map(drop)
    }

    /// Adds names to the list at once, whose files are written after that.
    pub(super) fn announce(&self, paths: impl IntoIterator<Item = PathBuf>) -> Result<(), BookError> {
        let new = paths.into_iter().filter(|path| is_inside(path) && !self.before.contains(path));
        let new: Vec<PathBuf> = new.collect();
        if new.is_empty() {
            return Ok(());
        }
        make_folder(&self.folder)?;
        new.iter().try_for_each(|path| self.is_free(path))?;
        let mut state = self.state();
        self.note(&listed(&new), &mut state)?;
        state.announced.extend(new);
        Ok(())
    }

    /// Looks whether somebody's file has the name of a new one: on the list it would be lost.
    fn is_free(&self, path: &Path) -> Result<(), BookError> {
        let file = self.folder.join(path);
        // A folder without a site was empty.
        match !self.before.is_empty() && file.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            true => Err(BookError::InTheWay { path: file }),
            false => Ok(()),
        }
    }

    /// Writes a file, by its path relative to the folder. One that has the name of another of this site is left out.
    pub fn put(&self, path: &Path, content: &[u8]) -> Result<(), BookError> {
        if !self.enter(path)? {
            return Ok(());
        }
        let file = self.folder.join(path);
        let changed = match self.before.contains(path) {
            true => replace(&file, content)?,
            false => fs::write(&file, content).map(|()| true).map_err(|source| failed(&file, source))?,
        };
        if changed {
            self.state().changed.push(path.to_path_buf());
        }
        Ok(())
    }

    /// Returns a file of the site that was there, as text.
    pub(super) fn text_before(&self, path: &Path) -> Option<String> {
        self.before.contains(path).then(|| fs::read_to_string(self.folder.join(path)).ok()).flatten()
    }

    /// Begins a file that is written piece by piece; `None` where its name is taken.
    pub(super) fn begin(&self, path: &Path) -> Result<Option<Growing<'_>>, BookError> {
        if !self.enter(path)? {
            return Ok(None);
        }
        let file = self.folder.join(path);
        let unfinished = unfinished(&file);
        self.note(&listed(&[self::unfinished(path)]), &mut self.state())?;
        let writer = fs::File::create(&unfinished).map_err(|source| failed(&file, source))?;
        Ok(Some(Growing {
            site: self,
            file,
            unfinished,
            writer: BufWriter::with_capacity(64 * 1024, writer),
        }))
    }

    /// Returns the files that were written because they are new, or differ from before.
    pub(super) fn changed(&self) -> Vec<PathBuf> {
        sorted(self.state().changed.iter().cloned())
    }

    /// Returns pages of the earlier site that this one does not have.
    pub(super) fn gone(&self) -> Vec<PathBuf> {
        let state = self.state();
        let gone = self.before.difference(&state.names);
        sorted(gone.filter(|path| path.extension().is_some_and(|extension| extension == "html")).cloned())
    }

    /// Returns whether a file of this name is in the site.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.state().names.contains(path)
    }

    /// Returns names that were asked for more than once, of which only the first was written.
    pub(super) fn taken(&self) -> Vec<PathBuf> {
        self.state().taken.clone()
    }

    /// Ends the site: removes what an earlier one had and this one does not.
    pub fn finish(self) -> Result<Written, BookError> {
        let state = self.state.into_inner().expect("no thread panics with the lock");
        let mut removed = 0;
        for gone in sorted(self.before.difference(&state.names)) {
            removed += usize::from(fs::remove_file(self.folder.join(gone)).is_ok());
            remove_empty_folders(&self.folder, gone);
        }
        let list = listed(&sorted(&state.names));
        drop(state.list);
        make_folder(&self.folder)?;
        replace(&self.folder.join(LIST), list.as_bytes())?;
        // Only now may others begin.
        drop(self.turn);
        Ok(Written { files: state.names.len(), changed: state.changed.len(), removed })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }

    /// Takes a name and makes its folder; returns whether it was free.
    fn enter(&self, path: &Path) -> Result<bool, BookError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(BookError::Stopped);
        }
        if !is_inside(path) {
            return Err(BookError::Outside { path: path.to_path_buf() });
        }
        let name = path.to_path_buf();
        let is_new = !self.before.contains(path);
        let mut state = self.state();
        if !state.names.insert(name.clone()) {
            state.taken.push(name);
            return Ok(false);
        }
        // Without a list, a folder in it would be somebody's.
        if is_new && !state.announced.contains(path) {
            self.is_free(path)?;
            self.note(&listed(&[path]), &mut state)?;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        if !state.folders.contains(folder) {
            make_folder(&self.folder.join(folder))?;
            state.folders.insert(folder.to_path_buf());
        }
        Ok(true)
    }

    /// Adds lines to the list before anything of their names is there.
    fn note(&self, lines: &str, state: &mut State) -> Result<(), BookError> {
        let list = self.folder.join(LIST);
        if state.list.is_none() {
            let file = fs::OpenOptions::new().create(true).append(true).open(&list);
            state.list = Some(file.map_err(|source| failed(&list, source))?);
        }
        let file = state.list.as_mut().expect("it was opened above");
        file.write_all(lines.as_bytes()).map_err(|source| failed(&list, source))
    }
}

/// The right to write into a folder, which one program has at a time.
///
/// The folder itself is locked, so that nothing more lies in it; the system drops the lock with the process.
#[derive(Debug)]
struct Turn {
    folder: PathBuf,
    _lock: File,
}

impl Turn {
    /// Waits until nobody else has it; makes the folder.
    fn take(folder: &Path, stop: &AtomicBool, longest: Duration) -> Result<Self, BookError> {
        let began = Instant::now();
        loop {
            make_folder(folder)?;
            // Whoever had it may have removed the folder.
            let lock = match File::open(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                lock => lock.map_err(|source| failed(folder, source))?,
            };
            match lock.try_lock() {
                Ok(()) if !is_at(&lock, folder) => {}
                // Some file systems have no locks.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    return Ok(Self { folder: folder.to_path_buf(), _lock: lock });
                }
                Err(TryLockError::WouldBlock) if stop.load(Ordering::Relaxed) => {
                    return Err(BookError::Stopped);
                }
                Err(TryLockError::WouldBlock) if began.elapsed() > longest => {
                    return Err(BookError::Busy { path: folder.to_path_buf() });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(GLANCE),
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A folder into which nothing was written was made in vain.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// Returns whether an open folder is the one that has this path.
fn is_at(open: &File, path: &Path) -> bool {
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let there = std::fs::metadata(path).ok().map(identity);
    there.is_some() && open.metadata().ok().map(identity) == there
}

/// A file that is written piece by piece.
#[derive(Debug)]
pub(super) struct Growing<'a> {
    site: &'a SiteWriter,
    file: PathBuf,
    unfinished: PathBuf,
    writer: BufWriter<fs::File>,
}

impl Growing<'_> {
    /// Adds a piece.
    pub(super) fn add(&mut self, piece: &str) -> Result<(), BookError> {
        self.writer.write_all(piece.as_bytes()).map_err(|source| failed(&self.file, source))
    }

    /// Ends the file, which takes the place of the one before it if it differs.
    pub(super) fn finish(mut self) -> Result<(), BookError> {
        let failed = |source| failed(&self.file, source);
        self.writer.flush().map_err(failed)?;
        if are_same(&self.unfinished, &self.file) {
            return fs::remove_file(&self.unfinished).map_err(failed);
        }
        fs::rename(&self.unfinished, &self.file).map_err(failed)?;
        let path = self.file.strip_prefix(&self.site.folder).unwrap_or(&self.file);
        self.site.state().changed.push(path.to_path_buf());
        Ok(())
    }
}

/// Returns names in their order, which sets do not keep: they are asked for often, and seen once.
fn sorted<T: AsRef<Path>>(names: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut names: Vec<T> = names.into_iter().collect();
    names.sort_unstable_by(|one, other| by_parts(one.as_ref(), other.as_ref()));
    names
}

/// Compares names as paths are compared, part by part, without taking them apart: what divides the parts comes
/// before every letter.
fn by_parts(one: &Path, other: &Path) -> Order {
    let (one, other) = (one.as_os_str().as_encoded_bytes(), other.as_os_str().as_encoded_bytes());
    let shared = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let rank = |letters: &[u8]| letters.get(shared).map(|letter| (*letter != b'/', *letter));
    rank(one).cmp(&rank(other))
}

/// Returns names as lines of the list.
fn listed<T: AsRef<Path>>(names: &[T]) -> String {
    let mut lines = String::new();
    for name in names {
        lines.push_str(&name.as_ref().to_string_lossy());
        lines.push('\n');
    }
    lines
}

fn failed(path: &Path, source: io::Error) -> BookError {
    BookError::Write { path: path.to_path_buf(), source }
}

fn make_folder(folder: &Path) -> Result<(), BookError> {
    fs::create_dir_all(folder).map_err(|source| failed(folder, source))
}

/// Returns the files of the site that is there; an error if something else is.
fn earlier(folder: &Path) -> Result<HashSet<PathBuf>, BookError> {
    match fs::read_to_string(folder.join(LIST)) {
        Ok(list) => Ok(list.lines().map(PathBuf::from).filter(|path| is_inside(path)).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashSet::default()),
                entries => {
                    entries.map_err(|source| BookError::Read { path: folder.to_path_buf(), source })?
                }
            };
            match entries.count() {
                0 => Ok(HashSet::default()),
                _ => Err(BookError::NotOurs { path: folder.to_path_buf() }),
            }
        }
        Err(source) => Err(BookError::Read { path: folder.join(LIST), source }),
    }
}

/// Returns whether a name of the list, or of a new file, is one of a file below the folder.
fn is_inside(path: &Path) -> bool {
    let mut parts = path.components();
    !path.as_os_str().is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// Writes a file unless it is there already; returns whether it was written.
///
/// The file that was there is whole until the new one is: a reader sees one or the other.
fn replace(path: &Path, content: &[u8]) -> Result<bool, BookError> {
    if std::fs::read(path).is_ok_and(|before| before == content) {
        return Ok(false);
    }
    let unfinished = unfinished(path);
    let written = fs::write(&unfinished, content).and_then(|()| fs::rename(&unfinished, path));
    written.map(|()| true).map_err(|source| {
        let _ = std::fs::remove_file(&unfinished);
        failed(path, source)
    })
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Returns whether two files can be read and have the same bytes.
fn are_same(one: &Path, other: &Path) -> bool {
    let size = |path| std::fs::metadata(path).map(|metadata| metadata.len()).ok();
    if size(one) != size(other) {
        return false;
    }
    let open = |path| std::fs::File::open(path).map(BufReader::new);
    let (Ok(mut one), Ok(mut other)) = (open(one), open(other)) else { return false };
    let (mut here, mut there) = ([0; 8192], [0; 8192]);
    loop {
        let Ok(count) = one.read(&mut here) else { return false };
        if other.read_exact(&mut there[..count]).is_err() || here[..count] != there[..count] {
            return false;
        }
        if count == 0 {
            return true;
        }
    }
}

fn remove_empty_folders(root: &Path, file: &Path) {
    let folders = file.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    for folder in folders {
        // A folder that holds something else stays, and so do those around it.
        if std::fs::remove_dir(root.join(folder)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_site(folder: &Path, files: &[(&str, &str)]) -> Result<Written, BookError> {
        let writer = SiteWriter::open(folder)?;
        for (path, content) in files {
            writer.put(Path::new(path), content.as_bytes())?;
        }
        writer.finish()
    }

    #[test]
    fn what_is_not_ours_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "x").unwrap();
        let error = write_site(folder.path(), &[("a.html", "a")]).unwrap_err();
        assert!(matches!(error, BookError::NotOurs { .. }), "{error}");
        assert!(!folder.path().join("a.html").exists());

        let site = folder.path().join("site");
        write_site(&site, &[("a.html", "a"), ("b/c.html", "c"), ("b/d.html", "d")]).unwrap();
        fs::write(site.join("b/own"), "x").unwrap();
        let written = write_site(&site, &[("a.html", "a")]).unwrap();
        assert_eq!(written, Written { files: 1, changed: 0, removed: 2 });
        assert!(site.join("b/own").exists() && !site.join("b/c.html").exists());

        for _ in 0..2 {
            let error = write_site(&site, &[("a.html", "a"), ("b/own", "ours")]).unwrap_err();
            assert!(matches!(error, BookError::InTheWay { .. }), "{error}");
            assert_eq!(fs::read_to_string(site.join("b/own")).unwrap(), "x");
        }
    }

    #[test]
    fn nothing_is_written_beside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        for name in ["../a.css", "/a.css", "b/../../a.css", ""] {
            let error = write_site(&site, &[(name, "a")]).unwrap_err();
            assert!(matches!(error, BookError::Outside { .. }), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_that_are_the_same_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        write_site(folder.path(), &[("a", "a"), ("b", "b")]).unwrap();
        let before = fs::metadata(folder.path().join("a")).unwrap().modified().unwrap();
        assert_eq!(
            write_site(folder.path(), &[("a", "a"), ("b", "b!")]).unwrap(),
            Written { files: 2, changed: 1, removed: 0 }
        );
        assert_eq!(fs::metadata(folder.path().join("a")).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn pieces_become_a_file_that_is_replaced_when_it_differs() {
        let folder = tempfile::tempdir().unwrap();
        let write = |pieces: [&str; 2]| {
            let site = SiteWriter::open(folder.path()).unwrap();
            let mut file = site.begin(Path::new("deep/a")).unwrap().unwrap();
            assert!(site.begin(Path::new("deep/a")).unwrap().is_none());
            for piece in pieces {
                file.add(piece).unwrap();
            }
            file.finish().unwrap();
            let taken = site.taken().len();
            (site.finish().unwrap().changed, taken)
        };
        assert_eq!([write(["a", "b"]), write(["", "ab"]), write(["a", "c"])], [(1, 1), (0, 1), (1, 1)]);
        assert_eq!(fs::read_to_string(folder.path().join("deep/a")).unwrap(), "ac");
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn site_that_was_not_finished_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path();
        write_site(site, &[("a", "a"), ("old", "old")]).unwrap();
        let stopped = SiteWriter::open(site).unwrap();
        stopped.put(Path::new("new"), b"new").unwrap();
        stopped.begin(Path::new("half")).unwrap().unwrap().add("x").unwrap();
        drop(stopped);
        assert!(site.join("old").exists() && site.join("new").exists());
        let written = write_site(site, &[("a", "a")]).unwrap();
        assert_eq!((written.removed, fs::read_dir(site).unwrap().count()), (3, 2));
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let site = &folder.path().join("site");
        let titles = ["one", "two", "three", "four"];
        std::thread::scope(|threads| {
            let write = |title: &'static str| {
                let pages: Vec<String> = (0..40).map(|number| format!("{number}.html")).collect();
                let own = format!("{title}.html");
                let names = pages.iter().chain([&own]);
                let files: Vec<(&str, &str)> = names.map(|name| (name.as_str(), title)).collect();
                for _ in 0..5 {
                    write_site(site, &files).unwrap();
                }
            };
            for title in titles {
                threads.spawn(move || write(title));
            }
        });
        let last = fs::read_to_string(site.join("0.html")).unwrap();
        let is_whole = |number| fs::read_to_string(site.join(format!("{number}.html"))).unwrap() == last;
        assert!((0..40).all(is_whole), "all files are of one site");
        assert!(site.join(format!("{last}.html")).exists());
        assert_eq!(fs::read_dir(site).unwrap().count(), 42, "nothing of another site is left");
    }

    #[test]
    fn writer_that_does_not_end_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        let other = SiteWriter::open(&site).unwrap();
        let take = |stop| Turn::take(&site, &AtomicBool::new(stop), Duration::ZERO).unwrap_err();
        assert!(matches!(take(false), BookError::Busy { .. }));
        assert!(matches!(take(true), BookError::Stopped));
        drop(other);
        assert!(!site.exists(), "nothing was written into it");
        write_site(&site, &[("a", "a")]).unwrap();
    }

    #[test]
    fn names_are_on_the_list_before_their_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let stopped = SiteWriter::open(&site).unwrap();
        stopped.announce(paths(&["b/c", "../a", "a-b", "a/b"])).unwrap();
        assert_eq!(fs::read_to_string(site.join(LIST)).unwrap(), "b/c\na-b\na/b\n");
        stopped.put(Path::new("a/b"), b"b").unwrap();
        stopped.put(Path::new("other"), b"o").unwrap();
        assert_eq!(fs::read_to_string(site.join(LIST)).unwrap(), "b/c\na-b\na/b\nother\n");
        drop(stopped);
        let written = write_site(&site, &[("b/c", "c"), ("other", "o")]).unwrap();
        assert_eq!(written, Written { files: 2, changed: 1, removed: 1 });
    }

    #[test]
    fn names_stand_in_the_order_of_paths() {
        let names = ["a", "a/b", "a/b/c", "a-b", "a.b/c", "b", "ä/b"].map(PathBuf::from);
        assert_eq!(sorted(names.iter().rev()), names.iter().collect::<Vec<_>>());
        assert!(names.is_sorted());
    }

    #[test]
    fn list_that_someone_changed_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::write(&outside, "x").unwrap();
        let site = folder.path().join("site");
        write_site(&site, &[("a", "a")]).unwrap();
        fs::write(site.join(LIST), "a\n../outside\n/etc/hostname\n").unwrap();
        write_site(&site, &[("a", "a")]).unwrap();
        assert!(outside.exists());
    }
}
