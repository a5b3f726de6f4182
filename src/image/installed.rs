//! What is installed in an image, by the databases that its tree has.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::error::ImageError;
use super::package::{
    Database, DatabaseKind, Manager, Package, PackageError, database_at, read_apk, read_dpkg, read_rpm,
};
use super::path::TreePath;
use super::reading::{Reading, Unfolded};
use crate::diagnostic::chain;

/// The packages of an image.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// All of them, sorted.
    pub packages: Vec<Package>,
    /// The files that they were read from.
    pub databases: Vec<TreePath>,
    /// What could not be read, and why.
    pub notes: Vec<String>,
}

/// Returns whether a file is part of a package database that will be read.
pub(super) fn is_database(path: &TreePath) -> bool {
    let name = path.as_bytes();
    let main = name.strip_suffix(b"-wal").unwrap_or(name);
    database_at(main).is_some_and(|database| is_read(&database))
}

/// The lists of each package's files are thousands of files, and their sums say nothing that the tree does not.
fn is_read(database: &Database) -> bool {
    database.kind != DatabaseKind::DpkgSums
}

impl Reading {
    /// Reads which packages an image has. What cannot be read is a note, not an error.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub fn installed(&self, image: &Unfolded) -> Result<Installed, ImageError> {
        let mut found: Vec<(Database, &TreePath)> = image
            .tree
            .iter()
            .filter_map(|(path, _)| Some((database_at(path.as_bytes())?, path)))
            .filter(|(database, _)| is_read(database))
            .collect();
        found.sort_by_key(|(database, path)| (database.kind.manager(), database.rank, (*path).clone()));
        let mut installed = Installed::default();
        for manager in [Manager::Rpm, Manager::Dpkg, Manager::Apk] {
            let mut of_manager =
                found.iter().filter(|(database, _)| database.kind.manager() == manager).peekable();
            let Some((best, _)) = of_manager.peek() else { continue };
            let rank = best.rank;
            for (database, path) in of_manager.filter(|(database, _)| database.rank == rank) {
                self.read_database(image, database, path, &mut installed)?;
            }
        }
        installed.packages.sort();
        Ok(installed)
    }

    fn read_database(
        &self,
        image: &Unfolded,
        database: &Database,
        path: &TreePath,
        installed: &mut Installed,
    ) -> Result<(), ImageError> {
        if let Some(why) = database.kind.why_not_read() {
            installed.notes.push(format!("`{path}` was not looked at: {why}"));
            return Ok(());
        }
        let log = TreePath::clean(&[path.as_bytes(), b"-wal"].concat()).map(|(log, _)| log).ok();
        let wanted: Vec<&TreePath> = [Some(path), log.as_ref()].into_iter().flatten().collect();
        let files = self.contents(image, &wanted)?;
        let Some(file) = files.get(path) else { return Ok(()) };
        let log = log.and_then(|log| files.get(&log));
        match self.read_packages(database.kind, file, log) {
            Ok(packages) => {
                installed.packages.extend(packages);
                installed.databases.push(path.clone());
            }
            Err(error) => installed.notes.push(format!("`{path}` cannot be read: {}", chain(&error))),
        }
        Ok(())
    }

    fn read_packages(
        &self,
        kind: DatabaseKind,
        file: &Path,
        log: Option<&PathBuf>,
    ) -> Result<Vec<Package>, PackageError> {
        match kind {
            DatabaseKind::RpmSqlite => {
                // SQLite finds the log by its name.
                let Some(log) = log else { return read_rpm(file) };
                let folder = tempfile::tempdir_in(self.cache.temporary())?;
                let copy = folder.path().join("rpmdb.sqlite");
                fs::copy(file, &copy)?;
                fs::copy(log, folder.path().join("rpmdb.sqlite-wal"))?;
                read_rpm(&copy)
            }
            DatabaseKind::ApkInstalled => read_apk(BufReader::new(File::open(file)?)),
            _ => read_dpkg(BufReader::new(File::open(file)?)),
        }
    }
}
