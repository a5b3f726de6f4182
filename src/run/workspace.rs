//! The folder of a run: fresh, private, and gone afterwards.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{DirBuilder, File, FileType};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _};
use std::path::{Path, PathBuf};

use super::options::Ground;
use super::session;
use rustix::fs::{Mode, OFlags};
use tempfile::TempDir;

use super::beneath::{make_folder, open_beneath};

/// Where control pipes go if it is there: a file system in memory, where making a file costs little.
pub(super) const MEMORY: &str = "/dev/shm";

/// File among the control pipes that names the workspace that is to be removed.
const NOTE: &str = "workspace";

/// Name of the folder in which steps begin.
const WORK: &str = "work";

/// Name of the home folder of the steps.
const HOME: &str = "home";

/// The workspaces of a run.
///
/// One in which a plan left no trace is given to the next. Folders that are made and removed by the thousand
/// cost ext4 more and more: it looks for a number for each that was not in use in the last seconds.
#[derive(Debug)]
pub(super) struct Workspaces {
    temporary: PathBuf,
    run_mark: String,
    keep: bool,
    /// The folders that take the place of a fresh workspace.
    ground: Option<Ground>,
    unused: RefCell<Vec<Workspace>>,
}

impl Workspaces {
    /// Takes the system's folder for temporary files; `keep` leaves the workspaces behind.
    pub(super) fn new(temporary: PathBuf, run_mark: String, keep: bool) -> Self {
        Self { temporary, run_mark, keep, ground: None, unused: RefCell::default() }
    }

    /// Says where plans go on that another process began.
    #[must_use]
    pub(super) fn on(self, ground: Option<Ground>) -> Self {
        Self { ground, ..self }
    }

    /// Returns the folder in which workspaces are made.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Returns a fresh workspace, or the one that another process began with.
    pub(super) fn take(&self) -> io::Result<Workspace> {
        if let Some(ground) = &self.ground {
            return self.lend(ground);
        }
        self.unused.borrow_mut().pop().map_or_else(|| self.create(), Ok)
    }

    /// Returns the workspace on a ground that was there before, and stays.
    fn lend(&self, ground: &Ground) -> io::Result<Workspace> {
        DirBuilder::new().recursive(true).mode(0o755).create(&ground.work)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&ground.home)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&ground.state)?;
        DirBuilder::new().recursive(true).mode(0o755).create(&ground.results)?;
        let (work, home) = (ground.work.canonicalize()?, ground.home.canonicalize()?);
        let made = [Trace::of(&work)?, Trace::of(&work)?, Trace::of(&home)?];
        let control = self.control_folder()?;
        Ok(Workspace { folder: work.clone(), control, work, home, made, keep: true, closed: true })
    }

    fn create(&self) -> io::Result<Workspace> {
        let folder = tempfile::Builder::new().prefix("stagebook-").tempdir_in(&self.temporary)?;
        // Steps print these paths, so links are resolved once, here.
        let root = folder.path().canonicalize()?;
        let (work, home) = (root.join(WORK), root.join(HOME));
        DirBuilder::new().mode(0o755).create(&work)?;
        DirBuilder::new().mode(0o700).create(&home)?;
        let made = [Trace::of(&root)?, Trace::of(&work)?, Trace::of(&home)?];
        let control = self.control(&root)?;
        // From here on a step may mount something in it: it is removed by us, or not at all.
        let _ = folder.keep();
        Ok(Workspace { folder: root, control, work, home, made, keep: self.keep, closed: false })
    }

    /// Makes a folder for control pipes, in memory where there is room for it, with a note for the guard which
    /// workspace is to be removed should this process be killed.
    fn control(&self, workspace: &Path) -> io::Result<TempDir> {
        let control = self.control_folder()?;
        if !self.keep {
            std::fs::write(control.path().join(NOTE), format!("{}\n", workspace.display()))?;
        }
        Ok(control)
    }

    fn control_folder(&self) -> io::Result<TempDir> {
        let prefix = control_prefix(&self.run_mark);
        let make = |parent: &Path| tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        make(Path::new(MEMORY)).or_else(|_| make(&self.temporary))
    }

    /// Takes back a workspace that nothing uses any more; returns the path of what is left of it.
    ///
    /// Only one of which no process is left that could use it (`alone`) is given to another plan.
    pub(super) fn give_back(&self, workspace: Workspace, alone: bool) -> Option<PathBuf> {
        if alone && workspace.is_pristine() && workspace.leave_only_pipes().is_ok() {
            self.unused.borrow_mut().push(workspace);
            return None;
        }
        workspace.close()
    }
}

