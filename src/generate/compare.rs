//! Files as the page wants them beside files as the repository has them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::error::GenerateError;
use super::file::GeneratedFile;
use super::files::Generated;
use crate::diagnostic::Place;
use crate::run::beneath::{open_beneath, open_folder};

/// How a file of the repository differs from what the page wants.
#[derive(Debug)]
pub struct Difference<'a> {
    /// The file.
    pub file: &'a GeneratedFile<'a>,
    /// What the repository has.
    pub state: State,
}

/// What the repository has in the place of a generated file.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// The same file.
    UpToDate,
    /// Another text, or other permissions.
    OutOfDate {
        /// The text; bytes that are no text are shown as such.
        text: String,
        /// The permissions of the file.
        mode: u32,
    },
    /// Nothing.
    Missing,
}

/// A file of the repository that a page owns and that nothing writes any more.
#[derive(Debug)]
pub struct Stale {
    /// Path relative to the project's root.
    pub path: String,
    /// What the file holds.
    pub text: String,
    /// Where the page says that it owns such files.
    pub owner: Place,
}

/// A whole repository beside its pages.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Each generated file, in the order of the paths.
    pub files: Vec<Difference<'a>>,
    /// What is no longer produced.
    pub stale: Vec<Stale>,
}

impl Comparison<'_> {
    /// Returns whether nothing is to be done.
    pub fn is_up_to_date(&self) -> bool {
        self.stale.is_empty() && self.files.iter().all(|file| file.state == State::UpToDate)
    }
}

/// Compares what is generated with what lies below a folder.
pub fn compare<'a>(root: &Path, generated: &'a Generated<'a>) -> Result<Comparison<'a>, GenerateError> {
    let mut files = Vec::with_capacity(generated.files.len());
    for file in &generated.files {
        let state = state(root, file);
        let state = state.map_err(|source| GenerateError::Read { path: file.path.clone(), source })?;
        files.push(Difference { file, state });
    }
    Ok(Comparison { files, stale: stale(root, generated) })
}

fn state(root: &Path, file: &GeneratedFile<'_>) -> io::Result<State> {
    let Some((bytes, mode)) = read(root, &file.path)? else { return Ok(State::Missing) };
    // Of permissions git keeps only whether a file can be run.
    let runs = |mode: u32| mode & 0o100 != 0;
    let same_mode = file.mode.is_none_or(|wanted| runs(wanted) == runs(mode));
    if same_mode && bytes == file.content.as_bytes() {
        return Ok(State::UpToDate);
    }
    Ok(State::OutOfDate { text: String::from_utf8_lossy(&bytes).into_owned(), mode })
}

/// Returns the bytes and permissions of a file; `None` where nothing is in its place.
fn read(root: &Path, path: &str) -> io::Result<Option<(Vec<u8>, u32)>> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = Path::new(path);
    let (Some(name), parent) = (path.file_name(), path.parent().unwrap_or(Path::new(""))) else {
        return Ok(None);
    };
    let Some(folder) = open_folder(root, parent)? else { return Ok(None) };
    // A pipe in the file's place would be waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut file = match open_beneath(&folder, Path::new(name), flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("something else than a file is in its place"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some((bytes, metadata.permissions().mode() & 0o7777)))
}

/// Returns the files that pages own and that none of them writes.
fn stale(root: &Path, generated: &Generated<'_>) -> Vec<Stale> {
    let mut written: BTreeSet<String> = generated.files.iter().map(|file| file.path.clone()).collect();
    let mut stale = Vec::new();
    for (pattern, owner) in &generated.patterns {
        for path in pattern.files_below(root) {
            if written.insert(path.clone()) {
                let bytes = std::fs::read(root.join(&path)).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                stale.push(Stale { path, text, owner: owner.clone() });
            }
        }
    }
    stale.sort_by(|one, other| one.path.cmp(&other.path));
    stale
}
