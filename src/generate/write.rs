//! Files are written into the repository, each in one piece.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::compare::{Difference, State};
use super::error::GenerateError;
use crate::run::beneath::{make_folder, open_beneath, open_folder};

/// The permissions of a file that was not there.
const USUAL: u32 = 0o644;

/// Writes a file below a folder. One that is there keeps its permissions unless the page says others.
pub fn write(root: &Path, difference: &Difference<'_>) -> Result<(), GenerateError> {
    let file = difference.file;
    let there = match difference.state {
        State::UpToDate => return Ok(()),
        State::OutOfDate { mode, .. } => mode,
        State::Missing => USUAL,
    };
    let written = replace(root, Path::new(&file.path), file.content, file.mode.unwrap_or(there));
    written.map_err(|source| GenerateError::Write { path: file.path.clone(), source })
}

fn replace(root: &Path, path: &Path, content: &str, mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let folder = make_folder(root, path.parent().unwrap_or(Path::new("")))?;
    let temporary = format!(".stagebook-{}-{}", std::process::id(), name.to_string_lossy());
    let written = fill(&folder, Path::new(&temporary), content, mode)
        .and_then(|()| Ok(rustix::fs::renameat(&folder, &*temporary, &folder, name)?));
    if written.is_err() {
        // It is in nobody's way, and the error is what matters.
        let _ = rustix::fs::unlinkat(&folder, &*temporary, AtFlags::empty());
    }
    written
}

fn fill(folder: &OwnedFd, name: &Path, content: &str, mode: u32) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(open_beneath(folder, name, flags, Mode::from_raw_mode(0o600))?);
    file.write_all(content.as_bytes())?;
    Ok(rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?)
}

/// Removes a file below a folder, and the folders above it that it leaves empty.
pub fn prune(root: &Path, path: &str) -> Result<(), GenerateError> {
    let remove = || {
        let path = Path::new(path);
        let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
        let Some(folder) = open_folder(root, path.parent().unwrap_or(Path::new("")))? else { return Ok(()) };
        rustix::fs::unlinkat(&folder, name, AtFlags::empty())?;
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        // The first that holds something ends it.
        let _ = folders.map(|folder| std::fs::remove_dir(root.join(folder))).find(Result::is_err);
        Ok(())
    };
    remove().map_err(|source| GenerateError::Remove { path: path.to_owned(), source })
}
