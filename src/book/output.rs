//! The folder that a site is written into.
//!
//! A list of the files that were written lies in it. Only a folder with that list, or an empty
//! one, is written into, and only files on the list are ever removed. A file that is the same
//! as before is left alone, so that whoever copies the site copies what changed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::BookError;

/// Name of the list.
pub(super) const LIST: &str = ".stagebook-site";

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

/// Writes a site. Paths are relative to the folder, and each stands once.
pub fn write_site(folder: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<Written, BookError> {
    let before = earlier(folder)?;
    let mut written = Written { files: files.len(), ..Written::default() };
    // The list comes first: whatever happens now, what is there is known to be ours.
    let names: BTreeSet<&Path> = files.iter().map(|(path, _)| path.as_path()).collect();
    let known: BTreeSet<&Path> = before.iter().map(PathBuf::as_path).chain(names.iter().copied()).collect();
    write_list(folder, &known)?;
    for (path, content) in files {
        written.changed += usize::from(replace(&folder.join(path), content)?);
    }
    for gone in before.iter().filter(|path| !names.contains(path.as_path())) {
        written.removed += usize::from(fs::remove_file(folder.join(gone)).is_ok());
        remove_empty_folders(folder, gone);
    }
    write_list(folder, &names)?;
    Ok(written)
}

/// Returns the files of the site that is there; an error if something else is.
fn earlier(folder: &Path) -> Result<Vec<PathBuf>, BookError> {
    match fs::read_to_string(folder.join(LIST)) {
        Ok(list) => Ok(list.lines().filter(|line| is_inside(line)).map(PathBuf::from).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => {
                    entries.map_err(|source| BookError::Read { path: folder.to_path_buf(), source })?
                }
            };
            match entries.count() {
                0 => Ok(Vec::new()),
                _ => Err(BookError::NotOurs { path: folder.to_path_buf() }),
            }
        }
        Err(source) => Err(BookError::Read { path: folder.join(LIST), source }),
    }
}

/// Returns whether a line of the list names a file below the folder.
fn is_inside(line: &str) -> bool {
    let mut parts = Path::new(line).components();
    !line.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn write_list(folder: &Path, names: &BTreeSet<&Path>) -> Result<(), BookError> {
    let list: String = names.iter().map(|name| format!("{}\n", name.display())).collect();
    replace(&folder.join(LIST), list.as_bytes()).map(|_| ())
}

/// Writes a file unless it is there already; returns whether it was written.
fn replace(path: &Path, content: &[u8]) -> Result<bool, BookError> {
    if std::fs::read(path).is_ok_and(|before| before == content) {
        return Ok(false);
    }
    let failed = |source| BookError::Write { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)?;
    Ok(true)
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

    fn files(names: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
        names.iter().map(|name| (PathBuf::from(name), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_is_not_ours_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "x").unwrap();
        let error = write_site(folder.path(), &files(&["a.html"])).unwrap_err();
        assert!(matches!(error, BookError::NotOurs { .. }), "{error}");
        assert!(!folder.path().join("a.html").exists());

        let site = folder.path().join("site");
        write_site(&site, &files(&["a.html", "b/c.html", "b/d.html"])).unwrap();
        fs::write(site.join("b/own"), "x").unwrap();
        let written = write_site(&site, &files(&["a.html"])).unwrap();
        assert_eq!(written, Written { files: 1, changed: 0, removed: 2 });
        assert!(site.join("b/own").exists() && !site.join("b/c.html").exists());
    }

    #[test]
    fn files_that_are_the_same_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        write_site(folder.path(), &files(&["a", "b"])).unwrap();
        let before = fs::metadata(folder.path().join("a")).unwrap().modified().unwrap();
        let mut changed = files(&["a", "b"]);
        changed[1].1.push(b'!');
        assert_eq!(
            write_site(folder.path(), &changed).unwrap(),
            Written { files: 2, changed: 1, removed: 0 }
        );
        assert_eq!(fs::metadata(folder.path().join("a")).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn list_that_someone_changed_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::write(&outside, "x").unwrap();
        let site = folder.path().join("site");
        write_site(&site, &files(&["a"])).unwrap();
        fs::write(site.join(LIST), "a\n../outside\n/etc/hostname\n").unwrap();
        write_site(&site, &files(&["a"])).unwrap();
        assert!(outside.exists());
    }
}