/// The folders of one plan's run. However it is dropped, nothing is removed that a step has mounted there.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: PathBuf,
    control: TempDir,
    work: PathBuf,
    home: PathBuf,
    /// How the folders were when they were made.
    made: [Trace; 3],
    /// Whether it is left behind.
    keep: bool,
    closed: bool,
}

/// What tells a folder from one that was changed or put into its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trace {
    device: u64,
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    /// How many names are in it.
    entries: usize,
    /// How many bytes the names of its extended attributes have, lists of access rights among them.
    attributes: usize,
}

impl Trace {
    fn of(folder: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = folder.symlink_metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            entries: folder.read_dir()?.count(),
            attributes: rustix::fs::llistxattr(folder, &mut [] as &mut [u8]).unwrap_or_default(),
        })
    }
}

impl Workspace {
    /// Returns whether it is as it was made.
    fn is_pristine(&self) -> bool {
        let mut folders = [&self.folder, &self.work, &self.home].into_iter().zip(&self.made);
        let is_as_made = |(folder, made): (&PathBuf, &Trace)| Trace::of(folder).is_ok_and(|now| now == *made);
        !self.keep && folders.all(is_as_made)
    }

    /// Removes all that a plan left among the control pipes, but for pipes that a first session has anyway.
    fn leave_only_pipes(&self) -> io::Result<()> {
        let session = session::folder(self.control(), 0);
        let is_session = |name: &OsStr| Some(name) == session.file_name();
        remove_all_but(self.control(), |name, kind| name == NOTE || (kind.is_dir() && is_session(name)))?;
        let is_pipe = |name: &OsStr| session::PIPES.iter().any(|pipe| name == *pipe);
        match remove_all_but(&session, |name, kind| kind.is_fifo() && is_pipe(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Returns the folder in which steps begin.
    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// Returns the home folder of the steps.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the folder for control pipes.
    pub(super) fn control(&self) -> &Path {
        self.control.path()
    }

    /// Removes the folders unless they are to be kept; returns the path of what is left.
    ///
    /// What cannot be removed (another user's files, a mount) is left like what is kept.
    fn close(mut self) -> Option<PathBuf> {
        self.dispose().then(|| self.work.clone())
    }

    /// Returns whether something is left.
    fn dispose(&mut self) -> bool {
        !std::mem::replace(&mut self.closed, true) && (self.keep || remove(&self.folder).is_err())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.dispose();
    }
}

/// Removes what is in a folder, but for entries that are to be kept by their names and kinds.
fn remove_all_but(folder: &Path, is_kept: impl Fn(&OsStr, FileType) -> bool) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        match entry.file_type()? {
            kind if is_kept(&entry.file_name(), kind) => {}
            kind if kind.is_dir() => std::fs::remove_dir_all(entry.path())?,
            _ => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it, those folders too whose permissions forbid it.
///
/// # Errors
/// When something stays; nothing is removed while a step has left a mount in the folder that
/// cannot be taken away, because what is mounted there is not ours.
fn remove(folder: &Path) -> io::Result<()> {
    if remove_empty(folder).is_ok() {
        return Ok(());
    }
    unmount_below(folder)?;
    match std::fs::remove_dir_all(folder) {
        // The guard was there before.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(folder);
            std::fs::remove_dir_all(folder)
        }
        result => result,
    }
}

/// Removes a workspace in which nothing was left, which needs no look at what is mounted: that is never empty.
fn remove_empty(folder: &Path) -> io::Result<()> {
    std::fs::remove_dir(folder.join(WORK))?;
    std::fs::remove_dir(folder.join(HOME))?;
    std::fs::remove_dir(folder)
}

/// Returns how the names of a run's folders for control pipes begin.
pub(super) fn control_prefix(run_mark: &str) -> String {
    format!("stagebook-control-{run_mark}-")
}

/// Takes away what steps have mounted below a folder, the last mount first.
fn unmount_below(folder: &Path) -> io::Result<()> {
    let table = std::fs::read("/proc/self/mountinfo")?;
    let lines = table.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4)).map(unescaped);
    let below: Vec<PathBuf> = points.filter(|point| point.starts_with(folder)).collect();
    for point in below.iter().rev() {
        rustix::mount::unmount(point, rustix::mount::UnmountFlags::DETACH)?;
    }
    Ok(())
}

/// Reads a path of proc_pid_mountinfo(5): blanks and backslashes are written in octal.
fn unescaped(field: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .filter(|_| *byte == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*byte));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

fn make_writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// What a file step asks for.
#[derive(Debug)]
pub(super) struct FileRequest<'a> {
    pub(super) path: &'a str,
    pub(super) content: &'a str,
    pub(super) append: bool,
    pub(super) mode: Option<u32>,
}

