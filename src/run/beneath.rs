//! Files below a folder, and never outside of it: not through `..`, not through a link.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC);

/// Opens a folder below another, making what is missing on the way.
pub(crate) fn make_folder(folder: &Path, path: &Path) -> io::Result<OwnedFd> {
    let mut current = rustix::fs::open(folder, FOLDER, Mode::empty())?;
    for name in names(path) {
        let name = name?;
        match rustix::fs::mkdirat(&current, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        current = open_beneath(&current, name, FOLDER, Mode::empty())?;
    }
    Ok(current)
}

/// Opens a folder below another; `None` where it is not there.
pub(crate) fn open_folder(folder: &Path, path: &Path) -> io::Result<Option<OwnedFd>> {
    let mut current = rustix::fs::open(folder, FOLDER, Mode::empty())?;
    for name in names(path) {
        current = match open_beneath(&current, name?, FOLDER, Mode::empty()) {
            Ok(next) => next,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    Ok(Some(current))
}

fn names(path: &Path) -> impl Iterator<Item = io::Result<&Path>> {
    path.components().filter(|component| *component != Component::CurDir).map(|component| match component {
        Component::Normal(name) => Ok(Path::new(name)),
        _ => Err(io::Error::other("the path leaves the folder")),
    })
}

/// Opens a name in a folder; a link in the name's place is refused.
pub(crate) fn open_beneath(folder: impl AsFd, name: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    let result = open_without_links(folder.as_fd(), name, flags, mode);
    result.map_err(|error| match error {
        Errno::LOOP | Errno::XDEV => {
            io::Error::other(format!("`{}` is a link, which could lead out of the folder", name.display()))
        }
        error => error.into(),
    })
}

fn open_without_links(
    folder: BorrowedFd<'_>,
    name: &Path,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::openat2(folder, name, flags, mode, ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS) {
        // Old kernels and some sandboxes do not have it; one component needs no more than O_NOFOLLOW.
        Err(Errno::NOSYS | Errno::PERM) => {}
        result => return result,
    }
    rustix::fs::openat(folder, name, flags | OFlags::NOFOLLOW, mode)
}