/// Writes a file below a folder, and never outside of it: not through `..`, not through a link.
pub(super) fn write_file(folder: &Path, request: &FileRequest<'_>) -> io::Result<()> {
    let path = Path::new(request.path);
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let parent = make_folder(folder, path.parent().unwrap_or(Path::new("")))?;
    let kind = if request.append { OFlags::APPEND } else { OFlags::TRUNC };
    // A pipe in the file's place would be waited for, and nothing could stop the run meanwhile.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK | kind;
    let file = open_beneath(&parent, Path::new(name), flags, Mode::from_raw_mode(0o644))?;
    let mut file = File::from(file);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("`{}` is no regular file", request.path)));
    }
    file.write_all(request.content.as_bytes())?;
    if let Some(mode) = request.mode {
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn request<'a>(path: &'a str, content: &'a str) -> FileRequest<'a> {
        FileRequest { path, content, append: false, mode: None }
    }

    #[test]
    fn folders_on_the_way_are_made() {
        let folder = tempfile::tempdir().unwrap();
        write_file(folder.path(), &request("a/b/c.txt", "hi\n")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("a/b/c.txt")).unwrap(), "hi\n");
    }

    #[test]
    fn append_and_mode_are_honoured() {
        let folder = tempfile::tempdir().unwrap();
        write_file(folder.path(), &request("run", "one\n")).unwrap();
        let more = FileRequest { append: true, mode: Some(0o755), ..request("run", "two\n") };
        write_file(folder.path(), &more).unwrap();
        let path = folder.path().join("run");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn mount_points_are_read_with_their_blanks() {
        assert_eq!(unescaped(br"/tmp/a\040b\134c"), Path::new(r"/tmp/a b\c"));
        assert_eq!(unescaped(br"/a\"), Path::new(r"/a\"));
    }

    #[test]
    fn workspace_is_left_only_where_it_is_to_be_kept() {
        let temporary = tempfile::tempdir().unwrap();
        let create =
            |keep| Workspaces::new(temporary.path().to_path_buf(), "1-1".to_owned(), keep).take().unwrap();
        assert_eq!(create(false).close(), None);
        drop(create(false));
        assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
        let kept = create(true).close().unwrap();
        assert!(kept.is_dir());
        drop(create(true));
        assert_eq!(temporary.path().read_dir().unwrap().count(), 2, "also where a run was given up");
    }

    #[test]
    fn workspace_without_a_trace_is_used_again() {
        let temporary = tempfile::tempdir().unwrap();
        let workspaces = Workspaces::new(temporary.path().to_path_buf(), "1-1".to_owned(), false);
        let first = workspaces.take().unwrap();
        let (work, control) = (first.work().to_path_buf(), first.control().to_path_buf());
        assert_eq!(workspaces.give_back(first, true), None);
        let second = workspaces.take().unwrap();
        assert_eq!(second.work(), work);
        assert_eq!(second.control(), control);
        assert_eq!(
            std::fs::read_to_string(second.control().join(NOTE)).unwrap().trim_end(),
            work.parent().unwrap().to_str().unwrap()
        );
        workspaces.give_back(second, false);
        assert!(!work.exists(), "something may still use it");
        drop(workspaces);
        assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn control_pipes_are_all_that_the_next_plan_finds() {
        let temporary = tempfile::tempdir().unwrap();
        let workspaces = Workspaces::new(temporary.path().to_path_buf(), "1-1".to_owned(), false);
        let first = workspaces.take().unwrap();
        let session = session::folder(first.control(), 0);
        std::fs::create_dir(&session).unwrap();
        session::PIPES.into_iter().for_each(|pipe| crate::run::pipe::make_fifo(&session.join(pipe)).unwrap());
        for file in ["text", "state", "late.traps", "refused", "before1", "end2"] {
            std::fs::write(session.join(file), "of the plan before").unwrap();
        }
        std::fs::create_dir_all(session::folder(first.control(), 1)).unwrap();
        std::fs::create_dir_all(first.control().join("results")).unwrap();
        std::fs::write(first.control().join("program-1"), "").unwrap();
        workspaces.give_back(first, true);
        let second = workspaces.take().unwrap();
        let names = |folder: &Path| {
            let names =
                folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(second.control()), [NOTE, "session-0"].map(str::to_owned).into());
        assert_eq!(names(&session), session::PIPES.map(str::to_owned).into());
    }

    #[test]
    fn workspace_with_a_trace_is_used_by_nobody_else() {
        let temporary = tempfile::tempdir().unwrap();
        let workspaces = Workspaces::new(temporary.path().to_path_buf(), "1-1".to_owned(), false);
        let changes: [fn(&Workspace); 5] = [
            |workspace| std::fs::write(workspace.work().join("x"), "").unwrap(),
            |workspace| std::fs::write(workspace.home().join(".x"), "").unwrap(),
            |workspace| std::fs::write(workspace.work().with_file_name("x"), "").unwrap(),
            |workspace| {
                std::fs::set_permissions(workspace.work(), std::fs::Permissions::from_mode(0o777)).unwrap()
            },
            |workspace| {
                std::fs::create_dir(workspace.work().with_file_name("new")).unwrap();
                std::fs::rename(workspace.work().with_file_name("new"), workspace.work()).unwrap();
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let workspace = workspaces.take().unwrap();
            let work = workspace.work().to_path_buf();
            change(&workspace);
            assert_eq!(workspaces.give_back(workspace, true), None);
            assert!(!work.exists(), "change {number}");
        }
    }

    #[test]
    fn what_is_mounted_in_a_workspace_is_not_removed_with_it() {
        let (temporary, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("precious"), "safe").unwrap();
        let workspaces = Workspaces::new(temporary.path().to_path_buf(), "1-1".to_owned(), false);
        let workspace = workspaces.take().unwrap();
        let point = workspace.work().join("mounted here");
        std::fs::create_dir(&point).unwrap();
        if let Err(error) = rustix::mount::mount_bind(outside.path(), &point) {
            let note = format!("skipped: nothing can be mounted here: {error}\n");
            // Past the test harness, which hides what a passing test prints.
            let _ = std::io::stderr().write_all(note.as_bytes());
            return;
        }
        assert!(point.join("precious").exists());
        assert_eq!(workspace.close(), None);
        assert_eq!(std::fs::read_to_string(outside.path().join("precious")).unwrap(), "safe");
    }

    #[test]
    fn pipe_in_the_place_of_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        crate::run::pipe::make_fifo(&folder.path().join("p")).unwrap();
        assert!(write_file(folder.path(), &request("p", "x")).is_err());
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let victim = outside.path().join("victim");
        std::fs::write(&victim, "safe").unwrap();
        symlink(outside.path(), folder.path().join("link")).unwrap();
        symlink(&victim, folder.path().join("file-link")).unwrap();
        for path in ["../x", "a/../../x", "link/victim", "file-link"] {
            let result = write_file(folder.path(), &request(path, "gone"));
            assert!(result.is_err(), "{path}");
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
        assert!(!folder.path().parent().unwrap().join("x").exists());
    }
}
